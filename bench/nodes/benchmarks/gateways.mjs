import { pendingJob } from '../../kit/pending-job.mjs';
import { percentiles } from '../../kit/statistics.mjs';
import { startPostgres } from '../postgres.mjs';
import { openNode, owners } from '../queues.mjs';

const gateways = 20;
const jobsPerSecond = 100;

/**
 * What it costs the database that twenty gateways read the log: one node commits 300 facts a second, a job's three in three
 * commits; CPU of the database with the gateways and without.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const seconds = short ? 4 : 20;
  const postgres = await startPostgres();
  let commits = 0;
  const worker = await openNode(postgres.url, () => {
    commits += 1;
  });
  /** @type {any[]} */
  const others = [];
  /** @type {number[]} */
  const late = [];
  /** When each fact was committed, by its place. @type {number[]} */
  const committed = [];
  worker.bus.onHint((/** @type {any} */ { facts }) => {
    const now = performance.now();
    for (const { seq } of facts) committed[seq] = now;
  });
  let heard = 0;
  /** @param {() => Promise<unknown>} act @returns {Promise<number>} cores that the database took meanwhile */
  const coresOf = async (act) => {
    const [cpu, from] = [postgres.cpuMeter(), performance.now()];
    await act();
    return cpu.ms() / (performance.now() - from);
  };
  const work = () => lives(worker, seconds);
  const rest = () => new Promise((resolve) => setTimeout(resolve, seconds * 500));
  try {
    await lives(worker, 1);
    const restAlone = await coresOf(rest);
    const alone = await coresOf(work);
    while (others.length < gateways) {
      const gateway = await openNode(postgres.url);
      // As a server does.
      await gateway.keys.watch(() => undefined);
      gateway.bus.onHint((/** @type {any} */ { facts }) => {
        const now = performance.now();
        heard += facts.length;
        for (const { seq } of facts) late.push(now - (committed[seq] ?? Number.NaN));
      });
      others.push(gateway);
    }
    // They connect for their first readings, each of which costs as much as hundreds of later ones.
    await lives(worker, short ? 2 : 5);
    late.length = 0;
    const restTogether = await coresOf(rest);
    const before = { commits, heard };
    const from = performance.now();
    const together = await coresOf(work);
    const elapsed = (performance.now() - from) / 1000;
    const { p50, p99 } = percentiles(late.filter((ms) => ms >= 0));
    say(
      `at rest ${percent(restAlone)} to ${percent(restTogether)} % of a core, at work ${percent(alone)} to ${percent(together)} %; ` +
        `${((commits - before.commits) / elapsed).toFixed(0)} commits/s, ${((heard - before.heard) / elapsed).toFixed(0)} facts/s heard, ` +
        `p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} ms after the commit`,
    );
    const unit = '% of a core';
    return [
      {
        name: `${gateways} gateways at rest: database`,
        value: (restTogether - restAlone) * 100,
        unit,
      },
      {
        name: `${gateways} gateways, 300 facts/s: database`,
        value: (together - alone) * 100,
        unit,
        atMost: 10,
        note: `${percent(alone)} % without them; heard p99 ${p99.toFixed(0)} ms after the commit`,
      },
    ];
  } finally {
    for (const each of [...others, worker]) await each.close();
    await postgres.stop();
  }
}

/**
 * Lives of jobs, begun at an even pace.
 * @param {any} node
 * @param {number} seconds
 */
async function lives({ store }, seconds) {
  const from = performance.now();
  /** @type {Promise<unknown>[]} */
  const under = [];
  for (let n = 0; n < seconds * jobsPerSecond; n += 1) {
    const ms = from + (n * 1000) / jobsPerSecond - performance.now();
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
    under.push(life(store, n));
  }
  await Promise.all(under);
}

/**
 * Created, started, cancelled.
 * @param {any} store
 * @param {number} n
 */
async function life(store, n) {
  const limits = { maxPending: 1_000_000, maxPendingPerOwner: 1_000_000 };
  const job = pendingJob(owners[n % owners.length] ?? '');
  await store.submit({ job, input: { request: { inline: '{"operations":[]}' }, inputs: [] }, limits });
  const now = Date.now();
  const [claimed] = await store.claim({ worker: 'bench', limit: 1, now, leaseUntil: now + 60_000 });
  if (claimed === undefined) throw new Error('Nothing waits');
  const { id, claims: claim } = claimed.job;
  await store.apply(id, { type: 'start', claim }, now);
  await store.apply(id, { type: 'cancel' }, now);
}

/** @param {number} cores */
function percent(cores) {
  return (cores * 100).toFixed(1);
}
