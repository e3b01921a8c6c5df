import { describe, expect, it } from 'vitest';
import { freshEngine, type OpenEngine } from './engine.suite.js';
import {
  aJob,
  aSubmission,
  aSweep,
  blobName,
  completed,
  day,
  factsOf,
  hour,
  start,
  started,
  submitted,
} from './jobs-at-hand.js';

const nothing = { timedOut: 0, lost: 0, expired: 0, deleted: 0, trimmed: 0, removed: [], more: false };

/** What `Store.sweep` means. */
export function retentionSuite(name: string, open: OpenEngine): void {
  describe(`store of ${name}: retention`, () => {
    const engine = freshEngine(open);

    it('finds nothing to do before its time', async () => {
      await completed(engine());
      await submitted(engine());
      await started(engine());
      await submitted(engine());
      expect(await engine().store.sweep(aSweep(start + 59_999))).toEqual(nothing);
    });

    it('fails what waited too long', async () => {
      const job = await submitted(engine());
      expect(await engine().store.sweep(aSweep(start + hour))).toEqual({ ...nothing, timedOut: 1 });
      const failed = await engine().store.get('alice', job.id);
      expect(failed).toMatchObject({
        status: 'failed',
        error: { code: 'expired' },
        completedAt: start + hour,
      });
      expect(await started(engine(), 1, start + hour)).toEqual([]);
    });

    it('spares what became due while nobody could be in time', async () => {
      await completed(engine());
      const waiting = await submitted(engine());
      const late = { lateMs: 65_000 };
      expect(await engine().store.sweep(aSweep(start + hour + 64_999, late))).toEqual(nothing);
      expect(await engine().store.get('alice', waiting.id)).toMatchObject({ status: 'pending' });
      const swept = await engine().store.sweep(aSweep(start + hour + 65_000, late));
      expect(swept).toMatchObject({ timedOut: 1 });
      // What people read is when it happened.
      const failed = await engine().store.get('alice', waiting.id);
      expect(failed?.completedAt).toBe(start + hour + 65_000);
    });

    it('gives back what lost its lease, unless it was extended', async () => {
      const job = await submitted(engine());
      const extended = await submitted(engine());
      await engine().store.beat('w1', start + hour, start);
      await started(engine(), 2);
      await engine().store.extend('w1', [{ id: extended.id, claim: 1 }], start + hour, start);
      expect(await engine().store.sweep(aSweep(start + 60_000))).toEqual({ ...nothing, lost: 1 });
      expect(await engine().store.get('alice', job.id)).toMatchObject({
        status: 'pending',
        interruptions: 1,
      });
      expect(await started(engine(), 2, start + 60_000)).toMatchObject([{ id: job.id, attempt: 2 }]);
    });

    it('takes away a result, then its record', async () => {
      const { store } = engine();
      const input = { request: { inline: '{}' }, inputs: [{ blob: blobName('in', 'b') }] };
      const job = aJob();
      await store.submit(aSubmission(job, { input }));
      await started(engine());
      const artifact = { name: 'a', contentType: 't', sizeBytes: 1, sha256: 'x', blob: blobName('out', 'a') };
      await store.apply(job.id, { type: 'complete', claim: 1, result: { artifacts: [artifact] } }, start);
      const expiry = await store.sweep(aSweep(start + day));
      expect(expiry).toEqual({ ...nothing, expired: 1, removed: [artifact.blob] });
      expect(await store.sweep(aSweep(start + 7 * day - 1))).toEqual(nothing);
      const removal = await store.sweep(aSweep(start + 7 * day));
      expect(removal).toEqual({ ...nothing, deleted: 1, removed: [blobName('in', 'b')] });
      expect(await store.get('alice', job.id)).toBeUndefined();
      expect((await factsOf(engine())).slice(-2)).toEqual(['job.expired 4', 'job.deleted 5']);
    });

    it('keeps a record as long as its result', async () => {
      const { store } = engine();
      await completed(engine(), { resultTtlMs: 20 * day });
      expect(await store.sweep(aSweep(start + 19 * day))).toEqual(nothing);
      expect(await store.sweep(aSweep(start + 21 * day))).toMatchObject({ expired: 1, deleted: 1 });
    });

    it('goes in steps of the limit, and says when there may be more', async () => {
      const { store } = engine();
      for (let n = 0; n < 5; n += 1) await submitted(engine());
      const request = aSweep(start + hour, { limit: 2 });
      const steps = [await store.sweep(request), await store.sweep(request), await store.sweep(request)];
      expect(steps.map(({ timedOut, more }) => [timedOut, more])).toEqual([
        [2, true],
        [2, true],
        [1, false],
      ]);
    });

    it('forgets idempotency keys', async () => {
      const { store } = engine();
      const idempotency = { key: 'k', fingerprint: 'f', expiresAt: start + 10 };
      await store.submit(aSubmission(aJob(), { idempotency }));
      await store.sweep(aSweep(start + 10));
      // As of an earlier time, so that only the sweep can have made the difference.
      expect((await store.submit(aSubmission(aJob(), { idempotency }))).type).toBe('created');
    });
  });
}
