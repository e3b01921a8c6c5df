import { PDFArray, PDFDict, PDFName, PDFNumber, StandardFontEmbedder } from '@cantoo/pdf-lib';
import { dictOf, itemsOf, numberOf, type Source } from './source.js';

/** The font of a field, as far as text can be written in it. Lengths are thousandths of the size. */
export interface OwnFont {
  readonly characters: ReadonlyMap<number, { readonly code: number; readonly width: number }>;
  readonly ascent: number;
  readonly descent: number;
  readonly cap: number;
}

/** What a font that has to stand in for it should look like. */
export interface FontManner {
  readonly family: 'arimo' | 'tinos' | 'cousine';
  readonly style: 'normal' | 'bold' | 'italics' | 'bolditalics';
}

const name = (text: string) => PDFName.of(text);

/** Windows-1252, which is WinAnsiEncoding but for codes that mean nothing. */
const winAnsi: readonly (number | undefined)[] = (() => {
  const decoder = new TextDecoder('windows-1252');
  return Array.from({ length: 256 }, (_, code) => {
    const point =
      code < 0x20 || code === 0x7f ? 0 : (decoder.decode(Uint8Array.of(code)).codePointAt(0) ?? 0);
    return point < 0x20 || (point > 0x7e && point < 0xa0) ? undefined : point;
  });
})();

/** Names of glyphs that WinAnsi does not have and forms do. */
const moreNames: Readonly<Record<string, number>> = {
  fi: 0xfb01,
  fl: 0xfb02,
  lslash: 0x142,
  Lslash: 0x141,
  dotlessi: 0x131,
  minus: 0x2212,
  fraction: 0x2044,
  quotesingle: 0x27,
  grave: 0x60,
  Euro: 0x20ac,
  space: 0x20,
};

/** One of the fonts of every reader. Lengths are thousandths of the size. */
interface StandardFont {
  /** Widths of its characters. */
  readonly widths: ReadonlyMap<number, number>;
  /** Characters by the names of their glyphs. */
  readonly names: ReadonlyMap<string, number>;
  readonly ascent: number;
  readonly descent: number;
}

/** Reading one takes as long as a hundred rows. There are twelve. */
const standards = new Map<string, StandardFont>();

function knownStandard(name: StandardName): StandardFont {
  const known = standards.get(name) ?? readStandard(name);
  standards.set(name, known);
  return known;
}

/** The library that reads forms has their measures; pdfkit, which has them, too, would be loaded for them alone. */
function readStandard(fontName: StandardName): StandardFont {
  // The library has no other names, and does not export the type of them.
  const { font, encoding } = StandardFontEmbedder.for(
    fontName as Parameters<typeof StandardFontEmbedder.for>[0],
  );
  const widths = new Map<number, number>();
  const names = new Map(Object.entries(moreNames));
  for (const point of winAnsi) {
    if (point === undefined || !encoding.canEncodeUnicodeCodePoint(point)) continue;
    const glyph = encoding.encodeUnicodeCodePoint(point).name;
    const width = font.getWidthOfGlyph(glyph);
    if (width !== undefined) widths.set(point, width);
    if (point !== 0xa0 && point !== 0xad && !names.has(glyph)) names.set(glyph, point);
  }
  return { widths, names, ascent: font.Ascender ?? 0, descent: font.Descender ?? 0 };
}

function baseName(font: PDFDict): string {
  const given = font.context.lookup(font.get(name('BaseFont')));
  return given instanceof PDFName ? given.decodeText().replace(/^[A-Z]{6}\+/, '') : '';
}

export function mannerOf(font: PDFDict | undefined, key: string): FontManner {
  const text = `${font === undefined ? '' : baseName(font)} ${key}`.toLowerCase();
  const bold = /bold|black|heavy|hebo|cobo|tibo|,bo|demi/.test(text);
  const slanted = /ital|obli|heob|hebi|tiit|tibi/.test(text);
  const family = /cour|mono|cobo|typewriter|consol/.test(text)
    ? 'cousine'
    : /times|roman|serif(?<!sans.?serif)|georgia|garamond|tiro|tibo|tiit|minion|palat/.test(text)
      ? 'tinos'
      : 'arimo';
  const style = bold ? (slanted ? 'bolditalics' : 'bold') : slanted ? 'italics' : 'normal';
  return { family, style };
}

