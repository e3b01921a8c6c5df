import { isSmallBlob } from '../blobs.js';
import type { BlobReferenceTable } from '../embedded/tables.js';
import type { BlobViews } from '../embedded/views.js';
import { bytesOf, type Connection, type Statement } from './sql.js';

/** What holds which blobs, and the bytes of small ones. */
export class BlobReferenceRows implements BlobReferenceTable, BlobViews {
  readonly #add: Statement;
  readonly #remove: Statement;
  readonly #any: Statement;
  readonly #put: Statement;
  readonly #bytes: Statement;
  readonly #forget: Statement;

  constructor(connection: Connection) {
    this.#add = connection.prepare('INSERT OR IGNORE INTO blob_references (name, holder) VALUES (?, ?)');
    this.#remove = connection.prepare('DELETE FROM blob_references WHERE name = ? AND holder = ?');
    this.#any = connection.prepare('SELECT 1 FROM blob_references WHERE name = ? LIMIT 1');
    this.#put = connection.prepare('INSERT OR IGNORE INTO small_blobs (name, bytes) VALUES (?, ?)');
    this.#bytes = connection.prepare('SELECT bytes FROM small_blobs WHERE name = ?');
    this.#forget = connection.prepare('DELETE FROM small_blobs WHERE name = ?');
  }

  add(blob: string, holder: string): void {
    this.#add.run(blob, holder);
  }

  remove(blob: string, holder: string): void {
    this.#remove.run(blob, holder);
    if (isSmallBlob(blob) && !this.has(blob)) this.#forget.run(blob);
  }

  has(blob: string): boolean {
    return this.#any.one(blob) !== undefined;
  }

  put(blob: string, bytes: Uint8Array): void {
    this.#put.run(blob, bytes);
  }

  bytes(blob: string): Uint8Array | undefined {
    const row = this.#bytes.one(blob);
    return row && bytesOf(row[0]);
  }
}
