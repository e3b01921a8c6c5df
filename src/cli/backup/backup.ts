import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Misuse, readArguments } from '../arguments.js';
import { exitCodes } from '../exit-codes.js';
import { Trouble } from '../failure.js';
import { fileReason } from '../file-reason.js';
import { count, duration, size } from '../progress-bar.js';
import { obey, quoted } from '../server-access.js';
import { directoryFailureOf } from '../start-failure.js';
import { printLine, type Shell } from '../terminal.js';
import { readable } from '../text-width.js';
import { isCode, type Taken, takeBackup } from './take.js';

/** `inkwire backup`: a data directory into a folder, beside a server that may run. */

export const backupUsage = `Usage:
  inkwire backup FOLDER [--json]

Writes a backup of the data directory (INKWIRE_DATA_DIR) into FOLDER, which must not be there yet or be empty. A server
may run meanwhile; run this as its user. The database is copied as of one moment; results and inputs are linked where
FOLDER lies on the same file system, otherwise copied. FOLDER appears when all of it is on the disk.

  --json  one JSON object on the standard output, and no words there

Exit code: 0 done, 1 it could not be made, 2 not understood.`;

export interface DirectoryChoice {
  /** The data directory, or what is wrong with the configuration. */
  dataDir(): string | readonly string[];
  random(size: number): { toString(encoding: 'hex'): string };
}

/** @returns the exit code */
export function runBackup(shell: Shell, { dataDir, random }: DirectoryChoice): Promise<number> {
  return obey(shell, 'backup', async () => {
    const { values, positionals } = readArguments(shell.args, { json: { type: 'boolean' } });
    if (values.help) {
      printLine(shell.out, backupUsage);
      return exitCodes.ok;
    }
    const folder = oneFolder(positionals, 'the backup goes into');
    const directory = dataDir();
    if (typeof directory !== 'string') return refused(shell, directory);
    await checkFree(folder);
    const startedAt = shell.now();
    const options = { id: random(4).toString('hex'), now: shell.now, signal: shell.interrupted };
    const taken = await ofDirectory(shell, directory, () => takeBackup(directory, folder, options));
    if (taken === undefined) return exitCodes.failed;
    if (values.json) printLine(shell.out, JSON.stringify(told(folder, taken)));
    else {
      printLine(shell.out, folder);
      printLine(shell.err, words(directory, taken, shell.now() - startedAt));
      printLine(shell.err, `Check it, here or elsewhere: inkwire restore ${quoted(folder)} --check`);
    }
    return exitCodes.ok;
  });
}

/** The one folder that a command line names, as a whole path. */
export function oneFolder(positionals: readonly string[], what: string): string {
  const [folder, ...more] = positionals;
  if (folder === undefined || folder === '' || more.length > 0)
    throw new Misuse(`Name the one folder that ${what}.`);
  return resolve(folder);
}

/** A configuration that cannot be used. */
export function refused(shell: Shell, defects: readonly string[]): number {
  for (const defect of defects) printLine(shell.err, defect);
  return exitCodes.misuse;
}

/** Does something with a data directory; undefined when it cannot be used, which was said then. */
export async function ofDirectory<T>(
  shell: Shell,
  directory: string,
  act: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof Trouble || (shell.interrupted.aborted && error === shell.interrupted.reason))
      throw error;
    // The system names the call that it refused; the store and SQLite have none.
    if (error instanceof Error && 'syscall' in error && 'path' in error) {
      throw new Trouble(`${readable(String(error.path))}: ${fileReason(error)}.`);
    }
    const lines = directoryFailureOf(error, directory);
    if (lines === undefined) throw error;
    for (const line of lines) printLine(shell.err, line);
    return undefined;
  }
}

async function checkFree(folder: string): Promise<void> {
  const held = await readdir(folder).catch((error: unknown) => {
    if (isCode(error, 'ENOENT')) return [];
    throw new Trouble(`${folder}: ${fileReason(error)}.`);
  });
  if (held.length > 0)
    throw new Misuse(`${folder} holds something already; a backup needs a folder of its own.`, 'file');
}

function told(folder: string, { manifest, linked, copied, gone }: Taken): object {
  const { files, list_sha256: _list, ...state } = manifest;
  return { type: 'backup', path: folder, ...state, ...files, linked, copied, removed_meanwhile: gone.length };
}

function words(directory: string, { manifest, linked, copied, gone }: Taken, ms: number): string {
  const { files, last } = manifest;
  const held = `${count(files.count, 'file')}, ${size(files.size_bytes)} (${linked} linked, ${copied} copied)`;
  const meanwhile =
    gone.length === 0 ? '' : `; ${count(gone.length, 'file')} that the server removed meanwhile left out`;
  return `${directory} up to event ${last}: ${held} in ${duration(ms)}${meanwhile}.`;
}
