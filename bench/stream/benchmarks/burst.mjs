import { median, spread } from '../../kit/statistics.mjs';
import { isInkwire, present } from '../peers.mjs';
import { ReceiverPool } from '../receiver-pool.mjs';

/** 1,000 followers of one topic, events as fast as the slowest of them follows. */

const followers = 1_000;
const batch = 20;
/** Far more than is on its way at any time, and little enough for the kernel: nobody has to queue in the process. */
const window = 200;

/**
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const [rounds, events] = short ? [2, 300] : [4, 500];
  const all = present([
    'ws loop',
    'inkwire ws',
    'ws shared frame',
    'socket.io',
    'nchan ws',
    'better-sse',
    'inkwire sse',
    'nchan sse',
  ]);
  const contenders = [];
  for (const peer of all) {
    const server = peer.start(profile(`burst-${peer.name.replaceAll(' ', '-')}`));
    const { port } = await server.ready;
    if (isInkwire(peer)) await server.order('prepare', { jobs: 200 + rounds * (events + events / 5) });
    const receivers = new ReceiverPool();
    const group = peer.name;
    await receivers.open({ ...peer, group, port, count: followers });
    receivers.onAcknowledged((acknowledged) => server.tell({ acknowledged }));
    const contender = {
      peer,
      server,
      receivers,
      measured: /** @type {Round[]} */ ([]),
      single: /** @type {Round[]} */ ([]),
    };
    contenders.push(contender);
    await measure(contender, 200, batch);
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of contenders) contender.measured.push(await measure(contender, events, batch));
    for (const contender of contenders) contender.single.push(await measure(contender, events / 5, 1));
  }
  for (const { peer, measured } of contenders)
    say(
      `${peer.name}: ${measured.map(({ perSecond, cpuUs, receiver }) => `${perSecond.toFixed(0)}/s ${cpuUs.toFixed(2)} us (receiver ${(receiver * 100).toFixed(0)} %)`).join(', ')}`,
    );
  for (const { server, receivers } of contenders) {
    await server.close();
    await receivers.end();
  }
  const loop = contenders.find(({ peer }) => peer.name === 'ws loop');
  const sse = contenders.find(({ peer }) => peer.name === 'better-sse');
  return contenders.flatMap((contender) => {
    const { peer, measured, single } = contender;
    const base = peer.wire === 'ws' ? loop : sse;
    const cpu = median(measured.map(({ cpuUs }) => cpuUs));
    const figures = [
      {
        name: `${peer.name}: delivered`,
        value: median(measured.map(({ perSecond }) => perSecond)),
        unit: 'events/s',
        note: `${spread(measured.map(({ perSecond }) => perSecond))}; receiver busy ${(median(measured.map(({ receiver }) => receiver)) * 100).toFixed(0)} %; ${median(measured.map(({ bytes }) => bytes)).toFixed(0)} B/event`,
      },
      {
        name: `${peer.name}: CPU`,
        value: cpu,
        unit: 'us/event',
        note: `${spread(
          measured.map(({ cpuUs }) => cpuUs),
          2,
        )}; one event in a turn: ${median(single.map(({ cpuUs }) => cpuUs)).toFixed(2)}`,
      },
    ];
    if (!isInkwire(peer) || base === undefined) return figures;
    const faster = measured.map(
      ({ perSecond }, round) => perSecond / (base.measured[round]?.perSecond ?? Number.NaN),
    );
    const cheaper = measured.map(({ cpuUs }, round) => cpuUs / (base.measured[round]?.cpuUs ?? Number.NaN));
    const alone = single.map(({ cpuUs }, round) => cpuUs / (base.single[round]?.cpuUs ?? Number.NaN));
    return [
      ...figures,
      {
        name: `${peer.name} / ${base.peer.name}: delivered`,
        value: median(faster),
        unit: 'x',
        atLeast: 3,
        note: `by round ${spread(faster, 1)}`,
      },
      {
        name: `${peer.name} / ${base.peer.name}: CPU`,
        value: median(cheaper),
        unit: 'x',
        atMost: 0.333,
        note: `by round ${spread(cheaper, 2)}`,
      },
      {
        name: `${peer.name} / ${base.peer.name}: CPU, one event in a turn`,
        value: median(alone),
        unit: 'x',
        note: `by round ${spread(alone, 2)}`,
      },
    ];
  });
}

/** @typedef {{ perSecond: number, cpuUs: number, receiver: number, bytes: number }} Round `receiver`: busy, 0..1 */

/**
 * @param {{ peer: import('../peers.mjs').Peer, server: import('../peers.mjs').ServerProcess, receivers: ReceiverPool }} contender
 * @param {number} events
 * @param {number} size of a batch
 * @returns {Promise<Round>}
 */
async function measure({ peer, server, receivers }, events, size) {
  const group = peer.name;
  await receivers.all('mark', { group, acknowledge: true });
  const [cpu, receiverCpu] = [server.cpuMs, receivers.cpuMs];
  const [from, { at, bytes, most }] = await Promise.all([
    server.order('burst', { events, batch: size, window }),
    receivers.expect(group, events),
  ]);
  const deliveries = events * followers;
  if (most !== events) throw new Error(`${peer.name} sent ${most} of ${events} events`);
  return {
    perSecond: (deliveries * 1000) / (at - from),
    cpuUs: ((server.cpuMs - cpu) * 1000) / deliveries,
    receiver: (receivers.cpuMs - receiverCpu) / (at - from),
    bytes: bytes / deliveries,
  };
}
