import type { ErrorCode } from '../protocol/job-record.js';
import type { Job } from './job.js';

const firstDelayMs = 500;
const longestDelayMs = 60_000;

/** Failures that another attempt may not meet again: as far as the server can tell, the request was not the cause. */
const retryable: ReadonlySet<ErrorCode> = new Set([
  'crashed',
  'out_of_memory',
  'storage_failed',
  'input_unavailable',
]);

/**
 * Whether a failed attempt is followed by another, and after how long: exponential from 500 ms to a minute, with full
 * jitter so that jobs which failed together do not come back together. Out of memory is tried again once only, with the
 * raised limit.
 * @param random 0..1
 * @returns the delay in milliseconds, or undefined when the job has to end
 */
export function retryDelayMs(job: Job, code: ErrorCode, random: number): number | undefined {
  if (!retryable.has(code)) return undefined;
  if (job.failures + 1 >= job.maxAttempts) return undefined;
  if (code === 'out_of_memory' && job.memoryRetry === true) return undefined;
  const ceiling = Math.min(longestDelayMs, firstDelayMs * 2 ** job.failures);
  return Math.round(ceiling * random);
}
