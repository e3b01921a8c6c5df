import { constants, copyFile, mkdir, open, readdir, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AsideFolder, isOlder, removeFile } from './aside-folder.js';
import { streamOfBytes, streamOfFile } from './blob-streams.js';
import {
  type AsideFile,
  type Blobs,
  digestOfBlob,
  isFileBlobName,
  isMissingBlob,
  isSmallBlob,
  type OpenBlob,
  placeOfBlob,
} from './blobs.js';
import { DirectorySync, makeDirectory } from './directory-sync.js';
import { openSmallBlob, type SmallBlobReader, smallBlob } from './small-blobs.js';

const shardShape = /^[0-9a-f]{2}$/;
const unusedBatch = 500;
const removalsAtOnce = 16;

/**
 * Blobs as files: `<directory>/ab/<scope>-<sha256>` where `ab` begins the digest, and `<directory>/aside/` for what is
 * being written. Small blobs are read from the store beside it.
 */
export class DiskBlobs implements Blobs {
  readonly #directory: string;
  readonly #aside: AsideFolder;
  readonly #readSmall: SmallBlobReader;
  readonly #openedAt = Date.now();
  readonly #sync = new DirectorySync();
  readonly #shards = new Map<string, Promise<void>>();

  private constructor(directory: string, readSmall: SmallBlobReader) {
    this.#readSmall = readSmall;
    this.#directory = resolve(directory);
    this.#aside = new AsideFolder(join(this.#directory, 'aside'));
  }

  /** @param directory made when it is not there */
  static async open(
    directory: string,
    readSmall: SmallBlobReader = async () => undefined,
  ): Promise<DiskBlobs> {
    const blobs = new DiskBlobs(directory, readSmall);
    await makeDirectory(blobs.#aside.directory, { syncs: blobs.#sync });
    // A process that was killed may have made names here and not synced them.
    await blobs.#sync.sync(blobs.#directory);
    return blobs;
  }

  aside(): string {
    return this.#aside.path();
  }

  async keep(file: AsideFile, scope: string): Promise<string> {
    const name = `${scope}-${file.sha256}`;
    const target = this.#path(name);
    const source = this.#aside.checked(file.path);
    const handle = await open(source, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    const shard = dirname(target);
    await this.#makeShard(shard);
    await rename(source, target);
    await this.#sync.sync(shard);
    return name;
  }

  put(bytes: Uint8Array, scope: string): Promise<string> {
    return this.#aside.put(bytes, (file) => this.keep(file, scope));
  }

  /** A copy, not a link: a link would have the age of the old file, and `cleanUp` goes by the age until the commit. */
  async copy(name: string, scope: string): Promise<string | undefined> {
    if (isSmallBlob(name)) {
      const bytes = await this.#readSmall(name);
      return bytes && this.put(bytes, scope);
    }
    const path = this.aside();
    try {
      // Where the file system can, the two share their blocks.
      const copied = await copyFile(this.#path(name), path, constants.COPYFILE_FICLONE).then(
        () => true,
        (error: unknown) => {
          if (isMissingBlob(error)) return false;
          throw error;
        },
      );
      return copied ? await this.keep({ path, sha256: digestOfBlob(name) }, scope) : undefined;
    } catch (error) {
      await this.discard(path);
      throw error;
    }
  }

  async open(name: string): Promise<OpenBlob> {
    if (isSmallBlob(name)) return openSmallBlob(this.#readSmall, name, this.#aside);
    return { path: this.#path(name), release: async () => undefined };
  }

  async read(
    name: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<NodeJS.ReadableStream> {
    if (isSmallBlob(name)) return streamOfBytes(await smallBlob(this.#readSmall, name), range);
    return streamOfFile(this.#path(name), range);
  }

  async remove(names: readonly string[]): Promise<void> {
    const paths = names.filter((name) => !isSmallBlob(name)).map((name) => this.#path(name));
    for (let at = 0; at < paths.length; at += removalsAtOnce) {
      await Promise.all(paths.slice(at, at + removalsAtOnce).map(removeFile));
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
    const shards = (await readdir(this.#directory)).filter((shard) => shardShape.test(shard));
    for (const shard of shards) {
      const names = (await readdir(join(this.#directory, shard))).filter(isFileBlobName);
      for (let at = 0; at < names.length; at += unusedBatch) {
        for (const orphan of await unused(names.slice(at, at + unusedBatch))) {
          if (!(await isOlder(this.#path(orphan), before))) continue;
          await this.remove([orphan]);
          removed += 1;
        }
      }
    }
    return removed;
  }

  ping(): Promise<void> {
    return this.#aside.ping();
  }

  #path(name: string): string {
    return join(this.#directory, placeOfBlob(name));
  }

  /** Once per shard directory and process; the directory's own name is durable before a blob is kept in it. */
  #makeShard(shard: string): Promise<void> {
    let made = this.#shards.get(shard);
    if (made === undefined) {
      made = this.#newShard(shard);
      this.#shards.set(shard, made);
      made.catch(() => this.#shards.delete(shard));
    }
    return made;
  }

  async #newShard(shard: string): Promise<void> {
    await mkdir(shard, { recursive: true });
    await this.#sync.sync(this.#directory);
  }
}
