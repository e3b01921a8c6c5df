import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { freshEngine, type OpenEngine } from './engine.suite.js';
import {
  aJob,
  anArtifact,
  aSubmission,
  aSweep,
  blobName,
  day,
  hour,
  start,
  started,
  submitted,
} from './jobs-at-hand.js';

const secondMs = 1_000;
const offMs = 5 * secondMs;
const minute = 60 * secondMs;

/** What it means that the store's clock decides, whatever the clocks of its callers show. */
export function clockSuite(name: string, open: OpenEngine): void {
  describe.each([
    ['ahead', offMs],
    ['behind', -offMs],
  ])(`store of ${name}: a caller whose clock is 5 s %s`, (_, off) => {
    let now = start;
    const engine = freshEngine((options) => {
      now = start;
      return open({ ...options, clock: () => now });
    });
    /** What the clock of the caller shows. */
    const wrong = (): number => now + off;

    async function fails(id: string): Promise<void> {
      const { store } = engine();
      const failure = { type: 'fail', claim: 1, code: 'crashed', message: 'm', random: 1 } as const;
      expect(await store.apply(id, failure, wrong())).toMatchObject({ ok: true });
    }

    it('ends no lease early and none late', async () => {
      const job = await submitted(engine());
      await started(engine(), 1, wrong());
      expect((await engine().store.get('alice', job.id))?.lease?.expiresAt).toBe(now + minute);
      now += minute - 1;
      expect((await engine().store.sweep(aSweep(wrong()))).lost).toBe(0);
      now += 1;
      expect((await engine().store.sweep(aSweep(wrong()))).lost).toBe(1);
    });

    it('extends a lease for as long as it says', async () => {
      const job = await submitted(engine());
      await started(engine());
      const held = [{ id: job.id, claim: 1 }];
      expect(await engine().store.extend('w1', held, wrong() + hour, wrong())).toEqual([]);
      expect((await engine().store.get('alice', job.id))?.lease?.expiresAt).toBe(now + hour);
    });

    it('has its jobs started at once, and times them by the clock of the store', async () => {
      const job = aJob({ createdAt: wrong() });
      const outcome = await engine().store.submit(aSubmission(job, { now: wrong() }));
      const times = { createdAt: start, readyAt: start, waitDeadline: start + hour };
      expect(outcome).toMatchObject({ type: 'created', job: { id: job.id, ...times } });
      expect((await started(engine())).map(({ id }) => id)).toEqual([job.id]);
      const { facts } = await engine().store.facts({ owner: 'alice', after: 0, limit: 9 });
      expect(facts.map(({ at }) => at)).toEqual([start, start]);
    });

    it('keeps the age of a job that took its time to come', async () => {
      const job = aJob({ createdAt: wrong() - 30 * secondMs });
      await engine().store.submit(aSubmission(job, { now: wrong() }));
      expect((await engine().store.get('alice', job.id))?.createdAt).toBe(start - 30 * secondMs);
    });

    it('starts what backs off neither early nor late', async () => {
      const job = await submitted(engine(), { maxAttempts: 9, failures: 5 });
      await started(engine(), 1, wrong());
      await fails(job.id);
      const readyAt = (await engine().store.nextReadyAt()) ?? 0;
      expect(readyAt).toBeGreaterThan(start + offMs);
      now = readyAt - 1;
      expect(await started(engine(), 1, wrong())).toEqual([]);
      now = readyAt;
      expect(await started(engine(), 1, wrong())).toMatchObject([{ id: job.id }]);
    });

    it('never lets the time of a job go back when another one goes on', async () => {
      const job = await submitted(engine());
      await started(engine(), 1, wrong());
      now += 1;
      await engine().store.apply(job.id, { type: 'release', claim: 1 }, now);
      now += 1;
      await started(engine(), 1, wrong());
      now += 1;
      const result = { artifacts: [anArtifact(blobName(job.id, 'a'))] };
      await engine().store.apply(job.id, { type: 'complete', claim: 2, result }, now);
      const { facts } = await engine().store.facts({ owner: 'alice', after: 0, limit: 9 });
      expect(facts.map(({ at }) => at - start)).toEqual([0, 0, 1, 2, 3]);
    });

    it('takes results away, and jobs that wait too long, at their time', async () => {
      const { store } = engine();
      const job = await submitted(engine());
      await submitted(engine(), { owner: 'bob', waitDeadline: start + day });
      await started(engine(), 1, wrong());
      const result = { artifacts: [anArtifact(blobName(job.id, 'a'))] };
      await store.apply(job.id, { type: 'complete', claim: 1, result }, wrong());
      now += day - 1;
      expect(await store.sweep(aSweep(wrong()))).toMatchObject({ expired: 0, timedOut: 0 });
      now += 1;
      expect(await store.sweep(aSweep(wrong()))).toMatchObject({ expired: 1, timedOut: 1 });
    });

    it('forgets an idempotency key at its time', async () => {
      const { store } = engine();
      const submit = async (expiresAt: number) => {
        const idempotency = { key: 'k', fingerprint: 'f', expiresAt };
        const change = { idempotency, now: wrong() };
        return (await store.submit(aSubmission(aJob({ createdAt: wrong() }), change))).type;
      };
      expect(await submit(wrong() + minute)).toBe('created');
      now += minute - 1;
      expect(await submit(wrong() + minute)).toBe('replayed');
      now += 1;
      expect(await submit(wrong() + minute)).toBe('created');
    });

    it('takes a value of `Once` up to its time and not after it', async () => {
      const { once } = engine();
      const limits = { entries: 9, length: 999 };
      const entry = { collection: 'c', owner: 'alice', value: 'v', ttlMs: minute, limits };
      const stored = await once.put({ ...entry, key: 'first' }, wrong());
      expect(stored).toEqual({ type: 'stored', expiresAt: start + minute });
      await once.put({ ...entry, key: 'second' }, start);
      now += minute - 1;
      expect(await once.take({ collection: 'c', key: 'first' }, wrong())).toBe('v');
      now += 1;
      expect(await once.take({ collection: 'c', key: 'second' }, wrong())).toBeUndefined();
    });

    it('dates versions of the library, and keeps those of a retired entry as long as it says', async () => {
      const { library, store } = engine();
      const place = { owner: 'alice', collection: 'designs', name: 'n' };
      const limits = { entries: 9, versions: 9 };
      await library.put({ ...place, value: '{}', blobs: [], now: wrong(), limits });
      expect((await library.get(place))?.createdAt).toBe(start);
      await library.retire({ ...place, now: wrong(), keptMs: hour });
      now += hour - 1;
      await store.sweep(aSweep(wrong()));
      expect((await library.get(place, 1))?.retiredAt).toBe(start);
      now += 1;
      await store.sweep(aSweep(wrong()));
      expect(await library.get(place, 1)).toBeUndefined();
    });
  });

  describe(`store of ${name}: a clock that is set back`, () => {
    let now = start;
    const engine = freshEngine((options) => {
      now = start;
      return open({ ...options, clock: () => now });
    });

    async function times(of: Engine): Promise<readonly number[]> {
      const { facts } = await of.store.facts({ owner: 'alice', after: 0, limit: 9 });
      return facts.map(({ at }) => at - start);
    }

    it('sets back nothing that people read of a job, and delays nothing', async () => {
      const { store } = engine();
      now = start + hour;
      const job = await submitted(engine(), { createdAt: now, waitDeadline: now + day });
      await started(engine(), 1, now);
      now = start;
      await store.apply(job.id, { type: 'fail', claim: 1, code: 'crashed', message: 'm', random: 1 }, now);
      const readyAt = (await store.nextReadyAt()) ?? 0;
      expect(readyAt - start).toBeLessThan(minute);
      now = readyAt;
      await started(engine(), 1, now);
      await store.apply(job.id, { type: 'complete', claim: 2, result: { artifacts: [] } }, now);
      expect(await times(engine())).toEqual([hour, hour, hour, hour, hour]);
      const { createdAt, startedAt, completedAt } = (await store.get('alice', job.id)) ?? {};
      expect([createdAt, startedAt, completedAt]).toEqual([start + hour, start + hour, start + hour]);
    });

    it('holds for the facts of a group as well', async () => {
      const { store } = engine();
      now = start + hour;
      const job = await submitted(engine(), { createdAt: now, group: 'g', waitDeadline: now + day });
      now = start;
      await store.apply(job.id, { type: 'cancel' }, now);
      expect(await times(engine())).toEqual([hour, hour, hour]);
    });
  });
}
