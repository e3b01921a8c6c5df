import { join } from 'node:path';
import { pendingJob } from '../kit/pending-job.mjs';
import { dist, removeDirectory, temporaryDirectory } from '../kit/server.mjs';
import { percentiles } from '../kit/statistics.mjs';

/**
 * Where jobs are submitted to: this server's store without HTTP, embedded or as a node, and what others use for
 * a durable queue. Each submit is one job of 1.5 KB and on the disk before its answer.
 *
 * @typedef {object} Place
 * @property {'embedded' | 'node' | 'bullmq' | 'pg-boss'} kind
 * @property {{ url: string, address: object }} [postgres] of a node and of pg-boss
 * @property {string} [redis] the socket of BullMQ's server
 *
 * @typedef {object} Queue
 * @property {(n: number) => Promise<unknown>} submit
 * @property {() => number} commits so far, 0 where that is not known
 * @property {() => Promise<unknown>} close
 *
 * @typedef {{ perSecond: number, commitsPerSecond: number, ms: ReturnType<typeof percentiles> }} Measured
 */

const request = JSON.stringify({ operations: [{ type: 'add_text', text: 'x'.repeat(1_440) }] });
export const owners = Array.from({ length: 100 }, (_, n) => `owner-${n}`);
const fairness = { maxRunningPerOwner: 1_000_000, weights: {} };

/**
 * @param {Place} place
 * @returns {Promise<Queue>}
 */
export function openQueue({ kind, postgres, redis }) {
  switch (kind) {
    case 'embedded':
      return embedded();
    case 'node':
      return node(/** @type {NonNullable<typeof postgres>} */ (postgres).url);
    case 'bullmq':
      return bullmq(redis ?? '');
    case 'pg-boss':
      return pgBoss(/** @type {NonNullable<typeof postgres>} */ (postgres).address);
  }
}

/** @returns {Promise<Queue>} */
async function embedded() {
  const { openSqliteEngine } = await import(join(dist, 'engine/sqlite/sqlite-engine.js'));
  const directory = temporaryDirectory('embedded');
  let commits = 0;
  const onCommit = () => {
    commits += 1;
  };
  const engine = await openSqliteEngine({ directory, fairness, onCommit });
  const close = async () => {
    await engine.close();
    removeDirectory(directory);
  };
  return { ...submitsTo(engine), commits: () => commits, close };
}

/**
 * @param {string} url
 * @returns {Promise<Queue>}
 */
async function node(url) {
  let commits = 0;
  const engine = await openNode(url, () => {
    commits += 1;
  });
  return { ...submitsTo(engine), commits: () => commits, close: () => engine.close() };
}

/**
 * A node of the service of a database; what is submitted has no files.
 * @param {string} url
 * @param {() => void} [onCommit]
 */
export async function openNode(url, onCommit = () => undefined) {
  const { openPostgresEngine } = await import(join(dist, 'engine/postgres/postgres-engine.js'));
  return openPostgresEngine({ url, fairness, onCommit, localClock: Date.now, openBlobs: async () => ({}) });
}

/** @param {any} engine */
function submitsTo({ store }) {
  return {
    async submit(/** @type {number} */ n) {
      const outcome = await store.submit(submission(n));
      if (outcome.type !== 'created') throw new Error(outcome.type);
      return outcome;
    },
  };
}

/** @param {number} n */
function submission(n) {
  const job = pendingJob(owners[n % owners.length]);
  const limits = { maxPending: 10_000_000, maxPendingPerOwner: 10_000_000 };
  return { job, input: { request: { inline: request }, inputs: [] }, limits };
}

/**
 * @param {string} path
 * @returns {Promise<Queue>}
 */
async function bullmq(path) {
  const { Queue } = await import('bullmq');
  const queue = new Queue('documents', { connection: { path } });
  await queue.waitUntilReady();
  return {
    submit: (n) => queue.add('document', { owner: owners[n % owners.length], request }),
    commits: () => 0,
    close: () => queue.close(),
  };
}

/**
 * @param {object} address
 * @returns {Promise<Queue>}
 */
async function pgBoss(address) {
  const { default: PgBoss } = await import('pg-boss');
  const boss = new PgBoss({ ...address, supervise: false, schedule: false });
  boss.on('error', (error) => console.error(error));
  await boss.start();
  await boss.createQueue('documents');
  return {
    submit: (n) => boss.send('documents', { owner: owners[n % owners.length], request }),
    commits: () => 0,
    close: () => boss.stop({ graceful: false }),
  };
}

/**
 * So many callers, each with one submit at a time, go round the queues.
 * @param {readonly Queue[]} queues
 * @param {number} callers
 * @param {number} seconds
 * @returns {Promise<Measured>}
 */
export async function load(queues, callers, seconds) {
  const commits = () => queues.reduce((sum, queue) => sum + queue.commits(), 0);
  const before = commits();
  const from = performance.now();
  const until = from + seconds * 1000;
  /** @type {number[]} */
  const times = [];
  let n = 0;
  const caller = async (/** @type {unknown} */ _, /** @type {number} */ index) => {
    const queue = queues[index % queues.length];
    for (let begun = performance.now(); begun < until; begun = performance.now()) {
      n += 1;
      await queue?.submit(n);
      times.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const elapsed = (performance.now() - from) / 1000;
  return {
    perSecond: times.length / elapsed,
    commitsPerSecond: (commits() - before) / elapsed,
    ms: percentiles(times),
  };
}
