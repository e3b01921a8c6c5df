import { GrowingBytes } from '../../../../pieces/growing-bytes.js';
import type { RowCounts } from './row-counts.js';
import { type FailedRow, type MadeRow, resultText } from './row-result.js';

/**
 * What a segment says of its rows, without their tails. The end of a job, which nothing goes on beside, puts heads together as
 * they are and makes no object of a row.
 */
export interface SegmentHead {
  /** The first row, from 0. */
  readonly from: number;
  readonly counts: RowCounts;
  /** An entry for each PDF; `filesOf` reads them. They say of a PDF what makes it, and nothing of its segment. */
  readonly files: Buffer;
  /** Of the PDFs, in UTF-8, one behind the other. */
  readonly names: Buffer;
  /** Of all rows as JSON, as the manifest has them, with commas between them. */
  readonly results: Buffer;
  /** Where the tails start in the file. */
  readonly tailsStart: number;
}

/** Entry of a PDF: length of its tail (32 bits), CRC-32 and SHA-256 of the whole file, length of its name (16 bits). */
export const fileBytes = 42;
const [crcAt, digestAt, nameAt] = [4, 8, 40];

/** What a whole PDF is, and how much of it is its tail. */
export interface FileSums {
  readonly tailBytes: number;
  readonly crc32: number;
  /** Hex. */
  readonly sha256: string;
}

/** The variable parts of a head, in memory that the next one takes. */
export class HeadBytes {
  readonly files = new GrowingBytes();
  readonly names = new GrowingBytes();
  readonly results = new GrowingBytes();

  clear(): void {
    this.files.clear();
    this.names.clear();
    this.results.clear();
  }

  /** @param row from 0 */
  made(result: MadeRow, row: number, { tailBytes, crc32, sha256 }: FileSums): void {
    const nameStart = this.names.length;
    this.names.text(result.fileName);
    const entry = this.files.next(fileBytes);
    entry.writeUInt32LE(tailBytes, 0);
    entry.writeUInt32LE(crc32, crcAt);
    entry.write(sha256, digestAt, 'hex');
    entry.writeUInt16LE(this.names.length - nameStart, nameAt);
    this.#result(result, row);
  }

  /** @param row from 0 */
  failed(result: FailedRow, row: number): void {
    this.#result(result, row);
  }

  #result(result: MadeRow | FailedRow, row: number): void {
    const text = resultText(result, row);
    this.results.text(this.results.length === 0 ? text : `,${text}`);
  }
}

/** A PDF of a segment. */
export interface SegmentFile {
  /** In UTF-8. */
  readonly name: Buffer;
  /** Of its tail in the segment. */
  readonly start: number;
  readonly tailBytes: number;
  /** Of prefix and tail. */
  readonly crc32: number;
  readonly sha256: Buffer;
}

/** In the order of the rows. */
export function* filesOf({ files, names, tailsStart }: SegmentHead): Generator<SegmentFile> {
  let [nameStart, start] = [0, tailsStart];
  for (let at = 0; at < files.length; at += fileBytes) {
    const [tailBytes, nameBytes] = [files.readUInt32LE(at), files.readUInt16LE(at + nameAt)];
    const name = names.subarray(nameStart, nameStart + nameBytes);
    const sha256 = files.subarray(at + digestAt, at + nameAt);
    yield { name, start, tailBytes, crc32: files.readUInt32LE(at + crcAt), sha256 };
    nameStart += nameBytes;
    start += tailBytes;
  }
}
