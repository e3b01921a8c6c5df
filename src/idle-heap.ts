import { performance } from 'node:perf_hooks';
import { memoryUsage } from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const lookMs = 10_000;
/** Share of the time in which the event loop is busy; less is idle. Beats and sweeps alone are some thousandths. */
const idleBelow = 0.05;
/** Bytes of the heap that hold nothing: below it a collection is not worth its pause. */
const worthBytes = 8 * 1024 * 1024;
/** A collection takes some 1.5 ms for each MiB: past this the pause is longer than those who are connected should wait. */
const maxUsedBytes = 96 * 1024 * 1024;

export interface IdleHeapParts {
  /** Share of the time since the last call in which the event loop was busy, 0..1. */
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
    if (heapTotal - heapUsed >= worthBytes) collect();
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

/** Of this thread. */
export function openIdleHeap(): IdleHeap {
  let last = performance.eventLoopUtilization();
  const busy = (): number => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
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
