/** Owners that are remembered; one that was forgotten goes first, as if it had never had a turn. */
const maxRemembered = 1_000;

/** Whose turn it is: of those who wait, the one whose last turn is the longest ago. */
export class Turns {
  /** In the order of their last turns. */
  readonly #owners = new Map<string, number>();
  #count = 0;

  /** @param waiting in the order in which they came; undefined when nobody waits */
  next(waiting: Iterable<string>): string | undefined {
    let next: string | undefined;
    for (const owner of waiting) {
      if (next === undefined || this.#lastOf(owner) < this.#lastOf(next)) next = owner;
    }
    return next;
  }

  took(owner: string): void {
    this.#count += 1;
    this.#owners.delete(owner);
    this.#owners.set(owner, this.#count);
    const [oldest = owner] = this.#owners.keys();
    if (this.#owners.size > maxRemembered) this.#owners.delete(oldest);
  }

  #lastOf(owner: string): number {
    return this.#owners.get(owner) ?? 0;
  }
}
