import { createHash } from 'node:crypto';
import { crc32, deflateRawSync } from 'node:zlib';
import { LayoutWriter } from '../../../../pieces/layout.js';
import { type Piece, piecesBetween } from '../../../../pieces/pieces.js';
import {
  archiveEndOf,
  directoryEntryOf,
  headerBytesOf,
  headerOf,
  storedBytesOf,
  type ZipEntry,
} from '../../../../zip/stored-zip.js';
import { manifestText } from './manifest.js';
import type { Message } from './message.js';
import type { RowFile, RowResult, SegmentHead } from './segment.js';

/** Where bytes of an archive come from. */
export type ArchiveSource =
  | { readonly type: 'bytes'; readonly bytes: Uint8Array }
  | { readonly type: 'prefix' }
  | { readonly type: 'segment'; readonly segment: number };

/** A range of rows that no segment has, because they ended their thread every time. */
interface Lost {
  readonly from: number;
  readonly to: number;
}

export interface ArchiveParts {
  readonly prefixBytes: number;
  readonly segments: readonly SegmentHead[];
  readonly lost: readonly Lost[];
  /** Of the job, in milliseconds since 1970. */
  readonly createdAt: number;
  readonly warnings: readonly Message[];
}

/** A file of the archive with the place of its own bytes. */
interface Member {
  readonly entry: ZipEntry;
  readonly crc32: number;
  readonly sha256: string;
  readonly pieces: readonly Piece<ArchiveSource>[];
}

/** A row's PDF. */
export interface ArchiveFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly pieces: readonly Piece<ArchiveSource>[];
}

const engineFault: Message = {
  code: 'ROW_NOT_MADE',
  message: 'The row ended the engine each time that it was tried',
};

/**
 * The archive of a job: the PDFs of its rows in their order, then `manifest.json`. It is not a file but a function of
 * template and segments; any range of it is read from those, and its length and tag are known before a byte is.
 */
export class Archive {
  readonly rows: readonly RowResult[];
  readonly sizeBytes: number;
  /** Of all that decides its bytes: 64 hex digits, as strong as a digest of the bytes themselves. */
  readonly tag: string;
  /** `manifest.json` as it is, before it was packed. */
  readonly manifest: Buffer;
  readonly #members: readonly Member[];
  /** Of what lies in the archive, by place: two or more for each member, one for each line of the directory, the end. */
  readonly #offsets: Float64Array;
  readonly #pieces: readonly (() => Piece<ArchiveSource>)[];

