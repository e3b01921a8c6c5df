import type { BlobReferenceTable } from '../embedded/tables.js';
import type { Connection, Statement } from './sql.js';

/** What holds which blobs. */
export class BlobReferenceRows implements BlobReferenceTable {
  readonly #add: Statement;
  readonly #remove: Statement;
  readonly #any: Statement;

  constructor(connection: Connection) {
    this.#add = connection.prepare('INSERT OR IGNORE INTO blob_references (name, holder) VALUES (?, ?)');
    this.#remove = connection.prepare('DELETE FROM blob_references WHERE name = ? AND holder = ?');
    this.#any = connection.prepare('SELECT 1 FROM blob_references WHERE name = ? LIMIT 1');
  }

  add(blob: string, holder: string): void {
    this.#add.run(blob, holder);
  }

  remove(blob: string, holder: string): void {
    this.#remove.run(blob, holder);
  }

  has(blob: string): boolean {
    return this.#any.one(blob) !== undefined;
  }
}
