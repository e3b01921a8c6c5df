import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Blobs } from '../../src/engine/blobs.js';
import type { Engine, SweepOutcome } from '../../src/engine/engine.js';
import { openMemoryEngine } from '../../src/engine/memory/memory-engine.js';
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

  beforeEach(async () => {
    engine = await openMemoryEngine({ fairness: { maxRunningPerOwner: 1, weights: {} } });
    vi.useFakeTimers({ now: 1_800_000_000_000 });
    befores.length = 0;
    errors.length = 0;
    fault = undefined;
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
    });
    sweeper = new Sweeper({
      store: { ...engine.store, sweep: async () => nothing },
      blobs: { ...engine.blobs, cleanUp, remove: async () => undefined },
      meters,
      log: { info: () => undefined, warn: () => undefined, error: (fields) => errors.push(fields) },
      clock,
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
    expect(befores).toEqual([undefined]);
    await vi.advanceTimersByTimeAsync(2 * hourMs);
    const start = 1_800_000_000_000;
    expect(befores).toEqual([undefined, start - 5 * hourMs, start - 4 * hourMs]);
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
    await sweeper.close();
    await vi.advanceTimersByTimeAsync(3 * hourMs);
    expect(befores).toHaveLength(1);
  });
});
