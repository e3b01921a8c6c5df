import { createHash } from 'node:crypto';
import { constants, copyFile, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  blobsOf,
  copyDatabase,
  type DatabaseState,
  forgetBlobs,
  stateOf,
  stillPromised,
} from '../../engine/sqlite/backup.js';
import { Trouble } from '../failure.js';
import { digestOf, type ListedFile, listFile, type Manifest, manifestFile, manifestOf } from './manifest.js';

/** The steps of a backup. The folder counts as a backup only after the last of them. */

/** Where a blob lies in a data directory and in a backup. */
export function blobPath(name: string): string {
  return join('blobs', name.slice(-64, -62), name);
}

export interface Collected {
  readonly linked: number;
  readonly copied: number;
  /** Files that the server has removed since the database was copied. */
  readonly gone: readonly string[];
}

/** Links the blobs that the copied database promises; copies them where the file system is another one. */
export async function collectBlobs(
  directory: string,
  folder: string,
  signal: AbortSignal,
): Promise<Collected> {
  const gone: string[] = [];
  const shards = new Set<string>();
  let linked = 0;
  let copied = 0;
  for (const name of blobsOf(folder)) {
    signal.throwIfAborted();
    const [source, target] = [join(directory, blobPath(name)), join(folder, blobPath(name))];
    const shard = dirname(target);
    if (!shards.has(shard)) await mkdir(shard, { recursive: true });
    shards.add(shard);
    const how = await place(source, target);
    if (how === 'gone') gone.push(name);
    else if (how === 'linked') linked += 1;
    else copied += 1;
  }
  return { linked, copied, gone };
}

/** Links a file, or copies it where that cannot be; one that is there already stays, where all of it is there. */
export async function place(source: string, target: string): Promise<'linked' | 'copied' | 'there' | 'gone'> {
  try {
    await link(source, target);
    return 'linked';
  } catch (error) {
    if (isCode(error, 'ENOENT')) return 'gone';
    // Said before anything else, also of another file system: a copy of an earlier run, which may have been killed amid it.
    if (isCode(error, 'EEXIST') && (await stat(source)).size === (await stat(target)).size) {
      await sync(target);
      return 'there';
    }
    // A part of it, another file system, one without links, or one that has given a file as many as it can.
    if (!isCode(error, 'EEXIST', 'EXDEV', 'EPERM', 'ENOTSUP', 'EMLINK')) throw error;
  }
  try {
    await copyFile(source, target, constants.COPYFILE_FICLONE);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return 'gone';
    throw error;
  }
  await sync(target);
  return 'copied';
}

/**
 * Updates the copied database to the changes of the server since: the server removes files only after the commit that
 * gives them up. Throws where a job or the library still promises a file that is missing.
 * @returns false when the database has to be copied anew: something stored has a newer version than the copy
 */
export async function followRemovals(
  directory: string,
  folder: string,
  gone: readonly string[],
  now: number,
): Promise<boolean> {
  if (gone.length === 0) return true;
  const [lost, ...more] = stillPromised(directory, gone);
  if (lost !== undefined) {
    const others = more.length === 0 ? '' : ` and ${more.length} more`;
    throw new Trouble(
      `The data directory is damaged: ${blobPath(lost)}${others} is not there, and a job or the library promises it. Nothing was backed up.`,
    );
  }
  const removed = forgetBlobs(folder, gone, now);
  for (const name of removed ?? []) await rm(join(folder, blobPath(name)), { force: true });
  return removed !== undefined;
}

/**
 * Writes the list of the folder's files, then the manifest that says that the backup is whole; each is durable before
 * the next step.
 */
export async function seal(
  folder: string,
  state: DatabaseState,
  now: number,
  signal: AbortSignal,
): Promise<Manifest> {
  const list = await open(join(folder, listFile), 'wx');
  const hash = createHash('sha256');
  let count = 0;
  let bytes = 0;
  try {
    for await (const file of filesOf(folder)) {
      signal.throwIfAborted();
      const line = `${JSON.stringify(file)}\n`;
      hash.update(line);
      await list.write(line);
      count += 1;
      bytes += file.size_bytes;
    }
    await list.sync();
  } finally {
    await list.close();
  }
  await syncShards(folder);
  const manifest = manifestOf(state, { count, size_bytes: bytes }, hash.digest('hex'), now);
  const part = join(folder, `${manifestFile}.part`);
  const file = await open(part, 'wx');
  try {
    await file.writeFile(`${JSON.stringify(manifest, undefined, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, join(folder, manifestFile));
  await sync(folder);
  return manifest;
}

async function* filesOf(folder: string): AsyncGenerator<ListedFile> {
  const database = join(folder, 'inkwire.db');
  await sync(database);
  yield { path: 'inkwire.db', size_bytes: (await stat(database)).size, sha256: await digestOf(database) };
  for (const name of blobsOf(folder)) {
    const path = blobPath(name);
    // The digest that the server gave it; `restore --check` reads the file.
    yield { path, size_bytes: (await stat(join(folder, path))).size, sha256: name.slice(-64) };
  }
}

async function syncShards(folder: string): Promise<void> {
  const shards = new Set<string>();
  for (const name of blobsOf(folder)) shards.add(join(folder, dirname(blobPath(name))));
  for (const shard of shards) await sync(shard);
  if (shards.size > 0) await sync(join(folder, 'blobs'));
}

/** Makes the bytes of a file, or the names in a folder, durable. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export interface Taken extends Collected {
  readonly manifest: Manifest;
}

/** Copies of the database that are made until one is whole, where stored things are replaced in every one of them. */
const copiesMax = 5;

/**
 * A backup of a data directory, beside a server that may run on it. Until it is whole it lies in a folder beside its
 * own, which goes when the backup fails; a process that is killed may leave one.
 * @param folder not there yet, or empty
 */
export async function takeBackup(
  directory: string,
  folder: string,
  options: { readonly id: string; readonly now: () => number; readonly signal: AbortSignal },
): Promise<Taken> {
  await mkdir(dirname(folder), { recursive: true });
  for (let copies = 1; copies <= copiesMax; copies += 1) {
    const taken = await takeOnce(directory, folder, options);
    if (taken !== undefined) return taken;
  }
  throw new Trouble(
    `Stored things were replaced while the files were collected, ${copiesMax} times in turn. Nothing was backed up; try again.`,
  );
}

/** Undefined when the server was too quick: see `followRemovals`. */
async function takeOnce(
  directory: string,
  folder: string,
  { id, now, signal }: Parameters<typeof takeBackup>[2],
): Promise<Taken | undefined> {
  const part = join(dirname(folder), `${basename(folder)}.${id}.part`);
  await mkdir(part, { mode: 0o700 });
  try {
    const takenAt = now();
    copyDatabase(directory, part);
    const collected = await collectBlobs(directory, part, signal);
    if (!(await followRemovals(directory, part, collected.gone, now()))) {
      await rm(part, { recursive: true });
      return undefined;
    }
    const manifest = await seal(part, stateOf(part), takenAt, signal);
    await rename(part, folder);
    await sync(dirname(folder));
    return { ...collected, manifest };
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    throw error;
  }
}

export function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
