import { type FairnessLimits, FairQueue, MemoryStandings, type Standings } from '../../jobs/fairness.js';
import type { QueueState, StoredJob, Tables } from './tables.js';
import type { Views } from './views.js';

/** All that the counts remember, as plain values: an engine may keep them as rows. */
export interface Counts {
  pending: number;
  running: number;
  /** Pending jobs whose time has not come. */
  scheduled: number;
  readonly standings: Standings;
  pendingOf(owner: string): number;
  setPendingOf(owner: string, pending: number): void;
}

export class MemoryCounts implements Counts {
  pending = 0;
  running = 0;
  scheduled = 0;
  readonly standings = new MemoryStandings();
  readonly #pendingByOwner = new Map<string, number>();

  pendingOf(owner: string): number {
    return this.#pendingByOwner.get(owner) ?? 0;
  }

  setPendingOf(owner: string, pending: number): void {
    if (pending > 0) this.#pendingByOwner.set(owner, pending);
    else this.#pendingByOwner.delete(owner);
  }
}

/** The counts that a commit asks for, held so that none of them needs a query, and the order of owners. */
export class QueueCounts {
  readonly fair: FairQueue;
  readonly #counts: Counts;

  constructor(limits: FairnessLimits, counts: Counts) {
    this.fair = new FairQueue(limits, counts.standings);
    this.#counts = counts;
  }

  get pending(): number {
    return this.#counts.pending;
  }

  get running(): number {
    return this.#counts.running;
  }

  get scheduled(): number {
    return this.#counts.scheduled;
  }

  pendingOf(owner: string): number {
    return this.#counts.pendingOf(owner);
  }

  move(before: StoredJob | undefined, after: StoredJob | undefined): void {
    // Added first: an owner whose counts fall to zero in between would be forgotten.
    if (after !== undefined) this.#add(after, 1);
    if (before !== undefined) this.#add(before, -1);
  }

  /** A scheduled job of this owner has become ready. */
  promote(owner: string): void {
    this.addPending(owner, 'ready', 1);
    this.addPending(owner, 'scheduled', -1);
  }

  addPending(owner: string, queue: QueueState, count: number): void {
    const counts = this.#counts;
    counts.setPendingOf(owner, counts.pendingOf(owner) + count);
    counts.pending += count;
    if (queue === 'scheduled') counts.scheduled += count;
    else if (queue === 'ready') this.fair.addWaiting(owner, count);
    // A claimed job is about to run: it counts towards the limit of running jobs of its owner.
    else this.fair.addRunning(owner, count);
  }

  addRunning(owner: string, count: number): void {
    this.#counts.running += count;
    this.fair.addRunning(owner, count);
  }

  #add({ job, queue }: StoredJob, count: number): void {
    if (queue !== undefined) this.addPending(job.owner, queue, count);
    else if (job.status === 'running') this.addRunning(job.owner, count);
  }
}

/** Counts what the tables hold. The passes of the owners begin anew. */
export function countedQueue(limits: FairnessLimits, tables: Tables & Views): QueueCounts {
  const counts = new QueueCounts(limits, new MemoryCounts());
  const all = Number.MAX_SAFE_INTEGER;
  for (const { owner, queue, count } of tables.jobs.waiting()) counts.addPending(owner, queue, count);
  for (const { job } of tables.jobs.due('running', all, all)) counts.addRunning(job.owner, 1);
  return counts;
}
