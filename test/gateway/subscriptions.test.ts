import { describe, expect, test, vi } from 'vitest';
import { submitted } from '../contracts/jobs-at-hand.js';
import { filter } from '../helpers/a-fact.js';
import { FakeSink } from '../helpers/fake-sink.js';
import { scheduler } from '../helpers/gateway-rig.js';
import { cancel, startedJob, tellProgress } from '../helpers/job-steps.js';
import { seqOf } from '../helpers/model-client.js';
import { connect, counted, cursorAt, follow, open, submitMany, useDelivery } from './delivery-fixture.js';

/** Several subscriptions on one socket, and what is refused. */

useDelivery();

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
