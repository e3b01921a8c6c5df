/** When a delivery that failed is tried again. */
export interface Schedule {
  /** Milliseconds, one for each further attempt; after the last one the delivery is given up. */
  readonly delaysMs: readonly number[];
  /** What the delays count from. */
  readonly from: 'first-failure' | 'last-failure';
  /** Each delay is longer by a random part of itself, up to this one: 0 to 1. */
  readonly jitter: number;
  /** A receiver may ask for a later time, up to this many milliseconds; 0 ignores it. */
  readonly retryAfterMaxMs: number;
}

export interface Failures {
  /** Attempts that failed, at least 1. */
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
  /** What the receiver asked for with its last answer. */
  readonly retryAfterMs?: number;
}

/** When to try again, in milliseconds since 1970; undefined when the delivery is given up. Never before `lastAt`. */
export function nextAttemptAt(
  { delaysMs, from, jitter, retryAfterMaxMs }: Schedule,
  { count, firstAt, lastAt, retryAfterMs = 0 }: Failures,
  random: () => number,
): number | undefined {
  const delay = delaysMs[count - 1];
  if (delay === undefined) return undefined;
  const planned = (from === 'first-failure' ? firstAt : lastAt) + delay * (1 + jitter * random());
  const asked = lastAt + Math.min(Math.max(0, retryAfterMs), retryAfterMaxMs);
  return Math.ceil(Math.max(planned, asked, lastAt));
}

/** The value of a `Retry-After` in milliseconds from now on; undefined when it is none. */
export function retryAfterMs(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
