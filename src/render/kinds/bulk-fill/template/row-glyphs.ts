import { CffParts } from '../../../fonts/cff-subset.js';
import type { RowFont } from './program.js';
import { toUnicodeOf } from './unicode-map.js';

interface Shown {
  readonly parts: CffParts;
  readonly texts: readonly string[];
  readonly codes: Set<number>;
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
    for (const { codes } of this.#fonts.values()) codes.clear();
  }

  /** @param operator that shows glyphs: `<00120013>Tj` */
  take(font: number, operator: string): void {
    const codes = this.#fonts.get(font)?.codes;
    if (codes === undefined) return;
    for (const [, hex = ''] of operator.matchAll(/<([0-9a-f]+)>/g))
      for (let at = 0; at < hex.length; at += 4) codes.add(Number.parseInt(hex.slice(at, at + 4), 16));
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
