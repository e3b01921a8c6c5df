import { join } from 'node:path';
import { cancelTimes } from '../../kit/cancel-times.mjs';
import { removeDirectory, startServer, temporaryDirectory } from '../../kit/server.mjs';
import { percentiles } from '../../kit/statistics.mjs';
import { startPostgres } from '../postgres.mjs';

/**
 * A job that runs at a worker is cancelled at a gateway: complete servers, a process each.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile }) {
  const directory = temporaryDirectory('nodes');
  const postgres = await startPostgres();
  const start = (/** @type {string} */ role, /** @type {string} */ workers) =>
    startServer({
      directory: join(directory, role),
      env: {
        INKWIRE_DATABASE_URL: postgres.url,
        INKWIRE_BLOBS: join(directory, 'blobs'),
        INKWIRE_ROLE: role,
        INKWIRE_WORKERS: workers,
      },
      profile: profile(role),
    });
  /** @type {import('../../kit/server.mjs').Server[]} */
  const servers = [];
  try {
    const gateway = await start('gateway', '1');
    servers.push(gateway);
    const worker = await start('worker', '2');
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
