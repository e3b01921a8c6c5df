import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Engine, Fact } from '../../src/engine/engine.js';
import { positionAt } from '../../src/engine/lives.js';
import { openMemoryEngine } from '../../src/engine/memory/memory-engine.js';
import { Follower, lookMs } from '../../src/follow/follower.js';
import { nextChange } from '../../src/follow/next-change.js';
import type { Change } from '../../src/follow/watchers.js';
import { day, start, submitted } from '../contracts/jobs-at-hand.js';
import { FaultyBus } from '../helpers/faulty-bus.js';
import { scheduler, until } from '../helpers/gateway-rig.js';
import { cancel, complete, startedJob, tellProgress } from '../helpers/job-steps.js';

/** One follower over the engine in memory, a bus that does to hints what it may, and a clock that stands. */

let engine: Engine;
let bus: FaultyBus;
let follower: Follower;
let errors: unknown[];
let heard: Fact[];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] });
  engine = await openMemoryEngine({ fairness: { maxRunningPerOwner: 1_000, weights: {} } });
  bus = new FaultyBus(engine.bus);
  errors = [];
  heard = [];
  follower = new Follower({
    store: engine.store,
    bus,
    clock: () => start,
    onError: (error) => errors.push(error),
  });
});
afterEach(async () => {
  expect(errors).toEqual([]);
  follower.close();
  bus.close();
  await engine.close();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function begin(past = 0): Promise<void> {
  await follower.open(past);
  follower.onFact((fact) => heard.push(fact));
  await follower.start();
}

async function submitMany(count: number): Promise<void> {
  for (let made = 0; made < count; made += 1) await submitted(engine);
}

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await scheduler();
}

function seqs(): readonly number[] {
  return heard.map(({ seq }) => seq);
}

function counted(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** Takes facts out of the log, up to a sequence. */
async function trimTo(seq: number): Promise<void> {
  const { last } = await engine.store.log();
  await engine.store.sweep({
    now: start,
    limit: 100_000,
    recordTtlMs: day,
    logTtlMs: day,
    logMaxFacts: last - seq,
  });
}

describe('a beginning', () => {
  test('stands so many facts before the end, and hands them out when it starts', async () => {
    await submitMany(5);
    await follower.open(3);
    const log = await engine.store.log();
    expect(follower.position).toEqual(positionAt(log, 2));
    follower.onFact((fact) => heard.push(fact));
    // Of the time between: it is told of, and handed out in its order.
    await submitted(engine);
    await follower.reach(6);
    expect(heard).toEqual([]);
    await follower.start();
    await follower.start();
    expect(seqs()).toEqual(counted(3, 6));
  });

  test('begins no earlier than the log does', async () => {
    await submitMany(5);
    await trimTo(4);
    const lost = vi.fn();
    follower.onLost(lost);
    await begin(1_000);
    expect(seqs()).toEqual([5]);
    expect(lost).not.toHaveBeenCalled();
  });

  test('misses nothing that happens while the log is looked at', async () => {
    const { store } = engine;
    const log = store.log.bind(store);
    vi.spyOn(store, 'log').mockImplementationOnce(async () => {
      const state = await log();
      await submitted(engine);
      return state;
    });
    await begin();
    expect(seqs()).toEqual([1]);
  });

  test('is told when the store fails, and ends nothing', async () => {
    vi.spyOn(engine.store, 'log').mockRejectedValueOnce(new Error('disk'));
    await expect(follower.open()).rejects.toThrow('disk');
  });
});

describe('listeners', () => {
  test('are called in their order, each with every fact of every owner', async () => {
    await begin();
    const calls: string[] = [];
    follower.onFact(({ owner }) => calls.push(`one ${owner}`));
    follower.onFact(({ owner }) => calls.push(`two ${owner}`));
    await submitted(engine, { owner: 'alice' });
    await submitted(engine, { owner: 'bob' });
    expect(calls).toEqual(['one alice', 'two alice', 'one bob', 'two bob']);
  });

  test('that throw are reported, and cost the others nothing', async () => {
    await begin();
    follower.onFact(() => {
      throw new Error('a defect');
    });
    const behind = vi.fn();
    follower.onFact(behind);
    await submitMany(2);
    expect(behind).toHaveBeenCalledTimes(2);
    expect(seqs()).toEqual([1, 2]);
    expect(errors.splice(0)).toHaveLength(2);
  });

  test('hear nothing after they have ended, nor before they began', async () => {
    await begin();
    const late = vi.fn();
    let end = (): void => undefined;
    const first = vi.fn(() => {
      end();
      follower.onFact(late);
    });
    const endFirst = follower.onFact(first);
    const second = vi.fn();
    end = follower.onFact(second);
    await submitted(engine);
    endFirst();
    endFirst();
    await submitted(engine);
    expect([first, second, late].map((each) => each.mock.calls.length)).toEqual([1, 0, 1]);
  });

  test('hear nothing after the close, also of a reading that is under way', async () => {
    await begin();
    const { store } = engine;
    const everyFact = store.everyFact.bind(store);
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    vi.spyOn(store, 'everyFact').mockImplementationOnce(async (...args) => {
      await gate;
      return everyFact(...args);
    });
    bus.fault = 'bare';
    await submitted(engine);
    follower.close();
    follower.close();
    go();
    await scheduler();
    await submitted(engine);
    await pass(10 * lookMs);
    expect(heard).toEqual([]);
    expect(bus.listeners).toBe(0);
  });
});

describe('the look at the log', () => {
  test('is often enough: a fact is heard within 300 ms, whatever hints do', () => {
    expect(2 * lookMs).toBeLessThanOrEqual(300);
  });

  test.each(['lost', 'held'] as const)('finds what %s hints do not tell of', async (fault) => {
    await begin();
    bus.fault = fault;
    await submitMany(2);
    await pass(lookMs - 1);
    expect(heard).toEqual([]);
    await pass(1);
    expect(seqs()).toEqual([1, 2]);
    bus.letGo();
    await scheduler();
    expect(seqs()).toEqual([1, 2]);
  });

  test('is left out once where a hint brought something, and never twice', async () => {
    await begin();
    const log = vi.spyOn(engine.store, 'log');
    await pass(lookMs - 1);
    await submitted(engine);
    bus.fault = 'lost';
    await submitted(engine);
    await pass(1);
    expect(log).not.toHaveBeenCalled();
    expect(seqs()).toEqual([1]);
    await pass(lookMs);
    expect(log).toHaveBeenCalledTimes(1);
    expect(seqs()).toEqual([1, 2]);
  });

  test('is not put off by hints that bring nothing', async () => {
    await begin();
    await submitted(engine);
    await pass(lookMs);
    const { epoch, seq } = follower.position;
    bus.fault = 'lost';
    await submitted(engine);
    await pass(lookMs - 1);
    bus.publishHint({ epoch, after: 0, last: seq, facts: [] });
    await pass(1);
    expect(seqs()).toEqual([1, 2]);
  });

  test('waits for a reading that is under way, and for the look before', async () => {
    await begin();
    const { store } = engine;
    const [everyFact, readLog] = [store.everyFact.bind(store), store.log.bind(store)];
    const gates: (() => void)[] = [];
    const opened = (): Promise<void> => new Promise((resolve) => gates.push(resolve));
    vi.spyOn(store, 'everyFact').mockImplementation(async (...args) => {
      await opened();
      return everyFact(...args);
    });
    const log = vi.spyOn(store, 'log').mockImplementation(async () => {
      await opened();
      return readLog();
    });
    bus.fault = 'lost';
    await submitted(engine);
    await pass(10 * lookMs);
    expect([log.mock.calls.length, gates.length]).toEqual([1, 1]);
    gates.shift()?.();
    await pass(10 * lookMs);
    expect([log.mock.calls.length, gates.length]).toEqual([1, 1]);
    gates.shift()?.();
    await scheduler();
    expect(seqs()).toEqual([1]);
  });

  test('tells once of a store that fails, tries again, and tells anew after it has answered', async () => {
    await begin();
    bus.fault = 'lost';
    const everyFact = vi.spyOn(engine.store, 'everyFact').mockRejectedValue(new Error('disk'));
    const log = vi.spyOn(engine.store, 'log').mockRejectedValue(new Error('disk'));
    await submitted(engine);
    await pass(20 * lookMs);
    expect(log).toHaveBeenCalledTimes(20);
    expect(errors.splice(0)).toHaveLength(1);
    log.mockRestore();
    everyFact.mockRestore();
    await pass(lookMs);
    expect(seqs()).toEqual([1]);
    vi.spyOn(engine.store, 'log').mockRejectedValue(new Error('disk'));
    await pass(5 * lookMs);
    expect(errors.splice(0)).toHaveLength(1);
  });

  test('brings what a reading that failed did not', async () => {
    await begin();
    vi.spyOn(engine.store, 'everyFact').mockRejectedValueOnce(new Error('disk'));
    bus.fault = 'bare';
    await submitted(engine);
    await scheduler();
    expect([errors.splice(0).length, heard.length]).toEqual([1, 0]);
    await pass(2 * lookMs);
    expect(seqs()).toEqual([1]);
  });
});

test('a hint in the very step in which a reading ends starts another one', async () => {
  await begin();
  bus.fault = 'lost';
  await submitMany(2);
  const { store } = engine;
  const everyFact = store.everyFact.bind(store);
  vi.spyOn(store, 'everyFact').mockImplementation((after) => everyFact(after, 1));
  const { epoch } = follower.position;
  const hint = (last: number) => bus.publishHint({ epoch, after: last - 1, last, facts: [] });
  follower.onFact(({ seq }) => {
    if (seq === 1) queueMicrotask(() => hint(2));
  });
  hint(1);
  await scheduler();
  expect(seqs()).toEqual([1, 2]);
});

describe('hints that are wrong', () => {
  test('of another epoch change nothing: numbers are compared within one only', async () => {
    await begin();
    const everyFact = vi.spyOn(engine.store, 'everyFact');
    bus.publishHint({ epoch: 'another', after: 0, last: 100, facts: [] });
    await submitted(engine);
    await scheduler();
    expect(seqs()).toEqual([1]);
    expect(everyFact).not.toHaveBeenCalled();
  });

  test('that promise more than the log holds cost one reading', async () => {
    await begin();
    const { epoch } = follower.position;
    const everyFact = vi.spyOn(engine.store, 'everyFact');
    bus.publishHint({ epoch, after: 0, last: 100, facts: [] });
    await scheduler();
    expect(everyFact).toHaveBeenCalledTimes(1);
    await submitted(engine);
    await pass(2 * lookMs);
    expect(seqs()).toEqual([1]);
    expect(await follower.checkEnd()).toBe(0);
  });
});

describe('the comparison for the audit', () => {
  test('counts what no hint told of, once, also where a look has found it', async () => {
    await begin();
    expect(await follower.checkEnd()).toBe(0);
    bus.fault = 'lost';
    await submitMany(2);
    await pass(lookMs);
    expect(seqs()).toEqual([1, 2]);
    await submitted(engine);
    expect(await follower.checkEnd()).toBe(3);
    expect(seqs()).toEqual([1, 2, 3]);
    expect(await follower.checkEnd()).toBe(0);
    bus.fault = 'bare';
    await submitted(engine);
    expect(await follower.checkEnd()).toBe(0);
    expect(seqs()).toEqual(counted(1, 4));
  });

  test('a hint that is late is none that is missing', async () => {
    await begin();
    bus.fault = 'held';
    await submitted(engine);
    await pass(lookMs);
    bus.letGo();
    expect(await follower.checkEnd()).toBe(0);
  });
});

test('facts that went out of the log unread: everybody is told, what ran is forgotten, what is left follows', async () => {
  await begin();
  const job = await startedJob(engine);
  tellProgress(engine, job, 0.5);
  expect(follower.running.get(job.id)).toBeDefined();
  bus.fault = 'lost';
  await submitMany(10);
  await trimTo(9);
  const told: string[] = [];
  follower.onLost(({ seq }) => told.push(`lost before ${seq}`));
  follower.onFact(({ seq }) => told.push(`fact ${seq}`));
  const changes: Change[] = [];
  follower.watch({ owner: 'alice', jobId: job.id }, (change) => changes.push(change));
  follower.watch({ owner: 'bob' }, (change) => changes.push(change));
  await pass(2 * lookMs);
  expect(told).toEqual(['lost before 9', 'fact 10', 'fact 11', 'fact 12']);
  expect(changes).toEqual([{ type: 'lost' }, { type: 'lost' }]);
  expect(follower.running.get(job.id)).toBeUndefined();
  expect(follower.position.seq).toBe(12);
  // It runs on, and its next value says so.
  tellProgress(engine, job, 0.6);
  await scheduler();
  expect(follower.running.live(job.id)).toMatchObject({ ratio: 0.6 });
});

describe('progress', () => {
  test('is told to listeners and watchers, facts first', async () => {
    await begin();
    const told: string[] = [];
    follower.onFact(({ type }) => told.push(type));
    follower.onProgress(({ ratio }) => told.push(String(ratio)));
    const job = await startedJob(engine);
    const watched: Change['type'][] = [];
    follower.watch({ owner: 'alice', jobId: job.id }, ({ type }) => watched.push(type));
    follower.watch({ owner: 'alice' }, ({ type }) => watched.push(type));
    follower.watch({ owner: 'bob' }, ({ type }) => watched.push(type));
    for (const ratio of [0.1, 0.3, 0.2]) tellProgress(engine, job, ratio);
    await complete(engine, job);
    tellProgress(engine, job, 0.9);
    await scheduler();
    expect(told).toEqual(['job.created', 'job.started', '0.1', '0.3', 'job.completed']);
    expect(watched).toEqual(['progress', 'progress', 'progress', 'progress', 'fact', 'fact']);
  });

  test.each(['lost', 'bare', 'held'] as const)(
    'is shown at once to who polls, and told after the start that %s hints left unread',
    async (fault) => {
      await begin();
      const told: string[] = [];
      follower.onFact(({ type }) => told.push(type));
      follower.onProgress(({ ratio }) => told.push(String(ratio)));
      bus.fault = fault;
      const job = await startedJob(engine);
      const get = vi.spyOn(engine.store, 'get');
      tellProgress(engine, job, 0.1);
      expect(follower.running.get(job.id)).toMatchObject({ ratio: 0.1, attempt: 1, count: 1 });
      await scheduler();
      expect(told).toEqual(['job.created', 'job.started', '0.1']);
      expect(get).not.toHaveBeenCalled();
    },
  );

  test('is told of a job that started before the part of the log that was read', async () => {
    const job = await startedJob(engine);
    await begin();
    const told: number[] = [];
    follower.onProgress(({ ratio }) => told.push(ratio));
    tellProgress(engine, job, 0.1);
    tellProgress(engine, job, 0.2);
    await scheduler();
    expect(told).toEqual([0.2]);
    await complete(engine, job);
    tellProgress(engine, job, 0.3);
    await scheduler();
    expect(told).toEqual([0.2]);
    expect(follower.running.size).toBe(0);
  });
});

describe('a wait for the next change', () => {
  const all = (): boolean => true;
  const never = new AbortController().signal;

  async function settled(wait: Promise<unknown>): Promise<boolean> {
    let done = false;
    void wait.then(() => {
      done = true;
    });
    await scheduler();
    return done;
  }

  test('ends at a change that wakes, also one that came before the wait', async () => {
    await begin();
    const job = await submitted(engine);
    const change = nextChange(
      follower,
      { owner: 'alice', jobId: job.id },
      ({ type }) => type === 'fact',
      never,
    );
    await submitted(engine);
    const wait = change.happened(10_000);
    expect(await settled(wait)).toBe(false);
    await cancel(engine, job.id);
    expect(await settled(wait)).toBe(true);
    const early = nextChange(follower, { owner: 'alice' }, all, never);
    await submitted(engine);
    expect(await settled(early.happened(10_000))).toBe(true);
    expect(vi.getTimerCount()).toBe(1);
  });

  test('ends after its time, with its signal, or when it is given up', async () => {
    await begin();
    const late = nextChange(follower, { owner: 'alice' }, all, never).happened(1_000);
    await pass(999);
    expect(await settled(late)).toBe(false);
    await pass(1);
    expect(await settled(late)).toBe(true);
    const leave = new AbortController();
    const left = nextChange(follower, { owner: 'alice' }, all, leave.signal).happened(60_000);
    leave.abort();
    expect(await settled(left)).toBe(true);
    expect(await settled(nextChange(follower, { owner: 'a' }, all, leave.signal).happened(60_000))).toBe(
      true,
    );
    nextChange(follower, { owner: 'alice' }, all, never).end();
    // What is left is the look.
    expect(vi.getTimerCount()).toBe(1);
  });
});

test('a thousand facts more than a page are read in their order while hints go on', async () => {
  await begin();
  bus.fault = 'lost';
  await submitMany(2_100);
  bus.fault = 'bare';
  await submitted(engine);
  bus.fault = 'none';
  await submitMany(5);
  await until('everything was heard', () => heard.length === 2_106);
  expect(seqs()).toEqual(counted(1, 2_106));
});
