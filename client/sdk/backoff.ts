/** More than a timer can take (24 days): then there is none. */
export const maxTimerMs = 2 ** 31;

/** Ends after so many milliseconds, or rejects with the signal's reason. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/**
 * Milliseconds to wait before the next attempt (P-61): a random time up to a bound that doubles from 0.5 s to 30 s.
 * @param attempt those that have failed before, from 0
 * @param random as `Math.random`
 */
export function delay(attempt: number, random: () => number): number {
  return random() * Math.min(500 * 2 ** attempt, 30_000);
}

/** What comes of it, or the signal's reason as soon as that fires: for what takes no signal itself. */
export async function unlessAborted<T>(work: T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!(work instanceof Promise)) return work;
  const over = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal?.throwIfAborted();
    signal?.addEventListener('abort', () => reject(signal.reason), over);
  });
  return Promise.race([work, aborted]).finally(() => over.abort());
}

export const sleep: Sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
