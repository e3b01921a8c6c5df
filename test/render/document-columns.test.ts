import { expect, it } from 'vitest';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import { render } from './document-fixture.js';

const registry = new FontRegistry();

const column = (width: unknown, ...operations: object[]): object => ({
  ...(width === undefined ? {} : { width }),
  operations,
});
const columns = (...list: object[]): object => ({ type: 'add_columns', columns: list });
const table = (count: number, more: object = {}): object => ({
  type: 'add_table',
  rows: [Array.from({ length: count }, (_, n) => `w${n}`)],
  ...more,
});
const beside = column(undefined, { type: 'add_text', text: 'beside' });

async function toldOf(operations: readonly object[]) {
  const { warnings } = await render(registry, { operations });
  // Words that no column holds are told beside that.
  const told = warnings.filter(({ code }) => code !== 'broken_word');
  return told.map(({ code, pointer, message }) => {
    expect(message).toMatch(
      / mm wide, and the (?:column|block) [\d.]+ mm: what stands beside it may lie over it$/,
    );
    return `${code} ${pointer}`;
  });
}

/** Each is drawn over its column of 15 mm. */
const wide: Readonly<Record<string, object>> = {
  text: { type: 'add_text', text: 'a text', width: 54 },
  block: { type: 'add_block', width: 54, operations: [{ type: 'add_text', text: 'a text' }] },
  svg: { type: 'add_svg', svg: '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', width: 54 },
  code: { type: 'add_qr', value: 'https://example.org', size: 54 },
  columns: columns(column(20, table(1)), column(34, table(1))),
  'a table of which no letter fits': table(4),
};

it.each(Object.entries(wide))(
  'what is wider than its column is told, with its pointer: %s',
  async (_, operation) => {
    expect(await toldOf([columns(column(15, operation), beside)])).toEqual([
      'narrow_column /operations/0/columns/0',
    ]);
  },
);

it('a column in one that has a width may have no more than that one', async () => {
  const inner = columns(column('auto', { type: 'add_text', text: 'a text', width: 54 }), beside);
  expect(await toldOf([columns(column(22, inner), beside)])).toEqual([
    'narrow_column /operations/0/columns/0',
  ]);
  const own = columns(column(10, table(3)), beside);
  expect(await toldOf([columns(column(80, own), beside)])).toEqual([
    'narrow_column /operations/0/columns/0/operations/0/columns/0',
  ]);
});

it('so is what is wider than its block, where the width of that is known', async () => {
  const block = (more: object, ...operations: object[]): object => ({
    type: 'add_block',
    operations,
    ...more,
  });
  const row = columns(column(92, table(1)), column(92, table(1)));
  expect(await toldOf([block({ padding: 2 }, row)])).toEqual(['narrow_column /operations/0']);
  expect(await toldOf([block({ width: 40 }, { type: 'add_qr', value: 'a', size: 54 })])).toEqual([
    'narrow_column /operations/0',
  ]);
  // Of a column without a width nobody knows beforehand how wide it becomes.
  const open = column(undefined, block({}, { type: 'add_text', text: 'a text', width: 120 }));
  expect(await toldOf([columns(column(20, table(1)), open)])).toEqual([]);
  expect(await toldOf([block({}, columns(column(80, table(1)), column(80, table(1))))])).toEqual([]);
});

it('a column is told once, and one that holds what it has is not told', async () => {
  const text = { type: 'add_text', text: 'a text', width: 54 };
  expect(await toldOf([columns(column(15, text, text, table(4)), beside)])).toHaveLength(1);
  const placed = { ...text, x: 20, y: 100 };
  const fitting = [placed, table(4, { cell_padding: 0 }), { type: 'add_text', text: 'a text', width: 15 }];
  expect(await toldOf([columns(column(15, ...fitting), beside)])).toEqual([]);
  expect(await toldOf([text, table(4), columns(column('auto', text), beside)])).toEqual([]);
});
