import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Meters } from '../../src/work/meters.js';
import { Sweeper } from '../../src/work/run/sweeper.js';
import { openWorkRig, type WorkRig } from '../helpers/work-rig.js';

const hour = 3_600_000;

/** The process stood still, or its clock has gone on: no lease was extended meanwhile. */
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
      isSettled: () => true,
      keepClaims: () => rig.runner.keepClaims(),
      worker: 'w-1',
      exclusive: true,
      retention: { recordTtlMs: 30 * 24 * hour, logTtlMs: 30 * 24 * hour, logMaxFacts: 1e6 },
    });
  });
  afterEach(async () => {
    await sweeper.close();
    vi.useRealTimers();
    await rig.close();
  });

  it('takes no job from a process that lives, neither one that runs nor one that is claimed ahead', async () => {
    const running = await rig.submit('hang');
    await rig.progressed(running);
    vi.setSystemTime(Date.now() + 2 * hour);
    const swept = vi.spyOn(rig.engine.store, 'sweep');
    sweeper.start();
    await expect.poll(() => swept.mock.settledResults.at(-1)?.type, { interval: 2 }).toBe('fulfilled');
    expect(await rig.facts(running)).toEqual(['1 job.created', '2 job.started']);
    expect(warnings).toEqual([]);
    await rig.service.remover.cancel('ann', running);
    expect((await rig.end(running))?.record).toMatchObject({ status: 'cancelled', attempt: 1 });
  });
});
