import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { positionAt } from '../../src/engine/lives.js';
import type { PollAnswer } from '../../src/gateway/long-poll.js';
import type { Job } from '../../src/jobs/job.js';
import { formatCursor } from '../../src/protocol/cursor.js';
import { start, submitted } from '../contracts/jobs-at-hand.js';
import { filter } from '../helpers/a-fact.js';
import { type GatewayRig, openGatewayRig, scheduler } from '../helpers/gateway-rig.js';
import { complete, startedJob, tellProgress } from '../helpers/job-steps.js';

/** P-36: what a long-poll tells of progress, over an engine in memory and a clock that stands. */

let rig: GatewayRig;
let engine: Engine;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'performance'] });
  rig = await openGatewayRig();
  engine = rig.engine;
});
afterEach(async () => {
  expect(rig.errors).toEqual([]);
  await rig.close();
  vi.useRealTimers();
});

interface Asked {
  readonly waitMs?: number;
  readonly progressMs?: number;
  readonly members?: Readonly<Record<string, unknown>>;
  /** Begins before everything, instead of now. */
  readonly fromStart?: boolean;
}

interface Poll {
  /** Undefined while it waits. */
  answer: PollAnswer | undefined;
}

async function poll({ waitMs = 10_000, progressMs, members = {}, fromStart }: Asked): Promise<Poll> {
  const log = await engine.store.log();
  const after = formatCursor(positionAt(log, fromStart ? 0 : log.last));
  const asked: Poll = { answer: undefined };
  const ask = { waitMs, limit: 256, ...(progressMs === undefined ? {} : { progressMs }) };
  void rig.gateway.longPoll
    .poll('alice', filter({ after, ...members }), ask, new AbortController().signal)
    .then((answer) => {
      asked.answer = answer;
    });
  await scheduler();
  return asked;
}

async function pass(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms);
  await scheduler();
}

async function tell(job: Job, ratio: number): Promise<void> {
  tellProgress(engine, job, ratio);
  await scheduler();
}

const values = ({ answer }: Poll) =>
  answer?.progress?.map((text) => {
    const { type, job } = JSON.parse(text);
    return [type, job.job_id, job.progress];
  });

describe('P-36 a long-poll with progress_ms', () => {
  test('has the latest value of what runs in every answer', async () => {
    const job = await startedJob(engine);
    await tell(job, 0.2);
    await tell(job, 0.4);
    const asked = await poll({ progressMs: 100, fromStart: true });
    expect(values(asked)).toEqual([['job.progress', job.id, 40]]);
    expect(JSON.parse(asked.answer?.progress?.[0] ?? '')).toMatchObject({
      at: new Date(start).toISOString(),
      job: { status: 'running', rev: 2, attempt: 1, message: 'drawing' },
    });
    expect(asked.answer?.events).toHaveLength(2);
  });

  test('has no value ahead of the facts that are left for the next answer', async () => {
    const job = await startedJob(engine);
    await tell(job, 0.2);
    const { epoch } = await engine.store.log();
    const ask = { waitMs: 0, limit: 1, progressMs: 100 };
    const signal = new AbortController().signal;
    const first = await rig.gateway.longPoll.poll('alice', filter({ after: `${epoch}-0` }), ask, signal);
    expect([first.more, first.progress]).toEqual([true, []]);
    const rest = await rig.gateway.longPoll.poll('alice', filter({ after: first.cursor }), ask, signal);
    expect([rest.more, values({ answer: rest })]).toEqual([false, [['job.progress', job.id, 20]]]);
  });

  test('ends its wait when a value is new and the pace has passed, and not before', async () => {
    const job = await startedJob(engine);
    const asked = await poll({ progressMs: 300 });
    await tell(job, 0.2);
    await pass(299);
    await tell(job, 0.3);
    expect(asked.answer).toBeUndefined();
    await pass(1);
    expect(values(asked)).toEqual([['job.progress', job.id, 30]]);
    expect(asked.answer).toMatchObject({ events: [], more: false });
  });

  test('ends at once with a value that comes after the pace', async () => {
    const job = await startedJob(engine);
    const asked = await poll({ progressMs: 300 });
    await pass(5_000);
    expect(asked.answer).toBeUndefined();
    await tell(job, 0.2);
    expect(values(asked)).toEqual([['job.progress', job.id, 20]]);
  });

  test('waits on for what is new: what came before the request is in the answer, and does not end it', async () => {
    const job = await startedJob(engine);
    await tell(job, 0.2);
    const asked = await poll({ progressMs: 100 });
    await pass(9_999);
    expect(asked.answer).toBeUndefined();
    await pass(1);
    expect(values(asked)).toEqual([['job.progress', job.id, 20]]);
  });

  test('is not woken by what it does not follow', async () => {
    const job = await startedJob(engine, { group: 'a' });
    const asked = await poll({ progressMs: 100, members: { topics: ['group:b'] } });
    await tell(job, 0.2);
    await pass(1_000);
    expect(asked.answer).toBeUndefined();
    await pass(9_000);
    expect(values(asked)).toEqual([]);
  });

  test('P-4 has no value of an attempt that has ended, and ends for a fact as ever', async () => {
    const job = await startedJob(engine);
    await tell(job, 0.2);
    const asked = await poll({ progressMs: 60_000 });
    await tell(job, 0.9);
    await complete(engine, job);
    await scheduler();
    expect(asked.answer?.events).toHaveLength(1);
    expect(values(asked)).toEqual([]);
  });

  test('P-16 has none where the types leave it out', async () => {
    const job = await startedJob(engine);
    const members = { types: new Set(['job.completed']), progress_ms: 100 };
    const asked = await poll({ progressMs: 0, members: { ...members, types: ['job.completed'] } });
    await tell(job, 0.2);
    await pass(10_000);
    expect(asked.answer).not.toHaveProperty('progress');
  });

  test('P-50 has at most 100 values, those that came last first', async () => {
    const jobs: Job[] = [];
    for (let made = 0; made < 103; made += 1) jobs.push(await startedJob(engine));
    for (const job of jobs) tellProgress(engine, job, 0.1);
    const [first] = jobs;
    if (first === undefined) throw new Error('There are jobs');
    await tell(first, 0.2);
    const asked = await poll({ progressMs: 100, waitMs: 0 });
    expect(asked.answer?.progress).toHaveLength(100);
    expect(values(asked)?.[0]).toEqual(['job.progress', first.id, 20]);
    expect(values(asked)?.[1]?.[1]).toBe(jobs.at(-1)?.id);
  });

  test('P-37 has it beside a snapshot, too', async () => {
    const job = await startedJob(engine);
    await tell(job, 0.2);
    const signal = new AbortController().signal;
    const ask = { waitMs: 0, limit: 256, progressMs: 100 };
    const answer = await rig.gateway.longPoll.poll('alice', filter(), ask, signal);
    expect(values({ answer })).toEqual([['job.progress', job.id, 20]]);
    const bare = await rig.gateway.longPoll.poll('alice', filter({ snapshot: false }), ask, signal);
    expect(values({ answer: bare })).toEqual([['job.progress', job.id, 20]]);
  });
});

test('P-36 without progress_ms there is no progress and no answer for its sake', async () => {
  const job = await startedJob(engine);
  const asked = await poll({});
  await tell(job, 0.2);
  await pass(9_999);
  expect(asked.answer).toBeUndefined();
  await submitted(engine);
  await scheduler();
  expect(asked.answer?.events).toHaveLength(1);
  expect(asked.answer).not.toHaveProperty('progress');
});
