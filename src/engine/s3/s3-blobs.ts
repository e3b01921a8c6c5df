import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AsideFolder } from '../aside-folder.js';
import { type ByteRange, streamOfBytes, streamOfFile } from '../blob-streams.js';
import {
  type AsideFile,
  type Blobs,
  digestOfBlob,
  isMissingBlob,
  isSmallBlob,
  type OpenBlob,
  placeOfBlob,
} from '../blobs.js';
import { makeDirectory } from '../directory-sync.js';
import { openSmallBlob, type SmallBlobReader, smallBlob } from '../small-blobs.js';
import { BlobCache } from './blob-cache.js';
import type { S3Address } from './s3-address.js';
import { S3Bucket } from './s3-bucket.js';

export interface S3BlobsOptions {
  readonly address: S3Address;
  /** Folder of this process alone: for what is written aside, and for the blobs that are read here. Both are emptied. */
  readonly directory: string;
  /** Of the blobs that stay here after they were read or written. */
  readonly cacheBytes: number;
  readonly readSmall?: SmallBlobReader;
}

const removalsAtOnce = 16;
/** Milliseconds: stores tell whole seconds. */
const clockGrainMs = 1_000;

/**
 * Blobs in a bucket. Files are written aside on this machine and stored when they are kept; what is read often, or was made
 * here, lies in a cache beside them.
 */
export class S3Blobs implements Blobs {
  readonly #bucket: S3Bucket;
  readonly #aside: AsideFolder;
  readonly #cache: BlobCache;
  readonly #readSmall: SmallBlobReader;
  readonly #openedAt = Date.now();

  private constructor(bucket: S3Bucket, aside: AsideFolder, cache: BlobCache, readSmall: SmallBlobReader) {
    this.#bucket = bucket;
    this.#aside = aside;
    this.#cache = cache;
    this.#readSmall = readSmall;
  }

  static async open(options: S3BlobsOptions): Promise<S3Blobs> {
    const { address, directory, cacheBytes, readSmall = async () => undefined } = options;
    const aside = new AsideFolder(join(directory, 'aside'));
    // Of a process that was killed. Of many nodes one alone cleans up, and sees its own folder only.
    await rm(aside.directory, { recursive: true, force: true });
    await makeDirectory(aside.directory);
    const cache = await BlobCache.open(join(directory, 'blob-cache'), cacheBytes);
    return new S3Blobs(new S3Bucket(address), aside, cache, readSmall);
  }

  aside(): string {
    return this.#aside.path();
  }

  async keep(file: AsideFile, scope: string): Promise<string> {
    const name = `${scope}-${file.sha256}`;
    placeOfBlob(name);
    const source = this.#aside.checked(file.path);
    await this.#bucket.put(name, source);
    await this.#cache.take(name, source);
    return name;
  }

  put(bytes: Uint8Array, scope: string): Promise<string> {
    return this.#aside.put(bytes, (file) => this.keep(file, scope));
  }

  async copy(name: string, scope: string): Promise<string | undefined> {
    if (isSmallBlob(name)) {
      const bytes = await this.#readSmall(name);
      return bytes && this.put(bytes, scope);
    }
    const copy = `${scope}-${digestOfBlob(name)}`;
    return (await this.#bucket.copy(name, copy)) ? copy : undefined;
  }

  async open(name: string): Promise<OpenBlob> {
    if (isSmallBlob(name)) return openSmallBlob(this.#readSmall, name, this.#aside);
    return this.#cache.hold(name, (path) => this.#bucket.download(name, path));
  }

  async read(name: string, range?: ByteRange): Promise<NodeJS.ReadableStream> {
    if (isSmallBlob(name)) return streamOfBytes(await smallBlob(this.#readSmall, name), range);
    const path = this.#cache.path(name);
    if (path !== undefined) {
      try {
        return await streamOfFile(path, range);
      } catch (error) {
        // It has left the cache.
        if (!isMissingBlob(error)) throw error;
      }
    }
    return this.#bucket.get(name, range);
  }

  async remove(names: readonly string[]): Promise<void> {
    const files = names.filter((name) => !isSmallBlob(name));
    for (let at = 0; at < files.length; at += removalsAtOnce) {
      await Promise.all(files.slice(at, at + removalsAtOnce).map((name) => this.#remove(name)));
    }
  }

  discard(path: string, atLeast = 0): Promise<void> {
    return this.#aside.discard(path, atLeast);
  }

  async cleanUp(
    unused: (names: readonly string[]) => Promise<readonly string[]>,
    before = this.#openedAt,
  ): Promise<number> {
    let removed = await this.#aside.cleanUp(before);
    for await (const page of this.#bucket.list()) {
      const old = page.filter(({ writtenAt }) => writtenAt < before - clockGrainMs).map(({ name }) => name);
      const orphans = old.length === 0 ? [] : await unused(old);
      await this.remove(orphans);
      removed += orphans.length;
    }
    return removed;
  }

  async ping(): Promise<void> {
    await this.#aside.ping();
    await this.#bucket.ping();
  }

  async #remove(name: string): Promise<void> {
    await this.#bucket.remove(name);
    await this.#cache.drop(name);
  }
}
