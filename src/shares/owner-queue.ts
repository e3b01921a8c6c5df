/** What waits, owner by owner: each has one taken in turn, and those of an owner keep the order in which they came. */
export class OwnerQueue<Item extends object> {
  /** The owner whose turn is next first. */
  readonly #waiting = new Map<string, Item[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(owner: string): boolean {
    return this.#waiting.has(owner);
  }

  push(owner: string, item: Item): void {
    const own = this.#waiting.get(owner);
    if (own === undefined) this.#waiting.set(owner, [item]);
    else own.push(item);
    this.#size += 1;
  }

  /** Takes the next one; undefined when nobody waits. */
  take(): { readonly owner: string; readonly item: Item } | undefined {
    for (const [owner, own] of this.#waiting) {
      const item = own.shift();
      this.#waiting.delete(owner);
      if (own.length > 0) this.#waiting.set(owner, own);
      this.#size -= 1;
      return item === undefined ? undefined : { owner, item };
    }
    return undefined;
  }
}
