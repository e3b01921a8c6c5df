import sharp from 'sharp';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { startPdfium } from '../../src/render/kinds/pdf-tools/pdfium.js';
import { loadPdfiumProgram } from '../../src/render/kinds/pdf-tools/pdfium-engine.js';
import { pagesOf, preview } from './preview/preview-fixture.js';
import { bareContext } from './run-context.js';

/** As many as scanners make: the tiny picture is a fiftieth. */
const side = 1_600;

describe('a page that is one JPEG file', () => {
  let program: WebAssembly.Module;
  let jpeg: Buffer;
  beforeAll(async () => {
    program = await loadPdfiumProgram();
    const top = {
      input: { create: { width: side, height: side / 2, channels: 3 as const, background: 'red' } },
    };
    jpeg = await sharp({ create: { width: side, height: side, channels: 3, background: 'blue' } })
      .composite([{ ...top, top: 0, left: 0 }])
      .withExif({ IFD0: { Orientation: '6' } })
      .jpeg()
      .toBuffer();
  });

  const picture = (more = '') =>
    Buffer.concat([
      Buffer.from(
        `<</Type/XObject/Subtype/Image/Width ${side}/Height ${side}/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode/Length ${jpeg.length}${more}>>\nstream\n`,
      ),
      jpeg,
      Buffer.from('\nendstream'),
    ]);
  const full = 'q 100 0 0 100 0 0 cm /I Do Q';
  const scan = (content: string, more = '', entries = '') =>
    pagesOf([content], { resources: '/XObject<</I 3 0 R>>', more: [picture(more)], entries });

  async function jpegOf(file: Buffer): Promise<Buffer | undefined> {
    const pdfium = await startPdfium(program, 256 * 1024 * 1024, () => undefined);
    return pdfium.open(file, '').jpegOf(0);
  }

  test('is known as that file, with text that is not seen, too', async () => {
    expect((await jpegOf(scan(full)))?.equals(jpeg)).toBe(true);
    expect((await jpegOf(scan(`${full} BT 3 Tr /F 9 Tf (found) Tj ET`)))?.equals(jpeg)).toBe(true);
  });

  test.each([
    ['something is beside it', `${full} 0 g 0 0 9 9 re f`, '', ''],
    ['it leaves an edge', 'q 90 0 0 100 0 0 cm /I Do Q', '', ''],
    ['it is upside down', 'q 100 0 0 -100 0 100 cm /I Do Q', '', ''],
    ['it is drawn twice', `${full} ${full}`, '', ''],
    ['it has a mask', full, '/Mask[0 1 0 1 0 1]', ''],
    ['its colours are turned round', full, '/Decode[1 0 1 0 1 0]', ''],
    ['the page is turned', full, '', '/Rotate 90'],
    ['the page is cropped', full, '', '/CropBox[0 0 50 50]'],
    [
      'an annotation lies over it',
      full,
      '',
      '/Annots[<</Type/Annot/Subtype/Square/Rect[1 1 9 9]/C[1 0 0]>>]',
    ],
  ])('is none where %s', async (_what, content, more, entries) => {
    expect(await jpegOf(scan(content, more, entries))).toBeUndefined();
  });

  test('is sent as it is where it is asked for as that, without what a camera said of it', async () => {
    const { picture } = await preview(scan(full), { format: 'jpg', width: side });
    const { bytes, page } = picture(1);
    const pixels = (file: Uint8Array) => sharp(file).raw().toBuffer();
    expect(page).toMatchObject({ width: side, height: side });
    expect((await pixels(bytes)).equals(await pixels(jpeg))).toBe(true);
    // Nothing was coded anew: the end of the file, its coded pixels, is the same.
    expect(Buffer.from(bytes).subarray(-1_000).equals(jpeg.subarray(-1_000))).toBe(true);
    expect((await sharp(bytes).metadata()).orientation).toBeUndefined();
    const placeholder = Buffer.from(page?.placeholder?.split(',')[1] ?? '', 'base64');
    expect(await sharp(placeholder).metadata()).toMatchObject({ format: 'webp', width: 32, height: 32 });
  });

  test.each([{ format: 'png' }, { format: 'jpg' }, { format: 'webp' }])(
    'has the pixels of the page as $format, not turned',
    async (look) => {
      const asked = vi.spyOn(bareContext, 'picture');
      const made = await preview(scan(full), { ...look, width: 100 });
      const [drawn] = await Promise.all(asked.mock.results.map(({ value }) => value));
      asked.mockRestore();
      // Not by the engine of PDFs, after the other way has come to nothing.
      expect(drawn).toMatchObject({ type: 'drawn', image: { width: 100, height: 100 } });
      const { data, info } = await sharp(made.picture(1).bytes).raw().toBuffer({ resolveWithObject: true });
      expect([info.width, info.height]).toEqual([100, 100]);
      const at = (x: number, y: number) => [...data.subarray((y * 100 + x) * 3, (y * 100 + x) * 3 + 3)];
      expect(at(50, 10)[0]).toBeGreaterThan(230);
      expect(at(50, 90)[2]).toBeGreaterThan(230);
      expect(at(10, 90)[0]).toBeLessThan(30);
      expect(made.picture(1).page).toMatchObject({ number: 1, width: 100, height: 100 });
      expect(made.picture(1).page?.placeholder).toContain('data:image/webp;base64,');
    },
  );
});
