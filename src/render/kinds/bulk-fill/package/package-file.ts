import { createHash } from 'node:crypto';
import { crc32, inflateRawSync } from 'node:zlib';
import { archiveEndOf, directoryEntryOf, headerOf } from '../../../../zip/stored-zip.js';

import type { FillPackage } from './package.js';
import { isFontFile, type PackageFont, readFonts } from './package-fonts.js';
import { isPackage, packageDefect, packageLimits } from './package-schema.js';

/** A package with the files that belong to it. */
export interface PackageFile {
  readonly pack: FillPackage;
  /** Pictures and fonts by their names in the package: `images/logo.png`, `fonts/Brand.ttf`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** The same, with what was read of its files. */
export interface OpenedPackage extends PackageFile {
  readonly pictures: ReadonlyMap<string, Uint8Array>;
  readonly fonts: readonly PackageFont[];
}

/** The sentence goes on from "the package". */
export type ReadPackage = OpenedPackage | { readonly defect: string };

const packageName = 'package.json';
const sumsName = 'SHA256SUMS';

/** Writes a package: a ZIP, not packed, with the digests of its files. The same package has the same bytes. */
export function writePackage({ pack, files }: PackageFile): Buffer {
  const json = Buffer.from(`${JSON.stringify(pack, undefined, 2)}\n`);
  const content: (readonly [string, Uint8Array])[] = [[packageName, json], ...[...files].sort(byName)];
  const sums = content.map(([name, bytes]) => `${digestOf(bytes)}  ${name}\n`).join('');
  content.push([sumsName, Buffer.from(sums)]);
  const parts: Uint8Array[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, bytes] of content) {
    const entry = { name, sizeBytes: bytes.length, modifiedAt: 0 };
    const crc = crc32(bytes);
    const header = headerOf(entry, crc);
    directory.push(directoryEntryOf(entry, crc, offset));
    parts.push(header, bytes);
    offset += header.length + bytes.length;
  }
  const lines = Buffer.concat(directory);
  const end = archiveEndOf({ entries: content.length, sizeBytes: lines.length, offset });
  return Buffer.concat([...parts, lines, end]);
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Reads a package and says what is wrong with it: nothing of a file that was changed is taken. */
export function readPackage(bytes: Uint8Array): ReadPackage {
  const unpacked = unzip(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  if (typeof unpacked === 'string') return { defect: unpacked };
  const json = unpacked.get(packageName);
  const sums = unpacked.get(sumsName);
  if (json === undefined || sums === undefined) return { defect: `has no ${packageName} or no ${sumsName}` };
  const defect = sumsDefect(unpacked, sums.toString('utf8'));
  if (defect !== undefined) return { defect };
  let pack: unknown;
  try {
    pack = JSON.parse(json.toString('utf8'));
  } catch {
    return { defect: `has a ${packageName} that is no JSON` };
  }
  if (!isPackage(pack)) return { defect: `has a wrong ${packageName}: ${packageDefect(pack)}` };
  unpacked.delete(packageName);
  unpacked.delete(sumsName);
  const fonts = readFonts(unpacked);
  if ('defect' in fonts) return { defect: `has a font that is not taken: ${fonts.name} ${fonts.defect}` };
  const pictures = new Map([...unpacked].filter(([name]) => !isFontFile(name)));
  return { pack, files: unpacked, pictures, fonts: fonts.fonts };
}

function sumsDefect(files: ReadonlyMap<string, Buffer>, sums: string): string | undefined {
  const expected = new Map<string, string>();
  for (const line of sums.split('\n').filter((each) => each !== '')) {
    const [, digest = '', name = ''] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    expected.set(name, digest);
  }
  for (const [name, bytes] of files) {
    if (name === sumsName) continue;
    if (expected.get(name) !== digestOf(bytes)) return `was changed: ${name} is not what ${sumsName} says`;
    expected.delete(name);
  }
  const [lost] = expected.keys();
  return lost === undefined ? undefined : `lacks ${lost}, or has a line in ${sumsName} that is none`;
}

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const safeName = /^(?!\/)(?!.*(?:^|\/)\.{1,2}(?:\/|$))[\w./ -]{1,200}$/;

/** The files of a ZIP, or why it is none that is taken. */
function unzip(zip: Buffer): Map<string, Buffer> | string {
  if (zip.length > packageLimits.fileBytes) return `has more than ${packageLimits.fileBytes} bytes`;
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0 || end + 22 > zip.length || zip.readUInt32LE(end) !== endSignature) return 'is no ZIP';
  const count = zip.readUInt16LE(end + 10);
  if (count > packageLimits.files) return `has more than ${packageLimits.files} files`;
  const files = new Map<string, Buffer>();
  let at = zip.readUInt32LE(end + 16);
  let room: number = packageLimits.unpackedBytes;
  for (let index = 0; index < count; index++) {
    if (at + 46 > end || zip.readUInt32LE(at) !== entrySignature) return 'is a broken ZIP';
    const nameBytes = zip.readUInt16LE(at + 28);
    const name = zip.toString('utf8', at + 46, at + 46 + nameBytes);
    if (!safeName.test(name) || files.has(name))
      return `has a file whose name is not taken: ${name.slice(0, 100)}`;
    const file = entryBytes(zip, at, room);
    if (typeof file === 'string') return `${file}: ${name}`;
    room -= file.length;
    files.set(name, file);
    at += 46 + nameBytes + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return files;
}

/** The file of a line of the directory. */
function entryBytes(zip: Buffer, at: number, room: number): Buffer | string {
  const [flags, method] = [zip.readUInt16LE(at + 8), zip.readUInt16LE(at + 10)];
  const [packed, size] = [zip.readUInt32LE(at + 20), zip.readUInt32LE(at + 24)];
  const header = zip.readUInt32LE(at + 42);
  if ((flags & 1) !== 0 || (method !== 0 && method !== 8))
    return 'has a file that is packed in a way that is not known';
  if (size > room) return `unpacks to more than ${packageLimits.unpackedBytes} bytes`;
  if (header + 30 > zip.length) return 'is a broken ZIP';
  const start = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28);
  const bytes = zip.subarray(start, start + packed);
  let file: Buffer;
  try {
    file = method === 0 ? bytes : inflateRawSync(bytes, { maxOutputLength: Math.max(1, size) });
  } catch {
    return 'has a broken file';
  }
  return file.length === size && crc32(file) === zip.readUInt32LE(at + 16) ? file : 'has a broken file';
}
