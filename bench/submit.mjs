import { Connection, dataOf } from './kit/client.mjs';
import { CpuWatch } from './kit/cpu.mjs';
import { kilobyte } from './kit/documents.mjs';
import { LoadProcess } from './kit/load-process.mjs';
import { metric, removeDirectory, startServer, temporaryDirectory, token } from './kit/server.mjs';
import { openPictureServer } from './kit/standing-picture.mjs';
import { median, spread } from './kit/statistics.mjs';

const connections = 32;
const env = {
  INKWIRE_WORKERS: '1',
  INKWIRE_ALLOW_PRIVATE_FETCH: 'true',
  INKWIRE_MAX_PENDING: '10000000',
  INKWIRE_MAX_PENDING_PER_OWNER: '10000000',
};

/**
 * How many jobs are accepted, each durable before its answer, while nothing is rendered: by a new store and, in
 * alternating rounds, by one with a long history and a long queue. Then reading from the latter.
 * @param {import('./kit/figure.mjs').Run} run
 * @returns {Promise<import('./kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say, filledStore }) {
  const rounds = short ? 3 : 5;
  const seconds = short ? 2 : 4;
  const waiting = short ? 1_000 : 10_000;
  const history = await filledStore();
  const directory = temporaryDirectory('submit');
  const pictures = await openPictureServer();
  const load = new LoadProcess();
  const fresh = await startServer({ directory, env, profile: profile('submit-new') });
  const filled = await startServer({ directory: history.directory, env, profile: profile('submit-filled') });
  try {
    const body = JSON.stringify(kilobyte());
    await Promise.all([fresh, filled].map(({ port }) => holdUp(port, pictures.job(`${port}.png`))));
    const order = { token, exchange: /** @type {const} */ ('submit'), connections, body };
    await load.run({ ...order, port: fresh.port, count: 500 });
    await load.run({ ...order, port: filled.port, count: waiting });
    const watches = { fresh: new CpuWatch(fresh.pid), filled: new CpuWatch(filled.pid) };
    /** @type {Record<'fresh' | 'filled', import('./kit/load.mjs').Measured[]>} */
    const rows = { fresh: [], filled: [] };
    for (let round = 0; round < rounds; round += 1) {
      for (const name of round % 2 === 0
        ? /** @type {const} */ (['fresh', 'filled'])
        : /** @type {const} */ (['filled', 'fresh'])) {
        const server = name === 'fresh' ? fresh : filled;
        watches[name].start();
        const measured = await load.run({ ...order, port: server.port, seconds });
        const cpu = watches[name].stop();
        rows[name].push(measured);
        const each = Object.entries(cpu.ms).map(
          ([part, ms]) => `${part} ${((ms * 1000) / measured.exchanges).toFixed(0)}`,
        );
        say(
          `round ${round + 1}, ${name}: ${measured.perSecond.toFixed(0)}/s, p50 ${measured.ms.p50.toFixed(1)} p99 ${measured.ms.p99.toFixed(1)} ms, ` +
            `us CPU each: ${each.join(', ')}, load ${((measured.cpuMs * 1000) / measured.exchanges).toFixed(0)}`,
        );
      }
    }
    for (const { port } of [fresh, filled]) await checkHeldUp(port);
    const rate = (/** @type {'fresh' | 'filled'} */ name) => rows[name].map(({ perSecond }) => perSecond);
    const late = (/** @type {'fresh' | 'filled'} */ name) => rows[name].map(({ ms }) => ms.p99);
    const ratios = rate('filled').map((value, index) => value / (rate('fresh')[index] ?? value));
    const long = `${shownCount(history.finished)} finished, ${shownCount(waiting)} and more waiting`;
    return [
      {
        name: 'durable submits',
        value: median(rate('fresh')),
        unit: '/s',
        atLeast: 6000,
        note: spread(rate('fresh')),
      },
      {
        name: 'submit p99',
        value: median(late('fresh')),
        unit: 'ms',
        atMost: 10,
        note: `${connections} connections, as fast as they can`,
      },
      {
        name: 'with a history',
        value: median(rate('filled')),
        unit: '/s',
        note: `${long}; ${spread(rate('filled'))}`,
      },
      { name: 'submit p99 with a history', value: median(late('filled')), unit: 'ms' },
      {
        name: 'with a history / new',
        value: median(ratios),
        unit: 'x',
        atLeast: 0.8,
        note: spread(ratios, 2),
      },
      ...(await reads(load, filled.port, history.ids, short ? 2 : 4)),
    ];
  } finally {
    await Promise.all([fresh.stop(), filled.stop()]);
    pictures.close();
    load.close();
    removeDirectory(directory);
  }
}

/**
 * Reading with the history there: few connections, so that the times are not those of a queue.
 * @param {LoadProcess} load
 * @param {number} port
 * @param {readonly string[]} ids
 * @param {number} seconds
 * @returns {Promise<import('./kit/figure.mjs').Figure[]>}
 */
async function reads(load, port, ids, seconds) {
  const get = (/** @type {readonly string[]} */ paths) =>
    load.run({ port, token, exchange: 'get', connections: 2, paths, seconds });
  const jobs = ids.map((id) => `/api/v1/jobs/${id}`);
  const pages = ids.map((id) => `/api/v1/jobs?limit=50&cursor=${id}`);
  const rare = ['/api/v1/jobs?limit=50&status=failed', '/api/v1/jobs?limit=50&kind=merge'];
  await get(jobs);
  /** @type {import('./kit/figure.mjs').Figure[]} */
  const figures = [];
  for (const [name, paths] of /** @type {const} */ ([
    ['GET /jobs/{id} p99', jobs],
    ['listing of 50 p99', pages],
    ['listing that finds nothing p99', rare],
  ])) {
    const { ms, perSecond } = await get(paths);
    const note = `p50 ${ms.p50.toFixed(2)} ms, ${perSecond.toFixed(0)}/s on 2 connections`;
    figures.push({ name, value: ms.p99, unit: 'ms', note });
  }
  return figures;
}

/**
 * From now on nothing starts.
 * @param {number} port
 * @param {{ readonly body: string, readonly asked: Promise<unknown> }} job
 */
async function holdUp(port, { body, asked }) {
  const connection = new Connection(port, token);
  // One is enough for 20 s; the others take over.
  for (let n = 0; n < 20; n += 1) dataOf(await connection.request('POST', '/api/v1/jobs', { body }));
  await asked;
  connection.close();
}

/**
 * Throws when anything was rendered meanwhile.
 * @param {number} port
 */
async function checkHeldUp(port) {
  const rendered = await metric(port, 'inkwire_render_seconds_count');
  if (rendered > 0)
    throw new Error(`${rendered} documents were rendered while only acceptance was to be measured`);
}

/** @param {number} count */
function shownCount(count) {
  return count.toLocaleString('en').replaceAll(',', ' ');
}
