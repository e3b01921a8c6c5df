import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, test } from 'vitest';
import { createHandshakeCheck } from '../../src/http/admission/handshake.js';
import { createOrigins } from '../../src/http/admission/origins.js';
import { jsonOf } from '../helpers/fake-job-service.js';
import { openPushServer, type PushServer } from '../helpers/push-server.js';
import { overstay, RawConnection } from '../helpers/raw-http.js';
import { RawWebSocket } from '../helpers/raw-web-socket.js';
import { SseDecoder } from '../helpers/sse-decoder.js';

/** What limits make of WebSockets and event streams that ask to be let in. */

let server: PushServer;
const sockets: { destroy(): void }[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.close();
});

/** Time that stands still: on a busy machine an allowance would be whole again before it is exceeded. */
const clock = () => 0;

async function socketFrom(address: string): Promise<RawWebSocket> {
  const socket = await RawWebSocket.open(server.port, server.token, [`X-Forwarded-For: ${address}`]);
  sockets.push(socket);
  return socket;
}

function stream(peer: RawConnection): void {
  peer.write(
    `GET /api/v1/events?topic=jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.token}\r\nAccept: text/event-stream\r\n\r\n`,
  );
}

function connection(): RawConnection {
  const made = new RawConnection(server.url);
  sockets.push(made.socket);
  return made;
}

test('P-50 behind a trusted proxy WebSockets count for who is behind it', async () => {
  const limits = { maxPerAddress: 1 };
  server = await openPushServer({ limits }, { trustedProxies: ['127.0.0.1'] });
  const first = await socketFrom('203.0.113.1');
  expect(first.status).toBe(101);
  const second = await socketFrom('203.0.113.1');
  expect(await second.message()).toMatchObject({ type: 'bye', reconnect: true });
  expect(await second.closeCode()).toBe(1013);
  const other = await socketFrom('203.0.113.2');
  other.write(Buffer.from([0x89, 0x80, 0, 0, 0, 0]));
  expect(await other.next()).toMatchObject({ opcode: 10 });
});

test('P-50 who is no trusted proxy counts for itself, whatever it writes', async () => {
  server = await openPushServer({ limits: { maxPerAddress: 1 } });
  await socketFrom('203.0.113.1');
  expect(await (await socketFrom('203.0.113.2')).closeCode()).toBe(1013);
});

test('P-50 handshakes count against the rate of their key', async () => {
  server = await openPushServer({}, { limits: { ratePerKey: 2 }, clock });
  const statuses = [];
  for (let count = 0; count < 3; count += 1) statuses.push((await socketFrom('')).status);
  expect(statuses).toEqual([101, 101, 429]);
});

test('P-50 handshakes count against the rate of their address, those with a wrong key as well', async () => {
  server = await openPushServer({}, { limits: { ratePerIp: 2 }, trustedProxies: ['127.0.0.1'], clock });
  const statuses = [];
  for (let count = 0; count < 3; count += 1) {
    const socket = await RawWebSocket.open(server.port, 'wrong', ['X-Forwarded-For: 203.0.113.1']);
    sockets.push(socket);
    statuses.push(socket.status);
  }
  expect(statuses).toEqual([401, 401, 429]);
  expect((await socketFrom('203.0.113.1')).status).toBe(429);
  expect((await socketFrom('203.0.113.2')).status).toBe(101);
});

test('P-34 an event stream on a connection that is one too many is told to come back, with 200', async () => {
  server = await openPushServer({}, { limits: { connectionsPerIp: 1 } });
  const first = connection();
  stream(first);
  await new Promise<void>((resolve) => first.socket.once('data', () => resolve()));
  const second = connection();
  stream(second);
  const answer = await second.next();
  expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
  const [event] = new SseDecoder().push(Buffer.from(answer.body));
  expect(event).toMatchObject({ event: 'bye', data: expect.stringContaining('"reconnect":true') });
  expect(event?.retryMs).toBeGreaterThanOrEqual(500);
  await second.closed;
});

