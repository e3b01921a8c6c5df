import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Asks } from '../../../src/render/asks.js';
import type { BulkFillPlan } from '../../../src/render/kinds/bulk-fill/plan.js';
import { prepare } from '../../../src/render/kinds/bulk-fill/prepare.js';
import { readRows } from '../../../src/render/kinds/bulk-fill/rows/rows-file.js';
import { StopFlag } from '../../../src/render/stop-flag.js';
import { TaskContext } from '../../../src/render/task-context.js';
import { smallForm, textField, writePdf } from './small-forms.js';

const form = writePdf(smallForm({ fields: [textField('name', '20 140 280 160')] }));

describe('rows that were prepared', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'inkwire-prepared-'));
    writeFileSync(join(folder, 'form.pdf'), form);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function prepared(csv: string, more: Partial<BulkFillPlan>) {
    const rows = join(folder, 'rows.csv');
    writeFileSync(rows, csv);
    const never = () => {
      throw new Error('Nothing is asked for');
    };
    const context = new TaskContext(
      {
        type: 'run',
        task: 1,
        kind: 'bulk_fill',
        request: { inline: '' },
        inputPaths: [join(folder, 'form.pdf'), rows],
        fetched: {},
        step: { type: 'prepare' },
        parts: {},
        asidePrefix: join(mkdtempSync(join(folder, 'aside-')), 'a'),
      },
      () => undefined,
      { programs: new Asks(never), pictures: new Asks(never) },
      new StopFlag(StopFlag.buffer()),
    );
    const plan: BulkFillPlan = {
      pdf: 0,
      rows: { input: 1, format: 'csv', pointer: '/rows_file' },
      header: true,
      nameColumns: [],
      maxFailedPercent: 100,
      ...more,
    };
    const { units } = await prepare(plan, context);
    const paths = new Map(context.finish().map((file) => [file.name, 'path' in file ? file.path : '']));
    const files = { rows: paths.get('rows') ?? '', index: paths.get('rows.index') ?? '' };
    return [...readRows(files, { from: 0, to: units })];
  }

  const csv = 'name,street,city,plan\nAda,Long Lane,Paris,plus\nEve,"Short, Lane",Rome,pro\n';

  it('have the columns that fields, overlays and names of files are made of, each in its place', async () => {
    const overlays = [
      { type: 'text', page: 0, x: 0, y: 0, width: 90, height: 20, value: { template: 'in {{city}}' } },
    ] as const;
    const fields = [{ name: 'name', value: { column: 'name' } }];
    expect(await prepared(csv, { mapping: { fields, overlays }, nameColumns: ['plan'] })).toEqual([
      { cells: ['Ada', undefined, 'Paris', 'plus'] },
      { cells: ['Eve', undefined, 'Rome', 'pro'] },
    ]);
  });

  it('are filled into a template whose brackets are never closed, however much space is behind them', async () => {
    const template = `{{ name }}{{${' '.repeat(9_900)}x`;
    const mapping = { fields: [{ name: 'name', value: { template } }] };
    const [first] = await prepared(csv, { mapping });
    expect(first).toEqual({ cells: ['Ada', undefined, undefined, undefined] });
  });

  it('are as they came where each column is used, and where a row is a fault', async () => {
    const template = '{{name}}{{street}}{{city}}{{plan}}';
    const mapping = { fields: [{ name: 'name', value: { template } }] };
    const wide = `${csv}${'x,'.repeat(2_000)}x\n`;
    expect(await prepared(wide, { mapping })).toEqual([
      { cells: ['Ada', 'Long Lane', 'Paris', 'plus'] },
      { cells: ['Eve', 'Short, Lane', 'Rome', 'pro'] },
      { fault: 'too_many_columns' },
    ]);
  });
});
