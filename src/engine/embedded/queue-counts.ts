import { type FairnessLimits, FairQueue } from '../../jobs/fairness.js';
import type { JobStatus } from '../../protocol/job-record.js';
import type { Tables } from './tables.js';

/** What counts of a job: who owns it and whether it waits, is ready, or runs. */
export interface QueueState {
  readonly owner: string;
  readonly status: JobStatus;
  readonly ready: boolean;
}

/** The counts that a commit asks for, held in memory so that none of them needs a query, and the order of owners. */
export class QueueCounts {
  readonly fair: FairQueue;
  readonly #pendingByOwner = new Map<string, number>();
  #pending = 0;
  #running = 0;
  #scheduled = 0;

  constructor(limits: FairnessLimits, tables: Tables) {
    this.fair = new FairQueue(limits);
    for (const { owner, ready, count } of tables.waiting()) {
      this.#add({ owner, status: 'pending', ready }, count);
    }
    for (const { job, ready } of tables.due('running', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)) {
      this.#add({ owner: job.owner, status: job.status, ready }, 1);
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

  move(before: QueueState | undefined, after: QueueState | undefined): void {
    // In this order the owner is not forgotten in between.
    if (after !== undefined) this.#add(after, 1);
    if (before !== undefined) this.#add(before, -1);
  }

  #add({ owner, status, ready }: QueueState, count: number): void {
    if (status === 'pending') {
      const pending = this.pendingOf(owner) + count;
      if (pending > 0) this.#pendingByOwner.set(owner, pending);
      else this.#pendingByOwner.delete(owner);
      this.#pending += count;
      if (ready) this.fair.addWaiting(owner, count);
      else this.#scheduled += count;
    } else if (status === 'running') {
      this.#running += count;
      this.fair.addRunning(owner, count);
    }
  }
}
