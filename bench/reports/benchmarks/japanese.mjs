import { performance } from 'node:perf_hooks';
import { removeDirectory, startServer, temporaryDirectory, token } from '../../kit/server.mjs';
import { median } from '../../kit/statistics.mjs';
import { store } from './http.mjs';

const japanese = {
  label: '請求書',
  locale: 'ja-JP',
  language: 'ja',
  params: [{ name: 'name', type: 'text', label: '宛名' }],
  fonts: { default: 'noto-sans-jp', size: 11 },
  operations: [
    { type: 'add_text', text: '請求書', font_size: 20, bold: true },
    { type: 'add_text', text: '{{name}} 御中 平素より格別のお引き立てを賜り、厚く御礼申し上げます。' },
  ],
};

/**
 * The first Japanese document after a start, of a design that was stored before it, against later ones: whether somebody
 * has to wait for the fonts to be read.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const directory = temporaryDirectory('japanese');
  /** @type {number[]} */
  const ratios = [];
  try {
    const first = await startServer({ directory });
    await store(first.port, 'seikyusho', japanese);
    await first.stop();
    for (let round = 0; round < (short ? 2 : 5); round += 1) {
      const server = await startServer({ directory });
      // What a server makes ready after its start is ready before the first caller comes.
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      const times = [];
      // The caller's own code is no part of it.
      await fetch(`http://127.0.0.1:${server.port}/api/v1/capabilities`).then((answer) => answer.text());
      for (let n = 0; n < 7; n += 1) times.push(await documentMs(server.port));
      await server.stop();
      const [cold = 0, ...warm] = times;
      say(`first ${cold.toFixed(0)} ms, later ${median(warm).toFixed(0)} ms`);
      ratios.push(cold / median(warm));
    }
  } finally {
    removeDirectory(directory);
  }
  return [
    {
      name: 'first Japanese document after a start, of a later one',
      value: median(ratios),
      unit: 'x',
      atMost: 1.5,
    },
  ];
}

/** @param {number} port */
async function documentMs(port) {
  const from = performance.now();
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/render`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'report', design: 'seikyusho', params: { name: '髙橋商店' } }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  await answer.arrayBuffer();
  return performance.now() - from;
}
