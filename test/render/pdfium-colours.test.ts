import { beforeAll, describe, expect, test } from 'vitest';
import { startPdfium } from '../../src/render/kinds/pdf-tools/pdfium.js';
import { loadPdfiumProgram } from '../../src/render/kinds/pdf-tools/pdfium-engine.js';
import { stream } from '../helpers/hostile-pdfs.js';
import { pagesOf } from './preview/preview-fixture.js';

/** Outside of the page: it draws nothing, and it has a colour. */
const elsewhere = '1 0 0 rg 500 500 1 1 re f 0 g';
const helvetica = '/Font<</F 3 0 R>>';
const font = '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>';

describe('a page without colours', () => {
  let program: WebAssembly.Module;
  beforeAll(async () => {
    program = await loadPdfiumProgram();
  });

  async function draw(file: Buffer) {
    const pdfium = await startPdfium(program, 256 * 1024 * 1024, () => undefined);
    const document = pdfium.open(file, '');
    const { data, channels } = document.draw(0, () => ({ width: 201, height: 199 }), 60_000);
    return { channels, data: Buffer.from(data) };
  }

  test.each([
    [
      'a path and text that is not seen',
      '0.3 g 10 10 50 50 re f BT 3 Tr /F 12 Tf 5 50 Td (The quick brown fox) Tj ET',
      helvetica,
      [font],
    ],
    ['paths', '0.3 g 10 10 50 50 re f 0.7 G 4 w 5 5 m 90 70 l S', '', []],
    [
      'a picture',
      'q 80 0 0 80 10 10 cm /I Do Q',
      '/XObject<</I 3 0 R>>',
      [
        stream(
          Buffer.from([0, 90, 180, 255]),
          '/Type/XObject/Subtype/Image/Width 2/Height 2/ColorSpace/DeviceGray/BitsPerComponent 8',
        ),
      ],
    ],
    [
      'a form',
      '/X Do',
      '/XObject<</X 3 0 R>>',
      [stream(Buffer.from('0.5 g 20 20 30 40 re f'), '/Type/XObject/Subtype/Form/BBox[0 0 100 100]')],
    ],
  ] as const)(
    'of %s has the same pixels as when it is drawn with colours',
    async (_what, content, resources, more) => {
      const plain = await draw(pagesOf([content], { resources, more: [...more] }));
      const withColour = await draw(pagesOf([`${elsewhere} ${content}`], { resources, more: [...more] }));
      expect([plain.channels, withColour.channels]).toEqual([1, 1]);
      const differences = plain.data.map((value, at) => Math.abs(value - (withColour.data[at] ?? 0)));
      expect(Math.max(...differences)).toBe(0);
      expect(new Set(plain.data).size).toBeGreaterThan(1);
    },
  );

  test('of text looks as when it is drawn with colours', async () => {
    const text =
      '0.2 g BT /F 9 Tf 3.3 50 Td (The quick brown fox) Tj 0 -20 Td 0.6 g (jumps over the lazy dog) Tj ET';
    const content = `0.9 g 0 0 60 60 re f ${text}`;
    const plain = await draw(pagesOf([content], { resources: helvetica, more: [font] }));
    const withColour = await draw(
      pagesOf([`${elsewhere} ${content}`], { resources: helvetica, more: [font] }),
    );
    expect([plain.channels, withColour.channels]).toEqual([1, 1]);
    const differences = plain.data.map((value, at) => Math.abs(value - (withColour.data[at] ?? 0)));
    // The engine rounds each third by itself, and each by a curve: some of 255 shades, where whole pixels would be 100 and more.
    expect(Math.max(...differences)).toBeLessThanOrEqual(10);
    expect(new Set(plain.data).size).toBeGreaterThan(20);
  });

  const red = '1 0 0 rg 0 0 100 100 re f';
  test.each([
    ['a path', red, '', []],
    ['text', 'BT 1 0 0 rg /F 60 Tf 5 30 Td (HIM) Tj ET', helvetica, [font]],
    [
      'a form',
      '/X Do',
      '/XObject<</X 3 0 R>>',
      [stream(Buffer.from(red), '/Type/XObject/Subtype/Form/BBox[0 0 100 100]')],
    ],
    [
      'a picture',
      'q 80 0 0 80 10 10 cm /I Do Q',
      '/XObject<</I 3 0 R>>',
      [
        stream(
          Buffer.from([255, 0, 0]),
          '/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceRGB/BitsPerComponent 8',
        ),
      ],
    ],
    [
      'a pattern',
      '/Pattern cs /P scn 0 0 100 100 re f',
      '/Pattern<</P 3 0 R>>',
      [
        stream(
          Buffer.from('1 0 0 rg 0 0 5 5 re f'),
          '/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 5 5]/XStep 5/YStep 5/Resources<<>>',
        ),
      ],
    ],
    [
      'a shading',
      '/S sh',
      '/Shading<</S 3 0 R>>',
      [
        '<</ShadingType 2/ColorSpace/DeviceRGB/Coords[0 0 100 0]/Function<</FunctionType 2/Domain[0 1]/C0[1 0 0]/C1[0 0 1]/N 1>>>>',
      ],
    ],
    [
      'a font of drawings',
      'BT /F 60 Tf 5 30 Td (a) Tj ET',
      '/Font<</F 3 0 R>>',
      [
        '<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/CharProcs<</a 4 0 R>>/Encoding<</Type/Encoding/Differences[97/a]>>/FirstChar 97/LastChar 97/Widths[1]/Resources<<>>>>',
        stream(Buffer.from('1 0 d0 1 0 0 rg 0 0 1 1 re f')),
      ],
    ],
  ] as const)('is none where %s has a colour', async (_what, content, resources, more) => {
    expect((await draw(pagesOf([content], { resources, more: [...more] }))).channels).toBe(3);
  });

  test('is none where an annotation has a colour; links have none', async () => {
    const square = '/Annots[<</Type/Annot/Subtype/Square/Rect[10 10 90 90]/C[1 0 0]/IC[1 0 0]/BS<</W 4>>>>]';
    const link = '/Annots[<</Type/Annot/Subtype/Link/Rect[10 10 90 90]/Border[0 0 2]/C[1 0 0]>>]';
    expect((await draw(pagesOf(['0 g'], { entries: square }))).channels).toBe(3);
    expect((await draw(pagesOf(['0 g'], { entries: link }))).channels).toBe(1);
  });
});
