import type { Job } from './job.js';
import { type Changed, type Command, claimOf } from './transition.js';

/**
 * Whether the job is what a command of this name has made of it: the command comes once more because its answer was lost. A
 * start and a completion are known by their claim, of which each has one. That saves the commands of every job a
 * longer row.
 */
export function isRepeat(job: Job, command: Command, operation: string): boolean {
  if (command.type === 'start') return job.status === 'running' && claimOf(job) === command.claim;
  if (command.type === 'complete') return job.status === 'completed' && claimOf(job) === command.claim;
  return job.lastOperation === operation;
}

/** The job as it is after a command that its repeat is known by. */
export function withOperation(changed: Changed, { type }: Command, operation: string | undefined): Changed {
  if (operation === undefined || type === 'start' || type === 'complete') return changed;
  return { ...changed, job: { ...changed.job, lastOperation: operation } };
}
