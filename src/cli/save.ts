import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Inkwire } from '../../client/sdk/inkwire.js';
import { Misuse } from './arguments.js';
import { Trouble } from './failure.js';
import { fileReason } from './file-reason.js';
import type { TextStream } from './terminal.js';

/** Where a result goes. */
export type Destination =
  | {
      readonly type: 'file';
      readonly path: string;
      /** Where it is written until it is whole; left out: beside it, under a name of its own. */
      readonly aside?: string;
    }
  /** A device or a named pipe: it takes the bytes as they come, and nothing may be put in its place. */
  | { readonly type: 'device'; readonly path: string }
  /** The file is named as the server names it. */
  | { readonly type: 'folder'; readonly path: string }
  | { readonly type: 'stream'; readonly stream: TextStream };

export interface Saved {
  /** Undefined for the standard output. */
  readonly path: string | undefined;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Reads `-o`, before anything is rendered that could not be kept. @param path `-` for the standard output */
export async function destinationOf(path: string, out: TextStream): Promise<Destination> {
  if (path === '-') {
    if (out.terminal)
      throw new Misuse('A result is not written to a terminal; send it into a file or a pipe.');
    return { type: 'stream', stream: out };
  }
  const found = await statOf(path);
  if (found?.isDirectory()) return { type: 'folder', path };
  if (found !== undefined && !found.isFile()) return { type: 'device', path };
  const folder = dirname(path);
  if (path.endsWith('/') || !(await statOf(folder))?.isDirectory()) {
    throw new Misuse(`There is no folder ${path.endsWith('/') ? path : folder}; make it first.`, 'file');
  }
  // Behind a link the file is written, and the link stays.
  return { type: 'file', path: found === undefined ? path : await realpathOf(path) };
}

/** Downloads a job's result. A file appears under its name when it is whole and has the right digest. */
export async function save(
  client: Pick<Inkwire, 'download'>,
  jobId: string,
  to: Destination,
  signal: AbortSignal,
): Promise<Saved> {
  const { name, sha256, stream } = await client.download(jobId, { signal });
  const received = new Received(sha256);
  if (to.type === 'stream') {
    for await (const chunk of stream) {
      received.add(chunk);
      to.stream.write(chunk);
      await to.stream.flushed();
    }
    return received.at(undefined);
  }
  if (to.type === 'device') {
    const device = await open(to.path, 'w').catch(cannotWrite(to.path));
    try {
      for await (const chunk of stream) {
        received.add(chunk);
        await writeAll(device, chunk, to.path);
      }
    } finally {
      await device.close();
    }
    return received.at(to.path);
  }
  const path = to.type === 'file' ? to.path : join(to.path, plainName(name));
  const given = to.type === 'file' ? to.aside : undefined;
  const aside = given ?? `${path}.${randomBytes(4).toString('hex')}.part`;
  try {
    const file = await open(aside, 'w').catch(cannotWrite(aside));
    try {
      for await (const chunk of stream) {
        received.add(chunk);
        await writeAll(file, chunk, path);
      }
      await file.sync().catch(cannotWrite(path));
    } finally {
      await file.close();
    }
    await rename(aside, path).catch(cannotWrite(path));
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
  return received.at(path);
}

/** Counts what comes, and takes its digest where the server has not told it. */
class Received {
  #sizeBytes = 0;
  readonly #told: string | undefined;
  readonly #hash = createHash('sha256');

  constructor(told: string | undefined) {
    this.#told = told;
  }

  add(chunk: Uint8Array): void {
    this.#sizeBytes += chunk.length;
    if (this.#told === undefined) this.#hash.update(chunk);
  }

  at(path: string | undefined): Saved {
    return { path, sizeBytes: this.#sizeBytes, sha256: this.#told ?? this.#hash.digest('hex') };
  }
}

/** Whether a file is there with these bytes. */
export async function holds(path: string, sizeBytes: number, sha256: string): Promise<boolean> {
  try {
    const found = await stat(path);
    return found.isFile() && found.size === sizeBytes && (await digestOf(path)) === sha256;
  } catch (error) {
    // Throws again what is no matter of the file.
    fileReason(error);
    return false;
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

async function writeAll(file: FileHandle, bytes: Uint8Array, path: string): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += (await file.write(bytes, at).catch(cannotWrite(path))).bytesWritten;
  }
}

function cannotWrite(path: string): (error: unknown) => never {
  return (error) => {
    throw new Trouble(`${path} cannot be written: ${fileReason(error)}.`);
  };
}

/** What is there, behind links, too; undefined for nothing. */
async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    // Throws again what is no matter of the file.
    fileReason(error);
    return undefined;
  }
}

/** As it was given, but for a link: that one's end. */
async function realpathOf(path: string): Promise<string> {
  return (await lstat(path)).isSymbolicLink() ? await realpath(path) : path;
}

/** The server's name for a file, without anything that would lead elsewhere or hide it. */
function plainName(name: string): string {
  const plain = basename(name.replaceAll('\\', '/'))
    .replace(/\p{Cc}/gu, '_')
    .replace(/^\.+/, '');
  return plain === '' ? 'result' : plain;
}
