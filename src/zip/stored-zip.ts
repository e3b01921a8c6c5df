/**
 * The bytes of a ZIP archive around its files (APPNOTE 6.3.10): headers, directory and end, in ZIP64 where a number needs
 * it. Every length is known before a byte is written, so that an archive can be computed instead of being stored. Pure.
 */

/** A file in an archive. */
export interface ZipEntry {
  /** A path without `..`, with `/` between folders; at most 65,535 bytes in UTF-8. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Length in the archive, where the file is deflated (raw, as `deflateRaw` makes it); left out, it is stored as it is. */
  readonly deflatedBytes?: number;
  /** Milliseconds since 1970; archives know even seconds from 1980 to 2107, here in UTC. */
  readonly modifiedAt: number;
  /** The CRC is only known behind the file: there is none in its header, and a descriptor follows. */
  readonly streamed?: true;
}

const localSignature = 0x04034b50;
const descriptorSignature = 0x08074b50;
const entrySignature = 0x02014b50;
const end64Signature = 0x06064b50;
const locator64Signature = 0x07064b50;
const endSignature = 0x06054b50;

const localBytes = 30;
const entryBytes = 46;
const end64Bytes = 56;
const locator64Bytes = 20;
const endBytes = 22;

/** What stands in a field whose number lies in the ZIP64 one. */
const beyond32 = 0xffff_ffff;
const beyond16 = 0xffff;
const zip64Id = 1;
/** Names are UTF-8; CRC and lengths follow the file. */
const utf8Flag = 0x0800;
const descriptorFlag = 0x0008;
const plainVersion = 20;
const zip64Version = 45;
/** Unix, so that the mode below counts: a regular file, rw-r--r--. */
const madeByUnix = 3 << 8;
const regularFile = (0o100644 << 16) >>> 0;

/** Length of a file in the archive. */
export function storedBytesOf({ sizeBytes, deflatedBytes }: ZipEntry): number {
  return deflatedBytes ?? sizeBytes;
}

/** Length of what stands before a file. */
export function headerBytesOf(entry: ZipEntry): number {
  return localBytes + Buffer.byteLength(entry.name) + (isLarge(entry) ? 20 : 0);
}

/**
 * What stands before a file.
 * @param crc32 of its bytes as they are; of no meaning for one that is streamed
 */
export function headerOf(entry: ZipEntry, crc32: number): Buffer {
  const name = Buffer.from(entry.name);
  const isStreamed = entry.streamed === true;
  const numbers = isStreamed ? [0, 0] : [entry.sizeBytes, storedBytesOf(entry)];
  const extra = extraOf(isLarge(entry) ? numbers : []);
  const header = Buffer.alloc(localBytes);
  header.writeUInt32LE(localSignature, 0);
  header.writeUInt16LE(isLarge(entry) ? zip64Version : plainVersion, 4);
  writeCommon(header.subarray(6), entry, isStreamed ? 0 : crc32);
  for (const [at, bytes] of numbers.toReversed().entries())
    header.writeUInt32LE(isLarge(entry) ? beyond32 : bytes, 18 + 4 * at);
  header.writeUInt16LE(name.length, 26);
  header.writeUInt16LE(extra.length, 28);
  return Buffer.concat([header, name, extra]);
}

/** What stands behind a file that is streamed. */
export function descriptorOf(entry: ZipEntry, crc32: number): Buffer {
  const width = isLarge(entry) ? 8 : 4;
  const descriptor = Buffer.alloc(8 + 2 * width);
  descriptor.writeUInt32LE(descriptorSignature, 0);
  descriptor.writeUInt32LE(crc32, 4);
  writeNumber(descriptor, storedBytesOf(entry), 8, width);
  writeNumber(descriptor, entry.sizeBytes, 8 + width, width);
  return descriptor;
}

/**
 * The line of the directory for a file.
 * @param offset of its header
 */
