/** Documents that take less than this are quick: waiting for the next claim would cost a good part of their time. */
const quickMs = 100;
/** Weight of the newest value in the running mean. */
const newest = 0.1;

/**
 * The running mean of recent render times. The runner takes from it how far ahead to claim, refusals their
 * `Retry-After`.
 */
export class RunTimes {
  #meanMs: number | undefined;

  add(runMs: number): void {
    this.#meanMs = this.#meanMs === undefined ? runMs : this.#meanMs * (1 - newest) + runMs * newest;
  }

  get quick(): boolean {
    return this.#meanMs !== undefined && this.#meanMs < quickMs;
  }

  /** Whole seconds, 1..600, until so many jobs are likely to have run on so many threads. */
  expectedSeconds(jobs: number, threads: number): number {
    const seconds = ((this.#meanMs ?? 1_000) * jobs) / Math.max(1, threads) / 1000;
    return Math.min(600, Math.max(1, Math.ceil(seconds)));
  }
}
