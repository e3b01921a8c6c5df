import { describe, expect, it } from 'vitest';
import { openOptions } from '../contracts/engine.suite.js';
import { aJob, aSubmission, submitted } from '../contracts/jobs-at-hand.js';
import { useScratchData } from './scratch.js';

describe('order in the thread of the SQLite store', () => {
  const data = useScratchData(openOptions);

  it('D16 D17 a commit goes before all readings that wait, though it came last', () =>
    data.during(async (engine) => {
      const { store } = engine;
      for (let count = 0; count < 100; count += 1) await submitted(engine);
      const order: string[] = [];
      const readings = Array.from({ length: 400 }, () =>
        store.list({ owner: 'alice', limit: 100 }).then(() => order.push('page')),
      );
      const commit = store.submit(aSubmission(aJob({ owner: 'bob' }))).then(() => order.push('commit'));
      await Promise.all([...readings, commit]);
      expect(order.indexOf('commit')).toBe(0);
    }));

  it('D16 a commit that comes while readings are at work waits for a few of them', () =>
    data.during(async (engine) => {
      const { store } = engine;
      for (let count = 0; count < 100; count += 1) await submitted(engine);
      let pages = 0;
      const readings = Array.from({ length: 2_000 }, () =>
        store.list({ owner: 'alice', limit: 100 }).then(() => {
          pages += 1;
        }),
      );
      // Now the thread has all of them.
      await readings[0];
      await store.submit(aSubmission(aJob({ owner: 'bob' })));
      expect(pages).toBeLessThan(1_000);
      await Promise.all(readings);
    }));

  it('a flood of commits does not keep a reading from its turn', () =>
    data.during(async ({ store }) => {
      const order: string[] = [];
      const flood = (name: string) =>
        Array.from({ length: 750 }, () => store.submit(aSubmission(aJob())).then(() => order.push(name)));
      const before = flood('before');
      const reading = store.depth().then(() => order.push('reading'));
      await Promise.all([...before, reading, ...flood('after')]);
      const first = order.slice(0, order.indexOf('reading'));
      expect(first.filter((name) => name === 'after').length).toBeLessThanOrEqual(256);
    }));

  it('a reading has the effect of what had resolved, and of what came before it in its turn', () =>
    data.during(async ({ store }) => {
      const job = aJob();
      const later = aJob();
      await store.submit(aSubmission(job));
      const both = [store.submit(aSubmission(later)), store.get('alice', later.id)] as const;
      expect(await store.get('alice', job.id)).toEqual(job);
      expect((await Promise.all(both))[1]).toEqual(later);
    }));

  it('readings that were handed over before the end are answered', () =>
    data.during(async (engine) => {
      const { store } = engine;
      for (let count = 0; count < 100; count += 1) await submitted(engine);
      const readings = Array.from({ length: 300 }, () => store.list({ owner: 'alice', limit: 100 }));
      await Promise.all([readings[0], engine.close()]);
      for (const page of await Promise.all(readings)) expect(page.jobs).toHaveLength(100);
    }));

  it('as many readings as may wait leave room for commits', () =>
    data.during(async (engine) => {
      const { store } = engine;
      const readings = Array.from({ length: 15_001 }, () => store.get('alice', 'job_none'));
      await expect(readings.at(-1)).rejects.toMatchObject({ code: 'overloaded', unavailable: true });
      await submitted(engine);
      await Promise.all(readings.slice(0, -1));
      expect(await store.get('alice', 'job_none')).toBeUndefined();
    }));
});
