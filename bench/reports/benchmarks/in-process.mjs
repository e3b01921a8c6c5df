import { join } from 'node:path';
import { dist } from '../../kit/server.mjs';
import { median, spread } from '../../kit/statistics.mjs';
import { data, design } from '../invoice.mjs';
import { peers } from '../peers.mjs';
import { cost, renderer } from '../rendering.mjs';

const { compileDesign } = await import(join(dist, 'render/kinds/report/design.js'));
const { documentKind } = await import(join(dist, 'render/kinds/document/request.js'));
const { documentRunner } = await import(join(dist, 'render/kinds/document/run.js'));
const { reportKind } = await import(join(dist, 'render/kinds/report/request.js'));
const { reportRunner } = await import(join(dist, 'render/kinds/report/run.js'));

/**
 * What a document costs in this process, in CPU: from a design, from the operations that the design comes to, and by
 * each of the peers. Nobody reads the clock of another: everything runs one after the other.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const rounds = short ? 3 : 9;
  const expanded = compileDesign(design()).expand(data).request;
  const report = { kind: 'report', design: design(), params: data };
  const ours = [
    { name: 'design', count: 160, render: renderer(reportKind, reportRunner, report) },
    { name: 'operations', count: 160, render: renderer(documentKind, documentRunner, expanded) },
  ];
  const others = peers().map(({ name, render }) => ({ name, count: 6, render }));
  /** @type {Map<string, number[]>} CPU milliseconds a document, by round */
  const costs = new Map([...ours, ...others].map(({ name }) => [name, []]));
  // A render thread runs nothing else, and our two are compared to some per cent: the peers come after them, with what
  // they leave to the collector and to the compiler.
  await warm(ours);
  for (let round = 0; round < rounds; round += 1)
    for (const [name, ms] of await inTurns(ours)) costs.get(name)?.push(ms);
  await warm(others);
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, count, render } of others) costs.get(name)?.push(await cost(count, render));
    say([...costs].map(([name, row]) => `${name} ${row[round]?.toFixed(2)}`).join(', '));
  }
  const of = (/** @type {string} */ name) => costs.get(name) ?? [];
  /** @type {(name: string) => number[]} the rate of the design, as a multiple of the other's */
  const ratios = (name) => of(name).map((ms, round) => ms / (of('design')[round] ?? Number.NaN));
  const expansion = await expansionMs(short ? 200 : 1_000);
  return [
    {
      name: 'rate of a design, of that of its operations',
      value: median(ratios('operations')),
      unit: 'x',
      atLeast: 0.95,
      note: `${median(of('design')).toFixed(2)} and ${median(of('operations')).toFixed(2)} ms CPU, ${spread(ratios('operations'), 2)}`,
    },
    { name: 'expansion of the invoice', value: expansion, unit: 'ms CPU', atMost: 0.5 },
    ...peers().map(({ name }) => ({
      name: `rate of a design, of that of ${name}`,
      value: median(ratios(name)),
      unit: 'x',
      ...(name === 'Forme' ? {} : { atLeast: 3 }),
      note: `${median(of(name)).toFixed(1)} ms CPU, ${spread(ratios(name), 2)}`,
    })),
  ];
}

/**
 * Until the compiler has seen what it needs.
 * @param {readonly { count: number, render: () => Promise<unknown> }[]} all
 */
async function warm(all) {
  for (const { count, render } of all) for (let n = 0; n < 5 * count; n += 1) await render();
}

/**
 * The cost of each, in short turns there and back: what the one before has left to the collector, and a machine that is
 * slow for a moment, then cost both the same.
 * @param {readonly { name: string, count: number, render: () => Promise<unknown> }[]} ours
 * @returns {Promise<Map<string, number>>}
 */
async function inTurns(ours) {
  const turns = 4;
  const sums = new Map(ours.map(({ name }) => [name, 0]));
  for (let turn = 0; turn < turns; turn += 1) {
    for (const { name, count, render } of turn % 2 === 0 ? ours : ours.toReversed())
      sums.set(name, (sums.get(name) ?? 0) + (await cost(count / turns, render)) / turns);
  }
  return sums;
}

/** @param {number} count */
async function expansionMs(count) {
  const compiled = compileDesign(design());
  const expand = () => compiled.expand(data);
  for (let n = 0; n < 50; n += 1) expand();
  return cost(count, expand);
}
