import { OwnerQueue } from './owner-queue.js';

/** Steps that are set going for one turn of the event loop at the most; more than fit into any budget. */
const maxSteps = 256;
/** Part of a budget that an owner may have in a turn in which others wait. */
const ownPart = 1 / 4;

/**
 * Spreads what many callers ask for at the same moment over turns of the event loop: as many steps in a turn as fit into the
 * budget, the rest in the next ones, owner by owner. A hundred requests of one owner that arrive together do not hold up
 * another owner's: whoever has none that wait, and has had little of this turn, goes on at once. For that a turn has a second
 * budget, so that many such owners do not make it longer without end.
 *
 * A step is what a function does until it returns. It cannot be cut: one that takes longer than the budget is alone in its
 * turn.
 */
export class LoopTurns {
  readonly #budgetMs: number;
  readonly #waiting = new OwnerQueue<() => void>();
  /** What each owner has had of this turn of the event loop, in milliseconds. */
  readonly #had = new Map<string, number>();
  /** When the first step of this turn of the event loop began; undefined before it. */
  #began: number | undefined;
  /** Whose step is under way. */
  #current: string | undefined;
  /** Somebody who has waited has had a step in this turn. */
  #wentOn = false;
  /** The end of this turn is going to be noticed. */
  #isWatched = false;

  /** @param budgetMs of one turn of the event loop */
  constructor(budgetMs: number) {
    this.#budgetMs = budgetMs;
  }

  /** Steps that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * @param step called when it is the owner's turn, now or in a later turn of the event loop; now, within another step of
   *   the owner. Must not throw.
   */
  run(owner: string, step: () => void): void {
    if (this.#current === owner) step();
    else if (this.#mayGoOn(owner)) this.#go(owner, step);
    else this.#waiting.push(owner, step);
  }

  /** The same for a step that makes something; rejects when it throws. */
  make<Made>(owner: string, step: () => Made): Promise<Made> {
    return new Promise((resolve, reject) => {
      this.run(owner, () => {
        try {
          resolve(step());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #mayGoOn(owner: string): boolean {
    if (this.#waiting.has(owner)) return false;
    const elapsed = this.#elapsed();
    if (this.#waiting.size === 0 && elapsed < this.#budgetMs) return true;
    return elapsed < 2 * this.#budgetMs && (this.#had.get(owner) ?? 0) < ownPart * this.#budgetMs;
  }

  #go(owner: string, step: () => void): void {
    const before = this.#current;
    const from = performance.now();
    this.#current = owner;
    step();
    this.#current = before;
    this.#had.set(owner, (this.#had.get(owner) ?? 0) + performance.now() - from);
  }

  /** Since the first step of this turn, what else ran in it included. */
  #elapsed(): number {
    const now = performance.now();
    this.#began ??= now;
    this.#watch();
    return now - this.#began;
  }

  /** Those who wait have their turn after the next look for input; the end of that turn comes behind them. */
  #watch(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    // Each by itself: between two of them the continuations of the first run, so that the time it took is seen.
    for (let left = Math.min(this.#waiting.size, maxSteps); left > 0; left -= 1)
      setImmediate(() => this.#step());
    setImmediate(() => this.#end());
  }

  /** The turn of the event loop is over. */
  #end(): void {
    this.#isWatched = false;
    this.#began = undefined;
    this.#wentOn = false;
    this.#had.clear();
    if (this.#waiting.size > 0) this.#watch();
  }

  /** At least one in each turn, whatever those took who went on at once. */
  #step(): void {
    if (this.#waiting.size === 0) return;
    const elapsed = this.#elapsed();
    if (this.#wentOn && elapsed >= this.#budgetMs) return;
    this.#wentOn = true;
    const next = this.#waiting.take();
    if (next !== undefined) this.#go(next.owner, next.item);
  }
}
