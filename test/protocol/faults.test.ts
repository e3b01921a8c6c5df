import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Fact } from '../../src/engine/engine.js';
import { start, startJobs, submitted } from '../contracts/jobs-at-hand.js';
import { type FaultProxy, openFaultProxy } from '../helpers/fault-proxy.js';
import { scheduler } from '../helpers/gateway-rig.js';
import { cancel, complete, startedJob } from '../helpers/job-steps.js';
import { seqOf } from '../helpers/model-client.js';
import { openPushServer, type PushServer } from '../helpers/push-server.js';
import { RawWebSocket, rawFrame } from '../helpers/raw-web-socket.js';
import { eventually } from '../helpers/real-time.js';
import { SseDecoder } from '../helpers/sse-decoder.js';
import { type Stream, type StreamClient, streamClients } from '../helpers/stream-client.js';

/** A network that cuts, stalls and splits, between the clients and a server over an engine in memory. */

let server: PushServer;
let proxy: FaultProxy;
let log: readonly Fact[];

beforeAll(async () => {
  server = await openPushServer();
  proxy = await openFaultProxy(server.port);
  const { engine } = server.rig;
  // A short story: two jobs, one with a group, six facts and the group's.
  const first = await startedJob(engine, { group: 'g' });
  const second = await submitted(engine);
  await complete(engine, first);
  await cancel(engine, second.id);
  await scheduler();
  log = (await engine.store.everyFact(0, 100)).facts;
});
afterAll(async () => {
  await proxy.close();
  await server.close();
});

async function beginning(): Promise<string> {
  return `${(await server.rig.engine.store.log()).epoch}-0`;
}

/** Follows until every fact of the log was seen, coming back with the cursor after each cut. */
async function followAll(client: StreamClient, url: string): Promise<readonly number[]> {
  const seen: number[] = [];
  let cursor = await beginning();
  for (let connection = 0; seen.length < log.length; connection += 1) {
    if (connection > 20) throw new Error('It does not get on');
    const stream = client.open(url, { token: server.token, topics: ['jobs'], after: cursor });
    cursor = (await readToEnd(stream, seen)) ?? cursor;
    stream.close();
  }
  return seen;
}

async function readToEnd(stream: Stream, seen: number[]): Promise<string | undefined> {
  let cursor: string | undefined;
  while (seen.length < log.length) {
    const message = await stream.next().catch(() => undefined);
    if (message === undefined) return cursor;
    if (message.type !== 'event') continue;
    cursor = (message.event as { id: string }).id;
    seen.push(seqOf(cursor));
  }
  return cursor;
}

describe.each(streamClients)('over $transport', (client) => {
  test('P-11 P-12 a cut at every byte of the stream loses nothing and repeats nothing', async () => {
    const all = log.map(({ seq }) => seq);
    proxy.faults = () => ({});
    expect(await followAll(client, proxy.url)).toEqual(all);
    const length = proxy.passed;
    expect(length).toBeGreaterThan(1_500);
    // Every byte of the heads and of the first event, then strides that meet every kind of place.
    const offsets = [
      ...Array.from({ length: Math.min(length, 500) }, (_, index) => index),
      ...Array.from({ length: Math.floor(length / 7) }, (_, index) => index * 7),
    ];
    const step = 16;
    for (let from = 0; from < offsets.length; from += step) {
      await Promise.all(offsets.slice(from, from + step).map((cutAt) => cutOnce(client, cutAt, all)));
    }
  });

  test('P-12 bytes in pieces of any size are the same stream', async () => {
    for (const splitBytes of [1, 2, 3, 7, 64]) {
      proxy.faults = () => ({ splitBytes });
      expect(await followAll(client, proxy.url)).toEqual(log.map(({ seq }) => seq));
    }
  });

  test('P-12 a network that stalls and goes on is the same stream', async () => {
    for (const stallAt of [10, 300, 900]) {
      proxy.faults = () => ({ stallAt });
      const following = followAll(client, proxy.url);
      await proxy.untilStalled();
      await scheduler();
      proxy.resume();
      expect(await following).toEqual(log.map(({ seq }) => seq));
    }
  });
});

/** With a proxy of its own, so that many can run at once. */
async function cutOnce(client: StreamClient, cutAt: number, all: readonly number[]): Promise<void> {
  const own = await openFaultProxy(server.port);
  own.faults = (connection) => (connection === 0 ? { cutAt } : {});
  try {
    expect(await followAll(client, own.url), `cut at ${cutAt}`).toEqual(all);
  } finally {
    await own.close();
  }
}

