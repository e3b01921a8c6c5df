import { cancelTimes } from '../../kit/cancel-times.mjs';
import { removeDirectory, temporaryDirectory } from '../../kit/server.mjs';
import { percentiles } from '../../kit/statistics.mjs';
import { startPostgres } from '../postgres.mjs';
import { serversOf } from '../servers.mjs';

/**
 * A job that runs at a worker is cancelled at a gateway: complete servers, a process each.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile }) {
  const directory = temporaryDirectory('nodes');
  const postgres = await startPostgres();
  const start = serversOf(postgres.url, directory);
  /** @type {import('../../kit/server.mjs').Server[]} */
  const servers = [];
  try {
    const gateway = await start('gateway', { profile: profile('gateway') });
    servers.push(gateway);
    const worker = await start('worker', { workers: 2, profile: profile('worker') });
    servers.push(worker);
    const { answered, free } = await cancelTimes({
      rounds: short ? 16 : 200,
      port: gateway.port,
      pid: worker.pid,
    });
    const { p50, p99 } = percentiles(free);
    return [
      { name: 'DELETE answered p99', value: percentiles(answered).p99, unit: 'ms' },
      {
        name: 'DELETE to thread free elsewhere p99',
        value: p99,
        unit: 'ms',
        atMost: 100,
        note: `p50 ${p50.toFixed(1)} ms; ${free.length} times, the other thread at work, too`,
      },
    ];
  } finally {
    for (const server of servers) await server.stop();
    await postgres.stop();
    removeDirectory(directory);
  }
}
