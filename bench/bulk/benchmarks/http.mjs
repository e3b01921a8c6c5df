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
    const [cold, ...warm] = rounds;
    if (cold === undefined) throw new Error('There was no round');
    const of = (/** @type {keyof typeof cold} */ name) => median(warm.map((round) => round[name]));
    const template = 32 * 1024;
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
        name: 'the first job of a server',
        value: cold.end / 1000,
        unit: 's',
        note: `first row ${cold.first.toFixed(0)} ms: the engine is loaded for it`,
      },
      { name: 'CPU of a job, server and threads', value: of('cpuMs') / 1000, unit: 's' },
      {
        name: 'disk, a row',
        value: (of('diskBytes') - template - (members.rows_file.length + members.pdf_file.length)) / count,
        unit: 'bytes',
        atMost: 8 * 1024,
        note: 'segments, directory and manifest; without template, PDF and CSV',
      },
    ];
  } finally {
    await server.stop();
    removeDirectory(directory);
  }
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
