import { describe, expect, test, vi } from 'vitest';
import type { PollAnswer } from '../../src/gateway/long-poll.js';
import { submitted } from '../contracts/jobs-at-hand.js';
import { filter } from '../helpers/a-fact.js';
import { scheduler } from '../helpers/gateway-rig.js';
import { seqOf } from '../helpers/model-client.js';
import { counted, cursorAt, open, submitMany, useDelivery } from './delivery-fixture.js';

/** Facts by asking for them again and again. */

function jobsOf({ snapshot }: PollAnswer): unknown {
  return JSON.parse(`[${(snapshot?.jobs ?? []).map((part) => Buffer.from(part).toString()).join(',')}]`);
}

useDelivery();

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
    expect(jobsOf(first)).toHaveLength(120);
    expect(first.reset).toBeUndefined();
    const reset = await gateway.longPoll.poll(
      'alice',
      filter({ after: 'what?', snapshot: false }),
      { waitMs: 60_000, limit: 256 },
      never,
    );
    expect(reset).toMatchObject({ reset: 'invalid' });
    expect(jobsOf(reset)).toHaveLength(120);
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