export function directoryEntryOf(entry: ZipEntry, crc32: number, offset: number): Buffer {
  const name = Buffer.from(entry.name);
  const stored = storedBytesOf(entry);
  const numbers = isLarge(entry) ? [entry.sizeBytes, stored] : [];
  const extra = extraOf(offset >= beyond32 ? [...numbers, offset] : numbers);
  const line = Buffer.alloc(entryBytes);
  line.writeUInt32LE(entrySignature, 0);
  const version = extra.length === 0 ? plainVersion : zip64Version;
  line.writeUInt16LE(madeByUnix | zip64Version, 4);
  line.writeUInt16LE(version, 6);
  writeCommon(line.subarray(8), entry, crc32);
  line.writeUInt32LE(isLarge(entry) ? beyond32 : stored, 20);
  line.writeUInt32LE(isLarge(entry) ? beyond32 : entry.sizeBytes, 24);
  line.writeUInt16LE(name.length, 28);
  line.writeUInt16LE(extra.length, 30);
  line.writeUInt32LE(regularFile, 38);
  line.writeUInt32LE(Math.min(offset, beyond32), 42);
  return Buffer.concat([line, name, extra]);
}

/** The end of an archive, behind its directory. */
export function archiveEndOf(directory: {
  readonly entries: number;
  readonly sizeBytes: number;
  /** Where it starts, which is the length of all files with their headers. */
  readonly offset: number;
}): Buffer {
  const { entries, sizeBytes, offset } = directory;
  const end = Buffer.alloc(endBytes);
  end.writeUInt32LE(endSignature, 0);
  end.writeUInt16LE(Math.min(entries, beyond16), 8);
  end.writeUInt16LE(Math.min(entries, beyond16), 10);
  end.writeUInt32LE(Math.min(sizeBytes, beyond32), 12);
  end.writeUInt32LE(Math.min(offset, beyond32), 16);
  if (entries < beyond16 && sizeBytes < beyond32 && offset < beyond32) return end;
  const large = Buffer.alloc(end64Bytes + locator64Bytes);
  large.writeUInt32LE(end64Signature, 0);
  writeNumber(large, end64Bytes - 12, 4, 8);
  large.writeUInt16LE(madeByUnix | zip64Version, 12);
  large.writeUInt16LE(zip64Version, 14);
  writeNumber(large, entries, 24, 8);
  writeNumber(large, entries, 32, 8);
  writeNumber(large, sizeBytes, 40, 8);
  writeNumber(large, offset, 48, 8);
  large.writeUInt32LE(locator64Signature, end64Bytes);
  writeNumber(large, offset + sizeBytes, end64Bytes + 8, 8);
  large.writeUInt32LE(1, end64Bytes + 16);
  return Buffer.concat([large, end]);
}

/** Whether a length of the file needs ZIP64. */
function isLarge(entry: ZipEntry): boolean {
  return entry.sizeBytes >= beyond32 || storedBytesOf(entry) >= beyond32;
}

/** Flags, method, time and CRC, which header and directory have alike. */
function writeCommon(into: Buffer, entry: ZipEntry, crc32: number): void {
  into.writeUInt16LE(entry.streamed === true ? utf8Flag | descriptorFlag : utf8Flag, 0);
  into.writeUInt16LE(entry.deflatedBytes === undefined ? 0 : 8, 2);
  into.writeUInt32LE(dosTime(entry.modifiedAt), 4);
  into.writeUInt32LE(crc32, 8);
}

function extraOf(numbers: readonly number[]): Buffer {
  if (numbers.length === 0) return Buffer.alloc(0);
  const extra = Buffer.alloc(4 + 8 * numbers.length);
  extra.writeUInt16LE(zip64Id, 0);
  extra.writeUInt16LE(8 * numbers.length, 2);
  for (const [at, number] of numbers.entries()) writeNumber(extra, number, 4 + 8 * at, 8);
  return extra;
}

function writeNumber(into: Buffer, number: number, at: number, width: 4 | 8): void {
  if (width === 8) into.writeBigUInt64LE(BigInt(number), at);
  else into.writeUInt32LE(number, at);
}

const firstYear = 1980;
const lastYear = 2107;

/** Date and time as MS-DOS has them, in one number. */
function dosTime(ms: number): number {
  const date = new Date(ms);
  const year = date.getUTCFullYear();
  if (!(year >= firstYear)) return dosTime(Date.UTC(firstYear, 0, 1));
  if (year > lastYear) return dosTime(Date.UTC(lastYear, 11, 31));
  const day = ((year - firstYear) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate();
  const time = (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1);
  return ((day << 16) | time) >>> 0;
}
