import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { isObject } from '../../../../protocol/is-object.js';
import type { ArtifactWriter } from '../../../kind.js';
import type { Row, RowFault, RowScanner, RowSink, RowsRefusal } from './row.js';

/** Of an input: texts of this size stay young and in the cache, larger ones take twice the time. */
const pieceBytes = 64 * 1024;
/** How much is gathered for one write. */
const gatheredUnits = 256 * 1024;
const indexEntryBytes = 8;

/**
 * Rows that are read by position: one file with a line of JSON for each row, another with where each line starts (64 bits,
 * little endian; one more than there are rows, the last being the end).
 */
export class RowsFileWriter {
  readonly #rows: ArtifactWriter;
  readonly #index: ArtifactWriter;
  #count = 0;
  #offset = 0;
  #lines = '';
  #starts: bigint[] = [];

  constructor(rows: ArtifactWriter, index: ArtifactWriter) {
    this.#rows = rows;
    this.#index = index;
  }

  get count(): number {
    return this.#count;
  }

  readonly add: RowSink = (row) => {
    const line = `${lineOf(row)}\n`;
    this.#starts.push(BigInt(this.#offset));
    this.#offset += Buffer.byteLength(line);
    this.#lines += line;
    this.#count += 1;
    if (this.#lines.length >= gatheredUnits) this.#flush();
  };

  end(): void {
    this.#starts.push(BigInt(this.#offset));
    this.#flush();
    this.#rows.end();
    this.#index.end();
  }

  #flush(): void {
    const index = Buffer.alloc(this.#starts.length * indexEntryBytes);
    for (const [at, start] of this.#starts.entries()) index.writeBigUInt64LE(start, at * indexEntryBytes);
    this.#rows.write(Buffer.from(this.#lines));
    this.#index.write(index);
    this.#lines = '';
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
 */
export function* readRows(
  { rows, index }: { readonly rows: string; readonly index: string },
  { from, to }: { readonly from: number; readonly to: number },
): Generator<Row> {
  const starts = readAt(index, from * indexEntryBytes, (to - from + 1) * indexEntryBytes);
  const startOf = (at: number): number => Number(starts.readBigUInt64LE(at * indexEntryBytes));
  const first = startOf(0);
  const lines = readAt(rows, first, startOf(to - from) - first);
  for (let at = 0; at < to - from; at += 1)
    yield rowOfLine(lines.toString('utf8', startOf(at) - first, startOf(at + 1) - first));
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

function readAt(path: string, start: number, length: number): Buffer {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const count = readSync(fd, bytes, done, length - done, start + done);
      if (count === 0) throw new Error('The rows of the job are not whole');
      done += count;
    }
    return bytes;
  } finally {
    closeSync(fd);
  }
}

/** A list of columns, of which those that are missing are null; what is rarer is an object. */
function lineOf(row: Row): string {
  if ('fault' in row || row.ignored !== undefined) return JSON.stringify(row);
  return JSON.stringify(row.cells);
}

function rowOfLine(line: string): Row {
  const value: unknown = JSON.parse(line);
  if (Array.isArray(value)) return { cells: cellsOf(value) };
  if (!isObject(value)) throw new Error('A row of the job is broken');
  const fault = faults.find((known) => known === value.fault);
  if (fault !== undefined) return { fault };
  if (!Array.isArray(value.cells) || !Array.isArray(value.ignored))
    throw new Error('A row of the job is broken');
  return { cells: cellsOf(value.cells), ignored: value.ignored.map(String) };
}

const faults: readonly RowFault[] = ['not_an_object', 'row_too_large', 'field_too_large', 'too_many_columns'];

function cellsOf(list: readonly unknown[]): readonly (string | undefined)[] {
  return list.map((cell) => (typeof cell === 'string' ? cell : undefined));
}
