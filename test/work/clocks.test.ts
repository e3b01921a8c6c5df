import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Store, StoreFailed } from '../../src/engine/engine.js';
import { Meters } from '../../src/work/meters.js';
import { Sweeper } from '../../src/work/run/sweeper.js';
import { openWorkRig, type WorkRig } from '../helpers/work-rig.js';

const hour = 3_600_000;
const away = 2 * hour;
const unavailable = new StoreFailed('SQLITE_FULL', 'database or disk is full', { unavailable: true });

/** The process stood still, or its clock has gone on: no lease was extended meanwhile, and no presence told. */
describe('a clock that has gone on by hours at once', () => {
  let rig: WorkRig;
  let sweeper: Sweeper;
  const warnings: unknown[] = [];
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    rig = await openWorkRig();
    warnings.length = 0;
    const clock = Date.now;
    const { store, blobs } = rig.engine;
    const meters = new Meters(new Registry(), {
      pool: () => rig.pool.state,
      depth: () => store.depth(),
      clock,
      isPaused: () => false,
    });
    sweeper = new Sweeper({
      store,
      blobs,
      meters,
      log: {
        info: () => undefined,
        warn: (fields) => warnings.push(fields),
        error: (fields) => warnings.push(fields),
      },
      clock,
      settledMs: () => Number.POSITIVE_INFINITY,
      stoodMs: () => 0,
      keepClaims: () => rig.runner.keepClaims(),
      worker: 'w-1',
      exclusive: true,
      retention: { recordTtlMs: 30 * 24 * hour, logTtlMs: 30 * 24 * hour, logMaxFacts: 1e6 },
    });
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await sweeper.close();
    vi.useRealTimers();
    await rig.close();
  });

  async function running(): Promise<string> {
    const id = await rig.submit('hang');
    await rig.progressed(id);
    return id;
  }

  /** Starts the sweeper; what it calls of the store is done as a test says. Resolves when a sweep is done. */
  async function sweeps(): Promise<readonly unknown[]> {
    const swept = vi.spyOn(rig.engine.store, 'sweep');
    sweeper.start();
    await expect.poll(() => swept.mock.settledResults.at(-1)?.type, { interval: 2 }).toBe('fulfilled');
    return swept.mock.calls;
  }

  async function goesOn(id: string): Promise<void> {
    expect(await rig.facts(id)).toEqual(['1 job.created', '2 job.started']);
    await rig.service.remover.cancel('ann', id);
    expect((await rig.end(id))?.record).toMatchObject({ status: 'cancelled', attempt: 1 });
  }

  it('D3 takes no job from a process that lives, neither one that runs nor one that is claimed ahead', async () => {
    // The runner then claims ahead, however long a busy machine took for the first one.
    for (let quick = 0; quick < 30; quick += 1) await rig.end(await rig.submit('write', { text: 'quick' }));
    const id = await running();
    const ahead = await rig.submit('write', { text: 'ahead' });
    const lease = async () => (await rig.engine.store.get('ann', ahead))?.lease?.expiresAt;
    await expect.poll(lease, { interval: 2 }).toBeGreaterThan(0);
    vi.setSystemTime(Date.now() + away);
    // Its own limit of time is another matter.
    const sweep = sweepOf(rig.engine.store, { lateMs: away });
    vi.spyOn(rig.engine.store, 'sweep').mockImplementation(sweep);
    await sweeps();
    expect(await rig.facts(ahead)).toEqual(['1 job.created']);
    expect((await rig.engine.store.get('ann', ahead))?.claims).toBe(1);
    expect(await lease()).toBeGreaterThan(Date.now());
    expect(warnings).toEqual([]);
    await goesOn(id);
    expect((await rig.end(ahead))?.record).toMatchObject({ status: 'completed', attempt: 1 });
  });

  it.each(['extend', 'beat'] as const)(
    'sweeps nothing while the store does not hear of it (%s)',
    async (name) => {
      const id = await running();
      vi.setSystemTime(Date.now() + 65_000);
      const told = vi.spyOn(rig.engine.store, name).mockRejectedValueOnce(unavailable);
      await sweeps();
      expect(told.mock.settledResults.map(({ type }) => type)).toContain('rejected');
      expect(warnings).toEqual([{ err: unavailable }]);
      await goesOn(id);
    },
  );

  it('takes no job whose claim was on its way', async () => {
    const { store } = rig.engine;
    const claim = store.claim.bind(store);
    const committed = withResolvers();
    const gate = withResolvers();
    vi.spyOn(store, 'claim').mockImplementation(async (request) => {
      const claimed = await claim(request);
      if (claimed.length > 0) {
        committed.resolve();
        await gate.promise;
      }
      return claimed;
    });
    const id = await rig.submit('hang');
    const begun = rig.progressed(id);
    await committed.promise;
    // Longer than a lease, and not longer than it may wait.
    vi.setSystemTime(Date.now() + 40_000);
    const swept = sweeps();
    gate.resolve();
    await swept;
    await begun;
    expect(warnings).toEqual([]);
    await goesOn(id);
  });

  it('takes no job when the process stood while the sweep asked whether it is its turn', async () => {
    const id = await running();
    const { store } = rig.engine;
    const hold = store.hold.bind(store);
    vi.spyOn(store, 'hold').mockImplementationOnce(async (...given) => {
      const holds = await hold(...given);
      vi.setSystemTime(Date.now() + 65_000);
      return holds;
    });
    await sweeps();
    await goesOn(id);
  });
});

function sweepOf(store: Store, change: { readonly lateMs: number }): Store['sweep'] {
  const sweep = store.sweep.bind(store);
  return (request) => sweep({ ...request, ...change });
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
