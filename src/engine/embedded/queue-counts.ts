import { type FairnessLimits, FairQueue } from '../../jobs/fairness.js';
import type { QueueState, StoredJob, Tables } from './tables.js';

/** The counts that a commit asks for, held in memory so that none of them needs a query, and the order of owners. */
export class QueueCounts {
  readonly fair: FairQueue;
  readonly #pendingByOwner = new Map<string, number>();
  #pending = 0;
  #running = 0;
  #scheduled = 0;

  constructor(limits: FairnessLimits, tables: Tables) {
    this.fair = new FairQueue(limits);
    for (const { owner, queue, count } of tables.jobs.waiting()) this.#addPending(owner, queue, count);
    for (const { job } of tables.jobs.due('running', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)) {
      this.#addRunning(job.owner, 1);
    }
  }

  get pending(): number {
    return this.#pending;
  }

  get running(): number {
    return this.#running;
  }

  /** Pending jobs whose time has not come. */
  get scheduled(): number {
    return this.#scheduled;
  }

  pendingOf(owner: string): number {
    return this.#pendingByOwner.get(owner) ?? 0;
  }

  move(before: StoredJob | undefined, after: StoredJob | undefined): void {
    // Added first: an owner whose counts fall to zero in between would be forgotten.
    if (after !== undefined) this.#add(after, 1);
    if (before !== undefined) this.#add(before, -1);
  }

  /** A scheduled job of this owner has become ready. */
  promote(owner: string): void {
    this.#addPending(owner, 'ready', 1);
    this.#addPending(owner, 'scheduled', -1);
  }

  #add({ job, queue }: StoredJob, count: number): void {
    if (queue !== undefined) this.#addPending(job.owner, queue, count);
    else if (job.status === 'running') this.#addRunning(job.owner, count);
  }

  #addPending(owner: string, queue: QueueState, count: number): void {
    const pending = this.pendingOf(owner) + count;
    if (pending > 0) this.#pendingByOwner.set(owner, pending);
    else this.#pendingByOwner.delete(owner);
    this.#pending += count;
    if (queue === 'scheduled') this.#scheduled += count;
    else if (queue === 'ready') this.fair.addWaiting(owner, count);
    // A claimed job is about to run: it counts towards the limit of running jobs of its owner.
    else this.fair.addRunning(owner, count);
  }

  #addRunning(owner: string, count: number): void {
    this.#running += count;
    this.fair.addRunning(owner, count);
  }
}
