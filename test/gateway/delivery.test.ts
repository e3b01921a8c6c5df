import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Engine, Fact } from '../../src/engine/engine.js';
import { positionAt } from '../../src/engine/lives.js';
import type { Wire } from '../../src/gateway/frame.js';
import type { Gateway } from '../../src/gateway/gateway.js';
import type { Subscriber } from '../../src/gateway/subscriber.js';
import { formatCursor } from '../../src/protocol/cursor.js';
import { day, start, submitted } from '../contracts/jobs-at-hand.js';
import { filter } from '../helpers/a-fact.js';
import { FakeSink, type Message } from '../helpers/fake-sink.js';
import {
  type GatewayRig,
  openGatewayRig,
  type RigOptions,
  scheduler,
  until,
} from '../helpers/gateway-rig.js';
import { cancel, complete, remove, startedJob, tellProgress } from '../helpers/job-steps.js';
import { seqOf } from '../helpers/model-client.js';

/** What is sent from the past and what of it is live, on both wires, over an engine in memory. */

const opened: GatewayRig[] = [];

async function open(options?: RigOptions): Promise<GatewayRig> {
  const rig = await openGatewayRig(options);
  opened.push(rig);
  return rig;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(async () => {
  for (const rig of opened.splice(0)) {
    expect(rig.errors).toEqual([]);
    await rig.close();
  }
  vi.useRealTimers();
});

interface Connection {
  readonly sink: FakeSink;
  readonly subscriber: Subscriber;
}

function connect(gateway: Gateway, wire: Wire = 'ws', jobId?: string): Connection {
  const sink = new FakeSink(wire);
  const subscriber = gateway.connect(sink, { owner: 'alice', keyId: 'k', address: '127.0.0.1' });
  if (subscriber === undefined) throw new Error('There was no room');
  subscriber.endsWithJob = jobId;
  sink.subscriber = subscriber;
  return { sink, subscriber };
}

async function follow(
  gateway: Gateway,
  wire: Wire,
  members: Readonly<Record<string, unknown>> = {},
  jobId?: string,
): Promise<Connection> {
  const connection = connect(gateway, wire, jobId);
  expect(await gateway.subscribe(connection.subscriber, 's1', filter(members))).toBeUndefined();
  return connection;
}

function isLive({ sink }: Connection): boolean {
  return sink.of('live').length > 0;
}

async function submitMany(engine: Engine, count: number): Promise<void> {
  for (let made = 0; made < count; made += 1) await submitted(engine);
}

async function cursorAt(engine: Engine, seq: number): Promise<string> {
  return formatCursor(positionAt(await engine.store.log(), seq));
}

function counted(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function typesOf(messages: readonly Message[]): readonly string[] {
  return messages.map((message) =>
    message.type === 'event' ? String((message.event as { type: string }).type) : message.type,
  );
}

describe.each(['ws', 'sse'] as const)('over %s', (wire) => {
  test('P-18 snapshot, then what happens', async () => {
    const { engine, gateway } = await open();
    const job = await submitted(engine);
    const { sink } = await follow(gateway, wire);
    await scheduler();
    await cancel(engine, job.id);
    await scheduler();
    expect(typesOf(sink.messages)).toEqual(['subscribed', 'snapshot', 'live', 'job.cancelled']);
    expect(sink.of('snapshot')[0]).toMatchObject({ jobs: [{ job_id: job.id, rev: 1 }], more: false });
  });

  test('P-19 a snapshot comes in parts of at most 100 jobs, newest first', async () => {
    const { engine, gateway } = await open();
    await submitMany(engine, 250);
    const connection = await follow(gateway, wire);
    await until('live', () => isLive(connection));
    const parts = connection.sink.of('snapshot') as unknown as {
      jobs: { job_id: string }[];
      more: boolean;
    }[];
    expect(parts.map(({ jobs, more }) => [jobs.length, more])).toEqual([
      [100, true],
      [100, true],
      [50, false],
    ]);
    const ids = parts.flatMap(({ jobs }) => jobs.map(({ job_id }) => job_id));
    expect(ids).toEqual([...ids].sort().reverse());
    expect(new Set(ids).size).toBe(250);
  });

  test('P-12 the past, then the present, while facts come all the time', async () => {
    const { engine, gateway } = await open({ tail: { maxFacts: 50, maxBytes: 1e9 } });
    await submitMany(engine, 1_000);
    const connection = await follow(gateway, wire, { after: await cursorAt(engine, 100) });
    while (!isLive(connection)) {
      await submitted(engine);
      await scheduler(1);
    }
    await submitMany(engine, 5);
    await scheduler();
    const { last } = await engine.store.log();
    expect(connection.sink.ids.map(seqOf)).toEqual(counted(101, last));
  });

  test('P-42 a reader that sleeps through 10,000 facts gets them all, in order, and costs no memory', async () => {
    const { engine, gateway } = await open({ tail: { maxFacts: 2_000, maxBytes: 1e9 } });
    const connection = await follow(gateway, wire, { snapshot: false });
    await until('live', () => isLive(connection));
    connection.sink.fill();
    await submitMany(engine, 10_000);
    await scheduler();
    // One turn's outbox, whatever happens after it.
    expect(connection.sink.waitingBytes).toBeLessThan(256 * 1024);
    connection.sink.drain();
    await until('all', () => connection.sink.ids.length >= 10_000);
    await scheduler();
    expect(connection.sink.ids.map(seqOf)).toEqual(counted(1, 10_000));
    expect(gateway.connections.state.behind).toBe(0);
    expect(await gateway.audit.run()).toBe(0);
  });

  test('P-42 a socket that is full after every write is read on by one reader alone', async () => {
    const { engine, gateway } = await open();
    const connection = await follow(gateway, wire, { snapshot: false });
    const { sink } = connection;
    await until('live', () => isLive(connection));
    sink.fill();
    await submitMany(engine, 3_000);
    for (let round = 0; round < 200 && sink.ids.length < 3_000; round += 1) {
      sink.drain();
      sink.fill();
      await scheduler(3);
    }
    sink.drain();
    await scheduler();
    expect(sink.ids.map(seqOf)).toEqual(counted(1, 3_000));
  });

  test('P-42 one that falls behind again with the last write of its way back is read on by one alone, too', async () => {
    // A short tail: reading from the store takes long enough for two to read the same.
    const { engine, gateway } = await open({ tail: { maxFacts: 10, maxBytes: 1e9 } });
    const connection = await follow(gateway, wire, { snapshot: false });
    const { sink } = connection;
    await until('live', () => isLive(connection));
    sink.fill();
    for (let round = 0; round < 5; round += 1) {
      await submitMany(engine, 600);
      for (let turn = 0; turn < 6; turn += 1) {
        await scheduler(4);
        sink.drain();
        sink.fill();
      }
    }
    sink.drain();
    await until('all', () => sink.ids.length >= 3_000);
    await scheduler();
    expect(sink.ids.map(seqOf)).toEqual(counted(1, 3_000));
  });

  test('P-42 large records: what is read at once for a reader is bounded by bytes as well', async () => {
    const { engine, gateway } = await open();
    const message = 'x'.repeat(50_000);
    for (let made = 0; made < 40; made += 1) {
      const { id } = await startedJob(engine);
      const end = { type: 'fail', claim: 1, code: 'invalid_input', message, random: 0 } as const;
      expect((await engine.store.apply(id, end, start)).ok).toBe(true);
    }
    const { sink, subscriber } = connect(gateway, wire);
    sink.fill();
    await gateway.subscribe(subscriber, 's1', filter({ after: await cursorAt(engine, 0) }));
    await scheduler();
    sink.drain();
    sink.fill();
    await scheduler();
    expect(sink.waitingBytes).toBeGreaterThan(100_000);
    expect(sink.waitingBytes).toBeLessThan(300_000);
    while (sink.ids.length < 120) {
      sink.drain();
      await scheduler(2);
    }
    expect(sink.ids.map(seqOf)).toEqual(counted(1, 120));
  });

  test('P-14 a heartbeat to a reader that is behind carries what it was sent', async () => {
    const { engine, gateway } = await open();
    const connection = await follow(gateway, wire, { snapshot: false });
    await until('live', () => isLive(connection));
    connection.sink.fill();
    await submitted(engine);
    await scheduler();
    await submitMany(engine, 5);
    expect(connection.subscriber.isBehind).toBe(true);
    expect(connection.subscriber.cursorAt(6)).toBe(1);
  });

  test('P-42 a reader whose socket was filled by a heartbeat reads on as well', async () => {
    const { engine, gateway } = await open();
    const connection = await follow(gateway, wire, { snapshot: false });
    await until('live', () => isLive(connection));
    connection.sink.fill();
    await vi.advanceTimersByTimeAsync(16_000);
    expect(connection.subscriber.isBehind).toBe(true);
    await submitMany(engine, 3);
    connection.sink.drain();
    await scheduler();
    await submitMany(engine, 2);
    await scheduler();
    expect(connection.sink.of('heartbeat')).toHaveLength(1);
    expect(connection.sink.ids.map(seqOf)).toEqual(counted(1, 5));
  });

  test('P-42 more in one turn than the outbox takes is read from the log', async () => {
    const { engine, gateway } = await open({ limits: { outboxMaxBytes: 2_000 } });
    const connection = await follow(gateway, wire, { snapshot: false });
    await until('live', () => isLive(connection));
    const submits = Array.from({ length: 50 }, () => submitted(engine));
    await Promise.all(submits);
    await scheduler();
    expect(connection.sink.ids.map(seqOf)).toEqual(counted(1, 50));
  });

  test.each(['epoch', 'invalid', 'trimmed'] as const)(
    'P-20 a cursor that is %s: reset, snapshot, live',
    async (reason) => {
      const { engine, gateway } = await open();
      await submitMany(engine, 20);
      if (reason === 'trimmed') await trimTo(engine, 5);
      const after = { epoch: 'ffffffffffffffff-5', invalid: 'nonsense', trimmed: await cursorAt(engine, 3) }[
        reason
      ];
      // P-20: the snapshot comes even where it was not wanted.
      const { sink } = await follow(gateway, wire, { after, snapshot: false });
      await scheduler();
      expect(typesOf(sink.messages)).toEqual(['subscribed', 'reset', 'snapshot', 'live']);
      expect(sink.of('reset')[0]).toMatchObject({ reason, cursor: await cursorAt(engine, 20) });
      expect(sink.of('snapshot')[0]?.jobs).toHaveLength(20);
    },
  );

  test('P-20 P-22 a cursor ahead of the log is from a part of it that was lost', async () => {
    const { engine, gateway } = await open();
    await submitMany(engine, 3);
    const { sink } = await follow(gateway, wire, { after: await cursorAt(engine, 4) });
    await scheduler();
    expect(sink.of('reset')[0]).toMatchObject({ reason: 'epoch' });
  });

  test('P-20 what a slow reader still had to read is trimmed: it is told, and begins anew', async () => {
    const { engine, gateway } = await open({
      tail: { maxFacts: 10, maxBytes: 1e9 },
      limits: { outboxMaxBytes: 2_000 },
    });
    const connection = await follow(gateway, wire, { snapshot: false });
    await until('live', () => isLive(connection));
    connection.sink.fill();
    await submitMany(engine, 100);
    await trimTo(engine, 80);
    connection.sink.drain();
    await until('live again', () => connection.sink.of('live').length === 2);
    await submitMany(engine, 2);
    await scheduler();
    const types = typesOf(connection.sink.messages);
    const reset = types.indexOf('reset');
    expect(connection.sink.of('reset')).toHaveLength(1);
    expect(types.slice(reset)).toEqual(['reset', 'snapshot', 'live', 'job.created', 'job.created']);
    expect(connection.sink.ids.slice(-2).map(seqOf)).toEqual([101, 102]);
    expect(await gateway.audit.run()).toBe(0);
  });

  test('P-20 what a catch-up still had to read is trimmed: it is told, and begins anew', async () => {
    const { engine, gateway } = await open({ tail: { maxFacts: 10, maxBytes: 1e9 } });
    await submitMany(engine, 600);
    const connection = connect(gateway, wire);
    connection.sink.fill();
    await gateway.subscribe(connection.subscriber, 's1', filter({ after: await cursorAt(engine, 0) }));
    await scheduler();
    await trimTo(engine, 500);
    connection.sink.drain();
    await until('live', () => isLive(connection));
    expect(typesOf(connection.sink.messages)).toContain('reset');
    expect(connection.sink.of('snapshot').flatMap(({ jobs }) => jobs)).toHaveLength(600);
  });

  test('P-13 a cursor that the gateway has not heard of yet is waited for, not refused', async () => {
    const { engine, gateway, bus } = await open();
    bus.pass = () => undefined;
    const job = await submitted(engine);
    const { sink } = await follow(gateway, wire, {
      after: await cursorAt(engine, 1),
      topics: [`job:${job.id}`],
    });
    await scheduler();
    expect(typesOf(sink.messages)).toEqual(['subscribed', 'live']);
    bus.pass = (hint) => hint;
    await cancel(engine, job.id);
    await scheduler();
    expect(sink.ids.map(seqOf)).toEqual([2]);
  });

  test('P-12 a catch-up from the store does not run ahead of what is handed out live', async () => {
    const { engine, gateway, bus } = await open({ tail: { maxFacts: 2, maxBytes: 1e9 } });
    await submitMany(engine, 10);
    const held: Parameters<typeof bus.pass>[0][] = [];
    bus.pass = (hint) => {
      held.push(hint);
      return undefined;
    };
    await submitMany(engine, 5);
    bus.pass = (hint) => hint;
    const connection = await follow(gateway, wire, { after: await cursorAt(engine, 0) });
    await until('live', () => isLive(connection));
    // The next hint makes the gateway read what it has missed.
    await submitMany(engine, 1);
    await scheduler();
    expect(connection.sink.ids.map(seqOf)).toEqual(counted(1, 16));
    expect(held).toHaveLength(5);
  });

  test('P-21 a job that had ended: snapshot, its terminal fact, live', async () => {
    const { engine, gateway } = await open();
    const job = await startedJob(engine);
    await complete(engine, job);
    const { sink } = await follow(gateway, wire, { topics: [`job:${job.id}`] });
    await scheduler();
    expect(typesOf(sink.messages)).toEqual(['subscribed', 'snapshot', 'job.completed', 'live']);
  });

  test('P-1 P-21 a job whose end the gateway has yet to hear of has it told once', async () => {
    const { engine, gateway, bus } = await open();
    const job = await startedJob(engine);
    bus.pass = () => undefined;
    await complete(engine, job);
    const { sink } = await follow(gateway, wire, { topics: [`job:${job.id}`] });
    await scheduler();
    bus.pass = (hint) => hint;
    await gateway.audit.run();
    await scheduler();
    expect(typesOf(sink.messages)).toEqual(['subscribed', 'snapshot', 'live', 'job.completed']);
  });

  test('P-16 types narrow a subscription', async () => {
    const { engine, gateway } = await open();
    const { sink } = await follow(gateway, wire, { types: ['job.cancelled'], snapshot: false });
    await scheduler();
    const job = await submitted(engine);
    await cancel(engine, job.id);
    await scheduler();
    expect(typesOf(sink.messages)).toEqual(['subscribed', 'live', 'job.cancelled']);
  });

  test('P-41 progress keeps its pace, and what was left out is counted once', async () => {
    const { engine, gateway } = await open();
    const { sink, subscriber } = await follow(gateway, wire, { progress_ms: 200, snapshot: false });
    await scheduler();
    const job = await startedJob(engine);
    for (let step = 1; step <= 50; step += 1) {
      tellProgress(engine, job, step / 100);
      await vi.advanceTimersByTimeAsync(20);
    }
    await vi.advanceTimersByTimeAsync(400);
    await scheduler();
    const values = sink
      .of('progress')
      .map(({ progress }) => (progress as { job: { progress: number } }).job.progress);
    expect(values.length).toBeGreaterThanOrEqual(5);
    expect(values.length).toBeLessThanOrEqual(7);
    expect(values.at(-1)).toBe(50);
    expect(values).toEqual([...values].sort((one, other) => one - other));
    expect(subscriber.withheld).toBe(50 - values.length);
  });

  test('P-3 the current progress is sent again after a reconnect', async () => {
    const { engine, gateway } = await open();
    const job = await startedJob(engine);
    tellProgress(engine, job, 0.4);
    const { sink } = await follow(gateway, wire);
    await scheduler();
    await vi.advanceTimersByTimeAsync(150);
    await scheduler();
    expect(sink.of('progress')[0]).toMatchObject({ progress: { job: { job_id: job.id, progress: 40 } } });
  });

  test('P-4 no progress after the end of its attempt, and none that falls', async () => {
    const { engine, gateway } = await open();
    const { sink } = await follow(gateway, wire, { snapshot: false });
    await scheduler();
    const job = await startedJob(engine);
    tellProgress(engine, job, 0.9);
    tellProgress(engine, job, 0.5);
    await vi.advanceTimersByTimeAsync(150);
    await scheduler();
    tellProgress(engine, job, 0.95);
    await complete(engine, job);
    tellProgress(engine, job, 1);
    await vi.advanceTimersByTimeAsync(500);
    await scheduler();
    expect(typesOf(sink.messages).slice(2)).toEqual([
      'job.created',
      'job.started',
      'progress',
      'job.completed',
    ]);
    expect(sink.of('progress')[0]).toMatchObject({ progress: { job: { progress: 90 } } });
  });

  test('P-40 a heartbeat after 15 s without anything else', async () => {
    const { engine, gateway } = await open();
    const { sink } = await follow(gateway, wire);
    await scheduler();
    await vi.advanceTimersByTimeAsync(14_000);
    await submitted(engine);
    await scheduler();
    await vi.advanceTimersByTimeAsync(14_000);
    expect(sink.of('heartbeat')).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sink.of('heartbeat')).toEqual([
      { type: 'heartbeat', cursor: await cursorAt(engine, 1), withheld: 0 },
    ]);
  });

  test('P-43 a socket that takes nothing for 30 s is closed', async () => {
    const { engine, gateway } = await open();
    const { sink } = await follow(gateway, wire, { snapshot: false });
    await scheduler();
    sink.fill();
    await submitted(engine);
    await scheduler();
    await vi.advanceTimersByTimeAsync(29_000);
    expect(sink.closed).toBeUndefined();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sink.closed?.reason).toBe('stuck');
  });

  test('P-42 P-43 a socket that takes a little stays, however long it needs', async () => {
    const { engine, gateway } = await open();
    const { sink, subscriber } = await follow(gateway, wire, { snapshot: false });
    await scheduler();
    sink.fill();
    await submitted(engine);
    // Two more chunks wait behind the first.
    await scheduler();
    for (let chunk = 0; chunk < 3; chunk += 1) subscriber.send(Buffer.from(': x\n\n'), performance.now());
    for (let chunk = 0; chunk < 3; chunk += 1) {
      await vi.advanceTimersByTimeAsync(25_000);
      expect(sink.closed).toBeUndefined();
      if (wire === 'sse') sink.drain(1);
      else sink.dropOne();
    }
    await vi.advanceTimersByTimeAsync(31_000);
    expect(sink.closed?.reason).toBe('stuck');
  });

  test('P-47 a connection ends within a second after its key', async () => {
    const { gateway, disabled } = await open();
    const { sink } = await follow(gateway, wire);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(sink.closed).toBeUndefined();
    disabled.add('k');
    await vi.advanceTimersByTimeAsync(700);
    expect(sink.closed?.reason).toBe('unauthorized');
  });

  test('P-56 a connection lives for 30 to 60 minutes, then is told when to come back', async () => {
    const { gateway } = await open();
    const { sink } = await follow(gateway, wire);
    await vi.advanceTimersByTimeAsync(44 * 60_000);
    expect(sink.closed).toBeUndefined();
    await vi.advanceTimersByTimeAsync(2 * 60_000);
    expect(sink.closed).toEqual({ reason: 'restart', retryMs: 3_000 });
  });

  test('a store that stumbles ends the connection, which comes back', async () => {
    let fails = false;
    const { engine, gateway, errors } = await open({
      store: (store) =>
        new Proxy(store, {
          get: (target, name) =>
            name === 'list' && fails
              ? () => Promise.reject(new Error('disk'))
              : Reflect.get(target, name).bind(target),
        }),
    });
    await submitted(engine);
    fails = true;
    const { sink } = await follow(gateway, wire);
    await scheduler();
    expect(sink.closed?.reason).toBe('restart');
    expect(errors.splice(0)).toHaveLength(1);
  });
});

