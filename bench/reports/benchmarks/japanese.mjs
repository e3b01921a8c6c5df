import { performance } from 'node:perf_hooks';
import { processRunMs } from '../../kit/cpu.mjs';
import { removeDirectory, startServer, temporaryDirectory, token } from '../../kit/server.mjs';
import { median, spread } from '../../kit/statistics.mjs';
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
/** Of so many callers' customers: no document is like another, nor are its letters. */
const names = [
  '髙橋商店',
  '田中書店',
  '鈴木工業',
  '佐藤建設',
  '山本製作所',
  '中村屋',
  '小林運送',
  '加藤酒造',
  '吉田医院',
];

/**
 * The first Japanese document after a start, of a design that was stored before it, against later ones of other customers: whether
 * somebody has to wait for the fonts to be read. CPU of the server, since a moment in which the machine is busy is most of so short a
 * time; the times are told beside it.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const directory = temporaryDirectory('japanese');
  /** @type {number[]} */
  const ratios = [];
  /** @type {number[]} */
  const slower = [];
  try {
    const first = await startServer({ directory });
    await store(first.port, 'seikyusho', japanese);
    // The caller's own code is no part of it.
    for (const name of names) await documentOf(first, name);
    await first.stop();
    for (let round = 0; round < (short ? 2 : 5); round += 1) {
      const server = await startServer({ directory });
      // What a server makes ready after its start is ready before the first caller comes.
      await untilIdle(server.pid);
      await fetch(`http://127.0.0.1:${server.port}/api/v1/capabilities`).then((answer) => answer.text());
      const all = [];
      for (const name of names) all.push(await documentOf(server, name));
      await server.stop();
      const [cold, ...warm] = all;
      if (cold === undefined) throw new Error('There is no name');
      const later = { cpuMs: median(warm.map(({ cpuMs }) => cpuMs)), ms: median(warm.map(({ ms }) => ms)) };
      say(
        `first ${cold.cpuMs.toFixed(1)} ms of CPU in ${cold.ms.toFixed(0)} ms, later ${later.cpuMs.toFixed(1)} in ${later.ms.toFixed(0)}`,
      );
      ratios.push(cold.cpuMs / later.cpuMs);
      slower.push(cold.ms / later.ms);
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
      note: `CPU, ${spread(ratios, 2)}; time ${median(slower).toFixed(2)} x`,
    },
  ];
}

/** Less in `settleMs` is what a server does that has nothing to do. */
const idleMs = 25;
const settleMs = 700;

/** @param {number} pid */
async function untilIdle(pid) {
  for (let before = -1, now = 0; before < 0 || now - before > idleMs; ) {
    before = now === 0 ? -1 : now;
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    now = processRunMs(pid);
  }
}

/**
 * @param {{ readonly port: number, readonly pid: number }} server
 * @param {string} name
 */
async function documentOf({ port, pid }, name) {
  const [from, cpuFrom] = [performance.now(), processRunMs(pid)];
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/render`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'report', design: 'seikyusho', params: { name } }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  await answer.arrayBuffer();
  return { ms: performance.now() - from, cpuMs: processRunMs(pid) - cpuFrom };
}
