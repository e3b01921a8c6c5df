import { Connection } from './kit/client.mjs';
import { processCpuMs, residentMiB } from './kit/cpu.mjs';
import { openPool } from './kit/direct-pool.mjs';
import { smallDocument } from './kit/documents.mjs';
import { removeDirectory, startServer, temporaryDirectory, token } from './kit/server.mjs';
import { median } from './kit/statistics.mjs';

const idleMs = 30_000;

/**
 * From the start of the process to the line that says that it is ready, what it holds when it has done nothing, and how
 * long the first document of it takes; how soon a render thread is ready.
 * @param {import('./kit/figure.mjs').Run} run
 * @returns {Promise<import('./kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const rounds = short ? 3 : 9;
  const readyMs = [];
  const cpuMs = [];
  let resident = Number.NaN;
  const firstMs = [];
  for (let round = 0; round < rounds; round += 1) {
    const directory = temporaryDirectory('start');
    const server = await startServer({ directory, env: { INKWIRE_WORKERS: '2' }, profile: profile('start') });
    try {
      readyMs.push(server.readyMs);
      cpuMs.push(processCpuMs(server.pid));
      // The heap is looked at every 10 s.
      if (round === 0) await new Promise((resolve) => setTimeout(resolve, idleMs));
      if (round === 0) resident = residentMiB(server.pid);
      firstMs.push(await firstDocument(server.port));
      say(
        `ready ${server.readyMs.toFixed(0)} ms, idle ${resident.toFixed(0)} MiB, first document ${firstMs.at(-1)?.toFixed(0)} ms`,
      );
    } finally {
      await server.stop();
      removeDirectory(directory);
    }
  }
  const threadMs = await threadStarts(short ? 10 : 40);
  return [
    { name: 'server ready', value: median(readyMs), unit: 'ms', atMost: 1_000, note: `median of ${rounds}` },
    { name: 'CPU until then', value: median(cpuMs), unit: 'ms' },
    {
      name: 'idle, two threads',
      value: resident,
      unit: 'MiB',
      atMost: 124,
      note: 'half a minute later; 130 MB',
    },
    {
      name: 'first document',
      value: median(firstMs),
      unit: 'ms',
      note: 'submit to result, engines loaded on the way',
    },
    {
      name: 'thread ready',
      value: median(threadMs),
      unit: 'ms',
      atMost: 80,
      note: `median of ${threadMs.length}`,
    },
  ];
}

/** @param {number} port */
async function firstDocument(port) {
  const connection = new Connection(port, token);
  try {
    const from = performance.now();
    const body = JSON.stringify(smallDocument());
    const answer = await connection.request('POST', '/api/v1/render', { body });
    if (answer.status !== 200) throw new Error(`The first document was answered with ${answer.status}`);
    return performance.now() - from;
  } finally {
    connection.close();
  }
}

/** @param {number} count one after the other */
async function threadStarts(count) {
  const times = [];
  for (let n = 0; n < count; n += 1) {
    const from = performance.now();
    const pool = openPool({ threads: 1 });
    await pool.ready();
    times.push(performance.now() - from);
    await pool.close();
  }
  return times;
}
