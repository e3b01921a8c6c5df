import { createHash, randomInt } from 'node:crypto';
import pg from 'pg';
import type { FactMark } from '../fanout.js';
import { newLifeId } from '../lives.js';
import {
  connectionOf,
  type Database,
  failureOf,
  readerManners,
  type Way,
  withClient,
  within,
} from './connection.js';
import { migrate } from './migrations.js';

/** The schema of a service that names none. */
export const standardSchema = 'inkwire';

/** A pooler that many use may give a connection what it had before: it is tried so often. */
const tries = 20;
/** A pooler whose connections are all in use answers later. */
const turnMs = 2_000;

/**
 * Whether a connection reaches one process of the server for as long as it lasts. Nothing is set to find out: behind a
 * pooler of transactions it would stay with one of its connections, which others use next.
 */
export async function isWhole(database: Database): Promise<boolean> {
  const [one, other] = [new pg.Client(connectionOf(database)), new pg.Client(connectionOf(database))];
  let named: number | undefined;
  one.connection.once('backendKeyData', ({ processID }) => {
    named = processID;
  });
  try {
    for (const client of [one, other]) {
      client.on('error', () => undefined);
      await client.connect();
    }
    for (let n = 0; n < tries; n += 1) {
      // A pooler gives what was used last to the next transaction: the other one's, which holds it.
      const own = await backendOf(one);
      const held = await within(other, 2 * turnMs, async () => {
        await other.query('BEGIN');
        return backendOf(other);
      });
      const late = new Promise<undefined>((resolve) => setTimeout(resolve, turnMs, undefined).unref());
      const next = await Promise.race([backendOf(one), late]);
      await other.query('COMMIT');
      if (held === own || next !== own) return false;
      // The server itself says at the beginning which process this is; a pooler says a number of its own.
      if (own === named) return true;
    }
    return true;
  } finally {
    for (const client of [one, other]) await client.end().catch(() => undefined);
  }
}

async function backendOf(client: pg.Client): Promise<number | undefined> {
  return (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid;
}

/** Makes the tables, forgets the batches of nodes that are long gone, and finds out how they are reached. */
export async function prepareService(database: Database): Promise<Way> {
  const unknown = { ...database, isWhole: false };
  try {
    await withClient(unknown, async (client) => {
      await migrate(client, database.schema);
      const forget = `DELETE FROM nodes WHERE at < now() - interval '1 day'`;
      await client.query(`${readerManners(unknown).begin}; ${forget}; COMMIT`);
    });
    return { ...database, isWhole: await isWhole(database) };
  } catch (error) {
    throw failureOf(error);
  }
}

/** Another life of the log begins. In a transaction, before anything is written in it. */
export async function beginLife(client: pg.Client, database: Database): Promise<void> {
  await client.query(`SELECT pg_advisory_xact_lock(${lockOf(database, 'commits')})`);
  await client.query('UPDATE head SET life = $1', [newLifeId(randomInt)]);
}

/**
 * Whether the log still has a fact that was told, by its content: a server that follows another one may have taken over
 * without the last commits, and given their numbers to others. Where it has not, another life of the log begins
 * before this node writes anything, so that places past the end of the former one are known to be none.
 */
export async function hasHistory(client: pg.Client, way: Way, told: FactMark | undefined): Promise<boolean> {
  if (told === undefined) return true;
  await client.query(`${readerManners(way).begin}; SELECT pg_advisory_xact_lock(${lockOf(way, 'commits')})`);
  try {
    const { rows } = await client.query<{ trimmed: boolean; kept: boolean; life: string }>(
      `SELECT life, trimmed_to >= $1 AND last >= $1 AS trimmed,
       EXISTS (SELECT FROM facts WHERE seq = $1 AND job = $2 AND rev = $3
         AND encode(sha256(convert_to(record, 'UTF8')), 'base64') = $4) AS kept FROM head`,
      [told.seq, told.jobId, told.rev, told.digest],
    );
    const [found] = rows;
    if (found === undefined || found.trimmed || found.kept) return true;
    await client.query('UPDATE head SET life = $1', [newLifeId(randomInt)]);
    return false;
  } finally {
    await client.query('COMMIT');
  }
}

/** A lock of a service: under one all nodes write, of the others each holds its share while it is there. */
export function lockOf({ schema }: Database, name: 'commits' | 'presence' | 'gateways'): string {
  const digest = createHash('sha256').update(`inkwire ${schema} ${name}`).digest();
  // Locks have numbers of 64 bits.
  return String(digest.readBigInt64BE());
}
