import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { openMemoryEngine } from '../../src/engine/memory/memory-engine.js';
import { Follower, type FollowerParts, lookMs } from '../../src/follow/follower.js';
import { claimOf } from '../../src/jobs/transition.js';
import { start, startJobs, submitted } from '../contracts/jobs-at-hand.js';
import { FaultyBus, type HintFault, hintFaults } from '../helpers/faulty-bus.js';
import { scheduler } from '../helpers/gateway-rig.js';
import { tellProgress } from '../helpers/job-steps.js';

/**
 * Random histories: jobs of two owners live and end while hints are lost, doubled, late, out of order or without facts, and
 * while readings of the log are slow or fail. Every listener hears every fact once and in order, and progress of an attempt
 * never falls and never follows its end (P-1, P-4).
 */

type Action =
  | { type: 'submit'; owner: 'alice' | 'bob' }
  | { type: 'claim' | 'fill' | 'look' | 'open-gate' | 'close-gate' | 'fail' | 'reach' | 'audit' }
  | { type: 'end'; job: number; how: 'complete' | 'release' | 'cancel' | 'delete' }
  | { type: 'progress'; ratio: number }
  | { type: 'hints'; fault: HintFault }
  | { type: 'let-go'; reversed: boolean }
  | { type: 'turns'; count: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('submit' as const),
      owner: fc.constantFrom('alice' as const, 'bob' as const),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('claim' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constantFrom(
        'fill' as const,
        'look' as const,
        'open-gate' as const,
        'close-gate' as const,
        'fail' as const,
        'reach' as const,
        'audit' as const,
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('end' as const),
      job: fc.nat(20),
      how: fc.constantFrom('complete' as const, 'release' as const, 'cancel' as const, 'delete' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('progress' as const),
      ratio: fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('hints' as const), fault: fc.constantFrom(...hintFaults) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('let-go' as const), reversed: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('turns' as const), count: fc.integer({ min: 1, max: 3 }) }),
  },
);

/** A store whose readings wait while its gate is closed, or fail. */
class SlowStore implements Pick<Engine['store'], 'everyFact' | 'get' | 'log'> {
  readonly #store: Engine['store'];
  readonly #waiting: (() => void)[] = [];
  #closed = false;
  /** The next reading fails. */
  fails = false;

  constructor(store: Engine['store']) {
    this.#store = store;
  }

  // Half of the time is before the reading and half behind it: what happens meanwhile is in the answer, or is not.
  everyFact: FollowerParts['store']['everyFact'] = async (after, limit) => {
    await this.#gate();
    const page = await this.#store.everyFact(after, Math.min(limit, 7));
    await this.#gate();
    return page;
  };

  get: FollowerParts['store']['get'] = async (owner, id) => {
    await this.#gate();
    const job = await this.#store.get(owner, id);
    await this.#gate();
    return job;
  };

  log: FollowerParts['store']['log'] = async () => {
    await this.#gate();
    return this.#store.log();
  };

  closeGate(): void {
    this.#closed = true;
  }

