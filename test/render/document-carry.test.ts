import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import { RenderFailure } from '../../src/render/kind.js';
import { DocumentLayout } from '../../src/render/kinds/document/layout.js';
import { drawOwn } from '../../src/render/kinds/document/own-back.js';
import { drawWithPdfMake } from '../../src/render/kinds/document/pdfmake-back.js';
import { documentKind } from '../../src/render/kinds/document/request.js';
import { Placing } from '../../src/render/layout/placing.js';
import { render } from './document-fixture.js';
import { type ReadPage, readPages } from './page-words.js';

const a6 = { width_mm: 105, height_mm: 148 };
const registry = new FontRegistry();

function issues(operation: object) {
  const parsed = documentKind.parse({ operations: [{ type: 'add_table', ...operation }] });
  return parsed.ok ? [] : parsed.issues;
}

/** A row: its words, and cents that it adds; null where it is a heading of a group. */
interface Row {
  readonly words: number;
  readonly cents: bigint | null;
}
interface Table {
  readonly rows: readonly Row[];
  readonly start: bigint;
  readonly before: number;
  readonly headers: boolean;
  readonly borders: 'grid' | 'lines' | 'none';
  readonly padding: number;
  readonly brought: boolean;
  readonly perPlace: boolean;
  readonly following: boolean;
  readonly height: number;
}

const cents = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n });
const row: fc.Arbitrary<Row> = fc.record({
  // One in twenty is higher than a page.
  words: fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: 1, max: 12 }) },
    { weight: 1, arbitrary: fc.integer({ min: 100, max: 300 }) },
  ),
  cents: fc.option(cents, { freq: 8 }),
});
const table: fc.Arbitrary<Table> = fc.record({
  rows: fc.array(row, { minLength: 1, maxLength: 60, size: 'max' }),
  start: cents,
  before: fc.integer({ min: 0, max: 100 }),
  headers: fc.boolean(),
  borders: fc.constantFrom('grid' as const, 'lines' as const, 'none' as const),
  padding: fc.integer({ min: 0, max: 3 }),
  brought: fc.boolean(),
  perPlace: fc.boolean(),
  following: fc.boolean(),
  height: fc.integer({ min: 90, max: 140 }),
});

function money(amount: bigint): string {
  const digits = String(amount < 0n ? -amount : amount).padStart(3, '0');
  const whole = digits.slice(0, -2).replace(/\B(?=(?:\d{3})+$)/g, ',');
  return `${amount < 0n ? '-' : ''}${whole}.${digits.slice(-2)}`;
}
const decimal = (amount: bigint) => money(amount).replaceAll(',', '');

const wordsOf = ({ words }: Row, i: number) => Array.from({ length: words }, (_, k) => `r${i}w${k}e`);

function requestOf(made: Table): object {
  const sums = [made.start];
  for (const { cents: own } of made.rows) sums.push((sums.at(-1) ?? 0n) + (own ?? 0n));
  const line = (name: string) =>
    made.perPlace ? sums.map((sum) => [name, money(sum)]) : [name, { text: '{carried}', bold: true }];
  return {
    page_size: { width_mm: 120, height_mm: made.height },
    operations: [
      ...(made.before === 0 ? [] : [{ type: 'add_spacer', height: made.before }]),
      {
        type: 'add_table',
        ...(made.headers ? { headers: ['HEAD', 'SUM'] } : {}),
        rows: made.rows.map((one, i) =>
          one.cents === null
            ? [{ text: wordsOf(one, i).join(' '), colspan: 2, bold: true }]
            : [wordsOf(one, i).join(' '), `${i}s`],
        ),
        widths: [60, 40],
        borders: made.borders,
        cell_padding: made.padding,
        font_size: 9,
        keep_with_next: made.following,
        carry: {
          ...(made.perPlace
            ? {}
            : {
                start: decimal(made.start),
                values: made.rows.map(({ cents: own }) => (own === null ? null : decimal(own))),
                format: { decimals: 2, group: ',' },
              }),
          forward: line('FORWARD'),
          ...(made.brought ? { brought: line('BROUGHT') } : {}),
        },
      },
      { type: 'add_text', text: 'BEHIND' },
    ],
  };
}

