import { spawn } from 'node:child_process';
import {
  constants,
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  realpath,
  rm,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import type { ProducedFile, ProgramFile } from './program-call.js';

/** More than this in a private folder count as more bytes than any limit allows. */
const maxEntries = 10_000;
const lookedAtOnce = 64;

/** An input, by the path that a sandbox shows as `../in/<name>`. */
export interface Input {
  readonly name: string;
  readonly path: string;
}

/**
 * The private folder of one run: `in/` for inputs, `out/` where the program runs, `tmp/` and `shm/` for `/tmp` and
 * `/dev/shm`, `root/` for the root of a sandbox that needs a place for it. Only the server's user can look into it.
 */
export class PrivateFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @param directory made where it is not there */
  static async make(directory: string): Promise<PrivateFolder> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const folder = new PrivateFolder(await realpath(await mkdtemp(join(directory, 'run-'))));
    try {
      for (const name of ['in', 'out', 'tmp', 'shm', 'root']) await mkdir(join(folder.path, name));
      return folder;
    } catch (error) {
      await folder.remove();
      throw error;
    }
  }

  get out(): string {
    return join(this.path, 'out');
  }

  get tmp(): string {
    return join(this.path, 'tmp');
  }

  /** @param copies whether files that lie elsewhere are copied; a sandbox shows them where they are */
  async take(files: readonly ProgramFile[], copies: boolean): Promise<readonly Input[]> {
    const inputs: Input[] = [];
    for (const file of files) {
      const { name } = file;
      const own = join(this.path, 'in', name);
      if ('bytes' in file) await writeFile(own, file.bytes, { flag: 'wx', mode: 0o400 });
      else if (copies) await copyFile(file.path, own, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
      inputs.push({ name, path: 'bytes' in file || copies ? own : file.path });
    }
    return inputs;
  }

  /** Bytes of everything that the program has written. What cannot be counted is more than any limit. */
  async sizeBytes(): Promise<number> {
    let sum = 0;
    let entries = 0;
    for (const part of ['out', 'tmp', 'shm']) {
      for await (const { sizeBytes } of entriesOf(Buffer.from(join(this.path, part)))) {
        sum += sizeBytes;
        entries += 1;
        if (entries > maxEntries) return Number.POSITIVE_INFINITY;
      }
    }
    return sum;
  }

  /** The files that the program has made. Call it when the program is gone: nobody then puts a link in a file's place. */
  async produced(): Promise<readonly ProducedFile[]> {
    const { out } = this;
    const files: ProducedFile[] = [];
    for await (const { path, sizeBytes, isFile } of entriesOf(Buffer.from(out))) {
      const text = path.toString('utf8');
      // A name that is no UTF-8 could not be opened by its text.
      if (!isFile || !Buffer.from(text).equals(path)) continue;
      files.push({ name: text.slice(out.length + 1), path: text, sizeBytes });
    }
    return files.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Safe twice. */
  remove(): Promise<void> {
    return removeTree(this.path);
  }
}

interface FoundEntry {
  readonly path: Buffer;
  readonly sizeBytes: number;
  readonly isFile: boolean;
}

/** Everything below a folder. Names are bytes: a program may give a file a name that is no text. Follows no link. */
async function* entriesOf(folder: Buffer): AsyncGenerator<FoundEntry> {
  const names = (await whileThere(readdir(folder, { encoding: 'buffer' }))) ?? [];
  for (let at = 0; at < names.length; at += lookedAtOnce) {
    const paths = names.slice(at, at + lookedAtOnce).map((name) => Buffer.concat([folder, slash, name]));
    const stats = await Promise.all(paths.map((path) => whileThere(lstat(path))));
    for (const [index, path] of paths.entries()) {
      const stat = stats[index];
      if (stat === undefined) continue;
      const isFile = stat.isFile();
      yield { path, isFile, sizeBytes: isFile ? stat.size : 0 };
      if (stat.isDirectory()) yield* entriesOf(path);
    }
  }
}

const slash = Buffer.from('/');

/** A program that runs may remove what was just listed. */
function whileThere<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
}

/** Removes a folder, also one in which a program took permissions away or nested deeper than a path may be long. */
export async function removeTree(path: string): Promise<void> {
  // Retries: a supervisor of a server that was killed a moment ago may still be about to end.
  const isGone = await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }).then(
    () => true,
    () => false,
  );
  if (isGone) return;
  const script = 'chmod -R u+rwX "$1"; exec rm -rf "$1"';
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', script, 'sh', path], { stdio: 'ignore', env: systemPath });
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`A private folder of a program could not be removed (${path})`);
}

const systemPath = { PATH: '/usr/bin:/bin' };
