import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { families, findFamily } from '../../../src/render/fonts/catalogue.js';
import { readFace } from '../../../src/render/fonts/face-file.js';
import { folderOfPackage } from '../../../src/render/fonts/packages.js';
import { parseBounded, parseFont } from '../../../src/render/fonts/pdfkit.js';
import { RenderFailure } from '../../../src/render/kind.js';
import type { FillPackage, TextOverlay } from '../../../src/render/kinds/bulk-fill/package/package.js';
import { readPackage, writePackage } from '../../../src/render/kinds/bulk-fill/package/package-file.js';
import {
  fontNamed,
  type PackageFont,
  readFonts,
} from '../../../src/render/kinds/bulk-fill/package/package-fonts.js';
import { packageLimits } from '../../../src/render/kinds/bulk-fill/package/package-schema.js';
import { TemplateBuilder } from '../../../src/render/kinds/bulk-fill/template/compile.js';
import { rowFiller } from '../../../src/render/kinds/bulk-fill/template/row-filler.js';
import { inspect } from '../document-fixture.js';
import { noReaders, read } from './readers.js';
import { opened, pack, smallForm, writePdf } from './small-forms.js';

const packaged = (name: string, path: string) => readFileSync(join(folderOfPackage(name) ?? name, path));
const dejavu = (file: string) => packaged('dejavu-fonts-ttf', `ttf/${file}.ttf`);
/** Its glyphs have names, unlike those of the bundled fonts with PostScript outlines. */
const inconsolata = packaged('bwip-js', 'fonts/Inconsolata.otf');
const serif = dejavu('DejaVuSerif');

const place = { page: 0, x: 10, y: 10, width: 280, height: 24, size: 14 } as const;
const text = (more: Partial<TextOverlay>): TextOverlay => ({
  ...place,
  type: 'text',
  value: { column: 'column_0' },
  ...more,
});

function fontsOf(files: Readonly<Record<string, Uint8Array>>): readonly PackageFont[] {
  const found = readFonts(new Map(Object.entries(files)));
  if ('defect' in found) throw new Error(`${found.name} ${found.defect}`);
  return found.fonts;
}

function defectOf(bytes: Uint8Array, name = 'fonts/a.ttf'): string | undefined {
  const found = readFonts(new Map([[name, bytes]]));
  return 'defect' in found ? found.defect : undefined;
}

async function filled(
  fonts: readonly PackageFont[],
  overlays: readonly TextOverlay[],
  rows: readonly (readonly string[])[],
) {
  const source = await opened(writePdf(smallForm({ fields: [] })));
  const builder = new TemplateBuilder({ source, pack: pack(source, { overlays }), images: new Map(), fonts });
  for (const row of rows) builder.add(row);
  const { prefix, program } = builder.compile();
  const fill = rowFiller(
    { length: prefix.length, crc32: crc32(prefix) },
    JSON.parse(JSON.stringify(program)),
  );
  return rows.map((row, index) => {
    const { tail, warnings } = fill(row, index);
    return { pdf: Buffer.concat([prefix, tail]), codes: warnings.map(({ code }) => code) };
  });
}

const fontsIn = (pdf: Buffer = Buffer.alloc(0)) => inspect(pdf, 'pdffonts', '{}');

/** A copy with a table, found by its tag, changed in place. */
function changed(font: Buffer, tag: string, change: (table: Buffer) => void): Buffer {
  const copy = Buffer.from(font);
  for (let at = 12; at < 12 + copy.readUInt16BE(4) * 16; at += 16) {
    if (copy.toString('latin1', at, at + 4) !== tag) continue;
    const start = copy.readUInt32BE(at + 8);
    change(copy.subarray(start, start + copy.readUInt32BE(at + 12)));
  }
  return copy;
}

const without = (font: Buffer, tag: string): Buffer => {
  const copy = Buffer.from(font);
  copy.write('none', copy.indexOf(tag, 12, 'latin1'), 'latin1');
  return copy;
};

