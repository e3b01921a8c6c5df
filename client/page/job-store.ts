import { isTerminal, type JobRecord, type JobStatus } from '../../src/protocol/job-record.js';
import { type JobFilter, type RowTest, testOf } from './job-filter.js';
import { JobRow, RowList } from './job-row.js';
import { nextPace } from './pace.js';

export type StatusCounts = Readonly<Record<JobStatus, number>>;

/** Rows that the list keeps while jobs come in: past it the oldest that have ended leave it. */
const keptRows = 20_000;
/** Rows including the older ones that the user has loaded. */
export const maxRows = 50_000;

/** Part of the jobs, in order, kept up to date by the store that it belongs to. */
export class JobView {
  #matching = new RowList();
  #shown = new RowList();
  readonly #store: JobStore;
  #filter: JobFilter = {};
  #test: RowTest = () => true;

  constructor(store: JobStore, filter: JobFilter) {
    this.#store = store;
    this.filter = filter;
  }

  get rows(): readonly JobRow[] {
    return this.#filter.status === undefined ? this.#matching.rows : this.#shown.rows;
  }

  get filter(): JobFilter {
    return this.#filter;
  }

  set filter(filter: JobFilter) {
    this.#filter = filter;
    this.#test = testOf(filter);
    this.#matching = new RowList(filter.order);
    this.#shown = new RowList(filter.order);
    const rows = this.#store.rows.filter(this.#test);
    this.#matching.reset(filter.order === undefined ? rows : rows.reverse());
    this.#shown.reset(this.#matching.rows.filter((row) => row.status === filter.status));
  }

  /** By status, of everything that the rest of the filter lets through. */
  counts(): StatusCounts {
    const counts = { pending: 0, running: 0, completed: 0, failed: 0, cancelled: 0 };
    for (const row of this.#matching.rows) counts[row.status]++;
    return counts;
  }

  /** Where a row is; -1 when it is not shown. */
  indexOf(row: JobRow): number {
    const list = this.#filter.status === undefined ? this.#matching : this.#shown;
    const place = list.placeOf(row);
    return list.rows[place] === row ? place : -1;
  }

  /** Where a row is, or was until it left. */
  placeOf(row: JobRow): number {
    return (this.#filter.status === undefined ? this.#matching : this.#shown).placeOf(row);
  }

  /** A row came, or its record is another one. For the store. */
  take(row: JobRow): void {
    if (!this.#test(row)) {
      this.drop(row);
      return;
    }
    this.#matching.add(row);
    if (this.#filter.status === row.status) this.#shown.add(row);
    else this.#shown.delete(row);
  }

  drop(row: JobRow): void {
    this.#matching.delete(row);
    this.#shown.delete(row);
  }

  clear(): void {
    this.#matching.reset([]);
    this.#shown.reset([]);
  }

  close(): void {
    this.#store.forget(this);
  }
}

/** The jobs that the page knows, newest first. Taking a record costs the same however many there are. */
export class JobStore {
  readonly #byId = new Map<string, JobRow>();
  readonly #list = new RowList();
  readonly #views = new Set<JobView>();
  readonly #kinds = new Map<string, number>();
  readonly #groups = new Map<string, number>();
  #kept = keptRows;
  /** Every job that was created after this time is here; older ones may be missing. Undefined: no job is missing. */
  horizon: string | undefined;

  get rows(): readonly JobRow[] {
    return this.#list.rows;
  }

  /** Names in use, with how many jobs have them. */
  get kinds(): ReadonlyMap<string, number> {
    return this.#kinds;
  }

  get groups(): ReadonlyMap<string, number> {
    return this.#groups;
  }

  get(id: string): JobRow | undefined {
    return this.#byId.get(id);
  }

  open(filter: JobFilter): JobView {
    const view = new JobView(this, filter);
    this.#views.add(view);
    return view;
  }

  forget(view: JobView): void {
    this.#views.delete(view);
  }

  /** A record of a fact, a snapshot or an answer. False when a newer one is here. */
  take(record: JobRecord): boolean {
    const row = this.#byId.get(record.job_id);
    if (row === undefined) {
      this.#insert(new JobRow(record));
      return true;
    }
    const { rev, attempt, progress = 0 } = row.record;
    if (record.rev < rev) return false;
    // An answer may have been written before the progress that came meanwhile.
    if (record.rev === rev && record.attempt === attempt && (record.progress ?? 0) < progress) return false;
    this.#update(row, record);
    return true;
  }

  /**
   * Takes a progress value (P-3). Dropped when it is of an earlier revision or attempt than the record here.
   * @param now milliseconds since 1970
   */
  takeProgress(record: JobRecord, now: number): boolean {
    const row = this.#byId.get(record.job_id);
    if (row !== undefined && (record.rev < row.record.rev || record.attempt < row.record.attempt))
      return false;
    if (!this.take(record)) return false;
    const at = this.#byId.get(record.job_id);
    if (at !== undefined && record.status === 'running') {
      const startedAt = Date.parse(record.started_at ?? '');
      at.pace = nextPace(at.pace, {
        attempt: record.attempt,
        progress: record.progress ?? 0,
        at: now,
        ...(Number.isNaN(startedAt) ? {} : { startedAt }),
      });
    }
    return true;
  }

  /** Takes records that the user asked for, older than those here: they stay. */
  takeOlder(records: readonly JobRecord[]): void {
    this.#kept = Math.min(maxRows, Math.max(this.#kept, this.#list.rows.length + records.length));
    for (const record of records) this.take(record);
  }

  remove(id: string): void {
    const row = this.#byId.get(id);
    if (row === undefined) return;
    this.#byId.delete(id);
    this.#list.delete(row);
    count(this.#kinds, row.record.kind, -1);
    count(this.#groups, row.record.group, -1);
    for (const view of this.#views) view.drop(row);
  }

  clear(): void {
    this.#byId.clear();
    this.#list.reset([]);
    this.#kinds.clear();
    this.#groups.clear();
    this.#kept = keptRows;
    this.horizon = undefined;
    for (const view of this.#views) view.clear();
  }

  #insert(row: JobRow): void {
    this.#byId.set(row.record.job_id, row);
    this.#list.add(row);
    count(this.#kinds, row.record.kind, 1);
    count(this.#groups, row.record.group, 1);
    for (const view of this.#views) view.take(row);
    if (this.#byId.size > this.#kept) this.#shorten();
  }

  #update(row: JobRow, record: JobRecord): void {
    row.update(record);
    if (record.status !== 'running' || row.pace?.attempt !== record.attempt) row.pace = undefined;
    for (const view of this.#views) view.take(row);
  }

  /** Drops the oldest ended job. A job that still runs stays, unless there are more than `maxRows`. */
  #shorten(): void {
    const { rows } = this.#list;
    for (let index = rows.length - 1; index >= 0; index--) {
      const record = rows[index]?.record;
      if (record !== undefined && (isTerminal(record.status) || this.#byId.size > maxRows)) {
        this.remove(record.job_id);
        if (this.horizon === undefined || this.horizon < record.created_at) this.horizon = record.created_at;
        return;
      }
    }
  }
}

function count(counts: Map<string, number>, name: string | undefined, by: number): void {
  if (name === undefined) return;
  const next = (counts.get(name) ?? 0) + by;
  if (next > 0) counts.set(name, next);
  else counts.delete(name);
}
