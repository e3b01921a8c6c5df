import type { Key } from '../keys.js';
import { type Connection, type Statement, textOf } from './sql.js';

/** API keys: few, and read whole. */
export class KeyRows {
  readonly #put: Statement;
  readonly #list: Statement;

  constructor(connection: Connection) {
    this.#put = connection.prepare('INSERT OR REPLACE INTO keys (kid, key) VALUES (?, ?)');
    this.#list = connection.prepare('SELECT key FROM keys ORDER BY kid');
  }

  put(key: Key): void {
    this.#put.run(key.kid, JSON.stringify(key));
  }

  list(): readonly Key[] {
    // Only `put` writes the text.
    return this.#list.all().map(([key]): Key => JSON.parse(textOf(key)));
  }
}
