import { inflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import { pageImages, readWithZbar, readWithZxing } from './codes-fixture.js';
import { inspect, render, without } from './document-fixture.js';

/** A page of 30 labels, each with bars and a QR code at places of their own. Lengths are millimetres. */
const label = { width: 64, height: 27 };
const labels = Array.from({ length: 30 }, (_, n) => ({
  left: 8 + (n % 3) * label.width,
  top: 12 + Math.floor(n / 3) * label.height,
  bars: `PARCEL-${String(n * 7_919).padStart(6, '0')}`,
  qr: `https://parcels.example/${n}/${(n * 104_729).toString(36)}`,
}));
const operations = labels.flatMap(({ left, top, bars, qr }) => [
  { type: 'add_barcode', symbology: 'code128', value: bars, x: left + 2, y: top + 3, width: 40, height: 15 },
  { type: 'add_qr', value: qr, x: left + 46, y: top + 3, size: 15 },
]);

const registry = new FontRegistry();
const drawn = await render(registry, { page_size: 'A4', operations });

/** All streams that say what is drawn, as text. */
function contentOf(pdf: Buffer): string {
  const text = pdf.toString('latin1');
  const streams = [...text.matchAll(/\/FlateDecode[^>]*>>\s*stream\r?\n/g)].map(({ 0: head, index }) =>
    pdf.subarray(index + head.length, text.indexOf('endstream', index)),
  );
  return streams.map((stream) => inflateSync(stream).toString('latin1')).join('\n');
}

describe('a page of 30 labels', () => {
  it('has each of its 60 codes as one path of rectangles, filled once, and no pictures', () => {
    expect(drawn.pages).toBe(1);
    expect(drawn.warnings).toEqual([]);
    const paths = contentOf(drawn.pdf).match(/(?:^[\d.]+ [\d.]+ [\d.]+ [\d.]+ re\n)+f$/gm) ?? [];
    expect(paths.filter((path) => path.split('\n').length > 10)).toHaveLength(60);
    expect(drawn.pdf.toString('latin1')).not.toMatch(/Subtype\s*\/Image/);
  });

  it.skipIf(without('pdftoppm'))('has codes that two readers read back from its picture', async () => {
    const dpi = 300;
    const [picture] = pageImages(drawn.pdf, dpi);
    if (picture === undefined) throw new Error('there is no page');
    const pixels = (mm: number) => Math.round((mm / 25.4) * dpi);
    const part = (left: number, top: number, width: number) =>
      sharp(picture)
        .extract({
          left: pixels(left),
          top: pixels(top),
          width: pixels(width),
          height: pixels(label.height - 3),
        })
        .png()
        .toBuffer();
    const hasZbar = !without('zbarimg');
    for (const { left, top, bars, qr } of labels) {
      const [linear, matrix] = [await part(left, top, 43.5), await part(left + 43.5, top, 20)];
      expect(await readWithZxing(linear, ['Code128'])).toEqual([bars]);
      expect(await readWithZxing(matrix, ['QRCode'])).toEqual([qr]);
      if (!hasZbar) continue;
      expect(readWithZbar(linear)).toEqual([bars]);
      expect(readWithZbar(matrix)).toEqual([qr]);
    }
  });

  it.skipIf(without('pdftotext'))('has the text below each of the bars', () => {
    const text = inspect(drawn.pdf, 'pdftotext', '{}', '-');
    for (const { bars } of labels) expect(text).toContain(bars);
  });
});
