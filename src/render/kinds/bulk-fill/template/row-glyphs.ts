import { CffParts } from '../../../fonts/cff-subset.js';
import { emptied } from './emptied.js';
import type { RowFont } from './program.js';
import { toUnicodeOf } from './unicode-map.js';

interface Shown {
  readonly parts: CffParts;
  readonly texts: readonly string[];
  codes: Set<number>;
}

/** The glyphs that a row shows in fonts of which each file holds those alone. */
export class RowGlyphs {
  /** By font. */
  readonly #fonts: ReadonlyMap<number, Shown>;

  constructor(fonts: readonly RowFont[]) {
    const shown = fonts.map(({ font, file, texts }): [number, Shown] => {
      return [font, { parts: new CffParts(Buffer.from(file, 'base64')), texts, codes: new Set() }];
    });
    this.#fonts = new Map(shown);
  }

  clear(): void {
    for (const shown of this.#fonts.values()) shown.codes = emptied(shown.codes);
  }

  /** Whether each row brings its own glyphs of a font. */
  has(font: number): boolean {
    return this.#fonts.has(font);
  }

  /** @param code of a glyph that the row shows, in any font */
  take(font: number, code: number): void {
    this.#fonts.get(font)?.codes.add(code);
  }

  /** The font file. */
  file(font: number): Uint8Array {
    const { parts, codes } = this.#shown(font);
    return parts.file(inOrder(codes));
  }

  /** The stream of `ToUnicode`. */
  unicode(font: number): string {
    const { codes, texts } = this.#shown(font);
    return toUnicodeOf(inOrder(codes), texts);
  }

  #shown(font: number): Shown {
    const shown = this.#fonts.get(font);
    if (shown === undefined) throw new Error('a font of the rows is not in the program');
    return shown;
  }
}

function inOrder(codes: ReadonlySet<number>): readonly number[] {
  return [...codes].filter((code) => code > 0).sort((a, b) => a - b);
}
