import { createRequire } from 'node:module';
import { unpackByNode } from './unpackers.js';

/**
 * The part of pdfkit and fontkit that font sharing rests on. Both are CommonJS without types; this file is the only one
 * that takes them untyped, and the fontkit here is the very instance that pdfkit uses.
 */

export interface Glyph {
  readonly id: number;
  readonly codePoints: readonly number[];
  readonly advanceWidth: number;
}

export interface GlyphPosition {
  xAdvance: number;
  yAdvance: number;
  xOffset: number;
  yOffset: number;
  advanceWidth: number;
}

export interface GlyphRun {
  readonly glyphs: readonly Glyph[];
  readonly positions: readonly GlyphPosition[];
  readonly advanceWidth: number;
  /** Runs of fontkit have it: `rtl` when the glyphs were reversed. */
  readonly direction?: string;
}

/** What fontkit knows of a TrueType outline. */
export interface TrueTypeGlyph extends Glyph {
  _decode(): {
    readonly numberOfContours: number;
    readonly components?: readonly { readonly glyphID: number; readonly pos: number }[];
  } | null;
  _getMetrics(): { readonly leftBearing: number };
}

/** The glyphs that a document uses, in the order of its own glyph ids. */
export interface Subset {
  readonly glyphs: number[];
  /** Present in subsets of fonts with PostScript outlines. */
  readonly cff?: unknown;
  includeGlyph(id: number): number;
  encode(): Uint8Array;
}

/** A font as fontkit parses it. */
/** How a font lays out texts: by script, which features there are, and what each of them applies. */
export interface LayoutTable {
  readonly scriptList:
    | readonly {
        readonly tag: string;
        readonly script: { readonly defaultLangSys: { readonly featureIndexes: readonly number[] } | null };
      }[]
    | null;
  readonly featureList: readonly {
    readonly tag: string;
    readonly feature: { readonly lookupListIndexes: readonly number[] };
  }[];
  /** Reads a lookup when it is first asked for. */
  readonly lookupList: { get(index: number): unknown };
}

export interface ParsedFont {
  readonly postscriptName: string;
  readonly unitsPerEm: number;
  /** In units of the font, as the next ones; 0 where it does not say. */
  readonly capHeight: number;
  readonly xHeight: number;
  readonly ascent: number;
  readonly descent: number;
  readonly bbox: {
    readonly minX: number;
    readonly minY: number;
    readonly maxX: number;
    readonly maxY: number;
  };
  /** Degrees. */
  readonly italicAngle: number;
  readonly post: { readonly isFixedPitch: number };
  readonly head: { readonly macStyle: { readonly italic: boolean } };
  readonly 'OS/2': { readonly sFamilyClass: number } | null;
  readonly GSUB?: LayoutTable | null;
  readonly GPOS?: LayoutTable | null;
  /** Positions in units of the font. */
  layout(text: string): GlyphRun;
  getGlyph(id: number, codePoints?: readonly number[]): Glyph;
  glyphForCodePoint(codePoint: number): Glyph;
  hasGlyphForCodePoint(codePoint: number): boolean;
  createSubset(): Subset;
  readonly directory: { readonly tables: Readonly<Record<string, { readonly length: number } | undefined>> };
  readonly loca: { readonly offsets: readonly number[]; readonly version: number };
  /** A stream that stands at the table; \`length\` is that of the whole file. */
  _getTableStream(tag: 'glyf' | 'CFF '): { pos: number; readBuffer(length: number): Uint8Array };
  /** Glyphs that fontkit has made so far, by glyph id. */
  _glyphs: Record<number, Glyph | undefined>;
}

/** A font of one PDF document. */
export interface PdfFont {
  readonly id: string;
  readonly name: string;
  /** Thousandths of the font size; what a line takes above the baseline. */
  ascender: number;
  /** As `ascender`, below it: less than zero. */
  descender: number;
  widthOfString(text: string, size: number, features?: unknown): number;
  lineHeight(size: number): number;
}

export interface EmbeddedFont extends PdfFont {
  readonly font: ParsedFont;
  readonly scale: number;
  subset: Subset;
  readonly widths: (number | undefined)[];
  readonly unicode: (readonly number[] | undefined)[];
  layoutCache?: Record<string, GlyphRun | undefined>;
  layoutRun(text: string, features?: unknown): GlyphRun;
  layoutCached(text: string): GlyphRun;
  layout(text: string, features?: unknown, onlyWidth?: boolean): GlyphRun;
  encode(text: string, features?: unknown): [string[], GlyphPosition[]];
}

/** One of the fourteen fonts of every reader; `font` holds the metrics. */
export interface StandardFont extends PdfFont {
  readonly font: { characterToGlyph(code: number): string };
  encode(text: string): [string[], GlyphPosition[]];
}

interface PdfKitDocument {
  font(source: string | Uint8Array): unknown;
  readonly _font: PdfFont;
  end(): void;
}

const require = createRequire(import.meta.url);
const requireOfPdfkit = createRequire(require.resolve('pdfkit'));
unpackByNode(requireOfPdfkit.resolve('fontkit'));
const fontkit = requireOfPdfkit('fontkit') as {
  create(bytes: Uint8Array): ParsedFont & { readonly stream: object };
};

/** Loaded when a document is made: who fills forms needs fonts alone. */
function emptyDocument(): PdfKitDocument {
  const PDFDocument = require('pdfkit') as new (options: object) => PdfKitDocument;
  return new PDFDocument({ autoFirstPage: false, font: null });
}

export function parseFont(bytes: Uint8Array): ParsedFont {
  return fontkit.create(bytes);
}

/** How much may still be read of a font: numbers, and bytes that are taken as they are, eight of them for one. */
export interface ReadBudget {
  left: number;
}

/**
 * A font of somebody else: its tables can say of the same bytes that they are any number of lists, which would be more than a memory holds.
 * Reading throws where nothing is left of the budget.
 */
export function parseBounded(bytes: Uint8Array, budget: ReadBudget): ParsedFont {
  const font = fontkit.create(bytes);
  const { stream } = font;
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(stream))) {
    if (!name.startsWith('read')) continue;
    const read: (this: object, length?: unknown, ...more: unknown[]) => unknown = Reflect.get(stream, name);
    Reflect.set(stream, name, (length?: unknown, ...more: unknown[]) => {
      budget.left -= 1 + (typeof length === 'number' ? length >> 3 : 0);
      if (budget.left < 0) throw new Error('The font is read too much');
      return read.call(stream, length, ...more);
    });
  }
  return font;
}

/** pdfkit exports neither of its font classes; a document without pages shows the one of the standard fonts. */
export function standardFont(name: string): StandardFont {
  const document = emptyDocument();
  document.font(name);
  return document._font as StandardFont;
}

export type EmbeddedFontClass = new (document: object, font: ParsedFont, id: string) => EmbeddedFont;

/** The class with which pdfkit embeds TrueType and OpenType fonts; `sample` is any such font. */
export function embeddedFontClass(sample: Uint8Array): EmbeddedFontClass {
  const document = emptyDocument();
  document.font(sample);
  return (document._font as EmbeddedFont).constructor as EmbeddedFontClass;
}
