import { mkdirSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Opens a directory for one sync. */
export type OpenDirectory = (
  directory: string,
) => Promise<{ readonly sync: () => Promise<void>; readonly close: () => Promise<void> }>;

/**
 * Returns how a platform opens a directory. Windows refuses to flush a directory, and has no other call for it: NTFS
 * writes names to a journal of its own, in order, so that a power cut takes the newest ones only.
 */
export function openerOn(platform: NodeJS.Platform): OpenDirectory {
  const nothing = async (): Promise<void> => undefined;
  return platform === 'win32'
    ? async () => ({ sync: nothing, close: nothing })
    : (directory) => open(directory, 'r');
}

/**
 * Makes the names in a directory durable. Callers that arrive while a sync is under way share the next one: the running
 * one may have begun before their file was there.
 */
export class DirectorySync {
  readonly #open: OpenDirectory;
  readonly #next = new Map<string, Promise<void>>();
  readonly #running = new Map<string, Promise<void>>();

  constructor(openDirectory: OpenDirectory = openerOn(process.platform)) {
    this.#open = openDirectory;
  }

  sync(directory: string): Promise<void> {
    const next = this.#next.get(directory);
    if (next !== undefined) return next;
    const before = this.#running.get(directory) ?? Promise.resolve();
    const sync = before.catch(() => undefined).then(() => this.#run(directory));
    this.#next.set(directory, sync);
    return sync;
  }

  async #run(directory: string): Promise<void> {
    const sync = this.#next.get(directory);
    this.#next.delete(directory);
    if (sync !== undefined) this.#running.set(directory, sync);
    try {
      const handle = await this.#open(directory);
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    } finally {
      if (this.#running.get(directory) === sync) this.#running.delete(directory);
    }
  }
}

/**
 * Makes a directory, with those above it that are missing. Node's own way (`recursive`) never ends under `/proc`, and says
 * that a directory is not there where one may not be made.
 * @returns what it made, from the top
 */
export function makeMissing(directory: string, mode?: number): readonly string[] {
  const path = resolve(directory);
  const parent = dirname(path);
  try {
    return makeOne(path, mode);
  } catch (error) {
    if (parent === path || !(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      throw error;
  }
  return [...makeMissing(parent, mode), ...makeOne(path, mode)];
}

/** @returns nothing when the directory is there, perhaps made by another process at the same moment */
function makeOne(path: string, mode: number | undefined): readonly string[] {
  try {
    mkdirSync(path, mode === undefined ? {} : { mode });
    return [path];
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return [];
    throw error;
  }
}

/** Makes a directory, with those above it that are missing, and makes the names of all that it made durable. */
export async function makeDirectory(
  directory: string,
  { syncs = new DirectorySync(), mode }: { readonly syncs?: DirectorySync; readonly mode?: number } = {},
): Promise<void> {
  for (const made of makeMissing(directory, mode).toReversed()) await syncs.sync(dirname(made));
}
