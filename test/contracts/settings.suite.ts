import { describe, expect, it } from 'vitest';
import type { ServiceSettings } from '../../src/engine/settings.js';
import { freshEngine, type OpenEngine } from './engine.suite.js';
import { hour, start, started, submitted } from './jobs-at-hand.js';

export const ownSettings: ServiceSettings = {
  fairness: { maxRunningPerOwner: 3, weights: { bob: 2 } },
  limits: { maxPending: 10, maxPendingPerOwner: 5 },
  retention: { recordTtlMs: 1, logTtlMs: 2, logMaxFacts: 3 },
};
export const otherSettings: ServiceSettings = {
  fairness: { maxRunningPerOwner: 1, weights: {} },
  limits: { maxPending: 20, maxPendingPerOwner: 15 },
  retention: { recordTtlMs: 10, logTtlMs: 20, logMaxFacts: 30 },
};

/** What `Store.agree` means. */
export function settingsSuite(name: string, open: OpenEngine): void {
  describe(`store of ${name}: settings of the service`, () => {
    const engine = freshEngine(open);
    const presence = { now: start, until: start + hour };

    it('are those of a worker that is there alone, again and again', async () => {
      const { store } = engine();
      const first = { ...presence, worker: 'w1' };
      expect(await store.agree({ ...first, settings: ownSettings })).toEqual(ownSettings);
      expect(await store.agree({ ...first, settings: otherSettings })).toEqual(otherSettings);
      await store.leave('w1');
      expect(await store.agree({ ...presence, worker: 'w2', settings: ownSettings })).toEqual(ownSettings);
    });

    it('are the stored ones for whoever comes while another one is there', async () => {
      const { store } = engine();
      await store.agree({ ...presence, worker: 'w1', settings: ownSettings });
      const second = { ...presence, worker: 'w2', settings: otherSettings };
      expect(await store.agree(second)).toEqual(ownSettings);
      await store.leave('w2');
      expect(await store.agree(second)).toEqual(ownSettings);
      await store.leave('w1');
      expect(await store.agree(second)).toEqual(otherSettings);
    });

    it('say that the worker is there', async () => {
      const { store } = engine();
      const job = await submitted(engine());
      await started(engine(), 1, start, 'w1');
      await store.leave('w1');
      await store.agree({ ...presence, worker: 'w1', settings: ownSettings });
      expect(await store.reclaimAbsent(start + 1)).toBe(0);
      expect(await store.get('alice', job.id)).toMatchObject({ status: 'running' });
    });

    it('hold for the next claim', async () => {
      const { store } = engine();
      for (let n = 0; n < 9; n += 1) await submitted(engine());
      await store.agree({ ...presence, worker: 'w1', settings: otherSettings });
      expect(await started(engine(), 9)).toHaveLength(1);
      await store.agree({ ...presence, worker: 'w1', settings: ownSettings });
      expect(await started(engine(), 9)).toHaveLength(2);
    });
  });
}
