import { type FairQueue, isBefore, type Standing, type Standings } from '../../jobs/fairness.js';
import type { Job } from '../../jobs/job.js';
import type { Counts } from '../embedded/queue-counts.js';
import { type JobTable, type Stage, type StoredJob, stages } from '../embedded/tables.js';
import { inRanges, jobRows } from './job-loads.js';
import { type JobRow, type OwnerRow, ownerShape } from './job-shapes.js';
import type { Head, Known } from './known.js';
import { Rows } from './rows.js';

/** Ids of jobs that stand for those that are still to be read. */
const placeholderStart = 'job_?';

export function isPlaceholder(id: string): boolean {
  return id.startsWith(placeholderStart);
}

/** Jobs as a batch sees them. */
export class WorkingJobs implements JobTable {
  readonly rows: Rows<JobRow>;
  /** What each owner was asked for last. */
  readonly #offered = new Map<string, JobRow>();
  /** How many stand-ins each owner has been given. */
  readonly #placeholders = new Map<string, number>();

  constructor(known: Known) {
    this.rows = jobRows(known);
  }

  /** The rows of an undone batch are dropped. */
  reload(): void {}

  add({ job, queue }: StoredJob, key: string | undefined): void {
    if (this.rows.isAtHand(job.id)) throw new Error(`There is a job ${job.id} already`);
    this.rows.put({ job, queue, key });
  }

  get(id: string): StoredJob | undefined {
    return this.rows.get(id);
  }

  set(before: Job, { job, queue }: StoredJob): void {
    const current = this.rows.get(before.id);
    if (current?.job.rev !== before.rev) throw new Error(`${before.id} is not at revision ${before.rev}`);
    this.rows.put({ job, queue, key: current.key });
  }

  remove(id: string): string | undefined {
    const current = this.rows.get(id);
    this.rows.remove(id);
    return current?.key;
  }

  firstReady(owner: string): StoredJob | undefined {
    const given = this.#placeholders.get(owner) ?? 0;
    const found = this.rows.range(inRanges.ready, [owner], given + 1);
    // The run goes on with a stand-in, so that it notes everything else that is missing, too.
    const first = found === undefined ? this.#placeholder(owner, given) : found[0];
    if (first !== undefined) this.#offered.set(owner, first);
    return first;
  }

  /** Whether the job that an owner was asked for last was left: its time has not come by the clock of who claims. */
  isPassedOver(owner: string): boolean {
    const offered = this.#offered.get(owner);
    return offered !== undefined && this.rows.get(offered.job.id) === offered;
  }

  promoteDue(now: number, limit: number): readonly string[] {
    const due = this.rows.range(inRanges.scheduled, [], limit, now) ?? [];
    for (const row of due) this.rows.put({ ...row, queue: 'ready' });
    return due.map(({ job }) => job.owner);
  }

  due(stage: Stage, by: number, limit: number): readonly StoredJob[] {
    return this.rows.range(inRanges.due, [stages.indexOf(stage)], limit, by) ?? [];
  }

  #placeholder(owner: string, given: number): JobRow {
    this.#placeholders.set(owner, given + 1);
    const job: Job = {
      id: `${placeholderStart}${owner}-${given}`,
      owner,
      kind: '',
      priority: 0,
      status: 'pending',
      rev: 1,
      attempt: 0,
      failures: 0,
      maxAttempts: 1,
      createdAt: 0,
      readyAt: 0,
      waitDeadline: 0,
      runTimeoutMs: 0,
      resultTtlMs: 0,
    };
    const row = { job, queue: 'ready', key: undefined } as const;
    this.rows.put(row);
    return row;
  }
}

/** The counts of the queue and the order of owners, over the rows that a batch has read. */
export class WorkingQueue implements Counts, Standings {
  readonly rows: Rows<OwnerRow>;
  /** Owners in turn that have to be read, 0 for none. */
  wantedTurns = 0;
  pending: number;
  running: number;
  scheduled: number;
  pass: number;
  came: number;
  readonly #known: Known;
  readonly #jobs: WorkingJobs;
  readonly #fair: () => FairQueue;

  /** @param fair the queue that goes by these standings, for its limits */
  constructor(known: Known, jobs: WorkingJobs, fair: () => FairQueue) {
    this.rows = new Rows(ownerShape, known.owners);
    this.#known = known;
    this.#jobs = jobs;
    this.#fair = fair;
    const { head } = known;
    this.pending = head.pending;
    this.running = head.running;
    this.scheduled = head.scheduled;
    this.pass = head.pass;
    this.came = head.came;
  }

  get standings(): Standings {
    return this;
  }

  get maxRunning(): number {
    return this.#fair().limits.maxRunningPerOwner;
  }

  counts(): Pick<Head, 'pending' | 'running' | 'scheduled' | 'pass' | 'came'> {
    const { pending, running, scheduled, pass, came } = this;
    return { pending, running, scheduled, pass, came };
  }

  pendingOf(owner: string): number {
    return this.#row(owner).pending;
  }

  setPendingOf(owner: string, pending: number): void {
    this.#put({ ...this.#row(owner), pending });
  }

  get(owner: string): Standing | undefined {
    return standingOf(this.#row(owner));
  }

  set(owner: string, { waiting, running, pass, came }: Standing): void {
    this.#put({ ...this.#row(owner), ready: waiting, running, turn: { pass, came } });
  }

  delete(owner: string): void {
    this.#put({ ...this.#row(owner), ready: 0, running: 0, turn: undefined });
  }

  /** Sees to it that nobody who is not at hand would come first. */
  *[Symbol.iterator](): IterableIterator<readonly [owner: string, standing: Standing]> {
    const { maxRunning } = this;
    const known = this.#known.turns;
    const turns = known?.maxRunning === maxRunning ? known : undefined;
    let isCovered = turns !== undefined && turns.end === undefined;
    for (const row of this.rows.atHand()) {
      const standing = standingOf(row);
      if (standing === undefined) continue;
      if (turns?.end !== undefined && standing.waiting > 0 && standing.running < maxRunning) {
        const isAfter = isBefore({ ...standing, ...turns.end }, standing);
        isCovered ||= !isAfter && !this.#jobs.isPassedOver(row.owner);
      }
      yield [row.owner, standing];
    }
    if (!isCovered) this.wantedTurns = Math.max(this.wantedTurns, 1, (turns?.limit ?? 0) * 4);
  }

  #row(owner: string): OwnerRow {
    return this.rows.get(owner) ?? { owner, pending: 0, ready: 0, running: 0, turn: undefined };
  }

  #put(row: OwnerRow): void {
    if (row.pending <= 0 && row.turn === undefined) this.rows.remove(row.owner);
    else this.rows.put(row);
  }
}

function standingOf({ ready, running, turn }: OwnerRow): Standing | undefined {
  return turn && { waiting: ready, running, ...turn };
}
