import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactWriter } from '../../../src/render/kind.js';
import { CsvScanner } from '../../../src/render/kinds/bulk-fill/rows/csv-scanner.js';
import { JsonRowScanner } from '../../../src/render/kinds/bulk-fill/rows/json-scanner.js';
import { readInput } from '../../../src/render/kinds/bulk-fill/rows/read-input.js';
import { defaultRowLimits, type Row } from '../../../src/render/kinds/bulk-fill/rows/row.js';
import {
  countRows,
  RowsFileWriter,
  readRows,
  scanFile,
} from '../../../src/render/kinds/bulk-fill/rows/rows-file.js';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rows-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function writerTo(path: string): ArtifactWriter {
  const chunks: Uint8Array[] = [];
  return {
    // The memory itself may be used again.
    write: (chunk) => void chunks.push(Uint8Array.from(chunk)),
    end: () => writeFileSync(path, Buffer.concat(chunks)),
  };
}

function files(): { rows: string; index: string } {
  return { rows: join(folder, 'rows'), index: join(folder, 'index') };
}

describe('rows in a file', () => {
  it('gives back any rows by their positions', () => {
    const { rows, index } = files();
    const writer = new RowsFileWriter(writerTo(rows), writerTo(index));
    const given: Row[] = [
      { cells: ['a', '', undefined, 'Ł\n"😀'] },
      { cells: [] },
      { fault: 'row_too_large' },
      { cells: ['b', undefined], ignored: ['Name'] },
      // Half of a character, as JSON can have it, is no text in UTF-8.
      { cells: ['c\ud83d', undefined, '\ude00'] },
      { cells: [undefined, undefined] },
      { cells: Array.from({ length: 1_000 }, (_, column) => `${column} ${'ж'.repeat(200)}`) },
      { cells: ['after all that'] },
    ];
    for (const row of given) writer.add(row);
    writer.end();
    expect(writer.count).toBe(given.length);
    expect(countRows(index)).toBe(given.length);
    for (let from = 0; from < given.length; from += 1) {
      for (let to = from + 1; to <= given.length; to += 1)
        expect([...readRows({ rows, index }, { from, to })]).toEqual(given.slice(from, to));
    }
  });

  it('refuses files that are cut', () => {
    const { rows, index } = files();
    const writer = new RowsFileWriter(writerTo(rows), writerTo(index));
    writer.add({ cells: ['a'] });
    writer.end();
    expect(() => [...readRows({ rows, index }, { from: 0, to: 2 })]).toThrow('not whole');
  });

  it('is fed from a file piece by piece: of 40 MB of JSON a few are held', () => {
    const input = join(folder, 'input');
    const line = JSON.stringify({ column_0: 'x'.repeat(4000), column_1: 'Łódź' });
    writeFileSync(input, `[${Array.from({ length: 10_000 }, () => line).join(',\n')}]`);
    let count = 0;
    const scanner = new JsonRowScanner(defaultRowLimits, (row) => {
      if ('cells' in row && row.cells[0]?.length === 4000) count += 1;
    });
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    /** What is held, garbage left out. */
    const usage = (): number => {
      collect();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const before = usage();
    let most = 0;
    let pieces = 0;
    const watched = {
      push(bytes: Uint8Array) {
        pieces += 1;
        if (pieces % 64 === 0) most = Math.max(most, usage() - before);
        return scanner.push(bytes);
      },
      end: () => scanner.end(),
    };
    expect(scanFile(input, watched)).toBeUndefined();
    expect(count).toBe(10_000);
    expect(most).toBeLessThan(5 * 1024 * 1024);
  });

  it.each([
    ['csv', 'a,b\r\n"c\n",d', [{ cells: ['a', 'b'] }, { cells: ['c\n', 'd'] }]],
    ['json', '[{"column_0":"a"},7]', [{ cells: ['a'] }, { fault: 'not_an_object' }]],
  ] as const)('are made of an input of %s', (format, text, given) => {
    const { rows, index } = files();
    const path = join(folder, 'input');
    writeFileSync(path, text);
    const into = { rows: writerTo(rows), index: writerTo(index) };
    expect(readInput({ path, format }, defaultRowLimits, into)).toEqual({ ok: true, count: 2 });
    expect([...readRows({ rows, index }, { from: 0, to: 2 })]).toEqual(given);
    const limits = { ...defaultRowLimits, maxRows: 1 };
    const refused = readInput({ path, format }, limits, { rows: writerTo(rows), index: writerTo(index) });
    expect(refused).toMatchObject({ ok: false, refusal: { reason: 'too_many_rows' } });
  });

  it('stops a scan at its refusal', () => {
    const input = join(folder, 'input');
    writeFileSync(input, 'a\n"b');
    expect(scanFile(input, new CsvScanner(defaultRowLimits, () => undefined))?.place.row).toBe(2);
  });
});