const standardNames = {
  arimo: ['Helvetica', 'Helvetica-Bold', 'Helvetica-Oblique', 'Helvetica-BoldOblique'],
  tinos: ['Times-Roman', 'Times-Bold', 'Times-Italic', 'Times-BoldItalic'],
  cousine: ['Courier', 'Courier-Bold', 'Courier-Oblique', 'Courier-BoldOblique'],
} as const;
type StandardName = (typeof standardNames)[FontManner['family']][number];

function standardName({ family, style }: FontManner): StandardName {
  const index = { normal: 0, bold: 1, italics: 2, bolditalics: 3 } as const;
  return standardNames[family][index[style]];
}

/** Undefined where text cannot be written in it: codes of its own, or glyphs of what the form says already. */
export function readOwnFont(source: Source, font: PDFDict | undefined): OwnFont | undefined {
  if (font === undefined) return undefined;
  const subtype = font.get(name('Subtype'))?.toString();
  if (subtype !== '/Type1' && subtype !== '/TrueType' && subtype !== '/MMType1') return undefined;
  const base = baseName(font);
  if (/symbol|dingbat/i.test(base)) return undefined;
  const descriptor = dictOf(source, font.get(name('FontDescriptor')));
  const isEmbedded = ['FontFile', 'FontFile2', 'FontFile3'].some((key) => descriptor?.has(name(key)));
  const standard = knownStandard(standardName(mannerOf(font, '')));
  const encoding = readEncoding(source, font, isEmbedded, standard.names);
  if (encoding === undefined) return undefined;
  const widths = itemsOf(source, font.get(name('Widths'))).map((width) => numberOf(source, width) ?? 0);
  // Without widths it must be one of the fonts of every reader.
  if (widths.length === 0 && (isEmbedded || !/^(helv|arial|times|courier)/i.test(base))) return undefined;
  const first = numberOf(source, font.get(name('FirstChar'))) ?? 0;
  const characters = new Map<number, { readonly code: number; readonly width: number }>();
  for (const [code, point] of encoding) {
    const width = widths.length > 0 ? (widths[code - first] ?? 0) : (standard.widths.get(point) ?? 0);
    if (width > 0 && !characters.has(point)) characters.set(point, { code, width });
  }
  // Too few to be meant for text: a subset with what the form says already.
  if (!characters.has(0x41) && !characters.has(0x61)) return undefined;
  const of = (key: string, otherwise: number) => {
    const value = numberOf(source, descriptor?.get(name(key))) ?? 0;
    return value === 0 ? otherwise : value;
  };
  return {
    characters,
    ascent: of('Ascent', standard.ascent),
    descent: -Math.abs(of('Descent', standard.descent)),
    cap: of('CapHeight', 718),
  };
}

function readEncoding(
  source: Source,
  font: PDFDict,
  isEmbedded: boolean,
  names: ReadonlyMap<string, number>,
): readonly (readonly [code: number, point: number])[] | undefined {
  const given = source.document.context.lookup(font.get(name('Encoding')));
  const base = given instanceof PDFDict ? given.get(name('BaseEncoding')) : given;
  const table: (number | undefined)[] = [];
  const isAnsi = base === name('WinAnsiEncoding');
  // The encodings agree in ASCII but for two quotes; what is built into an embedded font may be anything.
  if (base === undefined && isEmbedded && !(given instanceof PDFDict)) return undefined;
  for (let code = 0x20; code < 256; code++) {
    const ascii = code < 0x7f && code !== 0x27 && code !== 0x60;
    if (isAnsi || (ascii && !(isEmbedded && base === undefined))) table[code] = winAnsi[code];
  }
  if (given instanceof PDFDict) {
    let code = 0;
    const differences = source.document.context.lookup(given.get(name('Differences')));
    for (const item of differences instanceof PDFArray ? differences.asArray() : []) {
      if (item instanceof PDFNumber) code = item.asNumber();
      else if (item instanceof PDFName) table[code++] = pointOf(item.decodeText(), names);
    }
  }
  return Array.from(table.entries()).flatMap(([code, point]) =>
    point === undefined || code > 255 ? [] : [[code, point] as const],
  );
}

function pointOf(glyph: string, names: ReadonlyMap<string, number>): number | undefined {
  const known = names.get(glyph);
  if (known !== undefined) return known;
  const hex = /^uni([0-9A-F]{4})$/.exec(glyph)?.[1];
  return hex === undefined ? undefined : Number.parseInt(hex, 16);
}
