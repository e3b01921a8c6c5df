import type { Piece } from './pieces.js';

/**
 * A layout says which bytes of which sources a file has, one behind the other: a file that is computed as it is read.
 *
 * File: magic, number of pieces (32 bits, little endian), a line of 20 bytes for each (source 32 bits, start 64, length
 * 64). Source 0 is the layout itself, `start` then being a place in the file: earlier versions put bytes behind the lines.
 */
const magic = Buffer.from('INKLAY01', 'latin1');
const headBytes = magic.length + 4;
const lineBytes = 20;
/** Lines are handed out by so many. */
const linesTogether = 500;
const beyond32 = 0x1_0000_0000;
/** Where the bytes of a piece lie: in one of the sources, counted from 1, or in the layout itself (0). */
export type LayoutSource = number;

/** Writes the pieces of a layout, in order. What lies behind each other in the same source is one piece. */
export class LayoutWriter {
  readonly #take: (bytes: Uint8Array) => void;
  #left: number;
  #last: { readonly source: LayoutSource; readonly start: number; length: number } | undefined;
  #lines = Buffer.alloc(0);
  #filled = 0;

  /**
   * @param pieces how many there will be
   * @param take gets the file, in parts
   */
  constructor(pieces: number, take: (bytes: Uint8Array) => void) {
    this.#left = pieces;
    this.#take = take;
    const head = Buffer.alloc(headBytes);
    magic.copy(head);
    head.writeUInt32LE(pieces, magic.length);
    take(head);
  }

  /** @param source from 1 */
  add(source: LayoutSource, start: number, length: number): void {
    const last = this.#last;
    if (last?.source === source && last.start + last.length === start) last.length += length;
    else if (length > 0) {
      this.#endPiece();
      this.#last = { source, start, length };
    }
  }

  /** Throws unless there were as many pieces as was said. */
  end(): void {
    this.#endPiece();
    if (this.#left !== 0) throw new Error('A layout has other pieces than it should have');
    this.#handOut();
  }

  #endPiece(): void {
    if (this.#last === undefined) return;
    const { source, start, length } = this.#last;
    if (this.#filled === this.#lines.length) {
      this.#handOut();
      this.#lines = Buffer.allocUnsafe(linesTogether * lineBytes);
    }
    const [lines, at] = [this.#lines, this.#filled];
    lines.writeUInt32LE(source, at);
    writeNumber(lines, start, at + 4);
    writeNumber(lines, length, at + 12);
    this.#filled += lineBytes;
    this.#left -= 1;
    this.#last = undefined;
  }

  #handOut(): void {
    if (this.#filled > 0) this.#take(this.#lines.subarray(0, this.#filled));
    this.#filled = 0;
    this.#lines = Buffer.alloc(0);
  }
}

/** 64 bits, without an object for each number. */
function writeNumber(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32LE(value % beyond32, at);
  bytes.writeUInt32LE(Math.floor(value / beyond32), at + 4);
}

/** How many bytes at the start of a layout say where its pieces are, by its first `layoutStartBytes`. Throws when it is none. */
export function tableBytesOf(start: Uint8Array): number {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.length);
  if (bytes.length < headBytes || !bytes.subarray(0, magic.length).equals(magic))
    throw new Error('A layout of the job is none');
  return headBytes + bytes.readUInt32LE(magic.length) * lineBytes;
}

export const layoutStartBytes = headBytes;

export interface Layout {
  /** Where each piece starts, and behind them the length of all. */
  readonly offsets: Float64Array;
  piece(place: number): Piece<LayoutSource>;
}

/** @param table the bytes that `tableBytesOf` counts. Throws when they are broken: this server wrote them. */
export function readLayout(table: Uint8Array): Layout {
  const bytes = Buffer.from(table.buffer, table.byteOffset, table.length);
  if (bytes.length < tableBytesOf(bytes)) throw new Error('A layout of the job is broken');
  const count = bytes.readUInt32LE(magic.length);
  const offsets = new Float64Array(count + 1);
  const numberAt = (place: number, at: number): number =>
    Number(bytes.readBigUInt64LE(headBytes + place * lineBytes + at));
  for (let place = 0; place < count; place += 1)
    offsets[place + 1] = (offsets[place] ?? 0) + numberAt(place, 12);
  return {
    offsets,
    piece: (place) => ({
      source: bytes.readUInt32LE(headBytes + place * lineBytes),
      start: numberAt(place, 4),
      length: numberAt(place, 12),
    }),
  };
}
