import { setTimeout as pause } from 'node:timers/promises';
import { type ApplyOptions, type ApplyOutcome, type Store, StoreFailed } from '../../engine/engine.js';
import type { Job } from '../../jobs/job.js';
import { type Command, claimOf } from '../../jobs/transition.js';
import type { WorkLog } from '../work-log.js';

export type CommitOptions = Pick<ApplyOptions, 'blobs' | 'mayWaitMs'>;

/** One command of an attempt. */
export interface AttemptCommand {
  /** The job as of the claim. */
  readonly job: Job;
  /** Stops the attempt. */
  readonly stop: AbortController;
  /** Counts the commands of the attempt. */
  readonly number: number;
  readonly command: Command;
  readonly options: CommitOptions;
}

/** Longest pause between two tries; the first ones follow sooner. */
const longestPauseMs = 5_000;

/**
 * Applies the command of an attempt, again and again while the store fails (a full disk), and once more when the attempt
 * is stopped meanwhile: its answer alone may be lost, and what stopped the attempt be its own fact. Rejects when the store
 * is closed, or cannot tell the outcome of a stopped attempt.
 */
export async function commit(
  parts: { readonly store: Store; readonly clock: () => number; readonly log: WorkLog },
  { job, stop, number, command, options }: AttemptCommand,
): Promise<ApplyOutcome> {
  const { store, clock, log } = parts;
  const operation = `${claimOf(job)}.${number}`;
  for (let tries = 1; ; tries += 1) {
    const isLast = stop.signal.aborted;
    try {
      return await store.apply(job.id, command, clock(), { ...options, operation });
    } catch (error) {
      if (isLast || (error instanceof StoreFailed && error.code === 'closed')) throw error;
      if (tries === 1) log.error({ err: error, job_id: job.id }, 'a commit failed and is tried again');
      const ms = Math.min(longestPauseMs, 50 * 2 ** tries);
      await pause(ms, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  }
}
