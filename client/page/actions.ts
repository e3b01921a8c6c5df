import { signal } from '@preact/signals';
import type { JobRecord } from '../../src/protocol/job-record.js';
import { InkwireError } from '../sdk/error.js';
import type { JobRequest, ListOptions, SubmittedJob } from '../sdk/types.js';
import { amount } from './format.js';
import { hrefOf } from './routes.js';
import { type OpenSession, reasonOf, type Session } from './session.js';

export interface Notice {
  readonly id: number;
  readonly tone: 'done' | 'failed';
  readonly text: string;
  /** Job that it is about. */
  readonly jobId?: string;
}

const noticeMs = 6_000;
const maxNotices = 4;
/** Between two looks at what the server does with many jobs. */
const bulkLookMs = 700;

export type Command = 'cancel' | 'retry' | 'delete';

/** Jobs by their ids, or what the server's listing finds by these parameters. */
export type BulkChoice = { readonly jobs: readonly string[] } | { readonly filter: ListOptions };

/** What the server does with many jobs. */
export interface Bulk {
  readonly bulk_id: string;
  readonly action: Command;
  readonly state: 'running' | 'ended' | 'stopped' | 'failed';
  readonly done: number;
  readonly refused: number;
  readonly refusals: readonly { readonly job_id: string; readonly reason: string }[];
  /** The parameters of the filter, or how many were named. */
  readonly chosen: Readonly<Record<string, string>> | number;
  readonly created_at: string;
  readonly ended_at?: string;
  readonly error?: string;
}

/** The actions of the user on jobs. Each refusal is shown as a notice; only `submit` rejects. */
export class Actions {
  readonly notices = signal<readonly Notice[]>([]);
  /** Jobs with a request under way. */
  readonly busy = signal<ReadonlySet<string>>(new Set());
  /** Of a bulk action that is under way. */
  readonly bulk = signal<Bulk | undefined>(undefined);
  /** The last ones, the newest first, as far as they were looked at. */
  readonly bulks = signal<readonly Bulk[]>([]);
  readonly #session: Session;
  #count = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  /** @param request from an editor: the server says what is wrong with it */
  submit(open: OpenSession, request: unknown): Promise<SubmittedJob> {
    return open.client.submit(request as JobRequest, { strict: true }).then((job) => {
      open.jobs.put(job);
      return job;
    });
  }

