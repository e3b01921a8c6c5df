import type pg from 'pg';
import { once, readerManners, serverStart, type Way } from './connection.js';
import type { Asking } from './pool.js';
import { beginLife, lockOf } from './service.js';

/**
 * Who is there. A node holds its share of a lock for as long as its connection lasts; behind a pooler of transactions no
 * lock lasts, and it says so in a row, ever anew.
 */

const rowSeconds = 8;
/** Rows of a server that was started anew, or of tables that are a copy, are of nobody. */
const origin = `concat_ws(' ', 'present'::regclass::oid, ${serverStart})`;
export const presentRows = `FROM present WHERE until > now() AND origin = ${origin}`;

/**
 * Says for as long as the connection lasts that a node is there. A node that finds itself alone at its start begins
 * another life of the log: the database may be a copy that was restored. Nodes beside each other write in one life.
 */
export async function beThere(client: pg.Client, way: Way, isFirst: boolean): Promise<void> {
  const presence = lockOf(way, 'presence');
  if (!isFirst) {
    await client.query(`SELECT pg_advisory_lock_shared(${presence})`);
    return;
  }
  const { rows } = await client.query<{ alone: boolean }>(
    `SELECT pg_try_advisory_lock(${presence}) AS alone`,
  );
  const hasLock = rows[0]?.alone === true;
  if (hasLock && !(await hasRows(client))) {
    await client.query(readerManners(way).begin);
    await beginLife(client, way);
    await client.query('COMMIT');
  }
  await client.query(`SELECT pg_advisory_lock_shared(${presence})`);
  if (hasLock) await client.query(`SELECT pg_advisory_unlock(${presence})`);
}

export interface NodeRow {
  readonly node: string;
  readonly isGateway: boolean;
}

/** The first row of a node. What `beThere` does holds here, too. */
export async function enter(way: Way, row: NodeRow): Promise<void> {
  const presence = lockOf(way, 'presence');
  await once(way, async (client) => {
    const { rows } = await client.query<{ alone: boolean }>(
      `SELECT pg_try_advisory_xact_lock(${presence}) AS alone`,
    );
    if (rows[0]?.alone !== true) {
      // One that begins a life has it alone.
      await client.query(`SELECT pg_advisory_xact_lock_shared(${presence})`);
    } else if (!(await hasRows(client))) await beginLife(client, way);
    await client.query(...rowStatement(row));
  });
}

/** Its row ends later. What others have left behind goes. */
export async function stay(ask: Asking, row: NodeRow): Promise<void> {
  await ask(...rowStatement(row));
  await ask(`DELETE FROM present WHERE until < now() - interval '1 minute'`);
  await ask(`DELETE FROM progress WHERE at < now() - interval '1 minute'`);
}

export async function leave(ask: Asking, { node }: NodeRow): Promise<void> {
  await ask('DELETE FROM present WHERE node = $1', [node]);
}

function rowStatement({ node, isGateway }: NodeRow): [text: string, values: unknown[]] {
  return [
    `INSERT INTO present (node, gateway, origin, until)
     VALUES ($1, $2, ${origin}, now() + interval '${rowSeconds} s')
     ON CONFLICT (node) DO UPDATE SET origin = excluded.origin, until = excluded.until`,
    [node, isGateway],
  ];
}

async function hasRows(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>(`SELECT EXISTS (SELECT ${presentRows}) AS found`);
  return rows[0]?.found === true;
}
