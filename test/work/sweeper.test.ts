import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Blobs } from '../../src/engine/blobs.js';
import type { Engine } from '../../src/engine/engine.js';
import { MemoryState, openMemoryEngine } from '../../src/engine/memory/memory-engine.js';
import type { SweepOutcome } from '../../src/engine/retention.js';
import { Meters } from '../../src/work/meters.js';
import { Sweeper } from '../../src/work/run/sweeper.js';

const hourMs = 3_600_000;
const nothing: SweepOutcome = {
  timedOut: 0,
  lost: 0,
  expired: 0,
  deleted: 0,
  trimmed: 0,
  removed: [],
  more: false,
};

describe('the sweep of files that belong to nobody', () => {
  let engine: Engine;
  let sweeper: Sweeper;
  const befores: (number | undefined)[] = [];
  const errors: unknown[] = [];
  let fault: Error | undefined;
  let settledMs: number;

  beforeEach(async () => {
    engine = await openMemoryEngine({ fairness: { maxRunningPerOwner: 1, weights: {} } });
    vi.useFakeTimers({ now: 1_800_000_000_000 });
    befores.length = 0;
    errors.length = 0;
    fault = undefined;
    settledMs = Number.POSITIVE_INFINITY;
    const cleanUp: Blobs['cleanUp'] = async (_unused, before) => {
      befores.push(before);
      if (fault !== undefined) throw fault;
      return 0;
    };
    const clock = Date.now;
    const meters = new Meters(new Registry(), {
      pool: () => ({ threads: 1, starting: 0, idle: 1, busy: 0, waiting: 0, respawns: 0, failing: 0 }),
      depth: () => engine.store.depth(),
      clock,
      isPaused: () => false,
    });
    sweeper = new Sweeper({
      store: { ...engine.store, sweep: async () => nothing },
      blobs: { ...engine.blobs, cleanUp, remove: async () => undefined },
      meters,
      log: { info: () => undefined, warn: () => undefined, error: (fields) => errors.push(fields) },
      clock,
      settledMs: () => settledMs,
      stoodMs: () => 0,
      keepClaims: async () => Number.POSITIVE_INFINITY,
      worker: 'w1',
      exclusive: true,
      retention: { recordTtlMs: 1, logTtlMs: 1, logMaxFacts: 1 },
    });
  });

  afterEach(async () => {
    await sweeper.close();
    vi.useRealTimers();
    await engine.close();
  });

  it('takes at the start what earlier processes left, then every hour what is hours old', async () => {
    sweeper.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(befores).toEqual([undefined]);
    await vi.advanceTimersByTimeAsync(2 * hourMs);
    const start = 1_800_000_000_000;
    expect(befores).toEqual([undefined, start - 5 * hourMs, start - 4 * hourMs]);
  });

  it('looks at no file for hours after the date was wrong: it has given files a wrong age', async () => {
    settledMs = 6 * hourMs - 1;
    sweeper.start();
    await vi.advanceTimersByTimeAsync(2 * hourMs);
    expect(befores).toEqual([]);
    settledMs = 6 * hourMs;
    await vi.advanceTimersByTimeAsync(hourMs);
    expect(befores).toHaveLength(1);
  });

  it('goes on after a fault of the disk, which it tells', async () => {
    fault = new Error('EIO');
    sweeper.start();
    await vi.advanceTimersByTimeAsync(hourMs);
    expect(befores).toHaveLength(2);
    expect(errors).toHaveLength(2);
  });

  it('ends with the sweeper', async () => {
    sweeper.start();
    await vi.advanceTimersByTimeAsync(0);
    await sweeper.close();
    await vi.advanceTimersByTimeAsync(3 * hourMs);
    expect(befores).toHaveLength(1);
  });
});

describe('the sweepers of two processes', () => {
  const retention = { recordTtlMs: 1, logTtlMs: 1, logMaxFacts: 1 };
  const presenceMs = 3_000;
  let state: MemoryState;
  const closing: (() => Promise<void>)[] = [];
  const done: string[] = [];

  beforeEach(() => {
    done.length = 0;
    state = MemoryState.shared({ fairness: { maxRunningPerOwner: 1, weights: {} } });
  });

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    vi.useRealTimers();
  });

  async function aProcess(worker: string): Promise<{ die(): Promise<void>; beat(): Promise<void> }> {
    const engine = await state.open({});
    const clock = Date.now;
    const meters = new Meters(new Registry(), {
      pool: () => ({ threads: 1, starting: 0, idle: 1, busy: 0, waiting: 0, respawns: 0, failing: 0 }),
      depth: () => engine.store.depth(),
      clock,
      isPaused: () => false,
    });
    const sweep = async (): Promise<SweepOutcome> => {
      done.push(`${worker} sweeps`);
      return nothing;
    };
    const cleanUp: Blobs['cleanUp'] = async (_unused, before) => {
      done.push(`${worker} cleans up ${before === undefined ? 'everything' : 'what is old'}`);
      return 0;
    };
    const sweeper = new Sweeper({
      store: { ...engine.store, sweep },
      blobs: { ...engine.blobs, cleanUp, remove: async () => undefined },
      meters,
      log: { info: () => undefined, warn: () => undefined, error: (fields) => done.push(String(fields)) },
      clock,
      settledMs: () => Number.POSITIVE_INFINITY,
      stoodMs: () => 0,
      keepClaims: async () => Number.POSITIVE_INFINITY,
      worker,
      exclusive: engine.capabilities.exclusive,
      retention,
    });
    closing.push(() => engine.close());
    closing.push(() => sweeper.close());
    const beat = () => engine.store.beat(worker, clock() + presenceMs, clock());
    await beat();
    sweeper.start();
    return { die: () => sweeper.close(), beat };
  }

  it('take turns: one sweeps and cleans up, and is followed when its presence has ended', async () => {
    vi.useFakeTimers({
      now: 1_800_000_000_000,
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
    });
    const first = await aProcess('first');
    await vi.advanceTimersByTimeAsync(0);
    const second = await aProcess('second');
    for (let beats = 0; beats < 3; beats += 1) {
      await vi.advanceTimersByTimeAsync(1_000);
      await Promise.all([first.beat(), second.beat()]);
    }
    expect(new Set(done)).toEqual(new Set(['first sweeps', 'first cleans up what is old']));
    await first.die();
    done.length = 0;
    const diedAt = Date.now();
    while (done.length === 0) {
      await vi.advanceTimersByTimeAsync(100);
      await second.beat();
    }
    expect(done).toEqual(['second sweeps']);
    expect(Date.now() - diedAt).toBeLessThanOrEqual(presenceMs + 1_000);
  });
});
