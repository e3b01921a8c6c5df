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

  /** For the pool. False when the task does not look just now. */
  ask(task: number): boolean {
    if (Atomics.load(this.#cells, looking) !== task) return false;
    Atomics.store(this.#cells, wanted, task);
    return true;
  }

  /** For the thread. */
  isAsked(task: number): boolean {
    return Atomics.load(this.#cells, wanted) === task;
  }

  /** For the thread: does work in which the task looks often. */
  whileLooking<Made>(task: number, work: () => Made): Made {
    Atomics.store(this.#cells, looking, task);
    try {
      return work();
    } finally {
      Atomics.store(this.#cells, looking, 0);
    }
  }
}

/** Ends a task that the pool has asked to stop. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}
