import { token } from '../kit/server.mjs';
import { hasNchan, NchanServer } from './nchan.mjs';
import { ChildProcess } from './server-process.mjs';

/**
 * Who is compared.
 *
 * @typedef {object} Peer
 * @property {string} name
 * @property {'ws' | 'sse'} wire
 * @property {(node?: readonly string[], options?: object) => ServerProcess} start
 * @property {string} request head of a subscriber's handshake
 * @property {string} [first]
 * @property {string} [live]
 *
 * @typedef {ChildProcess | NchanServer} ServerProcess
 */

/** @param {string} path */
export function upgrade(path, fields = '') {
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${fields}\r\n`;
}

/** @param {string} path */
export function eventStream(path, fields = '') {
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n${fields}\r\n`;
}

/** @param {string} topic */
export function subscription(topic, members = {}) {
  return JSON.stringify({
    type: 'subscribe',
    id: 's1',
    topics: [topic],
    snapshot: false,
    progress_ms: 0,
    ...members,
  });
}

const inkwireProtocol = 'Sec-WebSocket-Protocol: inkwire.v1\r\n';
/**
 * @param {string} path
 * @param {readonly string[]} [args]
 */
const server =
  (path, args = []) =>
  (/** @type {readonly string[]} */ node = [], /** @type {object | undefined} */ options = undefined) =>
    new ChildProcess(path, { args: options === undefined ? args : [JSON.stringify(options)], node });

/** @type {Record<string, Peer>} */
export const peers = {
  'ws loop': {
    name: 'ws loop',
    wire: 'ws',
    start: server('./servers/ws.mjs', ['loop']),
    request: upgrade('/'),
    live: '"live"',
  },
  'ws shared frame': {
    name: 'ws shared frame',
    wire: 'ws',
    start: server('./servers/ws.mjs', ['shared']),
    request: upgrade('/'),
    live: '"live"',
  },
  'socket.io': {
    name: 'socket.io',
    wire: 'ws',
    start: server('./servers/socket-io.mjs'),
    request: upgrade('/socket.io/?EIO=4&transport=websocket'),
    first: '40',
    live: '"live"',
  },
  'nchan ws': {
    name: 'nchan ws',
    wire: 'ws',
    start: () => new NchanServer(),
    request: upgrade('/follow'),
  },
  'inkwire ws': {
    name: 'inkwire ws',
    wire: 'ws',
    start: server('./servers/inkwire.mjs'),
    request: upgrade('/', inkwireProtocol),
    first: subscription('jobs'),
    live: '"type":"live"',
  },
  'better-sse': {
    name: 'better-sse',
    wire: 'sse',
    start: server('./servers/better-sse.mjs'),
    request: eventStream('/'),
    live: 'event:live',
  },
  'nchan sse': {
    name: 'nchan sse',
    wire: 'sse',
    start: () => new NchanServer(),
    request: eventStream('/follow'),
  },
  'inkwire sse': {
    name: 'inkwire sse',
    wire: 'sse',
    start: server('./servers/inkwire.mjs'),
    request: eventStream('/?topic=jobs'),
    live: 'event: live',
  },
};

export const inkwireRequest = upgrade('/', inkwireProtocol);
/** For a server with `admission`. */
export const admittedRequest = upgrade(
  '/api/v1/stream',
  `${inkwireProtocol}Authorization: Bearer ${token}\r\n`,
);

/** @param {readonly string[]} names @returns {Peer[]} those that are installed */
export function present(names) {
  return names.flatMap((name) => {
    const peer = peers[name];
    if (peer === undefined) throw new Error(`There is no peer ${name}`);
    return name.startsWith('nchan') && !hasNchan() ? [] : [peer];
  });
}

/** @param {Peer} peer */
export function isInkwire({ name }) {
  return name.startsWith('inkwire');
}
