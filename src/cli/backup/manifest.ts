import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { type DatabaseState, damagedIn } from '../../engine/sqlite/backup.js';
import { fileReason } from '../file-reason.js';

/**
 * The form of a backup: a folder with `inkwire.db`, `blobs/` as in a data directory, `files.jsonl` with a line for each
 * of these files, and `manifest.json`, which is written last: a folder without it is no backup.
 */
export const manifestFile = 'manifest.json';
export const listFile = 'files.jsonl';
export const format = 1;

export interface Manifest {
  readonly format: typeof format;
  readonly taken_at: string;
  readonly schema: number;
  readonly epoch: string;
  readonly life: string;
  readonly last: number;
  /** Of the files in the list, together. */
  readonly files: { readonly count: number; readonly size_bytes: number };
  readonly list_sha256: string;
}

export interface ListedFile {
  readonly path: string;
  readonly size_bytes: number;
  readonly sha256: string;
}

/** Paths that may be in a list: nothing leads out of the folder. */
const pathShape = /^(?:inkwire\.db|blobs\/([0-9a-f]{2})\/[A-Za-z0-9_-]{1,80}-\1[0-9a-f]{62})$/;

export function manifestOf(
  state: DatabaseState,
  files: Manifest['files'],
  listSha256: string,
  now: number,
): Manifest {
  return { format, taken_at: new Date(now).toISOString(), ...state, files, list_sha256: listSha256 };
}

/** Why a folder is no backup that can be read, or its manifest. */
export async function readManifest(
  folder: string,
): Promise<{ readonly manifest: Manifest } | { readonly defect: string }> {
  const text = await readFile(join(folder, manifestFile), 'utf8').catch((error: unknown) => {
    const reason = fileReason(error);
    return { defect: `${manifestFile}: ${reason}; without it this is no whole backup` };
  });
  if (typeof text !== 'string') return text;
  const manifest = parseManifest(text);
  return manifest === undefined
    ? { defect: `${manifestFile}: is not a manifest that this program knows (format ${format})` }
    : { manifest };
}

function parseManifest(text: string): Manifest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const is = (name: string, type: 'string' | 'number'): boolean => typeof Reflect.get(value, name) === type;
  const files: unknown = Reflect.get(value, 'files');
  const known =
    Reflect.get(value, 'format') === format &&
    ['taken_at', 'epoch', 'life', 'list_sha256'].every((name) => is(name, 'string')) &&
    ['schema', 'last'].every((name) => is(name, 'number')) &&
    typeof files === 'object' &&
    files !== null &&
    typeof Reflect.get(files, 'count') === 'number' &&
    typeof Reflect.get(files, 'size_bytes') === 'number';
  // All of its members were looked at.
  return known ? (value as Manifest) : undefined;
}

/** The files of a backup whose list is whole. */
export async function* listedFiles(folder: string): AsyncGenerator<ListedFile> {
  const input = createReadStream(join(folder, listFile));
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const file = parseLine(line);
    if (file === undefined) throw new Error(`${listFile} has a line that is none: ${line.slice(0, 200)}`);
    yield file;
  }
}

function parseLine(line: string): ListedFile | undefined {
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'object' || value === null) return undefined;
  const { path, size_bytes: size, sha256 } = value as Partial<Record<keyof ListedFile, unknown>>;
  const known = typeof path === 'string' && typeof size === 'number' && typeof sha256 === 'string';
  return known && pathShape.test(path) ? { path, size_bytes: size, sha256 } : undefined;
}

/** Everything that is wrong with a backup, one line each, as it is found; nothing for one that can be restored. */
export async function* defectsOf(folder: string, signal: AbortSignal): AsyncGenerator<string> {
  const read = await readManifest(folder);
  if ('defect' in read) {
    yield read.defect;
    return;
  }
  const { files, list_sha256: listSha256 } = read.manifest;
  const digest = await digestOf(join(folder, listFile)).catch(fileReason);
  if (digest !== listSha256) {
    yield `${listFile}: ${/^[0-9a-f]{64}$/.test(digest) ? 'was changed' : digest}`;
    return;
  }
  let count = 0;
  let hasDatabase = false;
  let isDatabaseWhole = true;
  for await (const file of listedFiles(folder)) {
    signal.throwIfAborted();
    count += 1;
    hasDatabase ||= file.path === 'inkwire.db';
    const defect = await defectOf(folder, file);
    if (defect !== undefined) yield `${file.path}: ${defect}`;
    if (file.path === 'inkwire.db') isDatabaseWhole = defect === undefined;
  }
  // As the backup has taken them from a server whose disk had damaged them: its own digests tell of files only.
  if (hasDatabase && isDatabaseWhole) {
    for (const blob of damagedIn(folder)) yield `inkwire.db: the artifact ${blob} in it is damaged`;
  }
  if (count !== files.count || !hasDatabase) yield `${listFile}: does not list what the manifest says`;
}

async function defectOf(folder: string, file: ListedFile): Promise<string | undefined> {
  const path = join(folder, file.path);
  try {
    const { size } = await stat(path);
    if (size !== file.size_bytes) return `has ${size} bytes in place of ${file.size_bytes}`;
    return (await digestOf(path)) === file.sha256 ? undefined : 'was changed: its SHA-256 is another one';
  } catch (error) {
    return fileReason(error);
  }
}

export async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
