import { describe, expect, test, vi } from 'vitest';
import { start, submitted } from '../contracts/jobs-at-hand.js';
import { filter } from '../helpers/a-fact.js';
import { FakeSink } from '../helpers/fake-sink.js';
import { scheduler, until } from '../helpers/gateway-rig.js';
import { startedJob } from '../helpers/job-steps.js';
import { seqOf } from '../helpers/model-client.js';
import {
  connect,
  counted,
  cursorAt,
  follow,
  isLive,
  open,
  submitMany,
  trimTo,
  typesOf,
  useDelivery,
} from './delivery-fixture.js';

/** Readers that are slower than the log, and the bounds of what waits for all of them. */

useDelivery();

describe.each(['ws', 'sse'] as const)('over %s', (wire) => {
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

  /** Of a reader for which more has come. */
  async function fullSocket() {
    const { engine, gateway } = await open();
    const { sink } = await follow(gateway, wire, { snapshot: false });
    await scheduler();
    sink.fill();
    await submitted(engine);
    await scheduler();
    return { sink };
  }

  test('P-43 a socket that takes nothing for 30 s is closed', async () => {
    const { sink } = await fullSocket();
    await vi.advanceTimersByTimeAsync(29_000);
    expect(sink.closed).toBeUndefined();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sink.closed?.reason).toBe('stuck');
  });

  test('P-43 nobody is closed for the time in which the process stood', async () => {
    const { sink } = await fullSocket();
    await vi.advanceTimersByTimeAsync(20_000);
    // The next look comes that late, before anything that the client has taken is noticed.
    const running = performance.now.bind(performance);
    const now = vi.spyOn(performance, 'now').mockImplementation(() => running() + 65_000);
    await vi.advanceTimersByTimeAsync(9_000);
    expect(sink.closed).toBeUndefined();
    await vi.advanceTimersByTimeAsync(2_500);
    expect(sink.closed?.reason).toBe('stuck');
    now.mockRestore();
  });

  /** With chunks of so many bytes behind the first one, of which `takes` takes one. */
  async function chunksOf(bytes: number) {
    const { engine, gateway } = await open();
    const { sink, subscriber } = await follow(gateway, wire, { snapshot: false });
    await scheduler();
    sink.fill();
    await submitted(engine);
    await scheduler();
    const chunk = Buffer.from(`: ${'x'.repeat(bytes)}\n\n`);
    for (let n = 0; n < 6; n += 1) subscriber.send(chunk, performance.now());
    const take = (): void => (wire === 'sse' ? sink.drain(1) : sink.dropOne());
    take();
    return { sink, take };
  }

  test('P-42 P-43 a socket that takes a little stays, however long it needs', async () => {
    const { sink, take } = await chunksOf(8 * 1024);
    for (let chunk = 0; chunk < 4; chunk += 1) {
      await vi.advanceTimersByTimeAsync(25_000);
      expect(sink.closed).toBeUndefined();
      take();
    }
    await vi.advanceTimersByTimeAsync(31_000);
    expect(sink.closed?.reason).toBe('stuck');
  });

  test('P-43 a socket that takes a byte now and then is closed', async () => {
    const { sink, take } = await chunksOf(100);
    for (let chunk = 0; chunk < 2; chunk += 1) {
      await vi.advanceTimersByTimeAsync(14_000);
      expect(sink.closed).toBeUndefined();
      take();
    }
    await vi.advanceTimersByTimeAsync(3_000);
    expect(sink.closed?.reason).toBe('stuck');
  });
});

describe('P-44 P-50 bounds of all connections', () => {
  test('places per key and per address, given back at the end', async () => {
    const { gateway } = await open({ limits: { maxPerKey: 2, maxPerAddress: 3 } });
    const enter = (keyId: string, address: string) =>
      gateway.connect(new FakeSink('ws'), { owner: 'alice', keyId, address });
    const [first] = [enter('k1', 'a'), enter('k1', 'a')];
    expect(enter('k1', 'b')).toBeUndefined();
    const leave = gateway.connections.takePlace({ owner: 'alice', keyId: 'k2', address: 'a' });
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

  test('P-44 many readers of one owner do not cost a slower one of another its connection', async () => {
    const { gateway } = await open({ limits: { maxWaitingBytes: 10_000 } });
    const reader = (owner: string, bytes: number): FakeSink => {
      const sink = new FakeSink('sse');
      const subscriber = gateway.connect(sink, { owner, keyId: owner, address: owner });
      sink.fill();
      subscriber?.send(Buffer.alloc(bytes), performance.now());
      return sink;
    };
    const bob = reader('bob', 4_000);
    const anns = [2_000, 3_000, 1_000, 2_500].map((bytes) => reader('ann', bytes));
    await vi.advanceTimersByTimeAsync(600);
    const reasons = [bob, ...anns].map(({ closed }) => closed?.reason);
    expect(reasons).toEqual([undefined, undefined, 'overloaded', undefined, undefined]);
  });

  test('P-50 one owner at an address does not keep another one there from connecting', async () => {
    const { gateway } = await open({ limits: { maxPerAddress: 4 } });
    const enter = (owner: string): FakeSink | undefined => {
      const sink = new FakeSink('ws');
      return gateway.connect(sink, { owner, keyId: owner, address: 'a' }) && sink;
    };
    const anns = [enter('ann'), enter('ann'), enter('ann'), enter('ann')];
    expect(enter('ann')).toBeUndefined();
    expect(enter('bob')).toBeDefined();
    expect(enter('bob')).toBeDefined();
    expect(anns.map((sink) => sink?.closed?.reason)).toEqual([
      undefined,
      undefined,
      'overloaded',
      'overloaded',
    ]);
    // Two each.
    expect(enter('bob')).toBeUndefined();
    expect(enter('cem')).toBeDefined();
    expect(gateway.connections.state.connections.ws).toBe(4);
  });

  test('P-50 places of requests that wait are not taken away', async () => {
    const { gateway } = await open({ limits: { maxPerAddress: 3 } });
    const origin = { owner: 'ann', keyId: 'ann', address: 'a' };
    const leaves = [1, 2, 3].map(() => gateway.connections.takePlace(origin));
    expect(gateway.connections.takePlace({ ...origin, owner: 'bob' })).toBeUndefined();
    leaves[0]?.();
    expect(gateway.connections.takePlace({ ...origin, owner: 'bob' })).toBeDefined();
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
