import { deflateSync } from 'node:zlib';
import type { Glyph, ParsedFont } from './pdfkit.js';
import { isSpecial } from './shaping.js';
import { type SharedFont, TextCache } from './sharing.js';
import type { TrueTypeSubsetter } from './ttf-subset.js';

/**
 * A font as documents of our own layout write it: a character code is the font's own glyph id, whatever else the document
 * shows, so that the operand of a word is the same in all of them, and a font program is made once for a set of glyphs.
 */

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

const hexes: string[] = [];
function hex(number: number): string {
  let text = hexes[number];
  if (text === undefined) {
    text = number.toString(16).padStart(4, '0');
    hexes[number] = text;
  }
  return text;
}

/** A number as it stands in a PDF. */
export function pdfNumber(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/** What a document embeds of a font; streams are deflated. */
export interface FontProgram {
  readonly file: Uint8Array;
  /** Bytes of `file` before they were deflated. */
  readonly length: number;
  /** From glyph ids of the font to those of the file. */
  readonly glyphMap: Uint8Array;
  /** To Unicode. */
  readonly characters: Uint8Array;
  /** Widths of glyphs that follow each other, by the first one. */
  readonly widths: readonly (number | readonly number[])[];
}

/** The glyphs that a document uses of a font, each with the characters that it was used for first. */
export type UsedGlyphs = ReadonlyMap<number, readonly number[]>;

/** Sets of glyphs whose programs are kept, and the bytes of them all. */
const maxPrograms = 64;
const maxProgramBytes = 4_000_000;

interface Shaped {
  readonly width: number;
  /** What stands between the outer `[<` and `>]` of the operator TJ. */
  readonly codes: string;
  readonly glyphs: readonly Glyph[];
}

const nothing: Shaped = { width: 0, codes: '', glyphs: [] };

export class Typeface {
  readonly font: ParsedFont;
  /** Thousandths of the font size. */
  readonly ascender: number;
  readonly descender: number;
  readonly #scale: number;
  readonly #words = new TextCache<ShapedWord | null>();
  readonly #programs = new Map<string, FontProgram>();
  #programBytes = 0;

  constructor(
    readonly id: string,
    private readonly shared: SharedFont,
    private readonly subsetter: TrueTypeSubsetter,
    height: { readonly ascender: number; readonly descender: number } | undefined,
  ) {
    this.font = shared.font;
    this.#scale = 1000 / this.font.unitsPerEm;
    this.ascender = height?.ascender ?? this.font.ascent * this.#scale;
    this.descender = height?.descender ?? this.font.descent * this.#scale;
  }

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
    const shaped = this.#shape(text);
    if (shaped === undefined) return undefined;
    const { width, codes, glyphs } = shaped;
    const cut = (shape: RegExp) => {
      const [spaces] = shape.exec(text) ?? [];
      return spaces === undefined ? 0 : (this.#shape(spaces)?.width ?? 0);
    };
    return new ShapedWord(text, width, cut(leadingSpace), cut(trailingSpace), codes, glyphs);
  }

  /** As pdfkit does it: spaces end what is laid out together. */
  #shape(text: string): Shaped | undefined {
    if (text === '') return nothing;
    if (isSpecial(text)) return undefined;
    let width = 0;
    let codes = '';
    const glyphs: Glyph[] = [];
    for (let from = 0; from < text.length; ) {
      const space = text.indexOf(' ', from);
      const to = space === -1 ? text.length : space + 1;
      const run = this.shared.plainRun(text.slice(from, to));
      if (run === undefined) return undefined;
      width += run.advanceWidth;
      for (const [i, glyph] of run.glyphs.entries()) {
        const { xAdvance = 0, advanceWidth = 0 } = run.positions[i] ?? {};
        codes += hex(glyph.id);
        glyphs.push(glyph);
        const kerning = xAdvance - advanceWidth;
        if (kerning !== 0) codes += `>${pdfNumber(-kerning)}<`;
      }
      from = to;
    }
    return { width, codes, glyphs };
  }

  /** What a document embeds that uses these glyphs; the same for all that use them alike. */
  program(used: UsedGlyphs): FontProgram {
    const glyphs = [...used].sort(([one], [other]) => one - other);
    const key = glyphs.map(([id, characters]) => `${id}:${characters.join(' ')}`).join();
    const known = this.#programs.get(key);
    if (known !== undefined) return known;
    const program = this.#newProgram(glyphs);
    const bytes = program.file.length;
    for (const [old, { file }] of this.#programs) {
      if (this.#programs.size < maxPrograms && this.#programBytes + bytes <= maxProgramBytes) break;
      this.#programs.delete(old);
      this.#programBytes -= file.length;
    }
    this.#programs.set(key, program);
    this.#programBytes += bytes;
    return program;
  }

  #newProgram(glyphs: readonly (readonly [id: number, characters: readonly number[]])[]): FontProgram {
    const { font } = this;
    const subset = font.createSubset();
    const last = glyphs.at(-1)?.[0] ?? 0;
    const map = Buffer.alloc((last + 1) * 2);
    for (const [id] of glyphs) map.writeUInt16BE(subset.includeGlyph(id), id * 2);
    const file = this.subsetter.encode(subset);
    const widths: (number | number[])[] = [];
    let before = -2;
    for (const [id] of glyphs) {
      const width = font.getGlyph(id).advanceWidth * this.#scale;
      const open = widths.at(-1);
      if (id === before + 1 && Array.isArray(open)) open.push(width);
      else widths.push(id, [width]);
      before = id;
    }
    return {
      file: deflateSync(file),
      length: file.length,
      glyphMap: deflateSync(map),
      characters: deflateSync(Buffer.from(characterMap(glyphs), 'latin1')),
      widths,
    };
  }
}

/** Entries of one list in a map to Unicode. */
const maxEntries = 100;

function characterMap(glyphs: readonly (readonly [id: number, characters: readonly number[]])[]): string {
  const utf16 = (characters: readonly number[]) =>
    Buffer.from(String.fromCodePoint(...characters), 'utf16le')
      .swap16()
      .toString('hex');
  const lists: string[] = [];
  for (let i = 0; i < glyphs.length; i += maxEntries) {
    const entries = glyphs
      .slice(i, i + maxEntries)
      .map(([id, characters]) => `<${hex(id)}><${utf16(characters)}>`);
    lists.push(`${entries.length} beginbfchar\n${entries.join('\n')}\nendbfchar`);
  }
  return [
    '/CIDInit /ProcSet findresource begin',
    '12 dict begin',
    'begincmap',
    '/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def',
    '/CMapName /Adobe-Identity-UCS def',
    '/CMapType 2 def',
    '1 begincodespacerange',
    '<0000><ffff>',
    'endcodespacerange',
    ...lists,
    'endcmap',
    'CMapName currentdict /CMap defineresource pop',
    'end',
    'end',
  ].join('\n');
}
