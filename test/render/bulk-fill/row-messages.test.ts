import { describe, expect, it } from 'vitest';
import type { Overlay } from '../../../src/render/kinds/bulk-fill/package/package.js';
import { fill, smallForm, textField, writePdf } from './small-forms.js';

/** What a row is told of, by its code: what skips a part of the row, and what only warns. */

const checkbox = '<</Type/Annot/Subtype/Widget/FT/Btn/T(box)/Rect[20 20 40 40]/F 4/MK<</BG[1 0 0]>>>>';
const source = writePdf(
  smallForm({ fields: [textField('name', '20 140 60 160', '/DA(/Helv 12 Tf 0 g)'), checkbox] }),
);
const place = { page: 0, x: 80, y: 20, width: 60, height: 60 } as const;
const column = { column: 'column_0' } as const;

type Given = Parameters<typeof fill>[2];
const overlay = (given: Overlay): Given => ({ overlays: [given] });

describe('a part of a row is skipped', () => {
  it.each<[string, string, Given, string[]]>([
    [
      'PAGE_OUT_OF_RANGE',
      'an overlay for a page that the PDF has not',
      overlay({ ...place, page: 1, type: 'text', value: column }),
      ['x'],
    ],
    ['CODE_VALUE_BLANK', 'a code of nothing', overlay({ ...place, type: 'qr', value: column }), [' ']],
    [
      'CODE_VALUE_MISSING',
      'a code of a column that is not there',
      overlay({ ...place, type: 'qr', value: column }),
      [],
    ],
    [
      'CODE_VALUE_INVALID',
      'a code that cannot hold the value of the row',
      overlay({ ...place, type: 'barcode', symbology: 'ean13', value: column }),
      ['12'],
    ],
    [
      'STATIC_CODE_INVALID',
      'a code whose fixed value it cannot hold, judged by no create',
      overlay({ ...place, type: 'barcode', symbology: 'ean13', value: { static: '12' } }),
      [],
    ],
    [
      'STATIC_CODE_INVALID',
      'a code whose fixed value is blank',
      overlay({ ...place, type: 'qr', value: { static: '' } }),
      [],
    ],
    [
      'NATIVE_FIELD_MISSING',
      'a field that the form has not',
      { fields: [{ name: 'town', value: column }] },
      ['x'],
    ],
    [
      'NATIVE_FIELD_VALUE_UNMATCHED',
      'a checkbox of a word that it does not know',
      { fields: [{ name: 'box', value: column }] },
      ['perhaps'],
    ],
    [
      'IMAGE_INVALID',
      'a picture that the package has not',
      overlay({ ...place, type: 'image', image: 'images/none.png' }),
      [],
    ],
    [
      'IMAGE_INVALID',
      'a picture of the row that is none',
      overlay({ ...place, type: 'image', value: column }),
      ['no picture'],
    ],
  ])('%s: %s', async (code, _what, given, row) => {
    const { row: filled, codes } = await fill(source, {}, { ...given, row });
    expect([filled.applied, filled.skipped, codes]).toEqual([0, 1, [code]]);
    expect(filled.warnings[0]?.message).not.toBe('');
  });
});

describe('a part of a row is drawn, and there is something to tell of it', () => {
  it('TEXT_OVERFLOW: a text that does not fit', async () => {
    const { row, codes } = await fill(source, { name: 'rather long '.repeat(20) });
    expect([row.applied, row.skipped, codes]).toEqual([1, 0, ['TEXT_OVERFLOW']]);
  });

  it('GLYPH_MISSING: characters of no font, each named as U+XXXX', async () => {
    const { row, codes } = await fill(source, { name: 'A\u{12000}\u{12001}' });
    expect([row.applied, row.skipped, codes]).toEqual([1, 0, ['GLYPH_MISSING']]);
    expect(row.warnings[0]).toMatchObject({ details: { characters: ['U+12000', 'U+12001'] } });
    expect(row.warnings[0]?.message).toContain('U+12000, U+12001');
  });
});
