import { softHyphen, spacesAround } from './characters.js';
import { noCharacters, type PairLayout, type PlainCharacters } from './pairs.js';
import { type PdfBytes, pdfNumber } from './pdf-bytes.js';
import type { Glyph, GlyphPosition } from './pdfkit.js';
import { TextCache } from './sharing.js';

/** Fonts as documents of our own layout write them. The operand of a word is the same in all documents. */

/** What one document uses of a font. */
export class UsedGlyphs {
  /** Those that are looked up in pairs. */
  readonly plain: PlainCharacters = noCharacters();
  readonly #others = new Map<number, readonly number[]>();
  #pairs: PairLayout | undefined;
  #isAmbiguous = false;

  /** Marks what shows a text that `pairs` lay out. */
  usePlain(text: string, pairs: PairLayout): void {
    this.#pairs = pairs;
    pairs.mark(text, this.plain);
  }

  use(glyphs: readonly Glyph[]): void {
    for (const { id, codePoints } of glyphs) {
      if (this.#others.has(id)) this.#isAmbiguous ||= !areSame(this.#others.get(id), codePoints);
      else this.#others.set(id, codePoints);
    }
  }

  /** By ids, each with the characters that it stands for. */
  get all(): ReadonlyMap<number, readonly number[]> {
    this.use(this.#pairs?.glyphsOf(this.plain) ?? []);
    return this.#others;
  }

  /** The same for documents that use the same characters, where all of them are laid out in pairs; undefined elsewhere. */
  get plainKey(): string | undefined {
    return this.#others.size === 0 ? Buffer.from(this.plain.buffer).toString('latin1') : undefined;
  }

  /** Whether a glyph is used for different characters, of which a reader finds the first alone. */
  get isAmbiguous(): boolean {
    if (this.#others.size === 0) return this.#pairs?.hasTwins(this.plain) === true;
    return this.all.size > 0 && this.#isAmbiguous;
  }
}

function areSame(one: readonly number[] | undefined, other: readonly number[]): boolean {
  return one === other || (one?.length === other.length && one.every((code, i) => code === other[i]));
}

/** A piece of text as it is drawn. */
export interface Ink {
  /** Whether nothing is drawn of it. */
  readonly isEmpty: boolean;
  mark(used: UsedGlyphs): void;
  /** Shows it from the begin of the line of text on; `scale` is a thousandth of the font size. */
  show(operators: PdfBytes, scale: number): void;
}

/** How a word is written that has a width. */
interface Letters {
  readonly isEmpty: boolean;
  mark(text: string, used: UsedGlyphs): void;
  /** `scale` is a thousandth of the font size. */
  show(text: string, operators: PdfBytes, scale: number): void;
}

/** Those of words whose characters are laid out in pairs. */
export class PlainLetters implements Letters {
  readonly isEmpty = false;

  constructor(private readonly pairs: PairLayout) {}

  mark(text: string, used: UsedGlyphs): void {
    used.usePlain(text, this.pairs);
  }

  show(text: string, operators: PdfBytes): void {
    this.pairs.show(text, operators);
  }
}

/** Glyphs beside each other from a place on. */
interface Codes {
  /** From the begin of the text, up and to the right, at 1,000 points. */
  readonly x: number;
  readonly y: number;
  /** What stands between the outer `[<` and `>]` of the operator TJ. */
  readonly codes: string;
}

/** Puts glyphs beside each other; those that stand aside, as marks do, begin anew. */
export class GlyphRow {
  readonly #rows: Codes[] = [];
  #codes = '';
  #x = 0;
  #y = 0;
  /** Where the next glyph comes. */
  #pen = 0;
  #isAside = false;

  add(code: string, { xAdvance, advanceWidth, xOffset, yOffset }: GlyphPosition): void {
    const isAside = xOffset !== 0 || yOffset !== 0;
    if (isAside || this.#isAside) this.#begin(this.#pen + xOffset, yOffset);
    this.#isAside = isAside;
    this.#codes += code;
    const kerning = xAdvance - advanceWidth;
    if (kerning !== 0) this.#codes += `>${pdfNumber(-kerning)}<`;
    this.#pen += xAdvance;
  }

  #begin(x: number, y: number): void {
    if (this.#codes !== '') this.#rows.push({ x: this.#x, y: this.#y, codes: this.#codes });
    this.#codes = '';
    this.#x = x;
    this.#y = y;
  }

  end(): readonly Codes[] {
    this.#begin(0, 0);
    return this.#rows;
  }
}

/** What is laid out of a piece of text, at 1,000 points. */
export class Shaped implements Letters {
  constructor(
    readonly width: number,
    private readonly rows: readonly Codes[],
    /** Those that the document has to embed. */
    private readonly glyphs: readonly Glyph[],
  ) {}

  get isEmpty(): boolean {
    return this.rows.length === 0;
  }

  mark(_: string, used: UsedGlyphs): void {
    used.use(this.glyphs);
  }

  show(_: string, operators: PdfBytes, scale: number): void {
    let left = 0;
    let up = 0;
    for (const { x, y, codes } of this.rows) {
      if (x !== left || y !== up) shift(operators, (x - left) * scale, (y - up) * scale);
      [left, up] = [x, y];
      operators.text('[<');
      operators.text(codes);
      operators.text('>]TJ');
    }
    // What comes next is placed from the begin of the text.
    if (left !== 0 || up !== 0) shift(operators, -left * scale, -up * scale);
  }
}

function shift(operators: PdfBytes, x: number, y: number): void {
  operators.text(' ');
  operators.operand(x);
  operators.operand(y);
  operators.text('Td');
}

export const nothing = new Shaped(0, [], []);

/** A word at 1,000 points. */
export class ShapedWord implements Ink {
  constructor(
    readonly text: string,
    readonly width: number,
    /** Of the white space at its begin and at its end; below 0: what it takes more at the end of a line, for a hyphen. */
    readonly lead: number,
    readonly trail: number,
    private readonly letters: Letters,
  ) {}

  get isEmpty(): boolean {
    return this.letters.isEmpty;
  }

  mark(used: UsedGlyphs): void {
    this.letters.mark(this.text, used);
  }

  show(operators: PdfBytes, scale: number): void {
    this.letters.show(this.text, operators, scale);
  }
}

/** A face of a font as our own layout writes it. */
export abstract class Typeface {
  readonly #words = new TextCache<ShapedWord | null>();

  constructor(
    readonly id: string,
    /** Thousandths of the font size. */
    readonly ascender: number,
    readonly descender: number,
  ) {}

  /** Height of a line at `size` points. */
  lineHeight(size: number): number {
    return ((this.ascender - this.descender) / 1000) * size;
  }

  /** A piece of text; undefined where the font lacks a character of it. */
  word(text: string): ShapedWord | undefined {
    const known = this.#words.get(text);
    if (known !== undefined) return known ?? undefined;
    const word = this.#newWord(text);
    this.#words.set(text, word ?? null);
    return word;
  }

  /** Lays plain words out in pairs of characters; undefined for a face that does not do so. */
  get pairs(): PairLayout | undefined {
    return undefined;
  }

  #newWord(text: string): ShapedWord | undefined {
    const shaped = this.#shaped(text);
    if (shaped === undefined) return undefined;
    const cut = (spaces: string) => this.#shaped(spaces)?.width ?? 0;
    const { lead, trail } = spacesAround(text);
    const end = text.endsWith(softHyphen) ? -(this.word('-')?.width ?? 0) : cut(trail);
    return new ShapedWord(text, shaped.width, cut(lead), end, shaped);
  }

  #shaped(text: string): Shaped | undefined {
    return text === '' ? nothing : this.shape(text);
  }

  /** Lays out a text that is not empty. */
  protected abstract shape(text: string): Shaped | undefined;
}
