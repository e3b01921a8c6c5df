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
  let wake = (_by?: Change): void => undefined;
  const woken = new Promise<Change | undefined>((resolve) => {
    wake = resolve;
  });
  const unwatch = follower.watch(subject, (change) => {
    if (wakes(change)) wake(change);
  });
  const giveUp = (): void => wake();
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  const end = (): void => {
    unwatch();
    signal.removeEventListener('abort', giveUp);
  };
  return {
    async happened(timeoutMs) {
      const timer = setTimeout(giveUp, timeoutMs);
      const change = await woken;
      clearTimeout(timer);
      end();
      return change;
    },
    end,
  };
}

export interface NextChange {
  /**
   * Resolves at the change and with it, or with undefined when the signal fires or after so long; the wait has then ended.
   */
  happened(timeoutMs: number): Promise<Change | undefined>;
  /** Gives the wait up. Safe twice. */
  end(): void;
}