test('P-57 a subscription that the store could not begin may be tried again with its id', async () => {
  let fails = true;
  const { engine, gateway } = await open({
    store: (store) =>
      new Proxy(store, {
        get: (target, name) =>
          name === 'get' && fails
            ? () => Promise.reject(new Error('disk'))
            : Reflect.get(target, name).bind(target),
      }),
  });
  const job = await submitted(engine);
  const subscriber = gateway.connect(new FakeSink('ws'), { owner: 'alice', keyId: 'k', address: 'a' });
  if (subscriber === undefined) throw new Error('There is room');
  const topics = filter({ topics: [`job:${job.id}`] });
  await expect(gateway.subscribe(subscriber, 's1', topics)).rejects.toThrow('disk');
  fails = false;
  expect(await gateway.subscribe(subscriber, 's1', topics)).toBeUndefined();
});

describe('the event stream of one job', () => {
  test('P-33 ends with the terminal fact', async () => {
    const { engine, gateway } = await open();
    const job = await startedJob(engine);
    const { sink } = await follow(gateway, 'sse', { topics: [`job:${job.id}`] }, job.id);
    await scheduler();
    expect(sink.closed).toBeUndefined();
    await complete(engine, job);
    await scheduler();
    expect(typesOf(sink.messages)).toEqual(['subscribed', 'snapshot', 'live', 'job.completed']);
    expect(sink.closed?.reason).toBe('normal');
  });

  test.each([true, false])('P-21 P-33 ends at once when the job has (snapshot: %s)', async (snapshot) => {
    const { engine, gateway } = await open();
    const job = await startedJob(engine);
    await complete(engine, job);
    const { sink } = await follow(gateway, 'sse', { topics: [`job:${job.id}`], snapshot }, job.id);
    await scheduler();
    expect(typesOf(sink.messages).at(-1)).toBe('job.completed');
    expect(sink.closed?.reason).toBe('normal');
    expect(await gateway.isOver('alice', job.id, sink.ids[0])).toBe(true);
  });

  test.each(['live', 'past', 'snapshot'])(
    'P-33 ends although its types leave the end out (%s)',
    async (when) => {
      const { engine, gateway } = await open();
      const job = await startedJob(engine);
      if (when !== 'live') await complete(engine, job);
      const members = {
        topics: [`job:${job.id}`],
        types: ['job.created'],
        ...(when === 'past' ? { after: await cursorAt(engine, 0) } : {}),
      };
      const { sink } = await follow(gateway, 'sse', members, job.id);
      await scheduler();
      if (when === 'live') await complete(engine, job);
      await scheduler();
      expect(sink.closed?.reason).toBe('normal');
      // The cursor with which an EventSource comes back, and is told that nothing will ever come.
      const cursor = String(sink.of('heartbeat').at(-1)?.cursor);
      expect(await gateway.isOver('alice', job.id, cursor)).toBe(true);
    },
  );

  test('P-21 P-33 ends although the log no longer holds the end', async () => {
    const { engine, gateway } = await open();
    const job = await startedJob(engine);
    await complete(engine, job);
    await submitMany(engine, 10);
    await trimTo(engine, 8);
    const { sink } = await follow(gateway, 'sse', { topics: [`job:${job.id}`] }, job.id);
    await scheduler();
    expect(typesOf(sink.messages).slice(0, 3)).toEqual(['subscribed', 'snapshot', 'heartbeat']);
    expect(sink.closed?.reason).toBe('normal');
    expect(await gateway.isOver('alice', job.id, String(sink.of('heartbeat')[0]?.cursor))).toBe(true);
  });

  test('P-33 is not over before its end was sent', async () => {
    const { engine, gateway } = await open();
    const job = await startedJob(engine);
    expect(await gateway.isOver('alice', job.id, await cursorAt(engine, 2))).toBe(false);
    await complete(engine, job);
    expect(await gateway.isOver('alice', job.id, undefined)).toBe(false);
    expect(await gateway.isOver('alice', job.id, 'nonsense')).toBe(false);
    expect(await gateway.isOver('alice', job.id, await cursorAt(engine, 2))).toBe(false);
    expect(await gateway.isOver('alice', job.id, await cursorAt(engine, 3))).toBe(true);
    expect(await gateway.isOver('bob', job.id, await cursorAt(engine, 3))).toBe(false);
  });

  test('P-33 ends when the job is deleted, and the reader is slow', async () => {
    const { engine, gateway } = await open();
    const job = await startedJob(engine);
    const cursor = await cursorAt(engine, 2);
    const members = { topics: [`job:${job.id}`], after: cursor };
    const slow = await follow(gateway, 'sse', members, job.id);
    await scheduler();
    slow.sink.fill();
    await complete(engine, job);
    await remove(engine, job.id);
    slow.sink.drain();
    await scheduler();
    expect(typesOf(slow.sink.messages)).toEqual(['subscribed', 'live', 'job.completed', 'job.deleted']);
    expect(slow.sink.closed?.reason).toBe('normal');
  });

  test('P-14 no cursor stands for half a snapshot', async () => {
    const { engine, gateway } = await open();
    await submitMany(engine, 250);
    const connection = connect(gateway, 'sse');
    let part = 0;
    const release: (() => void)[] = [];
    const { store } = engine;
    const list = store.list.bind(store);
    vi.spyOn(store, 'list').mockImplementation(async (filter) => {
      part += 1;
      if (part === 3) await new Promise<void>((resolve) => release.push(resolve));
      return list(filter);
    });
    await gateway.subscribe(connection.subscriber, 's1', filter());
    await scheduler();
    await vi.advanceTimersByTimeAsync(16_000);
    expect(connection.sink.writes).toBeGreaterThan(2);
    expect(connection.sink.of('heartbeat')).toEqual([]);
    for (const go of release) go();
    await until('live', () => isLive(connection));
    await vi.advanceTimersByTimeAsync(16_000);
    expect(connection.sink.of('heartbeat')).toHaveLength(1);
  });

  test('P-14 while it catches up a heartbeat carries what was sent, not where the log is', async () => {
    const { engine, gateway } = await open({ tail: { maxFacts: 10, maxBytes: 1e9 } });
    await submitMany(engine, 600);
    const { store } = engine;
    const facts = store.facts.bind(store);
    const release: (() => void)[] = [];
    let page = 0;
    vi.spyOn(store, 'facts').mockImplementation(async (filter) => {
      page += 1;
      if (page === 2) await new Promise<void>((resolve) => release.push(resolve));
      return facts(filter);
    });
    const connection = await follow(gateway, 'sse', { after: await cursorAt(engine, 0) });
    await scheduler();
    await vi.advanceTimersByTimeAsync(16_000);
    expect(connection.sink.of('heartbeat')[0]?.cursor).toBe(connection.sink.ids.at(-1));
    expect(connection.sink.ids).toHaveLength(256);
    for (const go of release) go();
    await until('live', () => isLive(connection));
    expect(connection.sink.ids.map(seqOf)).toEqual(counted(1, 600));
  });
});

