import { describe, expect, it } from 'vitest';
import { families } from '../../src/render/fonts/catalogue.js';
import { CffSubsetter } from '../../src/render/fonts/cff-subset.js';
import { flatCharstring } from '../../src/render/fonts/charstring.js';
import { readFace } from '../../src/render/fonts/face-file.js';
import { type ParsedFont, parseFont } from '../../src/render/fonts/pdfkit.js';

const faces = families.flatMap(({ faces: { normal, bold } }) =>
  [normal, bold].filter(({ source }) => source.type === 'file' && source.path.endsWith('.otf')),
);

/** fontkit's own reading of a glyph. */
interface Drawn {
  readonly path: { toSVG(): string };
}

interface CffOfFontkit {
  readonly topDict: { readonly CharStrings: readonly unknown[]; readonly FontBBox: readonly number[] };
  readonly isCIDFont: boolean;
  fdForGlyph(id: number): number;
}

const cffOf = (font: ParsedFont): CffOfFontkit => Reflect.get(font, 'CFF ');
const drawn = (font: ParsedFont, id: number): string => (font.getGlyph(id) as unknown as Drawn).path.toSVG();

/** The font file with another table of outlines: that of a subset alone is no font that fontkit opens. */
function withOutlines(file: Buffer, outlines: Uint8Array): Buffer {
  const whole = Buffer.concat([file, outlines]);
  for (let i = 0; i < whole.readUInt16BE(4); i += 1) {
    const entry = 12 + i * 16;
    if (whole.toString('latin1', entry, entry + 4) !== 'CFF ') continue;
    whole.writeUInt32BE(file.length, entry + 8);
    whole.writeUInt32BE(outlines.length, entry + 12);
  }
  return whole;
}

describe('subsets of fonts with PostScript outlines', () => {
  it.each(faces)('of $id draw the glyphs of the font', (face) => {
    const file = readFace(face);
    const font = parseFont(file);
    const subset = new CffSubsetter(font).open();
    const { length } = cffOf(font).topDict.CharStrings;
    // Letters, kana, Han, Hangul, and some of everything behind them.
    const ids = new Set([
      1,
      34,
      66,
      ...Array.from({ length: 400 }, (_, i) => Math.floor((i * length) / 400)),
    ]);
    for (const point of '請求書髙橋商店ひらがなカタカナ한국어中文&%')
      ids.add(font.glyphForCodePoint(point.codePointAt(0) ?? 0).id);
    const places = new Map([...ids].map((id) => [id, subset.includeGlyph(id)]));
    expect(subset.includeGlyph(34)).toBe(places.get(34));
    const small = parseFont(withOutlines(file, subset.encode()));
    const { isCIDFont, topDict } = cffOf(small);
    expect(isCIDFont).toBe(true);
    expect(topDict.CharStrings.length).toBe(subset.glyphs.length);
    expect(topDict.FontBBox).toEqual(cffOf(font).topDict.FontBBox);
    for (const [id, place] of places) expect([id, drawn(small, place)]).toEqual([id, drawn(font, id)]);
  });

  it.each(faces)('of $id can be made of every glyph', (face) => {
    const font = parseFont(readFace(face));
    const { length } = cffOf(font).topDict.CharStrings;
    const subset = new CffSubsetter(font).open();
    for (let id = 1; id < length; id += 1) subset.includeGlyph(id);
    expect(cffOf(parseFont(withOutlines(readFace(face), subset.encode()))).topDict.CharStrings).toHaveLength(
      length,
    );
  });

  it('have one glyph at least, that of what is missing', () => {
    const [face] = faces;
    if (face === undefined) throw new Error('No such font');
    const file = readFace(face);
    const font = parseFont(file);
    const small = parseFont(withOutlines(file, new CffSubsetter(font).open().encode()));
    expect(drawn(small, 0)).toBe(drawn(font, 0));
  });
});

describe('charstrings', () => {
  const none = { count: 0, get: (_: number): Buffer | undefined => undefined };
  const list = (...codes: number[][]) => ({
    count: codes.length,
    get: (i: number) => (codes[i] === undefined ? undefined : Buffer.from(codes[i])),
  });
  const flat = (code: number[], own = none, global = none) => [
    ...flatCharstring(Buffer.from(code), { own, global }),
  ];
  /** Of the subroutine with this number in a short list. */
  const number = (i: number) => i - 107 + 139;

  it('take numbers of a call from behind those of the glyph', () => {
    // 7 is for the move, which stands in the subroutine; that one calls another.
    const own = list([139 + 8, number(1), 10, 11], [21, 11]);
    expect(flat([139 + 7, number(0), 10, 14], own)).toEqual([139 + 7, 139 + 8, 21, 14]);
  });

  it('end where a subroutine ends the glyph', () => {
    expect(flat([number(0), 29, 1, 2, 3], none, list([14]))).toEqual([14]);
  });

  it('copy masks, which are as long as there are stems', () => {
    const nine = Array.from({ length: 18 }, () => 139);
    expect(flat([...nine, 19, 10, 29, 14])).toEqual([...nine, 19, 10, 29, 14]);
    expect(flat([139, 139, 1, 139, 139, 20, 10, number(0), 10, 14], list([21, 11]))).toEqual([
      139, 139, 1, 139, 139, 20, 10, 21, 14,
    ]);
  });

  it('are refused where they call themselves, call nothing or compute', () => {
    expect(() => flat([number(0), 10], list([number(0), 10]))).toThrow('calls nothing');
    expect(() => flat([number(3), 10], list([14]))).toThrow('calls nothing');
    expect(() => flat([10])).toThrow('calls nothing');
    expect(() => flat([139, 139, 12, 10])).toThrow('the operator 12');
    expect(() => flat([139, 139, 139, 139, 14])).toThrow('the operator 14');
  });
});
