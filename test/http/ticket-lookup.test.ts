import { afterEach, describe, expect, test } from 'vitest';
import type { Once } from '../../src/engine/once.js';
import { Caller } from '../helpers/caller.js';
import { FakeKeys } from '../helpers/http-fixture.js';
import { memoryOnce } from '../helpers/memory-once.js';
import { openPushServer, type PushServer } from '../helpers/push-server.js';
import { RawConnection } from '../helpers/raw-http.js';
import { RawWebSocket, rawFrame } from '../helpers/raw-web-socket.js';

/** P-45, P-46: a ticket is looked up in the store, which takes its time and may fail. */
describe('a ticket that is being looked up', () => {
  let server: PushServer;
  const sockets: { destroy(): void }[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await server.close();
  });

  /** `Once` whose look-ups wait until they are let go. */
  function slowOnce(): Once & { readonly asked: Promise<void>; readonly letGo: () => void } {
    const once = memoryOnce();
    let asked: () => void = () => {};
    let letGo: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const told = new Promise<void>((resolve) => {
      asked = resolve;
    });
    return {
      put: once.put,
      async take(place, now) {
        asked();
        await gate;
        return once.take(place, now);
      },
      asked: told,
      letGo: () => letGo(),
    };
  }

  const failing: Once = {
    put: () => Promise.reject(new Error('the disk is full')),
    take: () => Promise.reject(new Error('the disk is full')),
  };

  async function webSocket(ticket: string): Promise<RawWebSocket> {
    const socket = await RawWebSocket.open(server.port, '', [], `inkwire.v1, ticket.${ticket}`);
    sockets.push(socket);
    return socket;
  }

  test('holds up a WebSocket, whose messages are not lost meanwhile', async () => {
    const once = slowOnce();
    server = await openPushServer({}, { once });
    const ticket = await new Caller(server.url, server.token).ticket();
    const peer = new RawConnection(server.url);
    sockets.push(peer.socket);
    const head = `GET /api/v1/stream?ticket=${ticket} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`;
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
    peer.write(Buffer.concat([Buffer.from(head + key), rawFrame('{"type":"ping","n":1}')]));
    await once.asked;
    peer.write(rawFrame('{"type":"ping","n":2}'));
    let received = '';
    peer.socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
    });
    once.letGo();
    await expect.poll(() => received).toContain('"n":2');
    expect(received).toMatch(/^HTTP\/1\.1 101 [\s\S]*"n":1[\s\S]*"n":2/);
  });

  test('of a WebSocket that has gone meanwhile harms nobody', async () => {
    const once = slowOnce();
    server = await openPushServer({}, { once });
    const caller = new Caller(server.url, server.token);
    const ticket = await caller.ticket();
    const peer = new RawConnection(server.url);
    peer.write(
      `GET /api/v1/stream?ticket=${ticket} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    await once.asked;
    peer.socket.destroy();
    await peer.closed;
    once.letGo();
    const next = await webSocket(await caller.ticket());
    expect(next.status).toBe(101);
  });

  test('holds up a long-poll, which goes on with what the ticket is for', async () => {
    const once = slowOnce();
    server = await openPushServer({}, { once });
    const ticket = await new Caller(server.url, server.token).ticket(['group:g']);
    const ask = (topic: string) =>
      fetch(`${server.url}/api/v1/events?topic=${topic}&wait=0&ticket=${ticket}`, {
        headers: { accept: 'application/json' },
      });
    const [first, second] = [ask('group:g'), ask('group:g')];
    await once.asked;
    once.letGo();
    // One ticket, two that hold it: one of them is in.
    expect([(await first).status, (await second).status].sort()).toEqual([200, 401]);
  });

  test('is refused for now where the store fails, and an event stream is told to come back', async () => {
    server = await openPushServer({}, { once: failing });
    const url = `${server.url}/api/v1/events?topic=jobs&ticket=abc`;
    const poll = await fetch(url, { headers: { accept: 'application/json' } });
    expect([poll.status, poll.headers.get('retry-after'), await poll.json()]).toMatchObject([
      503,
      '1',
      { type: expect.stringContaining('storage-unavailable') },
    ]);
    const stream = await fetch(url, { headers: { accept: 'text/event-stream' } });
    expect([stream.status, await stream.text()]).toEqual([200, expect.stringContaining('event: bye')]);
    expect((await webSocket('abc')).status).toBe(503);
  });

  test('is not made where the store fails, or where an owner has too many unused', async () => {
    const asked = async (once: Once) => {
      server = await openPushServer({}, { once });
      const headers = { authorization: `Bearer ${server.token}` };
      const answer = await fetch(`${server.url}/api/v1/tickets`, { method: 'POST', headers });
      const { type } = (await answer.json()) as { type: string };
      return [answer.status, answer.headers.get('retry-after'), type.split('/').at(-1)];
    };
    expect(await asked(failing)).toEqual([503, '1', 'storage-unavailable']);
    await server.close();
    const full: Once = { put: async () => ({ type: 'full' }), take: async () => undefined };
    expect(await asked(full)).toEqual([429, '10', 'client-rate-exceeded']);
  });

  test('counts against its address when it is wrong', async () => {
    server = await openPushServer({}, { limits: { ratePerIp: 2 }, clock: () => 0 });
    const statuses = [];
    for (let count = 0; count < 2; count += 1) statuses.push((await webSocket('wrong')).status);
    const url = `${server.url}/api/v1/events?topic=jobs&ticket=wrong`;
    statuses.push((await fetch(url, { headers: { accept: 'application/json' } })).status);
    expect(statuses).toEqual([401, 401, 429]);
  });

  test('counts against its address also when the caller has left meanwhile', async () => {
    const once = slowOnce();
    server = await openPushServer({}, { once, limits: { ratePerIp: 1 }, clock: () => 0 });
    const peer = new RawConnection(server.url);
    peer.write(
      'GET /api/v1/stream?ticket=wrong HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await once.asked;
    peer.socket.destroy();
    await peer.closed;
    once.letGo();
    expect((await webSocket('wrong')).status).toBe(429);
  });

  test('P-46 P-48 is for topics of its own owner; one for all topics follows whom its key may', async () => {
    const keys = new FakeKeys();
    const { token } = await keys.make({ owner: 'ops', scopes: ['admin'] });
    server = await openPushServer({}, { keys });
    const ops = new Caller(server.url, token);
    const statusOf = async (topics: readonly string[] | undefined, owner: string) => {
      const query = `ticket=${await ops.ticket(topics)}&topic=group:shared&owner=${owner}&snapshot=false`;
      const headers = { accept: 'application/json' };
      return (await fetch(`${server.url}/api/v1/events?${query}`, { headers })).status;
    };
    for (const owner of ['ops', 'bob', '*']) {
      expect([owner, await statusOf(undefined, owner)]).toEqual([owner, 200]);
      for (const topics of [['group:shared'], ['jobs']])
        expect([owner, await statusOf(topics, owner)]).toEqual([owner, owner === 'ops' ? 200 : 403]);
    }
  });
});
