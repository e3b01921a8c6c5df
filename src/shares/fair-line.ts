import { Shares } from './shares.js';
import { Turns } from './turns.js';

export interface FairLineOptions {
  /** Those who may be inside at one time; asked anew whenever somebody may go in. */
  readonly places: () => number;
  /** Of all owners together; past it the newest of the owner with the most in the line gives way. */
  readonly maxWaiting: number;
}

/**
 * - `in`: `leave` gives the place back, and has to be called. Safe twice.
 * - `full`: the line is, and nobody in it has more in it than the owner would have; or the caller has given way.
 * - `left`: the signal fired before it was the caller's turn.
 */
export type Entered =
  | { readonly type: 'in'; readonly leave: () => void }
  | { readonly type: 'full' }
  | { readonly type: 'left' };

/** Somebody in the line. */
export interface Waiting {
  readonly owner: string;
  readonly settle: (entered: Entered) => void;
}

/**
 * A line before a few places. Of those who wait the owner goes next whose last turn is the longest ago: an owner with a
 * hundred in the line holds up another one by no more than the places.
 */
export class FairLine {
  /** Of the line, without those inside. */
  readonly shares: Shares<Waiting>;
  readonly #places: () => number;
  readonly #turns = new Turns();
  /** By owner, each in the order in which they came. */
  readonly #waiting = new Map<string, Set<Waiting>>();
  #inside = 0;

  constructor({ places, maxWaiting }: FairLineOptions) {
    this.#places = places;
    this.shares = new Shares({ total: maxWaiting }, (waiting) => {
      this.#remove(waiting);
      waiting.settle({ type: 'full' });
    });
  }

  /** @param signal takes the caller out of the line; who is in decides itself when to leave */
  enter(owner: string, signal?: AbortSignal): Promise<Entered> {
    if (signal?.aborted === true) return Promise.resolve({ type: 'left' });
    if (this.#waiting.size === 0 && this.#inside < this.#places()) return Promise.resolve(this.#enter(owner));
    return new Promise((resolve) => {
      const quit = (): void => {
        this.#remove(waiting);
        resolve({ type: 'left' });
      };
      const settle = (entered: Entered): void => {
        signal?.removeEventListener('abort', quit);
        resolve(entered);
      };
      const waiting: Waiting = { owner, settle };
      if (this.shares.take(owner, waiting) !== 'taken') {
        resolve({ type: 'full' });
        return;
      }
      const own = this.#waiting.get(owner) ?? new Set();
      this.#waiting.set(owner, own.add(waiting));
      signal?.addEventListener('abort', quit, { once: true });
      this.#next();
    });
  }

  #enter(owner: string): Entered {
    this.#inside += 1;
    this.#turns.took(owner);
    let inside = true;
    const leave = (): void => {
      if (!inside) return;
      inside = false;
      this.#inside -= 1;
      this.#next();
    };
    return { type: 'in', leave };
  }

  #next(): void {
    while (this.#waiting.size > 0 && this.#inside < this.#places()) {
      const owner = this.#turns.next(this.#waiting.keys()) ?? '';
      const [next] = this.#waiting.get(owner) ?? [];
      if (next === undefined) return;
      this.#remove(next);
      next.settle(this.#enter(owner));
    }
  }

  #remove(waiting: Waiting): void {
    const { owner } = waiting;
    const own = this.#waiting.get(owner);
    own?.delete(waiting);
    if (own?.size === 0) this.#waiting.delete(owner);
    this.shares.leave(owner, waiting);
  }
}