  openGate(): void {
    this.#closed = false;
    for (const go of this.#waiting.splice(0)) go();
  }

  async #gate(): Promise<void> {
    if (this.fails) {
      this.fails = false;
      throw new Error('disk');
    }
    if (this.#closed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

/** A listener that notes facts, and looks at progress as P-4 has it. */
class Listener {
  readonly facts: string[] = [];
  readonly broken: string[] = [];
  progressHeard = 0;
  readonly #highest = new Map<string, number>();
  readonly #over = new Set<string>();

  constructor(follower: Follower) {
    follower.onFact(({ seq, type, jobId, record }) => {
      this.facts.push(`${seq} ${type}`);
      const ends = ['job.requeued', 'job.completed', 'job.failed', 'job.cancelled', 'job.deleted'];
      if (ends.includes(type)) this.#over.add(`${jobId} ${JSON.parse(record).attempt}`);
    });
    follower.onProgress(({ jobId, attempt, ratio, text }) => {
      const name = `${jobId} ${attempt}`;
      this.progressHeard += 1;
      if (this.#over.has(name)) this.broken.push(`progress of ${name} after its end`);
      if ((this.#highest.get(name) ?? 0) > ratio) this.broken.push(`progress of ${name} fell to ${ratio}`);
      if (JSON.parse(text()).job.attempt !== attempt) this.broken.push(`the record of ${name} is of another`);
      this.#highest.set(name, ratio);
    });
  }
}

class Play {
  readonly #jobs: string[] = [];

  constructor(
    readonly engine: Engine,
    readonly bus: FaultyBus,
    readonly store: SlowStore,
    readonly follower: Follower,
  ) {}

  async step(action: Action): Promise<void> {
    const { engine, bus, store, follower } = this;
    switch (action.type) {
      case 'submit':
        this.#jobs.push((await submitted(engine, { owner: action.owner })).id);
        return;
      case 'fill':
        for (let count = 0; count < 10; count += 1) this.#jobs.push((await submitted(engine)).id);
        return;
      case 'claim':
        await startJobs(engine, { worker: 'w', limit: 2, now: start, leaseUntil: start + 1 });
        return;
      case 'end':
        await this.#end(this.#jobs[action.job % Math.max(1, this.#jobs.length)] ?? '', action.how);
        return;
      case 'progress':
        for (const owner of ['alice', 'bob']) {
          const { jobs } = await engine.store.list({ owner, limit: 20 });
          // Also of attempts that are over: a thread says something until it is stopped.
          for (const job of jobs) if (job.attempt > 0) tellProgress(engine, job, action.ratio);
        }
        return;
      case 'hints':
        bus.fault = action.fault;
        return;
      case 'let-go':
        bus.letGo(action.reversed);
        return;
      case 'look':
        await vi.advanceTimersByTimeAsync(lookMs);
        return;
      case 'close-gate':
        store.closeGate();
        return;
      case 'open-gate':
        store.openGate();
        return;
      case 'fail':
        store.fails = true;
        return;
      case 'reach': {
        const { last } = await engine.store.log();
        // Fails when the reading does, which the next look makes up for.
        void follower.reach(last).catch(() => undefined);
        return;
      }
      case 'audit':
        void follower.checkEnd().catch(() => undefined);
        return;
      case 'turns':
        await scheduler(action.count);
    }
  }

  async #end(id: string, how: 'complete' | 'release' | 'cancel' | 'delete'): Promise<void> {
    const { store } = this.engine;
    const job = (await store.get('alice', id)) ?? (await store.get('bob', id));
    if (job === undefined) return;
    const claim = claimOf(job);
    const commands = {
      complete: { type: 'complete', claim, result: { artifacts: [] } },
      release: { type: 'release', claim },
      cancel: { type: 'cancel' },
      delete: { type: 'delete' },
    } as const;
    // Most do not apply to the state of the job, and are refused.
    await store.apply(id, commands[how], start);
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function play(actions: readonly Action[]): Promise<number> {
  const engine = await openMemoryEngine({ fairness: { maxRunningPerOwner: 1_000, weights: {} } });
  const bus = new FaultyBus(engine.bus);
  const store = new SlowStore(engine.store);
  const follower = new Follower({ store, bus, clock: () => start, onError: () => undefined });
  await follower.open();
  const listeners = [new Listener(follower), new Listener(follower)];
  await follower.start();
  const game = new Play(engine, bus, store, follower);
  try {
    for (const action of actions) await game.step(action);
    store.fails = false;
    store.openGate();
    // Whatever is held stays away: two looks are enough.
    for (let look = 0; look < 2; look += 1) {
      await vi.advanceTimersByTimeAsync(lookMs);
      await scheduler(60);
    }
    const { facts } = await engine.store.everyFact(0, 10_000);
    const due = facts.map(({ seq, type }) => `${seq} ${type}`);
    for (const { facts: got, broken } of listeners) {
      expect(got).toEqual(due);
      expect(broken).toEqual([]);
    }
    expect(follower.position.seq).toBe(facts.at(-1)?.seq ?? 0);
    // Only what runs has an entry.
    const running = await Promise.all(
      ['alice', 'bob'].map((owner) => engine.store.list({ owner, status: 'running', limit: 200 })),
    );
    expect(follower.running.size).toBeLessThanOrEqual(running.flatMap(({ jobs }) => jobs).length);
    return listeners[0]?.progressHeard ?? 0;
  } finally {
    follower.close();
    bus.close();
    await engine.close();
  }
}

test('P-1 P-4 every listener hears every fact once and in order, whatever becomes of hints', async () => {
  let progress = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 20, maxLength: 100, size: 'max' }), async (actions) => {
      progress += await play(actions);
    }),
    { numRuns: Number(process.env.PROPERTY_RUNS ?? 200), seed: 20_261_128 },
  );
  // The histories are worth something only if they hold progress, too.
  expect(progress).toBeGreaterThan(500);
}, 60_000);
