import { median, spread } from '../../kit/statistics.mjs';
import { startPostgres } from '../postgres.mjs';
import { QueueProcess } from '../queue-process.mjs';
import { hasRedis, startRedis } from '../redis.mjs';

const callers = 100;

/**
 * The same with processes of their own: three nodes with 100 callers each, the embedded engine, which is one process,
 * with 100. In alternating rounds.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const rounds = short ? 2 : 5;
  const seconds = short ? 1.5 : 4;
  const postgres = await startPostgres();
  const redis = hasRedis() ? await startRedis() : undefined;
  /** @type {[name: string, place: import('../queues.mjs').Place, count: number][]} */
  const contestants = [
    ['embedded', { kind: 'embedded' }, 1],
    ['3 nodes', { kind: 'node', postgres }, 3],
    ['pg-boss', { kind: 'pg-boss', postgres }, 3],
  ];
  if (redis !== undefined) contestants.push(['BullMQ', { kind: 'bullmq', redis: redis.path }, 3]);
  /** @type {Map<string, QueueProcess[]>} */
  const processes = new Map();
  /** @type {Map<string, number[]>} */
  const rates = new Map();
  try {
    for (const [name, place, count] of contestants) {
      const started = Array.from({ length: count }, () => new QueueProcess(place));
      processes.set(name, started);
      rates.set(name, []);
      await Promise.all(started.map((each) => each.opened()));
      await Promise.all(started.map((each) => each.load({ callers, seconds: 0.5 })));
    }
    for (let round = 0; round < rounds; round += 1) {
      const order = [...processes];
      for (const [name, started] of round % 2 === 0 ? order : order.reverse()) {
        const measured = await Promise.all(started.map((each) => each.load({ callers, seconds })));
        const rate = measured.reduce((sum, { perSecond }) => sum + perSecond, 0);
        rates.get(name)?.push(rate);
        const slowest = Math.max(...measured.map(({ ms }) => ms.p99));
        say(`round ${round + 1}, ${name}: ${rate.toFixed(0)}/s, p99 ${slowest.toFixed(1)} ms`);
      }
    }
    const ratesOf = (/** @type {string} */ name) => rates.get(name) ?? [];
    const ratios = ratesOf('3 nodes').map((rate, round) => rate / (ratesOf('embedded')[round] ?? Number.NaN));
    return [
      ...contestants.map(([name, , count]) => ({
        name: `${name}: submits`,
        value: median(ratesOf(name)),
        unit: '/s',
        note: `${count} x ${callers} callers; ${spread(ratesOf(name))}`,
      })),
      { name: '3 nodes / embedded', value: median(ratios), unit: 'x', atLeast: 0.8, note: spread(ratios, 2) },
    ];
  } finally {
    for (const each of [...processes.values()].flat()) await each.close();
    await redis?.stop();
    await postgres.stop();
  }
}
