import { isUtf8 } from 'node:buffer';
import { isObject } from '../../../../protocol/is-object.js';
import {
  type Cell,
  isLongerThan,
  type Place,
  type Row,
  type RowLimits,
  type RowScanner,
  type RowSink,
  type RowsRefusal,
} from './row.js';

const byte = {
  quote: 0x22,
  comma: 0x2c,
  backslash: 0x5c,
  openList: 0x5b,
  closeList: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
  lineFeed: 0x0a,
  carriageReturn: 0x0d,
} as const;

const byteOrderMark = [0xef, 0xbb, 0xbf] as const;

const isSpace = (unit: number): boolean => unit === 0x20 || (unit >= 0x09 && unit <= 0x0d && unit !== 0x0b);

/** What may come next at the level of the list. */
type State = 'list' | 'first' | 'row' | 'within' | 'comma' | 'done';

/** The name of a column: its position, from 0. */
const columnName = /^column_(0|[1-9][0-9]{0,5})$/;

/** The position of a column by the name of a member; undefined for what is none. */
export type ColumnOf = (name: string) => number | undefined;

const byPosition: ColumnOf = (name) => {
  const position = columnName.exec(name)?.[1];
  return position === undefined ? undefined : Number(position);
};

/**
 * A JSON array of objects with the members `column_0`, `column_1` and so on, or with other names of columns. Cuts the bytes into rows by brackets and
 * quotes alone, and parses each row by itself: what is held is one row, and an error names it.
 */
export class JsonRowScanner implements RowScanner {
  readonly #limits: RowLimits;
  readonly #sink: RowSink;
  readonly #columnOf: ColumnOf;
  #state: State = 'list';
  /** Brackets that are open within the row; whether it stands in a text, and behind a backslash there. */
  #depth = 0;
  #inText = false;
  #escaped = false;
  #held: Buffer[] = [];
  #rowBytes = 0;
  #rows = 0;
  #piece: Buffer = Buffer.alloc(0);
  /** Of the first byte of the piece. */
  #offset = 0;
  /** How much of the piece is in the line and column, which are those of the next byte. */
  #counted = 0;
  #line = 1;
  #column = 1;
  #afterReturn = false;
  /** Of the latest row. */
  #rowPlace: Place = { row: 1, line: 1, column: 1, offset: 0 };

  constructor(limits: RowLimits, sink: RowSink, columnOf: ColumnOf = byPosition) {
    this.#limits = limits;
    this.#sink = sink;
    this.#columnOf = columnOf;
  }

