import { performance } from 'node:perf_hooks';
import { cpuUsage, memoryUsage } from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const lookMs = 4_000;
/** Share of a core that the process takes; less is idle. Beats and sweeps alone are some thousandths. */
const idleBelow = 0.05;
/** Growth of the heap since the last collection: below it another is not worth its pause. What is in use says nothing, garbage counts to it. */
const worthBytes = 8 * 1024 * 1024;
/** A collection takes some 1.5 ms for each MiB: past this the pause is longer than those who are connected should wait. */
const maxUsedBytes = 96 * 1024 * 1024;

export interface IdleHeapParts {
  /** Of a core, that the process has taken since the last call; 1 is a whole one. */
  readonly busy: () => number;
  readonly heap: () => { readonly heapUsed: number; readonly heapTotal: number };
  readonly collect: () => void;
}

/**
 * Gives back what the start and every busy time leave on the heap of this thread: V8 keeps its young generation as large as
 * it has ever been (30 MiB after a start), and makes it smaller in a full collection alone that comes after some seconds
 * with little to do. A server that has nothing to do allocates too little to ever come to one. Once after each busy time.
 */
export class IdleHeap {
  readonly #parts: IdleHeapParts;
  readonly #timer: NodeJS.Timeout;
  /** The start is work, too. */
  #hasWorked = true;
  /** Bytes of the heap after the last collection. */
  #settled = 0;

  constructor(parts: IdleHeapParts) {
    this.#parts = parts;
    parts.busy();
    this.#timer = setInterval(() => this.look(), lookMs).unref();
  }

  look(): void {
    const { busy, heap, collect } = this.#parts;
    if (busy() >= idleBelow) {
      this.#hasWorked = true;
      return;
    }
    const { heapUsed, heapTotal } = heap();
    if (!this.#hasWorked || heapUsed > maxUsedBytes) return;
    this.#hasWorked = false;
    if (heapTotal - this.#settled < worthBytes) return;
    collect();
    this.#settled = heap().heapTotal;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

/** Of this thread. Idle is the process: CPU says so on a machine, too, that is busy with other work, where turns of the event loop are long. */
export function openIdleHeap(): IdleHeap {
  let [cpu, at] = [cpuUsage(), performance.now()];
  const busy = (): number => {
    const { user, system } = cpuUsage(cpu);
    const ms = performance.now() - at;
    [cpu, at] = [cpuUsage(), performance.now()];
    return (user + system) / 1000 / Math.max(1, ms);
  };
  return new IdleHeap({ busy, heap: memoryUsage, collect: collectGarbage });
}

/** One full collection. Nothing where this build of Node has no such function. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  try {
    const gc: unknown = runInNewContext('globalThis.gc');
    if (typeof gc === 'function') gc();
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}