describe('several subscriptions on a socket', () => {
  test('P-26 a live event is sent once, a past one to its subscription alone', async () => {
    const { engine, gateway } = await open();
    const first = await submitted(engine, { group: 'g' });
    const { sink, subscriber } = await follow(gateway, 'ws', { snapshot: false });
    await gateway.subscribe(
      subscriber,
      's2',
      filter({ topics: ['group:g'], after: await cursorAt(engine, 0) }),
    );
    await scheduler();
    await cancel(engine, first.id);
    await scheduler();
    const events = sink.of('event').map(({ id, event }) => [id, seqOf((event as { id: string }).id)]);
    expect(events).toEqual([
      ['s2', 1],
      [undefined, 2],
      // group.completed
      [undefined, 3],
    ]);
  });

  test('an id is taken once, and free again after unsubscribe', async () => {
    const { gateway } = await open();
    const { sink, subscriber } = await follow(gateway, 'ws');
    const again = await gateway.subscribe(subscriber, 's1', filter());
    expect(again).toMatchObject({ slug: 'validation-failed', errors: [{ pointer: '/id' }] });
    await scheduler();
    expect(gateway.unsubscribe(subscriber, 's1')).toBe(true);
    expect(gateway.unsubscribe(subscriber, 's1')).toBe(false);
    expect(await gateway.subscribe(subscriber, 's1', filter())).toBeUndefined();
    await scheduler();
    expect(sink.of('live')).toHaveLength(2);
    expect(sink.of('unsubscribed')).toEqual([{ type: 'unsubscribed', id: 's1', withheld: 0 }]);
  });

  test('nothing follows `unsubscribed`, whatever was under way', async () => {
    const { engine, gateway } = await open();
    await submitMany(engine, 500);
    for (const turn of [0, 1, 2, 3, 5, 8]) {
      const { sink, subscriber } = await follow(
        gateway,
        'ws',
        turn % 2 === 0 ? {} : { after: await cursorAt(engine, 1) },
      );
      await scheduler(turn);
      gateway.unsubscribe(subscriber, 's1');
      await submitted(engine);
      await scheduler();
      expect(sink.messages.at(-1)?.type).toBe('unsubscribed');
    }
  });

  test('P-41 P-42 unsubscribing while behind leaves the others whole', async () => {
    const { engine, gateway } = await open();
    const { sink, subscriber } = await follow(gateway, 'ws', { snapshot: false });
    await gateway.subscribe(subscriber, 's2', filter({ snapshot: false }));
    await scheduler();
    sink.fill();
    await submitMany(engine, 1);
    await scheduler();
    await submitMany(engine, 19);
    expect(subscriber.isBehind).toBe(true);
    gateway.unsubscribe(subscriber, 's2');
    await submitMany(engine, 20);
    sink.drain();
    await scheduler();
    expect(sink.ids.map(seqOf)).toEqual(counted(1, 40));
    expect(await gateway.audit.run()).toBe(0);
    expect(sink.closed).toBeUndefined();
  });

  test('P-41 a value that two subscriptions want is withheld by neither, and one that nobody wants any more is not sent', async () => {
    const { engine, gateway } = await open();
    const { sink, subscriber } = await follow(gateway, 'ws', { snapshot: false });
    await gateway.subscribe(subscriber, 's2', filter({ topics: ['kind:document'], snapshot: false }));
    await gateway.subscribe(subscriber, 's3', filter({ topics: ['kind:merge'], snapshot: false }));
    await scheduler();
    const job = await startedJob(engine);
    tellProgress(engine, job, 0.1);
    await vi.advanceTimersByTimeAsync(150);
    await scheduler();
    expect(sink.of('progress')).toHaveLength(1);
    expect(subscriber.withheld).toBe(0);
    tellProgress(engine, job, 0.2);
    gateway.unsubscribe(subscriber, 's1');
    gateway.unsubscribe(subscriber, 's2');
    await vi.advanceTimersByTimeAsync(500);
    await scheduler();
    expect(sink.of('progress')).toHaveLength(1);
  });

  test('P-41 progress_ms 0 is none, also where another subscription wants facts alone', async () => {
    const { engine, gateway } = await open();
    const running = await startedJob(engine);
    tellProgress(engine, running, 0.1);
    const { sink, subscriber } = await follow(gateway, 'ws', { snapshot: false, progress_ms: 0 });
    await gateway.subscribe(subscriber, 's2', filter({ topics: ['kind:merge'], snapshot: false }));
    await scheduler();
    tellProgress(engine, running, 0.2);
    await vi.advanceTimersByTimeAsync(500);
    await scheduler();
    expect(sink.of('progress')).toEqual([]);
  });

  test('P-50 past the bound a subscription is refused', async () => {
    const { gateway } = await open({ limits: { maxSubscriptions: 2 } });
    const { subscriber } = await follow(gateway, 'ws');
    expect(await gateway.subscribe(subscriber, 's2', filter())).toBeUndefined();
    expect(await gateway.subscribe(subscriber, 's3', filter())).toMatchObject({
      slug: 'too-many-subscriptions',
    });
  });

  test('P-17 a job of somebody else is not found, and leaves no trace', async () => {
    const { engine, gateway } = await open();
    const bobs = await submitted(engine, { owner: 'bob' });
    const { sink, subscriber } = connect(gateway);
    const refusal = await gateway.subscribe(subscriber, 's1', filter({ topics: [`job:${bobs.id}`] }));
    const unknown = await gateway.subscribe(
      subscriber,
      's1',
      filter({ topics: [`job:job_${'0'.repeat(24)}`] }),
    );
    expect(refusal?.detail.replace(bobs.id, '')).toBe(unknown?.detail.replace(/job_0+/, ''));
    expect(refusal?.slug).toBe('not-found');
    expect(subscriber.subscriptions.size).toBe(0);
    expect(sink.messages).toEqual([]);
  });
});

