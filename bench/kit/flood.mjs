import { setMaxListeners } from 'node:events';
import { connect } from 'node:net';
import { Agent } from 'undici';
import { longTable, smallDocument } from './documents.mjs';

/**
 * One owner's requests, again and again until the end: a process of its own, since a flood that shared its event loop with the
 * requests that are measured would hold those up by itself. Takes orders from flood-process.mjs and answers each when
 * it is carried out.
 *
 * @typedef {{ type: 'fill', port: number, token: string, count: number }} Fill so many jobs, so that a snapshot is some work
 * @typedef {{ type: 'begin', port: number, token: string, flood: string }} Begin
 * @typedef {Fill | Begin | { type: 'end' }} Order
 */

const agent = new Agent({ connections: 256 });
/** @type {Promise<unknown>[]} */
const loops = [];
/** @type {import('node:net').Socket[]} */
const sockets = [];
let going = listenedTo();

process.on('message', async (/** @type {Order} */ order) => {
  try {
    await carryOut(order);
    process.send?.({});
  } catch (error) {
    process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
process.on('disconnect', () => process.exit());

/** @param {Order} order */
async function carryOut(order) {
  if (order.type === 'end') {
    going.abort();
    for (const socket of sockets.splice(0)) socket.destroy();
    await Promise.all(loops.splice(0));
    going = listenedTo();
    return;
  }
  const server = { port: order.port, token: order.token };
  if (order.type === 'begin') floods[order.flood]?.(server);
  else
    await Promise.all(
      Array.from({ length: order.count }, () => ask(server, '/api/v1/jobs', smallDocument())),
    );
}

/** Each request under way listens to it. */
function listenedTo() {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/**
 * @param {{ port: number, token: string }} server
 * @param {string} path
 * @param {object} [body]
 */
async function ask({ port, token }, path, body) {
  const isFile = body instanceof Uint8Array;
  const type = isFile ? 'multipart/form-data; boundary=b' : 'application/json';
  const { statusCode, body: answer } = await agent.request({
    origin: `http://127.0.0.1:${port}`,
    path,
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': type }),
    },
    signal: going.signal,
    ...(body === undefined ? {} : { body: isFile ? body : JSON.stringify(body) }),
  });
  await answer.dump({ limit: Number.MAX_SAFE_INTEGER });
  return statusCode;
}

/**
 * @param {{ port: number, token: string }} server
 * @param {number} count at one time
 * @param {string} path
 * @param {object} [body]
 */
function keepAsking(server, count, path, body) {
  const { signal } = going;
  const loop = async () => {
    while (!signal.aborted) {
      // What is refused is asked for again, but not in a busy loop.
      const status = await ask(server, path, body).catch(() => 0);
      if (status === 0 || status >= 400) await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  loops.push(...Array.from({ length: count }, loop));
}

/**
 * @param {{ port: number, token: string }} server
 * @param {number} count of bodies, of which one byte comes
 */
function announce({ port, token }, count) {
  for (let number = 0; number < count; number += 1) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    socket.write(
      'POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
        `Authorization: Bearer ${token}\r\nContent-Length: 33554432\r\n\r\n{`,
    );
    sockets.push(socket);
  }
}

/** A file of 30 MB, as browsers send it. It is no document: the job that it makes fails at once. */
const largeForm = Buffer.concat([
  Buffer.from(
    '--b\r\nContent-Disposition: form-data; name="kind"\r\n\r\nextract_text\r\n' +
      '--b\r\nContent-Disposition: form-data; name="pdf_data"; filename="a.pdf"\r\n\r\n%PDF-1.7\n',
  ),
  Buffer.alloc(30_000_000, 'x'),
  Buffer.from('\r\n--b--\r\n'),
]);

/** @type {Readonly<Record<string, (server: { port: number, token: string }) => void>>} */
const floods = {
  announcing: (server) => announce(server, 64),
  renders: (server) => keepAsking(server, 80, '/api/v1/render', longTable(500)),
  readers: (server) => keepAsking(server, 50, '/api/v1/events?topic=jobs'),
  submits: (server) => {
    keepAsking(server, 32, '/api/v1/jobs', smallDocument());
    keepAsking(server, 32, '/api/v1/jobs?limit=200');
  },
  files: (server) => keepAsking(server, 2, '/api/v1/jobs', largeForm),
};
