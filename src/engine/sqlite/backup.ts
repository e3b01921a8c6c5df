import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '../../jobs/transition.js';
import { firstLife } from '../../protocol/cursor.js';
import { isSmallBlob } from '../blobs.js';
import { versionOfHolder } from '../embedded/library.js';
import { type Embedded, embeddedOver } from '../embedded/store.js';
import { StoreFailed } from '../engine.js';
import { newLifeId } from '../lives.js';
import { databaseFile, openDatabase } from './database.js';
import { schemaVersion } from './migrations.js';
import { damagedSmallBlobs } from './small-blob-check.js';
import { Connection, integerOf, textOf } from './sql.js';
import { SqliteTables } from './sqlite-tables.js';

/** The database's part of a backup. Works on the calling thread, beside a server that may run. */

/** The state of the log that a copy of a database was taken from. */
export interface DatabaseState {
  readonly schema: number;
  readonly epoch: string;
  /** The life that wrote the last fact. */
  readonly life: string;
  /** Sequence of the last fact. */
  readonly last: number;
}

/** The schema that brought the table of lives. */
const schemaWithLives = 4;
const namesAtOnce = 1_000;
const busyTimeout = 'busy_timeout = 5000';

/**
 * Writes the database of a data directory, as of one moment, into an empty folder. It reads only: a server goes on
 * committing meanwhile, into its log of writes.
 */
export function copyDatabase(directory: string, folder: string): DatabaseState {
  const source = openSource(directory);
  try {
    const schema = integerOf(source.pragma('user_version'));
    if (schema === 0) throw new StoreFailed('no-database', `There is no database in ${directory}`);
    if (schema > schemaVersion) {
      throw new StoreFailed(
        'schema-too-new',
        `The database has schema ${schema}, this program knows ${schemaVersion}: it was used by a newer program`,
      );
    }
    source.prepare('VACUUM INTO ?').run(join(folder, databaseFile));
  } finally {
    source.close();
  }
  return stateOf(folder);
}

function openSource(directory: string): Connection {
  const path = join(directory, databaseFile);
  // Opening a missing database would create it.
  if (!existsSync(path)) throw new StoreFailed('no-database', `There is no database in ${directory}`);
  const source = new Connection(path);
  source.pragma(busyTimeout);
  return source;
}

export function stateOf(folder: string): DatabaseState {
  const copy = new Connection(join(folder, databaseFile));
  try {
    const schema = integerOf(copy.pragma('user_version'));
    const meta = copy.prepare('SELECT value FROM meta WHERE name = ?');
    const end = copy.prepare('SELECT max(seq) FROM facts').one()?.[0] ?? meta.one('trimmed_to')?.[0];
    const last = integerOf(end);
    const life =
      schema < schemaWithLives
        ? firstLife
        : copy.prepare('SELECT life FROM lives WHERE first <= ? ORDER BY first DESC LIMIT 1').one(last)?.[0];
    return { schema, epoch: textOf(meta.one('epoch')?.[0]), life: textOf(life), last };
  } finally {
    copy.close();
  }
}

/** The names of all files that the jobs and the library of a copy promise, each once. Small blobs lie in the copy. */
export function* blobsOf(folder: string): Generator<string> {
  const copy = new Connection(join(folder, databaseFile));
  try {
    const names = copy.prepare(
      'SELECT DISTINCT name FROM blob_references WHERE name > ? ORDER BY name LIMIT ?',
    );
    for (let after = ''; ; ) {
      const page = names.all(after, namesAtOnce).map(([name]) => textOf(name));
      yield* page.filter((name) => !isSmallBlob(name));
      const last = page.at(-1);
      if (last === undefined) return;
      after = last;
    }
  } finally {
    copy.close();
  }
}

/** The small blobs in a copy whose bytes are not those that were stored. */
export function* damagedIn(folder: string): Generator<string> {
  const copy = new Connection(join(folder, databaseFile));
  try {
    yield* damagedSmallBlobs(copy);
  } finally {
    copy.close();
  }
}

/** Of these blobs, those that jobs or the library of a data directory promise now. */
export function stillPromised(directory: string, blobs: readonly string[]): readonly string[] {
  const source = openSource(directory);
  try {
    const referred = source.prepare('SELECT 1 FROM blob_references WHERE name = ? LIMIT 1');
    return blobs.filter((blob) => referred.one(blob) !== undefined);
  } finally {
    source.close();
  }
}

/**
 * Repeats in a copy what the original did since: it expires jobs whose results are gone, deletes jobs whose input is
 * gone, and takes away versions of the library. The copy does so in a life of its own, since the original has other
 * facts under the same numbers. Afterwards the copy has this program's schema.
 * @returns the blobs that nothing in the copy holds any more. Undefined where the head of an entry has lost a blob: the
 *   original has a newer head, which no command can bring into the copy, and the copy has to be made anew.
 */
export function forgetBlobs(
  folder: string,
  blobs: readonly string[],
  now: number,
): readonly string[] | undefined {
  const copy = openDatabase(folder);
  try {
    const fairness = { maxRunningPerOwner: 1, weights: {} };
    const embedded = embeddedOver(new SqliteTables(copy), fairness, newLifeId(randomInt));
    const { ledger, queries } = embedded;
    const references = copy.prepare('SELECT holder FROM blob_references WHERE name = ?');
    const holdersOf = (blob: string) => references.all(blob).map(([holder]) => textOf(holder));
    const isHead = (holder: string): boolean => {
      const held = versionOfHolder(holder);
      return held !== undefined && queries.library.get(held.name)?.version === held.version;
    };
    if (blobs.some((blob) => holdersOf(blob).some(isHead))) return undefined;
    const jobs = copy.prepare('SELECT owner FROM jobs WHERE id = ?');
    const end = (holder: string, blob: string): readonly string[] => {
      const held = versionOfHolder(holder);
      if (held !== undefined) return ledger.library.forget(held.name, held.version);
      const row = jobs.one(holder);
      return row === undefined ? [] : endJob(embedded, holder, textOf(row[0]), blob, now);
    };
    copy.execute('BEGIN IMMEDIATE');
    const removed = blobs.flatMap((blob) => holdersOf(blob).flatMap((holder) => end(holder, blob)));
    copy.execute('COMMIT');
    // One file again, without a log of writes beside it.
    copy.pragma('journal_mode = DELETE');
    return [...new Set(removed)];
  } finally {
    copy.close();
  }
}

function endJob(
  { ledger, queries }: Embedded,
  id: string,
  owner: string,
  blob: string,
  now: number,
): readonly string[] {
  const job = queries.get(owner, id);
  if (job === undefined) return [];
  const isResult = ledger.hasArtifact(job, blob);
  const running = job.status === 'pending' || job.status === 'running';
  if (isResult && running) return ledger.forgetParts(id);
  const commands: readonly Command[] = isResult
    ? [{ type: 'expire' }]
    : [...(running ? [{ type: 'cancel' } as const] : []), { type: 'delete' }];
  return commands.flatMap((command) => {
    const outcome = ledger.apply(id, command, now);
    if (!outcome.ok) throw new Error(`${command.type} of ${id} was refused: ${outcome.refusal}`);
    return outcome.removed;
  });
}
