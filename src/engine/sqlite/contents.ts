import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { jobStatuses } from '../../protocol/job-record.js';
import type { Contents } from '../embedded/contents.js';
import { emptyGroup } from '../embedded/tables.js';
import { StoreFailed } from '../engine.js';
import { DirectoryLock, databaseFile, openDatabase } from './database.js';
import { KeyRows } from './key-rows.js';
import { bytesOf, type Connection, integerOf, type Row, textOf } from './sql.js';
import { SqliteTables } from './sqlite-tables.js';

const pageRows = 500;
const pageFacts = 1_000;

/**
 * Everything that a data directory holds, which no server may use meanwhile. Brings an older database to the schema of
 * this program, as a start does. Works on the calling thread.
 */
export async function withContents<T>(
  directory: string,
  use: (contents: Contents) => Promise<T>,
): Promise<T> {
  if (!existsSync(join(directory, databaseFile))) {
    throw new StoreFailed('no-database', `There is no database in ${directory}`);
  }
  const lock = new DirectoryLock(directory);
  try {
    const connection = openDatabase(directory);
    try {
      return await use(contentsOf(connection));
    } finally {
      connection.close();
    }
  } finally {
    lock.release();
  }
}

function contentsOf(connection: Connection): Contents {
  const tables = new SqliteTables(connection);
  const { log } = tables;
  const all = (table: string, order: string): Iterable<Row> => rowsOf(connection, table, order);
  return {
    epoch: log.epoch,
    lives: log.lives,
    last: log.last,
    trimmedTo: log.trimmedTo,
    settings: tables.settings.get(),
    jobs: each(all('jobs', 'n'), (row) => {
      const stored = tables.jobs.get(textOf(row[1]));
      if (stored === undefined) throw new Error('A job went while it was read');
      return { ...stored, key: row[12] === null ? undefined : textOf(row[12]) };
    }),
    inputs: each(all('jobs', 'n'), (row) => {
      const jobId = textOf(row[1]);
      const input = tables.inputs.get(jobId);
      if (input === undefined) throw new Error(`The input of ${jobId} is not there`);
      return { jobId, input };
    }),
    parts: each(all('parts', 'job, place'), ([job, place, , part]) => ({
      jobId: textOf(job),
      place: integerOf(place),
      part: JSON.parse(textOf(part)),
    })),
    idempotency: each(all('idempotency', 'owner, key'), ([owner, key, fingerprint, job, seq, expiresAt]) => ({
      owner: textOf(owner),
      key: textOf(key),
      fingerprint: textOf(fingerprint),
      jobId: textOf(job),
      seq: integerOf(seq),
      expiresAt: integerOf(expiresAt),
    })),
    groups: each(all('groups', 'owner, name'), groupOf),
    facts: factsOf(tables),
    references: each(all('blob_references', 'name, holder'), ([name, holder]) => ({
      blob: textOf(name),
      holder: textOf(holder),
    })),
    smallBlobs: each(all('small_blobs', 'n'), ([, name, bytes]) => ({
      name: textOf(name),
      bytes: bytesOf(bytes),
    })),
    entries: each(all('library_entries', 'collection, owner, name'), ([collection, owner, name]) => {
      const of = { collection: textOf(collection), owner: textOf(owner), name: textOf(name) };
      const entry = tables.library.entry(of);
      if (entry === undefined) throw new Error('An entry went while it was read');
      return entry;
    }),
    versions: each(all('library_versions', 'n'), ([, collection, owner, name, version]) => {
      const of = { collection: textOf(collection), owner: textOf(owner), name: textOf(name) };
      const found = tables.library.version(of, integerOf(version));
      if (found === undefined) throw new Error('A version went while it was read');
      return found;
    }),
    once: each(all('once', 'collection, key'), ([collection, key]) => {
      const row = tables.once.get({ collection: textOf(collection), key: textOf(key) });
      if (row === undefined) throw new Error('A value went while it was read');
      return row;
    }),
    endpoints: each(all('endpoints', 'change'), ([, owner, id]) => {
      const endpoint = tables.endpoints.get({ owner: textOf(owner), id: textOf(id) });
      if (endpoint === undefined) throw new Error('An endpoint went while it was read');
      return endpoint;
    }),
    deliveries: each(all('deliveries', 'n'), ([, owner, endpoint, id]) => {
      const place = { owner: textOf(owner), id: textOf(endpoint) };
      const delivery = tables.endpoints.delivery(place, textOf(id));
      if (delivery === undefined) throw new Error('A delivery went while it was read');
      return { owner: place.owner, endpoint: place.id, delivery };
    }),
    keys: new KeyRows(connection).list(),
  };
}

function* each<T>(rows: Iterable<Row>, make: (row: Row) => T): Generator<T> {
  for (const row of rows) yield make(row);
}

/** Pages by their place: nobody else changes the table meanwhile. */
function* rowsOf(connection: Connection, table: string, order: string): Generator<Row> {
  const page = connection.prepare(`SELECT * FROM ${table} ORDER BY ${order} LIMIT ${pageRows} OFFSET ?`);
  for (let from = 0; ; from += pageRows) {
    const rows = page.all(from);
    yield* rows;
    if (rows.length < pageRows) return;
  }
}

function* factsOf({
  log,
}: SqliteTables): Generator<ReturnType<SqliteTables['log']['every']>['facts'][number]> {
  for (let after = 0; ; ) {
    const { facts, reached } = log.every(after, pageFacts);
    if (facts.length === 0) return;
    yield* facts;
    after = reached;
  }
}

function groupOf([owner, name, ...numbers]: Row) {
  const counts = numbers.map(integerOf);
  const record = { ...emptyGroup(textOf(name)) };
  for (const [at, status] of jobStatuses.entries()) record[status] = counts[at] ?? 0;
  const jobs = jobStatuses.reduce((sum, status) => sum + record[status], 0);
  // The place came with a later migration: it is the last column.
  return { owner: textOf(owner), record: { ...record, jobs }, place: counts.at(-1) ?? 0 };
}
