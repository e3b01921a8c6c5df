import { describe, expect, test } from 'vitest';
import { readCsv } from '../../client/page/csv.js';
import { type FormField, type Overlay, reasonsOf, withNames } from '../../client/page/fill.js';
import {
  choiceOf,
  fileNameOf,
  filling,
  firstValue,
  mappingOf,
  matchFields,
  moved,
  overlayName,
  pictureAddress,
  resized,
  withColumn,
} from '../../client/page/fill-mapping.js';

const field = (name: string): FormField => ({ name, kind: 'text', places: [] });

describe('rows of a CSV file', () => {
  test.each([
    [
      'plain',
      'a,b\n1,2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    ['with a byte order mark and line ends of all sorts', '\ufeffa\r\nb\rc\n', [['a'], ['b'], ['c']]],
    ['quoted', '"a, ""b""\nc",d', [['a, "b"\nc', 'd']]],
    [
      'with empty values',
      ',\n"",x\n',
      [
        ['', ''],
        ['', 'x'],
      ],
    ],
    ['with lines that are empty', 'a\n\nb\n\n', [['a'], ['b']]],
    ['of nothing', '', []],
  ])('%s', (_what, text, rows) => {
    expect(readCsv(text)).toEqual(rows);
  });
});

describe('fields and columns', () => {
  test('find each other by their names, however they are written', () => {
    const fields = ['First name', 'person.lastName', 'form[0].Straße[0]', 'other', 'email'].map(field);
    const columns = ['E-Mail', 'first_name', 'LAST NAME', 'strasse', 'Straße'];
    expect([...matchFields(fields, columns)]).toEqual([
      ['First name', { from: 'column', column: 1 }],
      ['person.lastName', { from: 'column', column: 2 }],
      ['form[0].Straße[0]', { from: 'column', column: 4 }],
      ['email', { from: 'column', column: 0 }],
    ]);
  });

  test('a text names columns by their headers, and comes back as it was written', () => {
    const columns = ['First', 'Last'];
    const text = 'Dear {{First}} {{ Last }}, {{nobody}}';
    const value = filling({ from: 'text', text }, columns);
    expect(value).toEqual({ template: 'Dear {{column_0}} {{column_1}}, {{nobody}}' });
    expect(choiceOf(value, columns)).toEqual({
      from: 'text',
      text: 'Dear {{First}} {{Last}}, {{nobody}}',
    });
    expect(filling({ from: 'text', text: 'plain' }, columns)).toEqual({ static: 'plain' });
    const open = `{{ First }}{{${' '.repeat(9_900)}x`;
    expect(filling({ from: 'text', text: open }, columns)).toEqual({
      template: open.replace('{{ First }}', '{{column_0}}'),
    });
    expect(choiceOf({ column: 'column_1' }, columns)).toEqual({ from: 'column', column: 1 });
  });

  test('become what a request says of them', () => {
    const choices = new Map([['a', { from: 'column', column: 2 } as const]]);
    expect(mappingOf(choices, [], { flatten: true, language: 'ja' }, [])).toEqual({
      fields: [{ name: 'a', value: { column: 'column_2' } }],
      overlays: [],
      flatten: true,
      language: 'ja',
    });
  });
});

describe('names of the files', () => {
  test('take columns in the order in which they were chosen, each once', () => {
    expect(withColumn([], 0, 2)).toEqual([2]);
    expect(withColumn([2], 1, 0)).toEqual([2, 0]);
    expect(withColumn([2, 0], 0, 1)).toEqual([1, 0]);
    expect(withColumn([2, 0], 0, 0)).toEqual([0]);
    expect(withColumn([2, 0], 0, undefined)).toEqual([0]);
  });

  test('begin with the number of the row, and leave out what is empty', () => {
    expect(fileNameOf(0, [1, 2, 0], ['Ada', ' London '])).toBe('row_1_London_Ada.pdf');
    expect(fileNameOf(9, [], [])).toBe('row_10.pdf');
  });
});

describe('a picture of a row', () => {
  test.each([
    ['data:image/png;base64,AAAA', 'data:image/png;base64,AAAA'],
    ['DATA:image/jpeg;charset=x;base64,AAAA', 'DATA:image/jpeg;charset=x;base64,AAAA'],
    ['iVBORw0KGgoAAA\nAAAA', 'data:image/png;base64,iVBORw0KGgoAAAAAAA'],
    ['/9j/4AAQ', 'data:image/jpeg;base64,/9j/4AAQ'],
    ['data:image/svg+xml;base64,AAAA', undefined],
    ['data:text/html,x', undefined],
    ['photo.png', undefined],
    ['', undefined],
  ])('%j is shown from %j', (value, address) => {
    expect(pictureAddress(value)).toBe(address);
  });

  test('is looked for among the columns, when an overlay for it begins', () => {
    const columns = ['name', 'photo'];
    const rows = [['Ada', '/9j/4AAQ']];
    expect(firstValue('image', columns, rows)).toEqual({ column: 'column_1' });
    expect(firstValue('image', columns, [['Ada', 'ada.png']])).toEqual({ column: 'column_0' });
    expect(firstValue('image', [], [])).toEqual({ column: 'column_0' });
    expect(firstValue('text', columns, rows)).toEqual({ column: 'column_0' });
    expect(firstValue('text', [], [])).toEqual({ static: 'Text' });
  });
});

describe('an overlay', () => {
  test('is told of by the name that people see', () => {
    const overlays = (['image', 'qr', 'image'] as const).map((type): Overlay => ({ ...overlay, type }));
    const names = overlays.map((one) => overlayName(one, overlays));
    expect(names).toEqual(['Picture 1', 'QR code', 'Picture 2']);
    expect(withNames('overlay 2 is left out', names)).toBe('Picture 2 is left out');
    expect(withNames('the text of overlay 9 does not fit', names)).toBe('the text of overlay 9 does not fit');
    const row = { row_number: 1, status: 'partial', file_name: 'a', error: null } as const;
    const warnings = [0, 1].map((index) => ({ code: 'X', message: `overlay ${index} is wrong` }));
    expect(reasonsOf({ ...row, warnings }, names)).toBe('Picture 1 is wrong; QR code is wrong');
  });

  const page = { width: 200, height: 100 };
  const overlay: Overlay = { type: 'qr', page: 0, x: 10, y: 10, width: 50, height: 40 };

  test('never leaves its page', () => {
    expect(moved(overlay, -50, 500, page)).toMatchObject({ x: 0, y: 60 });
    expect(moved(overlay, 3.14, 2, page)).toMatchObject({ x: 13.1, y: 12 });
    expect(resized(overlay, 1_000, 1_000, page)).toMatchObject({ width: 190, height: 90 });
  });

  test('does not become so small that it is lost', () => {
    expect(resized(overlay, -1_000, -1_000, page)).toMatchObject({ width: 6, height: 6 });
  });
});
