import type pg from 'pg';
import { isFileBlobName, isSmallBlob } from '../blobs.js';
import type { Key } from '../keys.js';
import { failureOf, once } from './connection.js';
import { fromJson } from './job-shapes.js';
import { schemaVersion } from './migrations.js';
import { isWhole, standardSchema } from './service.js';

/** Files that are looked for in the blobs. */
const filesMax = 8;

/** The result of looking at the database of a service, without changing anything. */
export interface ServiceInspection {
  /** As the server names its version: 150003. */
  readonly serverVersion: number;
  /** Undefined where no node has worked yet. */
  readonly schema: number | undefined;
  /** The newest schema that this program knows. */
  readonly knownSchema: number;
  /** Whether it follows another server, or takes no changes for another reason. */
  readonly isReadOnly: boolean;
  /** Whether a commit that was answered survives a loss of power. */
  readonly fsync: boolean;
  readonly synchronousCommit: string;
  /** Whether a connection stays one: a pooler of transactions makes it many. */
  readonly isWhole: boolean;
  /** Milliseconds that its clock is ahead of this machine's. */
  readonly aheadMs: number;
  /** Names of some files that the blobs of its nodes have to hold; few, or none where there are none. */
  readonly files: readonly string[];
  /** Undefined for a schema that is newer than this program. */
  readonly keys: readonly Key[] | undefined;
}

/** Rejects with `StoreFailed` where the server cannot be reached. */
export async function inspectService(url: string, schema = standardSchema): Promise<ServiceInspection> {
  const database = { url, schema };
  const found = await once(database, look);
  try {
    return { ...found, isWhole: await isWhole(database) };
  } catch (error) {
    throw failureOf(error);
  }
}

async function look(client: pg.Client): Promise<Omit<ServiceInspection, 'isWhole'>> {
  const before = Date.now();
  const { rows } = await client.query<Record<string, unknown>>(
    `SELECT current_setting('server_version_num')::int AS version, current_setting('fsync') AS fsync,
     current_setting('synchronous_commit') AS commit, current_setting('transaction_read_only') AS read_only,
     extract(epoch FROM clock_timestamp())::float8 * 1000 AS now,
     to_regclass('schema_version') IS NOT NULL AS made`,
  );
  const middle = (before + Date.now()) / 2;
  const { version, fsync, commit, read_only: readOnly, now, made } = rows[0] ?? {};
  const found = made === true ? await contentOf(client) : { schema: undefined, keys: [], files: [] };
  return {
    serverVersion: Number(version),
    knownSchema: schemaVersion,
    isReadOnly: readOnly === 'on',
    fsync: fsync === 'on',
    synchronousCommit: String(commit),
    aheadMs: Math.round(Number(now) - middle),
    ...found,
  };
}

async function contentOf(client: pg.Client): Promise<Pick<ServiceInspection, 'schema' | 'keys' | 'files'>> {
  const { rows: versions } = await client.query<{ version: number }>('SELECT version FROM schema_version');
  const schema = versions[0]?.version;
  if (schema === undefined || schema > schemaVersion) return { schema, keys: undefined, files: [] };
  const { rows } = await client.query<{ key: string }>('SELECT key FROM keys ORDER BY kid');
  // The newest come last.
  const { rows: held } = await client.query<{ name: string }>(
    'SELECT DISTINCT name FROM blob_references ORDER BY name DESC LIMIT 200',
  );
  const files = held.map(({ name }) => name).filter((name) => isFileBlobName(name) && !isSmallBlob(name));
  return { schema, keys: rows.map(({ key }) => fromJson<Key>(key)), files: files.slice(0, filesMax) };
}
