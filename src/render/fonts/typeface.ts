import type { Glyph } from './pdfkit.js';
import { isSpecial } from './shaping.js';
import { TextCache } from './sharing.js';

/** Fonts as documents of our own layout write them. The operand of a word is the same in all documents. */

/** A piece of text as it is drawn. */
export abstract class Ink {
  /** The document that has marked the glyphs last. */
  #user: object | undefined;

  /** Tells `take` of the glyphs, once for each document (`user`). */
  mark(take: (glyphs: readonly Glyph[]) => void, user: object): void {
    if (this.#user === user) return;
    this.#user = user;
    this.glyphsTo(take, user);
  }

  protected abstract glyphsTo(take: (glyphs: readonly Glyph[]) => void, user: object): void;

  /** Operators that show it from the begin of the line of text on; `scale` is a thousandth of the font size. */
  abstract show(scale: number): string;
}

/** A word at 1,000 points. */
export class ShapedWord extends Ink {
  readonly #operator: string;

  constructor(
    readonly text: string,
    readonly width: number,
    /** Of the white space at its begin and at its end. */
    readonly lead: number,
    readonly trail: number,
    codes: string,
    private readonly glyphs: readonly Glyph[],
  ) {
    super();
    this.#operator = codes === '' ? '' : `[<${codes}>]TJ`;
  }

  protected glyphsTo(take: (glyphs: readonly Glyph[]) => void): void {
    take(this.glyphs);
  }

  show(): string {
    return this.#operator;
  }
}

const leadingSpace = /^\s+/;
const trailingSpace = /\s+$/;

/** A number as it stands in a PDF. */
export function pdfNumber(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/** What is laid out of a piece of text, at 1,000 points. */
export interface Shaped {
  readonly width: number;
  /** What stands between the outer `[<` and `>]` of the operator TJ. */
  readonly codes: string;
  /** Those that the document has to embed. */
  readonly glyphs: readonly Glyph[];
}

export const nothing: Shaped = { width: 0, codes: '', glyphs: [] };

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

  /** A piece of text; undefined when it takes more than glyphs beside each other to show it. */
  word(text: string): ShapedWord | undefined {
    const known = this.#words.get(text);
    if (known !== undefined) return known ?? undefined;
    const word = this.#newWord(text);
    this.#words.set(text, word ?? null);
    return word;
  }

  #newWord(text: string): ShapedWord | undefined {
    const shaped = this.#shaped(text);
    if (shaped === undefined) return undefined;
    const { width, codes, glyphs } = shaped;
    const cut = (shape: RegExp) => {
      const [spaces] = shape.exec(text) ?? [];
      return spaces === undefined ? 0 : (this.#shaped(spaces)?.width ?? 0);
    };
    return new ShapedWord(text, width, cut(leadingSpace), cut(trailingSpace), codes, glyphs);
  }

  #shaped(text: string): Shaped | undefined {
    if (text === '') return nothing;
    return isSpecial(text) ? undefined : this.shape(text);
  }

  /** Lays out a text that is not empty. */
  protected abstract shape(text: string): Shaped | undefined;
}