describe('the log is the truth', () => {
  test('a hint that is lost is found by the audit, and counted', async () => {
    const { engine, gateway, bus, registry } = await open();
    const { sink } = await follow(gateway, 'ws', { snapshot: false });
    await scheduler();
    bus.pass = () => undefined;
    await submitMany(engine, 3);
    await scheduler();
    expect(sink.ids).toEqual([]);
    expect(await gateway.audit.run()).toBe(3);
    await scheduler();
    expect(sink.ids.map(seqOf)).toEqual([1, 2, 3]);
    expect(await gateway.audit.run()).toBe(0);
    expect(await registry.metrics()).toContain('inkwire_stream_repaired_total{what="hint"} 3');
  });

  test('hints that come twice, late, out of order or without facts change nothing', async () => {
    const { engine, gateway, bus } = await open();
    const { sink } = await follow(gateway, 'ws', { snapshot: false });
    await scheduler();
    const seen: Parameters<typeof bus.pass>[0][] = [];
    bus.pass = (hint) => {
      seen.push(hint);
      // The first comes without its facts, the others not at all until the last.
      return seen.length === 1 || seen.length === 5 ? { ...hint, facts: [] } : undefined;
    };
    await submitMany(engine, 5);
    await scheduler();
    expect(sink.ids.map(seqOf)).toEqual(counted(1, 5));
    bus.pass = () => seen[2];
    await submitted(engine);
    bus.pass = (hint) => hint;
    await submitted(engine);
    await scheduler();
    expect(sink.ids.map(seqOf)).toEqual(counted(1, 7));
  });

  test('a hint that comes while the log is being read is not taken twice', async () => {
    const { engine, gateway, bus } = await open();
    const { sink } = await follow(gateway, 'ws', { snapshot: false });
    await scheduler();
    const { store } = engine;
    const everyFact = store.everyFact.bind(store);
    const release: (() => void)[] = [];
    vi.spyOn(store, 'everyFact').mockImplementationOnce(async (...args) => {
      const page = await everyFact(...args);
      await new Promise<void>((resolve) => release.push(resolve));
      return page;
    });
    const told: Fact[] = [];
    bus.pass = (hint) => {
      told.push(...hint.facts);
      return { ...hint, facts: [] };
    };
    await submitMany(engine, 2);
    bus.pass = (hint) => {
      told.push(...hint.facts);
      return { ...hint, after: 0, facts: [...told] };
    };
    await submitMany(engine, 2);
    await scheduler();
    for (const go of release) go();
    await scheduler();
    expect(sink.ids.map(seqOf)).toEqual(counted(1, 4));
    const late = await follow(gateway, 'ws', { after: await cursorAt(engine, 0) });
    await scheduler();
    expect(late.sink.ids.map(seqOf)).toEqual(counted(1, 4));
  });

  test('a reading of the log that fails is made up for', async () => {
    const { engine, gateway, bus, errors } = await open();
    const { sink } = await follow(gateway, 'ws', { snapshot: false });
    await scheduler();
    const spy = vi.spyOn(engine.store, 'everyFact').mockRejectedValueOnce(new Error('disk'));
    bus.pass = (hint) => ({ ...hint, facts: [] });
    await submitted(engine);
    await scheduler();
    expect(spy).toHaveBeenCalledTimes(1);
    expect(errors.splice(0)).toHaveLength(1);
    await gateway.audit.run();
    await scheduler();
    expect(sink.ids.map(seqOf)).toEqual([1]);
  });

  test('facts that went out of the log before the gateway read them: everybody comes back, and is told', async () => {
    const { engine, gateway, bus } = await open();
    const cursor = await cursorAt(engine, 0);
    const before = await follow(gateway, 'ws', { after: cursor });
    await scheduler();
    bus.pass = () => undefined;
    await submitMany(engine, 50);
    await trimTo(engine, 40);
    await gateway.audit.run();
    await scheduler();
    expect(before.sink.closed?.reason).toBe('restart');
    const { sink } = await follow(gateway, 'ws', { after: cursor });
    await scheduler();
    expect(sink.of('reset')[0]).toMatchObject({ reason: 'trimmed' });
    expect(sink.of('snapshot')[0]?.jobs).toHaveLength(50);
  });
});

