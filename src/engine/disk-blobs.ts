import { randomUUID, webcrypto } from 'node:crypto';
import { constants, copyFile, mkdir, open, readdir, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import {
  type AsideFile,
  type Blobs,
  digestOfBlob,
  isMissingBlob,
  isSmallBlob,
  type OpenBlob,
} from './blobs.js';
import { DirectorySync, makeDirectory } from './directory-sync.js';

const nameShape = /^[A-Za-z0-9_-]{1,80}-[0-9a-f]{64}$/;
const shardShape = /^[0-9a-f]{2}$/;
const unusedBatch = 500;
const removalsAtOnce = 16;
const wholeMaxBytes = 64 * 1024;
/** Milliseconds: file systems stamp files with a clock that lags behind by a tick or two. */
const clockGrainMs = 100;

/** Reads a small blob from the store; undefined when it is not there. */
export type SmallBlobReader = (name: string) => Promise<Uint8Array | undefined>;

/**
 * Blobs as files: `<directory>/ab/<scope>-<sha256>` where `ab` begins the digest, and `<directory>/aside/` for what is
 * being written. A name holds nothing but what `nameShape` allows, so no name leads out of the directory. Small blobs
 * are read from the store beside it.
 */
export class DiskBlobs implements Blobs {
  readonly #directory: string;
  readonly #aside: string;
  readonly #readSmall: SmallBlobReader;
  readonly #openedAt = Date.now();
  readonly #sync = new DirectorySync();
  readonly #shards = new Map<string, Promise<void>>();

  private constructor(directory: string, readSmall: SmallBlobReader) {
    this.#readSmall = readSmall;
    this.#directory = resolve(directory);
    this.#aside = join(this.#directory, 'aside');
  }

  /** @param directory made when it is not there */
  static async open(
    directory: string,
    readSmall: SmallBlobReader = async () => undefined,
  ): Promise<DiskBlobs> {
    const blobs = new DiskBlobs(directory, readSmall);
    await makeDirectory(blobs.#aside, { syncs: blobs.#sync });
    // A process that was killed may have made names here and not synced them.
    await blobs.#sync.sync(blobs.#directory);
    return blobs;
  }

  aside(): string {
    return join(this.#aside, randomUUID());
  }

  async keep(file: AsideFile, scope: string): Promise<string> {
    const name = `${scope}-${file.sha256}`;
    const target = this.#path(name);
    const source = this.#pathAside(file.path);
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

  async put(bytes: Uint8Array, scope: string): Promise<string> {
    const path = this.aside();
    try {
      // Hashed off this thread: an upload of many megabytes must not hold it.
      const digest = await webcrypto.subtle.digest('SHA-256', bytes);
      await writeFile(path, bytes, { flag: 'wx' });
      return await this.keep({ path, sha256: Buffer.from(digest).toString('hex') }, scope);
    } catch (error) {
      await this.discard(path);
      throw error;
    }
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
    if (!isSmallBlob(name)) return { path: this.#path(name), release: async () => undefined };
    const path = this.aside();
    const release = (): Promise<void> => this.discard(path);
    try {
      await writeFile(path, await this.#smallBlob(name), { flag: 'wx', mode: 0o600 });
      return { path, release };
    } catch (error) {
      await release();
      throw error;
    }
  }

  async read(
    name: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<NodeJS.ReadableStream> {
    if (isSmallBlob(name)) {
      const bytes = await this.#smallBlob(name);
      return streamOf(range === undefined ? bytes : bytes.subarray(range.start, range.end + 1));
    }
    const handle = await open(this.#path(name), 'r');
    let closes = true;
    try {
      const length = range === undefined ? (await handle.stat()).size : range.end - range.start + 1;
      if (length > wholeMaxBytes) {
        const stream = handle.createReadStream(range);
        closes = false;
        return stream;
      }
      // A stream costs several times what reading a small file does.
      const bytes = Buffer.allocUnsafe(length);
      const { bytesRead } = await handle.read(bytes, 0, length, range?.start ?? 0);
      return streamOf(bytes.subarray(0, bytesRead));
    } finally {
      if (closes) await handle.close();
    }
  }

  async remove(names: readonly string[]): Promise<void> {
    const paths = names.filter((name) => !isSmallBlob(name)).map((name) => this.#path(name));
    for (let at = 0; at < paths.length; at += removalsAtOnce) {
      await Promise.all(paths.slice(at, at + removalsAtOnce).map(removeFile));
    }
  }

  async discard(path: string, atLeast = 0): Promise<void> {
    const whole = this.#pathAside(path);
    await removeFile(whole);
    for (let part = 0; (await removeFile(`${whole}.${part}`)) || part < atLeast; part += 1);
  }

  async cleanUp(
    unused: (names: readonly string[]) => Promise<readonly string[]>,
    before = this.#openedAt,
  ): Promise<number> {
    let removed = 0;
    for (const file of await readdir(this.#aside)) {
      if (
        (await this.#isOlder(join(this.#aside, file), before)) &&
        (await removeFile(join(this.#aside, file)))
      )
        removed += 1;
    }
    const shards = (await readdir(this.#directory)).filter((shard) => shardShape.test(shard));
    for (const shard of shards) {
      const names = (await readdir(join(this.#directory, shard))).filter((name) => nameShape.test(name));
      for (let at = 0; at < names.length; at += unusedBatch) {
        for (const orphan of await unused(names.slice(at, at + unusedBatch))) {
          if (!(await this.#isOlder(this.#path(orphan), before))) continue;
          await this.remove([orphan]);
          removed += 1;
        }
      }
    }
    return removed;
  }

  /** A younger file may belong to a commit that is under way. */
  async #isOlder(path: string, before: number): Promise<boolean> {
    try {
      return (await stat(path)).mtimeMs < before - clockGrainMs;
    } catch (error) {
      if (isMissingBlob(error)) return false;
      throw error;
    }
  }

  async ping(): Promise<void> {
    const path = this.aside();
    try {
      await writeFile(path, 'ping', { flag: 'wx' });
    } finally {
      await this.discard(path);
    }
  }

  async #smallBlob(name: string): Promise<Uint8Array> {
    const bytes = await this.#readSmall(name);
    // As a file that is missing.
    if (bytes === undefined) {
      throw Object.assign(new Error(`no such blob: ${name}`), { code: 'ENOENT', syscall: 'read' });
    }
    return bytes;
  }

  #path(name: string): string {
    if (!nameShape.test(name)) throw new Error(`Not the name of a blob: ${JSON.stringify(name)}`);
    return join(this.#directory, digestOfBlob(name).slice(0, 2), name);
  }

  #pathAside(path: string): string {
    const inside = resolve(path);
    if (dirname(inside) !== this.#aside) throw new Error(`Not a file aside: ${JSON.stringify(path)}`);
    return inside;
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

function streamOf(bytes: Uint8Array): Readable {
  // An empty chunk would not end the stream.
  return Readable.from(bytes.length === 0 ? [] : [bytes], { objectMode: false });
}

/** False when there was no such file. */
async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (!isMissingBlob(error)) throw error;
    return false;
  }
}
