import type { Glyph } from '../../fonts/pdfkit.js';
import { type Ink, pdfNumber, type Typeface } from '../../fonts/typeface.js';
import type { PdfReference } from './pdfmake.js';

/** Makes an object of the file. */
type MakeObject = (data: Record<string, unknown>) => PdfReference;

/** A font of one document that our own layout writes: character codes are the glyph ids of the font. */
export class OwnFont {
  readonly #used = new Map<number, readonly number[]>();
  #dictionary: PdfReference | undefined;
  #ended = false;
  /** Whether a glyph was used for different characters, of which a reader finds the first alone. */
  isAmbiguous = false;

  constructor(
    readonly face: Typeface,
    /** By which pages name it. */
    readonly id: string,
    private readonly make: MakeObject,
  ) {}

  readonly #take = (glyphs: readonly Glyph[]): void => {
    for (const { id, codePoints } of glyphs) {
      const known = this.#used.get(id);
      if (known === undefined) this.#used.set(id, codePoints);
      else if (known !== codePoints && !areSame(known, codePoints)) this.isAmbiguous = true;
    }
  };

  use(ink: Ink): void {
    ink.mark(this.#take, this);
  }

  /** The object that pages name; its content is known at the end of the document. */
  ref(): PdfReference {
    this.#dictionary ??= this.make({});
    return this.#dictionary;
  }

  /** Writes the font, once all pages are drawn. */
  finalize(): void {
    const dictionary = this.#dictionary;
    if (dictionary === undefined || this.#ended) return;
    this.#ended = true;
    const { face, make } = this;
    const { font } = face;
    const program = face.program(this.#used);
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
      FontFile2: packed(program.file, { Length1: program.length }),
    });
    const descendant = ended({
      Type: 'Font',
      Subtype: 'CIDFontType2',
      BaseFont: name,
      CIDSystemInfo: { Registry: new String('Adobe'), Ordering: new String('Identity'), Supplement: 0 },
      FontDescriptor: descriptor,
      W: program.widths,
      CIDToGIDMap: packed(program.glyphMap),
    });
    Object.assign(dictionary.data, {
      Type: 'Font',
      Subtype: 'Type0',
      BaseFont: name,
      Encoding: 'Identity-H',
      DescendantFonts: [descendant],
      ToUnicode: packed(program.characters),
    });
    dictionary.end();
  }
}

function areSame(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((code, i) => code === other[i]);
}

/** Six letters, as names of subsets begin; another for each font of a document. */
function tagOf(id: string): string {
  const number = Number(id.slice(1));
  return Array.from({ length: 6 }, (_, i) =>
    String.fromCharCode(65 + (Math.floor(number / 26 ** (5 - i)) % 26)),
  ).join('');
}

function flagsOf({ post, head, 'OS/2': os2 }: Typeface['font']): number {
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
