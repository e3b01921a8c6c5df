import { type Job, timeOfJobId } from '../../jobs/job.js';
import { jobStatuses } from '../../protocol/job-record.js';
import { everyOwner } from '../../protocol/names.js';
import { isSearch } from '../embedded/list-pages.js';
import {
  type JobTable,
  type QueueState,
  queueStates,
  type Stage,
  type StoredJob,
  stageDueOf,
  stages,
} from '../embedded/tables.js';
import type { JobViews, QueueLength } from '../embedded/views.js';
import type { JobPage, ListFilter } from '../listing.js';
import { EveryOwnerListing } from './every-owner-listing.js';
import { JobListing } from './job-listing.js';
import { JobSearch } from './job-search.js';
import { jobOfText } from './job-walk.js';
import { SearchIndex } from './search-index.js';
import { type Connection, integerOf, type Row, type Statement, textOf } from './sql.js';

/** The jobs: the whole value as JSON, and beside it the columns that queries look for. */
export class JobRows implements JobTable, JobViews {
  readonly #add: Statement;
  readonly #job: Statement;
  readonly #set: Statement;
  readonly #remove: Statement;
  readonly #firstReady: Statement;
  readonly #scheduled: Statement;
  readonly #makeReady: Statement;
  readonly #nextReadyAt: Statement;
  readonly #due: Statement;
  readonly #waiting: Statement;
  readonly #oldestPending: Statement;
  readonly #listing: JobListing;
  readonly #ofAll: EveryOwnerListing;
  readonly #index: SearchIndex;
  readonly #search: JobSearch;

  constructor(connection: Connection) {
    this.#add = connection.prepare(
      `INSERT INTO jobs (id, owner, kind, grp, priority, status, stage, due, ready, ready_at, rev, idempotency_key, job)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#job = connection.prepare('SELECT job, ready FROM jobs WHERE id = ?');
    this.#set = connection.prepare(
      `UPDATE jobs SET status = ?, stage = ?, due = ?, ready = ?, ready_at = ?, rev = ?, job = ?
       WHERE id = ? AND rev = ?`,
    );
    this.#remove = connection.prepare('DELETE FROM jobs WHERE id = ? RETURNING idempotency_key, job');
    this.#firstReady = connection.prepare(
      `SELECT job, ready FROM jobs INDEXED BY jobs_pending WHERE status = 0 AND owner = ? AND ready = 1
       ORDER BY priority DESC, id LIMIT 1`,
    );
    this.#scheduled = connection.prepare(
      `SELECT id, owner FROM jobs INDEXED BY jobs_later WHERE status = 0 AND ready = 0 AND ready_at <= ?
       ORDER BY ready_at, id LIMIT ?`,
    );
    this.#makeReady = connection.prepare('UPDATE jobs SET ready = 1 WHERE id = ? AND status = 0');
    this.#nextReadyAt = connection.prepare(
      `SELECT ready_at FROM jobs INDEXED BY jobs_later WHERE status = 0 AND ready = 0 ORDER BY ready_at LIMIT 1`,
    );
    this.#due = connection.prepare(
      'SELECT job, ready FROM jobs INDEXED BY jobs_due WHERE stage = ? AND due <= ? ORDER BY due, id LIMIT ?',
    );
    this.#waiting = connection.prepare(
      `SELECT owner, ready, count(*) FROM jobs INDEXED BY jobs_pending WHERE status = 0 GROUP BY owner, ready`,
    );
    this.#oldestPending = connection.prepare(
      `SELECT min(id) FROM jobs INDEXED BY jobs_pending WHERE status = 0`,
    );
    this.#listing = new JobListing(connection);
    this.#ofAll = new EveryOwnerListing(connection);
    this.#index = new SearchIndex(connection);
    this.#search = new JobSearch(connection, this.#index);
  }

  reload(): void {
    this.#index.reload();
  }

  /** Brings the search index up to date. Within a transaction. */
  flushIndex(): void {
    this.#index.flush();
  }

  add({ job, queue }: StoredJob, idempotencyKey: string | undefined): void {
    const { stage, due } = stageDueOf(job);
    this.#add.run(
      job.id,
      job.owner,
      job.kind,
      job.group ?? null,
      job.priority,
      jobStatuses.indexOf(job.status),
      stages.indexOf(stage),
      due,
      codeOf(queue),
      job.readyAt,
      job.rev,
      idempotencyKey ?? null,
      JSON.stringify(job),
    );
    this.#index.add(job);
  }

  get(id: string): StoredJob | undefined {
    const row = this.#job.one(id);
    return row && storedOf(row);
  }

  set(before: Job, { job, queue }: StoredJob): void {
    const { stage, due } = stageDueOf(job);
    const changes = this.#set.run(
      jobStatuses.indexOf(job.status),
      stages.indexOf(stage),
      due,
      codeOf(queue),
      job.readyAt,
      job.rev,
      JSON.stringify(job),
      job.id,
      before.rev,
    );
    if (changes !== 1) throw new Error(`${before.id} is not at revision ${before.rev}`);
  }

  remove(id: string): string | undefined {
    const [key, text] = this.#remove.all(id)[0] ?? [];
    if (text !== undefined) this.#index.remove(jobOfText(textOf(text)));
    return typeof key === 'string' ? key : undefined;
  }

  firstReady(owner: string): StoredJob | undefined {
    const row = this.#firstReady.one(owner);
    return row && storedOf(row);
  }

  promoteDue(now: number, limit: number): readonly string[] {
    return this.#scheduled.all(now, limit).map(([id, owner]) => {
      this.#makeReady.run(textOf(id));
      return textOf(owner);
    });
  }

  nextReadyAt(): number | undefined {
    const row = this.#nextReadyAt.one();
    return row && integerOf(row[0]);
  }

  due(stage: Stage, by: number, limit: number): readonly StoredJob[] {
    return this.#due.all(stages.indexOf(stage), by, limit).map(storedOf);
  }

  waiting(): readonly QueueLength[] {
    return this.#waiting.all().map(([owner, code, count]) => ({
      owner: textOf(owner),
      queue: queueOf(code),
      count: integerOf(count),
    }));
  }

  oldestPendingAt(): number | undefined {
    const [id] = this.#oldestPending.one() ?? [];
    return typeof id === 'string' ? timeOfJobId(id) : undefined;
  }

  list(filter: ListFilter): JobPage {
    if (filter.owner === everyOwner) return this.#ofAll.page(filter);
    return isSearch(filter) ? this.#search.page(filter) : this.#listing.page(filter);
  }
}

function storedOf([text, code]: Row): StoredJob {
  const job = jobOfText(textOf(text));
  return { job, queue: job.status === 'pending' ? queueOf(code) : undefined };
}

/** The column `ready`: 0 also for jobs that are not pending. */
function codeOf(queue: QueueState | undefined): number {
  return queue === undefined ? 0 : queueStates.indexOf(queue);
}

function queueOf(code: Row[number]): QueueState {
  const queue = queueStates[integerOf(code)];
  if (queue === undefined) throw new Error(`The jobs hold an unknown queue state: ${String(code)}`);
  return queue;
}
