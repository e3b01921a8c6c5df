import { createHash } from 'node:crypto';
import { constants, crc32, deflateRawSync } from 'node:zlib';
import { LayoutWriter } from '../../../../pieces/layout.js';
import { AlikeEntries } from '../../../../zip/alike-entries.js';
import { archiveEndOf, directoryEntryOf, headerOf } from '../../../../zip/stored-zip.js';
import { manifestParts } from './manifest.js';
import type { Message } from './message.js';
import { type RowCounts, sumOfCounts } from './row-counts.js';
import { resultText } from './row-result.js';
import { filesOf, type SegmentHead } from './segment-head.js';

/** A range of rows: `from` to before `to`. */
interface Rows {
  readonly from: number;
  readonly to: number;
}

export interface ArchiveSegment extends Rows {
  /** Without its rows being read, of which there may be many. */
  readonly counts: () => RowCounts;
  /** Read when its turn has come, in memory that the next one takes: those of fifty thousand rows are not held together. */
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
  /** Takes `manifest.json` as it is, before it is packed, in parts. All parts lie in memory that the next one takes. */
  readonly onManifest: (part: Uint8Array) => void;
  /** Takes what stands before the members of the archive, and the last member, in parts: source 2 of the layout. */
  readonly onHeaders: (part: Uint8Array) => void;
  /** Takes what stands behind all members, in parts: source 3 of the layout. */
  readonly onDirectory: (part: Uint8Array) => void;
  /**
   * Takes a file over the prefix (source 1), what was handed out (2 and 3) and the segments (from 4 on, in the order in
   * which they were given), in parts.
   */
  readonly onLayout: (part: Uint8Array) => void;
}

/**
 * The archive of a job: the PDFs of its rows in their order, then `manifest.json`. It is not a file but a function of
 * template and segments; any range of it is read from those, and its length and tag are known before a byte is.
 */
export interface Archive {
  readonly sizeBytes: number;
  /** Of all that decides its bytes: 64 hex digits, as strong as a digest of the bytes themselves. */
  readonly tag: string;
}

const engineFault: Message = {
  code: 'ROW_NOT_MADE',
  message: 'The row ended the engine each time that it was tried',
};

/** Throws unless segments and lost rows are all rows, each once. */
export function makeArchive(parts: ArchiveParts): Archive {
  const { createdAt, warnings } = parts;
  const places = inOrder(parts);
  const counts = sumOfCounts(places.map(countsOfPlace));
  const zip = new ArchiveLayout(counts.success + counts.partial, parts);
  const filesTag = createHash('sha256');
  const manifestTag = createHash('sha256');
  /** Lays rows out while the manifest is made of them: heads are read once. */
  function* laidOut(): Generator<Uint8Array> {
    for (const place of places) {
      if (place.segment === undefined) {
        yield lostResults(place);
        continue;
      }
      const head = headOf(place, place.segment);
      zip.rows(head, place.segment.place);
      filesTag.update(head.files);
      yield head.results;
    }
  }
  const deflated: Uint8Array[] = [];
  let [crc, sizeBytes] = [0, 0];
  for (const part of manifestParts(laidOut(), { counts, createdAt, warnings })) {
    parts.onManifest(part);
    manifestTag.update(part);
    crc = crc32(part, crc);
    sizeBytes += part.length;
    // Each part ends at a byte, so that parts stand one behind the other; what ends them all is two bytes.
    deflated.push(deflateRawSync(part, { finishFlush: constants.Z_SYNC_FLUSH }));
  }
  deflated.push(deflateRawSync(Buffer.alloc(0)));
  zip.manifest(sizeBytes, crc, deflated);
  return { sizeBytes: zip.end(), tag: filesTag.update(manifestTag.digest('hex')).digest('hex') };
}

const source = { prefix: 1, headers: 2, directory: 3, segments: 4 } as const;

/**
 * Lays out a ZIP while its members come. What lies nowhere else is handed out at once, since it grows with the rows: of
 * fifty thousand it would be seven megabytes.
 */
