import { describe, expect, it } from 'vitest';
import type { Row } from '../../../src/render/kinds/bulk-fill/rows/row.js';
import { type Filled, fillRows, type RowFiller } from '../../../src/render/kinds/bulk-fill/view/fill-rows.js';
import { Prefix, readSegmentHead } from '../../../src/render/kinds/bulk-fill/view/segment.js';
import { type RowInManifest, resultsOf as resultsOfHead } from './view-fixture.js';

const filled = (given: Partial<Filled> = {}): Filled => ({
  tail: Buffer.from('tail'),
  crc32: 0,
  applied: 1,
  skipped: 0,
  warnings: [],
  ...given,
});

function resultsOf(
  rows: readonly Row[],
  fill: RowFiller,
  more: { nameColumns?: number[]; onRow?: (at: number) => void } = {},
): readonly RowInManifest[] {
  const options = {
    prefix: new Prefix(Buffer.from('%PDF')),
    fill,
    nameColumns: [],
    maxTailBytes: 10,
    ...more,
  };
  return resultsOfHead(readSegmentHead(Buffer.concat(fillRows(rows, 250, options).parts)));
}

const one: readonly Row[] = [{ cells: ['a', undefined, 'c'] }];

describe('rows that are filled', () => {
  it.each([
    ['success: a PDF, and nothing skipped', filled(), 'success'],
    ['partial: a PDF, and something skipped', filled({ skipped: 1 }), 'partial'],
    ['partial: a PDF, and nothing applied', filled({ applied: 0 }), 'partial'],
  ])('%s', (_what, answer, status) => {
    expect(resultsOf(one, () => answer)).toMatchObject([{ status }]);
  });

  it.each([
    ['is not an object', { fault: 'not_an_object' }, 'ROW_NOT_AN_OBJECT'],
    ['is over its byte limit', { fault: 'row_too_large' }, 'ROW_TOO_LARGE'],
    ['has a value over its limit', { fault: 'field_too_large' }, 'ROW_TOO_LARGE'],
    ['has too many columns', { fault: 'too_many_columns' }, 'TOO_MANY_COLUMNS'],
  ] as const)('failed: it %s, and the engine is not asked', (_what, row, code) => {
    const results = resultsOf([row, ...one], (_cells, number) => filled({ applied: number }));
    expect(results).toMatchObject([
      { status: 'failed', error: { code } },
      { status: 'success', applied_overlay_count: 251, row_number: 252 },
    ]);
  });

  it('failed: the engine cannot make it, and the rows beside it are made', () => {
    const results = resultsOf([...one, ...one, ...one], (_cells, number) => {
      if (number === 251) throw new RangeError('a defect');
      return number === 252 ? filled({ tail: Buffer.alloc(11) }) : filled();
    });
    expect(results).toMatchObject([
      { status: 'success' },
      { status: 'failed', error: { code: 'ROW_NOT_MADE' } },
      { status: 'failed', error: { code: 'ROW_TOO_LARGE' } },
    ]);
    expect(JSON.stringify(results)).not.toContain('a defect');
  });

  it('a fault of the machine fails no row: the chunk is made again', () => {
    const fault = Object.assign(new Error('disk'), { syscall: 'write', code: 'ENOSPC' });
    expect(() =>
      resultsOf(one, () => {
        throw fault;
      }),
    ).toThrow('disk');
  });

  it('names files by number and chosen columns', () => {
    const results = resultsOf([...one, ...one], () => filled(), { nameColumns: [2, 1, 0, 9] });
    expect(results).toMatchObject([{ file_name: 'row_251_c_a.pdf' }, { file_name: 'row_252_c_a.pdf' }]);
  });

  it('tells of members that are no columns, before what the engine says, and of ten at most', () => {
    const said = { code: 'GLYPH_MISSING', message: 'U+1234' };
    const ignored = Array.from({ length: 12 }, (_, at) => `Name ${at} ${'x'.repeat(200)}`);
    const [row] = resultsOf([{ cells: [], ignored }], () => filled({ warnings: [said] }));
    const warnings = row?.warnings ?? [];
    expect(warnings).toHaveLength(11);
    expect(warnings.at(-1)).toEqual(said);
    expect(warnings[0]).toMatchObject({
      code: 'COLUMN_IGNORED',
      details: { column: ignored[0]?.slice(0, 100) },
    });
  });

  it('stops between two rows', () => {
    const asked: number[] = [];
    const stop = (at: number): void => {
      if (at === 1) throw new Error('stopped');
    };
    const fill: RowFiller = (_cells, number) => {
      asked.push(number);
      return filled();
    };
    expect(() => resultsOf([...one, ...one], fill, { onRow: stop })).toThrow('stopped');
    expect(asked).toEqual([250]);
  });
});
