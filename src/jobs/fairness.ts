/**
 * Chooses the owner to serve next, by stride scheduling. Each owner has a pass; the queue serves the eligible owner
 * with the lowest pass, and this pass grows by 1 / weight. An owner that comes back after a time without jobs starts
 * one stride behind the current pass: idling earns no credit, submitting one job at a time gains nothing over queueing
 * many, and a new owner waits for one round at most.
 *
 * A driver keeps the queue in step with its jobs.
 */

export interface Standing {
  /** Jobs that are ready to be claimed. */
  readonly waiting: number;
  readonly running: number;
  readonly pass: number;
  /** Grows with each owner that comes: of two with the same pass, the one that came first is served first. */
  readonly came: number;
}

/** All that a queue remembers, as plain values: an engine may keep them as rows. */
export interface Standings {
  /** Of the owner that was served last. */
  pass: number;
  /** Owners that have come so far. */
  came: number;
  get(owner: string): Standing | undefined;
  set(owner: string, standing: Standing): void;
  delete(owner: string): void;
  [Symbol.iterator](): Iterator<readonly [owner: string, standing: Standing]>;
}

export class MemoryStandings implements Standings {
  pass = 0;
  came = 0;
  readonly #standings = new Map<string, Standing>();

  get(owner: string): Standing | undefined {
    return this.#standings.get(owner);
  }

  set(owner: string, standing: Standing): void {
    this.#standings.set(owner, standing);
  }

  delete(owner: string): void {
    this.#standings.delete(owner);
  }

  [Symbol.iterator](): Iterator<readonly [owner: string, standing: Standing]> {
    return this.#standings[Symbol.iterator]();
  }
}

export interface FairnessLimits {
  /** Attempts of one owner that may run at once. */
  readonly maxRunningPerOwner: number;
  /** Shares by owner, above 0; an owner that is not named has 1. */
  readonly weights: Readonly<Record<string, number>>;
}

export class FairQueue {
  /** May change between two claims: passes stand for what was claimed, at the weights of that time. */
  limits: FairnessLimits;
  readonly #standings: Standings;

  constructor(limits: FairnessLimits, standings: Standings = new MemoryStandings()) {
    this.limits = limits;
    this.#standings = standings;
  }

  /** Counts what became ready to be claimed (or stopped being so, with a negative number). */
  addWaiting(owner: string, count: number): void {
    const standing = this.#standing(owner);
    // Also for an owner with a running attempt: the time without a queue earns no credit.
    const comesBack = standing.waiting <= 0 && count > 0;
    const pass = comesBack ? Math.max(standing.pass, this.#firstPass(owner)) : standing.pass;
    this.#keep(owner, { ...standing, pass, waiting: standing.waiting + count });
  }

  addRunning(owner: string, count: number): void {
    const standing = this.#standing(owner);
    this.#keep(owner, { ...standing, running: standing.running + count });
  }

  waiting(owner: string): number {
    return this.#standings.get(owner)?.waiting ?? 0;
  }

  /**
   * The owner to serve next; undefined when no owner may be served.
   * @param skip owners that turned out to have nothing to claim in this round
   */
  next(skip?: ReadonlySet<string>): string | undefined {
    let best: readonly [owner: string, standing: Standing] | undefined;
    for (const candidate of this.#standings) {
      const [owner, { waiting, running }] = candidate;
      if (waiting <= 0 || running >= this.limits.maxRunningPerOwner || skip?.has(owner)) continue;
      if (best === undefined || isBefore(candidate[1], best[1])) best = candidate;
    }
    return best?.[0];
  }

  /** Charges an owner for one claim. Call before the counts change. */
  charge(owner: string): void {
    const standing = this.#standing(owner);
    this.#standings.pass = Math.max(this.#standings.pass, standing.pass);
    this.#standings.set(owner, { ...standing, pass: standing.pass + this.#stride(owner) });
  }

  /** Takes one charge back: the claim was given up before it ran. */
  refund(owner: string): void {
    const standing = this.#standings.get(owner);
    if (standing === undefined) return;
    this.#standings.set(owner, { ...standing, pass: standing.pass - this.#stride(owner) });
  }

  #standing(owner: string): Standing {
    const known = this.#standings.get(owner);
    if (known !== undefined) return known;
    this.#standings.came += 1;
    const standing = { waiting: 0, running: 0, pass: this.#firstPass(owner), came: this.#standings.came };
    this.#standings.set(owner, standing);
    return standing;
  }

  #firstPass(owner: string): number {
    return this.#standings.pass + this.#stride(owner);
  }

  #stride(owner: string): number {
    // An owner may be called `constructor`.
    const { weights } = this.limits;
    return 1 / (Object.hasOwn(weights, owner) ? (weights[owner] ?? 1) : 1);
  }

  /** An owner without work is dropped: there are as many as in the queue, not as in its history. */
  #keep(owner: string, standing: Standing): void {
    if (standing.waiting <= 0 && standing.running <= 0) this.#standings.delete(owner);
    else this.#standings.set(owner, standing);
  }
}

/** Whether the first one is served before the second. */
export function isBefore(a: Standing, b: Standing): boolean {
  return a.pass < b.pass || (a.pass === b.pass && a.came < b.came);
}
