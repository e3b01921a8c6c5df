/** How fast a running attempt gets on. Times are milliseconds since 1970, progress is 0 to 100. */
export interface Pace {
  readonly attempt: number;
  readonly progress: number;
  readonly at: number;
  /** Progress per millisecond, smoothed. */
  readonly rate: number;
}

export interface ProgressSample {
  readonly attempt: number;
  readonly progress: number;
  readonly at: number;
  /** When the attempt began, where that is known. */
  readonly startedAt?: number;
}

/** A change of speed counts for two thirds after this time. */
const memoryMs = 5_000;
/** Before this a rate is a guess. */
const leastMs = 1_500;

export function nextPace(pace: Pace | undefined, sample: ProgressSample): Pace {
  const { attempt, progress, at, startedAt } = sample;
  if (pace === undefined || pace.attempt !== attempt || progress < pace.progress) {
    const ran = startedAt === undefined ? 0 : at - startedAt;
    return { attempt, progress, at, rate: ran >= leastMs ? progress / ran : 0 };
  }
  const passed = at - pace.at;
  if (passed <= 0 || progress === pace.progress) return pace;
  const now = (progress - pace.progress) / passed;
  const ran = startedAt === undefined ? passed : at - startedAt;
  if (pace.rate === 0) return { attempt, progress, at, rate: ran >= leastMs ? progress / ran : 0 };
  const weight = 1 - Math.exp(-passed / memoryMs);
  return { attempt, progress, at, rate: pace.rate + (now - pace.rate) * weight };
}

/** Milliseconds until the end at this pace; undefined while that cannot be said. */
export function remainingMs(pace: Pace | undefined, now: number): number | undefined {
  if (pace === undefined || pace.rate <= 0 || pace.progress >= 100) return undefined;
  const left = (100 - pace.progress) / pace.rate;
  const silent = Math.max(0, now - pace.at);
  // What came last is too old to go by: it stands still, or is slower than it was.
  if (silent > left + memoryMs) return undefined;
  return Math.max(0, left - silent);
}