describe('P-44 P-50 bounds of all connections', () => {
  test('places per key and per address, given back at the end', async () => {
    const { gateway } = await open({ limits: { maxPerKey: 2, maxPerAddress: 3 } });
    const enter = (keyId: string, address: string) =>
      gateway.connect(new FakeSink('ws'), { owner: 'alice', keyId, address });
    const [first] = [enter('k1', 'a'), enter('k1', 'a')];
    expect(enter('k1', 'b')).toBeUndefined();
    const leave = gateway.connections.takePlace('k2', 'a');
    expect(leave).toBeDefined();
    expect(enter('k3', 'a')).toBeUndefined();
    leave?.();
    leave?.();
    expect(enter('k3', 'a')).toBeDefined();
    expect(enter('k4', 'a')).toBeUndefined();
    if (first !== undefined) gateway.connections.remove(first);
    expect(enter('k1', 'a')).toBeDefined();
  });

  test('past the budget those with the most bytes go, and no more than have to', async () => {
    const { engine, gateway } = await open({ limits: { maxWaitingBytes: 5_000 } });
    const readers = [];
    for (let index = 0; index < 4; index += 1) {
      readers.push(await follow(gateway, index % 2 === 0 ? 'ws' : 'sse', { snapshot: false }));
    }
    await scheduler();
    for (const { sink } of readers.slice(0, 3)) sink.fill();
    await submitted(engine);
    await scheduler();
    readers[1]?.subscriber.send(Buffer.alloc(10_000), performance.now());
    await vi.advanceTimersByTimeAsync(600);
    expect(readers.map(({ sink }) => sink.closed?.reason)).toEqual([
      undefined,
      'overloaded',
      undefined,
      undefined,
    ]);
  });

  test('P-56 a shutdown ends everything, told when to come back', async () => {
    const { gateway } = await open();
    const readers = [await follow(gateway, 'ws'), await follow(gateway, 'sse')];
    await scheduler();
    const poll = gateway.longPoll.poll(
      'alice',
      filter({ after: '' }),
      { waitMs: 60_000, limit: 256 },
      new AbortController().signal,
    );
    await gateway.close();
    for (const { sink } of readers) expect(sink.closed).toEqual({ reason: 'restart', retryMs: 3_000 });
    expect((await poll).events).toEqual([]);
  });
});

