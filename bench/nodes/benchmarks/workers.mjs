import { cpus } from 'node:os';
import { Connection, dataOf } from '../../kit/client.mjs';
import { processCpuMs } from '../../kit/cpu.mjs';
import { longTable } from '../../kit/documents.mjs';
import { removeDirectory, temporaryDirectory, token } from '../../kit/server.mjs';
import { openPictureServer } from '../../kit/standing-picture.mjs';
import { median, spread } from '../../kit/statistics.mjs';
import { startPostgres } from '../postgres.mjs';
import { serversOf } from '../servers.mjs';

/** Two workers, the gateway and the database need so many, or gateway and database take the workers'. */
const coresNeeded = 4;
/** Seldom enough that the looks take nothing from what they wait for. */
const lookMs = 50;

/**
 * The same jobs by one worker of one thread and by two: complete servers, a process each. Each worker keeps to a core, as if
 * it had a machine of its own: with the cores of both, one worker has a second one for the helpers of V8. Where gateway and
 * database have no cores beside these the busier worker's CPU says how long they would take. What it takes to accept the
 * jobs is not counted: each place is held by a job that waits for a picture until all are there.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const rounds = short ? 1 : 5;
  const jobs = short ? 24 : 80;
  const directory = temporaryDirectory('workers');
  const postgres = await startPostgres();
  const pictures = await openPictureServer();
  const start = serversOf(postgres.url, directory, { INKWIRE_ALLOW_PRIVATE_FETCH: 'true' });
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
    const holders = [];
    for (const each of workers.keys()) {
      const picture = pictures.job(`${group}-${each}.png`);
      holders.push(dataOf(await connection.request('POST', '/api/v1/jobs', { body: picture.body })).job_id);
      await picture.asked;
    }
    for (let n = 0; n < count; n += 1) dataOf(await connection.request('POST', '/api/v1/jobs', { body }));
    const before = workers.map(({ pid }) => processCpuMs(pid));
    const from = performance.now();
    for (const id of holders) await connection.request('DELETE', `/api/v1/jobs/${id}`);
    for (let completed = 0; completed < count; ) {
      await new Promise((resolve) => setTimeout(resolve, lookMs));
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
        workers = await Promise.all(
          Array.from({ length: count }, (_, core) =>
            start('worker', { under: ['taskset', '-c', String(core)] }),
          ),
        );
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
        note: `${jobs} tables of 2,000 rows, each worker on a core; ${spread(ratios.byTime, 2)}; ${cpus().length} cores`,
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
    pictures.close();
    for (const server of [gateway, ...workers]) await server.stop();
    await postgres.stop();
    removeDirectory(directory);
  }
}
