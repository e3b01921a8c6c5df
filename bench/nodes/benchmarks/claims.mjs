import { join } from 'node:path';
import { removeDirectory, startServer, temporaryDirectory } from '../../kit/server.mjs';
import { percentiles } from '../../kit/statistics.mjs';
import { startPostgres } from '../postgres.mjs';
import { openNode, openQueue, owners } from '../queues.mjs';

/**
 * Claims and pages of a listing with many jobs in the database, one at a time: what the plans of the statements are
 * worth. Nine of ten jobs have ended, the others wait.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export function run({ short, say }) {
  return claimsAmong(short ? 20_000 : 100_000, { short, say });
}

/**
 * @param {number} jobs
 * @param {Pick<import('../../kit/figure.mjs').Run, 'short' | 'say'>} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function claimsAmong(jobs, { short, say }) {
  const times = short ? 200 : 500;
  const directory = temporaryDirectory('claims');
  const postgres = await startPostgres();
  const engine = await openNode(postgres.url);
  const { store } = engine;
  try {
    /** @type {string[]} */
    const ids = [];
    await fill({ kind: 'node', postgres }, jobs, (outcome) => ids.push(outcome.job.id));
    const ended = ids.filter((_, n) => n % 10 !== 0);
    await many(ended, (id) => store.apply(id, { type: 'cancel' }, Date.now()));
    const { pending } = await store.depth();
    say(`${jobs} jobs, ${pending} of them wait`);

    const claims = await timed(times, async () => {
      const at = Date.now();
      const claimed = await store.claim({ worker: 'bench', limit: 4, now: at, leaseUntil: at + 600_000 });
      if (claimed.length !== 4) throw new Error(`${claimed.length} jobs were claimed`);
    });
    /** @type {import('../../kit/figure.mjs').Figure[]} */
    const figures = [
      {
        name: 'claim of 4 p99',
        value: claims.p99,
        unit: 'ms',
        atMost: 20,
        note: `p50 ${claims.p50.toFixed(1)} ms`,
      },
    ];
    for (const [name, filter] of /** @type {const} */ ([
      ['page of 50', {}],
      ['page of 50, those that wait', { status: 'pending' }],
      ['page of 50, none', { kind: 'merge' }],
    ])) {
      const pages = await timed(times, async (n) => {
        const afterId = ids[Math.floor(Math.random() * ids.length)];
        await store.list({ owner: owners[n % owners.length], limit: 50, afterId, ...filter });
      });
      const note = `p50 ${pages.p50.toFixed(1)} ms`;
      figures.push({ name: `${name} p99`, value: pages.p99, unit: 'ms', atMost: 30, note });
    }
    const env = { INKWIRE_DATABASE_URL: postgres.url, INKWIRE_BLOBS: join(directory, 'blobs') };
    const server = await startServer({ directory: join(directory, 'node'), env });
    await server.stop();
    figures.push({ name: 'start of a further node', value: server.readyMs, unit: 'ms', atMost: 3_000 });
    return figures;
  } finally {
    await engine.close();
    await postgres.stop();
    removeDirectory(directory);
  }
}

/**
 * @param {import('../queues.mjs').Place} place
 * @param {number} jobs
 * @param {(outcome: any) => void} each
 */
export async function fill(place, jobs, each) {
  const queue = await openQueue(place);
  await many(
    Array.from({ length: jobs }, (_, n) => n),
    async (n) => each(await queue.submit(n)),
  );
  await queue.close();
}

/**
 * As many at a time as share a commit.
 * @template T
 * @param {readonly T[]} items
 * @param {(item: T) => Promise<unknown>} act
 */
export async function many(items, act) {
  let next = 0;
  const caller = async () => {
    for (let item = items[next]; item !== undefined; item = items[next]) {
      next += 1;
      await act(item);
    }
  };
  await Promise.all(Array.from({ length: 256 }, caller));
}

/**
 * @param {number} times
 * @param {(n: number) => Promise<unknown>} act
 */
async function timed(times, act) {
  /** @type {number[]} */
  const took = [];
  for (let n = 0; n < times; n += 1) {
    const from = performance.now();
    await act(n);
    took.push(performance.now() - from);
  }
  return percentiles(took);
}
