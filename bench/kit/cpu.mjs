import { readdirSync, readFileSync } from 'node:fs';

/**
 * CPU of a process and of its threads from /proc (Linux). Worker threads of Node carry no names of their own; which
 * is which is seen by what they do while the server is idle and by their scheduling priority.
 *
 * @typedef {'main' | 'render' | 'store' | 'v8' | 'other'} Part `v8`: compiler and garbage collector of all threads;
 *   `other`: file work (libuv), the intake thread and the rest
 * @typedef {{ readonly comm: string, readonly state: string, readonly ms: number, readonly nice: number }} Thread
 */

const tickMs = 10;

/**
 * @param {string} path of a `stat` file
 * @returns {Thread | undefined} undefined when it has ended
 */
function readStat(path) {
  let text;
  try {
    text = readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
  // The name is in parentheses and may hold anything.
  const close = text.lastIndexOf(')');
  const fields = text.slice(close + 2).split(' ');
  const ms = (Number(fields[11]) + Number(fields[12])) * tickMs;
  return {
    comm: text.slice(text.indexOf('(') + 1, close),
    state: fields[0] ?? '',
    ms,
    nice: Number(fields[16]),
  };
}

/**
 * As `processCpuMs`, by the scheduler's own count instead of ticks of 10 ms; what ended threads took is not in it.
 * @param {number} pid
 */
export function processRunMs(pid) {
  let ns = 0;
  for (const name of readdirSync(`/proc/${pid}/task`)) {
    try {
      ns += Number(readFileSync(`/proc/${pid}/task/${name}/schedstat`, 'latin1').split(' ')[0]);
    } catch {
      // It has ended since.
    }
  }
  return ns / 1e6;
}

/** @param {number} pid */
export function processCpuMs(pid) {
  return readStat(`/proc/${pid}/stat`)?.ms ?? 0;
}

/** @param {number} pid */
export function threadsOf(pid) {
  /** @type {Map<number, Thread>} */
  const threads = new Map();
  for (const name of readdirSync(`/proc/${pid}/task`)) {
    const thread = readStat(`/proc/${pid}/task/${name}/stat`);
    if (thread !== undefined) threads.set(Number(name), thread);
  }
  return threads;
}

/**
 * Ids of the render threads: those with a lowered priority.
 * @param {number} pid
 */
export function renderThreadsOf(pid) {
  return [...threadsOf(pid)].filter(([, { nice }]) => nice > 0).map(([tid]) => tid);
}

/**
 * Ids of the render threads that have a task.
 * @param {number} pid
 */
export function workingRenderThreadsOf(pid) {
  return renderThreadsOf(pid).filter((tid) => !waitsInLoop(pid, tid));
}

/**
 * Whether a render thread has no task any more: it waits for one, or is gone. Its priority says nothing meanwhile.
 * @param {number} pid
 * @param {number} tid
 */
export function isAtRest(pid, tid) {
  return waitsInLoop(pid, tid) || !threadsOf(pid).has(tid);
}

/** @param {number} pid */
export function residentMiB(pid) {
  const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return Number(kib) / 1024;
}

/** Follows the threads of a server, sampled often, since they are replaced. Make it before the first large body. */
export class CpuWatch {
  #pid;
  /** @type {Map<number, Part>} */
  #parts = new Map();
  /** @type {Map<number, number>} */
  #ms = new Map();
  /** @type {Map<number, number>} */
  #from = new Map();
  #processFrom = 0;
  #samples = 0;
  #working = 0;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /** @param {number} pid */
  constructor(pid) {
    this.#pid = pid;
    // By age: the main thread, V8's timer, V8's four helpers; what the program started comes after them.
    const oldest = [...threadsOf(pid).keys()].sort((one, other) => one - other).slice(0, 6);
    for (const tid of oldest) this.#parts.set(tid, tid === pid ? 'main' : 'v8');
  }

  start() {
    this.#sample();
    this.#from = new Map(this.#ms);
    this.#processFrom = processCpuMs(this.#pid);
    this.#samples = 0;
    this.#working = 0;
    this.#timer = setInterval(() => this.#sample(), 100);
  }

  /**
   * @returns {{ ms: Record<Part, number>, totalMs: number, renderBusy: number }} since `start`. `renderBusy` is the
   *   number of render threads that were running or ready to run, as a mean of all samples
   */
  stop() {
    clearInterval(this.#timer);
    this.#sample();
    /** @type {Record<Part, number>} */
    const ms = { main: 0, render: 0, store: 0, v8: 0, other: 0 };
    for (const [tid, now] of this.#ms)
      ms[this.#parts.get(tid) ?? 'other'] += now - (this.#from.get(tid) ?? 0);
    const totalMs = processCpuMs(this.#pid) - this.#processFrom;
    return { ms, totalMs, renderBusy: this.#working / this.#samples };
  }

  #sample() {
    this.#samples += 1;
    const stored = [...this.#parts.values()].includes('store');
    for (const [tid, { comm, ms, nice, state }] of threadsOf(this.#pid)) {
      if (nice > 0) this.#parts.set(tid, 'render');
      // Of the others only the store's thread waits in an event loop (and that for large bodies, which starts later).
      else if (!stored && comm === 'node' && !this.#parts.has(tid) && waitsInLoop(this.#pid, tid)) {
        this.#parts.set(tid, 'store');
      }
      if (nice > 0 && state === 'R') this.#working += 1;
      this.#ms.set(tid, ms);
    }
  }
}

/**
 * @param {number} pid
 * @param {number} tid
 */
function waitsInLoop(pid, tid) {
  try {
    return readFileSync(`/proc/${pid}/task/${tid}/wchan`, 'latin1').includes('epoll');
  } catch {
    return false;
  }
}
