/** Steps that are set going for one turn of the event loop at the most; more than fit into any budget. */
const maxSteps = 256;

/**
 * Spreads what many callers ask for at the same moment over turns of the event loop: as many steps in a turn as fit into the
 * budget, the rest in the next ones, owner by owner. A hundred requests of one owner that arrive together hold up another
 * owner's by about one budget. Whoever comes while there is time goes on at once.
 *
 * A step is what a caller does until it waits for something else. It cannot be cut: one that takes longer than the budget
 * is alone in its turn.
 */
export class LoopTurns {
  readonly #budgetMs: number;
  /** By owner, the one whose turn is next first; of each in the order in which they came. */
  readonly #waiting = new Map<string, (() => void)[]>();
  /** When the first step of this turn of the event loop began; undefined before it. */
  #began: number | undefined;
  #count = 0;

  /** @param budgetMs of one turn of the event loop */
  constructor(budgetMs: number) {
    this.#budgetMs = budgetMs;
  }

  /** Steps that wait. */
  get waiting(): number {
    return this.#count;
  }

  /** @param step called when it is the owner's turn, now or in a later turn of the event loop. Must not throw. */
  run(owner: string, step: () => void): void {
    if (this.#count === 0 && this.#hasTime()) {
      step();
      return;
    }
    const own = this.#waiting.get(owner);
    if (own === undefined) this.#waiting.set(owner, [step]);
    else own.push(step);
    this.#count += 1;
  }

  /** Resolves when it is the owner's turn: what the caller does up to its next `await` is the step. */
  next(owner: string): Promise<void> {
    return new Promise((resolve) => this.run(owner, resolve));
  }

  /** Whether another step may begin in this turn of the event loop. */
  #hasTime(): boolean {
    const now = performance.now();
    if (this.#began === undefined) {
      this.#began = now;
      setImmediate(() => this.#end());
    }
    return now - this.#began < this.#budgetMs;
  }

  /** The turn of the event loop is over. Those who wait have theirs after the next look for input. */
  #end(): void {
    this.#began = undefined;
    // Each by itself: between two of them the continuations of the first run, so that the time it took is seen.
    for (let left = Math.min(this.#count, maxSteps); left > 0; left -= 1) setImmediate(() => this.#step());
  }

  #step(): void {
    if (this.#count === 0 || !this.#hasTime()) return;
    for (const [owner, own] of this.#waiting) {
      const step = own.shift();
      this.#waiting.delete(owner);
      if (own.length > 0) this.#waiting.set(owner, own);
      this.#count -= 1;
      step?.();
      return;
    }
  }
}
