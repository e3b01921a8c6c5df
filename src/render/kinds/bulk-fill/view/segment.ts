import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { GrowingBytes } from '../../../../pieces/growing-bytes.js';
import { formerMagic, readFormerHead } from './former-segment.js';
import type { Message } from './message.js';
import type { RowCounts } from './row-counts.js';
import type { FailedRow, MadeRow } from './row-result.js';
import { fileBytes, HeadBytes, type SegmentHead } from './segment-head.js';

/**
 * A segment holds what a chunk of rows came to: what the manifest says of each row, and for each PDF its tail, which is all of
 * the file that is not the prefix of the job's template. It is a function of template and rows alone: made twice it has the
 * same bytes.
 *
 * File: magic, length of the head (32 bits, little endian), the head, the tails one behind the other. Head: a line of JSON
 * (`HeadFacts`), then files, names and results as `SegmentHead` has them.
 */
const magic = Buffer.from('INKSEG02', 'latin1');
const headStart = magic.length + 4;

/** The line with which a head begins, so that rows can be counted without being read. */
interface HeadFacts {
  readonly from: number;
  readonly counts: RowCounts;
  /** Bytes of the names. */
  readonly names: number;
}

/** What every PDF of a job begins with. Its checksums are made once, and gone on with for each row. */
export class Prefix {
  readonly length: number;
  readonly crc32: number;
  readonly sha256: string;
  readonly #hash: Hash;

  constructor(bytes: Uint8Array) {
    this.length = bytes.length;
    this.crc32 = crc32(bytes);
    this.#hash = createHash('sha256').update(bytes);
    this.sha256 = this.#hash.copy().digest('hex');
  }

  /** The digest of the whole PDF. */
  sha256With(tail: Uint8Array): string {
    return this.#hash.copy().update(tail).digest('hex');
  }
}

/** A segment that was just made. */
export interface Segment {
  /** Of each row. */
  readonly statuses: readonly (MadeRow | FailedRow)['status'][];
  /** Of each PDF, in order: the lengths of tails, the names, and the digests of the whole files. */
  readonly lengths: readonly number[];
  readonly names: readonly string[];
  readonly digests: string;
  /** Where the tails start in the file. */
  readonly tailsStart: number;
  /** The file, in pieces: memory that the next segment over the same `SegmentBytes` takes. */
  readonly parts: readonly Uint8Array[];
}

/** Memory for one segment after the other: what a chunk holds to its end would become garbage of the old generation. */
export class SegmentBytes {
  readonly head = new HeadBytes();
  readonly tails = new GrowingBytes();
}

/** Gathers the rows of one chunk, in order. */
export class SegmentBuilder {
  readonly #prefix: Prefix;
  readonly #from: number;
  readonly #head: HeadBytes;
  readonly #tails: GrowingBytes;
  readonly #statuses: (MadeRow | FailedRow)['status'][] = [];
  readonly #lengths: number[] = [];
  readonly #names: string[] = [];
  readonly #counts = { success: 0, partial: 0, failed: 0, applied: 0, skipped: 0 };
  #digests = '';

  /** @param from the first row, from 0 */
  constructor(prefix: Prefix, from: number, { head, tails } = new SegmentBytes()) {
    this.#prefix = prefix;
    this.#from = from;
    this.#head = head;
    this.#tails = tails;
    head.clear();
    tails.clear();
  }

  /** @param sum CRC-32 of the whole PDF */
  made(row: MadeRow, tail: Uint8Array, sum: number): void {
    const sha256 = this.#prefix.sha256With(tail);
    this.#head.made(row, this.#number, { tailBytes: tail.length, crc32: sum, sha256 });
    this.#counts[row.status] += 1;
    this.#counts.applied += row.appliedOverlays;
    this.#counts.skipped += row.skippedOverlays;
    this.#statuses.push(row.status);
    this.#lengths.push(tail.length);
    this.#names.push(row.fileName);
    this.#digests += sha256;
    this.#tails.append(tail);
  }

  failed(error: Message): void {
    this.#head.failed({ status: 'failed', error }, this.#number);
    this.#counts.failed += 1;
    this.#statuses.push('failed');
  }

  /** Of the next row, from 0. */
  get #number(): number {
    return this.#from + this.#statuses.length;
  }

  build(): Segment {
    const { files, names, results } = this.#head;
    const facts: HeadFacts = { from: this.#from, counts: this.#counts, names: names.length };
    const opening = Buffer.from(`${JSON.stringify(facts)}\n`);
    const headBytes = opening.length + files.length + names.length + results.length;
    const start = Buffer.alloc(headStart);
    magic.copy(start);
    start.writeUInt32LE(headBytes, magic.length);
    return {
      statuses: this.#statuses,
      lengths: this.#lengths,
      names: this.#names,
      digests: this.#digests,
      tailsStart: headStart + headBytes,
      parts: [start, opening, files.bytes, names.bytes, results.bytes, this.#tails.bytes],
    };
  }
}

/** So many of the first bytes of a segment say where its head ends, and what its rows come to. */
export const segmentStartBytes = headStart + 256;

/** How many bytes of a segment are its head, by its first `segmentStartBytes` bytes. Throws when it is none. */
export function headBytesOf(start: Uint8Array): number {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.length);
  if (bytes.length < headStart || !(isOf(bytes, magic) || isOf(bytes, formerMagic)))
    throw new Error('A segment of the job is none');
  return headStart + bytes.readUInt32LE(magic.length);
}

function isOf(bytes: Buffer, kind: Buffer): boolean {
  return bytes.subarray(0, kind.length).equals(kind);
}

/** @param start the first bytes of a segment @returns undefined where an earlier version has written it */
export function countsOf(start: Buffer): RowCounts | undefined {
  return isOf(start, magic) ? factsOf(start).facts.counts : undefined;
}

function factsOf(bytes: Buffer): { readonly facts: HeadFacts; readonly end: number } {
  const end = bytes.indexOf('\n', headStart) + 1;
  if (end === 0) throw new Error('The head of a segment is broken');
  // This server wrote it, and the digest of the file says that it is as it was written.
  return { facts: JSON.parse(bytes.toString('latin1', headStart, end)) as HeadFacts, end };
}

/** @param bytes of the segment, at least its head; what is answered lies in them. Throws when it is broken. */
export function readSegmentHead(bytes: Buffer): SegmentHead {
  const tailsStart = headBytesOf(bytes);
  const head = bytes.subarray(0, tailsStart);
  if (isOf(head, formerMagic)) return readFormerHead(head.toString('utf8', headStart), tailsStart);
  const { facts, end } = factsOf(head);
  const { from, counts } = facts;
  const namesStart = end + (counts.success + counts.partial) * fileBytes;
  const resultsStart = namesStart + facts.names;
  return {
    from,
    counts,
    files: head.subarray(end, namesStart),
    names: head.subarray(namesStart, resultsStart),
    results: head.subarray(resultsStart),
    tailsStart,
  };
}
