/**
 * Who is served next: stride scheduling over owners. Each owner has a pass; the eligible owner with the lowest pass is
 * served and its pass grows by 1 / weight. An owner who comes back after having had nothing to do starts one stride
 * behind the current pass: idling saves nothing up, handing in one job at a time gains nothing over those who queue,
 * and a newcomer waits for one round at most.
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
  /** Shares by owner, above 0; who is not named has 1. */
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
    // Also one who kept an attempt running comes back here: the time without a queue is no credit.
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
   * The owner to serve next, or undefined when nobody may be served. Ties go to who came first.
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