test('P-50 an event stream that waits behind another request gives its place back when its caller leaves', async () => {
  server = await openPushServer();
  const headers = { authorization: `Bearer ${server.token}`, accept: 'application/json' };
  const first = await fetch(`${server.url}/api/v1/events?topic=jobs&wait=0`, { headers });
  const { data } = (await first.json()) as { data: { cursor: string } };
  const peer = connection();
  peer.write(
    `GET /api/v1/events?topic=jobs&wait=60&after=${data.cursor} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.token}\r\nAccept: application/json\r\n\r\n`,
  );
  stream(peer);
  const open = () => server.rig.gateway.connections.state.connections.sse;
  await expect.poll(open).toBe(1);
  peer.socket.destroy();
  await expect.poll(open).toBe(0);
});

test('P-50 a WebSocket on a connection that is one too many is refused', async () => {
  server = await openPushServer({}, { limits: { connectionsPerIp: 1 } });
  expect((await socketFrom('')).status).toBe(101);
  expect((await socketFrom('')).status).toBe(429);
});

test('P-50 a connection whose offer of another protocol is ignored counts once', async () => {
  server = await openPushServer({}, { limits: { connectionsPerIp: 2 } });
  for (const peer of [connection(), connection()]) {
    peer.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
    expect((await peer.next()).status).toBe(200);
  }
});

test('D23 a connection that offers another protocol with each request leaves no listener behind', async () => {
  server = await openPushServer();
  const seen = new Set<Socket>();
  server.http.app.server.on('connection', (socket: Socket) => seen.add(socket));
  const peer = connection();
  const listeners = () =>
    [...seen].map((socket) => socket.eventNames().map((name) => [name, socket.listenerCount(name)]));
  const after: unknown[] = [];
  for (let count = 0; count < 12; count += 1) {
    peer.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
    expect((await peer.next()).status).toBe(200);
    after.push(listeners());
  }
  expect(seen.size).toBe(1);
  expect(after[11]).toEqual(after[1]);
});

test('P-55 a WebSocket has its time for the close when the server ends, and is cut when that is over', async () => {
  server = await openPushServer({}, { limits: { closeTimeoutMs: 500 } });
  const socket = await socketFrom('');
  const { server: node } = server.http.app;
  const closeIdle = node.closeIdleConnections.bind(node);
  let looks = 0;
  let open: number | undefined;
  node.closeIdleConnections = () => {
    closeIdle();
    looks += 1;
    // Fastify has looked first, and this is the third look: what the server closes by itself is closed by now.
    if (looks === 3) node.getConnections((_error, count) => (open = count));
  };
  server.http.drain();
  await server.rig.gateway.close();
  const closing = server.http.close();
  expect(await socket.closeCode()).toBe(1012);
  expect(await socket.next()).toEqual({ opcode: 'end' });
  await closing;
  expect(open).toBe(1);
});

test('P-47 a long-poll that waits ends with its key, and tells nothing more', async () => {
  server = await openPushServer();
  const headers = { authorization: `Bearer ${server.token}`, accept: 'application/json' };
  const ask = (query: string): Promise<Response> =>
    fetch(`${server.url}/api/v1/events?topic=jobs&${query}`, { headers });
  const { data } = (await (await ask('wait=0')).json()) as { data: { cursor: string } };
  await socketFrom('');
  // The keyring of this server knows nothing of it: what comes is let in, and ended by the next look.
  const [{ keyId } = { keyId: '' }] = server.rig.gateway.connections.subscribers;
  server.rig.disabled.add(keyId);
  const response = await ask(`wait=60&after=${data.cursor}`);
  expect(response.status).toBe(401);
  expect(response.headers.get('www-authenticate')).toContain('Bearer');
});

test('the body of a request whose offer of another protocol is ignored is no request, however many fields it has', async () => {
  server = await openPushServer();
  const peer = connection();
  const inner = 'GET /inner HTTP/1.1\r\nHost: x\r\n\r\n';
  const fields = 'a:\r\n'.repeat(1_500);
  peer.write(
    `GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n${fields}Content-Length: ${inner.length}\r\n\r\n${inner}`,
  );
  expect((await peer.next()).status).toBe(200);
  peer.write('GET /outer HTTP/1.1\r\nHost: x\r\n\r\n');
  expect(JSON.parse((await peer.next()).body).instance).toBe('/outer');
});

