import { describe, expect, it } from 'vitest';
import { freshEngine, type OpenEngine } from './engine.suite.js';
import { claimed, factsOf, hour, start, submitted } from './jobs-at-hand.js';

/** What `Store` means for claims and their leases. */
export function claimSuite(name: string, open: OpenEngine): void {
  describe(`store of ${name}: claim`, () => {
    const engine = freshEngine(open);

    it('starts an attempt with a lease, a fact and the input', async () => {
      const { store } = engine();
      const job = await submitted(engine());
      const claims = await store.claim({ worker: 'w1', limit: 5, now: start + 5, leaseUntil: start + 50 });
      expect(claims).toHaveLength(1);
      expect(claims[0]?.input.request).toEqual({ inline: '{"operations":[]}' });
      expect(claims[0]?.job).toMatchObject({
        id: job.id,
        status: 'running',
        attempt: 1,
        rev: 2,
        startedAt: start + 5,
        lease: { worker: 'w1', expiresAt: start + 50 },
      });
      expect(await store.get('alice', job.id)).toEqual(claims[0]?.job);
      expect(await factsOf(engine())).toEqual(['job.created 1', 'job.started 2']);
    });

    it('gives an owner his jobs by priority, then by age', async () => {
      const low = await submitted(engine(), { priority: -1 });
      const first = await submitted(engine(), { priority: 5 });
      const second = await submitted(engine(), { priority: 5, createdAt: start + 1 });
      const middle = await submitted(engine());
      const order = await claimed(engine(), 10, start + 10);
      expect(order.map(({ id }) => id)).toEqual([first.id, second.id, middle.id, low.id]);
    });

    it('serves owners in turn, however many jobs one of them has and of whatever priority', async () => {
      for (let n = 0; n < 6; n += 1) await submitted(engine(), { owner: 'alice', priority: 10 });
      await submitted(engine(), { owner: 'bob' });
      await submitted(engine(), { owner: 'carol', priority: -10 });
      const owners = (await claimed(engine(), 4)).map(({ owner }) => owner);
      expect([...new Set(owners)].sort()).toEqual(['alice', 'bob', 'carol']);
    });

    it('never gives one job to two claims', async () => {
      for (let n = 0; n < 20; n += 1) await submitted(engine());
      const claims = await Promise.all(
        Array.from({ length: 10 }, (_, n) => claimed(engine(), 3, start, `w${n}`)),
      );
      const ids = claims.flat().map(({ id }) => id);
      expect(ids).toHaveLength(20);
      expect(new Set(ids).size).toBe(20);
    });

    it('leaves alone what is not ready, and says when it will be', async () => {
      const { store } = engine();
      expect(await store.nextReadyAt()).toBeUndefined();
      const later = await submitted(engine(), { readyAt: start + 500 });
      await submitted(engine(), { readyAt: start + 900 });
      expect(await claimed(engine(), 5, start + 499)).toEqual([]);
      expect(await store.nextReadyAt()).toBe(start + 500);
      expect((await claimed(engine(), 5, start + 500)).map(({ id }) => id)).toEqual([later.id]);
      expect(await store.nextReadyAt()).toBe(start + 900);
    });

    it('waits out the delay of a failed attempt', async () => {
      const { store } = engine();
      const job = await submitted(engine());
      await claimed(engine());
      const failure = { type: 'fail', attempt: 1, code: 'crashed', message: 'm', random: 1 } as const;
      await store.apply(job.id, failure, start);
      expect(await claimed(engine(), 1, start)).toEqual([]);
      const readyAt = await store.nextReadyAt();
      expect(readyAt).toBe(start + 500);
      expect(await claimed(engine(), 1, start + 500)).toMatchObject([
        { id: job.id, attempt: 2, failures: 1 },
      ]);
      expect(await store.nextReadyAt()).toBeUndefined();
    });

    it('can cancel what waits for its time', async () => {
      const { store } = engine();
      const job = await submitted(engine(), { readyAt: start + 500 });
      await store.apply(job.id, { type: 'cancel' }, start);
      expect(await store.nextReadyAt()).toBeUndefined();
      expect(await claimed(engine(), 1, start + 500)).toEqual([]);
      expect(await store.depth()).toEqual({ pending: 0, running: 0 });
    });
  });

  describe(`store of ${name}: limits of fairness`, () => {
    const engine = freshEngine(open, { fairness: { maxRunningPerOwner: 2, weights: { bob: 3 } } });

    it('lets no owner run more than his cap', async () => {
      const { store } = engine();
      for (let n = 0; n < 4; n += 1) await submitted(engine());
      const running = await claimed(engine(), 10);
      expect(running).toHaveLength(2);
      await store.apply(running[0]?.id ?? '', { type: 'cancel' }, start);
      expect(await claimed(engine(), 10)).toHaveLength(1);
    });
  });

  describe(`store of ${name}: leases`, () => {
    const engine = freshEngine(open);

    it('extends what the worker holds and names what it no longer does', async () => {
      const { store } = engine();
      const jobs = [await submitted(engine()), await submitted(engine()), await submitted(engine())];
      const [mine, cancelled] = await claimed(engine(), 2, start, 'w1');
      const [others] = await claimed(engine(), 1, start, 'w2');
      await store.apply(cancelled?.id ?? '', { type: 'cancel' }, start);
      const held = [...jobs.map(({ id }) => ({ id, attempt: 1 })), { id: 'job_0', attempt: 1 }];
      const gone = await store.extend('w1', held, start + hour);
      expect([...gone].sort()).toEqual([cancelled?.id, others?.id, 'job_0'].sort());
      const stored = await store.get('alice', mine?.id ?? '');
      expect(stored?.lease).toEqual({ worker: 'w1', expiresAt: start + hour });
      expect(stored?.rev).toBe(mine?.rev);
      expect(await store.extend('w1', [{ id: mine?.id ?? '', attempt: 2 }], start + hour)).toEqual([
        mine?.id,
      ]);
    });

    it('gives up the leases of every other worker', async () => {
      const { store } = engine();
      const fresh = await submitted(engine());
      const last = await submitted(engine(), { interruptions: 9 });
      await claimed(engine(), 2, start, 'before');
      const own = await submitted(engine());
      await claimed(engine(), 1, start, 'now');
      expect(await store.reclaimLeases('now', start + 1)).toBe(2);
      expect(await store.get('alice', fresh.id)).toMatchObject({
        status: 'pending',
        interruptions: 1,
        readyAt: start + 1,
      });
      expect(await store.get('alice', last.id)).toMatchObject({
        status: 'failed',
        error: { code: 'crashed' },
      });
      expect(await store.get('alice', own.id)).toMatchObject({ status: 'running' });
      expect(await store.depth()).toMatchObject({ pending: 1, running: 1 });
      expect(await store.reclaimLeases('now', start + 1)).toBe(0);
    });
  });
}
