import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CpuWatch } from '../../kit/cpu.mjs';
import { removeDirectory, startServer, temporaryDirectory } from '../../kit/server.mjs';
import { median } from '../../kit/statistics.mjs';
import { csv, makeForm } from '../form.mjs';
import { ended, firstRow, submit } from '../job.mjs';

/**
 * A CSV through the whole server: from the answer that accepts the job to its end, to the PDF of the first row, and what
 * the job takes of the disk. The first job of a server, which loads the engine, is told by itself.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const count = short ? 2_000 : 10_000;
  const fresh = await firstOfFresh(short ? 1 : 4, count, say);
  const directory = temporaryDirectory('bulk-http');
  const env = { INKWIRE_WORKERS: '2' };
  const server = await startServer({ directory, env, profile: profile('http') });
  try {
    const members = { pdf_file: await makeForm(), rows_file: Buffer.from(csv(count)), header: 'true' };
    const watch = new CpuWatch(server.pid);
    /** @type {{ first: number, end: number, cpuMs: number, diskBytes: number }[]} */
    const rounds = [];
    for (let round = 0; round < (short ? 2 : 6); round += 1) {
      const before = bytesOf(join(directory, 'blobs'));
      watch.start();
      const { id, at } = await submit(server.port, members);
      const first = (await firstRow(server.port, id)) - at;
      await ended(server.port, id);
      const end = performance.now() - at;
      const { ms, totalMs } = watch.stop();
      const diskBytes = bytesOf(join(directory, 'blobs')) - before;
      rounds.push({ first, end, cpuMs: totalMs, diskBytes });
      say(
        `round ${round + 1}: first row ${first.toFixed(0)} ms, all ${end.toFixed(0)} ms, CPU ${totalMs} ms ` +
          `(render ${ms.render}, main ${ms.main}, store ${ms.store}, V8 ${ms.v8})`,
      );
    }
    const before = bytesOf(join(directory, 'blobs'));
    await ended(server.port, (await submit(server.port, { ...members, flatten: 'true' })).id);
    const flattened = bytesOf(join(directory, 'blobs')) - before;
    const [cold, ...warm] = rounds;
    if (cold === undefined) throw new Error('There was no round');
    const of = (/** @type {keyof typeof cold} */ name) => median(warm.map((round) => round[name]));
    const constant = 32 * 1024 + members.rows_file.length + members.pdf_file.length;
    return [
      {
        name: `${count} rows: accepted to completed`,
        value: of('end') / 1000,
        unit: 's',
        atMost: 2,
        note: 'floor 4 s',
      },
      { name: 'first row downloadable', value: of('first'), unit: 'ms', atMost: 300 },
      {
        name: 'first row of a server that never filled one',
        value: median(fresh),
        unit: 'ms',
        atMost: 300,
        note: `${fresh.length} servers; the engine is loaded for it. All rows of one: ${(cold.end / 1000).toFixed(1)} s`,
      },
      { name: 'CPU of a job, server and threads', value: of('cpuMs') / 1000, unit: 's' },
      {
        name: 'disk, a row',
        value: (of('diskBytes') - constant) / count,
        unit: 'bytes',
        atMost: 8 * 1024,
        note: 'segments, directory and manifest; without template, PDF and CSV',
      },
      {
        name: 'disk, a row of a flattened form',
        value: (flattened - constant) / count,
        unit: 'bytes',
        atMost: 3 * 1024,
      },
    ];
  } finally {
    await server.stop();
    removeDirectory(directory);
  }
}

/**
 * From accept to the first row on servers that have had no job, one after the other.
 * @param {number} servers
 * @param {number} count of rows
 * @param {(line: string) => void} say
 */
async function firstOfFresh(servers, count, say) {
  const members = { pdf_file: await makeForm(), rows_file: Buffer.from(csv(count)), header: 'true' };
  /** @type {number[]} */
  const found = [];
  for (let at = 0; at < servers; at += 1) {
    const directory = temporaryDirectory('bulk-fresh');
    const server = await startServer({ directory, env: { INKWIRE_WORKERS: '2' } });
    try {
      // What a start has left to do is not a part of the job.
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      const watch = new CpuWatch(server.pid);
      watch.start();
      const { id, at: accepted } = await submit(server.port, members);
      const first = (await firstRow(server.port, id)) - accepted;
      const { ms } = watch.stop();
      await ended(server.port, id);
      found.push(first);
      say(
        `fresh server: first row ${first.toFixed(0)} ms; CPU since the upload: render threads ${ms.render} ms, main ${ms.main}`,
      );
    } finally {
      await server.stop();
      removeDirectory(directory);
    }
  }
  return found;
}

/**
 * @param {string} folder
 * @returns {number}
 */
export function bytesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}
