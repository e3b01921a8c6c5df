/**
 * Rate limits by GCRA (the generic cell rate algorithm): one number per caller, the time at which its allowance is
 * whole again. A caller may use the whole limit at once and then gets it back evenly.
 */

export interface RateRule {
  /** Requests in a period; at least 1. */
  readonly limit: number;
  readonly periodMs: number;
}

export interface RateVerdict {
  readonly allowed: boolean;
  /** Requests that may follow at once. */
  readonly remaining: number;
  /** Until the allowance is whole again. */
  readonly resetMs: number;
  /** Until one more request is allowed; 0 when it was. */
  readonly retryMs: number;
}

/** Mutable: belongs to one server. */
export class RateTable {
  readonly rule: RateRule;
  readonly #intervalMs: number;
  readonly #maxCallers: number;
  /** Least recently seen first. */
  readonly #fullAt = new Map<string, number>();

  /**
   * @param maxCallers past it the caller that was silent for longest is forgotten, and starts anew when it comes back
   */
  constructor(rule: RateRule, maxCallers: number) {
    this.rule = rule;
    this.#intervalMs = rule.periodMs / rule.limit;
    this.#maxCallers = maxCallers;
  }

  get callers(): number {
    return this.#fullAt.size;
  }

  /**
   * Counts one request, unless it is refused.
   * @param parts that share the limit, each of which has a table of its own: a request takes as much of each as that many
   *   would of a whole one. None gets less than one request in a period.
   */
  take(caller: string, now: number, parts = 1): RateVerdict {
    const known = this.#fullAt.get(caller);
    const fullAt = Math.max(known ?? now, now);
    const { periodMs, limit } = this.rule;
    const intervalMs = this.#intervalMs * Math.min(parts, limit);
    const next = fullAt + intervalMs;
    // A tolerance far below one request, so that rounding never costs one.
    const allowed = next - now <= periodMs + this.#intervalMs / 1000;
    const kept = allowed ? next : fullAt;
    if (known !== undefined) this.#fullAt.delete(caller);
    this.#fullAt.set(caller, kept);
    if (known === undefined) this.#shrink(now);
    return {
      allowed,
      remaining: Math.max(0, Math.floor((periodMs - (kept - now)) / intervalMs + 0.001)),
      resetMs: kept - now,
      retryMs: allowed ? 0 : next - now - periodMs,
    };
  }

  /**
   * Forgets at most two callers for each new one: those whose allowance is whole, then the one that was silent for
   * longest.
   */
  #shrink(now: number): void {
    let looked = 0;
    for (const [caller, fullAt] of this.#fullAt) {
      if (looked === 2 || (fullAt > now && this.#fullAt.size <= this.#maxCallers)) return;
      this.#fullAt.delete(caller);
      looked += 1;
    }
  }
}
