/**
 * Work that is cut into steps, from many readers at once: as many steps in a turn of the event loop as fit into the
 * budget, the rest in the next turn. A thousand readers that catch up together then delay nobody for longer than that.
 */
export class StepScheduler {
  readonly #budgetMs: number;
  readonly #waiting: (() => void)[] = [];
  #scheduled = false;

  constructor(budgetMs: number) {
    this.#budgetMs = budgetMs;
  }

  /** Resolves when it is the caller's turn; what it then does without waiting is its step. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (!this.#scheduled) this.#schedule();
    });
  }

  #schedule(): void {
    this.#scheduled = true;
    setImmediate(() => void this.#run());
  }

  async #run(): Promise<void> {
    const end = performance.now() + this.#budgetMs;
    // Who comes back for another step gets it in the next turn: one that waits for something else would spin here.
    const due = this.#waiting.length;
    let taken = 0;
    while (taken < due && performance.now() < end) {
      this.#waiting[taken]?.();
      taken += 1;
      // The step runs as the promise's continuation.
      await undefined;
    }
    this.#waiting.splice(0, taken);
    this.#scheduled = false;
    if (this.#waiting.length > 0) this.#schedule();
  }
}
