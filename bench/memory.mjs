import { residentMiB } from './kit/cpu.mjs';
import { smallDocument } from './kit/documents.mjs';
import { LoadProcess } from './kit/load-process.mjs';
import { removeDirectory, startServer, temporaryDirectory, token } from './kit/server.mjs';
import { mean } from './kit/statistics.mjs';

/**
 * Resident memory of the server over many documents: what it holds after the last quarter against what it held after
 * the first. The first one is the warm-up; what grows after it, leaks.
 * @param {import('./kit/figure.mjs').Run} run
 * @returns {Promise<import('./kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const documents = short ? 4_000 : 20_000;
  const step = documents / 20;
  const directory = temporaryDirectory('memory');
  const load = new LoadProcess();
  const server = await startServer({ directory, env: { INKWIRE_WORKERS: '2' }, profile: profile('memory') });
  try {
    const body = JSON.stringify(smallDocument());
    const atStart = await resident(server.pid);
    const from = performance.now();
    /** @type {number[]} */
    const curve = [];
    for (let done = step; done <= documents; done += step) {
      await load.run({ port: server.port, token, exchange: 'document', connections: 16, body, count: step });
      curve.push(await resident(server.pid));
    }
    const perSecond = (documents * 1000) / (performance.now() - from);
    say(
      `MiB at start ${atStart.toFixed(0)}, then after every ${step}: ${curve.map((mib) => mib.toFixed(0)).join(' ')}`,
    );
    const first = curve[4] ?? Number.NaN;
    const last = curve.at(-1) ?? Number.NaN;
    return [
      {
        name: `after the first ${documents / 4}`,
        value: first,
        unit: 'MiB',
        note: `${atStart.toFixed(0)} at start`,
      },
      {
        name: `after all ${documents}`,
        value: last,
        unit: 'MiB',
        note: `${perSecond.toFixed(0)} documents/s, pauses included`,
      },
      {
        name: 'growth',
        value: (last / first - 1) * 100,
        unit: '%',
        atMost: 10,
        note: `every ${step}: ${curve.map((mib) => mib.toFixed(0)).join(' ')} MiB`,
      },
    ];
  } finally {
    await server.stop();
    load.close();
    removeDirectory(directory);
  }
}

/**
 * Mean of some samples over half a second.
 * @param {number} pid
 */
async function resident(pid) {
  const samples = [];
  for (let n = 0; n < 5; n += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    samples.push(residentMiB(pid));
  }
  return mean(samples);
}
