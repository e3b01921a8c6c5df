import { rename, rm, stat } from 'node:fs/promises';
import { AsideFolder, removeFile } from '../aside-folder.js';
import { isMissingBlob, type OpenBlob } from '../blobs.js';
import { makeDirectory } from '../directory-sync.js';

interface Entry {
  readonly path: string;
  readonly bytes: number;
  readers: number;
  /** Removed from the store while it is read. */
  isGone: boolean;
}

/**
 * Files of this machine that hold blobs of an object store: those that somebody reads, and beside them the ones used last,
 * up to a bound. A process begins without any.
 */
export class BlobCache {
  readonly #aside: AsideFolder;
  readonly #maxBytes: number;
  /** The one used last at the end. */
  readonly #entries = new Map<string, Entry>();
  readonly #coming = new Map<string, Promise<void>>();
  #bytes = 0;

  private constructor(directory: string, maxBytes: number) {
    this.#aside = new AsideFolder(directory);
    this.#maxBytes = maxBytes;
  }

  /** @param directory belongs to this process alone; emptied */
  static async open(directory: string, maxBytes: number): Promise<BlobCache> {
    await rm(directory, { recursive: true, force: true });
    await makeDirectory(directory);
    return new BlobCache(directory, maxBytes);
  }

  /** Takes the file at a path as what a blob holds. */
  async take(name: string, path: string): Promise<void> {
    // Equal names, equal bytes.
    if (this.#entries.has(name)) {
      await removeFile(path);
      return;
    }
    const inside = await this.#place();
    await rename(path, inside);
    await this.#add(name, inside);
    await this.#trim();
  }

  /** The path of a blob that is here, for one look at it; undefined when it is not. */
  path(name: string): string | undefined {
    return this.#entries.get(name)?.path;
  }

  /**
   * A blob as a file, until it is released.
   * @param fetch writes it to a path; several callers of one blob wait for one of them
   */
  async hold(name: string, fetch: (path: string) => Promise<void>): Promise<OpenBlob> {
    for (;;) {
      const entry = this.#entries.get(name);
      if (entry !== undefined) {
        entry.readers += 1;
        this.#entries.delete(name);
        this.#entries.set(name, entry);
        if (await isThere(entry.path)) {
          await this.#trim();
          return this.#held(entry);
        }
        // Somebody else has emptied the folder.
        entry.readers -= 1;
        this.#forget(name);
      }
      await this.#fetchOnce(name, fetch);
    }
  }

  /** The blob is no more in the store. */
  async drop(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#forget(name);
    entry.isGone = true;
    if (entry.readers === 0) await removeFile(entry.path);
  }

  #held(entry: Entry): OpenBlob {
    let isReleased = false;
    return {
      path: entry.path,
      release: async () => {
        if (isReleased) return;
        isReleased = true;
        entry.readers -= 1;
        if (entry.isGone && entry.readers === 0) await removeFile(entry.path);
        await this.#trim();
      },
    };
  }

  #fetchOnce(name: string, fetch: (path: string) => Promise<void>): Promise<void> {
    let coming = this.#coming.get(name);
    if (coming === undefined) {
      coming = this.#fetch(name, fetch).finally(() => this.#coming.delete(name));
      this.#coming.set(name, coming);
    }
    return coming;
  }

  async #fetch(name: string, fetch: (path: string) => Promise<void>): Promise<void> {
    const path = await this.#place();
    try {
      await fetch(path);
      await this.#add(name, path);
    } catch (error) {
      await this.#aside.discard(path);
      throw error;
    }
  }

  /** A fresh path, also where somebody has removed the folder. */
  async #place(): Promise<string> {
    await makeDirectory(this.#aside.directory);
    return this.#aside.path();
  }

  async #add(name: string, path: string): Promise<void> {
    const { size } = await stat(path);
    this.#entries.set(name, { path, bytes: size, readers: 0, isGone: false });
    this.#bytes += size;
  }

  #forget(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    this.#bytes -= entry.bytes;
  }

  async #trim(): Promise<void> {
    for (const [name, entry] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) return;
      if (entry.readers > 0) continue;
      this.#forget(name);
      await removeFile(entry.path);
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissingBlob(error)) return false;
    throw error;
  }
}
