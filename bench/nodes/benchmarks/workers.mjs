import { cpus } from 'node:os';
import { Connection, dataOf } from '../../kit/client.mjs';
import { processCpuMs } from '../../kit/cpu.mjs';
import { longTable } from '../../kit/documents.mjs';
import { removeDirectory, temporaryDirectory, token } from '../../kit/server.mjs';
import { median, spread } from '../../kit/statistics.mjs';
import { startPostgres } from '../postgres.mjs';
import { serversOf } from '../servers.mjs';

/** Two workers, the gateway and the database need so many, or the workers take each other's. */
const coresNeeded = 4;

/**
 * The same jobs by one worker of one thread and by two: complete servers, a process each. Where there are too few cores the
 * busier worker's CPU says how long they would take.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const rounds = short ? 1 : 3;
  const jobs = short ? 24 : 80;
  const directory = temporaryDirectory('workers');
  const postgres = await startPostgres();
  const start = serversOf(postgres.url, directory);
  const gateway = await start('gateway');
  const connection = new Connection(gateway.port, token);
  /** @type {import('../../kit/server.mjs').Server[]} */
  let workers = [];
  let groups = 0;
  /** @param {number} count */
  const work = async (count) => {
    groups += 1;
    const group = `round-${groups}`;
    const body = JSON.stringify({ ...longTable(2_000), group });
    const before = workers.map(({ pid }) => processCpuMs(pid));
    const from = performance.now();
    for (let n = 0; n < count; n += 1) dataOf(await connection.request('POST', '/api/v1/jobs', { body }));
    for (let completed = 0; completed < count; ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      ({ completed } = dataOf(await connection.request('GET', `/api/v1/groups/${group}`)));
    }
    const ms = performance.now() - from;
    const cpu = workers.map(({ pid }, at) => processCpuMs(pid) - (before[at] ?? 0));
    return { ms, cpu };
  };
  /** @type {{ byTime: number[], byCpu: number[] }} */
  const ratios = { byTime: [], byCpu: [] };
  try {
    for (let round = 0; round < rounds; round += 1) {
      /** @type {Awaited<ReturnType<typeof work>>[]} */
      const measured = [];
      for (const count of round % 2 === 0 ? [1, 2] : [2, 1]) {
        workers = await Promise.all(Array.from({ length: count }, () => start('worker')));
        // Code is compiled before anything counts, in each of them.
        await work((jobs / 2) * count);
        measured[count] = await work(jobs);
        for (const worker of workers) await worker.stop();
      }
      const [, one, two] = measured;
      if (one === undefined || two === undefined) throw new Error('A round has both');
      ratios.byTime.push(one.ms / two.ms);
      ratios.byCpu.push(Math.max(...one.cpu) / Math.max(...two.cpu));
      say(
        `round ${round + 1}: one ${(one.ms / 1000).toFixed(2)} s (${one.cpu} ms of CPU), ` +
          `two ${(two.ms / 1000).toFixed(2)} s (${two.cpu.join(' and ')} ms)`,
      );
    }
    const hasCores = cpus().length >= coresNeeded;
    const target = { atLeast: 1.8 };
    return [
      {
        name: 'two workers / one, by time',
        value: median(ratios.byTime),
        unit: 'x',
        ...(hasCores ? target : {}),
        note: `${jobs} tables of 2,000 rows; ${spread(ratios.byTime, 2)}; ${cpus().length} cores`,
      },
      {
        name: 'two workers / one, by the CPU of the busier one',
        value: median(ratios.byCpu),
        unit: 'x',
        ...(hasCores ? {} : target),
        note: spread(ratios.byCpu, 2),
      },
    ];
  } finally {
    connection.close();
    for (const server of [gateway, ...workers]) await server.stop();
    await postgres.stop();
    removeDirectory(directory);
  }
}
