import type { Asking } from './pool.js';

const measureMs = 10_000;
/** A difference that has changed by no more is taken over at once: clocks drift, and answers take their time. */
const driftMs = 250;
/** A larger change is one of somebody's date: it counts when it was seen so often in a row. */
const seenBefore = 3;

/**
 * The clock of the database as this process reads it: its own clock, which does not step, and the difference that was
 * measured last. So all nodes go by one clock, whatever their own dates are.
 */
export class DatabaseClock {
  readonly #ask: Asking;
  readonly #local: () => number;
  readonly #timer: NodeJS.Timeout;
  #aheadMs = 0;
  #seen = 0;

  private constructor(ask: Asking, local: () => number) {
    this.#ask = ask;
    this.#local = local;
    this.#timer = setInterval(() => void this.#measure().catch(() => undefined), measureMs).unref();
  }

  static async open(ask: Asking, local: () => number): Promise<DatabaseClock> {
    const clock = new DatabaseClock(ask, local);
    try {
      clock.#aheadMs = await clock.#difference();
    } catch (error) {
      clock.close();
      throw error;
    }
    return clock;
  }

  /** Milliseconds since 1970. */
  readonly now = (): number => Math.round(this.#local() + this.#aheadMs);

  close(): void {
    clearInterval(this.#timer);
  }

  async #measure(): Promise<void> {
    const aheadMs = await this.#difference();
    this.#seen = Math.abs(aheadMs - this.#aheadMs) <= driftMs ? seenBefore : this.#seen + 1;
    if (this.#seen < seenBefore) return;
    this.#aheadMs = aheadMs;
    this.#seen = 0;
  }

  /** How far the database's clock is ahead; the way there and the way back are taken to be of one length. */
  async #difference(): Promise<number> {
    const before = this.#local();
    const [row] = await this.#ask('SELECT extract(epoch FROM clock_timestamp())::float8 * 1000');
    return Number(row?.[0]) - (before + this.#local()) / 2;
  }
}
