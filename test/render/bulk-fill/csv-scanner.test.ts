import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CsvScanner } from '../../../src/render/kinds/bulk-fill/rows/csv-scanner.js';
import { refusalText } from '../../../src/render/kinds/bulk-fill/rows/row.js';
import { cellsOf, scan } from './rows-fixture.js';

const rowsOf = (
  input: string | Uint8Array,
  pieceBytes?: number,
): readonly (readonly (string | undefined)[])[] => {
  const scanned = scan(CsvScanner, input, pieceBytes === undefined ? {} : { pieceBytes });
  expect(scanned.refusal).toBeUndefined();
  return cellsOf(scanned);
};

/** With the delimiters of lines told, without which it leaves a CR in values where they are mixed. */
function peer(input: string): readonly (readonly string[])[] | 'refused' {
  try {
    return parse(input, {
      bom: true,
      relax_column_count: true,
      record_delimiter: ['\r\n', '\n', '\r'],
    });
  } catch {
    return 'refused';
  }
}

describe('rows of CSV', () => {
  it.each([
    [
      'a plain table',
      'a,b\nc,d\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'no line end behind the last row',
      'a,b\nc,d',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['nothing', '', []],
    ['an empty line as a row of one empty column', 'a\n\nb\n', [['a'], [''], ['b']]],
    [
      'an empty last column',
      'a,\nb,',
      [
        ['a', ''],
        ['b', ''],
      ],
    ],
    ['rows of different lengths', 'a\nb,c,d\n', [['a'], ['b', 'c', 'd']]],
    ['quotes, doubled ones within them', '"a","b ""c"" d",""\n', [['a', 'b "c" d', '']]],
    ['spaces as they are', ' a , b \n', [[' a ', ' b ']]],
    ['characters of four bytes', '😀,Łódź\n', [['😀', 'Łódź']]],
    // Case 31.
    ['a byte order mark', '\ufeffa,b\n', [['a', 'b']]],
    ['a byte order mark before a quote', '\ufeff"a,b"\n', [['a,b']]],
    ['lines that end with CR only', 'a\rb\r', [['a'], ['b']]],
    ['line ends that are mixed', 'a\r\nb\nc\rd', [['a'], ['b'], ['c'], ['d']]],
    ['line ends within quotes', '"a\nb","c\r\nd","e\rf"\ng', [['a\nb', 'c\r\nd', 'e\rf'], ['g']]],
  ])('31: reads %s, in pieces of any size', (_what, input, rows) => {
    for (const pieceBytes of [1, 2, 3, 5, 1000]) expect(rowsOf(input, pieceBytes)).toEqual(rows);
  });

  it.each([
    [
      'a quote that is never closed',
      'a,b\nc,"d\ne',
      'A quote is never closed',
      { row: 2, line: 2, column: 3, offset: 6 },
    ],
    [
      'text behind a closing quote',
      'a\n"b"c\n',
      'Text stands behind a closing quote',
      { row: 2, line: 2, column: 4, offset: 5 },
    ],
    [
      'a quote in a plain field',
      'ä,b"c\n',
      'A quote stands within a field',
      { row: 1, line: 1, column: 4, offset: 4 },
    ],
    [
      'a defect behind quoted lines',
      '"a\n\r\nb",😀x"',
      'A quote stands within',
      { row: 1, line: 3, column: 6, offset: 13 },
    ],
    ['a NUL, as in UTF-16', 'a,b\nc\0', 'There is a NUL', { row: 2, line: 2, column: 2, offset: 5 }],
  ])('32: names row, line, column and byte of %s', (_what, input, message, place) => {
    for (const pieceBytes of [1, 2, 3, 7, 1000]) {
      const { refusal } = scan(CsvScanner, input, { pieceBytes });
      expect(refusal).toMatchObject({ reason: 'invalid', message: expect.stringContaining(message), place });
    }
  });

  it('32: names line, column and byte of what is not UTF-8, in line 7', () => {
    const before = Buffer.from(`${'ä,b\n'.repeat(6)}Łx`);
    for (const broken of [[0xff], [0xc3, 0x28], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]]) {
      const input = Buffer.concat([before, Buffer.from(broken)]);
      for (const pieceBytes of [1, 2, 3, 1000]) {
        const { refusal } = scan(CsvScanner, input, { pieceBytes });
        expect(refusal?.place).toEqual({ row: 7, line: 7, column: 3, offset: before.length });
        expect(refusal?.message).toBe('Bytes are not UTF-8');
      }
    }
  });

  it('32: refuses UTF-16 at its mark', () => {
    const { refusal } = scan(CsvScanner, Buffer.from('\ufeffa,b\n', 'utf16le'));
    expect(refusal && refusalText(refusal)).toBe('Bytes are not UTF-8 (row 1, line 1, column 1, byte 0)');
  });

  it('tells of a defect that stands before bytes that are not UTF-8', () => {
    const { refusal } = scan(CsvScanner, Buffer.concat([Buffer.from('a"\n'), Buffer.from([0xff])]));
    expect(refusal?.place.offset).toBe(1);
  });

  it('fails rows that are past their limits alone, and holds nothing of them', () => {
    const limits = { maxRowBytes: 20, maxFieldBytes: 8, maxColumns: 5 };
    const input = [
      'a,b',
      '123456789',
      '"12345678"',
      'ŁŁŁŁ',
      'ŁŁŁŁŁ',
      '1,2,3,4,5',
      '1,2,3,4,5,6',
      '1234567,1234567,1234',
    ];
    const more = [...input, '1234567,1234567,12345', `"${'x\n'.repeat(500)}"`, 'z'].join('\n');
    for (const pieceBytes of [1, 3, 1000]) {
      const { rows, refusal } = scan(CsvScanner, more, { ...limits, pieceBytes });
      expect(refusal).toBeUndefined();
      expect(rows.map((row) => ('fault' in row ? row.fault : row.cells.length))).toEqual([
        2,
        'field_too_large',
        1,
        1,
        'field_too_large',
        5,
        'too_many_columns',
        3,
        'row_too_large',
        'field_too_large',
        1,
      ]);
    }
  });

  it('refuses more rows than are allowed, at the first one', () => {
    const { rows, refusal } = scan(CsvScanner, 'a\nb\nc\n', { maxRows: 2 });
    expect(rows).toHaveLength(2);
    expect(refusal).toMatchObject({ reason: 'too_many_rows', place: { row: 3, line: 3 } });
    expect(scan(CsvScanner, 'a\nb\n', { maxRows: 2 }).refusal).toBeUndefined();
  });

  it('reads what csv-parse reads, and refuses what it refuses', () => {
    const letters = fc.constantFrom(
      'a',
      'b',
      ',',
      ',',
      '"',
      '"',
      '\n',
      '\r',
      '\r\n',
      ' ',
      'Ł',
      '😀',
      '\ufeff',
    );
    const wild = fc.array(letters, { maxLength: 24 }).map((parts) => parts.join(''));
    const field = fc.oneof(
      fc.constantFrom('', 'a', 'bc', 'Ł', '😀'),
      fc.array(letters, { maxLength: 6 }).map((parts) => `"${parts.join('').replaceAll('"', '""')}"`),
    );
    const line = fc.array(field, { minLength: 1, maxLength: 5 }).map((fields) => fields.join(','));
    const tame = fc
      .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')), { maxLength: 6 })
      .map((lines) => lines.flat().join(''));
    fc.assert(
      fc.property(fc.oneof(wild, tame), fc.integer({ min: 1, max: 9 }), (input, pieceBytes) => {
        const scanned = scan(CsvScanner, input, { pieceBytes });
        expect(scanned.refusal === undefined ? cellsOf(scanned) : 'refused').toEqual(peer(input));
      }),
      { numRuns: Number(process.env.BULK_CSV_INPUTS ?? 2_000) },
    );
  });
});
