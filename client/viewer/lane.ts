export interface LaneOptions {
  /** The work is not wanted any more: it is not begun, or it is aborted. */
  readonly signal: AbortSignal;
  /** Smaller goes first. Asked when a place becomes free, since what is looked at changes meanwhile. */
  readonly rank: () => number;
}

interface Waiting extends LaneOptions {
  readonly begin: () => void;
}

/** Lets a few requests run at one time, the most wanted first. What waits is bounded by whoever asks. */
export class Lane {
  readonly #places: number;
  readonly #waiting = new Set<Waiting>();
  #running = 0;
  #held = false;

  constructor(places: number) {
    this.#places = places;
  }

  /** Begins nothing as long as it is held: pages fly by. What runs goes on. */
  hold(held: boolean): void {
    this.#held = held;
    this.#next();
  }

  /** Rejects with the signal's reason where that fires before the work has begun. */
  async run<T>(work: (signal: AbortSignal) => Promise<T>, { signal, rank }: LaneOptions): Promise<T> {
    await new Promise<void>((resolve, reject) => {
      signal.throwIfAborted();
      const leave = () => {
        this.#waiting.delete(entry);
        reject(signal.reason);
      };
      const begin = () => {
        signal.removeEventListener('abort', leave);
        this.#waiting.delete(entry);
        this.#running += 1;
        resolve();
      };
      const entry: Waiting = { signal, rank, begin };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.add(entry);
      this.#next();
    });
    try {
      return await work(signal);
    } finally {
      this.#running -= 1;
      this.#next();
    }
  }

  #next(): void {
    while (!this.#held && this.#running < this.#places) {
      let first: Waiting | undefined;
      let least = Infinity;
      for (const entry of this.#waiting) {
        const rank = entry.rank();
        if (first === undefined || rank < least) [first, least] = [entry, rank];
      }
      if (first === undefined) return;
      first.begin();
    }
  }
}
