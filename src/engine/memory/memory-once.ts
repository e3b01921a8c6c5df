import { byBytes } from '../embedded/order.js';
import type { OnceRow, OnceTable } from '../embedded/tables.js';
import type { OncePlace } from '../once.js';

interface Usage {
  readonly entries: number;
  readonly length: number;
}

const nothing: Usage = { entries: 0, length: 0 };

/** Values that wait to be taken, in memory. */
export class MemoryOnce implements OnceTable {
  readonly #rows = new Map<string, OnceRow>();
  readonly #usage = new Map<string, Usage>();

  get(place: OncePlace): OnceRow | undefined {
    return this.#rows.get(keyOf(place));
  }

  add(row: OnceRow): void {
    if (this.#rows.has(keyOf(row))) throw new Error(`A value waits under ${keyOf(row)}`);
    this.#rows.set(keyOf(row), row);
    this.#count(row, 1);
  }

  remove(place: OncePlace): void {
    const row = this.get(place);
    if (row === undefined) return;
    this.#rows.delete(keyOf(place));
    this.#count(row, -1);
  }

  usage(owner: string, collection: string): Usage {
    return this.#usage.get(JSON.stringify([owner, collection])) ?? nothing;
  }

  removeExpired(by: number, limit: number): number {
    const expired = [...this.#rows.values()]
      .filter(({ expiresAt }) => expiresAt <= by)
      .sort(
        (a, b) => a.expiresAt - b.expiresAt || byBytes(a.collection, b.collection) || byBytes(a.key, b.key),
      )
      .slice(0, limit);
    for (const row of expired) this.remove(row);
    return expired.length;
  }

  #count({ owner, collection, value }: OnceRow, sign: 1 | -1): void {
    const { entries, length } = this.usage(owner, collection);
    const key = JSON.stringify([owner, collection]);
    if (entries + sign === 0) this.#usage.delete(key);
    else this.#usage.set(key, { entries: entries + sign, length: length + sign * value.length });
  }
}

function keyOf({ collection, key }: OncePlace): string {
  return JSON.stringify([collection, key]);
}
