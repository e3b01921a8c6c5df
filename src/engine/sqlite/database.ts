import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { StoreFailed } from '../engine.js';
import { migrate } from './migrations.js';
import { Connection } from './sql.js';

/** How long a statement waits for a commit of another process, such as `inkwire keys`. */
const busyTimeoutMs = 5_000;
const cacheKiB = 16 * 1024;
/** Only a net: the thread checkpoints earlier, between two batches. */
const autocheckpointPages = 16_384;
/** What the write-ahead log is cut to when it was reset; it grows past that under load. */
const journalSizeLimit = 64 * 1024 * 1024;

/** Opens the database of a directory, both made when they are not there. For a thread that may wait. */
export function openDatabase(directory: string): Connection {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const connection = new Connection(join(directory, 'inkwire.db'));
  try {
    connection.pragma(`busy_timeout = ${busyTimeoutMs}`);
    connection.pragma('journal_mode = WAL');
    // Each commit is on the disk before anybody hears of it.
    connection.pragma('synchronous = FULL');
    connection.pragma(`cache_size = -${cacheKiB}`);
    connection.pragma(`wal_autocheckpoint = ${autocheckpointPages}`);
    connection.pragma(`journal_size_limit = ${journalSizeLimit}`);
    migrate(connection);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Made by the first server in a directory, and left there. */
export const lockFile = 'lock.db';

/** LongWaits a directory for one server: a lock of the system, which ends with the process however it ends. */
export class DirectoryLock {
  readonly #connection: Connection;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#connection = new Connection(join(directory, lockFile));
    try {
      this.#connection.pragma('busy_timeout = 0');
      this.#connection.execute('BEGIN EXCLUSIVE');
    } catch (error) {
      this.#connection.close();
      const busy = error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY';
      if (!busy) throw error;
      throw new StoreFailed('directory-in-use', `Another server works in ${directory}`);
    }
  }

  release(): void {
    if (this.#connection.inTransaction) this.#connection.execute('ROLLBACK');
    this.#connection.close();
  }
}
