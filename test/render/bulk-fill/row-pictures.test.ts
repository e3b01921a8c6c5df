import { randomBytes } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Overlay } from '../../../src/render/kinds/bulk-fill/package/package.js';
import { TemplateBuilder } from '../../../src/render/kinds/bulk-fill/template/compile.js';
import { decodeImages } from '../../../src/render/kinds/bulk-fill/template/images.js';
import { jpegPicture } from '../../../src/render/kinds/bulk-fill/template/jpeg-picture.js';
import { pngPicture } from '../../../src/render/kinds/bulk-fill/template/png-picture.js';
import { rowFiller } from '../../../src/render/kinds/bulk-fill/template/row-filler.js';
import { rowPictureLimits } from '../../../src/render/kinds/bulk-fill/template/row-pictures.js';
import { inspect } from '../document-fixture.js';
import { bareContext } from '../run-context.js';
import { checked, noReaders, pdfiumImage, popplerImages } from './readers.js';
import { fill, opened, pack, smallForm, textField, writePdf } from './small-forms.js';

const form = writePdf(smallForm({ content: '0.8 0.9 1 rg 0 0 300 200 re f' }));
const room = { page: 0, x: 20, y: 20, width: 160, height: 80 };
const fromColumn = (column = 0, more: Partial<typeof room> = {}): Overlay => {
  return { type: 'image', ...room, ...more, value: { column: `column_${column}` } };
};
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const nothing = Buffer.alloc(0);

/** Every pixel another colour, the upper left corner red, the right half half transparent. */
function painted(width = 60, height = 30): Sharp {
  const data = Buffer.alloc(width * height * 4);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      data.set([255 - x * 4, y * 8, (x * y) & 255, x < width / 2 ? 255 : 120], (y * width + x) * 4);
  return sharp(data, { raw: { width, height, channels: 4 } });
}
const opaque = () => painted().flatten({ background: '#fff' });
const grey = () => opaque().toColourspace('b-w');

const pngs: readonly (readonly [string, () => Sharp])[] = [
  ['RGB', () => opaque().png()],
  ['RGB, interlaced', () => opaque().png({ progressive: true })],
  ['RGB and transparency', () => painted().png()],
  ['RGB and transparency, interlaced', () => painted().png({ progressive: true })],
  ['a palette of 8 bits', () => opaque().png({ palette: true, colours: 200 })],
  ['a palette of 4 bits', () => opaque().png({ palette: true, colours: 16 })],
  ['a palette of 2 bits', () => opaque().png({ palette: true, colours: 4 })],
  ['a palette of 1 bit', () => opaque().png({ palette: true, colours: 2 })],
  ['a palette of 4 bits, interlaced', () => opaque().png({ palette: true, colours: 16, progressive: true })],
  ['a palette and transparency', () => painted().png({ palette: true, colours: 250 })],
  ['a palette of 4 bits and transparency', () => painted().png({ palette: true, colours: 16 })],
  ['grey', () => grey().png()],
  ['grey, interlaced', () => grey().png({ progressive: true })],
  ['grey and transparency', () => painted().toColourspace('b-w').png()],
  ['16 bits', () => opaque().toColourspace('rgb16').png()],
  ['16 bits and transparency', () => painted().toColourspace('rgb16').png()],
  ['grey of 16 bits, interlaced', () => opaque().toColourspace('grey16').png({ progressive: true })],
];

/** The first page with the picture from the package, which another decoder has read. */
async function fromPackage(bytes: Buffer): Promise<Buffer> {
  const { images, broken } = await decodeImages(new Map([['a', bytes]]), bareContext);
  expect(broken).toEqual([]);
  const { pdf } = await fill(form, {}, { overlays: [{ type: 'image', ...room, image: 'a' }], images });
  return popplerImages(pdf)[0] ?? nothing;
}

