import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { GrowingBytes } from '../../../../pieces/growing-bytes.js';
import { isObject } from '../../../../protocol/is-object.js';
import type { ArtifactWriter } from '../../../kind.js';
import type { Cell, Row, RowFault, RowScanner, RowSink, RowsRefusal } from './row.js';

/** Of an input: texts of this size stay young and in the cache, larger ones take twice the time. */
const pieceBytes = 64 * 1024;
/** How much is gathered for one write. */
const gatheredBytes = 256 * 1024;
const indexEntryBytes = 8;
const beyond32 = 0x1_0000_0000;

/** First byte of a row that is as most are; the first of any other one is that of its JSON. */
const usual = 0;
const headBytes = 3;
const lengthBytes = 4;
/** In the place of a length: the row does not have the column. */
const missing = 0xffff_ffff;

/**
 * Rows that are read by position: one file with the rows, another with where each starts (64 bits, little endian; one more than
 * there are rows, the last being the end).
 *
 * Row: a zero, how many columns (16 bits), the length of each value in units of UTF-16 (32 bits), all values in UTF-8 one behind the
 * other. A row that is a fault, says what was ignored, or is no text in UTF-8 is JSON. That of all rows would make short values
 * live on: JSON.parse of V8 keeps one of each that it has seen, outside of the young generation.
 */
export class RowsFileWriter {
  readonly #rows: ArtifactWriter;
  readonly #index: ArtifactWriter;
  readonly #bytes = new GrowingBytes();
  #count = 0;
  /** Of what has been written. */
  #offset = 0;
  #starts: number[] = [];

  constructor(rows: ArtifactWriter, index: ArtifactWriter) {
    this.#rows = rows;
    this.#index = index;
  }

  get count(): number {
    return this.#count;
  }

  readonly add: RowSink = (row) => {
    this.#starts.push(this.#offset + this.#bytes.length);
    if (!this.#addUsual(row)) this.#bytes.text(JSON.stringify(row));
    this.#count += 1;
    if (this.#bytes.length >= gatheredBytes) this.#flush();
  };

  end(): void {
    this.#starts.push(this.#offset + this.#bytes.length);
    this.#flush();
    this.#rows.end();
    this.#index.end();
  }

  /** @returns false for a row that is another */
  #addUsual(row: Row): boolean {
    if ('fault' in row || row.ignored !== undefined) return false;
    const { cells } = row;
    const text = cells.join('');
    // Half of a character is no text in UTF-8.
    if (!text.isWellFormed()) return false;
    const head = this.#bytes.next(headBytes + cells.length * lengthBytes);
    head[0] = usual;
    head.writeUInt16LE(cells.length, 1);
    for (let at = 0; at < cells.length; at += 1)
      head.writeUInt32LE(cells[at]?.length ?? missing, headBytes + at * lengthBytes);
    this.#bytes.text(text);
    return true;
  }

  #flush(): void {
    const index = Buffer.allocUnsafe(this.#starts.length * indexEntryBytes);
    for (const [at, start] of this.#starts.entries()) {
      index.writeUInt32LE(start % beyond32, at * indexEntryBytes);
      index.writeUInt32LE(Math.floor(start / beyond32), at * indexEntryBytes + 4);
    }
    this.#rows.write(this.#bytes.bytes);
    this.#index.write(index);
    this.#offset += this.#bytes.length;
    this.#bytes.clear();
    this.#starts = [];
  }
}

/** Feeds a scanner with a file, piece by piece. */
export function scanFile(path: string, scanner: RowScanner): RowsRefusal | undefined {
  const fd = openSync(path, 'r');
  try {
    for (;;) {
      // A buffer for each piece: a scanner may hold a part of it.
      const piece = Buffer.allocUnsafe(pieceBytes);
      const length = readSync(fd, piece);
      if (length === 0) return scanner.end();
      const refusal = scanner.push(piece.subarray(0, length));
      if (refusal !== undefined) return refusal;
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * The rows `from` to before `to`, in order, each made when it is taken: of all together much would live so long that only a
 * full collection gives it back. Throws when the files do not hold them.
 * @param bytes memory for what is read, until the last row is taken
 */
export function* readRows(
  { rows, index }: { readonly rows: string; readonly index: string },
  { from, to }: { readonly from: number; readonly to: number },
  bytes = new GrowingBytes(),
): Generator<Row> {
  const indexBytes = (to - from + 1) * indexEntryBytes;
  const starts = readAt(index, from * indexEntryBytes, Buffer.allocUnsafe(indexBytes));
  const startOf = (at: number): number => Number(starts.readBigUInt64LE(at * indexEntryBytes));
  const first = startOf(0);
  bytes.clear();
  const lines = readAt(rows, first, bytes.next(startOf(to - from) - first));
  for (let at = 0; at < to - from; at += 1) yield rowOf(lines, startOf(at) - first, startOf(at + 1) - first);
}

/** How many rows an index is of. */
export function countRows(index: string): number {
  const fd = openSync(index, 'r');
  try {
    return fstatSync(fd).size / indexEntryBytes - 1;
  } finally {
    closeSync(fd);
  }
}

/** Fills a buffer with what stands in a file. */
function readAt(path: string, start: number, bytes: Buffer): Buffer {
  const fd = openSync(path, 'r');
  try {
    for (let done = 0; done < bytes.length; ) {
      const count = readSync(fd, bytes, done, bytes.length - done, start + done);
      if (count === 0) throw new Error('The rows of the job are not whole');
      done += count;
    }
    return bytes;
  } finally {
    closeSync(fd);
  }
}

/** The row that stands between two places. */
function rowOf(bytes: Buffer, from: number, to: number): Row {
  if (bytes[from] !== usual) return rowOfJson(bytes.toString('utf8', from, to));
  const columns = bytes.readUInt16LE(from + 1);
  const start = from + headBytes;
  const text = bytes.toString('utf8', start + columns * lengthBytes, to);
  const cells: Cell[] = [];
  let at = 0;
  for (let column = 0; column < columns; column += 1) {
    const length = bytes.readUInt32LE(start + column * lengthBytes);
    cells.push(length === missing ? undefined : text.slice(at, at + length));
    if (length !== missing) at += length;
  }
  return { cells };
}

function rowOfJson(json: string): Row {
  const value: unknown = JSON.parse(json);
  if (!isObject(value)) throw new Error('A row of the job is broken');
  const fault = faults.find((known) => known === value.fault);
  if (fault !== undefined) return { fault };
  if (!Array.isArray(value.cells)) throw new Error('A row of the job is broken');
  const cells = cellsOf(value.cells);
  return Array.isArray(value.ignored) ? { cells, ignored: value.ignored.map(String) } : { cells };
}

const faults: readonly RowFault[] = ['not_an_object', 'row_too_large', 'field_too_large', 'too_many_columns'];

function cellsOf(list: readonly unknown[]): readonly Cell[] {
  return list.map((cell) => (typeof cell === 'string' ? cell : undefined));
}
