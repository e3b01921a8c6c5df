import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { Connection } from './client.mjs';
import { percentiles } from './statistics.mjs';

/**
 * The load generator: a process of its own, so that its CPU is seen apart from the server's. Takes orders from
 * load-process.mjs and answers each with what it measured.
 *
 * @typedef {object} Order
 * @property {number} port
 * @property {string} [token]
 * @property {'submit' | 'document' | 'get'} exchange `document`: submit, wait for the end, download
 * @property {number} connections each with one exchange at a time
 * @property {string} [body]
 * @property {readonly string[]} [paths] for `get`, taken in turn
 * @property {number} [seconds] how long; or
 * @property {number} [count] how many
 * @property {number} [perSecond] a steady pace; the time of an exchange is then counted from when it was due, so that
 *   one which had to wait for a connection is not measured shorter than it was. Without it: as fast as answers come
 * @property {boolean} [inDetail] tells `times` and `loopMs`, too
 *
 * @typedef {object} Measured
 * @property {number} exchanges
 * @property {number} elapsedMs
 * @property {number} perSecond
 * @property {{ p50: number, p99: number, p999: number, max: number }} ms
 * @property {readonly number[]} [times] every one, in ms: for what is asked of several rounds together
 * @property {number} [loopMs] p99 of the turns of this process: times that are no longer say nothing of the server
 * @property {number} bytes of the last answers
 * @property {number} cpuMs of this process
 * @property {readonly string[]} ids of submitted jobs, the first hundred
 */

/** @type {Connection[]} */
let connections = [];
let connectedTo = '';

process.on('message', async (/** @type {Order} */ order) => {
  try {
    process.send?.({ measured: await follow(order) });
  } catch (error) {
    process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
process.on('disconnect', () => process.exit());

/**
 * @param {Order} order
 * @returns {Promise<Measured>}
 */
async function follow(order) {
  connect(order);
  const loop = monitorEventLoopDelay({ resolution: 1 });
  if (order.inDetail === true) loop.enable();
  const cpu = process.cpuUsage();
  const from = performance.now();
  const until = order.seconds === undefined ? Number.POSITIVE_INFINITY : from + order.seconds * 1000;
  const most = order.count ?? Number.POSITIVE_INFINITY;
  const spacing = order.perSecond === undefined ? 0 : 1000 / order.perSecond;
  /** @type {number[]} */
  const times = [];
  /** @type {string[]} */
  const ids = [];
  let begun = 0;
  let bytes = 0;
  await Promise.all(
    connections.map(async (connection) => {
      for (;;) {
        const n = begun;
        const due = spacing === 0 ? performance.now() : from + n * spacing;
        if (n >= most || due >= until) return;
        begun += 1;
        const early = due - performance.now();
        if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
        // A timer is up to a millisecond late by itself; that is not the server's.
        const started = early > 0 ? performance.now() : due;
        const answer = await exchange(connection, order, n);
        times.push(performance.now() - started);
        bytes += answer.bytes;
        if (answer.id !== undefined && ids.length < 100) ids.push(answer.id);
      }
    }),
  );
  const elapsedMs = performance.now() - from;
  const { user, system } = process.cpuUsage(cpu);
  loop.disable();
  return {
    exchanges: times.length,
    elapsedMs,
    perSecond: (times.length * 1000) / elapsedMs,
    ms: percentiles(times),
    ...(order.inDetail === true ? { times, loopMs: loop.percentile(99) / 1e6 } : {}),
    bytes,
    cpuMs: (user + system) / 1000,
    ids,
  };
}

/** @param {Order} order */
function connect({ port, token, connections: wanted }) {
  const key = `${port} ${token}`;
  if (key !== connectedTo || connections.length !== wanted) {
    for (const connection of connections) connection.close();
    connections = Array.from({ length: wanted }, () => new Connection(port, token));
    connectedTo = key;
  }
}

/**
 * @param {Connection} connection
 * @param {Order} order
 * @param {number} n
 * @returns {Promise<{ bytes: number, id?: string }>} rejects for an answer that is not the one wanted
 */
async function exchange(connection, { exchange: name, body = '', paths = [] }, n) {
  if (name === 'get') {
    const answer = await connection.request('GET', paths[n % paths.length] ?? '/');
    if (answer.status !== 200) throw refusal(answer);
    return { bytes: answer.body.length };
  }
  const fields = name === 'document' ? 'Prefer: wait=60\r\n' : '';
  const submitted = await connection.request('POST', '/api/v1/jobs', { body, fields });
  if (submitted.status !== 201) throw refusal(submitted);
  const [, id = ''] = /\r\nlocation: \/api\/v1\/jobs\/(\S+)/i.exec(submitted.head) ?? [];
  if (name === 'submit') return { bytes: submitted.body.length, id };
  if (!submitted.body.includes('"status":"completed"')) throw refusal(submitted);
  const result = await connection.request('GET', `/api/v1/jobs/${id}/result`);
  if (result.status !== 200 || result.body.latin1Slice(0, 5) !== '%PDF-') throw refusal(result);
  return { bytes: result.body.length, id };
}

/** @param {import('./client.mjs').Answer} answer */
function refusal({ status, body }) {
  return new Error(`Answered with ${status}: ${body.toString('utf8').slice(0, 500)}`);
}
