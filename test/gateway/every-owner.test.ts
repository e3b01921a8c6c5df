import { describe, expect, test, vi } from 'vitest';
import { everyOwner } from '../../src/protocol/names.js';
import { submitted } from '../contracts/jobs-at-hand.js';
import { filter } from '../helpers/a-fact.js';
import type { FakeSink } from '../helpers/fake-sink.js';
import { scheduler } from '../helpers/gateway-rig.js';
import { complete, startedJob, tellProgress } from '../helpers/job-steps.js';
import { connect, cursorAt, follow, open, useDelivery } from './delivery-fixture.js';

/** Streams of what every owner has. */

useDelivery();

interface Told {
  readonly type: string;
  readonly job?: { readonly owner?: string; readonly job_id: string };
  readonly group?: { readonly owner?: string };
}

const told = (sink: FakeSink): readonly string[] =>
  sink.of('event').map(({ event }) => {
    const { type, job, group } = event as Told;
    return `${type} ${(job ?? group)?.owner}`;
  });

describe.each(['ws', 'sse'] as const)('every owner, over %s', (wire) => {
  async function followAll(gateway: Parameters<typeof follow>[0], members: object) {
    const { sink, subscriber } = connect(gateway, wire, undefined, everyOwner);
    expect(await gateway.subscribe(subscriber, 's1', filter(members as never))).toBeUndefined();
    return { sink, subscriber };
  }

  test('P-48 has the facts and the progress of each owner, whose records say whose they are', async () => {
    const { engine, gateway } = await open();
    const before = await submitted(engine, { owner: 'carol' });
    const own = await follow(gateway, wire, { snapshot: false });
    const { sink } = await followAll(gateway, {});
    await scheduler();
    expect(sink.of('snapshot')[0]).toMatchObject({ jobs: [{ owner: 'carol', job_id: before.id }] });
    await engine.store.apply(before.id, { type: 'cancel' }, before.createdAt);
    const job = await startedJob(engine, { owner: 'bob', group: 'g' });
    await submitted(engine);
    tellProgress(engine, job, 0.5);
    await vi.advanceTimersByTimeAsync(150);
    await scheduler();
    await complete(engine, job);
    await scheduler();
    expect(told(sink)).toEqual([
      'job.cancelled carol',
      'job.created bob',
      'job.started bob',
      'job.created alice',
      'job.completed bob',
      'group.completed bob',
    ]);
    expect(sink.of('progress')[0]).toMatchObject({ progress: { job: { owner: 'bob', progress: 50 } } });
    // Who follows one owner has the same bytes as ever.
    expect(told(own.sink)).toEqual(['job.created undefined']);
  });

  test('P-48 goes on from a cursor, from memory and from the store alike', async () => {
    for (const tail of [undefined, { maxFacts: 1, maxBytes: 1_000_000 }]) {
      const { engine, gateway } = await open(tail === undefined ? {} : { tail });
      await submitted(engine, { owner: 'a' });
      const after = await cursorAt(engine, 1);
      for (const owner of ['b', 'c', 'a']) await submitted(engine, { owner, kind: owner });
      const { sink } = await followAll(gateway, { after });
      await scheduler(40);
      expect(told(sink)).toEqual(['job.created b', 'job.created c', 'job.created a']);
      const some = await followAll(gateway, { after, topics: ['kind:c'] });
      await scheduler(40);
      expect(told(some.sink)).toEqual(['job.created c']);
    }
  });
});

describe('every owner', () => {
  test('P-48 is asked for by long-poll, too, and woken by any of them', async () => {
    const { engine, gateway } = await open();
    await submitted(engine, { owner: 'a' });
    const poll = gateway.longPoll.poll(
      everyOwner,
      filter({ after: await cursorAt(engine, 1) }),
      { waitMs: 60_000, limit: 10 },
      new AbortController().signal,
    );
    await scheduler();
    await submitted(engine, { owner: 'b' });
    const { events } = await poll;
    expect(events.map((text) => JSON.parse(text).job.owner)).toEqual(['b']);
  });

  test('P-48 has no topic of one job, which is followed under its owner', async () => {
    const { engine, gateway } = await open();
    const { id } = await submitted(engine);
    const refusal = await gateway.refusalOf(everyOwner, filter({ topics: [`job:${id}`] }), undefined);
    expect(refusal).toMatchObject({ slug: 'validation-failed' });
  });

  test('the audit compares what those have got who follow all', async () => {
    const { engine, gateway } = await open();
    const { subscriber } = connect(gateway, 'ws', undefined, everyOwner);
    expect(await gateway.subscribe(subscriber, 's1', filter({ snapshot: false }))).toBeUndefined();
    await scheduler();
    for (const owner of ['a', 'b']) await submitted(engine, { owner });
    await scheduler();
    expect(await gateway.audit.run()).toBe(0);
    subscriber.audit = { ...subscriber.audit, facts: 1 };
    await submitted(engine, { owner: 'c' });
    await scheduler();
    expect(await gateway.audit.run()).toBe(1);
  });
});
