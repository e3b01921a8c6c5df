import { describe, expect, it } from 'vitest';
import { Connection } from '../../client/sdk/stream/connection.js';
import { type Ask, Subscription } from '../../client/sdk/stream/subscription.js';
import type { ConnectionState, TransportName } from '../../client/sdk/types.js';
import { formatCursor } from '../../src/protocol/cursor.js';
import { sseText } from '../../src/protocol/sse.js';
import { eventStream, type FakeSocket, type Network, network, settle } from './fake-environment.js';

const everything: readonly TransportName[] = ['websocket', 'sse', 'long-poll', 'polling'];
const cursor = (seq: number) => formatCursor({ epoch: 'aaaa', life: 'l1', seq });
const at = '2026-11-22T00:00:00.000Z';

function job(n: number, group?: string) {
  const job_id = `job_${n.toString(16).padStart(24, '0')}`;
  return {
    job_id,
    status: 'running',
    kind: 'document',
    rev: n,
    attempt: 1,
    ...(group === undefined ? {} : { group }),
  };
}

const event = (seq: number, group?: string) => ({
  id: cursor(seq),
  type: 'job.started',
  at,
  job: job(seq, group),
});

function follow(connection: Connection, ask: Partial<Ask> = {}) {
  const told: string[] = [];
  const subscription: Subscription = new Subscription(
    { topics: ['jobs'], snapshot: true, progress_ms: 100, ...ask },
    {
      reset: (reason) => told.push(`reset ${reason}`),
      snapshot: ({ jobs }) => told.push(`snapshot ${jobs.length}`),
      fact: ({ id }) => told.push(id),
      progress: () => told.push('progress'),
      fail(error) {
        told.push(`fail ${error instanceof Error ? error.message : String(error)}`);
        connection.detach(subscription);
      },
    },
  );
  connection.attach(subscription);
  return { subscription, told };
}

function connect(net: Network, names = everything) {
  const states: ConnectionState[] = [];
  const connection = new Connection(net.environment, names, (state) => states.push(state));
  return { connection, states };
}

/** Opens a socket and serves its first subscriptions up to `live`. */
async function serve(socket: FakeSocket | undefined, seq = 1): Promise<FakeSocket> {
  if (socket === undefined) throw new Error('no socket was opened');
  socket.open();
  await settle();
  for (const { id, after } of socket.subscribed) {
    socket.say({ type: 'subscribed', id, cursor: after ?? cursor(seq) });
    if (after === undefined) socket.say({ type: 'snapshot', id, jobs: [], more: false });
    socket.say({ type: 'live', id, cursor: after ?? cursor(seq) });
  }
  await settle();
  return socket;
}

/** Lets time pass until something is so; fails when it is not within a minute. */
async function until(net: Network, holds: () => boolean): Promise<void> {
  for (let ms = 0; !holds(); ms += 10) {
    if (ms > 60_000) throw new Error('it did not come to that');
    await net.timers.pass(10);
  }
}

const pollAnswer = (data: object) => Response.json({ data });

