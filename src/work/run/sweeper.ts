import type { Blobs, Store } from '../../engine/engine.js';
import type { Meters } from '../meters.js';
import type { WorkLog } from '../work-log.js';

export interface SweeperParts {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly meters: Meters;
  readonly log: WorkLog;
  readonly clock: () => number;
  readonly retention: {
    readonly recordTtlMs: number;
    readonly logTtlMs: number;
    readonly logMaxFacts: number;
  };
}

const pauseMs = 1_000;
/** Between two steps when there is more to do: submits and claims go in between. */
const shortPauseMs = 20;
const stepLimit = 200;

/** Ends what waited too long, takes over lost leases and removes what is past its time, in small steps. */
export class Sweeper {
  readonly #parts: SweeperParts;
  #timer: NodeJS.Timeout | undefined;
  #step: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: SweeperParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#schedule(0);
  }

  /** Waits for the step at work. Safe twice. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#step;
  }

  #schedule(ms: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#step = this.#sweep().then((more) => this.#schedule(more ? shortPauseMs : pauseMs));
    }, ms).unref();
  }

  async #sweep(): Promise<boolean> {
    const { store, blobs, meters, log, clock, retention } = this.#parts;
    try {
      const outcome = await store.sweep({ now: clock(), limit: stepLimit, ...retention });
      await blobs.remove(outcome.removed);
      meters.swept(outcome);
      if (outcome.lost > 0) log.warn({ jobs: outcome.lost }, 'leases ran out; the jobs go back to the queue');
      return outcome.more;
    } catch (error) {
      log.error({ error }, 'sweeping failed');
      return false;
    }
  }
}