test.each([
  ['with its length', (text: string) => `Content-Length: ${text.length}\r\n\r\n${text}`],
  [
    'in chunks',
    (text: string) => `Transfer-Encoding: chunked\r\n\r\n${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`,
  ],
])('a body %s that arrives in pieces behind an offer that is ignored is read whole', async (_how, framed) => {
  server = await openPushServer();
  const peer = connection();
  const sent = JSON.stringify({ operations: [{ type: 'add_text', text: 'x'.repeat(30_000) }] });
  const head = `POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.token}\r\nContent-Type: application/json\r\n`;
  const message = `${head}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAA\r\n${framed(sent)}`;
  // Each piece is read before the next one is sent: the answers to requests on another connection say so.
  for (let at = 0; at < message.length; at += 10_000) {
    peer.write(message.slice(at, at + 10_000));
    await fetch(`${server.url}/healthz`);
  }
  expect((await peer.next()).status).toBe(201);
  expect(server.service.submitted.map(jsonOf)).toEqual([sent]);
  peer.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  expect((await peer.next()).status).toBe(200);
});

test('a handshake that is refused lets go of who never closes', async () => {
  server = await openPushServer();
  const handshake =
    'GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
  expect(await overstay(server.url, handshake)).toMatch(/^HTTP\/1.1 401 /);
});

