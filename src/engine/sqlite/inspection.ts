import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Key, StoreFailed } from '../engine.js';
import { DirectoryLock, lockFile, restoreFolder } from './database.js';
import { KeyRows } from './key-rows.js';
import { schemaVersion } from './migrations.js';
import { Connection, integerOf, textOf } from './sql.js';

/** What a look into a data directory finds. */
export type Inspection =
  /** No server has worked here yet. */
  | { readonly state: 'empty' }
  | {
      readonly state: 'database';
      /** A server works on it now. */
      readonly inUse: boolean;
      readonly schema: number;
      /** The newest schema that this program knows. */
      readonly knownSchema: number;
      /** What SQLite finds wrong; left out where it did not look, because a server works on it. */
      readonly defects?: readonly string[];
      /** Undefined for a schema that is newer than this program. */
      readonly keys?: readonly Key[];
    };

/**
 * Looks into a data directory without changing what it holds, beside a server that may run on it. Takes as long as
 * reading the database does. Throws what SQLite says of a file that is no database.
 */
export function inspectDirectory(directory: string): Inspection {
  if (existsSync(join(directory, restoreFolder))) {
    throw new StoreFailed(
      'restore-unfinished',
      `a restore into ${directory} was not finished: run it once more`,
    );
  }
  const path = join(directory, 'inkwire.db');
  if (!existsSync(path)) return { state: 'empty' };
  const inUse = isInUse(directory);
  const connection = new Connection(path);
  try {
    connection.pragma('busy_timeout = 2000');
    const schema = integerOf(connection.pragma('user_version'));
    const defects = inUse
      ? undefined
      : connection
          .prepare('PRAGMA quick_check(20)')
          .all()
          .map(([line]) => textOf(line))
          .filter((line) => line !== 'ok');
    const readable = schema > 0 && schema <= schemaVersion;
    return {
      state: 'database',
      inUse,
      schema,
      knownSchema: schemaVersion,
      ...(defects === undefined ? {} : { defects }),
      ...(readable && (defects ?? []).length === 0 ? { keys: new KeyRows(connection).list() } : {}),
    };
  } finally {
    connection.close();
  }
}

function isInUse(directory: string): boolean {
  // To try a lock that nobody has made would make it.
  if (!existsSync(join(directory, lockFile))) return false;
  try {
    new DirectoryLock(directory).release();
    return false;
  } catch (error) {
    if (error instanceof StoreFailed && error.code === 'directory-in-use') return true;
    throw error;
  }
}
