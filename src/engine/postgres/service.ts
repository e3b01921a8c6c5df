import { createHash, randomInt } from 'node:crypto';
import pg from 'pg';
import { StoreFailed } from '../engine.js';
import type { FactMark } from '../fanout.js';
import { newLifeId } from '../lives.js';
import { connectionOf, type Database, failureOf, open, settingsOf } from './connection.js';
import { migrate } from './migrations.js';

/** The schema of a service that names none. */
export const standardSchema = 'inkwire';

/**
 * Whether all that is asked over a connection reaches one process of the server. With a pooler of transactions it does not:
 * neither what was set, nor locks of a session, nor messages would come through.
 */
export async function isWhole(client: pg.Client, database: Database): Promise<boolean> {
  const backendOf = async (): Promise<number | undefined> =>
    (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid;
  const backend = await backendOf();
  const other = new pg.Client(connectionOf(database));
  try {
    await other.connect();
    // Whatever a pooler gives to the first one's next transaction, it is not what this one holds: what was used last.
    await other.query('BEGIN; SELECT 1');
    return (await backendOf()) === backend;
  } finally {
    await other.end().catch(() => undefined);
  }
}

/** Makes the tables, and forgets the batches of nodes that are long gone. */
export async function prepareService(database: Database): Promise<void> {
  const client = new pg.Client(connectionOf(database));
  try {
    await open(client, settingsOf(database));
    if (!(await isWhole(client, database))) {
      throw new StoreFailed(
        'pooler',
        'There is a pooler in the way that pools transactions: give nodes the address of the server, or pool sessions',
      );
    }
    await migrate(client, database.schema);
    await client.query(`DELETE FROM nodes WHERE at < now() - interval '1 day'`);
  } catch (error) {
    throw failureOf(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Says for as long as the connection lasts that a node is there. A node that finds itself alone at its start begins
 * another life of the log: the database may be a copy that was restored. Nodes beside each other write in one life.
 */
export async function beThere(client: pg.Client, database: Database, isFirst: boolean): Promise<void> {
  const presence = lockOf(database, 'presence');
  if (!isFirst) {
    await client.query(`SELECT pg_advisory_lock_shared(${presence})`);
    return;
  }
  const { rows } = await client.query<{ alone: boolean }>(
    `SELECT pg_try_advisory_lock(${presence}) AS alone`,
  );
  if (rows[0]?.alone === true) {
    await client.query(`BEGIN; SELECT pg_advisory_xact_lock(${lockOf(database, 'commits')})`);
    await client.query('UPDATE head SET life = $1', [newLifeId(randomInt)]);
    await client.query('COMMIT');
  }
  await client.query(`SELECT pg_advisory_lock_shared(${presence})`);
  if (rows[0]?.alone === true) await client.query(`SELECT pg_advisory_unlock(${presence})`);
}

/**
 * Whether the log still has a fact that was told, by its content: a server that follows another one may have taken over
 * without the last commits, and given their numbers to others. Where it has not, another life of the log begins
 * before this node writes anything, so that places past the end of the former one are known to be none.
 */
export async function hasHistory(
  client: pg.Client,
  database: Database,
  told: FactMark | undefined,
): Promise<boolean> {
  if (told === undefined) return true;
  await client.query(`BEGIN; SELECT pg_advisory_xact_lock(${lockOf(database, 'commits')})`);
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
