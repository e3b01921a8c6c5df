import { join } from 'node:path';
import type { Config } from './config.js';
import type { Blobs } from './engine/blobs.js';
import { DiskBlobs } from './engine/disk-blobs.js';
import type { Commit, Engine } from './engine/engine.js';
import type { OpenFanout } from './engine/fanout.js';
import { isS3Address, readS3Address } from './engine/s3/s3-address.js';
import type { SmallBlobReader } from './engine/small-blobs.js';
import { openSqliteEngine } from './engine/sqlite/sqlite-engine.js';
import { settingsOf } from './service-settings.js';

export interface StorageParts {
  /** The compiled thread of the embedded store. */
  readonly threadEntry: URL;
  readonly clock: () => number;
  readonly onCommit: (commit: Commit) => void;
  readonly fanout: FanoutMeter;
}

/** What is counted of the fan-out. */
export interface FanoutMeter {
  /** Facts of other nodes: told by it, and read from the database all the same. */
  readonly onFanned: (facts: { readonly told: number; readonly repaired: number }) => void;
  readonly onConnected: (isConnected: boolean) => void;
}

/** Why these options cannot go together, for the operator; undefined when they can. */
export function storageRefusal({
  databaseUrl,
  blobsDir,
  fanoutUrl,
  role,
}: Pick<Config, 'databaseUrl' | 'blobsDir' | 'fanoutUrl' | 'role'>): string | undefined {
  if (databaseUrl === '') {
    if (role !== 'all')
      return 'INKWIRE_ROLE needs INKWIRE_DATABASE_URL: without it there is one process, which does all.';
    if (blobsDir !== '')
      return 'INKWIRE_BLOBS needs INKWIRE_DATABASE_URL: without it files lie in INKWIRE_DATA_DIR.';
    if (fanoutUrl !== '')
      return 'INKWIRE_FANOUT_URL needs INKWIRE_DATABASE_URL: without it there is nobody to be told.';
    return undefined;
  }
  if (blobsDir === '')
    return 'INKWIRE_DATABASE_URL needs INKWIRE_BLOBS: a directory that all nodes share, or s3://bucket/prefix.';
  if (!isS3Address(blobsDir)) return undefined;
  const address = readS3Address(blobsDir);
  return typeof address === 'string' ? `INKWIRE_BLOBS: ${address}.` : undefined;
}

/** Opens the engine that is asked for. What PostgreSQL needs is loaded only then. */
export async function openStorage(config: Config, parts: StorageParts): Promise<Engine> {
  const { threadEntry, clock, onCommit, fanout } = parts;
  const { fairness } = settingsOf(config);
  if (config.databaseUrl !== '') {
    const { openPostgresEngine } = await import('./engine/postgres/postgres-engine.js');
    const openBlobs = (readSmall: SmallBlobReader): Promise<Blobs> => openSharedBlobs(config, readSmall);
    const isGateway = config.role !== 'worker';
    const url = config.databaseUrl;
    return openPostgresEngine({
      ...{ url, openBlobs, fairness, localClock: clock, onCommit, isGateway },
      openFanout: await fanoutOpener(config.fanoutUrl, fanout),
      // Whoever runs jobs has to know of all of them.
      selects: config.role === 'gateway' && config.fanoutUrl !== '',
      onFanned: fanout.onFanned,
    });
  }
  return openSqliteEngine({ directory: config.dataDir, threadEntry, fairness, clock, onCommit });
}

/** What INKWIRE_FANOUT_URL names. */
async function fanoutOpener(url: string, { onConnected }: FanoutMeter): Promise<OpenFanout | undefined> {
  if (url === '') return undefined;
  const { NatsFanout } = await import('./engine/nats/nats-fanout.js');
  return (service, listener) => new NatsFanout({ url, service, listener, onConnected });
}

/** What INKWIRE_BLOBS names. What an object store needs is loaded only then. */
export async function openSharedBlobs(
  { blobsDir, dataDir, blobCacheMb }: Pick<Config, 'blobsDir' | 'dataDir' | 'blobCacheMb'>,
  readSmall?: SmallBlobReader,
): Promise<Blobs> {
  if (!isS3Address(blobsDir)) return DiskBlobs.open(blobsDir, readSmall);
  const address = readS3Address(blobsDir);
  if (typeof address === 'string') throw new Error(`INKWIRE_BLOBS: ${address}`);
  const { S3Blobs } = await import('./engine/s3/s3-blobs.js');
  const options = { address, directory: join(dataDir, 'blobs'), cacheBytes: blobCacheMb * 1024 * 1024 };
  return S3Blobs.open(readSmall === undefined ? options : { ...options, readSmall });
}
