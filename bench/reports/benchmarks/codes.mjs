import { join } from 'node:path';
import { dist } from '../../kit/server.mjs';
import { median, spread } from '../../kit/statistics.mjs';
import { cost, renderer } from '../rendering.mjs';

const { documentKind } = await import(join(dist, 'render/kinds/document/request.js'));
const { documentRunner } = await import(join(dist, 'render/kinds/document/run.js'));

const line = { type: 'add_text', text: 'Parcel of 12.4 kg to Adelaide Fournier, 12 Mill Lane, Bath' };

/** @type {(n: number) => object} */
const qr = (n) => ({ type: 'add_qr', value: `https://parcels.example/track/${1_000_000 + n * 7_919}` });
/** @type {(n: number) => object} */
const bars = (n) => ({ type: 'add_barcode', symbology: 'code128', value: `QL${20_884_117 + n * 104_729}GB` });

/** 3 x 10 on a page. @type {(n: number) => object[]} */
const sheet = (n) =>
  Array.from({ length: 30 }, (_, i) => [
    { ...bars(n * 30 + i), x: 10 + (i % 3) * 64, y: 15 + Math.floor(i / 3) * 27, width: 40, height: 15 },
    { ...qr(n * 30 + i), x: 54 + (i % 3) * 64, y: 15 + Math.floor(i / 3) * 27, size: 15 },
  ]).flat();

/** What each of the documents holds beside its line of text; no code comes twice. @type {Record<string, (n: number) => object[]>} */
const documents = {
  text: () => [],
  'a QR code': (n) => [qr(n)],
  'a Code 128 with its text': (n) => [bars(n)],
  'a page of 30 labels': sheet,
};

/**
 * What codes add to a document, in CPU: the same document with one and without, in turns.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const [rounds, count] = short ? [3, 40] : [11, 100];
  let number = 0;
  const all = Object.entries(documents).map(([name, operations]) => ({
    name,
    render: () => renderer(documentKind, documentRunner, { operations: [line, ...operations(number++)] })(),
  }));
  // Until the compiler has seen what it needs.
  for (const { render } of all) for (let n = 0; n < 200; n += 1) await render();
  /** @type {Map<string, number[]>} CPU milliseconds a document, by round */
  const costs = new Map(all.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, render } of round % 2 === 0 ? all : all.toReversed())
      costs.get(name)?.push(await cost(name.includes('30') ? count / 10 : count, render));
    say([...costs].map(([name, row]) => `${name} ${row.at(-1)?.toFixed(2)} ms`).join(', '));
  }
  const plain = costs.get('text') ?? [];
  return all.slice(1).map(({ name }) => {
    const isSheet = name.includes('30');
    const added = (costs.get(name) ?? []).map((ms, round) => ms - (plain[round] ?? Number.NaN));
    return {
      name: isSheet ? `what each code of ${name} adds` : `what ${name} adds to a document`,
      value: median(added) / (isSheet ? 60 : 1),
      unit: 'ms CPU',
      atMost: 3,
      note: `documents of ${median(plain).toFixed(2)} ms without, ${spread(added, 2)} more with`,
    };
  });
}
