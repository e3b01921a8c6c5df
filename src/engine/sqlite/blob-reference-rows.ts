import type { BlobReferenceTable } from '../embedded/tables.js';
import type { Connection, Statement } from './sql.js';

/** Which jobs refer to which blobs. */
export class BlobReferenceRows implements BlobReferenceTable {
  readonly #add: Statement;
  readonly #remove: Statement;
  readonly #any: Statement;

  constructor(connection: Connection) {
    this.#add = connection.prepare('INSERT OR IGNORE INTO blob_references (name, job) VALUES (?, ?)');
    this.#remove = connection.prepare('DELETE FROM blob_references WHERE name = ? AND job = ?');
    this.#any = connection.prepare('SELECT 1 FROM blob_references WHERE name = ? LIMIT 1');
  }

  add(blob: string, jobId: string): void {
    this.#add.run(blob, jobId);
  }

  remove(blob: string, jobId: string): void {
    this.#remove.run(blob, jobId);
  }

  has(blob: string): boolean {
    return this.#any.one(blob) !== undefined;
  }
}
