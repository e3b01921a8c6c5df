import type { OnceRow, OnceTable } from '../embedded/tables.js';
import type { OncePlace } from '../once.js';
import { type Connection, integerOf, type Statement, textOf } from './sql.js';

/** Values that wait to be taken. Triggers keep the usage of each owner: to count it costs a millisecond at the limit. */
export class OnceRows implements OnceTable {
  readonly #row: Statement;
  readonly #add: Statement;
  readonly #remove: Statement;
  readonly #usage: Statement;
  readonly #removeExpired: Statement;

  constructor(connection: Connection) {
    this.#row = connection.prepare(
      'SELECT owner, value, expires_at FROM once WHERE collection = ? AND key = ?',
    );
    this.#add = connection.prepare(
      'INSERT INTO once (collection, key, owner, value, length, expires_at) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#remove = connection.prepare('DELETE FROM once WHERE collection = ? AND key = ?');
    this.#usage = connection.prepare(
      'SELECT entries, length FROM once_usage WHERE owner = ? AND collection = ?',
    );
    this.#removeExpired = connection.prepare(
      `DELETE FROM once WHERE (collection, key) IN
       (SELECT collection, key FROM once INDEXED BY once_expiry WHERE expires_at <= ?
        ORDER BY expires_at, collection, key LIMIT ?)`,
    );
  }

  get({ collection, key }: OncePlace): OnceRow | undefined {
    const row = this.#row.one(collection, key);
    if (row === undefined) return undefined;
    const [owner, value, expiresAt] = row;
    return {
      collection,
      key,
      owner: textOf(owner),
      value: textOf(value),
      expiresAt: integerOf(expiresAt),
    };
  }

  add({ collection, key, owner, value, expiresAt }: OnceRow): void {
    // SQLite counts letters, the contract UTF-16 units.
    this.#add.run(collection, key, owner, value, value.length, expiresAt);
  }

  remove({ collection, key }: OncePlace): void {
    this.#remove.run(collection, key);
  }

  usage(owner: string, collection: string): { readonly entries: number; readonly length: number } {
    const [entries = 0, length = 0] = this.#usage.one(owner, collection) ?? [];
    return { entries: integerOf(entries), length: integerOf(length) };
  }

  removeExpired(by: number, limit: number): number {
    return this.#removeExpired.run(by, limit);
  }
}
