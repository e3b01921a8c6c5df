import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isMissingBlob } from '../../engine/blobs.js';
import { isS3Address, readS3Address, type S3Address } from '../../engine/s3/s3-address.js';
import { blobsOf } from '../../engine/sqlite/backup.js';
import { withContents } from '../../engine/sqlite/contents.js';
import { Misuse, readArguments } from '../arguments.js';
import { exitCodes } from '../exit-codes.js';
import { Trouble } from '../failure.js';
import { count } from '../progress-bar.js';
import { obey } from '../server-access.js';
import { databaseFailureOf } from '../start-failure.js';
import { printLine, type Shell } from '../terminal.js';
import { ofDirectory } from './backup.js';
import { blobPath, place, sync } from './take.js';

const sentAtOnce = 8;

/** `inkwire migrate-store`: what an embedded server has becomes a service on PostgreSQL. */

export const migrateStoreUsage = `Usage:
  inkwire migrate-store --from DIRECTORY --to URL --blobs FOLDER|s3://BUCKET/PREFIX

Takes a data directory, whose server is stopped, over into a PostgreSQL database in which no node has worked, and its files into
the folder that the nodes will share (INKWIRE_BLOBS), linked where both lie on one file system, else copied, or into a bucket. Jobs, events, keys,
designs and webhooks stay what they are, cursors of clients too. The data directory stays as it is: start no server on it again.

Exit code: 0 done; 1 it cannot be done, and nothing is in the database; 2 not understood.`;

/** @returns the exit code */
export function runMigrateStore(shell: Shell): Promise<number> {
  return obey(shell, 'migrate-store', async () => {
    const { values, positionals } = readArguments(shell.args, {
      from: { type: 'string' },
      to: { type: 'string' },
      blobs: { type: 'string' },
    });
    if (values.help) {
      printLine(shell.out, migrateStoreUsage);
      return exitCodes.ok;
    }
    const { from, to, blobs } = values;
    if (from === undefined || to === undefined || blobs === undefined || positionals.length > 0) {
      throw new Misuse(
        'Say --from the data directory, --to the address of the database, and --blobs the folder or the bucket.',
      );
    }
    const address = isS3Address(blobs) ? readS3Address(blobs) : undefined;
    if (typeof address === 'string') throw new Misuse(`--blobs: ${address}.`);
    const { importContents } = await import('../../engine/postgres/import.js');
    const { StoreFailed } = await import('../../engine/engine.js');
    const directory = resolve(from);
    const moved = await ofDirectory(shell, directory, () =>
      withContents(directory, async (contents) => {
        // First the files: whatever the database names is there.
        const files = await (address === undefined
          ? takeFiles(directory, resolve(blobs), shell.interrupted)
          : sendFiles(directory, address, shell.interrupted));
        const imported = await importContents(to, contents).catch((error: unknown) => {
          if (!(error instanceof StoreFailed)) throw error;
          for (const line of databaseFailureOf(error)) printLine(shell.err, line);
          return undefined;
        });
        return imported && { ...imported, files };
      }),
    );
    if (moved === undefined) return exitCodes.failed;
    const { jobs, facts, files } = moved;
    printLine(
      shell.err,
      `Taken over: ${count(jobs, 'job')}, ${count(facts, 'event')}, ${count(files, 'file')}. Start nodes with INKWIRE_DATABASE_URL and INKWIRE_BLOBS.`,
    );
    return exitCodes.ok;
  });
}

async function takeFiles(directory: string, blobs: string, signal: AbortSignal): Promise<number> {
  const shards = new Set<string>();
  let files = 0;
  await mkdir(blobs, { recursive: true });
  for (const name of blobsOf(directory)) {
    signal.throwIfAborted();
    const path = blobPath(name);
    // Of the folder, a blob's path has no `blobs/`.
    const target = join(blobs, path.slice('blobs/'.length));
    if (!shards.has(dirname(target))) await mkdir(dirname(target), { recursive: true });
    shards.add(dirname(target));
    if ((await place(join(directory, path), target)) !== 'gone') files += 1;
  }
  for (const shard of shards) await sync(shard);
  await sync(blobs);
  return files;
}

async function sendFiles(directory: string, address: S3Address, signal: AbortSignal): Promise<number> {
  const { S3Bucket } = await import('../../engine/s3/s3-bucket.js');
  const bucket = new S3Bucket(address);
  let files = 0;
  let sending: Promise<void>[] = [];
  const send = async (name: string): Promise<void> => {
    try {
      await bucket.put(name, join(directory, blobPath(name)));
      files += 1;
    } catch (error) {
      // Removed since the names were read.
      if (!isMissingBlob(error)) throw new Trouble(error instanceof Error ? error.message : String(error));
    }
  };
  try {
    for (const name of blobsOf(directory)) {
      signal.throwIfAborted();
      sending.push(send(name));
      if (sending.length < sentAtOnce) continue;
      await Promise.all(sending);
      sending = [];
    }
    await Promise.all(sending);
  } finally {
    bucket.close();
  }
  return files;
}
