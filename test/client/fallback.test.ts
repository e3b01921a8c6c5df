import { afterEach, describe, expect, it } from 'vitest';
import { Connection } from '../../client/sdk/stream/connection.js';
import { type Ask, Subscription } from '../../client/sdk/stream/subscription.js';
import type { TransportName } from '../../client/sdk/types.js';
import { formatCursor } from '../../src/protocol/cursor.js';
import { sseText } from '../../src/protocol/sse.js';
import { eventStream, type Network, network, settle } from './fake-environment.js';

/** What the way down to polling, and life there, must not do. */

const cursor = (seq: number) => formatCursor({ epoch: 'aaaa', life: 'l1', seq });
const live = sseText({ event: 'live', data: JSON.stringify({ cursor: cursor(1) }) });
const empty = () => Response.json({ data: { events: [], cursor: cursor(1), more: false } });

const connections: Connection[] = [];
afterEach(() => {
  for (const connection of connections.splice(0)) connection.close();
});

function connect(net: Network, names: readonly TransportName[]): Connection {
  const connection = new Connection(net.environment, names, () => undefined);
  connections.push(connection);
  return connection;
}

function follow(connection: Connection, ask: Partial<Ask> = {}) {
  const told: string[] = [];
  const subscription = new Subscription(
    { topics: ['jobs'], snapshot: true, progress_ms: 0, after: cursor(1), ...ask },
    {
      reset: () => told.push('reset'),
      snapshot: () => told.push('snapshot'),
      fact: ({ id }) => told.push(id),
      progress: () => told.push('progress'),
      fail: () => told.push('fail'),
    },
  );
  connection.attach(subscription);
  return { subscription, told };
}

function fact(seq: number): string {
  const job = { job_id: `job_${'0'.repeat(24)}`, status: 'running', kind: 'document', rev: seq, attempt: 1 };
  const event = { id: cursor(seq), type: 'job.started', at: '2026-11-22T00:00:00.000Z', job };
  return sseText({ event: event.type, id: event.id, data: JSON.stringify(event) });
}

describe('an event stream', () => {
  const isStream = (headers: Headers) => headers.get('accept') === 'text/event-stream';

  it('that is held back is given up in time, however many subscriptions come meanwhile', async () => {
    const net = network();
    const connection = connect(net, ['sse', 'long-poll']);
    net.answer = ({ url, headers }) => {
      if (isStream(headers)) return eventStream().response;
      return url.searchParams.get('wait') === '0' ? empty() : undefined;
    };
    for (let second = 0; second < 5; second += 1) {
      follow(connection);
      await net.timers.pass(1_000);
    }
    expect(connection.state).toMatchObject({ status: 'live', transport: 'long-poll' });
  });

  it('gives nothing more to who left, and carries it again when it comes back', async () => {
    const net = network();
    const connection = connect(net, ['sse']);
    const streams: ReturnType<typeof eventStream>[] = [];
    net.answer = ({ headers }) => {
      // The place of the one that is ahead is asked for first.
      if (!isStream(headers)) return Response.json({ data: { events: [], cursor: cursor(3), more: false } });
      const stream = eventStream();
      streams.push(stream);
      return stream.response;
    };
    const [one, two] = [follow(connection), follow(connection)];
    await settle();
    streams[0]?.write(live);
    streams[0]?.write(fact(2));
    await settle();
    connection.detach(one.subscription);
    await settle();
    streams[0]?.write(fact(3));
    await settle();
    expect([one.told, two.told]).toEqual([[cursor(2)], [cursor(2), cursor(3)]]);
    connection.attach(one.subscription);
    await settle();
    expect(net.requests.at(-1)?.searchParams.get('after')).toBe(cursor(2));
    streams[1]?.write(fact(3));
    await settle();
    expect([one.told, two.told]).toEqual([
      [cursor(2), cursor(3)],
      [cursor(2), cursor(3)],
    ]);
  });

  it.each(['sse', 'long-poll'] as const)(
    'P-20 P-22 of a server that was set back to between two places (%s): who was ahead is told, the other goes on',
    async (transport) => {
      const net = network();
      const connection = connect(net, [transport]);
      const stream = eventStream();
      const firstSignal: string[] = [];
      // All up to the third fact was copied; what came after it was lost, and other facts have come in its place.
      net.answer = ({ url, headers }) => {
        const after = url.searchParams.get('after') ?? '';
        firstSignal.push(`${isStream(headers) ? 'stream' : 'poll'} ${after}`);
        if (isStream(headers)) return stream.response;
        const [events, end] = [[], `${cursor(5).split('.')[0]}.l2`];
        if (after === cursor(4)) {
          const snapshot = { jobs: [], truncated: false };
          const reset = { reason: 'epoch' };
          return Response.json({ data: { events, reset, snapshot, cursor: end, more: false } });
        }
        return firstSignal.length > 6
          ? undefined
          : Response.json({ data: { events, cursor: end, more: false } });
      };
      const [behind, ahead] = [
        follow(connection, { after: cursor(2) }),
        follow(connection, { after: cursor(4) }),
      ];
      await settle();
      expect(firstSignal.slice(0, 2)).toEqual([`poll ${cursor(4)}`, `poll ${cursor(2)}`]);
      expect(ahead.told).toEqual(['reset', 'snapshot']);
      expect(behind.told).toEqual([]);
      expect([ahead, behind].map(({ subscription }) => subscription.cursor?.slice(-5))).toEqual([
        '-5.l2',
        '-5.l2',
      ]);
    },
  );

  it('P-56 that only says goodbye does not speak against the WebSocket', async () => {
    const net = network();
    const connection = connect(net, ['websocket', 'sse']);
    const stream = eventStream();
    net.answer = () => stream.response;
    follow(connection);
    await settle();
    // As a server answers that is about to end: 503 for the one, a goodbye for the other.
    net.sockets[0]?.drop();
    await settle();
    stream.write(sseText({ retryMs: 2_000 }));
    stream.write(sseText({ event: 'bye', data: JSON.stringify({ reconnect: true, retry_ms: 700 }) }));
    await net.timers.pass(701);
    expect(net.sockets).toHaveLength(2);
  });

  it('that breaks right after its begin three times is put aside, though it names a time to come back', async () => {
    const net = network();
    const connection = connect(net, ['sse', 'long-poll']);
    let stream = eventStream();
    net.answer = ({ headers }) => {
      if (!isStream(headers)) return undefined;
      stream = eventStream();
      return stream.response;
    };
    follow(connection);
    for (let cut = 0; cut < 3; cut += 1) {
      await settle();
      stream.write(sseText({ retryMs: 2_000 }) + live);
      await settle();
      expect(connection.state).toMatchObject({ status: 'live', transport: 'sse' });
      stream.end();
      await net.timers.pass(500);
    }
    expect(connection.state.transport).toBe('long-poll');
  });

  it('P-40 that stays silent past a heartbeat is taken up anew', async () => {
    const net = network();
    const connection = connect(net, ['sse']);
    const stream = eventStream();
    net.answer = () => (net.requests.length === 1 ? stream.response : undefined);
    follow(connection);
    await settle();
    stream.write(live);
    await net.timers.pass(20_500);
    expect(net.requests).toHaveLength(2);
  });
});