  async cancel(open: OpenSession, id: string): Promise<void> {
    await this.#during(id, async () => {
      open.jobs.put(await open.client.cancel(id));
    });
  }

  /** Opens the new job when that went well. */
  async retry(open: OpenSession, id: string, show: boolean): Promise<void> {
    await this.#during(id, async () => {
      const job = await open.client.retry(id);
      open.jobs.put(job);
      if (show) location.hash = hrefOf({ view: 'job', id: job.job_id });
      this.notify({ tone: 'done', text: 'Submitted again as a new job.', jobId: job.job_id });
    });
  }

  async delete(open: OpenSession, id: string): Promise<boolean> {
    return this.#during(id, async () => {
      await open.client.remove(id);
      open.jobs.remove(id);
      this.notify({ tone: 'done', text: 'The job and its result were deleted.' });
    });
  }

  async signOut(): Promise<void> {
    try {
      await this.#session.signOut();
    } catch (error) {
      this.notify({ tone: 'failed', text: `You are still signed in: ${reasonOf(error)}` });
    }
  }

  /** @param reason empty: none is given */
  async pauseQueue(reason: string): Promise<void> {
    await this.#turnQueue('pause', reason.trim());
  }

  async resumeQueue(): Promise<void> {
    await this.#turnQueue('resume');
  }

  async #turnQueue(turn: 'pause' | 'resume', reason?: string): Promise<void> {
    try {
      await this.#session.turnQueue(turn, reason);
      const text = turn === 'pause' ? 'The queue is paused.' : 'Jobs are started again.';
      this.notify({ tone: 'done', text });
    } catch (error) {
      this.#session.refuse(error);
      this.notify({ tone: 'failed', text: reasonOf(error) });
    }
  }

  /** The same for many jobs, by the server: it goes on when this page is closed, and another tab finds it. */
  async all(open: OpenSession, command: Command, choice: BulkChoice): Promise<void> {
    try {
      const call = 'jobs' in choice ? { body: { jobs: choice.jobs } } : { query: { ...choice.filter } };
      await this.#follow(open, await open.http.json<Bulk>('POST', `/api/v1/bulk/${command}`, call));
    } catch (error) {
      this.#session.refuse(error);
      this.notify({ tone: 'failed', text: reasonOf(error) });
    }
  }

  /** Looks whether the server does something with many jobs already, as after a reload. */
  async findBulk(open: OpenSession): Promise<void> {
    if (this.bulk.value !== undefined) return;
    try {
      const { bulk } = await open.http.json<{ readonly bulk: readonly Bulk[] }>('GET', '/api/v1/bulk');
      this.bulks.value = bulk;
      const [newest] = bulk;
      if (newest?.state === 'running' && this.bulk.value === undefined) await this.#follow(open, newest);
    } catch (error) {
      this.#session.refuse(error);
    }
  }

  async stopBulk(open: OpenSession): Promise<void> {
    const { bulk } = this;
    if (bulk.value === undefined) return;
    await open.http
      .json('POST', `/api/v1/bulk/${bulk.value.bulk_id}/stop`, { retry: true })
      .catch((error: unknown) => this.notify({ tone: 'failed', text: reasonOf(error) }));
  }

  async #follow(open: OpenSession, begun: Bulk): Promise<void> {
    let bulk = begun;
    try {
      while (bulk.state === 'running') {
        this.bulk.value = bulk;
        await new Promise((resolve) => setTimeout(resolve, bulkLookMs));
        bulk = await open.http.json<Bulk>('GET', `/api/v1/bulk/${bulk.bulk_id}`);
      }
    } finally {
      this.bulk.value = undefined;
    }
    const last = bulk;
    this.bulks.value = [last, ...this.bulks.value.filter(({ bulk_id }) => bulk_id !== last.bulk_id)];
    const { action, state, done, refused, refusals, error } = bulk;
    const words = { cancel: 'cancelled', retry: 'submitted again', delete: 'deleted' }[action];
    const rest = [
      refused > 0 ? `${amount(refused, 'job')} would not: ${refusals[0]?.reason ?? ''}` : '',
      state === 'stopped' ? 'Then it was stopped.' : '',
      error ?? '',
    ];
    const text = [`${amount(done, 'job')} ${words}.`, ...rest].filter((part) => part !== '').join(' ');
    this.notify({ tone: refused > 0 || state === 'failed' ? 'failed' : 'done', text });
  }

  /** Saves a result, checked against its digest, under the name that the server gives. */
  async download(open: OpenSession, record: JobRecord, artifact?: string): Promise<void> {
    await this.#during(record.job_id, async () => {
      const file = await open.client.download(record.job_id, artifact === undefined ? {} : { artifact });
      // The browser keeps a large one on the disk, where one array of bytes would be in memory.
      const blob = await new Response(file.stream, { headers: { 'content-type': file.contentType } }).blob();
      save(blob, file.name);
    });
  }

  notify(notice: Omit<Notice, 'id'>): void {
    const id = ++this.#count;
    this.notices.value = [...this.notices.value, { ...notice, id }].slice(-maxNotices);
    setTimeout(() => this.dismiss(id), notice.tone === 'failed' ? noticeMs * 2 : noticeMs);
  }

  dismiss(id: number): void {
    this.notices.value = this.notices.value.filter((notice) => notice.id !== id);
  }

  async #during(id: string, work: () => Promise<void>): Promise<boolean> {
    if (this.busy.value.has(id)) return false;
    this.busy.value = new Set([...this.busy.value, id]);
    try {
      await work();
      return true;
    } catch (error) {
      this.#session.refuse(error);
      // No answer of the server, but maybe a part of the page that is gone.
      if (!(error instanceof InkwireError)) void this.#session.compare();
      this.notify({ tone: 'failed', text: reasonOf(error), jobId: id });
      return false;
    } finally {
      this.busy.value = new Set([...this.busy.value].filter((other) => other !== id));
    }
  }
}

/** Hands a file to the browser's downloads. */
export function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // Not at once: the browser reads the address after the click has returned.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
