/** The five documents of the benchmark of previews: text, CJK text, fax scans, colour scans, vectors. Made anew, always alike. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PDFDocument, PDFName, rgb } from '@cantoo/pdf-lib';
import * as fontkit from 'fontkit';
import sharp from 'sharp';
import { pictureOf } from './drawing.mjs';

const require = createRequire(import.meta.url);
const latin = readFileSync(require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'));
const chinese = readFileSync(
  join(dirname(require.resolve('@embedpdf/fonts-sc')), '../fonts/NotoSansHans-Regular.otf'),
);
const paper = [595, 842];
/** Pixels of a scan with 300 dpi; a multiple of 16 each, as tiles of a TIFF are. */
const [scanWidth, scanHeight] = [2480, 3520];

const sentences = [
  'The undersigned agrees that the particulars given here are complete and correct.',
  'Payment is due within thirty days of the date of this invoice, without deduction.',
  'Goods remain the property of the seller until they have been paid for in full.',
  'A claim for damages is excluded unless it rests on intent or gross negligence.',
];
const chineseSentence =
  '本合同自双方签字盖章之日起生效未尽事宜由双方协商解决并以书面形式补充补充协议与本合同具有同等法律效力';

async function textDocument(pages, font, lineOf, size) {
  const document = await PDFDocument.create();
  document.registerFontkit(fontkit);
  const face = await document.embedFont(font, { subset: true });
  for (let page = 0; page < pages; page += 1) {
    const sheet = document.addPage(paper);
    for (let line = 0; line < 52; line += 1) {
      const text = lineOf(page * 52 + line);
      sheet.drawText(text, { x: 50, y: 790 - line * 14, size, font: face });
    }
  }
  return Buffer.from(await document.save());
}

async function scans(pages, embed) {
  const document = await PDFDocument.create();
  const text = await textDocument(pages, latin, (line) => sentences[line % 4] ?? '', 9.5);
  for (let page = 0; page < pages; page += 1) {
    const picture = await pictureOf(text, page, scanWidth, scanHeight);
    const stream = document.context.stream(...(await embed(picture, page)));
    const sheet = document.addPage(paper);
    sheet.node.setXObject(PDFName.of('Scan'), document.context.register(stream));
    const content = document.context.stream(`q ${paper[0]} 0 0 ${paper[1]} 0 0 cm /Scan Do Q`);
    sheet.node.addContentStream(document.context.register(content));
  }
  return Buffer.from(await document.save());
}

/** The one tile of a TIFF is what a PDF holds of a page of fax. */
async function fax(picture) {
  const tiff = await sharp(picture)
    .threshold(160)
    .toColourspace('b-w')
    .tiff({
      compression: 'ccittfax4',
      bitdepth: 1,
      tile: true,
      tileWidth: scanWidth,
      tileHeight: scanHeight,
    })
    .toBuffer();
  const tags = tagsOf(tiff);
  const [offset, length] = [tags.get(324), tags.get(325)];
  return [
    tiff.subarray(offset, offset + length),
    {
      Type: 'XObject',
      Subtype: 'Image',
      Width: scanWidth,
      Height: scanHeight,
      ColorSpace: 'DeviceGray',
      BitsPerComponent: 1,
      Filter: 'CCITTFaxDecode',
      DecodeParms: { K: -1, Columns: scanWidth, Rows: scanHeight, BlackIs1: tags.get(262) !== 0 },
    },
  ];
}

function tagsOf(tiff) {
  const little = tiff.toString('latin1', 0, 2) === 'II';
  const u16 = (at) => (little ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const u32 = (at) => (little ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at));
  const start = u32(4);
  const tags = new Map();
  for (let at = start + 2, left = u16(start); left > 0; left -= 1, at += 12)
    tags.set(u16(at), u16(at + 2) === 3 ? u16(at + 8) : u32(at + 8));
  return tags;
}

/** A page of paper is never white alone: a shade and some noise. */
async function colourScan(picture, page) {
  const noise = Buffer.alloc(scanWidth * scanHeight * 3);
  let seed = 1 + page;
  for (let at = 0; at < noise.length; at += 3) {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
    const shade = 225 + ((seed >> 16) & 15) + Math.floor((at / noise.length) * 12);
    noise[at] = shade;
    noise[at + 1] = shade - 4;
    noise[at + 2] = shade - 14;
  }
  const paperOf = sharp(noise, { raw: { width: scanWidth, height: scanHeight, channels: 3 } });
  const scan = await paperOf
    .composite([{ input: picture, blend: 'multiply' }])
    .jpeg({ quality: 85 })
    .toBuffer();
  return [
    scan,
    {
      Type: 'XObject',
      Subtype: 'Image',
      Width: scanWidth,
      Height: scanHeight,
      ColorSpace: 'DeviceRGB',
      BitsPerComponent: 8,
      Filter: 'DCTDecode',
    },
  ];
}

async function vectors(pages) {
  const document = await PDFDocument.create();
  let seed = 7;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
    return seed / 0x7fffffff;
  };
  for (let page = 0; page < pages; page += 1) {
    const sheet = document.addPage(paper);
    for (let curve = 0; curve < 1_500; curve += 1) {
      const [x, y] = [random() * 500, random() * 800];
      const path = `M 0 0 C ${random() * 120} ${random() * 120}, ${random() * 120} ${-random() * 120}, ${random() * 150} ${random() * 60} Z`;
      const color = rgb(random(), random(), random());
      sheet.drawSvgPath(path, {
        x,
        y,
        borderColor: color,
        borderWidth: 0.5 + random() * 2,
        borderOpacity: 0.3 + random() * 0.6,
      });
    }
  }
  return Buffer.from(await document.save());
}

export const documents = {
  text: () => textDocument(20, latin, (line) => sentences[line % 4] ?? '', 10),
  cjk: () =>
    textDocument(
      8,
      chinese,
      (line) =>
        chineseSentence
          .slice(line % 7)
          .repeat(2)
          .slice(0, 46),
      10,
    ),
  fax: () => scans(4, fax),
  scan: () => scans(3, colourScan),
  vector: () => vectors(2),
};
