import { rm } from 'node:fs/promises';
import { EventSource } from 'eventsource';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeKey } from '../../src/access/keys.js';
import { openSqliteKeys } from '../../src/engine/sqlite/keys.js';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { Caller } from '../helpers/caller.js';
import { openPushServer } from '../helpers/push-server.js';
import { RawWebSocket, rawFrame } from '../helpers/raw-web-socket.js';
import { startServer } from '../helpers/server.js';
import { SseDecoder } from '../helpers/sse-decoder.js';
import { type Event, streamClients } from '../helpers/stream-client.js';

/** What comes from outside of a stream: limits, keys, shutdowns, crashes. Each has a server of its own. */

describe('P-34 P-50 a server that has no room', () => {
  let server: AppServer;
  let caller: Caller;
  let close: () => void;
  beforeAll(async () => {
    server = await startAppServer({ INKWIRE_MAX_STREAMS_PER_KEY: '1' });
    caller = new Caller(server.url, alice);
    const held = await RawWebSocket.open(server.port, alice);
    close = () => held.destroy();
    held.write(rawFrame('{"type":"ping"}'));
    await held.message();
  });
  afterAll(async () => {
    close();
    await server.close();
  });

  test('tells an event stream to come back, with 200', async () => {
    const response = await caller.ask('/api/v1/events?topic=jobs');
    expect(response.status).toBe(200);
    const events = new SseDecoder().push(Buffer.from(await response.arrayBuffer()));
    expect(events.at(-1)).toMatchObject({ event: 'bye', data: expect.stringContaining('"reconnect":true') });
    expect(events.at(-1)?.retryMs).toBeGreaterThanOrEqual(500);
  });

  test('closes a WebSocket with 1013, and survives what that sends meanwhile', async () => {
    const socket = await RawWebSocket.open(server.port, alice);
    // An error on a socket that nobody looks after any more would end the process.
    socket.write(rawFrame('x', { rsv: 7 }));
    expect(await socket.message()).toMatchObject({ type: 'bye', reconnect: true });
    expect(await socket.closeCode()).toBe(1013);
    expect((await caller.ask('/readyz')).status).toBe(200);
    socket.destroy();
  });

  test('refuses a long-poll that would wait with 429', async () => {
    const response = await caller.ask('/api/v1/events?topic=jobs', {
      headers: { accept: 'application/json' },
    });
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await response.json()).toMatchObject({ type: expect.stringMatching(/too-many-connections$/) });
  });
});

test('P-34 an EventSource past the rate limit is told to come back, never refused; a long-poll is', async () => {
  // Its time stands still: on a busy machine the allowance would be whole again before it is exceeded.
  const server = await openPushServer({}, { limits: { ratePerKey: 1 }, clock: () => 0 });
  const caller = new Caller(server.url, server.token);
  const statuses: number[] = [];
  const kinds: string[] = [];
  for (let count = 0; count < 4; count += 1) {
    const response = await caller.ask(`/api/v1/jobs/job_${'0'.repeat(24)}/events`);
    statuses.push(response.status);
    kinds.push(response.headers.get('content-type') ?? '');
    if (response.status === 200) {
      const [event] = new SseDecoder().push(Buffer.from(await response.arrayBuffer()));
      expect(event).toMatchObject({ event: 'bye' });
    }
  }
  expect(statuses.at(-1)).toBe(200);
  expect(kinds.at(-1)).toBe('text/event-stream; charset=utf-8');
  const poll = await caller.ask('/api/v1/events?topic=jobs', { headers: { accept: 'application/json' } });
  expect(poll.status).toBe(429);
  await server.close();
});

describe('P-47 a key that is disabled', () => {
  test.each(streamClients.filter(({ transport }) => transport !== 'long-poll'))(
    'ends $transport by itself, and what comes back gets 401',
    async (client) => {
      const server = await startAppServer();
      const keys = await openSqliteKeys(server.dataDir);
      const made = makeKey({ owner: 'carol', scopes: ['*'], now: 0 }, (size) =>
        crypto.getRandomValues(new Uint8Array(size)),
      );
      await keys.put(made.key);
      // The server follows the keys of its directory; the first request may come before it has.
      const caller = new Caller(server.url, made.token);
      await expect.poll(async () => (await caller.ask('/api/v1/jobs')).status).toBe(200);
      const stream = client.open(server.url, { topics: ['jobs'], token: made.token });
      await stream.until('live');
      await keys.put({ ...made.key, disabledAt: 1 });
      // P-47 says a second. Nothing but a look would end it within half an hour, for which no test waits.
      expect(await stream.ended).toEqual(client.transport === 'ws' ? { code: 4401 } : {});
      expect(await client.open(server.url, { topics: ['jobs'], token: made.token }).ended).toEqual({
        code: 401,
      });
      await keys.close();
      await server.close();
    },
  );
});

