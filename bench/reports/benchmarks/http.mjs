import { join } from 'node:path';
import { LoadProcess } from '../../kit/load-process.mjs';
import { dist, removeDirectory, startServer, temporaryDirectory, token } from '../../kit/server.mjs';
import { median, spread } from '../../kit/statistics.mjs';
import { data, design } from '../invoice.mjs';

const { compileDesign } = await import(join(dist, 'render/kinds/report/design.js'));

/**
 * Documents per second through HTTP, submit to download: jobs that name a stored design against jobs that bring its
 * operations, in alternating rounds.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const rounds = short ? 2 : 5;
  const directory = temporaryDirectory('reports');
  const load = new LoadProcess();
  const server = await startServer({ directory, env: { INKWIRE_WORKERS: '2' }, profile: profile('http') });
  /** @param {string} body */
  const rate = async (body) =>
    (
      await load.run({
        port: server.port,
        token,
        exchange: 'document',
        connections: 4,
        body,
        seconds: short ? 3 : 8,
      })
    ).perSecond;
  try {
    await store(server.port, 'bench-invoice', design());
    const operations = JSON.stringify(compileDesign(design()).expand(data).request);
    const report = JSON.stringify({ kind: 'report', design: 'bench-invoice', params: data });
    await rate(report);
    await rate(operations);
    /** @type {number[]} */
    const ratios = [];
    for (let round = 0; round < rounds; round += 1) {
      const [designs, plain] = [await rate(report), await rate(operations)];
      ratios.push(designs / plain);
      say(`${designs.toFixed(1)}/s of the design, ${plain.toFixed(1)}/s of its operations`);
    }
    return [
      {
        name: 'rate of a design through HTTP, of that of its operations',
        value: median(ratios),
        unit: 'x',
        atLeast: 0.9,
        note: spread(ratios, 2),
      },
    ];
  } finally {
    await server.stop();
    load.close();
    removeDirectory(directory);
  }
}

/**
 * @param {number} port
 * @param {string} id
 * @param {object} value
 */
export async function store(port, id, value) {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/designs/${id}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(value),
  });
  if (!answer.ok) throw new Error(`The design was refused: ${await answer.text()}`);
}
