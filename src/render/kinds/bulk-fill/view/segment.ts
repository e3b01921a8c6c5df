import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { GrowingBytes } from '../../../../pieces/growing-bytes.js';
import { isObject } from '../../../../protocol/is-object.js';
import type { Message } from './message.js';
import type { RowCounts } from './row-counts.js';

/**
 * A segment holds what a chunk of rows came to: for each row its result, and for each PDF its tail, which is all of the
 * file that is not the prefix of the job's template. It is a function of template and rows alone: made twice it has the
 * same bytes.
 *
 * File: magic, length of the head (32 bits, little endian), the head as JSON, the tails one behind the other. The head begins
 * with what the rows come to, so that they can be counted without being read.
 */
const magic = Buffer.from('INKSEG01', 'latin1');
const headStart = magic.length + 4;

/** A row of which there is a PDF. */
export interface MadeRow {
  readonly status: 'success' | 'partial';
  readonly fileName: string;
  readonly appliedOverlays: number;
  readonly skippedOverlays: number;
  readonly warnings: readonly Message[];
}

/** A row of which there is none. */
export interface FailedRow {
  readonly status: 'failed';
  readonly error: Message;
}

/** Where the end of a row's PDF lies, and what the whole PDF is. */
export interface RowFile {
  /** Of its tail, behind the head. */
  readonly start: number;
  readonly tailBytes: number;
  /** Of prefix and tail. */
  readonly crc32: number;
  readonly sha256: string;
}

export type RowResult = FailedRow | (MadeRow & { readonly file: RowFile });

/** What a segment says of its rows, without their tails. */
export interface SegmentHead {
  /** The first row, from 0. */
  readonly from: number;
  readonly rows: readonly RowResult[];
  /** Where the tails start in the file. */
  readonly tailsStart: number;
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
  readonly statuses: readonly RowResult['status'][];
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
  readonly results = new GrowingBytes();
  readonly tails = new GrowingBytes();
}

/** Gathers the rows of one chunk, in order. */
export class SegmentBuilder {
  readonly #prefix: Prefix;
  readonly #from: number;
  readonly #results: GrowingBytes;
  readonly #tails: GrowingBytes;
  readonly #statuses: RowResult['status'][] = [];
  readonly #lengths: number[] = [];
  readonly #names: string[] = [];
  readonly #counts = { success: 0, partial: 0, failed: 0, applied: 0, skipped: 0 };
  #digests = '';

  /** @param from the first row, from 0 */
  constructor(prefix: Prefix, from: number, { results, tails } = new SegmentBytes()) {
    this.#prefix = prefix;
    this.#from = from;
    this.#results = results;
    this.#tails = tails;
    results.clear();
    tails.clear();
  }

  /** @param sum CRC-32 of the whole PDF */
  made(row: MadeRow, tail: Uint8Array, sum: number): void {
    const sha256 = this.#prefix.sha256With(tail);
    const { status, fileName, appliedOverlays, skippedOverlays, warnings } = row;
    const file = { start: this.#tails.length, tailBytes: tail.length, crc32: sum, sha256 };
    // Not spread: V8 makes a map of its own, in the old generation, for each object that is spread and gets more.
    this.#add({ status, fileName, appliedOverlays, skippedOverlays, warnings, file });
    this.#counts.applied += row.appliedOverlays;
    this.#counts.skipped += row.skippedOverlays;
    this.#lengths.push(tail.length);
    this.#names.push(row.fileName);
    this.#digests += sha256;
    this.#tails.append(tail);
  }

  failed(error: Message): void {
    this.#add({ status: 'failed', error });
  }

  #add(row: RowResult): void {
    this.#results.text(`${this.#statuses.length === 0 ? '' : ','}${JSON.stringify(row)}`);
    this.#statuses.push(row.status);
    this.#counts[row.status] += 1;
  }

  build(): Segment {
    const opening = Buffer.from(`{"from":${this.#from},"counts":${JSON.stringify(this.#counts)},"rows":[`);
    const closing = Buffer.from(']}');
    const headBytes = opening.length + this.#results.length + closing.length;
    const start = Buffer.alloc(headStart);
    magic.copy(start);
    start.writeUInt32LE(headBytes, magic.length);
    return {
      statuses: this.#statuses,
      lengths: this.#lengths,
      names: this.#names,
      digests: this.#digests,
      tailsStart: headStart + headBytes,
      parts: [start, opening, this.#results.bytes, closing, this.#tails.bytes],
    };
  }
}

/** How many bytes of a segment are its head, by its first `segmentStartBytes` bytes. Throws when it is none. */
export function headBytesOf(start: Uint8Array): number {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.length);
  if (bytes.length < headStart || !bytes.subarray(0, magic.length).equals(magic))
    throw new Error('A segment of the job is none');
  return headStart + bytes.readUInt32LE(magic.length);
}

/** So many of the first bytes of a segment say where its head ends, and what its rows come to. */
export const segmentStartBytes = headStart + 256;

/** @param start the first bytes of a segment @returns undefined where an earlier version has written it, which did not count */
export function countsOf(start: Uint8Array): RowCounts | undefined {
  const text = Buffer.from(start.subarray(headStart)).toString('latin1');
  const found = /^{"from":\d+,"counts":({[^{}]*})/.exec(text)?.[1];
  // Written by this server.
  return found === undefined ? undefined : (JSON.parse(found) as RowCounts);
}

/** @param bytes of the segment, at least its head. Throws when it is broken: it was made by this server. */
export function readSegmentHead(bytes: Uint8Array): SegmentHead {
  const tailsStart = headBytesOf(bytes);
  const head: unknown = JSON.parse(Buffer.from(bytes.subarray(headStart, tailsStart)).toString('utf8'));
  if (!isHead(head)) throw new Error('The head of a segment is broken');
  return { ...head, tailsStart };
}

/** The digest of the file says that it is as it was written. */
function isHead(value: unknown): value is Omit<SegmentHead, 'tailsStart'> {
  return isObject(value) && typeof value.from === 'number' && Array.isArray(value.rows);
}
