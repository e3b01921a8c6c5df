/**
 * Chooses the owner to serve next, by stride scheduling. Each owner has a pass; the queue serves the eligible owner
 * with the lowest pass, and this pass grows by 1 / weight. An owner that comes back after a time without jobs starts
 * one stride behind the current pass: idling earns no credit, submitting one job at a time gains nothing over queueing
 * many, and a new owner waits for one round at most.
 *
 * The value is mutable and belongs to one driver, which keeps it in step with its queue.
 */

interface Standing {
  waiting: number;
  running: number;
  pass: number;
}

export interface FairnessLimits {
  /** Attempts of one owner that may run at once. */
  readonly maxRunningPerOwner: number;
  /** Shares by owner, above 0; an owner that is not named has 1. */
  readonly weights: Readonly<Record<string, number>>;
}

export class FairQueue {
  readonly #standings = new Map<string, Standing>();
  readonly #limits: FairnessLimits;
  #pass = 0;

  constructor(limits: FairnessLimits) {
    this.#limits = limits;
  }

  /** Counts what became ready to be claimed (or stopped being so, with a negative number). */
  addWaiting(owner: string, count: number): void {
    const standing = this.#standing(owner);
    // Also for an owner with a running attempt: the time without a queue earns no credit.
    if (standing.waiting <= 0 && count > 0) {
      standing.pass = Math.max(standing.pass, this.#pass + this.#stride(owner));
    }
    standing.waiting += count;
    this.#forgetIdle(owner, standing);
  }

  addRunning(owner: string, count: number): void {
    const standing = this.#standing(owner);
    standing.running += count;
    this.#forgetIdle(owner, standing);
  }

  waiting(owner: string): number {
    return this.#standings.get(owner)?.waiting ?? 0;
  }

  /**
   * The owner to serve next; undefined when no owner may be served. Ties go to the owner that was counted first.
   * @param skip owners that turned out to have nothing to claim in this round
   */
  next(skip?: ReadonlySet<string>): string | undefined {
    let best: string | undefined;
    let bestPass = Number.POSITIVE_INFINITY;
    for (const [owner, standing] of this.#standings) {
      if (standing.waiting <= 0 || standing.running >= this.#limits.maxRunningPerOwner) continue;
      if (standing.pass < bestPass && !skip?.has(owner)) {
        best = owner;
        bestPass = standing.pass;
      }
    }
    return best;
  }

  /** Charges an owner for one claim. Call before the counts change. */
  charge(owner: string): void {
    const standing = this.#standing(owner);
    this.#pass = Math.max(this.#pass, standing.pass);
    standing.pass += this.#stride(owner);
  }

  /** Takes one charge back: the claim was given up before it ran. */
  refund(owner: string): void {
    const standing = this.#standings.get(owner);
    if (standing !== undefined) standing.pass -= this.#stride(owner);
  }

  #standing(owner: string): Standing {
    let standing = this.#standings.get(owner);
    if (standing === undefined) {
      standing = { waiting: 0, running: 0, pass: this.#pass + this.#stride(owner) };
      this.#standings.set(owner, standing);
    }
    return standing;
  }

  #stride(owner: string): number {
    // An owner may be called `constructor`.
    const { weights } = this.#limits;
    return 1 / (Object.hasOwn(weights, owner) ? (weights[owner] ?? 1) : 1);
  }

  /** An owner without work is dropped: the map is as large as the queue, not as history. */
  #forgetIdle(owner: string, standing: Standing): void {
    if (standing.waiting <= 0 && standing.running <= 0) this.#standings.delete(owner);
  }
}
