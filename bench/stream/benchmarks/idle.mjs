import { eventStream, inkwireRequest, subscription, upgrade } from '../peers.mjs';
import { ReceiverPool } from '../receiver-pool.mjs';
import { ChildProcess } from '../server-process.mjs';

/** Connections that follow one job each, on which nothing happens, against connections that are only held. */

const seconds = 5;

/**
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const connections = short ? 4_000 : 10_000;
  const rounds = short ? 1 : 2;
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
    const least = (/** @type {Held[]} */ all, /** @type {'resident' | 'used'} */ what) =>
      Math.min(...all.map((one) => one[what]));
    const node = wire === 'ws' ? 'bare ws' : 'bare http';
    const cpu = held.ours.map(({ cpuPercent }) => cpuPercent.toFixed(1)).join(', ');
    const bare = least(held.bare, 'resident');
    const more = least(held.ours, 'used') - least(held.bare, 'used');
    const seen = least(held.ours, 'resident');
    // Connections may lie in memory that the jobs' creation left over: then resident memory tells too little.
    const ours = Math.max(seen, bare + more);
    figures.push(
      {
        name: `${node}: memory`,
        value: bare,
        unit: 'KiB/connection',
        note: `${connections} connections; in use after a collection ${least(held.bare, 'used').toFixed(1)}`,
      },
      {
        name: `inkwire ${wire}: memory`,
        value: ours,
        unit: 'KiB/connection',
        note: `${connections} connections, each follows a job of its own; ${seen.toFixed(1)} seen, ${more.toFixed(1)} more in use than ${node}; ${cpu} % CPU while nothing happens`,
      },
      { name: `inkwire ${wire} / ${node}`, value: ours / bare, unit: 'x', atMost: 1.3 },
    );
  }
  return figures;
}

/** @typedef {{ resident: number, used: number, cpuPercent: number }} Held KiB for each connection, % of one core */

/** @param {'ws' | 'sse'} wire @param {number} connections */
async function holdBare(wire, connections) {
  const server = new ChildProcess('./servers/bare.mjs', { args: [wire] });
  return hold(server, {
    wire,
    count: connections,
    request: wire === 'ws' ? upgrade('/') : eventStream('/'),
    ...(wire === 'ws' ? { first: subscription('jobs'), live: '"live"' } : { live: 'event: live' }),
  });
}

/** @param {'ws' | 'sse'} wire @param {number} connections */
async function holdOurs(wire, connections) {
  const server = new ChildProcess('./servers/inkwire.mjs');
  await server.ready;
  const ids = await server.order('submit', { jobs: connections });
  return hold(server, {
    wire,
    count: connections,
    variants: ids,
    request: wire === 'ws' ? inkwireRequest : eventStream('/?topic=job:%'),
    ...(wire === 'ws' ? { first: subscription('job:%'), live: '"type":"live"' } : { live: 'event: live' }),
  });
}

/**
 * @param {ChildProcess} server
 * @param {Omit<import('../receivers.mjs').Opening, 'group' | 'port'>} opening
 * @returns {Promise<Held>}
 */
async function hold(server, opening) {
  const { port } = await server.ready;
  const receivers = new ReceiverPool(2);
  // What the first connections need once for all is not theirs.
  await receivers.open({
    ...opening,
    group: 'first',
    port,
    count: 100,
    ...(opening.variants === undefined ? {} : { variants: opening.variants.slice(0, 100) }),
  });
  await receivers.close('first');
  const before = await settled(server);
  await receivers.open({ ...opening, group: 'all', port });
  const after = await settled(server);
  const cpu = server.cpuMs;
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const cpuPercent = (server.cpuMs - cpu) / seconds / 10;
  await receivers.end();
  await server.close();
  const each = (/** @type {number} */ mib) => (mib * 1024) / opening.count;
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
