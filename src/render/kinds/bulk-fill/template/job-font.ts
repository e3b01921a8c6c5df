import type { ParsedFont } from '../../../fonts/pdfkit.js';
import type { JobFace } from './job-faces.js';
import type { RowFont, RowObject } from './program.js';
import type { ObjectWriter } from './serial.js';
import { toUnicode } from './unicode-map.js';

/** A font of a job with the glyphs that its rows need, written once into every file. */
export class JobFont {
  readonly subset;
  /** By glyph of the subset. */
  readonly #widths: number[] = [];
  readonly #unicode: (readonly number[] | undefined)[] = [];
  readonly scale: number;

  constructor(
    readonly index: number,
    readonly face: JobFace,
  ) {
    this.subset = this.font.createSubset();
    this.scale = 1_000 / this.font.unitsPerEm;
    this.#take(0, []);
  }

  get font(): ParsedFont {
    return this.face.shared.font;
  }

  #take(id: number, points: readonly number[]): number {
    const own = this.subset.includeGlyph(id);
    this.#widths[own] ??= this.font.getGlyph(id).advanceWidth * this.scale;
    // The box stands for whatever no font has: it would say in the files of all rows what it first stood for.
    if (id !== 0 && points.length > 0) this.#unicode[own] ??= points;
    return own;
  }

  /** Code and width of a glyph. */
  glyph(id: number, points: readonly number[]): readonly [hex: string, width: number] {
    const own = this.#take(id, points);
    return [own.toString(16).padStart(4, '0'), this.#widths[own] ?? 0];
  }

  /** @param number of the font as an object */
  write(writer: ObjectWriter, number: number): void {
    const file = this.#file();
    const [fileAt, unicodeAt] = [writer.number(), writer.number()];
    writer.addPacked(fileAt, this.#isCff ? cidFont : `/Length1 ${file.length}`, file);
    writer.addPacked(unicodeAt, '', Buffer.from(toUnicode(this.#texts()), 'latin1'));
    this.#describe(writer, number, fileAt, unicodeAt);
  }

  /** The same but for its glyphs: of those each row brings its own. For fonts with PostScript outlines. */
  writeForRows(
    writer: ObjectWriter,
    number: number,
  ): { readonly font: RowFont; readonly objects: RowObject[] } {
    const [fileAt, unicodeAt] = [writer.number(), writer.number()];
    this.#describe(writer, number, fileAt, unicodeAt);
    const font: RowFont = {
      font: this.index,
      file: this.#file().toString('base64'),
      texts: this.#texts().map((text) => text ?? ''),
    };
    const { index } = this;
    const head = (at: number) => `${at} 0 obj\n<<`;
    return {
      font,
      objects: [
        { is: 'font', at: fileAt, font: index, head: `${head(fileAt)}${cidFont}/Length ` },
        { is: 'unicode', at: unicodeAt, font: index, head: `${head(unicodeAt)}/Length ` },
      ],
    };
  }

  get #isCff(): boolean {
    return this.subset.cff !== undefined;
  }

  #file(): Buffer {
    return Buffer.from(this.face.shared.subsetter?.encode(this.subset) ?? this.subset.encode());
  }

  #describe(writer: ObjectWriter, number: number, fileAt: number, unicodeAt: number): void {
    const { font, subset, scale } = this;
    const isCff = this.#isCff;
    const [descriptorAt, descendantAt] = [writer.number(), writer.number()];
    // Composite glyphs have brought others along.
    for (const [own, id] of subset.glyphs.entries())
      this.#widths[own] ??= font.getGlyph(id).advanceWidth * scale;
    const base = `INKFIL+${this.face.postscriptName.replace(/[^\w-]/g, '')}`;
    const { bbox } = font;
    const box = [bbox.minX, bbox.minY, bbox.maxX, bbox.maxY].map((value) => Math.round(value * scale));
    writer.add(
      descriptorAt,
      `<</Type/FontDescriptor/FontName/${base}/Flags 4/FontBBox[${box.join(' ')}]/ItalicAngle ${Math.round(font.italicAngle)}/Ascent ${Math.round(font.ascent * scale)}/Descent ${Math.round(font.descent * scale)}/CapHeight ${Math.round(this.cap)}/StemV 80/${isCff ? 'FontFile3' : 'FontFile2'} ${fileAt} 0 R>>`,
    );
    const widths = Array.from(this.#widths, (width) => Math.round(width ?? 0)).join(' ');
    writer.add(
      descendantAt,
      `<</Type/Font/Subtype/${isCff ? 'CIDFontType0' : 'CIDFontType2'}/BaseFont/${base}/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor ${descriptorAt} 0 R/DW 0/W[0[${widths}]]${isCff ? '' : '/CIDToGIDMap/Identity'}>>`,
    );
    writer.add(
      number,
      `<</Type/Font/Subtype/Type0/BaseFont/${base}/Encoding/Identity-H/DescendantFonts[${descendantAt} 0 R]/ToUnicode ${unicodeAt} 0 R>>`,
    );
  }

  get cap(): number {
    return (this.font.capHeight || 700 / this.scale) * this.scale;
  }

  /** By code. */
  #texts(): readonly (string | undefined)[] {
    return Array.from(this.#unicode, (points) => points && String.fromCodePoint(...points));
  }
}

const cidFont = '/Subtype/CIDFontType0C';
