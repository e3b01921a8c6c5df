import type { PdfBytes } from './pdf-bytes.js';
import type { Glyph, GlyphPosition, GlyphRun } from './pdfkit.js';

/**
 * Lays out words of plain letters, digits and signs from what the font says of pairs of them: it is asked once for each
 * pair, where fontkit goes through all tables of the font for every word. Amounts, dates and numbers hardly ever
 * repeat, and so no cache of words has them.
 */

/** Letters of Latin without the controls, the no-break space and the soft hyphen; and the euro. */
const first = 0x20;
const end = 0x180;
const euro = 0x20ac;
const count = end - first + 1;

/** The place of a character in the tables; -1 where it has none. */
function placeOf(code: number): number {
  if (code < 0x7f) return code - first;
  if (code < end) return code > 0xa0 && code !== 0xad ? code - first : -1;
  return code === euro ? count - 1 : -1;
}

const codeAt = (place: number): number => (place === count - 1 ? euro : place + first);

const space = placeOf(0x20);

/** Characters of a text that is laid out for pdfmake. */
const least = 2;
const most = 64;

/** A character by itself. */
interface Single {
  readonly glyph: Glyph;
  readonly position: GlyphPosition;
}

/** Of a text: its widest word, without the space behind it, and all words. */
export interface WordWidths {
  widest: number;
  whole: number;
}

/** Stands in the tables for characters that become something else together, or that the font does not have. */
const none = Number.POSITIVE_INFINITY;

/** Characters of a document, by their places. */
export type PlainCharacters = Uint8Array;

export class PairLayout {
  readonly #singles: (Single | null | undefined)[] = [];
  /** Of characters by themselves; NaN before the font was asked. */
  readonly #advances = new Float64Array(count).fill(Number.NaN);
  /** Of a character before another one, by the first of them. */
  readonly #rows: (Float64Array | undefined)[] = [];
  /** Places of characters with one glyph. */
  readonly #twins: (readonly [number, number])[] = [];
  /** Ids of glyphs. */
  readonly #codes = new Uint16Array(count);

  constructor(
    /** The font's own layout of a text. */
    private readonly layout: (text: string) => GlyphRun,
  ) {}