async function fromRow(text: string, more: Parameters<typeof fill>[2] = {}) {
  return fill(form, {}, { overlays: [fromColumn()], row: [text], ...more });
}

/** How far apart two pictures are at most, in any colour of any pixel. */
async function apart(one: Buffer, other: Buffer): Promise<number> {
  const pixels = (png: Buffer) => sharp(png).removeAlpha().raw().toBuffer();
  const [left, right] = await Promise.all([pixels(one), pixels(other)]);
  let most = left.length === right.length ? 0 : 999;
  for (const [at, value] of left.entries()) most = Math.max(most, Math.abs(value - (right[at] ?? 999)));
  return most;
}

/** A PNG of chunks as they are given. */
function pngOf(...chunks: readonly (readonly [string, Uint8Array])[]): Buffer {
  const written = chunks.map(([type, data]) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  });
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...written]);
}

function headerOf(width: number, height: number, rest = '0802000000'): Buffer {
  const header = Buffer.from(`${'0'.repeat(16)}${rest}`, 'hex');
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  return header;
}

describe.skipIf(noReaders)('a picture of a row', () => {
  it.each(pngs)('looks as another decoder shows it: a PNG of %s', async (_what, made) => {
    const bytes = await made().toBuffer();
    const { pdf, row } = await fromRow(base64(bytes));
    expect([row.applied, row.skipped, row.warnings]).toEqual([1, 0, []]);
    await checked(pdf);
    expect(await apart(popplerImages(pdf)[0] ?? nothing, await fromPackage(bytes))).toBeLessThan(3);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('is turned as its camera was held: EXIF %i', async (orientation) => {
    const bytes = await opaque().jpeg().withMetadata({ orientation }).toBuffer();
    const { pdf } = await fromRow(`data:image/jpeg;base64,${base64(bytes)}`);
    await checked(pdf);
    expect(await apart(popplerImages(pdf)[0] ?? nothing, await fromPackage(bytes))).toBe(0);
  });

  it.each([
    ['progressive', () => opaque().jpeg({ progressive: true })],
    ['grey', () => grey().jpeg()],
    ['of four colours', () => opaque().toColourspace('cmyk').jpeg()],
  ])('is drawn from a JPEG that is %s', async (_what, made) => {
    const bytes = await made().toBuffer();
    const { pdf } = await fromRow(base64(bytes));
    await checked(pdf);
    expect(await apart(popplerImages(pdf)[0] ?? nothing, await fromPackage(bytes))).toBe(0);
  });

  it('of which one colour is transparent lets through what is below it', async () => {
    const rows = Buffer.from([0, 255, 0, 0, 0, 255, 0]);
    const clear = Buffer.from([0, 255, 0, 0, 0, 0]);
    const png = pngOf(
      ['IHDR', headerOf(2, 1)],
      ['tRNS', clear],
      ['IDAT', deflateSync(rows)],
      ['IEND', nothing],
    );
    const { pdf } = await fromRow(base64(png));
    await checked(pdf);
    const image = await sharp(popplerImages(pdf)[0]).removeAlpha().raw().toBuffer();
    const at = (x: number) => [...image.subarray((60 * 300 + x) * 3, (60 * 300 + x) * 3 + 3)];
    expect([at(40), at(160)]).toEqual([
      [204, 229, 255],
      [0, 255, 0],
    ]);
  });

  it.each([
    ['a data URI', (text: string) => `data:image/png;base64,${text}`],
    ['one that has another type', (text: string) => `data:image/jpeg;charset=x;base64,${text}`],
    ['base64', (text: string) => text],
    ['base64 in lines', (text: string) => ` ${text.replace(/.{76}/g, '$&\r\n')} `],
    ['base64 that is not padded', (text: string) => text.replace(/=+$/, '')],
  ])('is given as %s', async (_what, given) => {
    const bytes = await opaque().png().toBuffer();
    const plain = await fromRow(base64(bytes));
    const { pdf, row } = await fromRow(given(base64(bytes)));
    expect(row.applied).toBe(1);
    expect(popplerImages(pdf)[0]?.equals(popplerImages(plain.pdf)[0] ?? nothing)).toBe(true);
  });

  it.each([
    ['its name', 'images/one.png', { column: 'column_0' }],
    ['its name without the folder', 'one.png', { column: 'column_0' }],
    ['a text with a column in it', 'one', { template: 'images/{{column_0}}.png' }],
  ])('may be one of the package, by %s', async (_what, cell, value) => {
    const bytes = await painted().png().toBuffer();
    const { images } = await decodeImages(new Map([['images/one.png', bytes]]), bareContext);
    const { pdf, row } = await fill(
      form,
      {},
      { overlays: [{ type: 'image', ...room, value }], images, row: [cell] },
    );
    expect([row.applied, row.warnings]).toEqual([1, []]);
    await checked(pdf);
    expect(await apart(popplerImages(pdf)[0] ?? nothing, await fromPackage(bytes))).toBe(0);
  });

  it('that many rows name is in what all files share, a rare one in the files of its rows', async () => {
    const files = new Map(
      await Promise.all(
        ['many', 'few', 'none'].map(async (name): Promise<[string, Buffer]> => {
          const noise = sharp(randomBytes(3 * 40 * 40), { raw: { width: 40, height: 40, channels: 3 } });
          return [`images/${name}.png`, await noise.png().toBuffer()];
        }),
      ),
    );
    const { images } = await decodeImages(files, bareContext);
    const source = await opened(form);
    const builder = new TemplateBuilder({ source, pack: pack(source, { overlays: [fromColumn()] }), images });
    const rows = [...Array.from({ length: 19 }, () => ['many.png']), ['few.png']];
    for (const cells of rows) builder.add(cells);
    const { prefix, program } = builder.compile();
    const bytesOf = (name: string) => Buffer.from(images.get(`images/${name}.png`)?.bytes ?? nothing);
    expect(['many', 'few', 'none'].map((name) => prefix.includes(bytesOf(name)))).toEqual([
      true,
      false,
      false,
    ]);
    const fillRow = rowFiller(
      { length: prefix.length, crc32: crc32(prefix) },
      JSON.parse(JSON.stringify(program)),
    );
    for (const [row, cells] of rows.entries()) {
      const pdf = Buffer.concat([prefix, fillRow(cells, row).tail]);
      expect(pdf.includes(bytesOf('few'))).toBe(row === 19);
      if (row >= 18) await checked(pdf);
    }
  });

  it('is in the file once, however often it is drawn, and beside others', async () => {
    const [one, other] = await Promise.all([opaque().png().toBuffer(), painted().jpeg().toBuffer()]);
    const source = writePdf(smallForm({ content: ' ', fields: [textField('a', '20 10 280 30')] }));
    const { pdf, row } = await fill(
      source,
      { a: 'Ada' },
      {
        overlays: [
          fromColumn(1),
          fromColumn(1, { x: 190, width: 60 }),
          fromColumn(2, { x: 190, y: 120, height: 40 }),
        ],
        row: [base64(one), base64(other)],
      },
    );
    expect([row.applied, row.skipped]).toEqual([4, 0]);
    await checked(pdf);
    const objects = inspect(pdf, 'pdfimages', '-list', '{}').trim().split('\n').slice(2);
    expect(new Set(objects.map((line) => line.trim().split(/\s+/)[10])).size).toBe(2);
  });

  it('stands in the middle of its room, in its own shape, also where the page is turned', async () => {
    const square = base64(
      await sharp({ create: { width: 9, height: 9, channels: 3, background: '#f00' } })
        .png()
        .toBuffer(),
    );
    const turned = writePdf(smallForm({ content: ' ', page: '/MediaBox[0 0 300 200]/Rotate 90' }));
    const { pdf } = await fill(
      turned,
      {},
      { overlays: [fromColumn(0, { x: 10, y: 20, width: 100, height: 40 })], row: [square] },
    );
    const { data, info } = await sharp(await pdfiumImage(pdf, 200))
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const isRed = (x: number, y: number) => data[(y * info.width + x) * 3 + 1] === 0;
    expect([
      isRed(42, 22),
      isRed(78, 58),
      isRed(37, 40),
      isRed(83, 40),
      isRed(60, 17),
      isRed(60, 63),
    ]).toEqual([true, true, false, false, false, false]);
  });

  it('has the same bytes whatever was filled before', async () => {
    const [one, other] = await Promise.all([painted().png().toBuffer(), painted(50, 20).png().toBuffer()]);
    const source = await opened(form);
    const build = () => {
      const overlays = [fromColumn(0), fromColumn(1)];
      const builder = new TemplateBuilder({ source, pack: pack(source, { overlays }), images: new Map() });
      const { prefix, program } = builder.compile();
      return rowFiller({ length: prefix.length, crc32: crc32(prefix) }, program);
    };
    const cells = [base64(one), base64(other)];
    const alone = Buffer.from(build()(cells, 7).tail);
    const used = build();
    used([base64(other), base64(one)], 0);
    used(['', base64(other)], 1);
    used([base64(one), base64(one)], 2);
    expect(Buffer.from(used(cells, 7).tail).equals(alone)).toBe(true);
  });
});

describe.skipIf(noReaders)('IMAGE_INVALID: a row whose picture is none', () => {
  it.each([
    ['nothing', () => '', /is left out: the row has none/],
    ['a name that the package does not have', () => 'photo.png', /"photo\.png" is no picture/],
    ['words', () => 'no picture at all', /no PNG or JPEG in base64/],
    ['words with much space between them', () => `no${' '.repeat(400_000)}picture!`, /no PNG or JPEG/],
    ['an address', () => 'https://example.org/a.png', /no PNG or JPEG/],
    ['another format', async () => base64(await opaque().gif().toBuffer()), /no PNG or JPEG/],
    ['a data URI that its comma has cut', () => 'data:image/png;base64', /stands in double quotes/],
    ['SVG', () => `data:image/svg+xml;base64,${base64(Buffer.from('<svg/>'))}`, /no PNG or JPEG/],
    ['half a PNG', async () => half(await opaque().png().toBuffer()), /broken: it ends early/],
    ['half a JPEG', async () => half(await opaque().jpeg().toBuffer()), /broken: it ends early/],
    [
      'a PNG with another byte',
      async () => base64(dented(await opaque().png().toBuffer())),
      /checksum is wrong/,
    ],
    [
      'a PNG without rows',
      () => base64(pngOf(['IHDR', headerOf(2, 2)], ['IEND', nothing])),
      /rows cannot be read/,
    ],
    [
      'a PNG of a depth that there is not',
      () => base64(pngOf(['IHDR', headerOf(2, 2, '0302000000')])),
      /does not say/,
    ],
    [
      'a palette of nothing',
      () => base64(pngOf(['IHDR', headerOf(2, 2, '0803000000')], ['IEND', nothing])),
      /no colours/,
    ],
    [
      'a part that nobody knows',
      () => base64(pngOf(['IHDR', headerOf(2, 2)], ['ABCD', nothing])),
      /is not known/,
    ],
    [
      'a PNG that says it is huge',
      () => base64(pngOf(['IHDR', headerOf(2 ** 31 - 1, 2 ** 31 - 1)], ['IEND', nothing])),
      /the limit is 8000000/,
    ],
  ])('%s', async (_what, given, why) => {
    const text = await given();
    const source = writePdf(smallForm({ content: ' ', fields: [textField('a', '20 10 280 30')] }));
    const { pdf, row, codes } = await fill(source, { a: 'Ada' }, { overlays: [fromColumn(1)], row: [text] });
    expect([row.applied, row.skipped, codes]).toEqual([1, 1, ['IMAGE_INVALID']]);
    const [{ message } = { message: '' }] = row.warnings;
    expect(message).toMatch(/^overlay 0 is left out: /);
    expect(message).toMatch(why);
    expect(message.length).toBeLessThan(250);
    await checked(pdf);
  });

  it('a column that the row does not have', async () => {
    const { codes } = await fill(form, {}, { overlays: [fromColumn(3)], row: ['x'] });
    expect(codes).toEqual(['IMAGE_INVALID']);
  });

  it('pictures of one row that are too many bytes together: those that have room are drawn', async () => {
    const noisy = await Promise.all(
      [1, 2, 3].map(() =>
        sharp(randomBytes(300 * 330 * 3), { raw: { width: 330, height: 300, channels: 3 } })
          .png()
          .toBuffer(),
      ),
    );
    const overlays = noisy.map((_, index) => fromColumn(index, { y: index * 60, height: 50 }));
    const { pdf, row, codes } = await fill(form, {}, { overlays, row: noisy.map(base64) });
    expect([row.applied, codes]).toEqual([2, ['IMAGE_INVALID']]);
    expect(row.warnings[0]?.message).toContain(`${rowPictureLimits.rowBytes} bytes`);
    expect(row.tail.length).toBeLessThan(1024 * 1024);
    await checked(pdf);
  });

  it('pictures of one row that are too many pixels together', async () => {
    const large = (background: string) =>
      sharp({ create: { width: 2_500, height: 2_000, channels: 3, background } })
        .png()
        .toBuffer();
    const row = (await Promise.all([large('#123'), large('#456')])).map(base64);
    const filled = await fill(form, {}, { overlays: [fromColumn(0), fromColumn(1)], row });
    expect([filled.row.applied, filled.codes]).toEqual([1, ['IMAGE_INVALID']]);
    expect(filled.row.warnings[0]?.message).toContain(`${rowPictureLimits.rowPixels} pixels`);
  });
});

function half(bytes: Buffer): string {
  return base64(bytes.subarray(0, bytes.length / 2));
}

function dented(bytes: Buffer): Buffer {
  const other = Buffer.from(bytes);
  const at = bytes.indexOf('IDAT') + 10;
  other[at] = (other[at] ?? 0) ^ 1;
  return other;
}

describe('hostile pictures', () => {
  it('are refused or taken, and nothing is thrown: bytes exchanged, cut and made up', async () => {
    const seeds = await Promise.all([
      ...pngs.map(([, made]) => made().toBuffer()),
      opaque().jpeg().withMetadata({ orientation: 6 }).toBuffer(),
      opaque().jpeg({ progressive: true }).toBuffer(),
    ]);
    /** With the checksums that belong to it, so that what is behind them is reached. */
    const summed = (bytes: Buffer): Buffer => {
      for (let at = 8; at + 12 <= bytes.length; ) {
        const end = at + 8 + bytes.readUInt32BE(at);
        if (end + 4 > bytes.length) break;
        bytes.writeUInt32BE(crc32(bytes.subarray(at + 4, end)), end);
        at = end + 4;
      }
      return bytes;
    };
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.nat(seeds.length - 1), edits, fc.nat(), fc.boolean(), (index, changed, cut, isWhole) => {
        const bytes = Buffer.from(seeds[index] ?? nothing);
        for (const [at, byte] of changed) bytes[2 + (at % (bytes.length - 2))] = byte;
        const given = isWhole ? bytes : bytes.subarray(0, cut % bytes.length);
        const limit = 1_000_000;
        for (const read of [pngPicture(summed(given), limit), jpegPicture(given, limit)])
          if (typeof read !== 'string') expect(read.width * read.height).toBeLessThanOrEqual(limit);
      }),
      { numRuns: 2_000, seed: 12 },
    );
  });
});
