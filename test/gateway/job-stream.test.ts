import { describe, expect, test, vi } from 'vitest';
import { filter } from '../helpers/a-fact.js';
import { scheduler, until } from '../helpers/gateway-rig.js';
import { complete, remove, startedJob } from '../helpers/job-steps.js';
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

/** An event stream that ends with its one job. */

useDelivery();

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
    const records = store.records.bind(store);
    vi.spyOn(store, 'records').mockImplementation(async (filter) => {
      part += 1;
      if (part === 3) await new Promise<void>((resolve) => release.push(resolve));
      return records(filter);
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
