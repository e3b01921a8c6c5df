import { createHash } from 'node:crypto';
import { constants, crc32, deflateRawSync } from 'node:zlib';
import { ByteBlocks } from '../../../../pieces/byte-blocks.js';
import { LayoutWriter } from '../../../../pieces/layout.js';
import {
  archiveEndOf,
  directoryEntryOf,
  headerOf,
  storedBytesOf,
  type ZipEntry,
} from '../../../../zip/stored-zip.js';
import { manifestParts } from './manifest.js';
import type { Message } from './message.js';
import type { RowResult, SegmentHead } from './segment.js';

/** A range of rows: `from` to before `to`. */
interface Rows {
  readonly from: number;
  readonly to: number;
}

export interface ArchiveSegment extends Rows {
  /** Reads its head anew each time: those of fifty thousand rows are not held together. */
  readonly head: () => SegmentHead;
}

export interface ArchiveParts {
  readonly prefixBytes: number;
  /** In any order. */
  readonly segments: readonly ArchiveSegment[];
  /** Rows that no segment has, because they ended their thread every time. */
  readonly lost: readonly Rows[];
  /** Of the job, in milliseconds since 1970. */
  readonly createdAt: number;
  readonly warnings: readonly Message[];
  /** Takes `manifest.json` as it is, before it is packed, in parts. */
  readonly onManifest: (part: Uint8Array) => void;
  /** Takes what stands before the members of the archive, and the last member, in parts: source 2 of the layout. */
  readonly onHeaders: (part: Uint8Array) => void;
  /** Takes what stands behind all members, in parts: source 3 of the layout. */
  readonly onDirectory: (part: Uint8Array) => void;
}

/**
 * The archive of a job: the PDFs of its rows in their order, then `manifest.json`. It is not a file but a function of
 * template and segments; any range of it is read from those, and its length and tag are known before a byte is.
 */
export interface Archive {
  readonly sizeBytes: number;
  /** Of all that decides its bytes: 64 hex digits, as strong as a digest of the bytes themselves. */
  readonly tag: string;
  /**
   * A file over the prefix (source 1), what was handed out (2 and 3) and the segments (from 4 on, in the order in which they
   * were given), in parts.
   */
  readonly layout: readonly Uint8Array[];
}

/** A row with where its segment is: its place among those given, and where tails start in it. */
interface PlacedRow {
  readonly row: RowResult;
  readonly place: number;
  readonly tailsStart: number;
}

const engineFault: Message = {
  code: 'ROW_NOT_MADE',
  message: 'The row ended the engine each time that it was tried',
};

/** Throws unless segments and lost rows are all rows, each once. */
export function makeArchive(parts: ArchiveParts): Archive {
  const { createdAt, warnings, prefixBytes } = parts;
  const places = inOrder(parts);
  const zip = new ArchiveLayout(parts);
  const tag = createHash('sha256');
  for (const { row, place, tailsStart } of placedRows(places)) {
    if (row.status === 'failed') continue;
    const { start, tailBytes, crc32: crc, sha256 } = row.file;
    const entry = { name: row.fileName, sizeBytes: prefixBytes + tailBytes, modifiedAt: createdAt };
    zip.member(entry, crc, (layout) => {
      layout.add(source.prefix, 0, prefixBytes);
      layout.add(source.segments + place, tailsStart + start, tailBytes);
    });
    tag.update(`${sha256}\n`);
  }
  const deflated: Uint8Array[] = [];
  let [crc, sizeBytes] = [0, 0];
  for (const part of manifestParts(() => rowsOf(places), { createdAt, warnings })) {
    parts.onManifest(part);
    tag.update(part);
    crc = crc32(part, crc);
    sizeBytes += part.length;
    // Each part ends at a byte, so that parts stand one behind the other; what ends them all is two bytes.
    deflated.push(deflateRawSync(part, { finishFlush: constants.Z_SYNC_FLUSH }));
  }
  deflated.push(deflateRawSync(Buffer.alloc(0)));
  const deflatedBytes = deflated.reduce((sum, { length }) => sum + length, 0);
  const entry = { name: 'manifest.json', sizeBytes, deflatedBytes, modifiedAt: createdAt };
  zip.ownMember(entry, crc, deflated);
  return { ...zip.end(), tag: tag.digest('hex') };
}

const source = { prefix: 1, headers: 2, directory: 3, segments: 4 } as const;
const blockBytes = 64 * 1024;

/**
 * Lays out a ZIP while its members come. What lies nowhere else is handed out at once, since it grows with the rows: of
 * fifty thousand it would be seven megabytes.
 */
class ArchiveLayout {
  readonly #layout = new LayoutWriter();
  readonly #headers: ByteBlocks;
  readonly #directory: ByteBlocks;
  #entries = 0;
  #offset = 0;

  constructor({ onHeaders, onDirectory }: Pick<ArchiveParts, 'onHeaders' | 'onDirectory'>) {
    this.#headers = new ByteBlocks(blockBytes, onHeaders);
    this.#directory = new ByteBlocks(blockBytes, onDirectory);
  }

  /** @param content adds the bytes of the member, as many as the entry says */
  member(entry: ZipEntry, crc: number, content: (layout: LayoutWriter) => void): void {
    const header = headerOf(entry, crc);
    this.#directory.append(directoryEntryOf(entry, crc, this.#offset));
    this.#append(header);
    content(this.#layout);
    this.#entries += 1;
    this.#offset += header.length + storedBytesOf(entry);
  }

  /** The same for one whose bytes lie nowhere else. */
  ownMember(entry: ZipEntry, crc: number, bytes: readonly Uint8Array[]): void {
    this.member(entry, crc, () => {
      for (const part of bytes) this.#append(part);
    });
  }

  #append(bytes: Uint8Array): void {
    this.#layout.add(source.headers, this.#headers.length, bytes.length);
    this.#headers.append(bytes);
  }

  end(): Pick<Archive, 'sizeBytes' | 'layout'> {
    const { length: sizeBytes } = this.#directory;
    this.#directory.append(archiveEndOf({ entries: this.#entries, sizeBytes, offset: this.#offset }));
    this.#layout.add(source.directory, 0, this.#directory.length);
    this.#headers.end();
    this.#directory.end();
    return { sizeBytes: this.#offset + this.#directory.length, layout: this.#layout.parts() };
  }
}

interface Place extends Rows {
  /** Left out for rows that were lost. */
  readonly segment?: { readonly place: number; readonly head: () => SegmentHead };
}

function inOrder({ segments, lost }: ArchiveParts): readonly Place[] {
  const places: readonly Place[] = [
    ...segments.map(({ from, to, head }, place) => ({ from, to, segment: { place, head } })),
    ...lost,
  ].toSorted((a, b) => a.from - b.from);
  let next = 0;
  for (const { from, to } of places) {
    if (from !== next) throw new Error('The segments of the job are not all of its rows');
    next = to;
  }
  return places;
}

function* placedRows(places: readonly Place[]): Generator<PlacedRow> {
  for (const { from, to, segment } of places) {
    if (segment === undefined) {
      for (let at = from; at < to; at += 1)
        yield { row: { status: 'failed', error: engineFault }, place: -1, tailsStart: 0 };
      continue;
    }
    const { rows, from: first, tailsStart } = segment.head();
    if (first !== from || rows.length !== to - from) throw new Error('A segment of the job has other rows');
    for (const row of rows) yield { row, place: segment.place, tailsStart };
  }
}

function* rowsOf(places: readonly Place[]): Generator<RowResult> {
  for (const { row } of placedRows(places)) yield row;
}