const handshake = [
  'Host: x',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

function offer(
  peer: RawConnection,
  fields: readonly string[] = [],
  first = 'GET /api/v1/stream',
  { before = '', after = '' } = {},
): void {
  const head = [`${first} HTTP/1.1`, ...handshake, ...fields].join('\r\n');
  peer.write(`${before}${head}\r\n\r\n${after}`);
}

test('P-55 a handshake without a key is told how to show one', async () => {
  server = await openPushServer();
  const peer = connection();
  offer(peer);
  const answer = await peer.next();
  expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer']);
});

describe('a handshake is admitted as any request is', () => {
  const bearer = 'Authorization: Bearer alice-token';

  test.each([
    ['without a key', [], 'GET /api/v1/stream', 401, 'unauthorized'],
    ['with a key in the address', [], 'GET /api/v1/stream?key=alice-token', 401, 'unauthorized'],
    ['with a ticket that is none', [], 'GET /api/v1/stream?ticket=nope', 401, 'unauthorized'],
    [
      'of a page of elsewhere',
      [bearer, 'Origin: https://evil.example'],
      'GET /api/v1/stream',
      403,
      'capability-denied',
    ],
    ['D26 that is no GET', [bearer], 'POST /api/v1/stream', 405, 'method-not-allowed'],
    ['D26 with two keys', [bearer, bearer], 'GET /api/v1/stream', 400, 'malformed-request'],
    ['with two hosts', [bearer, 'Host: y'], 'GET /api/v1/stream', 400, 'malformed-request'],
    ['with a long address', [bearer], `GET /api/v1/stream?${'x'.repeat(9_000)}`, 414, 'uri-too-long'],
  ])(
    'one %s is refused with a problem, and its connection ends',
    async (_what, fields, first, status, slug) => {
      server = await openPushServer();
      const peer = connection();
      offer(peer, ['X-Request-Id: r-1', ...fields], first);
      const answer = await peer.next();
      expect(answer.status).toBe(status);
      expect(answer.headers).toMatchObject({
        'content-type': 'application/problem+json',
        connection: 'close',
        'x-request-id': 'r-1',
      });
      expect(JSON.parse(answer.body).type).toMatch(new RegExp(`/${slug}$`));
      await peer.closed;
      const logged = server.lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request');
      expect(logged).toMatchObject([{ request_id: 'r-1', path: '/api/v1/stream', status }]);
    },
  );

  test.each([
    ['of version 12', 'Sec-WebSocket-Version: 12', 426, 'upgrade-required'],
    ['without a version', 'X: y', 426, 'upgrade-required'],
    ['of two versions', 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13', 426, 'upgrade-required'],
  ])('D26 one %s is refused with a problem', async (_what, version, status, slug) => {
    server = await openPushServer();
    const peer = connection();
    const [host, upgrade, wish, , key] = handshake;
    peer.write(
      ['GET /api/v1/stream HTTP/1.1', host, upgrade, wish, version, key, bearer, '', ''].join('\r\n'),
    );
    const answer = await peer.next();
    expect([answer.status, answer.headers['sec-websocket-version']]).toEqual([status, '13']);
    expect(JSON.parse(answer.body).type).toMatch(new RegExp(`/${slug}$`));
    await peer.closed;
  });

  test.each([
    ['a short key', 'Sec-WebSocket-Key: x'],
    ['no key', 'X: y'],
    ['two keys', `${handshake[4]}\r\n${handshake[4]}`],
    ['a protocol twice', `${handshake[4]}\r\nSec-WebSocket-Protocol: a, a`],
    ['a protocol of no name', `${handshake[4]}\r\nSec-WebSocket-Protocol: a,, b`],
    ['an empty protocol', `${handshake[4]}\r\nSec-WebSocket-Protocol:`],
  ])('D26 one with %s is refused with a problem', async (_what, key) => {
    server = await openPushServer();
    const peer = connection();
    peer.write(['GET /api/v1/stream HTTP/1.1', ...handshake.slice(0, 4), key, bearer, '', ''].join('\r\n'));
    const answer = await peer.next();
    expect([answer.status, answer.headers['content-type']]).toEqual([400, 'application/problem+json']);
    expect(JSON.parse(answer.body).type).toMatch(/\/malformed-request$/);
    await peer.closed;
  });

  test('D26 one with a run of spaces in a protocol is refused at once', () => {
    const check = createHandshakeCheck(createOrigins(['*'], () => true));
    const headers = {
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      // More than a head may have: one of 15 KB took a second or two, by the square of its length.
      'sec-websocket-protocol': `a${'\t'.repeat(400_000)}b`,
    };
    const [request, reply, route] = [{ ws: true, raw: { method: 'GET', headers } }, {}, {}];
    expect(check(...([request, reply, route] as unknown as Parameters<typeof check>))).toMatchObject({
      slug: 'malformed-request',
    });
  });

  test('D26 one in HTTP/1.0 is ignored, and what was asked is served', async () => {
    server = await openPushServer();
    const peer = connection();
    peer.write(['GET /api/v1/stream HTTP/1.0', ...handshake, bearer, '', ''].join('\r\n'));
    const answer = await peer.next();
    expect([answer.status, JSON.parse(answer.body).type]).toEqual([
      426,
      expect.stringMatching(/upgrade-required$/),
    ]);
    await peer.closed;
    const other = connection();
    other.write(['GET /healthz HTTP/1.0', ...handshake, '', ''].join('\r\n'));
    expect((await other.next()).status).toBe(200);
  });

  test('one past the rate is told when to come back', async () => {
    server = await openPushServer({}, { limits: { ratePerKey: 1 }, clock });
    expect((await socketFrom('')).status).toBe(101);
    const peer = connection();
    offer(peer, [bearer]);
    const answer = await peer.next();
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '60']);
  });

  test('one during a shutdown is told to come back', async () => {
    server = await openPushServer();
    server.http.drain();
    const peer = connection();
    offer(peer, [bearer]);
    const answer = await peer.next();
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5']);
    expect(JSON.parse(answer.body).type).toMatch(/shutting-down$/);
  });

  test('one behind another request on its connection waits for the answer to it', async () => {
    server = await openPushServer();
    const peer = connection();
    const before = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
    offer(peer, [bearer], undefined, { before });
    expect((await peer.next()).status).toBe(200);
    expect((await peer.next()).status).toBe(101);
  });

  test.each([
    ['for an address without a WebSocket', 'GET /healthz', [], '', 200],
    ['with a body', 'GET /api/v1/stream', ['Content-Length: 2'], '{}', 426],
  ])('one %s is an offer that is ignored', async (_what, first, fields, after, status) => {
    server = await openPushServer();
    const peer = connection();
    offer(peer, fields, first, { after });
    expect((await peer.next()).status).toBe(status);
  });
});

test('an open WebSocket keeps neither its request nor the answer to it', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  server = await openPushServer();
  const requests: WeakRef<IncomingMessage>[] = [];
  server.http.app.server.on('upgrade', (request) => requests.push(new WeakRef(request)));
  const opened = [await socketFrom(''), await socketFrom('')];
  await expect
    .poll(() => {
      collect();
      return requests.map((reference) => reference.deref());
    })
    .toEqual([undefined, undefined]);
  for (const socket of opened) {
    socket.write(Buffer.from([0x89, 0x80, 0, 0, 0, 0]));
    expect(await socket.next()).toMatchObject({ opcode: 10 });
  }
});
