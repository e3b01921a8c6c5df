import { join } from 'node:path';
import { processCpuMs } from '../../kit/cpu.mjs';
import {
  dist,
  metric,
  owner,
  removeDirectory,
  startServer,
  temporaryDirectory,
  token,
} from '../../kit/server.mjs';
import { median, spread } from '../../kit/statistics.mjs';
import { input, pendingJob, result } from '../event.mjs';
import { subscription, upgrade } from '../peers.mjs';
import { ReceiverPool } from '../receiver-pool.mjs';

/** The complete server, just started: 1,000 clients come back at once, each of them 1,000 facts behind. */

const clients = 1_000;
const facts = 1_000;
/** Of the clients; they look at each event. */
const checked = 20;

/**
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const rounds = short ? 1 : 3;
  const all = [];
  for (let round = 0; round < rounds; round += 1) {
    const one = await comeBack(profile('resume'));
    say(JSON.stringify(one));
    all.push(one);
  }
  const middle = (/** @type {'ms' | 'delayP99' | 'cpuUs'} */ what) => median(all.map((one) => one[what]));
  return [
    {
      name: 'all have caught up',
      value: middle('ms') / 1000,
      unit: 's',
      atMost: 5,
      note: `from the first connect; ${clients} x ${facts} facts; ${spread(
        all.map(({ ms }) => ms / 1000),
        1,
      )}`,
    },
    {
      name: 'event loop delay p99 meanwhile',
      value: middle('delayP99'),
      unit: 'ms',
      atMost: 50,
      note: `${spread(
        all.map(({ delayP99 }) => delayP99),
        0,
      )}; longest ${Math.max(...all.map(({ delayMax }) => delayMax)).toFixed(0)} ms`,
    },
    {
      name: 'facts missing, twice or out of order',
      value: all.reduce((sum, { defects }) => sum + defects, 0),
      unit: '',
      atMost: 0,
      note: `${checked} clients look at each event, the others count`,
    },
    {
      name: 'CPU of the server',
      value: middle('cpuUs'),
      unit: 'us/event',
      note: 'handshakes, keys, log lines and the store included',
    },
  ];
}

/** @param {readonly string[]} profile */
async function comeBack(profile) {
  const directory = temporaryDirectory('resume');
  const after = await fill(directory);
  const server = await startServer({ directory, profile, env: { INKWIRE_LOG_LEVEL: 'info' } });
  const crowd = new ReceiverPool();
  const careful = new ReceiverPool();
  const opening = {
    wire: /** @type {const} */ ('ws'),
    port: server.port,
    request: upgrade(
      '/api/v1/stream',
      `Authorization: Bearer ${token}\r\nSec-WebSocket-Protocol: inkwire.v1\r\n`,
    ),
    first: subscription('jobs', { after }),
    live: '"type":"live"',
    atOnce: 500,
  };
  const delay = (/** @type {number} */ percentile) =>
    `inkwire_event_loop_delay_seconds{percentile="${percentile}"}`;
  // Each look begins a new measurement.
  await metric(server.port, delay(99));
  const [from, cpu] = [performance.now(), processCpuMs(server.pid)];
  await Promise.all([
    crowd.open({ ...opening, group: 'crowd', count: clients - checked }),
    careful.open({ ...opening, group: 'careful', count: checked, check: true }),
  ]);
  await crowd.expect('crowd', facts);
  await careful.expect('careful', facts);
  const ms = performance.now() - from;
  const cpuUs = ((processCpuMs(server.pid) - cpu) * 1000) / clients / facts;
  const text = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
  const delayed = (/** @type {number} */ percentile) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(delay(percentile)))
        ?.split(' ')[1],
    ) * 1000;
  const states = [...(await crowd.state('crowd')), ...(await careful.state('careful'))];
  const defects = states.reduce(
    (sum, { events, order }) => sum + Math.abs(facts - events) + (order?.defects ?? 0) + (order?.resets ?? 0),
    0,
  );
  await crowd.end();
  await careful.end();
  await server.stop();
  removeDirectory(directory);
  return { ms, delayP99: delayed(99), delayMax: delayed(100), cpuUs, defects };
}

/**
 * A data directory as a server leaves it. @param {string} directory
 * @returns {Promise<string>} the cursor after which there are `facts` facts
 */
async function fill(directory) {
  const { openSqliteEngine } = await import(join(dist, 'engine/sqlite/sqlite-engine.js'));
  const { formatCursor } = await import(join(dist, 'protocol/cursor.js'));
  const { positionAt } = await import(join(dist, 'engine/lives.js'));
  const unbounded = Number.MAX_SAFE_INTEGER;
  const engine = await openSqliteEngine({
    directory,
    fairness: { maxRunningPerOwner: unbounded, weights: {} },
  });
  const { store } = engine;
  const limits = { maxPending: unbounded, maxPendingPerOwner: unbounded };
  await Promise.all(Array.from({ length: facts }, () => store.submit({ job: pendingJob(), input, limits })));
  const claimed = await store.claim({
    worker: 'w',
    limit: facts,
    now: Date.now(),
    leaseUntil: Date.now() + 60_000,
  });
  await Promise.all(
    claimed.map((/** @type {any} */ { job }) =>
      store.apply(job.id, { type: 'start', claim: 1 }, Date.now(), { owner }),
    ),
  );
  const log = await store.log();
  await Promise.all(
    claimed.map((/** @type {any} */ { job }) =>
      store.apply(job.id, { type: 'complete', claim: 1, result }, Date.now(), { owner }),
    ),
  );
  await engine.close();
  return formatCursor(positionAt(log, log.last));
}
