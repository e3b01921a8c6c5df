import { join } from 'node:path';
import { Connection } from '../../kit/client.mjs';
import { dist, removeDirectory, temporaryDirectory } from '../../kit/server.mjs';
import { percentiles } from '../../kit/statistics.mjs';
import { startPostgres } from '../postgres.mjs';
import { serversOf } from '../servers.mjs';

/**
 * A key is disabled, as `inkwire keys disable` does it on whichever machine: until each of two gateways refuses it.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile }) {
  const { makeKey } = await import(join(dist, 'access/keys.js'));
  const { openServiceKeys } = await import(join(dist, 'engine/postgres/service-keys.js'));
  const rounds = short ? 5 : 100;
  const directory = temporaryDirectory('keys');
  const postgres = await startPostgres();
  const keys = await openServiceKeys(postgres.url);
  const start = serversOf(postgres.url, directory);
  /** @type {import('../../kit/server.mjs').Server[]} */
  const servers = [];
  try {
    for (const name of ['one', 'other']) servers.push(await start('gateway', { profile: profile(name) }));
    /** @type {number[]} */
    const refused = [];
    for (let round = 0; round < rounds; round += 1) {
      const now = Date.now();
      const random = (/** @type {number} */ size) => crypto.getRandomValues(new Uint8Array(size));
      const { key, token } = makeKey({ owner: 'bench', scopes: ['*'], now }, random);
      await keys.put(key);
      const callers = servers.map(({ port }) => new Connection(port, token));
      await Promise.all(callers.map((caller) => answered(caller, 200)));
      const from = performance.now();
      await keys.put({ ...key, disabledAt: now });
      await Promise.all(
        callers.map(async (caller) => {
          await answered(caller, 401);
          refused.push(performance.now() - from);
        }),
      );
      for (const caller of callers) caller.close();
    }
    const { p50, p99 } = percentiles(refused);
    const note = `p50 ${p50.toFixed(1)} ms; ${refused.length} times`;
    return [{ name: 'key disabled to refused p99', value: p99, unit: 'ms', atMost: 1_000, note }];
  } finally {
    for (const server of servers) await server.stop();
    await keys.close();
    await postgres.stop();
    removeDirectory(directory);
  }
}

/**
 * @param {Connection} caller
 * @param {number} status
 */
async function answered(caller, status) {
  while ((await caller.request('GET', '/api/v1/jobs?limit=1')).status !== status)
    await new Promise((resolve) => setTimeout(resolve, 2));
}
