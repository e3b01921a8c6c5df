/** A job that has come to its end. */
export interface Ended {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** By what was asked for; a fault of the server is no failure here. */
  readonly failed: boolean;
}

export interface Cooldown {
  readonly code: 'REPEATED_FAILED_JOBS_COOLDOWN' | 'HIGH_FAIL_RATIO_COOLDOWN';
  /** Until when no job is taken, in milliseconds since 1970. */
  readonly until: number;
}

const minute = 60_000;
/** Failures one after the other, and how long they stop the owner after the last of them. */
const repeated = { failures: 5, pauseMs: 5 * minute };
/** Of the jobs that ended within so long: when there are so many, and more than this part of them has failed. */
const ratio = { windowMs: 60 * minute, jobs: 20, failedPart: 0.5, pauseMs: 15 * minute };
/** What has ended is remembered up to this number, and for as long as it counts. */
export const maxRemembered = 100;

/** Pure. @param recent in the order of their ends */
export function cooldownOf(recent: readonly Ended[], now: number): Cooldown | undefined {
  const last = recent.findLast(({ failed }) => failed);
  if (last === undefined) return undefined;
  const inRow = recent.length - 1 - recent.findLastIndex(({ failed }) => !failed);
  if (inRow >= repeated.failures && now < last.at + repeated.pauseMs)
    return { code: 'REPEATED_FAILED_JOBS_COOLDOWN', until: last.at + repeated.pauseMs };
  const counted = recent.filter(({ at }) => at > last.at - ratio.windowMs);
  const failures = counted.filter(({ failed }) => failed).length;
  const isHigh = counted.length >= ratio.jobs && failures > ratio.failedPart * counted.length;
  return isHigh && now < last.at + ratio.pauseMs
    ? { code: 'HIGH_FAIL_RATIO_COOLDOWN', until: last.at + ratio.pauseMs }
    : undefined;
}

/** What is still to be remembered with one more. */
export function remembered(recent: readonly Ended[], ended: Ended): readonly Ended[] {
  return [...recent.filter(({ at }) => at > ended.at - ratio.windowMs), ended].slice(-maxRemembered);
}