describe('P-42 a reader that does not read while 10,000 facts happen', () => {
  const count = 9_999;

  /** Together more than what the buffers of two sockets hold: they are of the system, and generous. */
  async function happen(): Promise<void> {
    const { store } = server.rig.engine;
    const lease = { worker: 'w', limit: 1, now: start, leaseUntil: start + 1 };
    const end = { type: 'fail', code: 'invalid_input', message: 'x'.repeat(8_000), random: 0 } as const;
    for (let made = 0; made < count; made += 3) {
      const { id } = await submitted(server.rig.engine, { kind: 'merge' });
      await startJobs(server.rig.engine, lease);
      await store.apply(id, { ...end, claim: 1 }, start);
      await scheduler(1);
    }
  }

  test('a WebSocket gets them all, in order, and the server holds little meanwhile', async () => {
    const socket = await RawWebSocket.open(server.port, server.token);
    const before = (await server.rig.engine.store.log()).last;
    socket.write(rawFrame('{"type":"subscribe","id":"s","topics":["kind:merge"],"snapshot":false}'));
    while ((await socket.message()).type !== 'live');
    socket.pause();
    await happen();
    expect(server.rig.gateway.connections.state).toMatchObject({ behind: 1 });
    expect(server.rig.gateway.connections.state.waitingBytes).toBeLessThan(1_000_000);
    socket.resume();
    const seen: number[] = [];
    while (seen.length < count) {
      const message = await socket.message();
      if (message.type === 'event') seen.push(seqOf((message.event as { id: string }).id));
    }
    expect(seen).toEqual(Array.from({ length: count }, (_, index) => before + 1 + index));
    socket.destroy();
  });

  test('an event stream gets them all, in order', async () => {
    const before = (await server.rig.engine.store.log()).last;
    const seen: number[] = [];
    let live: () => void = () => undefined;
    let done: () => void = () => undefined;
    const isLive = new Promise<void>((resolve) => {
      live = resolve;
    });
    const isDone = new Promise<void>((resolve) => {
      done = resolve;
    });
    const asked = request(`${server.url}/api/v1/events?topic=kind:merge&snapshot=false`, {
      headers: { authorization: `Bearer ${server.token}` },
      agent: false,
    });
    const decoder = new SseDecoder();
    asked.on('response', (response) => {
      response.on('data', (bytes: Buffer) => {
        for (const { event, id } of decoder.push(bytes)) {
          if (event === 'live') live();
          if (event.startsWith('job.') && id !== undefined) seen.push(seqOf(id));
        }
        if (seen.length >= count) done();
      });
      response.on('error', () => undefined);
    });
    asked.on('error', () => undefined);
    asked.end();
    await isLive;
    asked.socket?.pause();
    await happen();
    expect(server.rig.gateway.connections.state).toMatchObject({ behind: 1 });
    expect(server.rig.gateway.connections.state.waitingBytes).toBeLessThan(1_000_000);
    asked.socket?.resume();
    await isDone;
    expect(seen).toEqual(Array.from({ length: count }, (_, index) => before + 1 + index));
    asked.destroy();
  });

  test('P-43 one that never reads is cut, and costs nobody else anything', async () => {
    const small = await openPushServer({ limits: { stuckMs: 1_000 } });
    const socket = await RawWebSocket.open(small.port, small.token);
    socket.write(rawFrame('{"type":"subscribe","id":"s","topics":["jobs"],"snapshot":false}'));
    while ((await socket.message()).type !== 'live');
    socket.pause();
    for (let made = 0; made < 20_000 && small.rig.gateway.connections.state.behind === 0; made += 1) {
      await submitted(small.rig.engine);
      if (made % 100 === 0) await scheduler(1);
    }
    const { connections } = small.rig.gateway;
    expect(connections.state.behind).toBe(1);
    await eventually('the socket is cut', () => connections.state.connections.ws === 0);
    socket.destroy();
    await small.close();
  });
});

test('the decoder of these tests reads what a browser reads', () => {
  const decoder = new SseDecoder();
  const events = [
    ...Buffer.from('retry: 5\n\n: hi\n\nevent: x\nid: 1\ndata: a\ndata: b\n\ndata: c\n\n'),
  ].flatMap((byte) => decoder.push(Buffer.of(byte)));
  expect(events).toEqual([
    { event: 'message', retryMs: 5 },
    { event: 'x', id: '1', data: 'a\nb' },
    { event: 'message', data: 'c' },
  ]);
  expect(decoder.lastEventId).toBe('1');
});
