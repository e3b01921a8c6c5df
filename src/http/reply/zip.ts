import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import {
  archiveEndOf,
  directoryEntryOf,
  headerBytesOf,
  headerOf,
  type ZipEntry as StoredEntry,
} from '../../zip/stored-zip.js';

/**
 * ZIP files of files that are at hand, written while they are read. Entries are stored, since PDFs are compressed already: so
 * the length is known before the first byte. The checksum of an entry stands before it, for which its file is read
 * twice: readers of streams need it there, and no library writes it (all of them write it behind, from one reading).
 */

/** `name`: a file name, or a path of safe names with `/` between them. */
export interface ZipEntry extends Pick<StoredEntry, 'name' | 'sizeBytes'> {
  readonly modifiedAt: Date;
  /** Called twice. */
  open(): Promise<Readable>;
}

const stored = ({ name, sizeBytes, modifiedAt }: ZipEntry): StoredEntry => ({
  name,
  sizeBytes,
  modifiedAt: modifiedAt.getTime(),
});

/** Bytes of the whole file. */
export function zipLength(entries: readonly ZipEntry[]): number {
  const directory = { entries: entries.length, sizeBytes: 0, offset: 0 };
  for (const entry of entries.map(stored)) {
    directory.sizeBytes += directoryEntryOf(entry, 0, directory.offset).length;
    directory.offset += headerBytesOf(entry) + entry.sizeBytes;
  }
  return directory.offset + directory.sizeBytes + archiveEndOf(directory).length;
}

/** Holds a piece of one entry at a time, however slowly it is read. Fails when a file is not as long as its entry says. */
export function zipStream(entries: Iterable<ZipEntry> | AsyncIterable<ZipEntry>): Readable {
  return Readable.from(pieces(entries), { objectMode: false, highWaterMark: 64 * 1024 });
}

async function* pieces(entries: Parameters<typeof zipStream>[0]): AsyncGenerator<Uint8Array> {
  const lines: Buffer[] = [];
  let offset = 0;
  let count = 0;
  for await (const entry of entries) {
    const crc = await checksumOf(entry);
    const header = headerOf(stored(entry), crc);
    lines.push(directoryEntryOf(stored(entry), crc, offset));
    yield header;
    let size = 0;
    for await (const chunk of await entry.open()) {
      const piece: unknown = chunk;
      if (!(piece instanceof Uint8Array)) throw new Error('A file is read as bytes');
      size += piece.length;
      yield piece;
    }
    if (size !== entry.sizeBytes) throw new Error('A file has another length than its entry');
    offset += header.length + size;
    count += 1;
  }
  const directory = Buffer.concat(lines);
  yield directory;
  yield archiveEndOf({ entries: count, sizeBytes: directory.length, offset });
}

async function checksumOf({ open }: ZipEntry): Promise<number> {
  let crc = 0;
  for await (const chunk of await open()) crc = crc32(chunk, crc);
  return crc;
}
