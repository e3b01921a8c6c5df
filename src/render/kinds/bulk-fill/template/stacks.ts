import type { PDFDict, PDFObject } from '@cantoo/pdf-lib';
import { type FaceStyle, fallbackChain, findFamily } from '../../../fonts/catalogue.js';
import { type ParsedFont, parseFont } from '../../../fonts/pdfkit.js';
import { readFace } from '../../../fonts/registry.js';
import { shape } from '../../../fonts/shaping.js';
import { SharedFont } from '../../../fonts/sharing.js';
import type { OwnFont } from './own-font.js';
import type { ProgramStack, Run } from './program.js';
import type { ObjectWriter } from './serial.js';
import { needsShaping } from './shown-text.js';

/** A font of a job with the glyphs that its rows need, written once into every file. */
class JobFont {
  readonly shared: SharedFont;
  readonly subset;
  /** By glyph of the subset. */
  readonly #widths: number[] = [];
  readonly #unicode: (readonly number[] | undefined)[] = [];
  readonly scale: number;

  constructor(
    readonly index: number,
    bytes: Buffer,
  ) {
    this.shared = new SharedFont(parseFont(bytes));
    this.subset = this.font.createSubset();
    this.scale = 1_000 / this.font.unitsPerEm;
    this.#take(0, []);
  }

  get font(): ParsedFont {
    return this.shared.font;
  }

  has(point: number): boolean {
    return this.font.hasGlyphForCodePoint(point);
  }

  #take(id: number, points: readonly number[]): number {
    const own = this.subset.includeGlyph(id);
    this.#widths[own] ??= this.font.getGlyph(id).advanceWidth * this.scale;
    if (points.length > 0) this.#unicode[own] ??= points;
    return own;
  }

  /** Code and width of a glyph. */
  glyph(id: number, points: readonly number[]): readonly [hex: string, width: number] {
    const own = this.#take(id, points);
    return [own.toString(16).padStart(4, '0'), this.#widths[own] ?? 0];
  }

  write(writer: ObjectWriter, number: number): void {
    const { font, subset, scale } = this;
    const file = this.shared.subsetter?.encode(subset) ?? subset.encode();
    const isCff = subset.cff !== undefined;
    const [fileAt, unicodeAt, descriptorAt, descendantAt] = [
      writer.number(),
      writer.number(),
      writer.number(),
      writer.number(),
    ];
    writer.addPacked(fileAt, isCff ? '/Subtype/CIDFontType0C' : `/Length1 ${file.length}`, file);
    writer.addPacked(unicodeAt, '', Buffer.from(this.#toUnicode(), 'latin1'));
    // Composite glyphs have brought others along.
    for (const [own, id] of subset.glyphs.entries())
      this.#widths[own] ??= font.getGlyph(id).advanceWidth * scale;
    const base = `INKFIL+${font.postscriptName.replace(/[^\w-]/g, '')}`;
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

  #toUnicode(): string {
    const lines: string[] = [];
    for (const [own, points] of this.#unicode.entries()) {
      if (points === undefined) continue;
      const text = String.fromCodePoint(...points);
      let hex = '';
      for (let i = 0; i < text.length; i++) hex += text.charCodeAt(i).toString(16).padStart(4, '0');
      lines.push(`<${own.toString(16).padStart(4, '0')}><${hex}>`);
    }
    let ranges = '';
    for (let from = 0; from < lines.length; from += 100) {
      const part = lines.slice(from, from + 100);
      ranges += `${part.length} beginbfchar\n${part.join('\n')}\nendbfchar\n`;
    }
    return `/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def\n/CMapName/Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000><ffff>\nendcodespacerange\n${ranges}endcmap\nCMapName currentdict/CMap defineresource pop\nend\nend\n`;
  }
}

/** A font that text asks for, and what all rows write in it. */
export interface StackRequest {
  /** The font of a field. */
  readonly own: { readonly dict: PDFDict; readonly object: PDFObject; readonly font: OwnFont } | undefined;
  readonly family: string;
  readonly style: FaceStyle;
}

export class StackUse {
  readonly points = new Set<number>([0x20]);
  readonly words = new Set<string>();

  constructor(
    readonly index: number,
    readonly request: StackRequest,
  ) {}

  /** @param text as it is shown */
  collect(text: string): void {
    let simple = true;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x300) simple = false;
      if (code < 0xd800 || code > 0xdfff) this.points.add(code);
      else {
        this.points.add(text.codePointAt(i) ?? code);
        i++;
      }
    }
    if (simple) return;
    for (const word of text.split(/[ \n]/)) if (needsShaping(word)) this.words.add(word);
  }
}

/** The fonts of a job: those of its fields, and those that help them out. */
export class JobFonts {
  readonly #faces = new Map<string, JobFont>();
  readonly #owns = new Map<PDFDict, number>();
  readonly resources: string[] = [];
  /** Names of fonts as resources. */
  readonly names: string[] = [];

