import { median } from '../../kit/statistics.mjs';
import { inkwireRequest, subscription } from '../peers.mjs';
import { ReceiverPool } from '../receiver-pool.mjs';
import { ChildProcess } from '../server-process.mjs';

/** Readers of one job each, among a hundred thousand other jobs that change: what a change costs that none of them wants. */

const batch = 50;
const jobs = 100_000;

/**
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const levels = [10, 100, 1_000, 10_000];
  const [rounds, changes] = short ? [1, 200_000] : [3, 400_000];
  /** @type {Map<number, number[]>} */
  const costs = new Map(levels.map((level) => [level, []]));
  for (let round = 0; round < rounds; round += 1) {
    const server = new ChildProcess('./servers/inkwire.mjs', { node: profile('irrelevant') });
    const { port } = await server.ready;
    const watched = await server.order('submit', { jobs: 10_000 });
    const receivers = new ReceiverPool(2);
    await server.order('announce', { changes, jobs, batch });
    let open = 0;
    for (const level of levels) {
      await receivers.open({
        group: `to ${level}`,
        wire: 'ws',
        port,
        count: level - open,
        request: inkwireRequest,
        first: subscription('job:%'),
        live: '"type":"live"',
        variants: watched.slice(open, level),
      });
      open = level;
      await server.order('memory');
      const cpu = server.cpuMs;
      await server.order('announce', { changes, jobs, batch });
      costs.get(level)?.push(((server.cpuMs - cpu) * 1000) / changes);
    }
    await receivers.end();
    await server.close();
  }
  const cost = (/** @type {number} */ level) => median(costs.get(level) ?? []);
  for (const level of levels)
    say(
      `${level}: ${costs
        .get(level)
        ?.map((us) => us.toFixed(2))
        .join(', ')} us`,
    );
  return [
    ...levels.map((level) => ({
      name: `${level} readers of other jobs`,
      value: cost(level),
      unit: 'us CPU/change',
      note: `of the gateway alone: told by hints of ${batch} facts`,
    })),
    {
      name: '10,000 readers / 10 readers',
      value: cost(10_000) / cost(10),
      unit: 'x',
      atMost: 1.25,
      note: 'flat is 1',
    },
  ];
}
