/** Items in order, by binary search. Two items that compare equal are the same item. */
export class SortedList<T> {
  readonly #compare: (a: T, b: T) => number;
  readonly #items: T[] = [];

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  get size(): number {
    return this.#items.length;
  }

  add(item: T): void {
    this.#items.splice(this.#indexOf(item), 0, item);
  }

  remove(item: T): void {
    const index = this.#indexOf(item);
    const found = this.#items[index];
    if (found !== undefined && this.#compare(found, item) === 0) this.#items.splice(index, 1);
  }

  /** From the first item on, in order. Not valid any more after a change. */
  *[Symbol.iterator](): IterableIterator<T> {
    yield* this.#items;
  }

  /** Items before this one, the nearest first; all from the last on when undefined. */
  *before(item: T | undefined): IterableIterator<T> {
    const end = item === undefined ? this.#items.length : this.#indexOf(item);
    for (const found of this.#items.slice(0, end).reverse()) yield found;
  }

  /** The index of the first item that is not before this one. */
  #indexOf(item: T): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const found = this.#items[middle];
      if (found !== undefined && this.#compare(found, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
