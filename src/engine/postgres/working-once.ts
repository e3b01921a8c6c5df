import { byBytes } from '../embedded/order.js';
import type { OnceRow, OnceTable } from '../embedded/tables.js';
import type { OncePlace } from '../once.js';
import type { Known } from './known.js';
import { onceShape } from './other-shapes.js';
import { type Range, Rows } from './rows.js';
import type { Usage } from './usage.js';

const expired: Range<OnceRow> = {
  name: 'expired',
  where: 'true',
  bound: 'expires_at',
  order: 'expires_at, collection, key',
  matches: () => true,
  boundOf: ({ expiresAt }) => expiresAt,
  compare: (a, b) =>
    a.expiresAt - b.expiresAt || byBytes(a.collection, b.collection) || byBytes(a.key, b.key),
};

/** Values that wait to be taken, as a batch sees them. */
export class WorkingOnce implements OnceTable {
  readonly rows: Rows<OnceRow>;
  readonly #usage: Usage;

  constructor({ once }: Known, usage: Usage) {
    this.rows = new Rows(onceShape, once);
    this.#usage = usage;
  }

  get({ collection, key }: OncePlace): OnceRow | undefined {
    return this.rows.get(collection, key);
  }

  add(row: OnceRow): void {
    if (this.rows.isAtHand(row.collection, row.key)) throw new Error(`A value waits under ${row.key}`);
    this.rows.put(row);
    this.#usage.add('once', row.owner, row.collection, 1, row.value.length);
  }

  remove(place: OncePlace): void {
    const row = this.get(place);
    if (row === undefined) return;
    this.rows.remove(row.collection, row.key);
    this.#usage.add('once', row.owner, row.collection, -1, -row.value.length);
  }

  usage(owner: string, collection: string): { readonly entries: number; readonly length: number } {
    return this.#usage.of('once', owner, collection);
  }

  removeExpired(by: number, limit: number): number {
    const gone = this.rows.range(expired, [], limit, by) ?? [];
    for (const row of gone) this.remove(row);
    return gone.length;
  }
}
