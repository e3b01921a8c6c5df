import { describe, expect, test } from 'vitest';
import { submitted } from '../contracts/jobs-at-hand.js';
import { filter } from '../helpers/a-fact.js';
import { scheduler, until } from '../helpers/gateway-rig.js';
import { cancel, complete, startedJob } from '../helpers/job-steps.js';
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

/** What is sent from the past, and where the present begins, on both wires. */

useDelivery();

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
    expect(typesOf(sink.messages)).toEqual(['subscribed', 'snapshot', 'job.completed', 'live']);
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
});
