import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonRowScanner } from '../../../src/render/kinds/bulk-fill/rows/json-scanner.js';
import { cellsOf, scan } from './rows-fixture.js';

const pieces = [1, 2, 3, 7, 1000];

describe('rows of JSON', () => {
  it.each([
    ['an empty list', ' [ ] ', []],
    ['one row', '[{"column_0":"a"}]', [['a']]],
    [
      'rows with space between them',
      ' [ {"column_0":"a"} ,\r\n{"column_1":"b"}\t]\n',
      [['a'], [undefined, 'b']],
    ],
    [
      'numbers and booleans as text',
      '[{"column_0":1.5,"column_1":true,"column_2":-0}]',
      [['1.5', 'true', '0']],
    ],
    ['null as a column that is not there', '[{"column_0":null,"column_1":""}]', [[undefined, '']]],
    ['brackets, quotes and backslashes in texts', '[{"column_0":"}]\\\\\\"[{"}]', [['}]\\"[{']]],
    ['characters of several bytes', '[{"column_0":"😀Ł"}]', [['😀Ł']]],
    ['a byte order mark', '\ufeff[{"column_0":"a"}]', [['a']]],
    [
      'a row that is no object, which fails alone',
      '[1, "x", null, [], {"column_0":"a"}]',
      [['not_an_object'], ['not_an_object'], ['not_an_object'], ['not_an_object'], ['a']],
    ],
  ])('reads %s, in pieces of any size', (_what, input, rows) => {
    for (const pieceBytes of pieces) {
      const scanned = scan(JsonRowScanner, input, { pieceBytes });
      expect(scanned.refusal).toBeUndefined();
      expect(cellsOf(scanned)).toEqual(rows);
    }
  });

  it('names the members that it does not know', () => {
    const { rows } = scan(
      JsonRowScanner,
      '[{"column_0":"a","Name":"b","column_01":"c","column_1":{},"__proto__":1}]',
    );
    expect(rows).toEqual([{ cells: ['a'], ignored: ['Name', 'column_01', 'column_1', '__proto__'] }]);
  });

  it.each([
    ['nothing', '', 'not closed', { row: 1, line: 1, column: 1, offset: 0 }],
    ['no list', '{"column_0":1}', 'no list', { row: 1, line: 1, column: 1, offset: 0 }],
    [
      'a list that is not closed',
      '[{"column_0":1}',
      'not closed',
      { row: 2, line: 1, column: 16, offset: 15 },
    ],
    ['a row that is cut', '[{"column_0":', 'not closed', { row: 1, line: 1, column: 14, offset: 13 }],
    ['a comma too many', '[{},\n]', 'A row is missing', { row: 2, line: 2, column: 1, offset: 5 }],
    ['a comma too few', '[{}\r\n  {}]', 'A comma is missing', { row: 2, line: 2, column: 3, offset: 7 }],
    ['something behind the list', '[]\r[]', 'behind the list', { row: 1, line: 2, column: 1, offset: 3 }],
    ['a row that is no JSON', '[{},{"Ł":1}, {x}]', 'no JSON', { row: 3, line: 1, column: 14, offset: 14 }],
    ['brackets that do not match', '[{"column_0":[}]', 'no JSON', { row: 1 }],
    ['a word that is none', '[nul]', 'no JSON', { row: 1, line: 1, column: 2, offset: 1 }],
  ])('names the place of %s', (_what, input, message, place) => {
    for (const pieceBytes of pieces) {
      const { refusal } = scan(JsonRowScanner, input, { pieceBytes });
      expect(refusal).toMatchObject({ reason: 'invalid', message: expect.stringContaining(message), place });
    }
  });

  it('refuses a row that is not UTF-8', () => {
    const input = Buffer.concat([Buffer.from('[{"column_0":"'), Buffer.from([0xff]), Buffer.from('"}]')]);
    for (const pieceBytes of pieces) {
      expect(scan(JsonRowScanner, input, { pieceBytes }).refusal).toMatchObject({
        message: 'The row is not UTF-8',
        place: { row: 1, offset: 1 },
      });
    }
  });

  it('fails rows that are past their limits alone', () => {
    const limits = { maxRowBytes: 40, maxFieldBytes: 8, maxColumns: 3 };
    const row = (value: object): string => JSON.stringify(value);
    const input = `[${[
      row({ column_0: '12345678' }),
      row({ column_0: '123456789' }),
      row({ column_3: 'a' }),
      row({ column_0: 'x'.repeat(5000), column_1: '}],[{' }),
      row({ column_2: 'z' }),
    ].join()}]`;
    for (const pieceBytes of pieces) {
      const { rows, refusal } = scan(JsonRowScanner, input, { ...limits, pieceBytes });
      expect(refusal).toBeUndefined();
      expect(rows).toEqual([
        { cells: ['12345678'] },
        { fault: 'field_too_large' },
        { fault: 'too_many_columns' },
        { fault: 'row_too_large' },
        { cells: [undefined, undefined, 'z'] },
      ]);
    }
  });

  it('refuses more rows than are allowed, at the first one', () => {
    const { refusal } = scan(JsonRowScanner, '[{},{},{}]', { maxRows: 2 });
    expect(refusal).toMatchObject({ reason: 'too_many_rows', place: { row: 3, offset: 7 } });
    expect(scan(JsonRowScanner, '[{},{}]', { maxRows: 2 }).refusal).toBeUndefined();
  });

  it('reads what JSON.parse reads, and refuses what it refuses', () => {
    const text = fc.oneof(
      fc
        .array(fc.dictionary(fc.constantFrom('column_0', 'column_2', 'x'), fc.jsonValue({ maxDepth: 2 })))
        .map((rows) => JSON.stringify(rows)),
      fc
        .array(fc.constantFrom('[', ']', '{', '}', ',', '"column_0"', ':', '"\\', '1', 'null', ' ', '\n'), {
          maxLength: 14,
        })
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), (input, pieceBytes) => {
        const { rows, refusal } = scan(JsonRowScanner, input, { pieceBytes });
        let peer: unknown;
        try {
          peer = JSON.parse(input);
        } catch {
          peer = undefined;
        }
        if (Array.isArray(peer))
          expect({ count: rows.length, refusal }).toEqual({ count: peer.length, refusal: undefined });
        else expect(refusal).toBeDefined();
      }),
      { numRuns: 1_000 },
    );
  });
});
