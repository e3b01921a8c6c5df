import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { degrees, PDFDocument, PDFName, type PDFPage, rgb } from '@cantoo/pdf-lib';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { withoutFfmpeg } from '../../helpers/image-files.js';
import { likenessOf, popplerPage } from '../../helpers/likeness.js';
import { randomFrom } from '../../helpers/random.js';
import { makeForm } from '../pdf-forms-fixture.js';
import { pagesOf, preview } from './preview-fixture.js';

/**
 * Pages look as another program draws them. Both smooth and place glyphs in their own way, so that pictures are compared at a half and at
 * a quarter of 150 dots for an inch, where that is hardly seen.
 */

const withoutPoppler = process.env.CI !== 'true' && spawnSync('pdftoppm', ['-v']).status !== 0;
const require = createRequire(import.meta.url);
const dejaVu = readFileSync(require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'));
const chinese = () =>
  readFileSync(join(dirname(require.resolve('@embedpdf/fonts-sc')), '../fonts/NotoSansHans-Regular.otf'));
const bounds = { halved: 0.88, quartered: 0.96 };
const dpi = 150;
const paper: [number, number] = [595, 842];

const sentences = [
  'The undersigned agrees that the particulars given here are complete and correct.',
  'Payment is due within thirty days of the date of this invoice, without deduction.',
  'Goods remain the property of the seller until they have been paid for in full.',
];
const chineseSentence = '本合同自双方签字盖章之日起生效未尽事宜由双方协商解决并以书面形式补充协议';

async function text(
  change: (page: PDFPage) => void = () => undefined,
  { font = dejaVu, lines = sentences } = {},
): Promise<Buffer> {
  const document = await PDFDocument.create({ updateMetadata: false });
  document.registerFontkit(require('fontkit'));
  const face = await document.embedFont(font, { subset: true });
  const page = document.addPage(paper);
  for (let line = 0; line < 52; line += 1)
    page.drawText(lines[line % lines.length] ?? '', { x: 50, y: 790 - line * 14, size: 10, font: face });
  page.drawRectangle({ x: 400, y: 5, width: 90, height: 40, color: rgb(0.2, 0.4, 0.7) });
  change(page);
  return Buffer.from(await document.save());
}

async function vectors(): Promise<Buffer> {
  const document = await PDFDocument.create({ updateMetadata: false });
  const page = document.addPage(paper);
  const random = randomFrom(7);
  for (let curve = 0; curve < 300; curve += 1) {
    const [a, b, c, d] = [0, 1, 2, 3].map(() => random() * 120);
    page.drawSvgPath(`M 0 0 C ${a} ${b}, ${c} -${d}, ${b} ${a} Z`, {
      x: random() * 360,
      y: random() * 560,
      borderColor: rgb(random(), random(), random()),
      borderWidth: 0.5 + random() * 2,
      borderOpacity: 0.3 + random() * 0.6,
    });
  }
  return Buffer.from(await document.save());
}

/** 300 dots for an inch, nearly; as tiles of a TIFF are. */
const [scanWidth, scanHeight] = [2_480, 3_504];

/** What a scanner sees of a page: letters on paper that is not quite white. */
async function scanned(): Promise<Buffer> {
  const drawn = popplerPage(await text(), 300);
  return drawn
    .resize({ width: scanWidth, height: scanHeight, fit: 'fill' })
    .linear(0.85, 20)
    .png()
    .toBuffer();
}

/** A page that is one picture. */
function scan(picture: Uint8Array, entries: string): Buffer {
  const head = `<</Type/XObject/Subtype/Image/Width ${scanWidth}/Height ${scanHeight}${entries}/Length ${picture.length}>>\nstream\n`;
  const image = Buffer.concat([Buffer.from(head), picture, Buffer.from('\nendstream')]);
  return pagesOf([`q ${paper[0]} 0 0 ${paper[1]} 0 0 cm /I Do Q`], {
    box: `0 0 ${paper[0]} ${paper[1]}`,
    resources: '/XObject<</I 3 0 R>>',
    more: [image],
  });
}

const gray8 = '/ColorSpace/DeviceGray/BitsPerComponent 8';

async function jpegScan(): Promise<Buffer> {
  const tinted = sharp(await scanned())
    .toColourspace('srgb')
    .tint('#f2ead8');
  const jpeg = await tinted.jpeg({ quality: 85 }).toBuffer();
  return scan(jpeg, '/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode');
}

async function jpxScan(): Promise<Buffer> {
  const args = ['-v', 'error', '-f', 'png_pipe', '-i', '-', '-pix_fmt', 'gray', '-c:v', 'jpeg2000'];
  const jp2 = execFileSync('ffmpeg', [...args, '-q:v', '3', '-f', 'image2pipe', '-'], {
    input: await scanned(),
    maxBuffer: 2 ** 26,
  });
  return scan(jp2, `${gray8}/Filter/JPXDecode`);
}

/** The one tile of a TIFF is what a PDF holds of a page of fax. */
async function faxScan(): Promise<Buffer> {
  const tiff = await sharp(await scanned())
    .threshold(160)
    .toColourspace('b-w')
    .tiff({
      ...{ compression: 'ccittfax4', bitdepth: 1 },
      ...{ tile: true, tileWidth: scanWidth, tileHeight: scanHeight },
    })
    .toBuffer();
  const start = tiff.readUInt32LE(4);
  const tags = new Map<number, number>();
  for (let at = start + 2, left = tiff.readUInt16LE(start); left > 0; left -= 1, at += 12)
    tags.set(
      tiff.readUInt16LE(at),
      tiff.readUInt16LE(at + 2) === 3 ? tiff.readUInt16LE(at + 8) : tiff.readUInt32LE(at + 8),
    );
  const [offset = 0, length = 0] = [tags.get(324), tags.get(325)];
  const isBlackOne = tags.get(262) !== 0;
  return scan(
    tiff.subarray(offset, offset + length),
    `/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns ${scanWidth}/Rows ${scanHeight}/BlackIs1 ${isBlackOne}>>`,
  );
}

/**
 * At 150 dots for an inch the other program sets letters on whole rows and rounds down (docs/DECISIONS.md), and each turn of a page makes
 * that another row: its picture of 600 is nearer to what the file says.
 */
const fine = 600;

interface Row {
  readonly name: string;
  readonly pdf: () => Promise<Uint8Array>;
  readonly theirDpi: number;
  /** From 1. */
  readonly page?: number;
  readonly isWhole?: boolean;
  /** Above those of all, where most of the page is white. */
  readonly least?: number;
}

const corpus: readonly Row[] = [
  { name: 'text', pdf: () => text(), theirDpi: dpi },
  { name: 'text, finer', pdf: () => text(), theirDpi: fine },
  ...[90, 180, 270].map((angle) => ({
    name: `text that is turned by ${angle} degrees`,
    pdf: () => text((page) => page.setRotation(degrees(angle))),
    theirDpi: fine,
  })),
  { name: 'a crop box', pdf: () => text((page) => page.setCropBox(60, 100, 340, 500)), theirDpi: fine },
  {
    name: 'a crop box of a page that is turned',
    pdf: () =>
      text((page) => {
        page.setCropBox(60, 100, 340, 500);
        page.setRotation(degrees(90));
      }),
    theirDpi: fine,
  },
  {
    // Of which the other one shows a single dot: ours shows the whole page.
    name: 'a crop box that lies outside',
    pdf: () => text((page) => page.setCropBox(900, 900, 240, 300)),
    theirDpi: fine,
    isWhole: true,
  },
  { name: 'the fields of a form', pdf: () => makeForm('Jane Doe'), theirDpi: dpi, least: 0.98 },
  { name: 'the fields of its second page', pdf: () => makeForm('Jane'), theirDpi: dpi, page: 2, least: 0.98 },
  { name: 'curves with opacity', pdf: vectors, theirDpi: dpi },
  { name: 'a fax', pdf: faxScan, theirDpi: dpi },
  { name: 'a scan that is a JPEG', pdf: jpegScan, theirDpi: dpi },
  ...(withoutFfmpeg ? [] : [{ name: 'a scan that is a JPEG 2000', pdf: jpxScan, theirDpi: dpi }]),
  {
    name: 'Chinese text whose font is in the file',
    pdf: () => text(undefined, { font: chinese(), lines: [chineseSentence] }),
    theirDpi: fine,
    least: 0.96,
  },
  {
    name: 'Chinese text whose font is in the file, on rows as the other one sets it',
    pdf: () => text(undefined, { font: chinese(), lines: [chineseSentence] }),
    theirDpi: dpi,
  },
];

describe.skipIf(withoutPoppler)('a page looks as pdftoppm draws it', () => {
  it.each(corpus)('with $name', async ({ pdf, theirDpi, least = 0, ...shown }) => {
    const file = Buffer.from(await pdf());
    const { picture } = await preview(file, { dpi });
    const likeness = await likenessOf(picture(shown.page ?? 1).bytes, popplerPage(file, theirDpi, shown));
    expect(likeness.halved).toBeGreaterThanOrEqual(Math.max(least, bounds.halved));
    expect(likeness.quartered).toBeGreaterThanOrEqual(Math.max(least, bounds.quartered));
  });

  it('in at most half of its bytes where a page has text without colours', async () => {
    const file = await text((page) => page.setCropBox(0, 50, paper[0], paper[1] - 50));
    const { picture } = await preview(file, { dpi });
    const options = ['-png', '-r', `${dpi}`, '-cropbox', '-singlefile', '-'];
    const theirs = execFileSync('pdftoppm', options, { input: file, maxBuffer: 2 ** 28 });
    expect(picture(1).bytes.length).toBeLessThanOrEqual(theirs.length / 2);
  });

  it('and fields that are not shown, and letters that are other ones, would be seen', async () => {
    const form = Buffer.from(await makeForm('Jane Doe'));
    const bare = await PDFDocument.load(form);
    for (const page of bare.getPages()) page.node.delete(PDFName.of('Annots'));
    const { picture } = await preview(Buffer.from(await bare.save()), { dpi });
    const without = await likenessOf(picture(1).bytes, popplerPage(form, dpi));
    expect(without.halved).toBeLessThan(0.92);
    expect(without.quartered).toBeLessThan(0.92);
    const others = await preview(await text(undefined, { lines: [...sentences].reverse() }), { dpi });
    const other = await likenessOf(others.picture(1).bytes, popplerPage(await text(), fine));
    expect(other.halved).toBeLessThan(bounds.halved);
    expect(other.quartered).toBeLessThan(bounds.quartered);
  });
});

/** Text in fonts that no file brings is set in others by each program: the same places are black, not the same dots. */
describe('text of East Asia whose font the file has not brought has ink where its letters stand', () => {
  const [columns, rows, size] = [8, 6, 30];
  /** Of the grid, by row and column: some are left out. */
  const isWritten = (row: number, column: number): boolean => (row * 3 + column * 5) % 4 !== 0;
  const inkOf = async (picture: Sharp): Promise<readonly string[]> => {
    const side = { width: columns * 20, height: rows * 20 };
    const shades = picture.resize({ ...side, fit: 'fill' }).flatten({ background: '#fff' });
    const pixels = await shades.toColourspace('b-w').raw().toBuffer();
    const isBlack = (row: number, column: number): boolean => {
      for (let y = 0; y < 20; y += 1)
        for (let x = 0; x < 20; x += 1)
          if ((pixels[(row * 20 + y) * side.width + column * 20 + x] ?? 255) < 160) return true;
      return false;
    };
    return Array.from({ length: rows }, (_, row) =>
      Array.from({ length: columns }, (_, column) => (isBlack(row, column) ? '#' : '.')).join(''),
    );
  };

  const languages = [
    ['Japanese', 'HeiseiKakuGo-W5', '90ms-RKSJ-H', 'Japan1', '93fa967b8cea'],
    ['Korean', 'HYSMyeongJo-Medium', 'KSCms-UHC-H', 'Korea1', 'c7d1b1dbbeee'],
    ['simplified Chinese', 'STSong-Light', 'GBK-EUC-H', 'GB1', 'd6d0cec4d7d6'],
  ] as const;
  const expected = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => (isWritten(row, column) ? '#' : '.')).join(''),
  );
  const page = (font: string, encoding: string, ordering: string, codes: string): Buffer => {
    const letters = codes.match(/.{4}/g) ?? [];
    const cells: string[] = [];
    for (let row = 0; row < rows; row += 1)
      for (let column = 0; column < columns; column += 1) {
        if (!isWritten(row, column)) continue;
        const [x, y] = [column * size + 4, (rows - 1 - row) * size + 6];
        cells.push(`1 0 0 1 ${x} ${y} Tm <${letters[(row + column) % letters.length]}> Tj`);
      }
    const described = `<</Type/FontDescriptor/FontName/${font}/Flags 6/FontBBox[0 -200 1000 900]/ItalicAngle 0/Ascent 800/Descent -200/CapHeight 800/StemV 90>>`;
    return pagesOf([`BT /F 22 Tf ${cells.join(' ')} ET`], {
      box: `0 0 ${columns * size} ${rows * size}`,
      resources: '/Font<</F 3 0 R>>',
      more: [
        `<</Type/Font/Subtype/Type0/BaseFont/${font}/Encoding/${encoding}/DescendantFonts[4 0 R]>>`,
        `<</Type/Font/Subtype/CIDFontType0/BaseFont/${font}/CIDSystemInfo<</Registry(Adobe)/Ordering(${ordering})/Supplement 2>>/FontDescriptor 5 0 R>>`,
        described,
      ],
    });
  };

  it.each(languages)('%s', async (_language, font, encoding, ordering, codes) => {
    const file = page(font, encoding, ordering, codes);
    const { picture } = await preview(file, { dpi });
    expect(await inkOf(sharp(picture(1).bytes))).toEqual(expected);
    if (withoutPoppler) return;
    const theirs = await inkOf(popplerPage(file, dpi));
    // It shows nothing where this machine has no font of that script.
    if (theirs.join('').includes('#')) expect(theirs).toEqual(expected);
  });
});
