import { Connection, dataOf } from '../../kit/client.mjs';
import { longTable } from '../../kit/documents.mjs';
import { removeDirectory, temporaryDirectory, token } from '../../kit/server.mjs';
import { percentiles } from '../../kit/statistics.mjs';
import { startPostgres } from '../postgres.mjs';
import { serversOf } from '../servers.mjs';

/**
 * The worker that runs a job is killed (`kill -9`): until the job runs at another one.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const rounds = short ? 3 : 30;
  const directory = temporaryDirectory('killed');
  const postgres = await startPostgres();
  const start = serversOf(postgres.url, directory);
  const gateway = await start('gateway');
  let workers = [await start('worker')];
  const connection = new Connection(gateway.port, token);
  const body = JSON.stringify(longTable(20_000));
  /** @param {string} id @param {(job: any) => boolean} wanted */
  const reached = async (id, wanted) => {
    while (!wanted(dataOf(await connection.request('GET', `/api/v1/jobs/${id}`))))
      await new Promise((resolve) => setTimeout(resolve, 5));
  };
  /** @type {number[]} */
  const times = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      const { job_id: id } = dataOf(await connection.request('POST', '/api/v1/jobs', { body }));
      await reached(id, ({ progress }) => progress > 0);
      const [running] = workers;
      // It has taken the job, since it was alone: the other one comes for it.
      workers = [await start('worker')];
      const from = performance.now();
      await running?.kill();
      await reached(id, ({ attempt }) => attempt > 1);
      times.push(performance.now() - from);
      await connection.request('DELETE', `/api/v1/jobs/${id}`);
      say(`${((times.at(-1) ?? 0) / 1000).toFixed(2)} s`);
    }
    const { p50, p99 } = percentiles(times);
    const note = `p50 ${(p50 / 1000).toFixed(2)} s; ${rounds} times`;
    return [{ name: 'worker killed to job elsewhere p99', value: p99, unit: 'ms', atMost: 5_000, note }];
  } finally {
    connection.close();
    for (const server of [gateway, ...workers]) await server.stop();
    await postgres.stop();
    removeDirectory(directory);
  }
}
