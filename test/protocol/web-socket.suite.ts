import { describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { RawWebSocket, rawFrame } from '../helpers/raw-web-socket.js';
import { type Callers, freshGroup } from './follow.suite.js';

/** What holds for the WebSocket alone: messages, frames, handshakes, close codes. */
export function webSocketSuite(callers: () => Callers): void {
  const open = (headers?: readonly string[]): Promise<RawWebSocket> => {
    const { url, token } = callers().alice;
    return RawWebSocket.open(Number(new URL(url).port), token, headers);
  };
  const say = (socket: RawWebSocket, message: object): void =>
    socket.write(rawFrame(JSON.stringify(message)));
  const ping = JSON.stringify({ type: 'ping', n: 1 });

  describe('the WebSocket', () => {
    test('P-25 ping, subscribe, unsubscribe', async () => {
      const socket = await open();
      expect(socket.status).toBe(101);
      say(socket, { type: 'ping', n: 7 });
      expect(await socket.message()).toEqual({ type: 'pong', n: 7 });
      say(socket, { type: 'subscribe', id: 's1', topics: [`group:${freshGroup()}`] });
      expect(await socket.message()).toMatchObject({ type: 'subscribed', id: 's1' });
      expect(await socket.message()).toEqual({ type: 'snapshot', id: 's1', jobs: [], more: false });
      expect(await socket.message()).toMatchObject({ type: 'live', id: 's1' });
      say(socket, { type: 'unsubscribe', id: 's1' });
      expect(await socket.message()).toEqual({ type: 'unsubscribed', id: 's1', withheld: 0 });
      say(socket, { type: 'unsubscribe', id: 's1' });
      expect(await socket.message()).toMatchObject({ type: 'error', id: 's1', problem: { status: 404 } });
      socket.destroy();
    });

    test('P-26 two overlapping subscriptions: each live event once, the past to its subscription alone', async () => {
      const { alice } = callers();
      const socket = await open();
      const group = freshGroup();
      say(socket, { type: 'subscribe', id: 'all', topics: ['jobs'], snapshot: false });
      expect((await socket.message()).type).toBe('subscribed');
      expect((await socket.message()).type).toBe('live');
      const job = await alice.submitted({ group });
      const live: unknown[] = [];
      while (live.at(-1) !== 'group.completed') {
        const { event, id } = await socket.message();
        expect(id).toBeUndefined();
        if (event !== undefined) live.push((event as { type: string }).type);
      }
      expect(live).toEqual(['job.created', 'job.started', 'job.completed', 'group.completed']);
      say(socket, { type: 'subscribe', id: 'job', topics: [`job:${job.job_id}`], after: job.events_cursor });
      const own: Record<string, unknown>[] = [];
      while (own.at(-1)?.type !== 'live') own.push(await socket.message());
      expect(own.filter(({ type }) => type === 'event').map(({ id }) => id)).toEqual(['job', 'job']);
      await alice.remove(job.job_id);
      const deleted = await socket.message();
      expect(deleted).toMatchObject({ type: 'event', event: { type: 'job.deleted' } });
      expect(deleted).not.toHaveProperty('id');
      say(socket, { type: 'ping' });
      // Nothing came twice: the next thing is the answer.
      let next = await socket.message();
      while (next.type === 'progress') next = await socket.message();
      expect(next).toEqual({ type: 'pong' });
      socket.destroy();
    });

    test('P-27 ten messages that break the protocol close it with 4400', async () => {
      const socket = await open();
      for (let count = 0; count < 9; count += 1) socket.write(rawFrame('nonsense'));
      for (let count = 0; count < 9; count += 1) {
        expect(await socket.message()).toMatchObject({ type: 'error', problem: { status: 422 } });
      }
      socket.write(rawFrame(ping));
      expect(await socket.message()).toMatchObject({ type: 'pong' });
      socket.write(rawFrame('{"type":"publish"}'));
      expect(await socket.closeCode()).toBe(4400);
    });

    test('P-50 more than 1,200 messages in 10 s: 4429', async () => {
      const socket = await open();
      socket.write(Buffer.concat(Array.from({ length: 1_201 }, () => rawFrame(ping))));
      for (let count = 0; count < 1_200; count += 1) expect((await socket.message()).type).toBe('pong');
      expect(await socket.message()).toMatchObject({ type: 'bye', reconnect: true });
      expect(await socket.closeCode()).toBe(4429);
    });

    test('P-50 pings of the protocol count as well', async () => {
      const socket = await open();
      // All at once: the library itself would end a peer with 60 of them, without a word.
      socket.write(Buffer.concat(Array.from({ length: 1_201 }, () => rawFrame('x', { opcode: 9 }))));
      for (let count = 0; count < 1_200; count += 1) {
        expect(await socket.next()).toMatchObject({ opcode: 10, payload: Buffer.from('x') });
      }
      expect(await socket.closeCode()).toBe(4429);
    });

    test('P-50 a thousand subscriptions on a socket at once; one more is refused', async () => {
      const socket = await open();
      const job = await callers().alice.submitted();
      const asked = Array.from({ length: 1_001 }, (_, n) =>
        rawFrame(JSON.stringify({ type: 'subscribe', id: `s${n}`, topics: [`job:${job.job_id}`] })),
      );
      socket.write(Buffer.concat(asked));
      const live = new Set<unknown>();
      const refused: unknown[] = [];
      while (live.size < 1_000) {
        const message = await socket.message();
        if (message.type === 'live') live.add(message.id);
        if (message.type === 'error') refused.push(message);
      }
      expect(refused).toMatchObject([{ id: 's1000', problem: { status: 429 } }]);
      say(socket, { type: 'ping' });
      expect(await socket.message()).toEqual({ type: 'pong' });
      socket.destroy();
    });
  });

  /** In the manner of the Autobahn test suite. */
  describe('frames', () => {
    const cases: readonly (readonly [string, Buffer, number])[] = [
      ['P-27 binary', rawFrame('x', { opcode: 2 }), 1003],
      ['P-27 above 64 KiB', rawFrame(Buffer.alloc(65_537, 0x20)), 1009],
      ['P-27 above 64 KiB, by its header alone', rawFrame('', { claims: 1n << 40n }), 1009],
      [
        'P-55 of a message in too many pieces',
        Buffer.concat(
          Array.from({ length: 20_000 }, (_, n) => rawFrame('', { opcode: n === 0 ? 1 : 0, fin: false })),
        ),
        1008,
      ],
      ['of a length beyond 2^53', rawFrame('', { claims: 1n << 60n }), 1009],
      ['unmasked', rawFrame(ping, { masked: false }), 1002],
      ['of an unknown opcode', rawFrame(ping, { opcode: 3 }), 1002],
      ['of an unknown control opcode', rawFrame('', { opcode: 11 }), 1002],
      ['with RSV1 although nothing is compressed', rawFrame(ping, { rsv: 4 }), 1002],
      ['with RSV2', rawFrame(ping, { rsv: 2 }), 1002],
      ['with RSV3', rawFrame(ping, { rsv: 1 }), 1002],
      ['that continues nothing', rawFrame(ping, { opcode: 0 }), 1002],
      [
        'that begins anew within a message',
        Buffer.concat([rawFrame('{', { fin: false }), rawFrame(ping)]),
        1002,
      ],
      ['a ping in fragments', rawFrame('x', { opcode: 9, fin: false }), 1002],
      ['a ping of more than 125 bytes', rawFrame(Buffer.alloc(126), { opcode: 9 }), 1002],
      ['a close of one byte', rawFrame('x', { opcode: 8 }), 1002],
      [
        'a close with a code that is not to be sent',
        rawFrame(Buffer.from([0x03, 0xed]), { opcode: 8 }),
        1002,
      ],
      [
        'a close with a reason that is not UTF-8',
        rawFrame(Buffer.from([0x03, 0xe8, 0xff]), { opcode: 8 }),
        1007,
      ],
      ['not UTF-8', rawFrame(Buffer.from([0x22, 0xff, 0xfe, 0x22])), 1007],
      ['a surrogate in UTF-8', rawFrame(Buffer.from([0xed, 0xa0, 0x80])), 1007],
      ['UTF-8 that is cut off', rawFrame(Buffer.from([0xe2, 0x82])), 1007],
      [
        'fragments that are above 64 KiB together',
        Buffer.concat([
          rawFrame(Buffer.alloc(40_000, 0x20), { fin: false }),
          rawFrame(Buffer.alloc(40_000, 0x20), { opcode: 0 }),
        ]),
        1009,
      ],
    ];
    test.each(cases)('P-55 %s', async (_name, bytes, code) => {
      const socket = await open();
      socket.write(bytes);
      expect(await socket.closeCode()).toBe(code);
      socket.destroy();
    });

    test('a message in fragments, with a ping between them, in pieces of one byte', async () => {
      const socket = await open();
      const bytes = Buffer.concat([
        rawFrame(ping.slice(0, 5), { fin: false }),
        rawFrame('are you there', { opcode: 9 }),
        rawFrame(ping.slice(5, 9), { opcode: 0, fin: false }),
        rawFrame('', { opcode: 0, fin: false }),
        rawFrame(ping.slice(9), { opcode: 0 }),
      ]);
      for (const byte of bytes) {
        socket.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(await socket.next()).toEqual({ opcode: 10, fin: true, payload: Buffer.from('are you there') });
      expect(await socket.message()).toEqual({ type: 'pong', n: 1 });
      socket.destroy();
    });

    test('a message of exactly 64 KiB is read', async () => {
      const socket = await open();
      socket.write(rawFrame(`{"type":"ping","x":"${' '.repeat(65_536 - 22)}"}`));
      expect(await socket.message()).toEqual({ type: 'pong' });
      socket.destroy();
    });

    test('P-55 a close is answered with the same code', async () => {
      const socket = await open();
      socket.write(rawFrame(Buffer.from([0x03, 0xe8]), { opcode: 8 }));
      expect(await socket.closeCode()).toBe(1000);
      expect(await socket.next()).toEqual({ opcode: 'end' });
    });

    test('the server is well after all of this', async () => {
      expect((await callers().alice.ask('/readyz')).status).toBe(200);
    });
  });

  describe('the handshake', () => {
    const handshake = (
      headers: Record<string, string>,
      protocols = ['inkwire.v1'],
      query = '',
    ): Promise<number> => {
      const { url, token } = callers().alice;
      const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/stream${query}`, protocols, {
        headers: { authorization: `Bearer ${token}`, ...headers },
      });
      return new Promise((resolve) => {
        socket.on('error', () => undefined);
        socket.on('unexpected-response', (_request, response) => {
          resolve(response.statusCode ?? 0);
          socket.terminate();
        });
        socket.on('open', () => {
          resolve(101);
          socket.terminate();
        });
      });
    };

    test('P-28 Origin: the own, a known one and none are let in, others are not', async () => {
      const { url } = callers().alice;
      expect(await handshake({})).toBe(101);
      expect(await handshake({ origin: url })).toBe(101);
      expect(await handshake({ origin: 'https://known.example' })).toBe(101);
      expect(await handshake({ origin: 'https://evil.example' })).toBe(403);
      expect(await handshake({ origin: 'https://known.example.evil.example' })).toBe(403);
      expect(await handshake({ origin: 'null' })).toBe(403);
      expect(await handshake({ origin: '' })).toBe(403);
    });

    test('P-45 a ticket as the second subprotocol, once', async () => {
      const ticket = await callers().alice.ticket();
      const protocols = ['inkwire.v1', `ticket.${ticket}`];
      expect(await handshake({ authorization: '' }, protocols)).toBe(101);
      expect(await handshake({ authorization: '' }, protocols)).toBe(401);
    });

    test('P-45 keys are never accepted in an address', async () => {
      const { token } = callers().alice;
      for (const name of ['key', 'api_key', 'token', 'access_token']) {
        expect(await handshake({ authorization: '' }, undefined, `?${name}=${token}`)).toBe(401);
      }
    });

    test('P-25 a request without an upgrade is told what is missing', async () => {
      const response = await callers().alice.ask('/api/v1/stream');
      expect(response.status).toBe(426);
      expect(response.headers.get('upgrade')).toBe('websocket');
      // A proxy that asks for the end of the connection must not use it again.
      expect(response.headers.get('connection')).toMatch(/\bclose\b/);
      expect(await response.json()).toMatchObject({ type: expect.stringMatching(/upgrade-required$/) });
      expect((await callers().alice.ask('/api/v1/stream', { method: 'POST' })).status).toBe(405);
    });

    test('P-60 one that names no version that is known is accepted without one', async () => {
      const { url, token } = callers().alice;
      const port = Number(new URL(url).port);
      const socket = await RawWebSocket.open(port, token, [], 'inkwire.v9');
      expect(socket.status).toBe(101);
      say(socket, { type: 'ping' });
      expect(await socket.message()).toEqual({ type: 'pong' });
      socket.destroy();
    });

    test('P-25 the answer names the version and no compression', async () => {
      const { url, token } = callers().alice;
      const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/stream`, ['other', 'inkwire.v1'], {
        headers: { authorization: `Bearer ${token}` },
        perMessageDeflate: true,
      });
      await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
      expect(socket.protocol).toBe('inkwire.v1');
      expect(socket.extensions).toBe('');
      socket.terminate();
    });
  });
}
