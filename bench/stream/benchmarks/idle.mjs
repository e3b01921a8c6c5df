import { spread } from '../../kit/statistics.mjs';
import { admittedRequest, eventStream, subscription, upgrade } from '../peers.mjs';
import { ReceiverPool } from '../receiver-pool.mjs';
import { ChildProcess } from '../server-process.mjs';

/**
 * Connections that follow a group each, in which there will be one job, against connections that are only held. The jobs
 * come after memory was read: what making them leaves in the heap would hide what connections take.
 */

const seconds = 5;

/**
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const connections = short ? 4_000 : 10_000;
  const rounds = short ? 1 : 3;
  const figures = [];
  for (const wire of /** @type {const} */ (['ws', 'sse'])) {
    /** @type {{ bare: Held[], ours: Held[] }} */
    const held = { bare: [], ours: [] };
    for (let round = 0; round < rounds; round += 1) {
      held.bare.push(await holdBare(wire, connections));
      held.ours.push(await holdOurs(wire, connections));
    }
    for (const [name, all] of Object.entries(held))
      say(
        `${wire} ${name}: ${all.map(({ resident, used, cpuPercent }) => `${resident.toFixed(1)} KiB resident, ${used.toFixed(1)} KiB in use, ${cpuPercent.toFixed(1)} % CPU`).join('; ')}`,
      );
    const node = wire === 'ws' ? 'bare ws' : 'bare http';
    const cpu = held.ours.map(({ cpuPercent }) => cpuPercent.toFixed(1)).join(', ');
    // What comes on top from round to round are pages that the collector has yet to give back.
    const [bare, ours] = [held.bare, held.ours].map((all) =>
      Math.min(...all.map(({ resident }) => resident)),
    );
    const all = held.ours.map(({ resident }) => resident);
    const inUse = [held.bare, held.ours].map((all) => Math.min(...all.map(({ used }) => used)));
    figures.push(
      {
        name: `${node}: memory`,
        value: bare,
        unit: 'KiB/connection',
        note: `${connections} connections; of that ${inUse[0].toFixed(1)} in heap and buffers`,
      },
      {
        name: `inkwire ${wire}: memory`,
        value: ours,
        unit: 'KiB/connection',
        note: `${connections} connections, each follows a job of its own in a group of its own; of that ${inUse[1].toFixed(1)} in heap and buffers; ${cpu} % CPU while nothing happens`,
      },
      {
        name: `inkwire ${wire} / ${node}`,
        value: ours / bare,
        unit: 'x',
        atMost: 1.3,
        note: `ours ${spread(all, 1)} KiB, the least of each counts`,
      },
    );
  }
  return figures;
}

/** @typedef {{ resident: number, used: number, cpuPercent: number }} Held KiB for each connection, % of one core */

/** @param {'ws' | 'sse'} wire @param {number} connections */
function holdBare(wire, connections) {
  const server = new ChildProcess('./servers/bare.mjs', { args: [wire] });
  return hold(server, {
    wire,
    count: connections,
    request: wire === 'ws' ? upgrade('/') : eventStream('/'),
    ...(wire === 'ws' ? { first: subscription('jobs'), live: '"live"' } : { live: 'event: live' }),
  });
}

/** @param {'ws' | 'sse'} wire @param {number} connections */
function holdOurs(wire, connections) {
  // A handshake that passes admission must leave nothing behind on its socket.
  const server = new ChildProcess('./servers/inkwire.mjs', {
    args: [JSON.stringify({ admission: wire === 'ws' })],
  });
  return hold(server, {
    wire,
    count: connections,
    variants: Array.from({ length: connections }, (_, index) => `batch-2026-11-${index}`),
    request: wire === 'ws' ? admittedRequest : eventStream('/?topic=group:%'),
    ...(wire === 'ws' ? { first: subscription('group:%'), live: '"type":"live"' } : { live: 'event: live' }),
  });
}

/**
 * @param {ChildProcess} server
 * @param {Omit<import('../receiver.mjs').Opening, 'group' | 'port'>} opening `variants`: groups that get a job each
 * @returns {Promise<Held>}
 */
async function hold(server, opening) {
  const { port } = await server.ready;
  const { variants, count } = opening;
  const receivers = new ReceiverPool(2);
  // What the first connections need once for all is not theirs.
  const few = variants === undefined ? {} : { variants: variants.slice(0, 100) };
  await receivers.open({ ...opening, group: 'first', port, count: 100, ...few });
  await receivers.close('first');
  const before = await settled(server);
  await receivers.open({ ...opening, group: 'all', port });
  const after = await settled(server);
  if (variants !== undefined) {
    await receivers.all('mark', { group: 'all' });
    await server.order('submit', { jobs: count, groups: variants });
    // Each hears of its own job and of no other.
    const { most } = await receivers.expect('all', 1);
    if (most !== 1) throw new Error('A connection got events of others');
  }
  const cpu = server.cpuMs;
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const cpuPercent = (server.cpuMs - cpu) / seconds / 10;
  await receivers.end();
  await server.close();
  const each = (/** @type {number} */ mib) => (mib * 1024) / count;
  return {
    resident: each(after.resident - before.resident),
    used: each(after.used - before.used),
    cpuPercent,
  };
}

/** @param {ChildProcess} server */
async function settled(server) {
  await server.order('memory');
  await new Promise((resolve) => setTimeout(resolve, 500));
  return server.order('memory');
}
