/** Which task the pool wants stopped, and which one looks whether it is that; 0 is none. */
const wanted = 0;
const looking = 1;

/**
 * How the pool tells a thread at work to stop its task: such a thread hears no message. It is asked for nothing but that,
 * and only while it looks; a task that does not look ends with its thread.
 */
export class StopFlag {
  readonly #cells: Int32Array;

  /** @param buffer from `buffer`, shared by the pool and one thread */
  constructor(buffer: SharedArrayBuffer) {
    this.#cells = new Int32Array(buffer);
  }

  static buffer(): SharedArrayBuffer {
    return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
  }

  /** For the pool. False when the task does not look just now: it may never see that it was asked. */
  ask(task: number): boolean {
    // In this order, and the other way round in `rest`: either the thread sees that it was asked, or the pool that it rests.
    Atomics.store(this.#cells, wanted, task);
    return Atomics.load(this.#cells, looking) === task;
  }

  /** For the thread. */
  isAsked(task: number): boolean {
    return Atomics.load(this.#cells, wanted) === task;
  }

  /** For the thread: the task looks from now on. */
  watch(task: number): void {
    Atomics.store(this.#cells, looking, task);
  }

  /** For the thread: no task looks from now on. What was asked until then has to be looked for once more. */
  rest(): void {
    Atomics.store(this.#cells, looking, 0);
  }
}

/** Ends a task that the pool has asked to stop. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}
