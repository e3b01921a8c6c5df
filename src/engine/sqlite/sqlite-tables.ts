import type { Job } from '../../jobs/job.js';
import type { GroupRecord } from '../../protocol/fact.js';
import type {
  GroupChange,
  IdempotencyEntry,
  JobPage,
  Stage,
  StoredJob,
  Tables,
  Waiting,
} from '../embedded/tables.js';
import type { Fact, FactFilter, GroupFilter, GroupPage, JobInput, Life, ListFilter } from '../engine.js';
import { GroupRows } from './group-rows.js';
import { InputRows } from './input-rows.js';
import { JobRows } from './job-rows.js';
import { LogRows } from './log-rows.js';
import { type Connection, integerOf, type Statement, textOf } from './sql.js';

/** Tables in SQLite. Whoever calls opens and ends the transactions. */
export class SqliteTables implements Tables {
  readonly epoch: string;
  readonly #jobs: JobRows;
  readonly #inputs: InputRows;
  readonly #log: LogRows;
  readonly #groups: GroupRows;
  readonly #idempotencyEntry: Statement;
  readonly #putIdempotency: Statement;
  readonly #forget: Statement;
  readonly #forgetIdempotency: Statement;
  readonly #refer: Statement;
  readonly #release: Statement;
  readonly #referred: Statement;

  constructor(connection: Connection) {
    this.epoch = textOf(connection.prepare(`SELECT value FROM meta WHERE name = 'epoch'`).one()?.[0]);
    this.#jobs = new JobRows(connection);
    this.#inputs = new InputRows(connection);
    this.#log = new LogRows(connection);
    this.#groups = new GroupRows(connection);
    this.#idempotencyEntry = connection.prepare(
      'SELECT fingerprint, job, seq, expires_at FROM idempotency WHERE owner = ? AND key = ?',
    );
    this.#putIdempotency = connection.prepare(
      `INSERT OR REPLACE INTO idempotency (owner, key, fingerprint, job, seq, expires_at)
       VALUES (?, ?, ?, ?, ?, ?)`,
    );
    this.#forget = connection.prepare('DELETE FROM idempotency WHERE owner = ? AND key = ? AND job = ?');
    this.#forgetIdempotency = connection.prepare(
      `DELETE FROM idempotency WHERE (owner, key) IN
       (SELECT owner, key FROM idempotency WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
    );
    this.#refer = connection.prepare('INSERT OR IGNORE INTO blob_references (name, job) VALUES (?, ?)');
    this.#release = connection.prepare('DELETE FROM blob_references WHERE name = ? AND job = ?');
    this.#referred = connection.prepare('SELECT 1 FROM blob_references WHERE name = ? LIMIT 1');
  }

  get last(): number {
    return this.#log.last;
  }

  get trimmedTo(): number {
    return this.#log.trimmedTo;
  }

  get lives(): readonly Life[] {
    return this.#log.lives;
  }

  reload(): void {
    this.#log.reload();
  }

  addJob(stored: StoredJob, input: JobInput, idempotencyKey: string | undefined): void {
    this.#jobs.add(stored, idempotencyKey);
    this.#inputs.add(stored.job.id, input);
  }

  job(id: string): StoredJob | undefined {
    return this.#jobs.get(id);
  }

  input(id: string): JobInput | undefined {
    return this.#inputs.get(id);
  }

  setJob(before: Job, after: StoredJob): void {
    if (!this.#jobs.set(before, after)) throw new Error(`${before.id} is not at revision ${before.rev}`);
  }

  removeJob(job: Job): void {
    this.#inputs.remove(job.id);
    const key = this.#jobs.remove(job.id);
    if (key !== undefined) this.#forget.run(job.owner, key, job.id);
  }

  firstReady(owner: string): StoredJob | undefined {
    return this.#jobs.firstReady(owner);
  }

  promoteDue(now: number, limit: number): readonly string[] {
    return this.#jobs.promoteDue(now, limit);
  }

  nextReadyAt(): number | undefined {
    return this.#jobs.nextReadyAt();
  }

  due(stage: Stage, by: number, limit: number): readonly StoredJob[] {
    return this.#jobs.due(stage, by, limit);
  }

  waiting(): readonly Waiting[] {
    return this.#jobs.waiting();
  }

  oldestPendingAt(): number | undefined {
    return this.#jobs.oldestPendingAt();
  }

  list(filter: ListFilter): JobPage {
    return this.#jobs.list(filter);
  }

  changeGroup(owner: string, group: string, change: GroupChange): GroupRecord {
    return this.#groups.change(owner, group, change);
  }

  group(owner: string, group: string): GroupRecord | undefined {
    return this.#groups.get(owner, group);
  }

  groups(filter: GroupFilter): GroupPage {
    return this.#groups.list(filter);
  }

  idempotencyEntry(owner: string, key: string): IdempotencyEntry | undefined {
    const row = this.#idempotencyEntry.one(owner, key);
    if (row === undefined) return undefined;
    const [fingerprint, job, seq, expiresAt] = row;
    return {
      fingerprint: textOf(fingerprint),
      jobId: textOf(job),
      seq: integerOf(seq),
      expiresAt: integerOf(expiresAt),
    };
  }

  putIdempotency(owner: string, key: string, { fingerprint, jobId, seq, expiresAt }: IdempotencyEntry): void {
    this.#putIdempotency.run(owner, key, fingerprint, jobId, seq, expiresAt);
  }

  forgetIdempotency(expiredBy: number, limit: number): number {
    return this.#forgetIdempotency.run(expiredBy, limit);
  }

  refer(blob: string, jobId: string): void {
    this.#refer.run(blob, jobId);
  }

  release(blob: string, jobId: string): void {
    this.#release.run(blob, jobId);
  }

  referred(blob: string): boolean {
    return this.#referred.one(blob) !== undefined;
  }

  append(fact: Omit<Fact, 'seq'>): Fact {
    return this.#log.append(fact);
  }

  everyFact(after: number, limit: number): { readonly facts: readonly Fact[]; readonly reached: number } {
    return this.#log.every(after, limit);
  }

  facts(filter: FactFilter): { readonly facts: readonly Fact[]; readonly reached: number } {
    return this.#log.read(filter);
  }

  olderFacts(before: number, limit: number): number {
    return this.#log.older(before, limit);
  }

  trim(to: number): void {
    this.#log.trim(to);
  }

  setLives(lives: readonly Life[]): void {
    this.#log.setLives(lives);
  }
}