  #single(place: number): Single | null {
    let single = this.#singles[place];
    if (single === undefined) {
      const { glyphs, positions } = this.layout(String.fromCharCode(codeAt(place)));
      const [glyph] = glyphs;
      const [position] = positions;
      const isPlain = glyphs.length === 1 && glyph?.id !== 0 && position !== undefined && isBare(position);
      single = isPlain && glyph !== undefined ? { glyph, position } : null;
      this.#singles[place] = single;
      if (single !== null) this.#noteTwin(single.glyph.id, place);
      this.#advances[place] = single === null ? none : single.position.xAdvance;
      this.#codes[place] = single?.glyph.id ?? 0;
    }
    return single;
  }

  #advance(place: number): number {
    const known = this.#advances[place] ?? none;
    if (!Number.isNaN(known)) return known;
    return this.#single(place)?.position.xAdvance ?? none;
  }

  #pair(one: number, other: number): number {
    let row = this.#rows[one];
    if (row === undefined) {
      row = new Float64Array(count).fill(Number.NaN);
      this.#rows[one] = row;
    }
    const known = row[other] ?? none;
    if (!Number.isNaN(known)) return known;
    const advance = this.#asked(one, other);
    row[other] = advance;
    return advance;
  }

  #asked(one: number, other: number): number {
    const [before, after] = [this.#single(one), this.#single(other)];
    const { glyphs, positions } = this.layout(String.fromCharCode(codeAt(one), codeAt(other)));
    const [glyph, next] = glyphs;
    const [position, last] = positions;
    if (before === null || after === null || glyph === undefined || position === undefined) return none;
    const separate =
      glyphs.length === 2 &&
      glyph.id === before.glyph.id &&
      next?.id === after.glyph.id &&
      same(position, before.position, true) &&
      last !== undefined &&
      same(last, after.position, false);
    return separate ? position.xAdvance : none;
  }

  /** The run that the font's own layout gives; undefined for a text that it has to lay out itself. */
  run(text: string): GlyphRun | undefined {
    if (text.length < least || text.length > most) return undefined;
    const glyphs: Glyph[] = [];
    const positions: GlyphPosition[] = [];
    let advanceWidth = 0;
    let place = placeOf(text.charCodeAt(0));
    for (let i = 1; i <= text.length; i++) {
      const next = i < text.length ? placeOf(text.charCodeAt(i)) : -1;
      if (place < 0 || (next < 0 && i < text.length)) return undefined;
      const single = this.#single(place);
      const xAdvance = i < text.length ? this.#pair(place, next) : this.#advance(place);
      if (single === null || xAdvance === none) return undefined;
      glyphs.push(single.glyph);
      positions.push({ ...single.position, xAdvance });
      advanceWidth += xAdvance;
      place = next;
    }
    return { glyphs, positions, advanceWidth };
  }

  /**
   * How wide a text is, as pdfkit lays it out: spaces end what is laid out together. NaN for a text that the font has to
   * lay out itself.
   */
  width(text: string): number {
    const known = this.#known(text);
    const width = Number.isNaN(known) ? this.#asking(text) : known;
    return width === none ? Number.NaN : width;
  }

  /**
   * Measures a text of words with one space between them, each word at `scale` by itself; false for a text that the font has to
   * lay out itself, or has not been asked for.
   */
  measure(text: string, scale: number, widths: WordWidths): boolean {
    const { length } = text;
    const trail = (this.#advances[space] ?? none) * scale;
    let widest = 0;
    let whole = 0;
    let together = 0;
    let place = placeOf(text.charCodeAt(0));
    for (let i = 1; i < length; i++) {
      if (place < 0) return false;
      const next = placeOf(text.charCodeAt(i));
      if (place === space) {
        const width = (together + (this.#advances[space] ?? none)) * scale;
        if (width - trail > widest) widest = width - trail;
        whole += width;
        together = 0;
      } else {
        const row = this.#rows[place];
        if (row === undefined || next < 0) return false;
        together += row[next] ?? none;
      }
      place = next;
    }
    if (place < 0) return false;
    const width = (together + (this.#advances[place] ?? none)) * scale;
    whole += width;
    if (!(whole < none)) return false;
    widths.widest = width > widest ? width : widest;
    widths.whole = whole;
    return true;
  }

  /** NaN where the font has not been asked for all of it. Without calls, each of which would make an object of a number. */
  #known(text: string): number {
    const { length } = text;
    let width = 0;
    let together = 0;
    let place = placeOf(text.charCodeAt(0));
    for (let i = 1; i < length; i++) {
      const next = placeOf(text.charCodeAt(i));
      if (place < 0 || next < 0) return Number.NaN;
      if (place === space) {
        width += together + (this.#advances[place] ?? none);
        together = 0;
      } else {
        const row = this.#rows[place];
        if (row === undefined) return Number.NaN;
        together += row[next] ?? none;
      }
      place = next;
    }
    return place < 0 ? Number.NaN : width + (together + (this.#advances[place] ?? none));
  }

  #asking(text: string): number {
    let width = 0;
    let together = 0;
    let place = placeOf(text.charCodeAt(0));
    for (let i = 1; i <= text.length; i++) {
      if (place < 0) return Number.NaN;
      const next = i < text.length ? placeOf(text.charCodeAt(i)) : space;
      const ends = i === text.length || place === space;
      together += ends || next < 0 ? this.#advance(place) : this.#pair(place, next);
      if (ends) {
        width += together;
        together = 0;
      }
      place = next;
    }
    return width;
  }

  /** Writes what shows a text that has a width. */
  show(text: string, operators: PdfBytes): void {
    operators.text('[(');
    let place = placeOf(text.charCodeAt(0));
    for (let i = 1; i <= text.length; i++) {
      operators.code(this.#codes[place] ?? 0);
      const next = i < text.length ? placeOf(text.charCodeAt(i)) : space;
      if (i < text.length && place !== space) {
        // A text that has a width has been asked for its pairs.
        const row = this.#rows[place];
        const kerning = row === undefined ? 0 : (row[next] ?? 0) - (this.#advances[place] ?? 0);
        if (kerning !== 0) {
          operators.text(')');
          operators.operand(-kerning);
          operators.text('(');
        }
      }
      place = next;
    }
    operators.text(')]TJ');
  }

  /** Writes what shows a text that was measured: each word at its place. `scale` is a thousandth of the font size. */
  showWords(text: string, operators: PdfBytes, scale: number): void {
    operators.text('[(');
    const { length } = text;
    let together = 0;
    let place = placeOf(text.charCodeAt(0));
    for (let i = 1; i <= length; i++) {
      operators.code(this.#codes[place] ?? 0);
      if (i === length) break;
      const next = placeOf(text.charCodeAt(i));
      const advance = this.#advances[place] ?? 0;
      if (place === space) {
        operators.text(')]TJ ');
        operators.operand((together + advance) * scale);
        operators.text('0 Td[(');
        together = 0;
      } else {
        const kerned = this.#rows[place]?.[next] ?? 0;
        together += kerned;
        if (kerned !== advance) {
          operators.text(')');
          operators.operand(-(kerned - advance));
          operators.text('(');
        }
      }
      place = next;
    }
    operators.text(')]TJ');
  }

  #noteTwin(glyph: number, place: number): void {
    const twin = this.#singles.findIndex((one, i) => i !== place && one?.glyph.id === glyph);
    if (twin >= 0) this.#twins.push([twin, place]);
  }

  /** Whether one glyph stands for two of the characters. */
  hasTwins(characters: PlainCharacters): boolean {
    return this.#twins.some(([one, other]) => characters[one] === 1 && characters[other] === 1);
  }

  /** Marks the characters of a text that has a width. */
  mark(text: string, characters: PlainCharacters): void {
    for (let i = 0; i < text.length; i++) characters[placeOf(text.charCodeAt(i))] = 1;
  }

  glyphsOf(characters: PlainCharacters): Glyph[] {
    const glyphs: Glyph[] = [];
    for (let place = 0; place < count; place++) {
      const single = characters[place] === 1 ? this.#single(place) : null;
      if (single !== null) glyphs.push(single.glyph);
    }
    return glyphs;
  }

  /** Those that the font has. */
  glyphsOfDigits(): Glyph[] {
    return this.glyphsOf(digits);
  }
}

/** None of the characters that pairs are asked for. */
export function noCharacters(): PlainCharacters {
  return new Uint8Array(count);
}

const digits = noCharacters().fill(1, placeOf(0x30), placeOf(0x39) + 1);

/** Whether a glyph stands on the line, as wide as it is. */
function isBare({ xAdvance, advanceWidth, xOffset, yOffset }: GlyphPosition): boolean {
  return xAdvance === advanceWidth && xOffset === 0 && yOffset === 0;
}

/** Whether a position is that of the character alone, but for kerning. */
function same(one: GlyphPosition, other: GlyphPosition, kerned: boolean): boolean {
  return (
    one.xOffset === other.xOffset &&
    one.yOffset === other.yOffset &&
    one.yAdvance === other.yAdvance &&
    (kerned || one.xAdvance === other.xAdvance)
  );
}
