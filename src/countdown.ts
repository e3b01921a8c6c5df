/** How often a countdown looks how much time has passed. */
const sliceMs = 250;

/**
 * How long the process stood between two looks that were to be `plannedMs` apart: it was stopped, or the machine slept.
 * Anything shorter is the delay of a busy machine, and 0.
 * @param passedMs by a clock that cannot be set
 */
export function stoodFor(passedMs: number, plannedMs: number): number {
  return passedMs <= plannedMs + sliceMs ? 0 : passedMs - plannedMs;
}

/**
 * Calls back after so much time in which this process ran. A timer would be over the moment in which a process goes on
 * that was stopped for a minute: before it reads what has arrived meanwhile, and before the work that it waits for had
 * any of that time. Whatever ends work, closes a connection or refuses somebody waits with this. It keeps no process
 * alive.
 */
export class Countdown {
  readonly #ms: number;
  readonly #onEnd: () => void;
  /** At the beginning of the slice. */
  #leftMs: number;
  #plannedMs = 0;
  #lookedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param ms as with a timer, infinity excluded */
  constructor(ms: number, onEnd: () => void) {
    this.#ms = ms;
    this.#leftMs = ms;
    this.#onEnd = onEnd;
    this.#startSlice();
  }

  /** Of the time; 0 once it is over. */
  get leftMs(): number {
    return this.#leftMs === 0 ? 0 : Math.max(0, this.#leftMs - this.#countedMs());
  }

  /** The whole time begins anew. Not after `clear`. */
  restart(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#leftMs = this.#ms;
    this.#startSlice();
  }

  /** It does not call back any more. Safe twice. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #startSlice(): void {
    this.#plannedMs = Math.min(sliceMs, this.#leftMs);
    this.#lookedAt = performance.now();
    this.#timer = setTimeout(() => this.#look(), this.#plannedMs).unref();
  }

  #look(): void {
    const left = this.#leftMs - this.#countedMs();
    // Timers are whole milliseconds.
    this.#leftMs = left < 1 ? 0 : left;
    if (this.#leftMs > 0) {
      this.#startSlice();
      return;
    }
    this.#timer = undefined;
    this.#onEnd();
  }

  /** Of this slice. Where the process stood in it, it ran for a part of it, and nobody knows for how much. */
  #countedMs(): number {
    const passed = performance.now() - this.#lookedAt;
    return stoodFor(passed, this.#plannedMs) > 0 ? this.#plannedMs / 2 : passed;
  }
}

/** Aborts after so much time in which this process ran; `clear` has to be called when nobody waits any more. */
export function countdownSignal(ms: number): { readonly signal: AbortSignal; readonly clear: () => void } {
  const controller = new AbortController();
  const countdown = new Countdown(ms, () => controller.abort());
  return { signal: controller.signal, clear: () => countdown.clear() };
}
