import type { Blobs } from '../../engine/blobs.js';
import type { Store } from '../../engine/engine.js';
import type { Meters } from '../meters.js';
import type { WorkLog } from '../work-log.js';

export interface SweeperParts {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly meters: Meters;
  readonly log: WorkLog;
  readonly clock: () => number;
  /** For how long, in milliseconds, files that are written have times of that clock; infinity is always. */
  readonly settledMs: () => number;
  /** So many milliseconds of late the process stood: what became due meanwhile is not late yet. */
  readonly stoodMs: () => number;
  /**
   * Keeps the claims of this process where that is due: it may have stood still, or its clock have gone on.
   * @returns until when they hold, by the clock
   */
  readonly keepClaims: () => Promise<number>;
  /** Names this process, which beats under this name. */
  readonly worker: string;
  /** No other process works on the engine: files from before the start belong to nobody. */
  readonly exclusive: boolean;
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
/** How often the sweeper looks for files that nothing holds, which a disk error or a lost claim left behind. */
const orphanSweepMs = 3_600_000;
/** Far longer than any attempt or upload takes: a younger file may belong to a commit that is still to come. */
const orphanGraceMs = 6 * 3_600_000;

/**
 * Fails jobs that waited too long, interrupts jobs whose lease ran out, and removes results, records and facts past
 * their retention, in small steps. At the start and then every hour it also removes files that nothing holds. Of the
 * sweepers of many processes one does so at a time; the others see each second whether it is their turn.
 */
export class Sweeper {
  readonly #parts: SweeperParts;
  #timer: NodeJS.Timeout | undefined;
  #step: Promise<void> = Promise.resolve();
  #closed = false;
  #orphanTimer: NodeJS.Timeout | undefined;
  #orphanSweep: Promise<void> = Promise.resolve();

  constructor(parts: SweeperParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#schedule(0);
    const old = (): number => this.#parts.clock() - orphanGraceMs;
    // Files of earlier processes: those that were written before the blobs were opened.
    this.#orphanSweep = this.#sweepOrphans(this.#parts.exclusive ? undefined : old());
    this.#orphanTimer = setInterval(() => {
      const before = old();
      this.#orphanSweep = this.#orphanSweep.then(() => this.#sweepOrphans(before));
    }, orphanSweepMs).unref();
  }

  /** Waits for the step that is running. Safe twice. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#orphanTimer);
    await Promise.all([this.#step, this.#orphanSweep]);
  }

  #schedule(ms: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#step = this.#sweep().then((more) => this.#schedule(more ? shortPauseMs : pauseMs));
    }, ms).unref();
  }

  #isOnDuty(): Promise<boolean> {
    const { store, worker, clock } = this.#parts;
    return store.hold('sweep', worker, clock());
  }

  async #sweepOrphans(before?: number): Promise<void> {
    const { store, blobs, log, settledMs } = this.#parts;
    try {
      // A date that was wrong has given files a wrong age.
      if (!(await this.#isOnDuty()) || this.#closed || settledMs() < orphanGraceMs) return;
      const files = await blobs.cleanUp(async (names) => (this.#closed ? [] : store.unused(names)), before);
      if (files > 0) log.info({ files }, 'files that nothing holds were removed');
    } catch (error) {
      log.error({ err: error }, 'the clean-up of files failed');
    }
  }

  async #sweep(): Promise<boolean> {
    const { store, blobs, meters, log, clock, stoodMs, retention } = this.#parts;
    try {
      const keptUntil = await this.#parts.keepClaims();
      if (!(await this.#isOnDuty())) return false;
      const now = clock();
      // The process stood while it waited for the store.
      if (now >= keptUntil) return false;
      const outcome = await store.sweep({ now, lateMs: stoodMs(), limit: stepLimit, ...retention });
      await blobs.remove(outcome.removed);
      meters.swept(outcome);
      if (outcome.lost > 0) log.warn({ jobs: outcome.lost }, 'leases ran out; the jobs go back to the queue');
      return outcome.more;
    } catch (error) {
      log.error({ err: error }, 'sweeping failed');
      return false;
    }
  }
}
