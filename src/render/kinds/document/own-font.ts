import { EmbeddedTypeface, type FontProgram } from '../../fonts/embedded-typeface.js';
import { pdfNumber } from '../../fonts/pdf-bytes.js';
import { StandardTypeface } from '../../fonts/standard-typeface.js';
import { type Ink, type Typeface, UsedGlyphs } from '../../fonts/typeface.js';
import type { PdfReference } from './pdfmake.js';

/** Makes an object of the file. */
type MakeObject = (data: Record<string, unknown>) => PdfReference;

/** A font of one document that our own layout writes: character codes are the glyph ids of the font. */
export class OwnFont {
  readonly #used = new UsedGlyphs();
  #dictionary: PdfReference | undefined;
  #program: FontProgram | undefined;
  #ended = false;

  constructor(
    readonly face: Typeface,
    /** By which pages name it. */
    readonly id: string,
    private readonly make: MakeObject,
  ) {}

  /** Whether a glyph was used for different characters. */
  get isAmbiguous(): boolean {
    return this.#used.isAmbiguous;
  }

  use(ink: Ink): void {
    ink.mark(this.#used);
  }

  /** The object that pages name; its content is known at the end of the document. */
  ref(): PdfReference {
    this.#dictionary ??= this.make({});
    return this.#dictionary;
  }

  /** Makes what the font embeds, once all pages are drawn: some milliseconds where no document had these glyphs before. */
  makeProgram(): void {
    const { face } = this;
    if (this.#dictionary !== undefined && face instanceof EmbeddedTypeface)
      this.#program = face.program(this.#used);
  }

  /** Writes the font, once all pages are drawn. */
  finalize(): void {
    const dictionary = this.#dictionary;
    if (dictionary === undefined || this.#ended) return;
    this.#ended = true;
    const { face } = this;
    if (face instanceof StandardTypeface) {
      const standard = { Type: 'Font', BaseFont: face.name, Subtype: 'Type1', Encoding: 'WinAnsiEncoding' };
      Object.assign(dictionary.data, standard);
    } else if (face instanceof EmbeddedTypeface) Object.assign(dictionary.data, this.#embedded(face));
    else throw new Error(`a font of no kind: ${face.id}`);
    dictionary.end();
  }

  /** The dictionary of a font whose program is in the document. */
  #embedded(face: EmbeddedTypeface): Record<string, unknown> {
    const { make } = this;
    const { font, isCff } = face;
    const program = this.#program ?? face.program(this.#used);
    const packed = (bytes: Uint8Array, data: Record<string, unknown> = {}): PdfReference => {
      const stream = make({ Filter: 'FlateDecode', ...data });
      stream.write(bytes);
      stream.end();
      return stream;
    };
    const ended = (data: Record<string, unknown>): PdfReference => {
      const object = make(data);
      object.end();
      return object;
    };
    const scale = 1000 / font.unitsPerEm;
    const { minX, minY, maxX, maxY } = font.bbox;
    const name = `${tagOf(this.id)}+${font.postscriptName.replaceAll(' ', '_')}`;
    const descriptor = ended({
      Type: 'FontDescriptor',
      FontName: name,
      Flags: flagsOf(font),
      FontBBox: [minX * scale, minY * scale, maxX * scale, maxY * scale],
      ItalicAngle: font.italicAngle,
      Ascent: face.ascender,
      Descent: face.descender,
      CapHeight: (font.capHeight || font.ascent) * scale,
      XHeight: (font.xHeight || 0) * scale,
      StemV: 0,
      ...(isCff
        ? { FontFile3: packed(program.file, { Subtype: 'CIDFontType0C' }) }
        : { FontFile2: packed(program.file, { Length1: program.length }) }),
    });
    const descendant = ended({
      Type: 'Font',
      Subtype: isCff ? 'CIDFontType0' : 'CIDFontType2',
      BaseFont: name,
      CIDSystemInfo: { Registry: new String('Adobe'), Ordering: new String('Identity'), Supplement: 0 },
      FontDescriptor: descriptor,
      W: new Verbatim(program.widths),
      ...(program.glyphMap === undefined ? {} : { CIDToGIDMap: packed(program.glyphMap) }),
    });
    return {
      Type: 'Font',
      Subtype: 'Type0',
      BaseFont: name,
      Encoding: 'Identity-H',
      DescendantFonts: [descendant],
      ToUnicode: packed(program.characters),
    };
  }
}

/** Six letters, as names of subsets begin; another for each font of a document. */
function tagOf(id: string): string {
  const number = Number(id.slice(1));
  return Array.from({ length: 6 }, (_, i) =>
    String.fromCharCode(65 + (Math.floor(number / 26 ** (5 - i)) % 26)),
  ).join('');
}

/** What stands in the file as it is: pdfkit would take it apart for each document. */
class Verbatim {
  constructor(private readonly text: string) {}

  /** What pdfkit does not know by its name it writes as its text. */
  get [Symbol.toStringTag](): string {
    return 'Verbatim';
  }

  toString(): string {
    return this.text;
  }
}

function flagsOf({ post, head, 'OS/2': os2 }: EmbeddedTypeface['font']): number {
  const family = (os2?.sFamilyClass ?? 0) >> 8;
  const fixedPitch = post.isFixedPitch ? 1 : 0;
  const serif = family >= 1 && family <= 7 ? 2 : 0;
  const symbolic = 4;
  const script = family === 10 ? 8 : 0;
  const italic = head.macStyle.italic ? 64 : 0;
  return fixedPitch | serif | symbolic | script | italic;
}

/** A colour as the operand of `rg` and `RG`. */
export function colorOperand(color: string): string {
  let operand = operands.get(color);
  if (operand === undefined) {
    const hex = color === 'black' ? '000000' : color.slice(1);
    operand = [0, 2, 4].map((at) => pdfNumber(Number.parseInt(hex.slice(at, at + 2), 16) / 255)).join(' ');
    if (operands.size < maxOperands) operands.set(color, operand);
  }
  return operand;
}

const operands = new Map<string, string>();
const maxOperands = 1_000;
