import { median, percentile } from '../../kit/statistics.mjs';
import { isInkwire, present } from '../peers.mjs';
import { ReceiverPool } from '../receiver-pool.mjs';

/**
 * A stream to 20 readers, while 50 others of the same topic read nothing: what that costs in memory, whether the 20 feel
 * it, and what becomes of the 50. When the stream has passed, half of them read on; the others never do.
 */

const healthy = 20;
const stalled = 50;
const resuming = stalled / 2;
const batch = 13;
const everyMs = 10;
const eventBytes = 800;
/** When the server has to have given up those that take nothing (30 s), with some time to see it. */
const deadlineMs = 40_000;

/**
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const bytes = (short ? 10 : 20) * 1024 * 1024;
  const events = Math.ceil(bytes / eventBytes);
  const figures = [];
  for (const peer of present(['ws loop', 'inkwire ws'])) {
    const ours = isInkwire(peer);
    const controls = [];
    const loads = [];
    for (let round = 0; round < (short || !ours ? 1 : 2); round += 1) {
      controls.push(await stream(peer, events, 0, []));
      loads.push(await stream(peer, events, stalled, profile(`stalled-${peer.name.replaceAll(' ', '-')}`)));
    }
    for (const [name, all] of Object.entries({ control: controls, load: loads }))
      say(`${peer.name}, ${name}: ${JSON.stringify(all)}`);
    const most = (/** @type {'grown' | 'grownLater' | 'defects'} */ what) =>
      Math.max(...loads.map((one) => one[what]));
    const least = (/** @type {'recovered' | 'closed'} */ what) => Math.min(...loads.map((one) => one[what]));
    const bare = median(controls.map(({ grown }) => grown));
    const [p99, p99Bare] = [loads, controls].map((all) => Math.min(...all.map((one) => one.p99)));
    const cpu = (/** @type {typeof loads} */ all) => median(all.map(({ cpuUs }) => cpuUs));
    figures.push(
      {
        name: `${peer.name}: more resident memory`,
        value: median(loads.map(({ grown }) => grown)) - bare,
        unit: 'MiB',
        ...(ours ? { atMost: 40 } : {}),
        note: `while the stream passes: peak ${most('grown').toFixed(0)} MiB above the start, ${bare.toFixed(0)} without stalled readers; ${stalled} stalled, ${(bytes / 1024 / 1024).toFixed(0)} MiB each`,
      },
      {
        name: `${peer.name}: more resident memory later`,
        value: median(loads.map(({ grownLater }) => grownLater)) - bare,
        unit: 'MiB',
        note: `while ${resuming} of them read on all at once`,
      },
      {
        name: `${peer.name}: p99 of the others`,
        value: p99,
        unit: 'ms',
        note: `${p99Bare.toFixed(2)} without stalled readers; the better round; ${healthy} readers, ${((batch * 1000) / everyMs).toFixed(0)} events/s in batches of ${batch}`,
      },
      {
        name: `${peer.name}: p99 of the others, with / without`,
        value: p99 / p99Bare,
        unit: 'x',
        ...(ours ? { atMost: 1.5 } : {}),
      },
      {
        name: `${peer.name}: CPU`,
        value: cpu(loads),
        unit: 'us/event',
        note: `of the 20 and the 25 that read on; ${cpu(controls).toFixed(2)} without stalled readers`,
      },
      {
        name: `${peer.name}: read on and got all`,
        value: least('recovered'),
        unit: `of ${resuming}`,
        ...(ours ? { atLeast: resuming } : {}),
        note: `${most('defects')} events missing, twice or out of order`,
      },
      {
        name: `${peer.name}: never read, closed by the server`,
        value: least('closed'),
        unit: `of ${stalled - resuming}`,
        ...(ours ? { atLeast: stalled - resuming } : {}),
        note: loads[0]?.codes,
      },
    );
  }
  return figures;
}

/**
 * @param {import('../peers.mjs').Peer} peer
 * @param {number} events
 * @param {number} many stalled readers
 * @param {readonly string[]} node
 */
async function stream(peer, events, many, node) {
  const server = peer.start(node);
  const { port } = await server.ready;
  if (isInkwire(peer)) await server.order('prepare', { jobs: events });
  const readers = new ReceiverPool();
  await readers.open({ ...peer, group: 'healthy', port, count: healthy });
  const others = new ReceiverPool();
  await others.open({ ...peer, group: 'stalled', port, count: many, check: true });
  await others.all('mark', { group: 'stalled' });
  await others.all('pause', { group: 'stalled' });
  await readers.all('mark', { group: 'healthy', record: events });
  await server.order('memory');
  const from = server.residentMiB;
  let peak = from;
  const sampling = setInterval(() => {
    peak = Math.max(peak, server.residentMiB);
  }, 50);
  const begun = performance.now();
  const cpu = server.cpuMs;
  const stamps = await server.order('paced', { events, batch, everyMs });
  await readers.expect('healthy', events);
  const sorted = /** @type {any} */ (await readers.latencies('healthy', stamps));
  const after = { recovered: 0, defects: 0, closed: 0, codes: '' };
  const grown = peak - from;
  let received = healthy;
  if (many > 0) {
    await others.all('resume', { group: 'stalled', count: resuming });
    received += resuming;
    await until(
      async () =>
        (await others.state('stalled'))
          .slice(0, resuming)
          .every((one) => one.events >= events || one.closed !== undefined),
      30_000,
    );
    const first = (await others.state('stalled')).slice(0, resuming);
    after.recovered = first.filter((one) => one.events === events && one.order.resets === 0).length;
    after.defects = first.reduce(
      (sum, { order, events: got }) => sum + order.defects + Math.abs(events - got),
      0,
    );
  }
  clearInterval(sampling);
  const cpuUs = ((server.cpuMs - cpu) * 1000) / events / received;
  if (many > 0) {
    await new Promise((resolve) =>
      setTimeout(resolve, deadlineMs - Math.min(deadlineMs, performance.now() - begun)),
    );
    await others.all('resume', { group: 'stalled' });
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const last = (await others.state('stalled')).slice(resuming);
    const ended = last.filter(({ closed }) => closed !== undefined);
    after.closed = ended.length;
    after.codes = `${ended.length} ended, codes ${[...new Set(ended.map(({ closed }) => closed || 'none'))].join(' ') || '-'}`;
  }
  await readers.end();
  await others.end();
  await server.close();
  return {
    grown,
    grownLater: peak - from,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    cpuUs,
    ...after,
  };
}

/** @param {() => Promise<boolean>} reached @param {number} timeoutMs */
async function until(reached, timeoutMs) {
  const deadline = performance.now() + timeoutMs;
  while (!(await reached()) && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 50));
}