/** What is wrong with the pages of a table, and how often it was broken. */
function look(made: Table, pages: readonly ReadPage[]): { breaks: number; faults: string[] } {
  const faults: string[] = [];
  const rows = made.rows.map(wordsOf);
  const order = rows.flat();
  let [at, breaks] = [0, 0];
  const first = pages.findIndex(({ text }) => /r0w0e/.test(text));
  const last = pages.findLastIndex(({ text }) => /r\d+w\d+e/.test(text));
  for (const [number, page] of pages.entries()) {
    const words = page.text.split(' ');
    const sumBefore = (place: number) => {
      let [passed, sum] = [0, made.start];
      for (const [i, one] of rows.entries()) {
        passed += one.length;
        if (passed > place) break;
        sum += made.rows[i]?.cents ?? 0n;
      }
      return money(sum);
    };
    const [above, below] = [words.indexOf('BROUGHT'), words.indexOf('FORWARD')];
    const isBroken = number >= first && number < last;
    const isGoingOn = number > first && number <= last;
    if (words.filter((word) => word === 'FORWARD').length !== (isBroken ? 1 : 0))
      faults.push(`${number}: forward`);
    if (words.filter((word) => word === 'BROUGHT').length !== (isGoingOn && made.brought ? 1 : 0))
      faults.push(`${number}: brought`);
    if (above >= 0 && words[above + 1] !== sumBefore(at))
      faults.push(`${number}: brought ${words[above + 1]}`);
    for (const [i, word] of words.entries()) {
      if (!/^r\d+w\d+e$/.test(word)) continue;
      if (word !== order[at]) faults.push(`${number}: ${word} in the place of ${order[at]}`);
      at++;
      if (i < above || (below >= 0 && i > below)) faults.push(`${number}: ${word} is not between the lines`);
    }
    if (below >= 0 && words[below + 1] !== sumBefore(at))
      faults.push(`${number}: forward ${words[below + 1]}`);
    if (isBroken) breaks++;
    const low = Math.max(...page.words.map(({ bottom }) => bottom));
    if (low > made.height - 10 + 0.4) faults.push(`${number}: ${low - made.height + 10} mm under the margin`);
  }
  if (at !== order.length) faults.push(`${order.length - at} words are not there`);
  if (!pages.some(({ text }) => text.includes('BEHIND'))) faults.push('what follows is not there');
  return { breaks, faults };
}

