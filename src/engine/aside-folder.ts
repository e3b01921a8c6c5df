import { randomUUID, webcrypto } from 'node:crypto';
import { readdir, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type AsideFile, isMissingBlob } from './blobs.js';

/** Milliseconds: file systems stamp files with a clock that lags behind by a tick or two. */
const clockGrainMs = 100;

/** The folder in which files are written before they are blobs. */
export class AsideFolder {
  readonly directory: string;

  /** @param directory a folder that is there */
  constructor(directory: string) {
    this.directory = resolve(directory);
  }

  /** A fresh path. */
  path(): string {
    return join(this.directory, randomUUID());
  }

  /** @throws for a path that leads out of the folder */
  checked(path: string): string {
    const inside = resolve(path);
    if (dirname(inside) !== this.directory) throw new Error(`Not a file aside: ${JSON.stringify(path)}`);
    return inside;
  }

  /** Writes bytes aside. */
  async #write(bytes: Uint8Array): Promise<AsideFile> {
    const path = this.path();
    try {
      // Hashed off this thread: an upload of many megabytes must not hold it.
      const digest = await webcrypto.subtle.digest('SHA-256', bytes);
      await writeFile(path, bytes, { flag: 'wx' });
      return { path, sha256: Buffer.from(digest).toString('hex') };
    } catch (error) {
      await this.discard(path);
      throw error;
    }
  }

  /** Writes bytes aside and hands them on. What fails leaves nothing here. */
  async put<Kept>(bytes: Uint8Array, keep: (file: AsideFile) => Promise<Kept>): Promise<Kept> {
    const file = await this.#write(bytes);
    try {
      return await keep(file);
    } catch (error) {
      await this.discard(file.path);
      throw error;
    }
  }

  /** As `Blobs.discard`. */
  async discard(path: string, atLeast = 0): Promise<void> {
    const whole = this.checked(path);
    await removeFile(whole);
    for (let part = 0; (await removeFile(`${whole}.${part}`)) || part < atLeast; part += 1);
  }

  /** Removes files that were written before a time. @returns how many */
  async cleanUp(before: number): Promise<number> {
    let removed = 0;
    for (const file of await readdir(this.directory)) {
      const path = join(this.directory, file);
      if ((await isOlder(path, before)) && (await removeFile(path))) removed += 1;
    }
    return removed;
  }

  /** Rejects when nothing can be written. */
  async ping(): Promise<void> {
    const path = this.path();
    try {
      await writeFile(path, 'ping', { flag: 'wx' });
    } finally {
      await this.discard(path);
    }
  }
}

/** Whether a file is there and was written before a time. A younger one may belong to a commit that is under way. */
export async function isOlder(path: string, before: number): Promise<boolean> {
  try {
    return (await stat(path)).mtimeMs < before - clockGrainMs;
  } catch (error) {
    if (isMissingBlob(error)) return false;
    throw error;
  }
}

/** False when there was no such file. */
export async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (!isMissingBlob(error)) throw error;
    return false;
  }
}