describe('a font of a package', () => {
  it('tells its family, its style and how many characters it has', () => {
    const told = fontsOf({
      'fonts/b.ttf': dejavu('DejaVuSans-BoldOblique'),
      'fonts/a.ttf': serif,
      'fonts/c.otf': inconsolata,
    }).map(({ name, family, style, postscriptName }) => ({ name, family, style, postscriptName }));
    expect(told).toEqual([
      { name: 'fonts/a.ttf', family: 'DejaVu Serif', style: 'normal', postscriptName: 'DejaVuSerif' },
      {
        name: 'fonts/b.ttf',
        family: 'DejaVu Sans',
        style: 'bolditalics',
        postscriptName: 'DejaVuSans-BoldOblique',
      },
      { name: 'fonts/c.otf', family: 'Inconsolata', style: 'normal', postscriptName: 'Inconsolata' },
    ]);
    expect(fontsOf({ 'fonts/a.ttf': serif })[0]?.characters).toBeGreaterThan(3_000);
  });

  it('that the server has itself is taken, each of them', () => {
    for (const { faces } of families)
      for (const face of new Set(Object.values(faces))) {
        if (face.source.type !== 'file') continue;
        const bytes = readFace(face);
        if (bytes.length > packageLimits.fontBytes) expect(defectOf(bytes)).toContain('more than');
        else expect(defectOf(bytes), face.id).toBeUndefined();
      }
  });

  it('is named by its file, its family with a style, or its file without the ending, in this order', () => {
    const fonts = fontsOf({
      'fonts/Brand.ttf': serif,
      'fonts/Bold.ttf': dejavu('DejaVuSerif-Bold'),
      'fonts/Other.ttf': dejavu('DejaVuSansMono'),
    });
    const named = (font: string, style?: TextOverlay['style']) => fontNamed(fonts, font, style)?.name;
    expect(named('fonts/Brand.ttf', 'bold')).toBe('fonts/Brand.ttf');
    expect(named('Brand.ttf')).toBe('fonts/Brand.ttf');
    expect(named('Brand', 'bold')).toBe('fonts/Brand.ttf');
    expect(named('dejavu serif')).toBe('fonts/Brand.ttf');
    expect(named('DejaVu Serif', 'bold')).toBe('fonts/Bold.ttf');
    expect(named('DejaVu Serif', 'bolditalics')).toBe('fonts/Bold.ttf');
    expect(named('DejaVu Serif', 'italics')).toBe('fonts/Brand.ttf');
    expect(named('arimo')).toBeUndefined();
  });

  it.each([
    ['no font', Buffer.from('no font, whatever its name says'), 'is no TrueType or OpenType font'],
    ['nothing', Buffer.alloc(0), 'is no font'],
    ['a collection', Buffer.from('ttcf\0\x01\0\0\0\0\0\x02', 'latin1'), 'is a collection'],
    ['WOFF2', Buffer.from('wOF2\0\x01\0\0\0\0\0\x02', 'latin1'), 'is WOFF2'],
    ['the half of one', serif.subarray(0, serif.length / 2), 'is cut off'],
    ['one without characters', without(serif, 'cmap'), 'lacks the table "cmap"'],
    ['one without outlines', without(serif, 'glyf'), 'lacks the table "glyf"'],
    [
      'one that may not be embedded',
      changed(serif, 'OS/2', (t) => t.writeUInt16BE(2, 8)),
      'may not be embedded',
    ],
    ['one without leave for subsets', changed(serif, 'OS/2', (t) => t.writeUInt16BE(0x108, 8)), 'whole'],
    ['one of pictures alone', changed(serif, 'OS/2', (t) => t.writeUInt16BE(0x204, 8)), 'outlines'],
    ['glyphs without a size', changed(serif, 'head', (t) => t.writeUInt16BE(0, 18)), 'broken table "head"'],
    ['lines without a height', changed(serif, 'hhea', (t) => t.writeInt16BE(-9_000, 4)), 'table "hhea"'],
    ['places out of order', changed(serif, 'loca', (t) => t.writeUInt32BE(0x7000_0000, 40)), 'table "loca"'],
    ['outlines of nothing', changed(inconsolata, 'CFF ', (t) => t.fill(0xff, 4)), 'table "CFF"'],
  ])('that is %s is refused', (_what, bytes, reason) => {
    expect(defectOf(bytes)).toContain(reason);
    const whole: FillPackage = {
      format: 'inkwire-package',
      version: 1,
      source: { sha256: 'a'.repeat(64), page_count: 1 },
      overlays: [],
      fields: [],
    };
    const file = writePackage({ pack: whole, files: new Map([['fonts/a.ttf', bytes]]) });
    expect(readPackage(file)).toEqual({ defect: expect.stringContaining(`fonts/a.ttf ${defectOf(bytes)}`) });
  });

  it('may say that it is for previews and print, or for documents that are edited', () => {
    for (const bits of [0, 4, 8, 6]) {
      const font = changed(serif, 'OS/2', (table) => table.writeUInt16BE(bits, 8));
      expect(defectOf(font), `fsType ${bits}`).toBeUndefined();
    }
  });

  it('is counted and weighed', () => {
    const files = Array.from(
      { length: packageLimits.fonts + 1 },
      (_, i) => [`fonts/${i}.otf`, inconsolata] as const,
    );
    expect(readFonts(new Map(files))).toMatchObject({ defect: expect.stringContaining('one too many') });
    expect(defectOf(Buffer.alloc(packageLimits.fontBytes + 1))).toContain('has more than');
  });
});

