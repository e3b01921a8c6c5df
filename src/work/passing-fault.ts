import { StoreFailed } from '../engine/engine.js';
import { type Problem, problem } from '../protocol/problem.js';
import { passingCodeOf } from '../system-errors.js';

/** Whether the same call may succeed later: the machine or the store has a bad moment, and nothing was accepted. */
export function isPassingFault(error: unknown): boolean {
  return (error instanceof StoreFailed && error.unavailable) || passingCodeOf(error) !== undefined;
}

/** For a caller who meets one. */
export function storageAway(): Problem {
  const detail =
    'The server cannot reach its storage just now, and nothing was accepted: send the request again.';
  return problem('storage-unavailable', detail, { retryAfter: 2 });
}
