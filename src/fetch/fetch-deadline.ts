import { Countdown } from '../countdown.js';
import { type FetchRefusal, refuseFetch } from './fetch-refusal.js';

/** Ends a fetch that takes too long, stands still, or is not wanted any more. */
export interface FetchDeadline {
  /** Aborted when the fetch has to end; `refusal` then says why. */
  readonly signal: AbortSignal;
  /** Something came: the time for standing still begins anew. */
  touch(): void;
  refusal(): FetchRefusal | undefined;
  /** Waits for `work`, but not past the end of the fetch; a result that comes later is ignored. */
  race<Result>(work: Promise<Result>): Promise<Result>;
  /** Gives timers and listeners back. */
  end(): void;
}

export function startDeadline(
  limits: { readonly timeoutMs: number; readonly idleMs: number },
  cancels: readonly AbortSignal[],
): FetchDeadline {
  const controller = new AbortController();
  let refusal: FetchRefusal | undefined;
  const stop = (why: FetchRefusal) => {
    if (refusal !== undefined) return;
    refusal = why;
    controller.abort();
  };
  const cancel = () => stop(refuseFetch('cancelled', 'the request was given up'));
  const total = new Countdown(limits.timeoutMs, () => {
    stop(refuseFetch('timeout', `the server did not finish within ${limits.timeoutMs} ms`));
  });
  const idle = new Countdown(limits.idleMs, () => {
    stop(refuseFetch('timeout', `the server sent nothing for ${limits.idleMs} ms`));
  });
  for (const signal of cancels) signal.addEventListener('abort', cancel, { once: true });
  if (cancels.some(({ aborted }) => aborted)) cancel();
  return {
    signal: controller.signal,
    touch: () => idle.restart(),
    refusal: () => refusal,
    race(work) {
      return new Promise((resolve, reject) => {
        const leave = () => reject(controller.signal.reason);
        if (controller.signal.aborted) leave();
        controller.signal.addEventListener('abort', leave, { once: true });
        work.then(resolve, reject).finally(() => controller.signal.removeEventListener('abort', leave));
      });
    },
    end() {
      total.clear();
      idle.clear();
      for (const signal of cancels) signal.removeEventListener('abort', cancel);
    },
  };
}
