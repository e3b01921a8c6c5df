import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CsvScanner } from '../../../src/render/kinds/bulk-fill/rows/csv-scanner.js';
import { JsonRowScanner } from '../../../src/render/kinds/bulk-fill/rows/json-scanner.js';
import { defaultRowLimits } from '../../../src/render/kinds/bulk-fill/rows/row.js';
import { scan } from './rows-fixture.js';

const scanners = { csv: CsvScanner, json: JsonRowScanner } as const;

/** Answers with rows or with a refusal that has a place within the input; anything else is a defect. */
function survive(format: keyof typeof scanners, input: Uint8Array, pieceBytes?: number): void {
  const { rows, refusal } = scan(scanners[format], input, pieceBytes === undefined ? {} : { pieceBytes });
  expect(rows.length).toBeLessThanOrEqual(defaultRowLimits.maxRows);
  if (refusal === undefined) return;
  const { row, line, column, offset } = refusal.place;
  for (const number of [row, line, column]) expect(number).toBeGreaterThanOrEqual(1);
  expect(offset).toBeGreaterThanOrEqual(0);
  expect(offset).toBeLessThanOrEqual(input.length);
}

const kind = (text: string): Buffer => Buffer.from(text);

describe('hostile rows', () => {
  it.each([
    ['brackets without end', kind('['.repeat(300_000))],
    ['a row of brackets within its limit', kind(`[${'['.repeat(100_000)}${']'.repeat(100_000)}]`)],
    ['objects in objects', kind(`[${'{"column_0":'.repeat(10_000)}1${'}'.repeat(10_000)}]`)],
    ['a text that never ends', kind(`[{"column_0":"${'x'.repeat(2_000_000)}`)],
    ['backslashes without end', kind(`[{"column_0":"${'\\'.repeat(999_999)}`)],
    ['a number of a million digits', kind(`[{"column_0":${'9'.repeat(1_000_000)}}]`)],
    ['a number past all numbers', kind('[{"column_0":1e999}]')],
    ['a quote without end', kind(`"${'x\n'.repeat(1_000_000)}`)],
    ['a million commas', kind(','.repeat(1_000_000))],
    ['a million quotes', kind('"'.repeat(1_000_000))],
    ['a million and one quotes', kind('"'.repeat(1_000_001))],
    ['a million lines', kind('\n'.repeat(1_000_000))],
    ['a million returns', kind('\r'.repeat(1_000_000))],
    ['a column far away', kind('[{"column_999999":"a"}]')],
    ['columns that grow', kind(`[{${Array.from({ length: 1_000 }, (_, at) => `"column_${at}":""`)}}]`)],
    ['many names for one thing', kind(`[{${'"column_0":1,'.repeat(10_000)}"column_0":2}]`)],
    [
      'names of prototypes',
      kind('[{"__proto__":{"column_0":"a"},"constructor":1,"toString":2,"column_0":"b"}]'),
    ],
    ['a lonely half of a pair', kind('[{"column_0":"\\ud800"}]')],
    ['marks in the middle', kind('\ufeff\ufeff[\ufeff{}]')],
    ['UTF-16', Buffer.from('[{"column_0":"a"}]', 'utf16le')],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x5b, 0, 0, 0])],
    ['characters that are too long', Buffer.from([0x5b, 0xc0, 0xaf, 0xe0, 0x80, 0xaf, 0x5d])],
    ['a PDF', kind('%PDF-1.7\n%\u00e2\u00e3\n1 0 obj<<>>endobj')],
    ['a ZIP', Buffer.from([0x50, 0x4b, 3, 4, 0, 0, 0, 0])],
    ['zeros', Buffer.alloc(100_000)],
    ['the last byte of everything', Buffer.alloc(100_000, 0xff)],
  ])('%s: rows, or a refusal with its place', (_what, input) => {
    survive('csv', input);
    survive('json', input);
  });

  it('bytes by chance, and good rows with bytes exchanged: rows, or a refusal with its place', () => {
    const good = fc.constantFrom(
      kind('a,"b ""c""",d\r\n"e\nf",Łódź,😀\n'),
      kind('[{"column_0":"a","column_1":"Łódź 😀"},\r\n{"column_0":"\\"}]\\\\"},null,[1]]'),
    );
    const change = fc.tuple(fc.nat(100), fc.nat(255));
    const changed = fc
      .tuple(good, fc.array(change, { minLength: 1, maxLength: 4 }))
      .map(([bytes, changes]) => {
        const copy = Buffer.from(bytes);
        for (const [at, value] of changes) copy[at % copy.length] = value;
        return copy;
      });
    const input = fc.oneof(fc.uint8Array({ maxLength: 60 }), changed);
    fc.assert(
      fc.property(input, fc.integer({ min: 1, max: 9 }), (bytes, pieceBytes) => {
        survive('csv', bytes, pieceBytes);
        survive('json', bytes, pieceBytes);
      }),
      { numRuns: 1_000 },
    );
  });

  it('are told alike, in pieces of any size', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 9 }), (bytes, pieceBytes) => {
        for (const Scanner of Object.values(scanners))
          expect(scan(Scanner, bytes, { pieceBytes })).toEqual(scan(Scanner, bytes));
      }),
      { numRuns: 1_000 },
    );
  });
});
