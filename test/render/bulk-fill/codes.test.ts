import { describe, expect, it } from 'vitest';
import { symbologyNames } from '../../../src/render/kinds/document/codes.js';
import { readWithZbar, readWithZxing } from '../codes-fixture.js';
import { without } from '../document-fixture.js';
import { checked, noReaders, pdfiumImage, popplerImages } from './readers.js';
import { fill, smallForm, writePdf } from './small-forms.js';

const form = writePdf(smallForm({ content: ' ' }));
const room = { page: 0, x: 20, y: 20, width: 260, height: 150, value: { column: 'column_0' } } as const;

/** A value, and what a reader says where that is another text. */
const values: Readonly<Record<string, readonly [value: string, read?: string]>> = {
  code128: ['Row-17 of 1000'],
  code39: ['ROW 17'],
  code93: ['ROW 93'],
  codabar: ['A12345-67B'],
  ean13: ['978020137962', '9780201379624'],
  ean8: ['40170725'],
  upca: ['036000291452', '0?036000291452'],
  itf14: ['10012345000017'],
  interleaved2of5: ['12345670'],
  'gs1-128': ['(01)04012345123456(10)LOT-7', '\\(?01\\)?04012345123456\\(?10\\)?LOT-7'],
  datamatrix: ['Zeile 17: Łódź'],
  gs1datamatrix: ['(01)04012345123456(21)A1', '\\(?01\\)?04012345123456\\(?21\\)?A1'],
  pdf417: ['Zeile 17, long enough for several rows'],
  azteccode: ['Zeile 17: Ω'],
};
/** zbar knows no matrix but QR. */
const unknownToZbar = new Set(['datamatrix', 'gs1datamatrix', 'pdf417', 'azteccode']);
const plain = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

describe.skipIf(noReaders || without('zbarimg'))('a code in a row', () => {
  it('has a value to try for every symbology', () => {
    expect(Object.keys(values).sort()).toEqual([...symbologyNames].sort());
  });

  it.each(Object.entries(values))(
    '%s is read back, drawn by either engine',
    async (symbology, [value, said]) => {
      const overlays = [{ ...room, type: 'barcode', symbology }] as const;
      const { pdf, row } = await fill(form, {}, { overlays, row: [value] });
      expect([row.applied, row.skipped, row.warnings]).toEqual([1, 0, []]);
      await checked(pdf);
      const expected = new RegExp(`^${said ?? plain(value)}$`);
      for (const png of [popplerImages(pdf, 200)[0] ?? Buffer.alloc(0), await pdfiumImage(pdf, 800)]) {
        expect((await readWithZxing(png)).join('\n')).toMatch(expected);
        if (!unknownToZbar.has(symbology)) expect(readWithZbar(png).join('\n')).toMatch(expected);
      }
    },
  );

  it.each([
    ['L', 'https://example.org/row/17', 0],
    ['M', 'Łódź, Ω, Ульяна', 0],
    ['Q', '0123456789'.repeat(12), 0],
    ['H', 'turned', 90],
    ['M', 'aslant', 30],
  ] as const)('QR at %s is read back: %s, turned by %i', async (correction, value, rotate) => {
    const overlays = [{ ...room, type: 'qr', correction, rotate, x: 80, width: 140, height: 140 }] as const;
    const { pdf } = await fill(form, {}, { overlays, row: [value] });
    await checked(pdf);
    for (const png of [popplerImages(pdf, 200)[0] ?? Buffer.alloc(0), await pdfiumImage(pdf, 800)]) {
      expect(readWithZbar(png)).toEqual([value]);
      expect(await readWithZxing(png)).toEqual([value]);
    }
  });

  it.each([
    ['qr', 'x'.repeat(3_000), 'CODE_VALUE_INVALID'],
    ['ean13', '4006381333932', 'CODE_VALUE_INVALID'],
    ['qr', ' ', 'CODE_VALUE_BLANK'],
    ['no such thing', '1', 'CODE_VALUE_INVALID'],
  ])('%s that cannot hold a value is skipped, and says why', async (symbology, value, code) => {
    const type = symbology === 'qr' ? ({ type: 'qr' } as const) : ({ type: 'barcode', symbology } as const);
    const { row, codes, pdf } = await fill(form, {}, { overlays: [{ ...room, ...type }], row: [value] });
    expect([row.applied, row.skipped, codes]).toEqual([0, 1, [code]]);
    await checked(pdf);
  });
});