describe('the connection of a client', () => {
  it('P-26 carries many subscriptions on one socket, and gives each what it follows', async () => {
    const net = network();
    const { connection, states } = connect(net);
    const all = follow(connection);
    const group = follow(connection, { topics: ['group:g'], after: cursor(1) });
    await settle();
    const socket = await serve(net.sockets[0]);
    expect(net.sockets).toHaveLength(1);
    expect(socket.subscribed.map(({ topics, after }) => ({ topics, after }))).toEqual([
      { topics: ['jobs'], after: undefined },
      { topics: ['group:g'], after: cursor(1) },
    ]);
    socket.say({ type: 'event', event: event(2) }, { type: 'event', event: event(3, 'g') });
    expect(all.told).toEqual(['snapshot 0', cursor(2), cursor(3)]);
    expect(group.told).toEqual([cursor(3)]);
    expect(states.at(-1)).toMatchObject({ status: 'live', transport: 'websocket', resumes: 0 });
  });

  it('P-26 gives an event with an id to that subscription alone, and live ones only to those that are live', async () => {
    const net = network();
    const { connection } = connect(net);
    const first = follow(connection, { after: cursor(5) });
    const late = follow(connection, { after: cursor(1) });
    await settle();
    const socket = net.sockets[0];
    socket?.open();
    await settle();
    const [a, b] = socket?.subscribed.map(({ id }) => id) ?? [];
    socket?.say(
      { type: 'live', id: a, cursor: cursor(5) },
      { type: 'event', id: b, event: event(2) },
      { type: 'event', event: event(6) },
      { type: 'event', id: b, event: event(6) },
      { type: 'live', id: b, cursor: cursor(6) },
      { type: 'event', event: event(7) },
    );
    expect(first.told).toEqual([cursor(6), cursor(7)]);
    expect(late.told).toEqual([cursor(2), cursor(6), cursor(7)]);
  });

  it('follows and leaves on the same socket, and closes it when nothing is followed', async () => {
    const net = network();
    const { connection, states } = connect(net);
    const one = follow(connection);
    await settle();
    const socket = await serve(net.sockets[0]);
    const two = follow(connection, { topics: ['kind:merge'] });
    await settle();
    expect(socket.subscribed).toHaveLength(2);
    connection.detach(one.subscription);
    await settle();
    expect(socket.subscribed.map(({ topics }) => topics)).toEqual([['kind:merge']]);
    connection.detach(two.subscription);
    await net.timers.pass(600);
    expect(socket.closed).toBe(true);
    expect(states.at(-1)?.status).toBe('idle');
  });

  it('P-61 comes back with its cursor after a random time that doubles', async () => {
    const net = network();
    const { connection } = connect(net, ['websocket']);
    const { told } = follow(connection);
    await settle();
    const socket = await serve(net.sockets[0]);
    socket.say({ type: 'event', event: event(2) });
    await net.timers.pass(10_000);
    const opened = [net.timers.now()];
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const before = net.sockets.length;
      net.sockets.at(-1)?.drop();
      await until(net, () => net.sockets.length > before);
      opened.push(net.timers.now());
    }
    expect(opened.slice(1).map((time, n) => time - (opened[n] ?? 0))).toEqual([250, 500, 1_000, 2_000]);
    const again = await serve(net.sockets.at(-1));
    expect(again.subscribed[0]?.after).toBe(cursor(2));
    again.say({ type: 'event', event: event(3) });
    expect(told).toEqual(['snapshot 0', cursor(2), cursor(3)]);
    expect(connection.state.resumes).toBe(1);
  });

  it('P-56 waits as long as a goodbye says', async () => {
    const net = network();
    const { connection } = connect(net);
    follow(connection);
    await settle();
    const socket = await serve(net.sockets[0]);
    socket.say({ type: 'bye', reconnect: true, retry_ms: 7_000 });
    socket.drop(1012);
    await net.timers.pass(6_900);
    expect(net.sockets).toHaveLength(1);
    expect(connection.state.status).toBe('waiting');
    await net.timers.pass(200);
    expect(net.sockets).toHaveLength(2);
  });

  it('comes back at once when the machine wakes up', async () => {
    const net = network();
    const { connection } = connect(net);
    follow(connection);
    await settle();
    const socket = await serve(net.sockets[0]);
    socket.say({ type: 'bye', reconnect: true, retry_ms: 60_000 });
    socket.drop(1012);
    await settle();
    connection.wake();
    await settle();
    expect(net.sockets).toHaveLength(2);
    // A connection that seems to stand is asked for a sign of life.
    await serve(net.sockets[1]);
    connection.wake();
    await net.timers.pass(5_300);
    expect(net.sockets.length).toBeGreaterThan(2);
    expect(net.sockets[1]?.closed).toBe(true);
  });

  it('falls back to an event stream where no WebSocket opens, and tries the better way again later', async () => {
    const net = network();
    const { connection, states } = connect(net);
    const stream = eventStream();
    net.answer = () => stream.response;
    const { told } = follow(connection, { after: cursor(1) });
    await settle();
    net.sockets[0]?.drop();
    await settle();
    stream.write(sseText({ event: 'live', data: JSON.stringify({ cursor: cursor(1) }) }));
    stream.write(sseText({ event: 'job.started', id: cursor(2), data: JSON.stringify(event(2)) }));
    await settle();
    expect(states.at(-1)).toMatchObject({ status: 'live', transport: 'sse' });
    for (let beat = 0; beat < 4; beat += 1) {
      await net.timers.pass(15_000);
      stream.write(
        sseText({ event: 'heartbeat', id: cursor(4), data: JSON.stringify({ cursor: cursor(4) }) }),
      );
    }
    await net.timers.pass(1_000);
    expect(net.sockets).toHaveLength(2);
    // The event stream serves until the socket is live.
    expect(stream.cancelled).toBe(false);
    const socket = await serve(net.sockets[1]);
    expect(socket.subscribed[0]?.after).toBe(cursor(4));
    expect(stream.cancelled).toBe(true);
    socket.say({ type: 'event', event: event(5) });
    expect(told).toEqual([cursor(2), cursor(5)]);
    expect(states.at(-1)).toMatchObject({ status: 'live', transport: 'websocket', resumes: 0 });
  });

  it('does not serve a snapshot over two links: who comes without a cursor ends the trial of the better one', async () => {
    const net = network();
    const { connection } = connect(net);
    const streams: ReturnType<typeof eventStream>[] = [];
    net.answer = ({ headers }) => {
      if (headers.get('accept') !== 'text/event-stream') {
        return pollAnswer({
          events: [],
          cursor: cursor(1),
          more: false,
          snapshot: { jobs: [], truncated: false },
        });
      }
      streams.push(eventStream());
      return streams.at(-1)?.response;
    };
    const beat = () =>
      streams.at(-1)?.write(sseText({ event: 'live', data: JSON.stringify({ cursor: cursor(1) }) }));
    follow(connection, { after: cursor(1) });
    await settle();
    net.sockets[0]?.drop();
    await settle();
    for (let beats = 0; beats < 4; beats += 1) {
      beat();
      await net.timers.pass(15_000);
    }
    beat();
    await net.timers.pass(500);
    expect(net.sockets).toHaveLength(2);
    const late = follow(connection);
    await settle();
    expect(net.sockets[1]?.closed).toBe(true);
    expect(late.told).toEqual(['snapshot 0']);
    expect(connection.state.transport).toBe('sse');
  });

  it('gives up an event stream whose bytes are held back, and polls', async () => {
    const net = network();
    const { connection, states } = connect(net);
    net.answer = ({ url, headers }) => {
      if (headers.get('accept') === 'text/event-stream') return eventStream().response;
      return url.searchParams.get('after') === cursor(1)
        ? pollAnswer({ events: [event(2)], cursor: cursor(2), more: false })
        : undefined;
    };
    const { told } = follow(connection, { after: cursor(1) });
    await settle();
    net.sockets[0]?.drop();
    await net.timers.pass(4_100);
    expect(told).toEqual([cursor(2)]);
    expect(states.at(-1)).toMatchObject({ status: 'live', transport: 'long-poll' });
  });

  it('polls where a proxy has an error of its own for event streams', async () => {
    const net = network();
    const { connection } = connect(net);
    net.answer = ({ url, headers }) => {
      if (headers.get('accept') === 'text/event-stream') return new Response('Bad Gateway', { status: 502 });
      return url.searchParams.get('after') === cursor(1)
        ? pollAnswer({ events: [event(2)], cursor: cursor(2), more: false })
        : undefined;
    };
    const { told } = follow(connection, { after: cursor(1) });
    await settle();
    net.sockets[0]?.drop();
    await settle();
    expect(told).toEqual([cursor(2)]);
    expect(connection.state).toMatchObject({ status: 'live', transport: 'long-poll' });
  });

  it('puts a transport aside whose connections break right after they began', async () => {
    const net = network();
    const { connection } = connect(net);
    net.answer = ({ headers }) =>
      headers.get('accept') === 'text/event-stream' ? eventStream().response : undefined;
    follow(connection, { after: cursor(1) });
    await settle();
    for (let n = 0; n < 3; n += 1) {
      await serve(net.sockets.at(-1));
      net.sockets.at(-1)?.drop();
      await net.timers.pass(600);
    }
    expect(net.sockets).toHaveLength(3);
    expect(connection.state.transport).toBe('sse');
  });

  it('does not blame its transports when nobody answers at all', async () => {
    const net = network();
    const { connection } = connect(net);
    follow(connection);
    await settle();
    for (let n = 0; n < 5; n += 1) {
      net.sockets.at(-1)?.drop();
      await settle();
      expect(connection.state.status).toBe('waiting');
      await until(net, () => net.sockets.length > n + 1);
    }
    // Each round began with a WebSocket.
    expect(net.sockets).toHaveLength(6);
    await serve(net.sockets.at(-1));
    expect(connection.state).toMatchObject({ status: 'live', transport: 'websocket' });
  });

  it('P-17 ends only the subscription that was refused', async () => {
    const net = network();
    const { connection } = connect(net);
    const wrong = follow(connection, { topics: ['job:job_0'] });
    const right = follow(connection, { after: cursor(1) });
    await settle();
    const socket = net.sockets[0];
    socket?.open();
    await settle();
    const [a, b] = socket?.subscribed.map(({ id }) => id) ?? [];
    const problem = {
      type: 'https://x.example/problems/not-found',
      title: 't',
      status: 404,
      detail: 'no such job',
    };
    socket?.say({ type: 'error', id: a, problem }, { type: 'live', id: b, cursor: cursor(1) });
    socket?.say({ type: 'event', event: event(2) });
    expect(wrong.told).toEqual(['fail no such job']);
    expect(right.told).toEqual([cursor(2)]);
    expect(connection.state.status).toBe('live');
  });

  it('P-17 finds out by itself which of several an event stream was refused for', async () => {
    const net = network({ webSocket: false });
    const { connection } = connect(net);
    const streams: ReturnType<typeof eventStream>[] = [];
    net.answer = ({ url, headers }) => {
      const gone = url.searchParams.getAll('topic').includes('group:bad');
      if (gone)
        return Response.json(
          { type: 'https://x.example/problems/not-found', detail: 'gone' },
          { status: 404 },
        );
      if (headers.get('accept') !== 'text/event-stream')
        return pollAnswer({ events: [], cursor: cursor(3), more: false });
      const stream = eventStream();
      streams.push(stream);
      return stream.response;
    };
    const bad = follow(connection, { topics: ['group:bad'], after: cursor(1) });
    const good = follow(connection, { topics: ['group:good'], after: cursor(2) });
    await settle();
    expect(bad.told).toEqual(['fail gone']);
    await net.timers.pass(600);
    streams[0]?.write(
      sseText({ event: 'job.started', id: cursor(4), data: JSON.stringify(event(4, 'good')) }),
    );
    await settle();
    expect(good.told).toEqual([cursor(4)]);
  });

  it('P-45 asks for a ticket for each socket, and ends all with a refusal of the key', async () => {
    const net = network({ key: 'k' });
    const { connection } = connect(net);
    net.answer = () => pollAnswer({ ticket: 'abc' });
    const { told } = follow(connection, { after: cursor(1) });
    await settle();
    expect(net.sockets[0]?.protocols).toEqual(['inkwire.v1', 'ticket.abc']);
    await serve(net.sockets[0]);
    net.answer = () =>
      Response.json({ type: 'https://x.example/problems/unauthorized', detail: 'no key' }, { status: 401 });
    net.sockets[0]?.drop(4401);
    await net.timers.pass(1_000);
    expect(told).toEqual(['fail no key']);
    expect(connection.state.status).toBe('failed');
  });

  it('P-40 takes up a silent connection anew, and another transport when it falls silent again', async () => {
    const net = network();
    const { connection } = connect(net);
    net.answer = ({ headers }) =>
      headers.get('accept') === 'text/event-stream' ? eventStream().response : undefined;
    follow(connection, { after: cursor(1) });
    await settle();
    await serve(net.sockets[0]);
    await net.timers.pass(40_600);
    expect(net.sockets).toHaveLength(2);
    await serve(net.sockets[1]);
    await net.timers.pass(40_600);
    expect(net.sockets).toHaveLength(2);
    expect(connection.state.transport).toBe('sse');
  });

  it('leaves no timer when it is closed, nor more than one when it is left again and again', async () => {
    const net = network();
    const { connection } = connect(net);
    const { subscription } = follow(connection, { after: cursor(1) });
    await settle();
    await serve(net.sockets[0]);
    const serving = net.timers.set.length;
    for (let n = 0; n < 5; n += 1) {
      connection.detach(subscription);
      await settle();
      connection.attach(subscription);
      await settle();
    }
    expect(net.timers.set.length).toBeLessThanOrEqual(serving + 1);
    connection.detach(subscription);
    await settle();
    connection.close();
    expect(net.timers.set).toEqual([]);
  });

  it.each(['0', '-5'])(
    'asks nobody all the time who says that it may come back after %s s',
    async (seconds) => {
      const net = network({ webSocket: false });
      const { connection } = connect(net);
      net.answer = () =>
        Response.json(
          { type: 'https://x.example/problems/shutting-down' },
          { status: 503, headers: { 'retry-after': seconds } },
        );
      follow(connection, { after: cursor(1) });
      await net.timers.pass(10_000);
      expect(net.requests.length).toBeGreaterThan(2);
      expect(net.requests.length).toBeLessThan(20);
    },
  );

  it('nor whose goodbye says so', async () => {
    const net = network();
    const { connection } = connect(net, ['websocket', 'sse']);
    const hello = sseText({ event: 'live', data: JSON.stringify({ cursor: cursor(1) }) });
    const bye = sseText({ event: 'bye', data: JSON.stringify({ reconnect: true, retry_ms: 0 }) });
    net.answer = () => {
      const stream = eventStream();
      stream.write(hello + bye);
      return stream.response;
    };
    follow(connection, { after: cursor(1) });
    for (let ms = 0; ms < 10_000; ms += 100) {
      const socket = net.sockets.at(-1);
      if (socket !== undefined && !socket.closed) {
        await serve(socket);
        socket.say({ type: 'bye', reconnect: true, retry_ms: 0 });
        socket.drop(1012);
      }
      await net.timers.pass(100);
    }
    expect(net.sockets.length + net.requests.length).toBeGreaterThan(2);
    expect(net.sockets.length + net.requests.length).toBeLessThan(60);
  });

  it('sets no timer that is too long for one', async () => {
    const net = network();
    const { connection } = connect(net);
    follow(connection);
    await settle();
    const socket = await serve(net.sockets[0]);
    socket.say({ type: 'bye', reconnect: true, retry_ms: 1e12 });
    socket.drop(1012);
    await settle();
    expect(Math.max(...net.timers.set)).toBeLessThan(2 ** 31);
  });

  it('fails what is followed when it is closed, and what comes after', async () => {
    const net = network();
    const { connection } = connect(net);
    const before = follow(connection);
    await settle();
    await serve(net.sockets[0]);
    connection.close();
    connection.close();
    const after = follow(connection);
    expect(before.told).toEqual(['snapshot 0', 'fail The client was closed.']);
    expect(after.told).toEqual(['fail The client was closed.']);
    expect(net.sockets[0]?.closed).toBe(true);
  });
});
