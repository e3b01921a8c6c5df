import { inkwireRequest, subscription } from '../peers.mjs';
import { ReceiverPool } from '../receiver-pool.mjs';
import { ChildProcess } from '../server-process.mjs';

/**
 * One reader stops while a million progress values and a hundred thousand facts pass: what the server holds for it, against
 * the same without it; then it reads on.
 */

const jobs = 400;
const perTurn = { facts: 100, progress: 1_000 };

/**
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const turns = short ? 200 : 1_000;
  const control = await pass(turns, 0, []);
  const stopped = await pass(turns, 1, profile('stopped'));
  const again = await pass(turns, 0, []);
  for (const one of [control, stopped, again]) say(JSON.stringify(one));
  const without = (control.used + again.used) / 2;
  const facts = stopped.facts;
  return [
    {
      name: 'memory for the stopped reader',
      value: stopped.used - without,
      unit: 'MiB',
      atMost: 2,
      note: `in use after a collection ${stopped.used.toFixed(1)} MiB, without it ${control.used.toFixed(1)} and ${again.used.toFixed(1)}; resident ${stopped.resident.toFixed(0)}, ${control.resident.toFixed(0)} and ${again.resident.toFixed(0)}`,
    },
    {
      name: 'facts missing when it reads on',
      value: facts - stopped.got,
      unit: `of ${facts}`,
      atMost: 0,
      note: `${((turns * perTurn.progress) / 1000).toFixed(0)} k progress values published, it got ${stopped.progress}`,
    },
    { name: 'facts out of order or twice', value: stopped.defects, unit: '', atMost: 0 },
    {
      name: 'time until it had them all',
      value: stopped.catchUpMs,
      unit: 'ms',
      note: `${((stopped.catchUpMs * 1000) / facts).toFixed(1)} us per fact, its own JSON.parse included`,
    },
    { name: 'CPU of the server', value: stopped.catchUpCpuUs, unit: 'us/event', note: 'while it read on' },
  ];
}

/**
 * @param {number} turns
 * @param {number} many stopped readers
 * @param {readonly string[]} node
 */
async function pass(turns, many, node) {
  // The reader may take as long as it likes; the log in memory keeps every fact.
  const server = new ChildProcess('./servers/inkwire.mjs', {
    args: [JSON.stringify({ stuckMs: 3_600_000 })],
    node,
  });
  const { port } = await server.ready;
  await server.order('submit', { jobs });
  const receivers = new ReceiverPool();
  const opening = {
    wire: /** @type {const} */ ('ws'),
    port,
    request: inkwireRequest,
    live: '"type":"live"',
    first: subscription('jobs', { progress_ms: 100 }),
  };
  await receivers.open({ ...opening, group: 'healthy', count: 1 });
  const stopped = new ReceiverPool();
  await stopped.open({ ...opening, group: 'stopped', count: many, check: true });
  await stopped.all('mark', { group: 'stopped' });
  await stopped.all('pause', { group: 'stopped' });
  const from = sequenceOf(await server.order('cursor'));
  await server.order('churn', { turns, jobs: jobs / 2, ...perTurn });
  await new Promise((resolve) => setTimeout(resolve, 500));
  const { used, resident } = await server.order('memory');
  const facts = sequenceOf(await server.order('cursor')) - from;
  const { behind } = await server.order('state');
  const result = {
    used,
    resident,
    facts,
    behind,
    got: 0,
    defects: 0,
    progress: 0,
    catchUpMs: 0,
    catchUpCpuUs: 0,
  };
  if (many > 0) {
    const [begun, cpu] = [performance.now(), server.cpuMs];
    await stopped.all('resume', { group: 'stopped' });
    await stopped.expect('stopped', facts, 60_000);
    result.catchUpMs = performance.now() - begun;
    result.catchUpCpuUs = ((server.cpuMs - cpu) * 1000) / facts;
    await new Promise((resolve) => setTimeout(resolve, 500));
    const [{ events, order }] = await stopped.state('stopped');
    Object.assign(result, { got: events, defects: order.defects + order.resets, progress: order.progress });
  }
  await receivers.end();
  await stopped.end();
  await server.close();
  return result;
}

/** @param {string} cursor */
function sequenceOf(cursor) {
  return Number.parseInt(cursor.slice(cursor.indexOf('-') + 1), 36);
}