describe('long-poll', () => {
  const never = new AbortController().signal;

  test('P-36 answers as soon as something matches, and with what was missed', async () => {
    const { engine, gateway } = await open();
    await submitMany(engine, 3);
    const after = await cursorAt(engine, 1);
    const missed = await gateway.longPoll.poll(
      'alice',
      filter({ after }),
      { waitMs: 60_000, limit: 256 },
      never,
    );
    expect(missed.events.map((text) => seqOf(JSON.parse(text).id))).toEqual([2, 3]);
    const small = await gateway.longPoll.poll('alice', filter({ after }), { waitMs: 0, limit: 1 }, never);
    expect(small).toMatchObject({ cursor: await cursorAt(engine, 2), more: true });
    expect(small.events.map((text) => seqOf(JSON.parse(text).id))).toEqual([2]);
    const waiting = gateway.longPoll.poll(
      'alice',
      filter({ after: missed.cursor, topics: ['kind:merge'] }),
      { waitMs: 60_000, limit: 256 },
      never,
    );
    await submitted(engine, { owner: 'bob', kind: 'merge' });
    await submitted(engine, { kind: 'document' });
    await scheduler();
    await submitted(engine, { kind: 'merge' });
    const answer = await waiting;
    expect(answer.events.map((text) => seqOf(JSON.parse(text).id))).toEqual([6]);
    expect(answer).toMatchObject({ more: false, cursor: await cursorAt(engine, 6) });
  });

  test('P-36 answers after its time without one, with a cursor that has moved on', async () => {
    const { engine, gateway } = await open();
    await submitted(engine);
    const waiting = gateway.longPoll.poll(
      'alice',
      filter({ after: await cursorAt(engine, 0), topics: ['kind:merge'] }),
      { waitMs: 5_000, limit: 256 },
      never,
    );
    await scheduler();
    await vi.advanceTimersByTimeAsync(5_100);
    expect(await waiting).toMatchObject({ events: [], more: false, cursor: await cursorAt(engine, 1) });
  });

  test('P-36 reads long pasts in pages', async () => {
    const { engine, gateway } = await open({ tail: { maxFacts: 300, maxBytes: 1e9 } });
    await submitMany(engine, 1_000);
    const seen: number[] = [];
    for (let after = await cursorAt(engine, 0), more = true; more; ) {
      const answer = await gateway.longPoll.poll(
        'alice',
        filter({ after }),
        { waitMs: 60_000, limit: 256 },
        never,
      );
      seen.push(...answer.events.map((text) => seqOf(JSON.parse(text).id)));
      ({ cursor: after, more } = answer);
    }
    expect(seen).toEqual(counted(1, 1_000));
  });

  test('P-37 P-20 begins with a snapshot, and after a reset likewise', async () => {
    const { engine, gateway } = await open();
    await submitMany(engine, 120);
    const first = await gateway.longPoll.poll('alice', filter(), { waitMs: 60_000, limit: 256 }, never);
    expect(first).toMatchObject({
      events: [],
      cursor: await cursorAt(engine, 120),
      snapshot: { truncated: false },
    });
    expect(first.snapshot?.jobs).toHaveLength(120);
    expect(first.reset).toBeUndefined();
    const reset = await gateway.longPoll.poll(
      'alice',
      filter({ after: 'what?', snapshot: false }),
      { waitMs: 60_000, limit: 256 },
      never,
    );
    expect(reset).toMatchObject({ reset: 'invalid' });
    expect(reset.snapshot?.jobs).toHaveLength(120);
  });

  test('P-36 ends when the caller leaves', async () => {
    const { engine, gateway } = await open();
    const leave = new AbortController();
    const waiting = gateway.longPoll.poll(
      'alice',
      filter({ after: await cursorAt(engine, 0) }),
      { waitMs: 60_000, limit: 256 },
      leave.signal,
    );
    await scheduler();
    leave.abort();
    expect((await waiting).events).toEqual([]);
  });
});

/** Takes facts out of the log. */
async function trimTo(engine: Engine, seq: number): Promise<void> {
  const { last } = await engine.store.log();
  await engine.store.sweep({
    now: start,
    limit: 100_000,
    recordTtlMs: day,
    logTtlMs: day,
    logMaxFacts: last - seq,
  });
  expect((await engine.store.log()).trimmedTo).toBe(seq);
}
