import { beforeAll, describe, expect, test } from 'vitest';
import { startPdfium } from '../../src/render/kinds/pdf-tools/pdfium.js';
import { loadPdfiumProgram } from '../../src/render/kinds/pdf-tools/pdfium-engine.js';
import type { PdfiumPage } from '../../src/render/kinds/pdf-tools/pdfium-page.js';
import { PageTooSlow } from '../../src/render/kinds/pdf-tools/pdfium-pause.js';
import { catalog, pdf, stream } from '../helpers/hostile-pdfs.js';
import { rgbaOf } from './rgba.js';

describe('a page as pixels', () => {
  let program: WebAssembly.Module;
  beforeAll(async () => {
    program = await loadPdfiumProgram();
  });

  /** A PDF of pages of 100 by 100 points that draw these contents; `more` are objects from number 3 on. */
  function pages(contents: readonly string[], resources = '', more: readonly string[] = []): Buffer {
    const first = 3 + more.length;
    const kids = contents.map((_, index) => `${first + 2 * index} 0 R`).join(' ');
    return pdf([
      catalog,
      `<</Type/Pages/Kids[${kids}]/Count ${contents.length}>>`,
      ...more,
      ...contents.flatMap((content, index) => [
        `<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Resources<<${resources}>>/Contents ${first + 2 * index + 1} 0 R>>`,
        stream(Buffer.from(content)),
      ]),
    ]);
  }

  async function read<Result>(
    file: Uint8Array,
    use: (page: PdfiumPage) => Result,
    page = 0,
  ): Promise<Result> {
    const pdfium = await startPdfium(program, 256 * 1024 * 1024, () => undefined);
    const document = pdfium.open(file, '');
    try {
      return document.withPage(page, use);
    } finally {
      document.close();
    }
  }

  test('has one channel where nothing on it has a colour, and three otherwise', async () => {
    const [gray, red] = ['0.5 g 0 50 100 50 re f', '1 0 0 rg 0 50 100 50 re f'];
    const [plain, coloured] = await Promise.all(
      [gray, red].map((content) => read(pages([content]), (page) => page.raster(99, 101))),
    );
    expect(plain).toMatchObject({ width: 99, height: 101, channels: 1 });
    expect(plain?.data).toHaveLength(99 * 101);
    expect([plain?.data[0], plain?.data.at(-1)]).toEqual([128, 255]);
    expect(coloured).toMatchObject({ width: 99, height: 101, channels: 3 });
    expect([...(coloured?.data.subarray(0, 3) ?? [])]).toEqual([255, 0, 0]);
    expect([...(coloured?.data.subarray(-3) ?? [])]).toEqual([255, 255, 255]);
  });

  test.each([
    ['Japanese', 'HeiseiKakuGo-W5', '90ms-RKSJ-H', 'Japan1', '93fa967b8cea'],
    ['Korean', 'HYGoThic-Medium', 'KSCms-UHC-H', 'Korea1', 'c7d1b1b9bef1'],
    ['simplified Chinese', 'STSong-Light', 'GBK-EUC-H', 'GB1', 'd6d0b9fad7d6'],
    ['traditional Chinese', 'MSung-Light', 'ETen-B5-H', 'CNS1', 'a4a4b0eaa672'],
  ])(
    'draws %s text of a font that the file has not brought',
    async (_name, font, encoding, ordering, text) => {
      const system = `<</Registry(Adobe)/Ordering(${ordering})/Supplement 2>>`;
      const descendant =
        `<</Type/Font/Subtype/CIDFontType0/BaseFont/${font}/CIDSystemInfo ${system}/DW 1000/FontDescriptor ` +
        `<</Type/FontDescriptor/FontName/${font}/Flags 4/FontBBox[0 -200 1000 900]/ItalicAngle 0/Ascent 800/Descent -200/CapHeight 700/StemV 80>>>>`;
      const file = pages([`BT /F 30 Tf 5 40 Td <${text}> Tj ET`], '/Font<</F 3 0 R>>', [
        `<</Type/Font/Subtype/Type0/BaseFont/${font}/Encoding/${encoding}/DescendantFonts[${descendant}]>>`,
      ]);
      const { data } = await read(file, (page) => page.raster(200, 200));
      const dark = data.reduce((count, value) => count + (value < 100 ? 1 : 0), 0);
      // Three characters of 60 pixels have ink on a tenth of their squares at least.
      expect(dark).toBeGreaterThan(1_000);
      expect(dark).toBeLessThan(9_000);
    },
  );

  test('a page that takes longer than its budget costs itself alone', async () => {
    const strokes = Array.from({ length: 5_000 }, (_, n) => `0 ${n % 100} m 100 ${(n * 7) % 100} l S`);
    const file = pages(['0 50 100 50 re f', strokes.join('\n'), '0 50 100 50 re f']);
    const pdfium = await startPdfium(program, 256 * 1024 * 1024, () => undefined);
    const document = pdfium.open(file, '');
    const draw = (index: number) =>
      document.withPage(index, (page) => page.raster(800, 800, index === 1 ? 0 : 60_000));
    const [first, third] = [rgbaOf(draw(0)), () => rgbaOf(draw(2))];
    expect(() => draw(1)).toThrow(PageTooSlow);
    expect(third().data.equals(first.data)).toBe(true);
    document.close();
  });
});
