/** Amounts of whatever a budget counts: bytes, places, topics. */
export interface ShareBounds {
  /** Of all owners together. */
  readonly total: number;
  /** Of one owner. Left out, an owner may take the whole budget as long as nobody else asks for any. */
  readonly perOwner?: number;
}

/**
 * - `taken`
 * - `share`: the owner has as much as one may have.
 * - `total`: all of it is taken, and nobody who has more than the owner would have can give way.
 */
export type Taken = 'taken' | 'share' | 'total';

interface OwnerShare<Holder> {
  amount: number;
  /** By holder, the newest last. */
  readonly yielding: Map<Holder, number>;
  readonly kept: Map<Holder, number>;
}

/**
 * A budget that owners share. Whoever asks while all of it is taken gets a part of what the owner with the most has, as
 * long as that is more than the asking owner's own: of that owner, the largest holder gives way (the newest of several), and so
 * on. So an owner alone may use the whole budget, and however much of it one owner holds, none of the others is
 * refused for it.
 * @typeParam Holder what has a part of the budget (a request, a subscription), compared by identity
 */
export class Shares<Holder> {
  readonly #bounds: ShareBounds;
  readonly #giveWay: (holder: Holder) => void;
  readonly #owners = new Map<string, OwnerShare<Holder>>();
  #held = 0;
  #refused = 0;
  #gaveWay = 0;

  /**
   * @param giveWay called in the step in which a holder has lost its part to another owner. Must not throw; may call
   *   `leave`.
   */
  constructor(bounds: ShareBounds, giveWay: (holder: Holder) => void) {
    this.#bounds = bounds;
    this.#giveWay = giveWay;
  }

  /** What all owners hold. */
  get held(): number {
    return this.#held;
  }

  /** How often `take` has refused. */
  get refused(): number {
    return this.#refused;
  }

  /** Holders that have given way. */
  get gaveWay(): number {
    return this.#gaveWay;
  }

  heldBy(owner: string): number {
    return this.#owners.get(owner)?.amount ?? 0;
  }

  /** Gives a holder `amount` more, or nothing. */
  take(owner: string, holder: Holder, amount = 1): Taken {
    const taken = this.#room(this.heldBy(owner) + amount, amount);
    if (taken === 'taken') this.#add(owner, holder, amount);
    else this.#refused += 1;
    return taken;
  }

  /** Whether `take` would refuse; counted as if it had. */
  refuses(owner: string, amount = 1): boolean {
    const own = this.heldBy(owner) + amount;
    const { total, perOwner = total } = this.#bounds;
    const isFull = this.#held + amount > total && this.#largest(own) === undefined;
    const refuses = own > perOwner || own > total || isFull;
    if (refuses) this.#refused += 1;
    return refuses;
  }

  /** From now on the holder gives way to nobody: its work could not be undone. It may not take more. */
  keep(owner: string, holder: Holder): void {
    const share = this.#owners.get(owner);
    const amount = share?.yielding.get(holder);
    if (share === undefined || amount === undefined) return;
    share.yielding.delete(holder);
    share.kept.set(holder, amount);
  }

  /** Gives back everything that a holder has. Safe twice. */
  leave(owner: string, holder: Holder): void {
    const share = this.#owners.get(owner);
    const amount = share?.yielding.get(holder) ?? share?.kept.get(holder);
    if (share === undefined || amount === undefined) return;
    share.yielding.delete(holder);
    share.kept.delete(holder);
    share.amount -= amount;
    this.#held -= amount;
    if (share.yielding.size + share.kept.size === 0) this.#owners.delete(owner);
  }

  /** @param own what the owner would have */
  #room(own: number, amount: number): Taken {
    const { total, perOwner = total } = this.#bounds;
    if (own > perOwner || own > total) return 'share';
    while (this.#held + amount > total) {
      const owner = this.#largest(own);
      const holder = owner === undefined ? undefined : this.#first(owner);
      if (owner === undefined || holder === undefined) return 'total';
      this.leave(owner, holder);
      this.#gaveWay += 1;
      this.#giveWay(holder);
    }
    return 'taken';
  }

  /** The owner with the most, of those who have more than `own` and a holder that can give way. */
  #largest(own: number): string | undefined {
    let largest: string | undefined;
    let most = own;
    for (const [owner, { amount, yielding }] of this.#owners) {
      if (amount <= most || yielding.size === 0) continue;
      largest = owner;
      most = amount;
    }
    return largest;
  }

  /** Of an owner, the holder that gives way first. */
  #first(owner: string): Holder | undefined {
    let first: Holder | undefined;
    let most = 0;
    for (const [holder, amount] of this.#owners.get(owner)?.yielding ?? []) {
      if (amount < most) continue;
      first = holder;
      most = amount;
    }
    return first;
  }

  #add(owner: string, holder: Holder, amount: number): void {
    const share = this.#owners.get(owner) ?? { amount: 0, yielding: new Map(), kept: new Map() };
    this.#owners.set(owner, share);
    share.amount += amount;
    share.yielding.set(holder, (share.yielding.get(holder) ?? 0) + amount);
    this.#held += amount;
  }
}
