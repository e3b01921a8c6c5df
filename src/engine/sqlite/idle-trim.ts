import { statSync } from 'node:fs';
import { join } from 'node:path';
import { busyTimeoutMs, databaseFile } from './database.js';
import type { Connection } from './sql.js';

/** How long nothing was changed before the log of commits is cut, */
const idleMs = 10_000;
/** and what it may keep: less is not worth the syncs. */
const keptBytes = 1024 * 1024;

/**
 * Gives back the file of commits (the write-ahead log) once the store is idle: under load it grows to its bound beside a
 * database of whatever size, and nothing makes it smaller but a checkpoint that has the database for itself.
 */
export class IdleTrim {
  readonly #connection: Connection;
  readonly #path: string;
  readonly #now: () => number;
  /** Of the last change, or the last try since. */
  #changedAt: number;
  #due = true;

  /** @param now elapsed milliseconds */
  constructor(connection: Connection, directory: string, now: () => number = () => performance.now()) {
    this.#connection = connection;
    this.#path = join(directory, `${databaseFile}-wal`);
    this.#now = now;
    this.#changedAt = now();
  }

  /** Something was committed. */
  changed(): void {
    this.#changedAt = this.#now();
    this.#due = true;
  }

  /** To be called every now and then. Throws what the store throws; after as long again it tries once more. */
  look(): void {
    if (!this.#due || this.#now() - this.#changedAt < idleMs) return;
    this.#changedAt = this.#now();
    if ((statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0) <= keptBytes) {
      this.#due = false;
      return;
    }
    // Whoever reads at the moment (a backup) is not waited for: calls of the server would wait, too.
    this.#connection.pragma('busy_timeout = 0');
    try {
      const isBusy = this.#connection.pragma('wal_checkpoint(TRUNCATE)') !== 0;
      this.#due = isBusy;
    } finally {
      this.#connection.pragma(`busy_timeout = ${busyTimeoutMs}`);
    }
  }
}
