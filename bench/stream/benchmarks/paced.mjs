import { mean, median, percentile, spread } from '../../kit/statistics.mjs';
import { isInkwire, present } from '../peers.mjs';
import { ReceiverPool } from '../receiver-pool.mjs';

/** 1,000 followers of one topic, 20 single events a second: how long each takes to each of them. */

const followers = 1_000;
const everyMs = 50;

/**
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const [rounds, events] = short ? [3, 40] : [5, 80];
  const contenders = [];
  for (const peer of present(['ws loop', 'inkwire ws', 'better-sse', 'inkwire sse'])) {
    const server = peer.start(profile(`paced-${peer.name.replaceAll(' ', '-')}`));
    const { port } = await server.ready;
    if (isInkwire(peer)) await server.order('prepare', { jobs: (rounds + 1) * events });
    const receivers = new ReceiverPool();
    await receivers.open({ ...peer, group: peer.name, port, count: followers });
    contenders.push({ peer, server, receivers, rounds: /** @type {Round[]} */ ([]) });
  }
  for (const contender of contenders) await measure(contender, events);
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of contenders) contender.rounds.push(await measure(contender, events));
  }
  for (const { server, receivers } of contenders) {
    await server.close();
    await receivers.end();
  }
  for (const { peer, rounds: own } of contenders)
    say(
      `${peer.name}: ${own.map(({ p50, p99, cpuUs }) => `p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} ms ${cpuUs.toFixed(1)} us`).join(', ')}`,
    );
  return contenders.flatMap(({ peer, rounds: own }) => {
    const base = contenders.find(
      ({ peer: other }) => other.name === (peer.wire === 'ws' ? 'ws loop' : 'better-sse'),
    );
    const p99 = own.map((round) => round.p99);
    const figures = [
      {
        name: `${peer.name}: p99`,
        value: median(p99),
        unit: 'ms',
        note: `${spread(p99, 1)}; p50 ${median(own.map(({ p50 }) => p50)).toFixed(1)}, mean ${mean(own.map((round) => round.mean)).toFixed(1)}`,
      },
      {
        name: `${peer.name}: CPU`,
        value: median(own.map(({ cpuUs }) => cpuUs)),
        unit: 'us/event',
        note: spread(
          own.map(({ cpuUs }) => cpuUs),
          1,
        ),
      },
    ];
    if (!isInkwire(peer) || base === undefined) return figures;
    const ratios = own.map((round, index) => round.p99 / (base.rounds[index]?.p99 ?? Number.NaN));
    return [
      ...figures,
      {
        name: `${peer.name} / ${base.peer.name}: p99`,
        value: median(p99) / median(base.rounds.map((round) => round.p99)),
        unit: 'x',
        atMost: 1.2,
        note: `by round ${spread(ratios, 2)}`,
      },
    ];
  });
}

/** @typedef {{ p50: number, p99: number, mean: number, cpuUs: number }} Round */

/**
 * @param {{ peer: import('../peers.mjs').Peer, server: import('../peers.mjs').ServerProcess, receivers: ReceiverPool }} contender
 * @param {number} events
 * @returns {Promise<Round>}
 */
async function measure({ peer, server, receivers }, events) {
  const group = peer.name;
  await receivers.all('mark', { group, record: events });
  const cpu = server.cpuMs;
  const stamps = await server.order('paced', { events, batch: 1, everyMs });
  await receivers.expect(group, events);
  const cpuUs = ((server.cpuMs - cpu) * 1000) / events / followers;
  const latencies = await receivers.latencies(group, stamps);
  const sum = latencies.reduce((total, latency) => total + latency, 0);
  const sorted = /** @type {any} */ (latencies);
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), mean: sum / latencies.length, cpuUs };
}
