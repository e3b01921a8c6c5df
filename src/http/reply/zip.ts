import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';

/**
 * ZIP files of files that are at hand, written while they are read. Entries are stored, since PDFs are compressed already: so
 * the length is known before the first byte. The checksum of an entry stands before it, for which its file is read
 * twice: readers of streams need it there, and no library writes it (all of them write it behind, from one reading).
 */

export interface ZipEntry {
  /** A file name, no path. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  /** Called twice. */
  open(): Promise<Readable>;
}

const max32 = 0xffff_ffff;
const max16 = 0xffff;
const localLength = 30;
const centralLength = 46;
const endLength = 22;
const end64Length = 56 + 20;
/** 2.0; 4.5 where sizes or places need 64 bits. */
const version = 20;
const version64 = 45;
/** The name is UTF-8. */
const flags = 1 << 11;
/** A regular file, readable. */
const attributes = 0o100644 * 0x1_0000;
const madeByUnix = 3 << 8;

/** Bytes of the whole file. */
export function zipLength(entries: readonly ZipEntry[]): number {
  let at = 0;
  let directory = 0;
  for (const { name, sizeBytes } of entries) {
    const nameLength = Buffer.byteLength(name);
    directory += centralLength + nameLength + centralExtra(sizeBytes, at).length;
    at += localLength + nameLength + localExtra(sizeBytes).length + sizeBytes;
  }
  return at + directory + (isLarge(entries.length, at, directory) ? end64Length : 0) + endLength;
}

/** Holds a piece of one entry at a time, however slowly it is read. Fails when a file is not as long as its entry says. */
export function zipStream(entries: readonly ZipEntry[]): Readable {
  return Readable.from(pieces(entries), { objectMode: false, highWaterMark: 64 * 1024 });
}

async function* pieces(entries: readonly ZipEntry[]): AsyncGenerator<Uint8Array> {
  const directory: Buffer[] = [];
  let at = 0;
  for (const entry of entries) {
    const crc = await checksumOf(entry);
    const header = localHeader(entry, crc);
    directory.push(centralHeader(entry, crc, at));
    yield header;
    let size = 0;
    for await (const chunk of await entry.open()) {
      const piece: unknown = chunk;
      if (!(piece instanceof Uint8Array)) throw new Error('A file is read as bytes');
      size += piece.length;
      yield piece;
    }
    if (size !== entry.sizeBytes) throw new Error('A file has another length than its entry');
    at += header.length + size;
  }
  const length = directory.reduce((sum, header) => sum + header.length, 0);
  yield Buffer.concat([...directory, ending(entries.length, at, length)]);
}

async function checksumOf({ open }: ZipEntry): Promise<number> {
  let crc = 0;
  for await (const chunk of await open()) crc = crc32(chunk, crc);
  return crc;
}

function localHeader({ name, sizeBytes, modifiedAt }: ZipEntry, crc: number): Buffer {
  const bytes = Buffer.from(name);
  const extra = localExtra(sizeBytes);
  const header = Buffer.alloc(localLength);
  header.writeUInt32LE(0x0403_4b50, 0);
  header.writeUInt16LE(extra.length > 0 ? version64 : version, 4);
  writeFacts(header, 6, { sizeBytes, modifiedAt, crc, nameLength: bytes.length, extraLength: extra.length });
  return Buffer.concat([header, bytes, extra]);
}

function centralHeader({ name, sizeBytes, modifiedAt }: ZipEntry, crc: number, at: number): Buffer {
  const bytes = Buffer.from(name);
  const extra = centralExtra(sizeBytes, at);
  const header = Buffer.alloc(centralLength);
  const needed = extra.length > 0 ? version64 : version;
  header.writeUInt32LE(0x0201_4b50, 0);
  header.writeUInt16LE(madeByUnix | needed, 4);
  header.writeUInt16LE(needed, 6);
  writeFacts(header, 8, { sizeBytes, modifiedAt, crc, nameLength: bytes.length, extraLength: extra.length });
  header.writeUInt32LE(attributes, 38);
  header.writeUInt32LE(Math.min(at, max32), 42);
  return Buffer.concat([header, bytes, extra]);
}

interface Facts {
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  readonly crc: number;
  readonly nameLength: number;
  readonly extraLength: number;
}

/** From the flags to the length of the extra field, which both headers have in one order. */
function writeFacts(header: Buffer, from: number, facts: Facts): void {
  const { time, date } = dosTimeOf(facts.modifiedAt);
  const size = Math.min(facts.sizeBytes, max32);
  header.writeUInt16LE(flags, from);
  // The method: stored.
  header.writeUInt16LE(0, from + 2);
  header.writeUInt16LE(time, from + 4);
  header.writeUInt16LE(date, from + 6);
  header.writeUInt32LE(facts.crc, from + 8);
  header.writeUInt32LE(size, from + 12);
  header.writeUInt32LE(size, from + 16);
  header.writeUInt16LE(facts.nameLength, from + 20);
  header.writeUInt16LE(facts.extraLength, from + 22);
}

/** ZIP64: both sizes, where they are too large for the header. */
function localExtra(sizeBytes: number): Buffer {
  return sizeBytes < max32 ? Buffer.alloc(0) : extraOf([sizeBytes, sizeBytes]);
}

/** ZIP64: what is too large for the header, in this order. */
function centralExtra(sizeBytes: number, at: number): Buffer {
  const values = [...(sizeBytes < max32 ? [] : [sizeBytes, sizeBytes]), ...(at < max32 ? [] : [at])];
  return values.length === 0 ? Buffer.alloc(0) : extraOf(values);
}

function extraOf(values: readonly number[]): Buffer {
  const extra = Buffer.alloc(4 + 8 * values.length);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(8 * values.length, 2);
  for (const [index, value] of values.entries()) extra.writeBigUInt64LE(BigInt(value), 4 + 8 * index);
  return extra;
}

function isLarge(count: number, at: number, length: number): boolean {
  return count >= max16 || at >= max32 || length >= max32;
}

/** @param at where the directory begins, which is so long */
function ending(count: number, at: number, length: number): Buffer {
  const end = Buffer.alloc(endLength);
  end.writeUInt32LE(0x0605_4b50, 0);
  end.writeUInt16LE(Math.min(count, max16), 8);
  end.writeUInt16LE(Math.min(count, max16), 10);
  end.writeUInt32LE(Math.min(length, max32), 12);
  end.writeUInt32LE(Math.min(at, max32), 16);
  if (!isLarge(count, at, length)) return end;
  const end64 = Buffer.alloc(end64Length);
  end64.writeUInt32LE(0x0606_4b50, 0);
  end64.writeBigUInt64LE(44n, 4);
  end64.writeUInt16LE(madeByUnix | version64, 12);
  end64.writeUInt16LE(version64, 14);
  end64.writeBigUInt64LE(BigInt(count), 24);
  end64.writeBigUInt64LE(BigInt(count), 32);
  end64.writeBigUInt64LE(BigInt(length), 40);
  end64.writeBigUInt64LE(BigInt(at), 48);
  end64.writeUInt32LE(0x0706_4b50, 56);
  end64.writeBigUInt64LE(BigInt(at + length), 64);
  end64.writeUInt32LE(1, 72);
  return Buffer.concat([end64, end]);
}

/** In UTC, in steps of two seconds, from 1980 on. */
function dosTimeOf(at: Date): { readonly time: number; readonly date: number } {
  const year = Math.min(2107, Math.max(1980, at.getUTCFullYear()));
  return {
    time: (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1),
    date: ((year - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate(),
  };
}