  constructor(
    private readonly writer: ObjectWriter,
    private readonly language: string | undefined,
  ) {}

  #face(family: string, style: FaceStyle): JobFont | undefined {
    const found = findFamily(family)?.faces[style];
    if (found === undefined || found.source.type === 'standard') return undefined;
    let font = this.#faces.get(found.id);
    if (font === undefined) {
      font = new JobFont(this.#name(this.writer.number()), readFace(found));
      this.#faces.set(found.id, font);
    }
    return font;
  }

  readonly #numbers: number[] = [];

  #name(number: number): number {
    const index = this.names.length;
    this.names.push(`InkF${index}`);
    this.resources.push(`/InkF${index} ${number} 0 R`);
    this.#numbers[index] = number;
    return index;
  }

  #own({ dict, object }: { readonly dict: PDFDict; readonly object: PDFObject }): number {
    let index = this.#owns.get(dict);
    if (index === undefined) {
      index = this.names.length;
      this.names.push(`InkF${index}`);
      this.resources.push(`/InkF${index} ${this.writer.text(object)}`);
      this.#owns.set(dict, index);
    }
    return index;
  }

  /** The stack with all that was collected for it. */
  stack({ request, points, words }: StackUse): ProgramStack {
    const { own, family, style } = request;
    const chain = fallbackChain(family, this.language);
    const ownIndex = own === undefined ? -1 : this.#own(own);
    const fontOf = (point: number): JobFont | undefined => {
      for (const each of chain) {
        const font = this.#face(each, style);
        if (font?.has(point)) return font;
      }
      return undefined;
    };
    const first = this.#face(chain[0] ?? family, style) ?? this.#face('arimo', style);
    if (first === undefined) throw new Error('the server has no font for text');
    const lists = { characters: [] as number[], fonts: [] as number[], codes: [] as string[] };
    const widths: number[] = [];
    const missing: number[] = [];
    const put = (point: number, font: number, code: string, width: number) => {
      lists.characters.push(point);
      lists.fonts.push(font);
      lists.codes.push(code);
      widths.push(width);
    };
    const [boxCode, boxWidth] = first.glyph(0, []);
    for (const point of [...points].sort((a, b) => a - b)) {
      if (point < 0x20) continue;
      const known = own?.font.characters.get(point);
      if (known !== undefined) {
        put(point, ownIndex, known.code.toString(16).padStart(2, '0'), known.width);
        continue;
      }
      const font = fontOf(point);
      if (font === undefined) {
        missing.push(point);
        put(point, first.index, boxCode, boxWidth);
      } else put(point, font.index, ...font.glyph(font.font.glyphForCodePoint(point).id, [point]));
    }
    const shaped: Record<string, readonly Run[]> = {};
    for (const word of words) {
      const font = fontOf([...word].find((each) => needsShaping(each))?.codePointAt(0) ?? 0) ?? first;
      shaped[word] = shapeWord(word, font);
    }
    const height = own?.font ?? {
      ascent: first.font.ascent * first.scale,
      descent: first.font.descent * first.scale,
      cap: first.cap,
    };
    const box: Run = { font: first.index, show: `<${boxCode}>Tj`, width: boxWidth, rise: 0 };
    const { ascent, descent, cap } = height;
    return { ...lists, widths, missing, box, words: shaped, ascent, descent, cap };
  }

  /** Writes the fonts. After the last stack. */
  write(): void {
    for (const font of this.#faces.values()) font.write(this.writer, this.#numbers[font.index] ?? 0);
  }
}

/** A word in one font, in its visual order. */
function shapeWord(word: string, font: JobFont): readonly Run[] {
  const { scale } = font;
  const run = shape(word, font.font, scale, (text) => {
    const laid = font.font.layout(text);
    for (const position of laid.positions) {
      position.xAdvance *= scale;
      position.xOffset *= scale;
      position.yOffset *= scale;
    }
    return laid;
  });
  const runs: Run[] = [];
  let [parts, width, rise] = ['', 0, 0];
  const close = () => {
    if (parts !== '') runs.push({ font: font.index, show: `[${parts}]TJ`, width, rise });
    [parts, width] = ['', 0];
  };
  for (const [index, glyph] of run.glyphs.entries()) {
    const position = run.positions[index];
    if (position === undefined) continue;
    const { xAdvance, xOffset, yOffset } = position;
    if (Math.round(yOffset) !== rise) {
      close();
      rise = Math.round(yOffset);
    }
    const [hex, own] = font.glyph(glyph.id, glyph.codePoints);
    const after = Math.round(own + xOffset - xAdvance);
    const before = Math.round(-xOffset);
    parts += `${before === 0 ? '' : before}<${hex}>${after === 0 ? '' : after}`;
    width += xAdvance;
  }
  close();
  return runs;
}