class ArchiveLayout {
  readonly #parts: ArchiveParts;
  readonly #layout: LayoutWriter;
  readonly #alike: AlikeEntries;
  #headerBytes = 0;
  #directoryBytes = 0;
  #entries = 0;
  #offset = 0;

  /** @param rows how many will be members */
  constructor(rows: number, parts: ArchiveParts) {
    this.#parts = parts;
    this.#alike = new AlikeEntries(parts.createdAt);
    // Of each row header, prefix and tail; the manifest with its header; the directory.
    this.#layout = new LayoutWriter(3 * rows + 2, parts.onLayout);
  }

  /** @param segment its place among the segments */
  rows(head: SegmentHead, segment: number): void {
    const { prefixBytes } = this.#parts;
    for (const { name, start, tailBytes, crc32: crc } of filesOf(head)) {
      const sizeBytes = prefixBytes + tailBytes;
      this.#behind(this.#alike.line(name, sizeBytes, crc, this.#offset));
      this.#begin(this.#alike.header(name, sizeBytes, crc), sizeBytes);
      this.#layout.add(source.prefix, 0, prefixBytes);
      this.#layout.add(source.segments + segment, start, tailBytes);
    }
  }

  /** The last member, whose bytes lie nowhere else. */
  manifest(sizeBytes: number, crc: number, deflated: readonly Uint8Array[]): void {
    const deflatedBytes = deflated.reduce((sum, { length }) => sum + length, 0);
    const modifiedAt = this.#parts.createdAt;
    const entry = { name: 'manifest.json', sizeBytes, deflatedBytes, modifiedAt };
    this.#behind(directoryEntryOf(entry, crc, this.#offset));
    this.#begin(headerOf(entry, crc), deflatedBytes);
    for (const part of deflated) this.#own(part);
  }

  #begin(header: Uint8Array, storedBytes: number): void {
    this.#own(header);
    this.#entries += 1;
    this.#offset += header.length + storedBytes;
  }

  #own(bytes: Uint8Array): void {
    this.#layout.add(source.headers, this.#headerBytes, bytes.length);
    this.#headerBytes += bytes.length;
    this.#parts.onHeaders(bytes);
  }

  #behind(bytes: Uint8Array): void {
    this.#directoryBytes += bytes.length;
    this.#parts.onDirectory(bytes);
  }

  /** @returns the length of the archive */
  end(): number {
    const directory = {
      entries: this.#entries,
      sizeBytes: this.#directoryBytes,
      offset: this.#offset,
    };
    this.#behind(archiveEndOf(directory));
    this.#layout.add(source.directory, 0, this.#directoryBytes);
    this.#layout.end();
    return this.#offset + this.#directoryBytes;
  }
}

interface Place extends Rows {
  /** Left out for rows that were lost. */
  readonly segment?: Pick<ArchiveSegment, 'counts' | 'head'> & { readonly place: number };
}

function countsOfPlace({ from, to, segment }: Place): RowCounts {
  return segment?.counts() ?? { success: 0, partial: 0, failed: to - from, applied: 0, skipped: 0 };
}

function inOrder({ segments, lost }: ArchiveParts): readonly Place[] {
  const places: readonly Place[] = [
    ...segments.map(({ from, to, counts, head }, place) => ({ from, to, segment: { place, counts, head } })),
    ...lost,
  ].toSorted((a, b) => a.from - b.from);
  let next = 0;
  for (const { from, to } of places) {
    if (from !== next) throw new Error('The segments of the job are not all of its rows');
    next = to;
  }
  return places;
}

function headOf({ from, to }: Rows, { head }: NonNullable<Place['segment']>): SegmentHead {
  const found = head();
  const { success, partial, failed } = found.counts;
  if (found.from !== from || success + partial + failed !== to - from)
    throw new Error('A segment of the job has other rows');
  return found;
}

/** Of rows that ended the engine. */
function lostResults({ from, to }: Rows): Uint8Array {
  const rows = Array.from({ length: to - from }, (_, at) => from + at);
  return Buffer.from(rows.map((row) => resultText({ status: 'failed', error: engineFault }, row)).join());
}
