import { uptime } from 'node:os';

/** What a steady clock reads. All are milliseconds. */
export interface TimeSources {
  /** The machine's date, since 1970. Somebody may set it. */
  readonly wall: () => number;
  /** Elapsed time from any beginning on. It is never set, and may stand still while the machine sleeps. */
  readonly elapsed: () => number;
  /** Elapsed time that goes on while the machine sleeps. */
  readonly awake: () => number;
}

export interface SteadyClockOptions extends Partial<TimeSources> {
  /** The machine's date is ahead of this clock by so much (negative: behind), and not believed yet. */
  readonly onStep?: (aheadMs: number) => void;
  /** The date has kept for long enough: this clock goes there. */
  readonly onAdopted?: (aheadMs: number) => void;
}

/** Two clocks that are read one after the other are read again when more has passed: the process stood in between. */
const togetherMs = 50;
/** Between two readings of two clocks; and what a service that keeps the time may correct at once. */
const believedMs = 1_000;
/** A date that was set by mistake is mostly set right before. */
const provedAfterMs = 3_600_000;
/** Of each second, while the date is behind and proved: this clock never goes back, it waits for the date. */
const slowedTo = 0.9;

/**
 * The date, as elapsed time says that it must be. Leases, limits, waits and retention go by it, so that a date which is
 * set by mistake ends none of them. A date that is set is believed once it has kept for an hour, or at once where the
 * machine has slept meanwhile. Never goes back.
 */
export class SteadyClock {
  readonly #sources: TimeSources;
  readonly #onStep: (aheadMs: number) => void;
  readonly #onAdopted: (aheadMs: number) => void;
  /** Where this clock and its sources were at the last reading. */
  #now: number;
  #elapsed: number;
  /** Elapsed time that goes on in sleep, less the other, when the machine was last known to be awake. */
  #slept: number;
  /** How far the date is ahead of this clock, and since when it is. */
  #step: { aheadMs: number; readonly since: number; isProved: boolean } | undefined;
  /** Elapsed time when the last step ended. */
  #settledAt: number | undefined;

  constructor({ onStep, onAdopted, ...given }: SteadyClockOptions = {}) {
    this.#sources = {
      wall: Date.now,
      elapsed: () => performance.now(),
      awake: () => uptime() * 1000,
      ...given,
    };
    this.#onStep = onStep ?? (() => undefined);
    this.#onAdopted = onAdopted ?? (() => undefined);
    const { wall, elapsed } = this.#read();
    this.#now = wall;
    this.#elapsed = elapsed;
    this.#slept = this.#sources.awake() - this.#elapsed;
  }

  /** Milliseconds since 1970, whole. */
  readonly now = (): number => {
    const { wall, elapsed } = this.#read();
    const wasSettled = this.#step === undefined;
    const passed = elapsed - this.#elapsed;
    this.#elapsed = elapsed;
    const isSlowed = this.#step?.isProved === true && this.#step.aheadMs < 0;
    const due = this.#now + passed * (isSlowed ? slowedTo : 1);
    const aheadMs = wall - due;
    if (Math.abs(aheadMs) <= believedMs) {
      this.#step = undefined;
      this.#now = Math.max(this.#now, wall);
    } else this.#now = this.#afterStep(due, aheadMs, isSlowed);
    if (!wasSettled && this.#step === undefined) this.#settledAt = elapsed;
    return Math.floor(this.#now);
  };

  /**
   * For how long the machine's date has been the one of this clock, in milliseconds: 0 while it is not, infinity where it
   * always was. Files that were written before then may have times that never were.
   */
  get settledMs(): number {
    if (this.#step !== undefined) return 0;
    return this.#settledAt === undefined ? Number.POSITIVE_INFINITY : this.#elapsed - this.#settledAt;
  }

  #read(): { readonly wall: number; readonly elapsed: number } {
    for (let before = this.#sources.elapsed(); ; ) {
      const wall = this.#sources.wall();
      const after = this.#sources.elapsed();
      if (after - before <= togetherMs) return { wall, elapsed: before };
      before = after;
    }
  }

  #afterStep(due: number, aheadMs: number, isSlowed: boolean): number {
    const before = this.#step;
    if (before === undefined && this.#hasSlept(aheadMs)) return due + aheadMs;
    const isSame = isSlowed
      ? aheadMs < 0 && aheadMs > (before?.aheadMs ?? 0) - believedMs
      : before !== undefined && Math.abs(before.aheadMs - aheadMs) <= believedMs;
    if (before === undefined || !isSame) {
      this.#step = { aheadMs, since: this.#elapsed, isProved: false };
      this.#onStep(Math.round(aheadMs));
      return due;
    }
    before.aheadMs = aheadMs;
    if (before.isProved || this.#elapsed - before.since < provedAfterMs) return due;
    this.#onAdopted(Math.round(aheadMs));
    if (aheadMs < 0) {
      before.isProved = true;
      return due;
    }
    this.#step = undefined;
    return due + aheadMs;
  }

  /** Asked on a step only: on some systems this reads a file. */
  #hasSlept(aheadMs: number): boolean {
    const slept = this.#sources.awake() - this.#elapsed;
    const ms = slept - this.#slept;
    this.#slept = slept;
    return aheadMs > 0 && Math.abs(ms - aheadMs) <= 2 * believedMs;
  }
}
