import { vi } from 'vitest';
import { firstByteMs } from '../../client/sdk/stream/transport.js';

/** The patience of the clients of this process with connections on which nothing comes. */
export interface Patience {
  /** Takes note of a connection from which the network holds everything back. */
  withheld(): void;
  restore(): void;
}

/**
 * Stands in for the time that a client waits for the first byte of a connection: it is over when the network holds back
 * each connection that is waited for, and never before. A connection that gets through is not given up, however busy the
 * machine is, and nobody waits four seconds for what cannot come.
 */
export function holdPatience(): Patience {
  const waiting = new Map<unknown, () => void>();
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const setting = vi.spyOn(globalThis, 'setTimeout').mockImplementation(((act: () => void, ms?: number) => {
    if (ms !== firstByteMs || !isOfClient(new Error())) return set(act, ms);
    const timer = set(() => undefined, 2 ** 31 - 1);
    waiting.set(timer, act);
    look();
    return timer;
  }) as typeof set);
  const clearing = vi.spyOn(globalThis, 'clearTimeout').mockImplementation((timer) => {
    waiting.delete(timer);
    clear(timer);
    look();
  });
  let held = 0;
  function look(): void {
    // One that waits for more than what is held back may still get its byte.
    if (held === 0 || waiting.size !== held) return;
    held = 0;
    for (const [timer, act] of [...waiting]) {
      waiting.delete(timer);
      clear(timer as NodeJS.Timeout);
      set(act, 0);
    }
  }
  return {
    withheld() {
      held += 1;
      look();
    },
    restore() {
      setting.mockRestore();
      clearing.mockRestore();
      for (const timer of waiting.keys()) clear(timer as NodeJS.Timeout);
    },
  };
}

/** The connections of `fetch` have timers of the same length, which Node 22 sets here, too. */
function isOfClient({ stack = '' }: Error): boolean {
  return stack.includes('/client/sdk/');
}