test('P-34 P-56 a shutdown tells everybody when to come back', async () => {
  const server = await startAppServer();
  const streams = streamClients.map((client) => client.open(server.url, { topics: ['jobs'], token: alice }));
  for (const stream of streams) await stream.until('live');
  const closing = server.close();
  const [ws, sse] = streams;
  const byes = [await ws?.until('bye'), await sse?.until('bye')];
  for (const bye of byes) expect(bye).toMatchObject({ reconnect: true, retry_ms: expect.any(Number) });
  expect(await ws?.ended).toEqual({ code: 1012 });
  expect(await sse?.ended).toEqual({});
  await closing;
});

describe('P-10 P-12 the cursor outlives the process', () => {
  test.each(['stop', 'kill'] as const)(
    'after a %s every transport goes on with it, without gap or repeat',
    async (how) => {
      const env = { INKWIRE_KEYS: `alice=${alice}`, INKWIRE_WORKERS: '1' };
      const first = await startServer({ env });
      const { dataDir } = first;
      let server = first;
      const before = new Caller(first.url, alice);
      const cursors = new Map<string, string>();
      const seen = new Map<string, Event[]>(streamClients.map(({ transport }) => [transport, []]));
      const job = await before.submitted();
      for (const client of streamClients) {
        const stream = client.open(first.url, { topics: ['jobs'], token: alice, after: job.events_cursor });
        const [event] = await stream.facts(1);
        if (event === undefined) throw new Error('A fact was awaited');
        seen.get(client.transport)?.push(event);
        cursors.set(client.transport, event.id);
        stream.close();
      }
      const waiting = await before.submit();
      if (how === 'kill') await first.kill();
      else {
        // Its directory is the test's now.
        process.kill(first.pid, 'SIGTERM');
        expect(await first.exited).toBe(0);
      }
      server = await startServer({ env, dataDir });
      const after = new Caller(server.url, alice);
      await after.submitted();
      for (const client of streamClients) {
        const cursor = cursors.get(client.transport);
        if (cursor === undefined) throw new Error('A cursor was kept');
        const stream = client.open(server.url, { topics: ['jobs'], token: alice, after: cursor });
        const events = seen.get(client.transport) ?? [];
        expect((await stream.next()).type).toBe('subscribed');
        while (events.filter(({ type }) => type === 'job.completed').length < 3) {
          const message = await stream.next();
          expect(message.type).not.toBe('reset');
          if (message.type === 'event') events.push(message.event as Event);
        }
        stream.close();
      }
      const [one = [], ...others] = [...seen.values()];
      for (const other of others) expect(other).toEqual(one);
      const revisions = one
        .filter(({ job: told }) => told?.job_id === waiting.job_id)
        .map(({ job: told }) => told?.rev);
      expect(revisions).toEqual(revisions.map((_, index) => index + 1));
      expect(new Set(one.map(({ id }) => id)).size).toBe(one.length);
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  );

  test('P-32 P-56 a native EventSource lives through a shutdown and comes back by itself', async () => {
    const env = { INKWIRE_KEYS: `alice=${alice}`, INKWIRE_WORKERS: '1' };
    const first = await startServer({ env });
    const job = await new Caller(first.url, alice).submitted();
    let { url } = first;
    const statuses: (number | string)[] = [];
    const source = new EventSource('http://inkwire.test/api/v1/events?topic=jobs&snapshot=false', {
      fetch: async (address, init) => {
        const target = String(address).replace('http://inkwire.test', url);
        const headers = { ...init.headers, authorization: `Bearer ${alice}` };
        const response = await fetch(target, { ...init, headers }).catch((error: unknown) => {
          statuses.push('unreachable');
          throw error;
        });
        statuses.push(response.status);
        return response;
      },
    });
    const types: string[] = [];
    let wake: () => void = () => undefined;
    for (const type of ['live', 'bye', 'job.created', 'job.completed', 'job.deleted']) {
      source.addEventListener(type, () => {
        types.push(type);
        wake();
      });
    }
    const heard = async (type: string): Promise<void> => {
      while (!types.includes(type)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    };
    await heard('live');
    await new Caller(first.url, alice).remove(job.job_id);
    await heard('job.deleted');
    process.kill(first.pid, 'SIGTERM');
    await heard('bye');
    await first.exited;
    const second = await startServer({ env, dataDir: first.dataDir });
    url = second.url;
    await new Caller(second.url, alice).submitted();
    await heard('job.completed');
    source.close();
    expect(types).toEqual(expect.arrayContaining(['bye', 'job.created', 'job.completed']));
    expect(types.filter((type) => type === 'job.created')).toHaveLength(1);
    expect(new Set(statuses.filter((status) => status !== 'unreachable'))).toEqual(new Set([200]));
    await second.stop();
    await first.stop();
  });
});
