import { signal } from '@preact/signals';
import { isTerminalFact } from '../../src/protocol/fact.js';
import type { JobRecord } from '../../src/protocol/job-record.js';
import type { Feed } from '../sdk/feed.js';
import type { Inkwire } from '../sdk/inkwire.js';
import type { StreamItem } from '../sdk/types.js';
import type { Announcer } from './announcer.js';
import { amount } from './format.js';
import { JobStore } from './job-store.js';

/** Least time between two progress values of a job: more than an eye can follow. */
const progressMs = 150;
/** Milliseconds in which ends of jobs are counted before a screen reader announces them. */
const digestMs = 10_000;

/** The jobs as the stream reports them. The views draw what follows `revision`, at most once in a frame. */
export class LiveJobs {
  readonly store = new JobStore();
  /** Grows when the store has changed. */
  readonly revision = signal(0);
  /** The snapshot has come whole. */
  readonly complete = signal(false);
  /**
   * How far the older jobs of a filter were loaded, by the filter: the cursor of the next page, undefined after the
   * last.
   */
  readonly older = new Map<string, string | undefined>();
  /** Grows when a job of a group has changed. */
  readonly groupRevision = signal(0);
  /** Why the stream has ended for good. */
  readonly failure = signal<unknown>(undefined);
  /** Of the stream, so far: facts, and snapshots that it sent in the place of facts. */
  received: { readonly changes: number; readonly snapshots: number } = { changes: 0, snapshots: 0 };
  readonly #feed: Feed<StreamItem>;
  readonly #announcer: Announcer;
  #frame: number | undefined;
  #groups = false;
  #ended = { completed: 0, failed: 0, cancelled: 0 };
  #digest: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Inkwire, announcer: Announcer) {
    this.#announcer = announcer;
    this.#feed = client.subscribe(['jobs'], { progressMs });
    this.#feed.on('item', (item) => this.#take(item));
    this.#feed.on('error', (error) => {
      this.failure.value = error;
    });
  }

  /** Takes the record in the answer to an action of the user; the same record comes over the stream, maybe later. */
  put(record: JobRecord): void {
    if (this.store.take(record)) this.changed();
  }

  remove(id: string): void {
    this.store.remove(id);
    this.changed();
  }

  changed(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.revision.value++;
      if (this.#groups) this.groupRevision.value++;
      this.#groups = false;
    });
  }

  close(): void {
    this.#feed.close();
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    clearTimeout(this.#digest);
  }

  #take(item: StreamItem): void {
    if (item.type !== 'reset' && item.type !== 'snapshot' && item.type !== 'job.progress')
      this.received = { ...this.received, changes: this.received.changes + 1 };
    switch (item.type) {
      case 'reset':
        this.#forget();
        this.complete.value = false;
        break;
      case 'snapshot':
        if (item.first) {
          this.#forget();
          this.received = { ...this.received, snapshots: this.received.snapshots + 1 };
        }
        for (const record of item.jobs) this.store.take(record);
        if (!item.more) {
          if (item.truncated) this.store.horizon = this.store.rows.at(-1)?.record.created_at;
          this.complete.value = true;
        }
        this.#groups = true;
        break;
      case 'job.progress':
        if (!this.store.takeProgress(item.job, Date.now())) return;
        this.#groups ||= item.job.group !== undefined;
        break;
      case 'group.completed':
        this.#groups = true;
        break;
      case 'job.deleted':
        if (item.job === undefined) return;
        this.store.remove(item.job.job_id);
        this.#groups ||= item.job.group !== undefined;
        break;
      default:
        if (item.job === undefined) return;
        this.store.take(item.job);
        this.#groups ||= item.job.group !== undefined;
        if (isTerminalFact(item.type)) this.#tell(item.job);
    }
    this.changed();
  }

  #forget(): void {
    this.store.clear();
    this.older.clear();
  }

  #tell({ status }: JobRecord): void {
    if (status === 'pending' || status === 'running') return;
    this.#ended[status]++;
    this.#digest ??= setTimeout(() => {
      this.#digest = undefined;
      const { completed, failed, cancelled } = this.#ended;
      this.#ended = { completed: 0, failed: 0, cancelled: 0 };
      const parts = [
        completed > 0 ? `${amount(completed, 'job')} completed` : '',
        failed > 0 ? `${amount(failed, 'job')} failed` : '',
        cancelled > 0 ? `${amount(cancelled, 'job')} cancelled` : '',
      ];
      this.#announcer.say(parts.filter((part) => part !== '').join(', '));
    }, digestMs);
  }
}
