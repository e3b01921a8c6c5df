/** What a thread does ahead while it has no task, step by step: a task that comes waits for one step at most. */
export class IdleSteps {
  readonly #steps: (() => Promise<void>)[] = [];
  #tasks = 0;
  #step: Promise<void> | undefined;

  /** @param steps must not reject */
  add(steps: readonly (() => Promise<void>)[]): void {
    this.#steps.push(...steps);
    this.#next();
  }

  /** Runs a task. No step begins before it has ended. */
  async task(run: () => Promise<void>): Promise<void> {
    this.#tasks += 1;
    try {
      await this.#step;
      await run();
    } finally {
      this.#tasks -= 1;
      this.#next();
    }
  }

  #next(): void {
    // A message with a task that has come in the meantime is heard before.
    setImmediate(() => {
      if (this.#tasks > 0 || this.#step !== undefined) return;
      const step = this.#steps.shift();
      if (step === undefined) return;
      this.#step = step().finally(() => {
        this.#step = undefined;
        this.#next();
      });
    });
  }
}
