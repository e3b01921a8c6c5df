import { existsSync } from 'node:fs';
import { constants, copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DirectoryLock, databaseFile, restoreFolder } from '../../engine/sqlite/database.js';
import { Trouble } from '../failure.js';
import { listedFiles } from './manifest.js';
import { isCode, sync } from './take.js';

/**
 * All that a server stores in its data directory, except the lock, which this process holds meanwhile. The database
 * goes first.
 */
const parts = [databaseFile, `${databaseFile}-wal`, `${databaseFile}-shm`, 'blobs'] as const;
const copiesAtOnce = 8;

/**
 * Puts a backup that was found whole into a data directory. All files are copied and durable before any is moved. They
 * are moved within the directory, so that it may be a mount point. While the folder of the copies lies there, every
 * process that opens the directory is refused: a restore that was cut short is run once more.
 * @returns the folder with the data that was there before
 */
export async function putBack(
  folder: string,
  directory: string,
  options: { readonly replace: boolean; readonly stamp: string; readonly signal: AbortSignal },
): Promise<{ readonly aside: string | undefined }> {
  const { replace, stamp, signal } = options;
  const lock = new DirectoryLock(directory);
  try {
    const aside = (await holdsSomething(directory)) ? join(directory, `before-restore-${stamp}`) : undefined;
    if (aside !== undefined && !replace) {
      throw new Trouble(
        `There are jobs in ${directory}: nothing was changed. With --replace they are moved aside, into a folder in it.`,
      );
    }
    const fresh = join(directory, restoreFolder);
    const isUnfinished = existsSync(fresh);
    await rm(fresh, { recursive: true, force: true });
    await mkdir(join(fresh, 'blobs'), { recursive: true, mode: 0o700 });
    try {
      await copyAll(folder, fresh, signal);
    } catch (error) {
      // An earlier restore was cut short, and it is not known which files it had moved.
      if (!isUnfinished) await rm(fresh, { recursive: true, force: true });
      throw error;
    }
    if (aside !== undefined) {
      await mkdir(aside, { mode: 0o700 });
      for (const part of parts) await moved(join(directory, part), join(aside, part));
      await sync(aside);
    }
    // An empty folder may be there.
    await rename(join(fresh, 'blobs'), join(directory, 'blobs'));
    await rename(join(fresh, databaseFile), join(directory, databaseFile));
    await sync(directory);
    await rm(fresh, { recursive: true });
    await sync(directory);
    return { aside };
  } finally {
    lock.release();
  }
}

async function holdsSomething(directory: string): Promise<boolean> {
  if (parts.some((part) => part !== 'blobs' && existsSync(join(directory, part)))) return true;
  const blobs = join(directory, 'blobs');
  return existsSync(blobs) && (await readdir(blobs)).length > 0;
}

async function moved(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: unknown) => {
    if (!isCode(error, 'ENOENT')) throw error;
  });
}

/** Copies, not links: what a server writes must not reach the backup. */
async function copyAll(folder: string, fresh: string, signal: AbortSignal): Promise<void> {
  const shards = new Set<string>();
  let running: Promise<void>[] = [];
  for await (const { path } of listedFiles(folder)) {
    signal.throwIfAborted();
    const target = join(fresh, path);
    const shard = dirname(target);
    if (!shards.has(shard)) await mkdir(shard, { recursive: true });
    shards.add(shard);
    running.push(copyDurably(join(folder, path), target));
    if (running.length < copiesAtOnce) continue;
    await Promise.all(running);
    running = [];
  }
  await Promise.all(running);
  for (const shard of shards) await sync(shard);
  await sync(join(fresh, 'blobs'));
}

async function copyDurably(source: string, target: string): Promise<void> {
  // Where the file system can, the two share their blocks until one is written.
  await copyFile(source, target, constants.COPYFILE_FICLONE);
  await sync(target);
}
