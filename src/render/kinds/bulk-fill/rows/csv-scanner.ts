import type { Cell, Place, RowFault, RowLimits, RowScanner, RowSink, RowsRefusal } from './row.js';
import { type Piece, Utf8Pieces } from './utf8-pieces.js';

const quote = 0x22;
const comma = 0x2c;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** A unit of UTF-16 has at most so many bytes in UTF-8. */
const maxBytesOfUnit = 3;

/** Where the scanner stands within a field. */
type State = 'start' | 'plain' | 'quoted' | 'after-quote';

/**
 * CSV as RFC 4180 has it, and nothing else: commas, double quotes, lines that end with LF, CRLF or CR, mixed or not. There
 * is no header row, rows may have different counts of columns, and an empty line is a row of one empty column. A byte
 * order mark is left out.
 *
 * Rows are cut out of the text of each piece; only a field that goes on in the next piece is put together. A row past its
 * limits is told of as a fault and not held, whatever its length.
 */
export class CsvScanner implements RowScanner {
  readonly #limits: RowLimits;
  readonly #sink: RowSink;
  readonly #pieces = new Utf8Pieces();
  #text = '';
  /** Of the text's first byte. */
  #offset = 0;
  #isFirst = true;
  #state: State = 'start';
  #cells: Cell[] = [];
  /** What earlier pieces hold of the field, and what comes before a quote in it. */
  #field = '';
  /** Its bytes in UTF-8, or no fewer: they are counted from where they may be too many, so that not every part counts all before it. */
  #fieldBytes = 0;
  #isCounted = false;
  #fault: RowFault | undefined;
  /** UTF-16 units of the row in earlier pieces. */
  #rowUnits = 0;
  #rows = 0;
  #line = 1;
  /** Where the line starts in the text; characters of the line in earlier pieces. */
  #lineStart = 0;
  #lineBefore = 0;
  /** The last unit was a CR: an LF belongs to it. */
  #afterReturn = false;
  /** Where the next line breaks stand in the text, once they were looked for. */
  #nextFeed = -1;
  #nextReturn = -1;
  /** Where the latest quote was opened: in the text, with its line, and once the text has gone as a place. */
  #openedAt = 0;
  #openedLine = 1;
  #openedLineStart = 0;
  #openedLineBefore = 0;
  #opened: Place | undefined;

  constructor(limits: RowLimits, sink: RowSink) {
    this.#limits = limits;
    this.#sink = sink;
  }

  push(bytes: Uint8Array): RowsRefusal | undefined {
    return this.#read(this.#pieces.push(bytes));
  }

