import { deflateSync } from 'node:zlib';
import { metric, removeDirectory, startServer, temporaryDirectory, token } from '../kit/server.mjs';
import { percentiles } from '../kit/statistics.mjs';
import { longPdf } from './long-pdf.mjs';

const authorization = `Bearer ${token}`;

/**
 * How soon the cancel of a job is answered, which is when nothing of it works any more: while a page of a PDF is drawn, an SVG that takes long,
 * and a document in LibreOffice.
 * @param {import('../kit/figure.mjs').Run} run
 * @returns {Promise<import('../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const directory = temporaryDirectory('cancel-previews');
  const server = await startServer({ directory, profile: profile('cancel-previews') });
  const base = `http://127.0.0.1:${server.port}`;
  const rounds = short ? 8 : 40;
  try {
    const figures = [];
    for (const [name, bytes, atMost] of [
      ['a page that is heavy', heavyPage(), 50],
      ['a long PDF', longPdf(500), 50],
      ['an SVG of many blurs', blurs(), 250],
      ['a text in LibreOffice', Buffer.from('a long line of words\n'.repeat(400_000)), 250],
    ]) {
      const times = [];
      for (let round = 0; round < rounds; round += 1) times.push(await cancelled(base, server.port, bytes));
      const { p50, p99 } = percentiles(times);
      say(`${name}: p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} ms`);
      figures.push({
        name: `${name}, gone p99`,
        value: p99,
        unit: 'ms',
        atMost,
        note: `p50 ${p50.toFixed(1)}; ${rounds} times`,
      });
    }
    return figures;
  } finally {
    await server.stop();
    removeDirectory(directory);
  }
}

/** Milliseconds from a cancel until no render thread is busy, and the job has ended. */
async function cancelled(base, port, bytes) {
  const form = new FormData();
  form.set('kind', 'preview');
  form.set('input', new Blob([bytes]));
  const headers = { authorization };
  const { data } = await (await fetch(`${base}/api/v1/jobs`, { method: 'POST', body: form, headers })).json();
  const busy = () => metric(port, 'inkwire_render_threads{state="busy"}');
  while ((await busy()) === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  await new Promise((resolve) => setTimeout(resolve, 150));
  const from = performance.now();
  const answer = await fetch(`${base}/api/v1/jobs/${data.job_id}/cancel`, { method: 'POST', headers });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  while ((await busy()) > 0) await new Promise((resolve) => setImmediate(resolve));
  const ms = performance.now() - from;
  // The next round finds threads that are ready.
  while ((await metric(port, 'inkwire_render_threads{state="starting"}')) > 0)
    await new Promise((resolve) => setTimeout(resolve, 5));
  return ms;
}

/** Hundreds of thousands of strokes on one page. */
function heavyPage() {
  const content = deflateSync(
    Buffer.from(
      Array.from({ length: 300_000 }, (_, at) => `${at % 595} 0 m ${(at * 7) % 595} 842 l S`).join('\n'),
    ),
  );
  const head =
    '%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Count 1/Kids[3 0 R]>>\nendobj\n3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>\nendobj\n';
  const stream = `4 0 obj\n<</Length ${content.length}/Filter/FlateDecode>>\nstream\n`;
  return Buffer.concat([
    Buffer.from(head + stream),
    content,
    Buffer.from('\nendstream\nendobj\ntrailer\n<</Root 1 0 R/Size 5>>\n%%EOF\n'),
  ]);
}

function blurs() {
  const filter = Array.from({ length: 50 }, () => '<feGaussianBlur stdDeviation="60"/>').join('');
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="3000" height="3000"><filter id="f">${filter}</filter><rect width="2900" height="2900" filter="url(#f)"/></svg>`,
  );
}
