import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StoreFailed } from '../engine.js';
import type { Key } from '../keys.js';
import { DirectoryLock, lockFile, restoreFolder } from './database.js';
import { KeyRows } from './key-rows.js';
import { schemaVersion } from './migrations.js';
import { damagedSmallBlobs } from './small-blob-check.js';
import { Connection, integerOf, textOf } from './sql.js';

const toldOf = 20;

/** The result of looking into a data directory. */
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
      /**
       * The defects that SQLite finds; left out while a server works on the database, because it then does not look.
       */
      readonly defects?: readonly string[];
      /** Of small blobs that are damaged, some; looked for as `defects` are. */
      readonly damagedBlobs?: readonly string[];
      /** Undefined for a schema that is newer than this program. */
      readonly keys?: readonly Key[];
    };

/**
 * Looks into a data directory without changing its data, also while a server runs on it. Takes as long as reading the
 * database does. Throws SQLite's error for a file that is no database.
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
    const whole = readable && (defects ?? []).length === 0;
    const damagedBlobs = whole && !inUse ? someOf(damagedSmallBlobs(connection)) : [];
    return {
      state: 'database',
      inUse,
      schema,
      knownSchema: schemaVersion,
      ...(defects === undefined ? {} : { defects }),
      ...(damagedBlobs.length === 0 ? {} : { damagedBlobs }),
      ...(whole ? { keys: new KeyRows(connection).list() } : {}),
    };
  } finally {
    connection.close();
  }
}

function someOf(names: Iterable<string>): readonly string[] {
  const some: string[] = [];
  for (const name of names) {
    some.push(name);
    if (some.length >= toldOf) break;
  }
  return some;
}

/** Whether a server works in the directory now. */
export function isInUse(directory: string): boolean {
  // Trying a lock creates its file; a directory without one has had no server.
  if (!existsSync(join(directory, lockFile))) return false;
  try {
    new DirectoryLock(directory).release();
    return false;
  } catch (error) {
    if (error instanceof StoreFailed && error.code === 'directory-in-use') return true;
    throw error;
  }
}
