import type { JobRecord, JobStatus } from '../../src/protocol/job-record.js';
import { wordsOf } from '../../src/protocol/search.js';
import type { Pace } from './pace.js';

/** One job of the list: the newest record that came, and what the page keeps beside it. */
export class JobRow {
  record: JobRecord;
  /** Of the attempt that runs. */
  pace: Pace | undefined;
  #words: string | undefined;

  constructor(record: JobRecord) {
    this.record = record;
  }

  get status(): JobStatus {
    return this.record.status;
  }

  /** What a search looks into: words without case and accents. */
  get words(): string {
    this.#words ??= this.#texts().flatMap(wordsOf).join(' ');
    return this.#words;
  }

  #texts(): readonly string[] {
    const { title = '', reference = '', file_name = '', tags = [], metadata = {}, owner = '' } = this.record;
    const { job_id, kind, group = '', status, error = '', error_code = '' } = this.record;
    const given = [title, reference, file_name, ...tags, ...Object.values(metadata)];
    return [...given, owner, job_id, kind, group, status, error, error_code];
  }

  update(record: JobRecord): void {
    const { status, error } = this.record;
    if (status !== record.status || error !== record.error) this.#words = undefined;
    this.record = record;
  }
}

/** Newest first; jobs of the same instant by id. The place of a job never changes. */
function compareRows(a: JobRow, b: JobRow): number {
  const [x, y] = [a.record, b.record];
  if (x.created_at !== y.created_at) return x.created_at > y.created_at ? -1 : 1;
  if (x.job_id === y.job_id) return 0;
  return x.job_id > y.job_id ? -1 : 1;
}

/** Rows in order, the newest first or last. One comes or goes without looking at all the others. */
export class RowList {
  readonly rows: JobRow[] = [];
  readonly #compare: (a: JobRow, b: JobRow) => number;

  constructor(order?: 'oldest') {
    this.#compare = order === undefined ? compareRows : (a, b) => compareRows(b, a);
  }

  /** Where the row is, or would be. */
  placeOf(row: JobRow): number {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.rows[middle];
      if (other !== undefined && this.#compare(other, row) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  has(row: JobRow): boolean {
    return this.rows[this.placeOf(row)] === row;
  }

  add(row: JobRow): void {
    const last = this.rows.at(-1);
    // A snapshot comes newest first: each of its rows is the last one.
    if (last === undefined || this.#compare(last, row) < 0) {
      this.rows.push(row);
      return;
    }
    const place = this.placeOf(row);
    if (this.rows[place] !== row) this.rows.splice(place, 0, row);
  }

  delete(row: JobRow): void {
    const place = this.placeOf(row);
    if (this.rows[place] === row) this.rows.splice(place, 1);
  }

  /** Takes rows that are in order already. */
  reset(rows: readonly JobRow[]): void {
    this.rows.length = 0;
    for (const row of rows) this.rows.push(row);
  }
}