describe.skipIf(noReaders)('an overlay in a font of its package', () => {
  const fonts = fontsOf({
    'fonts/Serif.ttf': serif,
    'fonts/Mono.otf': inconsolata,
    'fonts/Bold.ttf': dejavu('DejaVuSerif-Bold'),
  });

  it.each([
    ['TrueType outlines', 'fonts/Serif.ttf', 'INKFIL+DejaVuSerif', 'CID TrueType'],
    ['PostScript outlines and names of glyphs', 'Mono', 'INKFIL+Inconsolata', 'CID Type 0C'],
    ['a family and a style', 'DejaVu Serif', 'INKFIL+DejaVuSerif-Bold', 'CID TrueType'],
  ])('with %s is written in it, as a subset', async (_what, font, name, kind) => {
    const style = font === 'DejaVu Serif' ? 'bold' : undefined;
    const [row] = await filled(
      fonts,
      [text({ font, ...(style === undefined ? {} : { style }) })],
      [['Größe Ågot']],
    );
    if (row === undefined) throw new Error('no row');
    expect(row.codes).toEqual([]);
    expect(await read(row.pdf)).toContain('Größe Ågot');
    const embedded = fontsIn(row.pdf)
      .split('\n')
      .find((line) => line.includes(name));
    expect(embedded).toMatch(new RegExp(`^${name.replace('+', '\\+')}\\s+${kind}.*yes yes yes`));
    // A whole one has three hundred kilobytes.
    expect(row.pdf.length).toBeLessThan(60_000);
  });

  it('borrows from the server what the font lacks, run by run', async () => {
    const rows = [['Preis 5 € Ω Ж'], ['東京 Tokyo'], ['مرحبا']];
    const [one, two, three] = await filled(fonts, [text({ font: 'Mono' })], rows);
    if (one === undefined || two === undefined || three === undefined) throw new Error('no rows');
    expect(await read(one.pdf)).toContain('Preis 5 € Ω Ж');
    expect(await read(two.pdf)).toContain('東京 Tokyo');
    const names = fontsIn(one.pdf);
    expect(names).toContain('Inconsolata');
    expect(names).toMatch(/DejaVu|Arimo/);
    expect([one, two, three].flatMap(({ codes }) => codes)).toEqual([]);
  });

  it('has the same bytes however often it is made', async () => {
    const rows = Array.from({ length: 30 }, (_, row) => [`Zeile ${row} مرحبا 東`]);
    const overlays = [text({ font: 'Mono' }), text({ font: 'DejaVu Serif', style: 'bold', y: 60 })];
    const [one, other] = [await filled(fonts, overlays, rows), await filled(fonts, overlays, rows)];
    for (const [row, { pdf }] of one.entries()) expect(other[row]?.pdf.equals(pdf)).toBe(true);
  });

  it('with thousands of Han characters has in each file the glyphs of its own row', async () => {
    const face = findFamily('noto-sans-jp')?.faces.bold;
    if (face === undefined) return;
    const own = fontsOf({ 'fonts/Han.otf': readFace(face) });
    const han = (row: number) =>
      Array.from({ length: 10 }, (_, i) => String.fromCodePoint(0x4e00 + row * 10 + i)).join('');
    const rows = Array.from({ length: 40 }, (_, row) => [han(row)]);
    const made = await filled(own, [text({ font: 'Han' })], rows);
    const [one, other] = [made[7]?.pdf ?? Buffer.alloc(0), made[8]?.pdf];
    expect(fontsIn(one)).toContain('NotoSansJP-Bold');
    const shown = [...(await read(one))].filter((character) => han(7).includes(character));
    expect(shown.length).toBeGreaterThan(4);
    expect(one.length).toBeLessThan(20_000);
    expect(other?.equals(one)).toBe(false);
  });

  it('in a family that neither has is written in the one of text that names none', async () => {
    const [row] = await filled(fonts, [text({ font: 'No such font' })], [['Plain']]);
    expect(fontsIn(row?.pdf)).toContain('Arimo');
  });

  it('comes before a font of the server that has its name', async () => {
    const own = fontsOf({ 'fonts/arimo.ttf': serif });
    expect(findFamily('arimo')).toBeDefined();
    const [row] = await filled(own, [text({ font: 'arimo' })], [['Mine']]);
    expect(fontsIn(row?.pdf)).toContain('DejaVuSerif');
  });
});

