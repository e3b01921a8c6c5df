/**
 * - `sweep`: to call `Store.sweep` again and again, and to remove files that nothing holds.
 * - `webhooks`: to send to the endpoints what they are to be told.
 */
export type Duty = 'sweep' | 'webhooks';

export interface SweepRequest {
  readonly now: number;
  /** What became due within so many milliseconds before `now` is not due yet; 0 where it is left out. */
  readonly lateMs?: number;
  /** At most so many changes in one call: retention works in small steps. */
  readonly limit: number;
  /** Records of terminal jobs go so long after their end, but not before their result. */
  readonly recordTtlMs: number;
  /** Facts older than this go, and the oldest when there are more than `logMaxFacts`. */
  readonly logTtlMs: number;
  readonly logMaxFacts: number;
}

export interface SweepOutcome {
  /** Pending jobs that reached their wait deadline. */
  readonly timedOut: number;
  /** Running jobs that were interrupted because their lease ran out or their worker is gone. */
  readonly lost: number;
  readonly expired: number;
  readonly deleted: number;
  readonly trimmed: number;
  readonly removed: readonly string[];
  /** Some may be left: call again soon. */
  readonly more: boolean;
}