  /** Throws unless segments and lost rows are all rows, each once. */
  constructor(parts: ArchiveParts) {
    const { prefixBytes } = parts;
    const segments = parts.segments.map((head, place) => ({ head, place }));
    segments.sort((a, b) => a.head.from - b.head.from);
    const placed: (readonly [row: RowResult, place: number, tailsStart: number])[] = [];
    const lost = parts.lost.toSorted((a, b) => a.from - b.from);
    const skipLost = (): void => {
      for (let range = lost[0]; range !== undefined && range.from === placed.length; range = lost[0]) {
        for (let at = range.from; at < range.to; at += 1)
          placed.push([{ status: 'failed', error: engineFault }, -1, 0]);
        lost.shift();
      }
    };
    for (const { head, place } of segments) {
      skipLost();
      if (head.from !== placed.length) throw new Error('The segments of the job are not all of its rows');
      for (const row of head.rows) placed.push([row, place, head.tailsStart]);
    }
    skipLost();
    if (lost.length > 0) throw new Error('The segments of the job are not all of its rows');
    this.rows = placed.map(([row]) => row);
    const { createdAt } = parts;
    const files = placed.flatMap(([row, place, tailsStart]) =>
      row.status === 'failed'
        ? []
        : [memberOf(row.fileName, row.file, { createdAt, prefixBytes, place, tailsStart })],
    );
    this.manifest = Buffer.from(manifestText(this.rows, { createdAt, warnings: parts.warnings }));
    this.#members = [...files, manifestMember(this.manifest, createdAt)];
    const layout = layOut(this.#members);
    this.#offsets = layout.offsets;
    this.#pieces = layout.pieces;
    this.sizeBytes = layout.offsets.at(-1) ?? 0;
    this.tag = createHash('sha256')
      .update([...files.map(({ sha256 }) => sha256), ''].join('\n'))
      .update(this.manifest)
      .digest('hex');
  }

  /** PDFs in the order of their rows. */
  file(place: number): ArchiveFile | undefined {
    const member = place < this.fileCount ? this.#members[place] : undefined;
    if (member === undefined) return undefined;
    const { entry, sha256, pieces } = member;
    return { name: entry.name, sizeBytes: entry.sizeBytes, sha256, pieces };
  }

  get fileCount(): number {
    return this.#members.length - 1;
  }

  /** The whole of it as a layout over the prefix (1) and the segments (from 2 on, in the order in which they were given). */
  layout(): readonly Uint8Array[] {
    const writer = new LayoutWriter();
    for (const { source, start, length } of this.between(0, this.sizeBytes)) {
      if (source.type === 'bytes') writer.addBytes(source.bytes.subarray(start, start + length));
      else writer.add(source.type === 'prefix' ? 1 : 2 + source.segment, start, length);
    }
    return writer.parts();
  }

  /** Where the bytes `start` to before `end` lie. */
  between(start: number, end: number): Generator<Piece<ArchiveSource>> {
    const place = (at: number): Piece<ArchiveSource> => this.#pieces[at]?.() ?? bytesPiece(Buffer.alloc(0));
    return piecesBetween(this.#offsets, place, start, end);
  }
}

function bytesPiece(bytes: Uint8Array): Piece<ArchiveSource> {
  return { source: { type: 'bytes', bytes }, start: 0, length: bytes.length };
}

function memberOf(
  name: string,
  file: RowFile,
  where: {
    readonly createdAt: number;
    readonly prefixBytes: number;
    readonly place: number;
    readonly tailsStart: number;
  },
): Member {
  const { createdAt, prefixBytes, place, tailsStart } = where;
  return {
    entry: { name, sizeBytes: prefixBytes + file.tailBytes, modifiedAt: createdAt },
    crc32: file.crc32,
    sha256: file.sha256,
    pieces: [
      { source: { type: 'prefix' }, start: 0, length: prefixBytes },
      { source: { type: 'segment', segment: place }, start: tailsStart + file.start, length: file.tailBytes },
    ],
  };
}

function manifestMember(text: Buffer, createdAt: number): Member {
  const deflated = deflateRawSync(text);
  return {
    entry: {
      name: 'manifest.json',
      sizeBytes: text.length,
      deflatedBytes: deflated.length,
      modifiedAt: createdAt,
    },
    crc32: crc32(text),
    sha256: createHash('sha256').update(text).digest('hex'),
    pieces: [bytesPiece(deflated)],
  };
}

/** Headers and lines of the directory are made when they are read: what is held is where they start. */
function layOut(members: readonly Member[]): {
  readonly offsets: Float64Array;
  readonly pieces: readonly (() => Piece<ArchiveSource>)[];
} {
  const lengths: number[] = [];
  const pieces: (() => Piece<ArchiveSource>)[] = [];
  const add = (length: number, piece: () => Piece<ArchiveSource>): void => {
    lengths.push(length);
    pieces.push(piece);
  };
  const starts: number[] = [];
  let offset = 0;
  for (const { entry, crc32, pieces: own } of members) {
    starts.push(offset);
    const header = headerBytesOf(entry);
    add(header, () => bytesPiece(headerOf(entry, crc32)));
    for (const piece of own) add(piece.length, () => piece);
    offset += header + storedBytesOf(entry);
  }
  let directoryBytes = 0;
  for (const [at, { entry, crc32 }] of members.entries()) {
    const line = (): Buffer => directoryEntryOf(entry, crc32, starts[at] ?? 0);
    const length = line().length;
    add(length, () => bytesPiece(line()));
    directoryBytes += length;
  }
  const end = archiveEndOf({ entries: members.length, sizeBytes: directoryBytes, offset });
  add(end.length, () => bytesPiece(end));
  const offsets = new Float64Array(lengths.length + 1);
  for (const [at, length] of lengths.entries()) offsets[at + 1] = (offsets[at] ?? 0) + length;
  return { offsets, pieces };
}
