import { median, spread } from '../../kit/statistics.mjs';
import { startPostgres } from '../postgres.mjs';
import { load, openQueue } from '../queues.mjs';
import { hasRedis, startRedis } from '../redis.mjs';

const callers = 32;

/**
 * Durable submits without HTTP, all in this process: the embedded engine, one node, three nodes, and beside them what
 * others use. In alternating rounds.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const rounds = short ? 2 : 5;
  const seconds = short ? 1 : 4;
  const postgres = await startPostgres();
  const redis = hasRedis() ? await startRedis() : undefined;
  /** @type {Map<string, readonly import('../queues.mjs').Queue[]>} */
  const contestants = new Map();
  const all = () => [...contestants.values()].flat();
  /**
   * @param {string} name
   * @param {import('../queues.mjs').Place} place
   * @param {number} [count]
   */
  const add = async (name, place, count = 1) => {
    /** @type {import('../queues.mjs').Queue[]} */
    const queues = [];
    contestants.set(name, queues);
    while (queues.length < count) queues.push(await openQueue(place));
  };
  try {
    await add('embedded', { kind: 'embedded' });
    await add('3 nodes', { kind: 'node', postgres }, 3);
    const [first] = contestants.get('3 nodes') ?? [];
    if (first !== undefined) contestants.set('1 node', [first]);
    if (redis !== undefined) await add('BullMQ', { kind: 'bullmq', redis: redis.path });
    await add('pg-boss', { kind: 'pg-boss', postgres });
    /** @type {Map<string, { alone: import('../queues.mjs').Measured[], together: import('../queues.mjs').Measured[] }>} */
    const measured = new Map([...contestants.keys()].map((name) => [name, { alone: [], together: [] }]));
    // Statements are prepared and code is compiled before anything counts.
    for (const queues of contestants.values()) await load(queues, callers, 0.5);
    for (let round = 0; round < rounds; round += 1) {
      const order = [...contestants];
      for (const [name, queues] of round % 2 === 0 ? order : order.reverse()) {
        const alone = await load(queues.slice(0, 1), 1, seconds / 2);
        const together = await load(queues, callers, seconds);
        measured.get(name)?.alone.push(alone);
        measured.get(name)?.together.push(together);
        say(
          `round ${round + 1}, ${name}: 1 at a time p50 ${alone.ms.p50.toFixed(2)} p99 ${alone.ms.p99.toFixed(1)} ms; ` +
            `${callers} at a time ${together.perSecond.toFixed(0)}/s, p50 ${together.ms.p50.toFixed(1)} p99 ${together.ms.p99.toFixed(1)} ms` +
            (together.commitsPerSecond > 0 ? `, ${together.commitsPerSecond.toFixed(0)} commits/s` : ''),
        );
      }
    }
    return figures(measured);
  } finally {
    for (const queue of all()) await queue.close().catch(() => undefined);
    await redis?.stop();
    await postgres.stop();
  }
}

/**
 * @param {ReadonlyMap<string, { alone: readonly import('../queues.mjs').Measured[], together: readonly import('../queues.mjs').Measured[] }>} measured
 * @returns {import('../../kit/figure.mjs').Figure[]}
 */
function figures(measured) {
  const rates = (/** @type {string} */ name) =>
    measured.get(name)?.together.map(({ perSecond }) => perSecond) ?? [];
  const embedded = rates('embedded');
  const ratios = rates('3 nodes').map((rate, round) => rate / (embedded[round] ?? Number.NaN));
  const commits = measured.get('3 nodes')?.together.map(({ commitsPerSecond }) => commitsPerSecond) ?? [];
  const single = (/** @type {string} */ name) => measured.get(name)?.alone.map(({ ms }) => ms.p50) ?? [];
  return [
    ...[...measured.keys()].flatMap((name) => [
      {
        name: `${name}: submits`,
        value: median(rates(name)),
        unit: '/s',
        note: `${callers} at a time; ${spread(rates(name))}`,
      },
      {
        name: `${name}: one submit p50`,
        value: median(single(name)),
        unit: 'ms',
        ...(name === '1 node' ? { atMost: 3 } : {}),
        note: spread(single(name), 2),
      },
    ]),
    {
      name: '3 nodes / embedded',
      value: median(ratios),
      unit: 'x',
      atLeast: 0.35,
      note: `${callers} at a time; ${spread(ratios, 2)}`,
    },
    {
      name: '3 nodes: transactions',
      value: median(commits),
      unit: '/s',
      atLeast: 250,
      note: spread(commits),
    },
  ];
}
