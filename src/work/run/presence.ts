import type { Store } from '../../engine/engine.js';
import type { WorkLog } from '../work-log.js';

export interface PresenceParts {
  readonly store: Store;
  readonly log: WorkLog;
  readonly clock: () => number;
  /** Names this process in leases. */
  readonly worker: string;
  readonly leaseMs: number;
  /** The claims of this process, without those that are on their way. */
  readonly held: () => readonly { readonly id: string; readonly claim: number }[];
  /** Settles when no claim is on its way; never rejects. */
  readonly claimed: () => Promise<unknown>;
  /** This claim is over. The job may be claimed anew by now, also by this process. */
  readonly onLost: (id: string, claim: number) => void;
}

/** How often a worker says that it is there, */
const beatMs = 1_000;
/** and for how long that holds. */
export const presenceMs = 3_000;

/** Tells the store that this worker is there, and has what it has claimed. */
export class Presence {
  readonly #parts: PresenceParts;
  readonly #leases: NodeJS.Timeout;
  readonly #beats: NodeJS.Timeout;
  /** By the clock, as the two below. */
  #extendedAt = 0;
  #presentUntil = 0;

  constructor(parts: PresenceParts) {
    this.#parts = parts;
    this.#leases = setInterval(
      () => void this.#try('leases could not be extended', () => this.#extend()),
      parts.leaseMs / 3,
    );
    this.#beats = setInterval(
      () => void this.#try('the store did not hear that this worker is there', () => this.beat()),
      beatMs,
    );
    this.#leases.unref();
    this.#beats.unref();
  }

  /** Says that this worker is there; it goes on to say so by itself. */
  async beat(): Promise<void> {
    const { store, worker, clock } = this.#parts;
    const now = clock();
    await store.beat(worker, now + presenceMs, now);
    this.#presentUntil = now + presenceMs;
  }

  /**
   * Sees to it that no sweep takes the jobs of this process: after it stood, its presence and its leases may be over.
   * Rejects when the store did not hear of it.
   * @returns until when they hold, by the clock
   */
  async keep(): Promise<number> {
    const { clock, leaseMs, held, claimed } = this.#parts;
    // What it has claimed may have waited for this process longer than a lease.
    await claimed();
    if (clock() >= this.#presentUntil - beatMs) await this.beat();
    if (Math.abs(clock() - this.#extendedAt) >= leaseMs / 3) await this.#extend();
    return held().length === 0
      ? this.#presentUntil
      : Math.min(this.#presentUntil, this.#extendedAt + leaseMs);
  }

  /** Says that this worker is gone. Never rejects, safe twice. */
  async leave(): Promise<void> {
    clearInterval(this.#leases);
    clearInterval(this.#beats);
    const { store, worker, log } = this.#parts;
    try {
      await store.leave(worker);
    } catch (error) {
      // Others find out by themselves, a little later.
      log.warn({ err: error }, 'the store did not hear that this worker leaves');
    }
  }

  async #extend(): Promise<void> {
    const { store, worker, clock, leaseMs, held, onLost } = this.#parts;
    const claims = held();
    if (claims.length === 0) return;
    const now = clock();
    const lost = await store.extend(worker, claims, now + leaseMs, now);
    this.#extendedAt = now;
    for (const { id, claim } of claims) if (lost.includes(id)) onLost(id, claim);
  }

  async #try(complaint: string, tell: () => Promise<void>): Promise<void> {
    try {
      await tell();
    } catch (error) {
      this.#parts.log.error({ err: error }, complaint);
    }
  }
}
