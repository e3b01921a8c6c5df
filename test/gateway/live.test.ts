import { describe, expect, test, vi } from 'vitest';
import { submitted } from '../contracts/jobs-at-hand.js';
import { scheduler } from '../helpers/gateway-rig.js';
import { complete, startedJob, tellProgress } from '../helpers/job-steps.js';
import { cursorAt, follow, open, typesOf, useDelivery } from './delivery-fixture.js';

/** What goes out while a connection is live: progress, heartbeats, and its end. */

useDelivery();

describe.each(['ws', 'sse'] as const)('over %s', (wire) => {
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
            name === 'records' && fails
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