describe('a WebSocket', () => {
  it('P-50 begins 900 subscriptions at once', async () => {
    const net = network();
    const connection = connect(net, ['websocket', 'sse']);
    for (let n = 0; n < 900; n += 1) follow(connection);
    await settle();
    const [socket] = net.sockets;
    socket?.open();
    // With the ping that goes first.
    expect([socket?.sent.length, socket?.closed]).toEqual([901, false]);
  });

  it('P-50 is left for an event stream before the server ends it for too many messages', async () => {
    const net = network();
    const connection = connect(net, ['websocket', 'sse']);
    net.answer = () => undefined;
    for (let n = 0; n < 899; n += 1) follow(connection);
    await settle();
    const [socket] = net.sockets;
    socket?.open();
    for (let second = 0; second < 11; second += 1) {
      socket?.say({ type: 'pong' });
      await net.timers.pass(1_000);
    }
    // Two messages for each that comes and goes.
    const replace = async (): Promise<void> => {
      const { subscription } = follow(connection);
      await settle();
      connection.detach(subscription);
      await settle();
    };
    for (let n = 0; n < 550; n += 1) await replace();
    expect([socket?.sent.length, socket?.closed]).toEqual([900 + 1_100, false]);
    await replace();
    expect(socket?.closed).toBe(true);
    expect(connection.state).toMatchObject({ status: 'connecting', transport: 'sse' });
  });
});

describe('polling', () => {
  it('is live with its first answer, before the server holds a request', async () => {
    const net = network();
    const connection = connect(net, ['long-poll']);
    net.answer = ({ url }) => (url.searchParams.get('wait') === '0' ? empty() : undefined);
    follow(connection);
    await settle();
    expect(net.requests.map((url) => url.searchParams.get('wait'))).toEqual(['0', '25']);
    expect(connection.state.status).toBe('live');
  });

  it('lets a short request end when another subscription comes, and gives up a held one', async () => {
    const net = network();
    const connection = connect(net, ['long-poll']);
    net.answer = ({ url }) => (url.searchParams.get('wait') === '0' ? empty() : undefined);
    follow(connection);
    follow(connection);
    await settle();
    follow(connection);
    await settle();
    expect(net.requests.map((url) => url.searchParams.get('wait'))).toEqual(['0', '25', '0', '25']);
  });

  it('does not ask all the time a server that holds nothing any more', async () => {
    const net = network();
    const connection = connect(net, ['long-poll']);
    net.answer = empty;
    follow(connection);
    await net.timers.pass(6_000);
    expect(net.requests.length).toBeLessThan(8);
  });

  it('keeps holding requests when a server was away for a moment', async () => {
    const net = network();
    const connection = connect(net, ['long-poll', 'polling']);
    net.answer = () => (net.requests.length < 4 ? new TypeError('nobody answers') : undefined);
    follow(connection);
    await net.timers.pass(2_000);
    net.answer = ({ url }) => (url.searchParams.get('wait') === '0' ? empty() : undefined);
    await net.timers.pass(12_000);
    expect(connection.state).toMatchObject({ status: 'live', transport: 'long-poll' });
  });

  it('gives up a request without an answer in time, also one for a single subscription among several', async () => {
    const net = network();
    const connection = connect(net, ['sse', 'long-poll']);
    // Both have no cursor yet, and are asked for one by one before they share a stream.
    follow(connection, { topics: ['kind:document'] }).subscription.cursor = undefined;
    follow(connection, { topics: ['kind:report'] }).subscription.cursor = undefined;
    net.answer = () => undefined;
    await net.timers.pass(9_000);
    expect(connection.state.status).toBe('connecting');
    await net.timers.pass(1_100);
    expect(connection.state.status).toBe('waiting');
  });
});
