import type { Sent } from './sender.js';
import type { EndpointState } from './stored.js';

/** Attempts in a row that fail before the endpoint is asked with one message at a time, and takes nothing new. */
export const failingAfter = 3;
/** An endpoint is turned off that has failed for so long, and so often. */
export const offAfterMs = 3 * 24 * 3_600_000;
const offAfterFailures = 8;
/** Longer than from one attempt to the next: more is a date that was set. */
const longestPauseMs = 15 * 3_600_000;

export function isFailing({ failures }: EndpointState): boolean {
  return failures >= failingAfter;
}

/** The state after attempts that were made side by side: one that succeeded is enough. */
export function healthAfter(state: EndpointState, sent: readonly Sent[], now: number): EndpointState {
  if (sent.length === 0) return state;
  const { failures, failingSince = now, lastFailedAt = now, failingMs = 0, lastSuccessAt, ...rest } = state;
  if (sent.some(({ outcome }) => outcome === 'gone')) {
    return { ...state, failures: failures + 1, off: { reason: 'gone', at: now } };
  }
  if (sent.some(({ outcome }) => outcome === 'delivered')) {
    const { off: _, ...well } = rest;
    return { ...well, failures: 0, lastSuccessAt: now };
  }
  const failed = {
    ...rest,
    ...(lastSuccessAt === undefined ? {} : { lastSuccessAt }),
    failures: failures + sent.length,
    failingSince,
    lastFailedAt: now,
    failingMs: failingMs + Math.min(Math.max(0, now - lastFailedAt), longestPauseMs),
  };
  const isOver = failed.failingMs >= offAfterMs && failed.failures >= offAfterFailures;
  return isOver ? { ...failed, off: { reason: 'failing', at: now } } : failed;
}
