import type { Config } from './config.js';
import type { Commit, Engine } from './engine/engine.js';
import { openSqliteEngine } from './engine/sqlite/sqlite-engine.js';
import { settingsOf } from './service-settings.js';

export interface StorageParts {
  /** The compiled thread of the embedded store. */
  readonly threadEntry: URL;
  readonly clock: () => number;
  readonly onCommit: (commit: Commit) => void;
}

/** Why these options cannot go together, for the operator; undefined when they can. */
export function storageRefusal({
  databaseUrl,
  blobsDir,
  role,
}: Pick<Config, 'databaseUrl' | 'blobsDir' | 'role'>): string | undefined {
  if (databaseUrl === '') {
    if (role !== 'all')
      return 'INKWIRE_ROLE needs INKWIRE_DATABASE_URL: without it there is one process, which does all.';
    if (blobsDir !== '')
      return 'INKWIRE_BLOBS needs INKWIRE_DATABASE_URL: without it files lie in INKWIRE_DATA_DIR.';
    return undefined;
  }
  if (blobsDir === '') return 'INKWIRE_DATABASE_URL needs INKWIRE_BLOBS: a directory that all nodes share.';
  return undefined;
}

/** Opens the engine that is asked for. What PostgreSQL needs is loaded only then. */
export async function openStorage(config: Config, parts: StorageParts): Promise<Engine> {
  const { threadEntry, clock, onCommit } = parts;
  const { fairness } = settingsOf(config);
  if (config.databaseUrl !== '') {
    const { openPostgresEngine } = await import('./engine/postgres/postgres-engine.js');
    const { databaseUrl: url, blobsDir: blobs } = config;
    return openPostgresEngine({ url, blobs, fairness, localClock: clock, onCommit });
  }
  return openSqliteEngine({ directory: config.dataDir, threadEntry, fairness, clock, onCommit });
}
