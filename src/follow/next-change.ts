import type { Follower, WatchSubject } from './follower.js';
import type { Change } from './watchers.js';

/**
 * A wait that begins now: a caller that calls this, then reads the state, then waits, misses no change in between.
 * @param wakes which changes end the wait
 * @param signal ends it, too
 */
export function nextChange(
  follower: Follower,
  subject: WatchSubject,
  wakes: (change: Change) => boolean,
  signal: AbortSignal,
): NextChange {
  let wake = (): void => undefined;
  const woken = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const unwatch = follower.watch(subject, (change) => {
    if (wakes(change)) wake();
  });
  signal.addEventListener('abort', wake, { once: true });
  if (signal.aborted) wake();
  const end = (): void => {
    unwatch();
    signal.removeEventListener('abort', wake);
  };
  return {
    async happened(timeoutMs) {
      const timer = setTimeout(wake, timeoutMs);
      await woken;
      clearTimeout(timer);
      end();
    },
    end,
  };
}

export interface NextChange {
  /** Resolves at the change, when the signal fires, or after so long; the wait has then ended. */
  happened(timeoutMs: number): Promise<void>;
  /** Gives the wait up. Safe twice. */
  end(): void;
}
