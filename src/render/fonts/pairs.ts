import type { Glyph, GlyphPosition, GlyphRun } from './pdfkit.js';

/**
 * Lays out words of plain letters, digits and signs from what the font says of pairs of them: it is asked once for each
 * pair, where fontkit goes through all tables of the font for every word. Amounts, dates and numbers hardly ever
 * repeat, and so no cache of words has them.
 */

const plain = /^[ -~]{2,64}$/;
const first = 0x20;
const count = 0x5f;

/** A character before another: its glyph and how far it moves; null where the two become something else together. */
type Pair = { readonly glyph: Glyph; readonly position: GlyphPosition } | null;

export class PairLayout {
  readonly #pairs: (Pair | undefined)[] = [];
  readonly #singles: (Pair | undefined)[] = [];

  constructor(
    /** The font's own layout of a text. */
    private readonly layout: (text: string) => GlyphRun,
  ) {}

  #single(code: number): Pair {
    let single = this.#singles[code];
    if (single === undefined) {
      const { glyphs, positions } = this.layout(String.fromCharCode(code));
      const [glyph] = glyphs;
      const [position] = positions;
      single =
        glyphs.length === 1 && glyph !== undefined && position !== undefined && glyph.id !== 0
          ? { glyph, position }
          : null;
      this.#singles[code] = single;
    }
    return single;
  }

  #pair(one: number, other: number): Pair {
    const key = (one - first) * count + other - first;
    let pair = this.#pairs[key];
    if (pair === undefined) {
      pair = this.#asked(one, other);
      this.#pairs[key] = pair;
    }
    return pair;
  }

  #asked(one: number, other: number): Pair {
    const [before, after] = [this.#single(one), this.#single(other)];
    const { glyphs, positions } = this.layout(String.fromCharCode(one, other));
    const [glyph, next] = glyphs;
    const [position, end] = positions;
    if (before === null || after === null || glyph === undefined || position === undefined) return null;
    const separate =
      glyphs.length === 2 &&
      glyph.id === before.glyph.id &&
      next?.id === after.glyph.id &&
      same(position, before.position, true) &&
      end !== undefined &&
      same(end, after.position, false);
    return separate ? { glyph, position } : null;
  }

  /** The run that the font's own layout gives; undefined for a text that it has to lay out itself. */
  run(text: string): GlyphRun | undefined {
    if (!plain.test(text)) return undefined;
    const glyphs: Glyph[] = [];
    const positions: GlyphPosition[] = [];
    let advanceWidth = 0;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      const pair = i + 1 < text.length ? this.#pair(code, text.charCodeAt(i + 1)) : this.#single(code);
      if (pair === null) return undefined;
      glyphs.push(pair.glyph);
      positions.push(pair.position);
      advanceWidth += pair.position.xAdvance;
    }
    return { glyphs, positions, advanceWidth };
  }
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