describe('amounts that a table carries over pages', () => {
  it('each row stands once and in order, and each line tells the exact sum of the rows above it', async () => {
    let breaks = 0;
    for (const made of fc.sample(table, { seed: 20261129, numRuns: 200 })) {
      const request = requestOf(made);
      const { pdf, warnings } = await render(registry, request);
      expect(warnings).toEqual([]);
      const found = look(made, await readPages(pdf));
      expect(found.faults, JSON.stringify(request)).toEqual([]);
      breaks += found.breaks;
    }
    expect(breaks).toBeGreaterThan(1_000);
  }, 300_000);

  const rows = Array.from({ length: 60 }, (_, i) => [`item${i}`, '1']);
  const values = rows.map(() => 1);
  const lines = { forward: ['FORWARD', '{carried}'], brought: ['BROUGHT', '{carried}'] };

  afterEach(() => vi.restoreAllMocks());

  it.each([
    ['our own layout', drawOwn, () => vi.spyOn(Placing.prototype, 'sections')],
    ['pdfmake', drawWithPdfMake, () => vi.spyOn(DocumentLayout.prototype, 'tryLayoutDocument')],
  ])('%s lays them out once, however many pages there are', async (_, back, watched) => {
    const passes = watched();
    const operations = [{ type: 'add_table', headers: ['What', 'Sum'], rows, carry: { values, ...lines } }];
    const { pdf, pages } = await render(registry, { page_size: a6, operations }, undefined, [back]);
    expect(pages).toBeGreaterThanOrEqual(4);
    const texts = (await readPages(pdf)).map(({ text }) => text);
    expect(texts.filter((text) => text.includes('FORWARD'))).toHaveLength(texts.length - 1);
    expect(passes).toHaveBeenCalledTimes(1);
  });

  it('the last row may use the room of a line, and what follows it keeps it from the end of a page', async () => {
    const pagesOf = async (extra: object) => {
      const operations = [
        { type: 'add_table', rows, carry: { values, ...lines }, ...extra },
        { type: 'add_text', text: 'TOTAL' },
      ];
      return readPages((await render(registry, { page_size: a6, operations })).pdf);
    };
    for (const padding of [0.5, 0.9, 1.3, 1.7, 2.1]) {
      const pages = await pagesOf({ cell_padding: padding, keep_with_next: true });
      const last = pages.findIndex(({ text }) => text.includes('TOTAL'));
      expect(pages[last]?.text).toContain('item59');
      expect(pages.slice(0, last).every(({ text }) => text.includes('FORWARD'))).toBe(true);
    }
  });

  it('rows that stay with the next one are one block, whose lines are those of its first and last row', async () => {
    const kept = rows.map((cells, i) => (i % 3 === 2 ? cells : { cells, keep_with_next: true }));
    const operations = [{ type: 'add_table', rows: kept, carry: { values, ...lines } }];
    const pages = await readPages((await render(registry, { page_size: a6, operations })).pdf);
    expect(pages.length).toBeGreaterThan(2);
    for (const { text } of pages.slice(0, -1)) {
      const [, amount] = /FORWARD (\d+)/.exec(text) ?? [];
      expect(Number(amount) % 3).toBe(0);
      expect(text).toContain(`item${Number(amount) - 1}`);
      expect(text).not.toContain(`item${amount} `);
    }
  });

  it.each([
    ['0.1', ['0.2', 1e-7], undefined, '0.3000001'],
    ['1.005', ['0', '0'], { decimals: 2 }, '1.01'],
    ['-1.005', ['0', '0'], { decimals: 2 }, '-1.01'],
    [
      '12345678901234567890.10',
      ['0.05', null],
      { decimals: 1, group: '.', point: ',' },
      '12.345.678.901.234.567.890,2',
    ],
    [0, ['-999.999', null], { decimals: 0, group: ' ' }, '-1 000'],
    [undefined, [1e21, 0], undefined, '1000000000000000000000'],
  ])('from %s with %j as %j: %s', async (start, own, format, expected) => {
    const long = `${'long '.repeat(200)}`;
    const table = {
      type: 'add_table',
      rows: [['a'], ['b'], [long]],
      widths: [90],
      carry: { start, values: [...own, 0], format, forward: ['{carried}'] },
    };
    const { pdf } = await render(registry, { page_size: a6, operations: [table] });
    const [page] = await readPages(pdf);
    expect(page?.text.replace(/(?:long ?)+/, '').replaceAll('\u00a0', ' ')).toBe(`a b ${expected}`);
  });

  it.each([
    ['values of another number', { carry: { values: [1], forward: ['x'] } }, '/carry/values'],
    ['no decimal', { carry: { values: [1, '1,5'], forward: ['x'] } }, '/carry/values/1'],
    ['more than 40 digits', { carry: { values: ['1'.repeat(41), 1], forward: ['x'] } }, '/carry/values/0'],
    ['a power beyond them', { carry: { values: [1, '1e300'], forward: ['x'] } }, '/carry/values/1'],
    ['a start that is none', { carry: { start: 'x', values: [1, 1], forward: ['x'] } }, '/carry/start'],
    ['no line', { carry: { values: [1, 1] } }, '/carry/forward'],
    ['more cells than columns', { carry: { values: [1, 1], forward: ['x', 'y', 'z'] } }, '/carry/forward'],
    ['lines of another number', { carry: { forward: [['x'], ['y']] } }, '/carry/forward'],
    ['an amount without values', { carry: { forward: ['{carried}'] } }, '/carry/values'],
    ['an unknown member', { carry: { values: [1, 1], forward: ['x'], from: 1 } }, '/carry/from'],
    [
      'a format of too many decimals',
      { carry: { values: [1, 1], format: { decimals: 21 }, forward: ['x'] } },
      '/carry/format/decimals',
    ],
    [
      'cells over rows',
      { rows: [[{ text: 'a', rowspan: 2 }, 'b'], ['c']], carry: { values: [1, 1], forward: ['x'] } },
      '/carry',
    ],
    [
      'html',
      { rows: undefined, html: '<table><tr><td>a</table>', carry: { values: [1], forward: ['x'] } },
      '/carry',
    ],
  ])('refuses %s', (_, members, pointer) => {
    const found = issues({
      rows: [
        ['a', 'b'],
        ['c', 'd'],
      ],
      ...members,
    });
    expect(found.map((issue) => issue.pointer)).toEqual([`/operations/0${pointer}`]);
  });

  it('refuses it in columns and blocks', () => {
    const table = { type: 'add_table', rows: [['a']], carry: { values: [1], forward: ['x'] } };
    const parsed = documentKind.parse({
      operations: [
        { type: 'add_columns', columns: [{ operations: [table] }] },
        { type: 'add_block', operations: [table] },
      ],
    });
    expect(parsed.ok ? [] : parsed.issues.map(({ pointer }) => pointer)).toEqual([
      '/operations/0/columns/0/operations/0/carry',
      '/operations/1/operations/0/carry',
    ]);
  });

  it('fails with its pointer where the lines leave no room for rows', async () => {
    const high = 'line\n'.repeat(20);
    const table = {
      type: 'add_table',
      rows: [['a']],
      carry: { values: [1], forward: [high], brought: [high] },
    };
    await expect(render(registry, { page_size: a6, operations: [table] })).rejects.toSatisfy(
      (error) => error instanceof RenderFailure && error.pointer === '/operations/0/carry',
    );
  });
});