  push(bytes: Uint8Array): RowsRefusal | undefined {
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#piece = piece;
    this.#counted = 0;
    let rowStart = 0;
    for (let at = 0; at < piece.length; at += 1) {
      if (this.#inText && !this.#escaped) at = endOfText(piece, at);
      if (at === piece.length) break;
      const unit = piece[at] ?? 0;
      if (this.#state === 'within') {
        if (!this.#within(unit)) continue;
        // A bare word ends before what stands behind it, which is then read for itself.
        const isBare = this.#depth < 0;
        const refusal = this.#endRow(piece.subarray(rowStart, isBare ? at : at + 1));
        if (refusal !== undefined) return refusal;
        if (!isBare) continue;
      }
      if (isSpace(unit) || this.#isMark(at, unit)) continue;
      const refusal = this.#between(unit, at);
      if (refusal !== undefined) return refusal;
      if (this.#state === 'within') rowStart = at;
    }
    if (this.#state === 'within') this.#hold(piece.subarray(rowStart));
    this.#count(piece.length);
    this.#offset += piece.length;
    return undefined;
  }

  end(): RowsRefusal | undefined {
    this.#piece = Buffer.alloc(0);
    this.#counted = 0;
    return this.#state === 'done' ? undefined : this.#invalid('The list is not closed', 0);
  }

  /** Whether this is a byte of a byte order mark. */
  #isMark(at: number, unit: number): boolean {
    const offset = this.#offset + at;
    return offset < byteOrderMark.length && this.#state === 'list' && unit === byteOrderMark[offset];
  }

  /** Whether the row ends with this byte, or, where it is a bare word, before it. */
  #within(unit: number): boolean {
    if (this.#inText) {
      if (this.#escaped) this.#escaped = false;
      else if (unit === byte.backslash) this.#escaped = true;
      else if (unit === byte.quote) {
        this.#inText = false;
        return this.#depth === 0;
      }
      return false;
    }
    if (unit === byte.quote) this.#inText = true;
    else if (unit === byte.openObject || unit === byte.openList) this.#depth += 1;
    else if (this.#depth === 0 && (unit === byte.comma || unit === byte.closeList || isSpace(unit))) {
      this.#depth = -1;
      return true;
    } else if (unit === byte.closeObject || unit === byte.closeList) {
      this.#depth -= 1;
      return this.#depth <= 0;
    }
    return false;
  }

  #between(unit: number, at: number): RowsRefusal | undefined {
    switch (this.#state) {
      case 'list':
        if (unit !== byte.openList) return this.#invalid('The rows are no list', at);
        this.#state = 'first';
        return undefined;
      case 'comma':
        if (unit === byte.comma) this.#state = 'row';
        else if (unit === byte.closeList) this.#state = 'done';
        else return this.#invalid('A comma is missing between two rows', at);
        return undefined;
      case 'done':
        return this.#invalid('Something stands behind the list', at);
      case 'first':
        if (unit === byte.closeList) {
          this.#state = 'done';
          return undefined;
        }
        return this.#beginRow(unit, at);
      default:
        return this.#beginRow(unit, at);
    }
  }

  #beginRow(unit: number, at: number): RowsRefusal | undefined {
    if (unit === byte.comma || unit === byte.closeList || unit === byte.closeObject)
      return this.#invalid('A row is missing', at);
    const { maxRows } = this.#limits;
    if (this.#rows === maxRows) {
      const message = `There are more than ${maxRows} rows`;
      return { reason: 'too_many_rows', message, place: this.#place(at) };
    }
    this.#state = 'within';
    this.#depth = 0;
    this.#rowPlace = this.#place(at);
    this.#within(unit);
    return undefined;
  }

  /** What is past the limit is counted, and not held. */
  #hold(bytes: Buffer): void {
    this.#rowBytes += bytes.length;
    if (this.#rowBytes > this.#limits.maxRowBytes) this.#held = [];
    else this.#held.push(Buffer.from(bytes));
  }

  #endRow(last: Buffer): RowsRefusal | undefined {
    const isShort = this.#rowBytes + last.length <= this.#limits.maxRowBytes;
    const bytes = this.#held.length === 0 ? last : Buffer.concat([...this.#held, last]);
    const place = this.#rowPlace;
    this.#held = [];
    this.#rowBytes = 0;
    this.#state = 'comma';
    if (isShort) {
      if (!isUtf8(bytes)) return { reason: 'invalid', message: 'The row is not UTF-8', place };
      const value = parsed(bytes.toString('utf8'));
      if (value === undefined) return { reason: 'invalid', message: 'The row is no JSON', place };
      this.#sink(this.#rowOf(value.json));
    } else this.#sink({ fault: 'row_too_large' });
    this.#rows += 1;
    return undefined;
  }

  #rowOf(json: unknown): Row {
    if (!isObject(json)) return { fault: 'not_an_object' };
    const { maxColumns, maxFieldBytes } = this.#limits;
    const cells: Cell[] = [];
    const ignored: string[] = [];
    for (const [name, value] of Object.entries(json)) {
      const position = this.#columnOf(name);
      if (position !== undefined && position >= maxColumns) return { fault: 'too_many_columns' };
      const cell = cellOf(value);
      if (position === undefined || (cell === undefined && value !== null)) ignored.push(name);
      else if (cell !== undefined && isLongerThan(cell, maxFieldBytes)) return { fault: 'field_too_large' };
      else {
        while (cells.length < position) cells.push(undefined);
        cells[position] = cell;
      }
    }
    return ignored.length === 0 ? { cells } : { cells, ignored };
  }

  /** Counts the lines and characters of the piece up to a byte. Only forwards: each byte is counted once. */
  #count(to: number): void {
    const piece = this.#piece;
    for (let at = this.#counted; at < to; at += 1) {
      const unit = piece[at] ?? 0;
      if (unit === byte.lineFeed || unit === byte.carriageReturn) {
        if (unit === byte.carriageReturn || !this.#afterReturn) this.#line += 1;
        this.#column = 1;
        // A mark before the first line is no character of it.
      } else if ((unit & 0xc0) !== 0x80 && !(unit === byteOrderMark[0] && this.#offset + at === 0))
        this.#column += 1;
      this.#afterReturn = unit === byte.carriageReturn;
    }
    this.#counted = to;
  }

  #place(at: number): Place {
    this.#count(at);
    return { row: this.#rows + 1, line: this.#line, column: this.#column, offset: this.#offset + at };
  }

  #invalid(message: string, at: number): RowsRefusal {
    return { reason: 'invalid', message, place: this.#place(at) };
  }
}

/** Where a text of JSON ends, or a backslash stands in it. */
function endOfText(piece: Buffer, from: number): number {
  for (let at = from; at < piece.length; at += 1) {
    const unit = piece[at];
    if (unit === byte.quote || unit === byte.backslash) return at;
  }
  return piece.length;
}

/** A text, a number or a boolean as text; all else is none. */
function cellOf(value: unknown): Cell {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function parsed(text: string): { readonly json: unknown } | undefined {
  try {
    return { json: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