describe('a font that somebody made to do harm', () => {
  it('is read as far as its budget goes', () => {
    const layout = (left: number) => parseBounded(serif, { left }).layout('Größe');
    expect(layout(1_000_000).advanceWidth).toBe(parseFont(serif).layout('Größe').advanceWidth);
    expect(() => layout(1_000)).toThrow('read too much');
  });

  /** The same numbers each time. */
  function numbers(seed: number): (below: number) => number {
    let state = seed;
    return (below) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
  }

  it.each([
    ['TrueType', dejavu('DejaVuSansMono'), 40],
    ['PostScript', inconsolata, 60],
  ])('is refused or is drawn, wherever it was changed: %s', async (_what, font, times) => {
    const random = numbers(times);
    const outcomes = { refused: 0, failed: 0, drawn: 0 };
    for (let round = 0; round < times; round++) {
      const copy = Buffer.from(font);
      const count = 1 + random(200);
      // Half of them in the beginning, where the tables say where what is.
      const reach = round % 2 === 0 ? copy.length : Math.min(copy.length, 6_000);
      for (let i = 0; i < count; i++) copy[12 + random(reach - 12)] = random(256);
      const found = readFonts(new Map([['fonts/a.ttf', copy]]));
      if ('defect' in found) {
        outcomes.refused++;
        continue;
      }
      try {
        await filled(found.fonts, [text({ font: 'a', multiline: true, shrink: true })], [['Åb مرحبا fi 12']]);
        outcomes.drawn++;
      } catch (error) {
        if (!(error instanceof RenderFailure)) throw error;
        outcomes.failed++;
      }
    }
    expect(outcomes.refused).toBeGreaterThan(0);
    expect(outcomes.drawn).toBeGreaterThan(0);
  });
});
