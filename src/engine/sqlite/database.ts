import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeMissing } from '../directory-sync.js';
import { StoreFailed } from '../engine.js';
import { migrate } from './migrations.js';
import { Connection } from './sql.js';

/** How long a statement waits for a commit of another process, such as `inkwire keys`. */
export const busyTimeoutMs = 5_000;
const busyPauseMs = 5;
/** Of pages: commits and readings cost no more than with twice as much, beside 150,000 jobs; with half of it a commit costs a tenth more. */
const cacheKiB = 8 * 1024;
/** Only a net: the thread checkpoints earlier, between two batches. */
const autocheckpointPages = 16_384;
/** Bytes that the write-ahead log is cut to when it was reset; it grows past that under load. */
const journalSizeLimit = 64 * 1024 * 1024;

/**
 * The settings that put each commit on the disk before the store answers or sends a hint. On macOS a sync leaves the
 * bytes in the cache of the drive unless `fullfsync` is set, as Node does for files.
 */
export function durabilityOn(platform: NodeJS.Platform): readonly string[] {
  const whole = platform === 'darwin' ? ['fullfsync = ON', 'checkpoint_fullfsync = ON'] : [];
  return ['journal_mode = WAL', 'synchronous = FULL', ...whole];
}

export const databaseFile = 'inkwire.db';
/**
 * Holds the files of a restore before it moves them into place. While this folder exists, the files beside it may be
 * incomplete.
 */
export const restoreFolder = 'restore.part';

/**
 * A file changes to its write-ahead log at once or not at all: SQLite asks no busy timeout there. Two processes that
 * begin a directory together would otherwise fail one of them.
 */
function setWhenFree(connection: Connection, pragma: string): void {
  const until = performance.now() + busyTimeoutMs;
  for (;;) {
    try {
      connection.pragma(pragma);
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() > until) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, busyPauseMs);
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY';
}

/** Opens the database of a directory, both made when they are not there. For a thread that may wait. */
export function openDatabase(directory: string, platform: NodeJS.Platform = process.platform): Connection {
  makeMissing(directory, 0o700);
  if (existsSync(join(directory, restoreFolder))) {
    throw new StoreFailed('restore-unfinished', `A restore into ${directory} was not finished`);
  }
  const connection = new Connection(join(directory, databaseFile));
  try {
    connection.pragma(`busy_timeout = ${busyTimeoutMs}`);
    for (const pragma of durabilityOn(platform)) setWhenFree(connection, pragma);
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

/** Holds a directory for one server: a lock of the system, which ends with the process however it ends. */
export class DirectoryLock {
  readonly #connection: Connection;

  constructor(directory: string) {
    makeMissing(directory, 0o700);
    this.#connection = new Connection(join(directory, lockFile));
    try {
      this.#connection.pragma('busy_timeout = 0');
      this.#connection.execute('BEGIN EXCLUSIVE');
    } catch (error) {
      this.#connection.close();
      if (!isBusy(error)) throw error;
      throw new StoreFailed('directory-in-use', `Another server works in ${directory}`);
    }
  }

  release(): void {
    if (this.#connection.inTransaction) this.#connection.execute('ROLLBACK');
    this.#connection.close();
  }
}
