import { Standstills } from './standstills.js';
import { SteadyClock } from './steady-clock.js';

/** The time that all parts of a server go by, told to its operator where the machine's date says otherwise. */
export class ServerTime {
  readonly #steady: SteadyClock;
  readonly #standstills = new Standstills();
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** See `Standstills`. */
  readonly stoodMs = this.#standstills.recentMs;

  constructor(log: { warn(fields: { readonly ahead_ms: number }, message: string): void }) {
    this.#steady = new SteadyClock({
      onStep: (aheadMs) =>
        log.warn(
          { ahead_ms: aheadMs },
          "the machine's date was set; times go on as before until it has kept for an hour",
        ),
      onAdopted: (aheadMs) =>
        log.warn({ ahead_ms: aheadMs }, "the machine's date has kept for an hour and is used"),
    });
    this.clock = this.#steady.now;
  }

  /** See `SteadyClock`. */
  readonly settledMs = (): number => this.#steady.settledMs;

  /** Safe twice. */
  close(): void {
    this.#standstills.close();
  }
}
