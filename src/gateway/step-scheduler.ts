/**
 * Schedules the steps of many subscribers: as many steps in a turn of the event loop as fit into the budget, the rest
 * in the next turn. A thousand subscribers that catch up together then delay no other work for longer than the budget.
 */
export class StepScheduler {
  readonly #budgetMs: number;
  readonly #waiting: (() => void)[] = [];
  #scheduled = false;

  constructor(budgetMs: number) {
    this.#budgetMs = budgetMs;
  }

  /** Resolves when it is the caller's turn; the caller's code up to its next `await` is its step. */
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
    // A caller that asks for another step gets it in the next turn: one that waits for something else would spin here.
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
