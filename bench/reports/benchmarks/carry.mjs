import { join } from 'node:path';
import { dist } from '../../kit/server.mjs';
import { median, spread } from '../../kit/statistics.mjs';
import { cost, renderer } from '../rendering.mjs';

const { documentKind } = await import(join(dist, 'render/kinds/document/request.js'));
const { documentRunner } = await import(join(dist, 'render/kinds/document/run.js'));

const entries = Array.from({ length: 1_000 }, (_, i) => ({
  text: `Entry number ${i}`,
  amount: (i % 97) + 0.25,
}));
const table = {
  type: 'add_table',
  headers: ['#', 'Text', 'Amount'],
  widths: ['auto', '*', 'auto'],
  keep_rows: true,
  rows: entries.map(({ text, amount }, i) => [String(i + 1), text, amount.toFixed(2)]),
};
const carry = {
  values: entries.map(({ amount }) => amount),
  format: { decimals: 2 },
  forward: ['', 'Carried forward', '{carried}'],
  brought: ['', 'Brought forward', '{carried}'],
};

/**
 * What it costs to carry amounts over the pages of a table of 1,000 rows, against the same table without.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const drawn = (/** @type {object} */ more) =>
    renderer(documentKind, documentRunner, { operations: [{ ...table, ...more }] });
  const [plain, carried] = [drawn({}), drawn({ carry })];
  // Until the compiler has seen what it needs.
  for (let n = 0; n < 40; n += 1) for (const render of [plain, carried]) await render();
  /** @type {number[]} */
  const ratios = [];
  for (let round = 0; round < (short ? 5 : 15); round += 1) {
    const first = await cost(8, plain);
    const loaded = await cost(16, carried);
    const last = await cost(8, plain);
    ratios.push((2 * loaded) / (first + last));
    say(`without ${((first + last) / 2).toFixed(0)} ms, with ${loaded.toFixed(0)} ms`);
  }
  return [
    {
      name: 'a table of 1,000 rows that carries amounts, of one that does not',
      value: median(ratios),
      unit: 'x',
      atMost: 1.2,
      note: `CPU, ${spread(ratios, 2)}`,
    },
  ];
}
