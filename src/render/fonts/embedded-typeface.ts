import { deflateSync } from 'node:zlib';
import type { PairLayout } from './pairs.js';
import { pdfNumber } from './pdf-bytes.js';
import type { Glyph, ParsedFont } from './pdfkit.js';
import type { ProgramWriter } from './program-writer.js';
import type { SharedFont } from './sharing.js';
import { GlyphRow, PlainLetters, Shaped, ShapedWord, Typeface, type UsedGlyphs } from './typeface.js';

/**
 * A font that documents embed: a character code is the font's own glyph id, whatever else the document shows, and a font
 * program is made once for a set of glyphs.
 */

const hexes: string[] = [];
function hex(number: number): string {
  let text = hexes[number];
  if (text === undefined) {
    text = number.toString(16).padStart(4, '0');
    hexes[number] = text;
  }
  return text;
}

/** What a document embeds of a font; streams are deflated. */
export interface FontProgram {
  readonly file: Uint8Array;
  /** Bytes of `file` before they were deflated. */
  readonly length: number;
  /** From glyph ids of the font to those of the file; undefined where the file has those of the font. */
  readonly glyphMap: Uint8Array | undefined;
  /** To Unicode. */
  readonly characters: Uint8Array;
  /** Widths of glyphs, as the array stands in the file. */
  readonly widths: string;
}

/** Glyphs that a document uses, each with the characters that it stands for. */
type CharactersByGlyph = ReadonlyMap<number, readonly number[]>;

/** Sets of fewer digits are few. */
const fewDigits = 4;

/** Sets of glyphs whose programs are kept, and the bytes of them all. */
const maxPrograms = 256;
const maxProgramBytes = 4_000_000;

export class EmbeddedTypeface extends Typeface {
  readonly font: ParsedFont;
  readonly #scale: number;
  readonly #letters: PlainLetters;
  readonly #programs = new Map<string, FontProgram>();
  /** Those of documents whose characters are all plain, by these: hardly anything is made to look one up. */
  readonly #byCharacters = new Map<string, FontProgram>();
  #programBytes = 0;

  constructor(
    id: string,
    private readonly shared: SharedFont,
    private readonly writer: ProgramWriter,
    height: { readonly ascender: number; readonly descender: number } | undefined,
  ) {
    const { font } = shared;
    const scale = 1000 / font.unitsPerEm;
    super(id, height?.ascender ?? font.ascent * scale, height?.descender ?? font.descent * scale);
    this.font = font;
    this.#scale = scale;
    this.#letters = new PlainLetters(shared.pairs);
  }

  get isCff(): boolean {
    return this.writer.isCff;
  }

  /** Words that are laid out in pairs are made faster than they are looked up. */
  override word(text: string): ShapedWord | undefined {
    if (text === '') return super.word(text);
    const { pairs } = this.shared;
    const width = pairs.width(text);
    if (Number.isNaN(width)) return super.word(text);
    return new ShapedWord(
      text,
      width,
      this.#spaces(text, 0, 1),
      this.#spaces(text, text.length - 1, -1),
      this.#letters,
    );
  }

  override get pairs(): PairLayout {
    return this.shared.pairs;
  }

  /** How wide the spaces are from `at` on to the other end of a text. */
  #spaces(text: string, at: number, step: 1 | -1): number {
    if (text.charCodeAt(at) !== 0x20) return 0;
    let count = 1;
    while (text.charCodeAt(at + count * step) === 0x20) count++;
    return this.shared.pairs.width(' '.repeat(count));
  }

  /** As pdfkit does it: spaces end what is laid out together. */
  protected override shape(text: string): Shaped | undefined {
    let width = 0;
    const row = new GlyphRow();
    const glyphs: Glyph[] = [];
    for (let from = 0; from < text.length; ) {
      const space = text.indexOf(' ', from);
      const to = space === -1 ? text.length : space + 1;
      const run = this.shared.run(text.slice(from, to));
      if (run === undefined) return undefined;
      width += run.advanceWidth;
      for (const [i, glyph] of run.glyphs.entries()) {
        const position = run.positions[i];
        if (position === undefined) break;
        row.add(hex(glyph.id), position);
        glyphs.push(glyph);
      }
      from = to;
    }
    return new Shaped(width, row.end(), glyphs);
  }

  /** What a document embeds that uses these glyphs; the same for all that use them alike. */
  program(used: UsedGlyphs): FontProgram {
    const key = used.plainKey;
    const known = key === undefined ? undefined : this.#byCharacters.get(key);
    if (known !== undefined) return known;
    const program = this.#programOf(used.all);
    if (this.#byCharacters.size >= maxPrograms) this.#byCharacters.clear();
    if (key !== undefined) this.#byCharacters.set(key, program);
    return program;
  }

  #programOf(used: CharactersByGlyph): FontProgram {
    const glyphs = this.#withDigits(used).sort(([one], [other]) => one - other);
    const key = glyphs.map(([id, characters]) => `${id}:${characters.join(' ')}`).join();
    const known = this.#programs.get(key);
    if (known !== undefined) return known;
    const program = this.#newProgram(glyphs);
    const bytes = program.file.length;
    for (const [old, { file }] of this.#programs) {
      if (this.#programs.size < maxPrograms && this.#programBytes + bytes <= maxProgramBytes) break;
      this.#programs.delete(old);
      this.#byCharacters.clear();
      this.#programBytes -= file.length;
    }
    this.#programs.set(key, program);
    this.#programBytes += bytes;
    return program;
  }

  /**
   * A font with some digits has all ten: the numbers of documents that are alike otherwise differ in their digits, each
   * of whose sets would be a program of its own.
   */
  #withDigits(used: CharactersByGlyph): [number, readonly number[]][] {
    const digits = this.shared.pairs.glyphsOfDigits();
    if (digits.filter(({ id }) => used.has(id)).length < fewDigits) return [...used];
    const all = new Map(used);
    for (const { id, codePoints } of digits) if (!all.has(id)) all.set(id, codePoints);
    return [...all];
  }

  #newProgram(glyphs: readonly (readonly [id: number, characters: readonly number[]])[]): FontProgram {
    const { font } = this;
    const ids = glyphs.map(([id]) => id);
    const { file, places } = this.writer.write(ids);
    const map = places === undefined ? undefined : Buffer.alloc(((ids.at(-1) ?? 0) + 1) * 2);
    for (const [i, id] of ids.entries()) map?.writeUInt16BE(places?.[i] ?? 0, id * 2);
    // Those that follow each other stand in one array behind the first of them.
    let widths = '[';
    let before = -2;
    for (const [id] of glyphs) {
      const width = pdfNumber(font.getGlyph(id).advanceWidth * this.#scale);
      if (id === before + 1) widths += ` ${width}`;
      else widths += `${before < 0 ? '' : '] '}${id} [${width}`;
      before = id;
    }
    widths += glyphs.length === 0 ? ']' : ']]';
    return {
      file: deflateSync(file),
      length: file.length,
      glyphMap: map === undefined ? undefined : deflateSync(map),
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
