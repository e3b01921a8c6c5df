import { wordsOf } from '../../protocol/search.js';
import { type Connection, type Statement, textOf } from './sql.js';

/** Finds groups by the words of their names. A group is here for as long as it has jobs. */
export class GroupWords {
  readonly #add: Statement;
  readonly #remove: Statement;
  readonly #groups: Statement;

  constructor(connection: Connection) {
    this.#add = connection.prepare('INSERT OR IGNORE INTO group_words (owner, word, name) VALUES (?, ?, ?)');
    this.#remove = connection.prepare('DELETE FROM group_words WHERE owner = ? AND word = ? AND name = ?');
    this.#groups = connection.prepare(
      'SELECT DISTINCT name FROM group_words WHERE owner = ? AND word >= ? AND word < ? LIMIT ?',
    );
  }

  add(owner: string, name: string): void {
    for (const word of wordsOf(name)) this.#add.run(owner, word, name);
  }

  remove(owner: string, name: string): void {
    for (const word of wordsOf(name)) this.#remove.run(owner, word, name);
  }

  /** Groups with a word that begins so, at most `limit`. */
  groups(owner: string, start: string, limit: number): readonly string[] {
    // Names are of ASCII, in which nothing follows this character.
    return this.#groups.all(owner, start, `${start}\x7f`, limit).map(([name]) => textOf(name));
  }
}
