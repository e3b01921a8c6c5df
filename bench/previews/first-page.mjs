import { removeDirectory, startServer, temporaryDirectory, token } from '../kit/server.mjs';
import { percentiles } from '../kit/statistics.mjs';
import { longPdf } from './long-pdf.mjs';

const authorization = `Bearer ${token}`;

/**
 * From the answer of a submit to the fact that tells of the first page of 500, and to the sizes of all of them before it.
 * @param {import('../kit/figure.mjs').Run} run
 * @returns {Promise<import('../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const directory = temporaryDirectory('first-page');
  const server = await startServer({ directory, profile: profile('first-page') });
  const base = `http://127.0.0.1:${server.port}`;
  const form = () => {
    const data = new FormData();
    data.set('kind', 'preview');
    // Of the others a few, so that the next round finds threads that are free.
    data.set('pages', '1-16');
    data.set('input', new Blob([longPdf(500)]), 'long.pdf');
    return data;
  };
  try {
    const sizes = [];
    const firsts = [];
    for (let round = 0; round < (short ? 6 : 30); round += 1) {
      const answer = await fetch(`${base}/api/v1/jobs`, {
        method: 'POST',
        body: form(),
        headers: { authorization },
      });
      const { data } = await answer.json();
      const accepted = performance.now();
      const { size, first } = await facts(base, data.job_id, accepted);
      await ended(base, data.job_id);
      // The first one finds a thread that has not drawn yet.
      if (round === 0) say(`the first of all: ${first.toFixed(0)} ms`);
      else firsts.push(first) && sizes.push(size);
    }
    await server.stop();
    const again = await firstAfterRestart(directory, form);
    const { p50, max } = percentiles(firsts);
    return [
      {
        name: 'fact of the first page after a restart',
        value: again,
        unit: 'ms',
        note: 'threads have drawn a page for nobody',
      },
      { name: 'sizes of all pages p50', value: percentiles(sizes).p50, unit: 'ms' },
      {
        name: 'fact of the first page p50',
        value: p50,
        unit: 'ms',
        atMost: 150,
        note: `most ${max.toFixed(0)} ms`,
      },
    ];
  } finally {
    await server.stop();
    removeDirectory(directory);
  }
}

/** Behind what threads do while they are idle, some seconds after their start. */
const idleMs = 5_000;

async function firstAfterRestart(directory, form) {
  const server = await startServer({ directory });
  try {
    await new Promise((resolve) => setTimeout(resolve, idleMs));
    const base = `http://127.0.0.1:${server.port}`;
    const answer = await fetch(`${base}/api/v1/jobs`, {
      method: 'POST',
      body: form(),
      headers: { authorization },
    });
    const { data } = await answer.json();
    const { first } = await facts(base, data.job_id, performance.now());
    await ended(base, data.job_id);
    return first;
  } finally {
    await server.stop();
  }
}

async function facts(base, id, from) {
  const stop = new AbortController();
  const stream = await fetch(`${base}/api/v1/jobs/${id}/events`, {
    headers: { authorization },
    signal: stop.signal,
  });
  let heard = '';
  let size;
  for await (const chunk of stream.body.pipeThrough(new TextDecoderStream())) {
    heard += chunk;
    if (size === undefined && heard.includes('"pages.json"')) size = performance.now() - from;
    if (!heard.includes('"page-1.png"')) continue;
    const first = performance.now() - from;
    stop.abort();
    return { size: size ?? first, first };
  }
  throw new Error(`No page was told of: ${heard.slice(-500)}`);
}

async function ended(base, id) {
  for (;;) {
    const answer = await fetch(`${base}/api/v1/jobs/${id}`, {
      headers: { authorization, prefer: 'wait=20' },
    });
    const { status } = (await answer.json()).data;
    if (status !== 'pending' && status !== 'running') return;
  }
}
