interface Failures {
  readonly count: number;
  readonly endsAt: number;
}

const maxNames = 50_000;

/**
 * Counts what failed, by name: when there are too many, the name waits for the end of the period, also with what would be
 * right. Past 50,000 names the oldest is forgotten.
 */
export class Attempts {
  readonly #failures = new Map<string, Failures>();

  constructor(
    private readonly rule: { readonly most: number; readonly periodMs: number },
    private readonly clock: () => number,
  ) {}

  /** 0: another attempt may be made. */
  waitMs(name: string): number {
    const found = this.#failures.get(name);
    return found === undefined || found.count < this.rule.most ? 0 : Math.max(0, found.endsAt - this.clock());
  }

  failed(name: string): void {
    const now = this.clock();
    const found = this.#failures.get(name);
    const isOver = found === undefined || found.endsAt <= now;
    if (isOver) this.#failures.delete(name);
    this.#failures.set(name, {
      count: isOver ? 1 : found.count + 1,
      endsAt: isOver ? now + this.rule.periodMs : found.endsAt,
    });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > maxNames && oldest !== undefined) this.#failures.delete(oldest);
  }
}