  end(): RowsRefusal | undefined {
    const refusal = this.#read(this.#pieces.end());
    if (refusal !== undefined) return refusal;
    if (this.#state === 'quoted') {
      return { reason: 'invalid', message: 'A quote is never closed', place: this.#opened ?? this.#place(0) };
    }
    if (this.#state === 'start' && this.#cells.length === 0 && this.#fault === undefined) return undefined;
    this.#endField('');
    return this.#endRow(0, 0);
  }

  #read({ text, bytes, broken }: Piece): RowsRefusal | undefined {
    this.#text = text;
    this.#nextFeed = -1;
    this.#nextReturn = -1;
    let start = 0;
    if (this.#isFirst && text.length > 0) {
      this.#isFirst = false;
      if (text.charCodeAt(0) === 0xfeff) {
        start = 1;
        this.#lineStart = 1;
      }
    }
    const nul = text.indexOf('\0', start);
    const end = nul === -1 ? text.length : nul;
    const refusal = this.#scan(start, end);
    if (refusal !== undefined) return refusal;
    if (nul !== -1) return this.#invalid('There is a NUL, as in UTF-16: CSV is read as UTF-8', nul);
    if (broken) return this.#invalid('Bytes are not UTF-8', text.length);
    if (this.#state === 'quoted') this.#opened ??= this.#openedPlace();
    this.#lineBefore += charactersIn(text, this.#lineStart, text.length);
    this.#lineStart = 0;
    this.#offset += bytes;
    this.#text = '';
    return undefined;
  }

  #scan(from: number, end: number): RowsRefusal | undefined {
    const text = this.#text;
    let rowStart = from;
    let at = from;
    // A loop for each state: between two of them nothing but the state itself is written down.
    while (at < end) {
      if (this.#afterReturn) {
        this.#afterReturn = false;
        if (text.charCodeAt(at) === lineFeed) {
          at += 1;
          this.#lineStart = at;
          if (this.#state === 'quoted') this.#field = this.#join('\n');
          else rowStart = at;
          continue;
        }
      }
      if (this.#state === 'start') {
        if (this.#fault === undefined) at = this.#plainFields(at, end);
        if (at === end) break;
        if (text.charCodeAt(at) === quote) {
          this.#open(at);
          at += 1;
          continue;
        }
        this.#state = 'plain';
      }
      if (this.#state === 'quoted') {
        const start = at;
        at = this.#quotedEnd(at, end);
        this.#field = this.#join(text.slice(start, at));
        if (at === end) break;
        at += 1;
        this.#state = 'after-quote';
        continue;
      }
      const start = at;
      let unit = 0;
      while (at < end) {
        unit = text.charCodeAt(at);
        if (
          unit <= comma &&
          (unit === comma || unit === lineFeed || unit === carriageReturn || unit === quote)
        )
          break;
        at += 1;
      }
      const isAfterQuote = this.#state === 'after-quote';
      if (isAfterQuote && at === start && unit === quote) {
        this.#field = this.#join('"');
        this.#state = 'quoted';
        at += 1;
        continue;
      }
      if (isAfterQuote && at > start) return this.#invalid('Text stands behind a closing quote', start);
      if (at === end) {
        this.#field = this.#join(text.slice(start, at));
        break;
      }
      if (unit === quote) return this.#invalid('A quote stands within a field that has none around it', at);
      this.#endField(text.slice(start, at));
      at += 1;
      if (unit === comma) {
        // A row that ends behind a comma has one more column, also at the end of the input.
        this.#state = 'start';
        continue;
      }
      const refusal = this.#endRow(at - 1 - rowStart, at - 1);
      if (refusal !== undefined) return refusal;
      this.#line += 1;
      this.#lineStart = at;
      this.#lineBefore = 0;
      this.#afterReturn = unit === carriageReturn;
      rowStart = at;
    }
    this.#rowUnits += end - rowStart;
    if (this.#rowUnits > this.#limits.maxRowBytes) this.#fails('row_too_large');
    return undefined;
  }

  /**
   * Most fields, at a fraction of the time: short ones up to a comma, with quotes around them or without, but none in them.
   * @returns where the first field begins that is another
   */
  #plainFields(from: number, end: number): number {
    const text = this.#text;
    const cells = this.#cells;
    const room = this.#limits.maxColumns;
    const short = this.#limits.maxFieldBytes / maxBytesOfUnit;
    let start = from;
    for (let at = from; at < end; at += 1) {
      const unit = text.charCodeAt(at);
      // No unit that means something is greater.
      if (unit > comma) continue;
      if (unit === comma) {
        if (at - start > short || cells.length === room) return start;
        cells.push(text.slice(start, at));
        start = at + 1;
      } else if (unit === quote) {
        const close = at === start ? this.#plainQuoted(at, end) : -1;
        if (close === -1 || close - at > short || cells.length === room) return start;
        cells.push(text.slice(at + 1, close));
        at = close + 1;
        start = at + 1;
      } else if (unit === lineFeed || unit === carriageReturn) return start;
    }
    return start;
  }

  /** @returns where the quote stands that ends a field of one line, before a comma; -1 for another field */
  #plainQuoted(open: number, end: number): number {
    const text = this.#text;
    const close = text.indexOf('"', open + 1);
    if (close === -1 || close + 1 >= end || text.charCodeAt(close + 1) !== comma) return -1;
    // Lines are counted elsewhere. Both are looked for once in each line, or once in the piece where there is none.
    if (this.#nextFeed < open) this.#nextFeed = placeOf('\n', text, open);
    if (this.#nextReturn < open) this.#nextReturn = placeOf('\r', text, open);
    return Math.min(this.#nextFeed, this.#nextReturn) < close ? -1 : close;
  }

  /** Only notes what the place is made of: most quotes are closed. */
  #open(at: number): void {
    this.#state = 'quoted';
    this.#openedAt = at;
    this.#openedLine = this.#line;
    this.#openedLineStart = this.#lineStart;
    this.#openedLineBefore = this.#lineBefore;
    this.#opened = undefined;
  }

  #openedPlace(): Place {
    const at = this.#openedAt;
    return {
      row: this.#rows + 1,
      line: this.#openedLine,
      column: this.#openedLineBefore + charactersIn(this.#text, this.#openedLineStart, at) + 1,
      offset: this.#offset + Buffer.byteLength(this.#text.slice(0, at)),
    };
  }

  /** Where the quote stands that ends the field or is the first of two; lines are counted on the way. */
  #quotedEnd(from: number, end: number): number {
    const text = this.#text;
    for (let at = from; at < end; at += 1) {
      const unit = text.charCodeAt(at);
      if (unit === quote) return at;
      if (unit !== lineFeed && unit !== carriageReturn) continue;
      if (unit === carriageReturn && at + 1 === end) this.#afterReturn = true;
      else if (unit === carriageReturn && text.charCodeAt(at + 1) === lineFeed) continue;
      this.#line += 1;
      this.#lineStart = at + 1;
      this.#lineBefore = 0;
    }
    return end;
  }

  /** The field with what this piece has of it, which is not held past the limit. */
  #join(more: string): string {
    if (this.#fault !== undefined) return '';
    const joined = this.#field.length === 0 ? more : this.#field + more;
    const limit = this.#limits.maxFieldBytes;
    this.#fieldBytes += this.#isCounted ? Buffer.byteLength(more) : more.length * maxBytesOfUnit;
    if (this.#fieldBytes > limit && !this.#isCounted) {
      this.#fieldBytes = Buffer.byteLength(joined);
      this.#isCounted = true;
    }
    if (this.#fieldBytes > limit) this.#fails('field_too_large');
    return this.#fault === undefined ? joined : '';
  }

  #dropField(): void {
    this.#field = '';
    this.#fieldBytes = 0;
    this.#isCounted = false;
  }

  #endField(more: string): void {
    const value = this.#join(more);
    this.#dropField();
    this.#state = 'start';
    if (this.#fault !== undefined) return;
    if (this.#cells.length < this.#limits.maxColumns) this.#cells.push(value);
    else this.#fails('too_many_columns');
  }

  #fails(fault: RowFault): void {
    this.#fault ??= fault;
    this.#cells = [];
    this.#dropField();
  }

  /** @param units of the row in this piece */
  #endRow(units: number, at: number): RowsRefusal | undefined {
    const { maxRowBytes, maxRows } = this.#limits;
    this.#rows += 1;
    if (this.#rows > maxRows) {
      const place = { ...this.#place(at), row: this.#rows };
      return { reason: 'too_many_rows', message: `There are more than ${maxRows} rows`, place };
    }
    const length = this.#rowUnits + units;
    if (length > maxRowBytes) this.#fails('row_too_large');
    else if (length * maxBytesOfUnit > maxRowBytes && this.#bytesOf(length) > maxRowBytes)
      this.#fails('row_too_large');
    this.#sink(this.#fault === undefined ? { cells: this.#cells } : { fault: this.#fault });
    this.#cells = [];
    this.#fault = undefined;
    this.#rowUnits = 0;
    return undefined;
  }

  /** Of the row: what its values have more than units, since all else is ASCII. */
  #bytesOf(units: number): number {
    return this.#cells.reduce((sum, cell = '') => sum + Buffer.byteLength(cell) - cell.length, units);
  }

  #invalid(message: string, at: number): RowsRefusal {
    return { reason: 'invalid', message, place: this.#place(at) };
  }

  #place(at: number): Place {
    return {
      row: this.#rows + 1,
      line: this.#line,
      column: this.#lineBefore + charactersIn(this.#text, this.#lineStart, at) + 1,
      offset: this.#offset + Buffer.byteLength(this.#text.slice(0, at)),
    };
  }
}

function placeOf(unit: string, text: string, from: number): number {
  const found = text.indexOf(unit, from);
  return found === -1 ? Number.POSITIVE_INFINITY : found;
}

function charactersIn(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at += 1) {
    // The second unit of a pair is none of its own.
    if ((text.charCodeAt(at) & 0xfc00) !== 0xdc00) count += 1;
  }
  return count;
}
