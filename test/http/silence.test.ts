import { connect as dial, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { SilenceWatch } from '../../src/http/admission/silence.js';
import { body, type Fixture, openHttp, token } from '../helpers/http-fixture.js';
import { RawConnection } from '../helpers/raw-http.js';

/** Peers that send or take nothing, at every door. The test says how much time has passed. */

let http: Fixture;
let url = '';
let watch: SilenceWatch;
/** The server's ends. */
const ends: Socket[] = [];
const connections: RawConnection[] = [];
afterEach(async () => {
  for (const { socket } of connections.splice(0)) socket.destroy();
  ends.length = 0;
  await http.close();
});

async function open(leastBytes = 100): Promise<void> {
  http = await openHttp();
  http.server.app.server.on('connection', (socket: Socket) => ends.push(socket));
  watch = new SilenceWatch(http.server.app.server, { silentMs: 30_000, leastBytes });
  url = await http.server.listen('127.0.0.1', 0);
  // Only the looks of the test count.
  watch.close();
}

function connect(): RawConnection {
  const connection = new RawConnection(url);
  connections.push(connection);
  return connection;
}

function pass(seconds: number): void {
  for (let second = 0; second < seconds; second += 1) watch.look(1_000);
}

const get = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`;
const post = (path: string, more: string, type = 'application/json'): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: ${type}\r\n${more}\r\n\r\n`;
/** The server has taken so many bytes of the only connection. */
const arrived = (bytes: number) => expect.poll(() => ends[0]?.bytesRead, { interval: 2 }).toBe(bytes);

describe('a body', () => {
  test.each([
    ['of a submit', post('/api/v1/jobs', 'Content-Length: 5000')],
    ['in chunks', post('/api/v1/jobs', 'Transfer-Encoding: chunked')],
    ['of a form', post('/api/v1/jobs', 'Content-Length: 5000', 'multipart/form-data; boundary=b')],
    ['for a render', post('/api/v1/render', 'Content-Length: 5000')],
  ])('%s that does not come is 408, and frees its connection', async (_what, head) => {
    await open();
    const peer = connect();
    peer.write(head);
    await arrived(head.length);
    pass(30);
    expect(peer.socket.destroyed).toBe(false);
    pass(1);
    expect((await peer.next()).status).toBe(408);
    await peer.closed;
  });

  test('that brings a byte now and then is too slow, one that brings enough is not', async () => {
    await open();
    const peer = connect();
    const head = post('/api/v1/jobs', `Content-Length: ${1_000 + body.length}`);
    let sent = head.length;
    const bring = async (text: string): Promise<void> => {
      peer.write(text);
      sent += text.length;
      await arrived(sent);
    };
    peer.write(head);
    await arrived(sent);
    for (let step = 0; step < 10; step += 1) {
      pass(25);
      await bring(' '.repeat(100));
    }
    pass(25);
    await bring(body);
    expect((await peer.next()).status).toBe(201);
    peer.write(head);
    sent += head.length;
    await arrived(sent);
    for (let step = 0; step < 3; step += 1) {
      pass(10);
      await bring(' ');
    }
    pass(1);
    expect((await peer.next()).status).toBe(408);
  });

  test('that has come and is not read yet waits for the server', async () => {
    await open();
    const peer = connect();
    let finish = (): void => undefined;
    http.service.render = () =>
      new Promise((resolve) => {
        finish = () => resolve([file(10)]);
      });
    peer.write(post('/api/v1/render', `Content-Length: ${body.length}`) + body);
    await expect.poll(() => http.service.submitted.length).toBe(1);
    pass(100);
    finish();
    expect((await peer.next()).status).toBe(200);
    // An idle connection has its own time.
    pass(100);
    peer.write(get('/healthz'));
    expect((await peer.next()).status).toBe(200);
  });
});

function file(bytes: number) {
  return { name: 'a.pdf', contentType: 'application/pdf', bytes: Buffer.alloc(bytes, 'x') };
}

describe('an answer', () => {
  const mib = 1024 * 1024;
  const large = 32 * mib;
  const result = async (): Promise<string> => {
    const submitted = await http.service.submit({
      owner: 'alice',
      body: { json: Buffer.from(body) },
      kind: 'document',
      requestId: 'r',
    });
    if (!submitted.ok) throw new Error('refused');
    http.service.complete(submitted.record.job_id, [file(large)]);
    return `/api/v1/jobs/${submitted.record.job_id}/result`;
  };
  /** Nothing moves any more: buffers are full on both sides. */
  const stuck = async (): Promise<void> => {
    const handle = () =>
      (ends[0] as unknown as { _handle: { bytesWritten: number; writeQueueSize: number } })._handle;
    let before = -1;
    await expect
      .poll(
        () => {
          const { bytesWritten, writeQueueSize } = handle();
          const taken = bytesWritten - writeQueueSize;
          const still = taken === before && writeQueueSize > 0;
          before = taken;
          return still;
        },
        { interval: 50 },
      )
      .toBe(true);
  };

  test.each([
    ['a result', result, get],
    [
      'a render',
      async () => {
        http.service.render = async () => [file(large)];
        return '/api/v1/render';
      },
      (path: string) => post(path, `Content-Length: ${body.length}`) + body,
    ],
  ])('of which nothing is taken ends with its connection: %s', async (_what, make, ask) => {
    await open();
    const path = await make();
    const peer = connect();
    peer.socket.pause();
    peer.write(ask(path));
    await expect.poll(() => ends.length).toBe(1);
    await stuck();
    pass(1);
    pass(29);
    expect(ends[0]?.destroyed).toBe(false);
    pass(1);
    expect(ends[0]?.destroyed).toBe(true);
    await expect.poll(() => http.service.opened.every(({ destroyed }) => destroyed)).toBe(true);
  });

  test.each([
    ['enough is taken goes on', 2 * mib, false],
    ['too little is taken ends, however often some is', 64 * mib, true],
  ])('of which %s', async (_what, leastBytes, ends_) => {
    await open(leastBytes);
    const socket = dial(Number(new URL(url).port), '127.0.0.1').pause();
    socket.on('error', () => undefined);
    let received = 0;
    /** Takes some of what its system has, and what comes meanwhile. */
    const take = (bytes: number): Promise<void> =>
      new Promise((resolve) => {
        const enough = received + bytes;
        const count = (chunk: Buffer): void => {
          received += chunk.length;
          if (received < enough) return;
          socket.pause().off('data', count);
          resolve();
        };
        socket.on('data', count).resume();
      });
    socket.write(get(await result()));
    await expect.poll(() => ends.length).toBe(1);
    for (let step = 0; step < 3; step += 1) {
      await stuck();
      pass(ends_ ? 9 : 29);
      await take(4 * mib);
    }
    expect(ends[0]?.destroyed).toBe(false);
    if (ends_) pass(4);
    expect(ends[0]?.destroyed).toBe(ends_);
    if (!ends_) await take(large - received);
    socket.destroy();
  });
});

test('D24 once the drain has begun answers end their connections before idle ones are cut', async () => {
  http = await openHttp({ limits: { closeGraceMs: 240_000 } });
  url = await http.server.listen('127.0.0.1', 0);
  const peers = Array.from({ length: 20 }, connect);
  for (const peer of peers) peer.write(get('/healthz'));
  for (const peer of peers) expect((await peer.next()).headers.connection).toBe('keep-alive');
  const closing = http.server.close();
  for (const peer of peers) peer.write(post('/api/v1/jobs', `Content-Length: ${body.length}`) + body);
  for (const peer of peers) {
    const answer = await peer.next();
    expect([answer.status, answer.headers.connection]).toEqual([503, 'close']);
    await peer.closed;
  }
  // Nobody is left whom the rest of the grace would be for.
  await closing;
});
