import { describe, expect, it } from 'vitest';
import { recordOf } from '../../src/jobs/record.js';
import { freshEngine, type OpenEngine } from './engine.suite.js';
import { aSweep, factsOf, hour, start, started, submitted } from './jobs-at-hand.js';

/** What `Store` means for claims and their leases. */
export function claimSuite(name: string, open: OpenEngine): void {
  describe(`store of ${name}: claim`, () => {
    const engine = freshEngine(open);

    it('takes a pending job ahead: a lease and the input, but no fact and nothing that a caller sees', async () => {
      const { store } = engine();
      const job = await submitted(engine());
      const claims = await store.claim({ worker: 'w1', limit: 5, now: start + 5, leaseUntil: start + 50 });
      expect(claims).toHaveLength(1);
      expect(claims[0]?.input.request).toEqual({ inline: '{"operations":[]}' });
      const lease = { worker: 'w1', expiresAt: start + 50 };
      expect(claims[0]?.job).toEqual({ ...job, claims: 1, lease });
      expect(await store.get('alice', job.id)).toEqual(claims[0]?.job);
      expect(recordOf({ ...job, claims: 1, lease })).toEqual(recordOf(job));
      expect(await factsOf(engine())).toEqual(['job.created 1']);
      expect(await store.depth()).toEqual({ pending: 1, running: 0, oldestPendingAt: start });
      expect(await started(engine(), 5, start + 6)).toEqual([]);
    });

    it('starts what was claimed when a thread takes it: the attempt, its time and its fact', async () => {
      const { store } = engine();
      const job = await submitted(engine());
      await store.claim({ worker: 'w1', limit: 5, now: start + 5, leaseUntil: start + 50 });
      expect(await store.apply(job.id, { type: 'start', claim: 2 }, start + 9)).toMatchObject({ ok: false });
      const outcome = await store.apply(job.id, { type: 'start', claim: 1 }, start + 9);
      expect(outcome).toEqual({ ok: true, removed: [] });
      expect(await store.get('alice', job.id)).toMatchObject({
        status: 'running',
        attempt: 1,
        rev: 2,
        startedAt: start + 9,
        lease: { worker: 'w1', expiresAt: start + 50 },
      });
      expect(await factsOf(engine())).toEqual(['job.created 1', 'job.started 2']);
      expect(await store.depth()).toEqual({ pending: 0, running: 1 });
    });

    it('puts back what is given up unstarted where it was, and its owner keeps the turn', async () => {
      const { store } = engine();
      const first = await submitted(engine());
      await submitted(engine());
      await submitted(engine(), { owner: 'bob' });
      const request = { worker: 'w1', limit: 1, now: start, leaseUntil: start + 50 };
      const [claim] = await store.claim(request);
      expect(claim?.job.id).toBe(first.id);
      await store.apply(first.id, { type: 'release', claim: 1 }, start);
      expect(await factsOf(engine())).toEqual(['job.created 1', 'job.created 1']);
      expect(await store.depth()).toMatchObject({ pending: 3, running: 0 });
      const [again, other] = await store.claim({ ...request, limit: 2 });
      expect(again?.job).toMatchObject({ id: first.id, claims: 2, attempt: 0, status: 'pending' });
      expect(other?.job.owner).toBe('bob');
    });

    it('counts what waits by owner: claimed ahead and scheduled too, and nothing that runs or has ended', async () => {
      const { store } = engine();
      expect(await store.waiting()).toEqual([]);
      const job = await submitted(engine(), { owner: 'bob' });
      await submitted(engine(), { readyAt: start + 500 });
      await submitted(engine());
      const request = { worker: 'w1', limit: 3, now: start, leaseUntil: start + 50 };
      await store.claim(request);
      expect(await store.waiting()).toEqual([
        { owner: 'alice', pending: 2 },
        { owner: 'bob', pending: 1 },
      ]);
      await store.apply(job.id, { type: 'start', claim: 1 }, start + 1);
      expect(await store.waiting()).toEqual([{ owner: 'alice', pending: 2 }]);
    });

    it('leaves a claimed job in reach of a cancel, of its wait limit and of the end of the lease', async () => {
      const { store } = engine();
      const jobs = [
        await submitted(engine()),
        await submitted(engine(), { waitDeadline: start + 20 }),
        await submitted(engine()),
      ];
      const [cancelled, late, lost] = jobs.map(({ id }) => id);
      await store.claim({ worker: 'w1', limit: 3, now: start, leaseUntil: start + 50 });
      expect(await store.apply(cancelled ?? '', { type: 'cancel' }, start)).toMatchObject({ ok: true });
      expect(await store.get('alice', cancelled ?? '')).toMatchObject({ status: 'cancelled', attempt: 0 });
      expect(await store.sweep(aSweep(start + 20))).toMatchObject({ timedOut: 1, lost: 0 });
      expect(await store.get('alice', late ?? '')).toMatchObject({ error: { code: 'expired' } });
      expect(await store.sweep(aSweep(start + 50))).toMatchObject({ timedOut: 0, lost: 0 });
      const back = await store.get('alice', lost ?? '');
      expect(back).toMatchObject({ status: 'pending', rev: 1 });
      expect([back?.lease, back?.interruptions]).toEqual([undefined, undefined]);
      for (const id of [cancelled, late, lost]) {
        expect(await store.apply(id ?? '', { type: 'start', claim: 1 }, start + 50)).toEqual({
          ok: false,
          refusal: 'not-claimed',
        });
      }
      expect((await started(engine(), 5, start + 50)).map(({ id }) => id)).toEqual([lost]);
    });

    it('holds the time in which a job ran not against its wait limit: back in the queue it waits anew', async () => {
      const { store } = engine();
      const { id } = await submitted(engine(), { waitDeadline: start + 20 });
      for (const [claim, at] of [
        [1, start + 10],
        [2, start + 1_000],
      ] as const) {
        expect(await started(engine(), 1, at)).toHaveLength(1);
        await store.apply(id, { type: 'release', claim }, at + 500);
        expect(await store.sweep(aSweep(at + 519))).toMatchObject({ timedOut: 0 });
      }
      expect(await store.sweep(aSweep(start + 1_520))).toMatchObject({ timedOut: 1 });
      expect(await store.get('alice', id)).toMatchObject({ attempt: 2, error: { code: 'expired' } });
    });

    it('fails what could not be prepared, before it has started', async () => {
      const { store } = engine();
      const job = await submitted(engine());
      await store.claim({ worker: 'w1', limit: 1, now: start, leaseUntil: start + 50 });
      const failure = { type: 'fail', claim: 1, code: 'input_unavailable', message: 'm', random: 0 } as const;
      await store.apply(job.id, failure, start);
      expect(await store.get('alice', job.id)).toMatchObject({ status: 'pending', attempt: 1, failures: 1 });
      await store.claim({ worker: 'w1', limit: 1, now: start, leaseUntil: start + 50 });
      await store.apply(job.id, { ...failure, claim: 2, code: 'invalid_input', pointer: '/a/0' }, start);
      expect(await store.get('alice', job.id)).toMatchObject({
        status: 'failed',
        attempt: 2,
        error: { code: 'invalid_input', message: 'm', pointer: '/a/0' },
      });
      expect(await factsOf(engine())).toEqual(['job.created 1', 'job.requeued 2', 'job.failed 3']);
    });

    it('gives an owner his jobs by priority, then by age', async () => {
      const low = await submitted(engine(), { priority: -1 });
      const first = await submitted(engine(), { priority: 5 });
      const second = await submitted(engine(), { priority: 5, createdAt: start + 1 });
      const middle = await submitted(engine());
      const order = await started(engine(), 10, start + 10);
      expect(order.map(({ id }) => id)).toEqual([first.id, second.id, middle.id, low.id]);
    });

    it('serves owners in turn, however many jobs one of them has and of whatever priority', async () => {
      for (let n = 0; n < 6; n += 1) await submitted(engine(), { owner: 'alice', priority: 10 });
      await submitted(engine(), { owner: 'bob' });
      await submitted(engine(), { owner: 'carol', priority: -10 });
      const owners = (await started(engine(), 4)).map(({ owner }) => owner);
      expect([...new Set(owners)].sort()).toEqual(['alice', 'bob', 'carol']);
    });

    it('never gives one job to two claims', async () => {
      for (let n = 0; n < 20; n += 1) await submitted(engine());
      const claims = await Promise.all(
        Array.from({ length: 10 }, (_, n) => started(engine(), 3, start, `w${n}`)),
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
      expect(await started(engine(), 5, start + 499)).toEqual([]);
      expect(await store.nextReadyAt()).toBe(start + 500);
      expect((await started(engine(), 5, start + 500)).map(({ id }) => id)).toEqual([later.id]);
      expect(await store.nextReadyAt()).toBe(start + 900);
    });

    it('waits out the delay of a failed attempt', async () => {
      const { store } = engine();
      const job = await submitted(engine());
      await started(engine());
      const failure = { type: 'fail', claim: 1, code: 'crashed', message: 'm', random: 1 } as const;
      await store.apply(job.id, failure, start);
      expect(await started(engine(), 1, start)).toEqual([]);
      const readyAt = await store.nextReadyAt();
      expect(readyAt).toBe(start + 500);
      expect(await started(engine(), 1, start + 500)).toMatchObject([
        { id: job.id, attempt: 2, failures: 1 },
      ]);
      expect(await store.nextReadyAt()).toBeUndefined();
    });

    it('can cancel what waits for its time', async () => {
      const { store } = engine();
      const job = await submitted(engine(), { readyAt: start + 500 });
      await store.apply(job.id, { type: 'cancel' }, start);
      expect(await store.nextReadyAt()).toBeUndefined();
      expect(await started(engine(), 1, start + 500)).toEqual([]);
      expect(await store.depth()).toEqual({ pending: 0, running: 0 });
    });
  });

  describe(`store of ${name}: limits of fairness`, () => {
    const engine = freshEngine(open, { fairness: { maxRunningPerOwner: 2, weights: { bob: 3 } } });

    it('lets no owner run more than his cap', async () => {
      const { store } = engine();
      for (let n = 0; n < 4; n += 1) await submitted(engine());
      const running = await started(engine(), 10);
      expect(running).toHaveLength(2);
      await store.apply(running[0]?.id ?? '', { type: 'cancel' }, start);
      expect(await started(engine(), 10)).toHaveLength(1);
    });

    it('counts what is claimed ahead towards the cap', async () => {
      const { store } = engine();
      for (let n = 0; n < 4; n += 1) await submitted(engine());
      const request = { worker: 'w1', limit: 10, now: start, leaseUntil: start + 50 };
      const claims = await store.claim(request);
      expect(claims).toHaveLength(2);
      expect(await store.claim(request)).toEqual([]);
      await store.apply(claims[0]?.job.id ?? '', { type: 'release', claim: 1 }, start);
      expect(await store.claim(request)).toHaveLength(1);
    });
  });

  describe(`store of ${name}: leases`, () => {
    const engine = freshEngine(open);

    it('extends what the worker holds and names what it no longer does', async () => {
      const { store } = engine();
      const jobs = [await submitted(engine()), await submitted(engine()), await submitted(engine())];
      const [mine, cancelled] = await started(engine(), 2, start, 'w1');
      const [others] = await started(engine(), 1, start, 'w2');
      await store.apply(cancelled?.id ?? '', { type: 'cancel' }, start);
      const held = [...jobs.map(({ id }) => ({ id, claim: 1 })), { id: 'job_0', claim: 1 }];
      const gone = await store.extend('w1', held, start + hour, start);
      expect([...gone].sort()).toEqual([cancelled?.id, others?.id, 'job_0'].sort());
      const stored = await store.get('alice', mine?.id ?? '');
      expect(stored?.lease).toEqual({ worker: 'w1', expiresAt: start + hour });
      expect(stored?.rev).toBe(mine?.rev);
      expect(await store.extend('w1', [{ id: mine?.id ?? '', claim: 2 }], start + hour, start)).toEqual([
        mine?.id,
      ]);
    });

    it('takes back the jobs of a worker that is gone, long before its leases end', async () => {
      const { store } = engine();
      const fresh = await submitted(engine());
      const last = await submitted(engine(), { interruptions: 9 });
      await started(engine(), 2, start, 'before');
      const own = await submitted(engine());
      await started(engine(), 1, start, 'now');
      expect(await store.reclaimAbsent(start + 1)).toBe(0);
      await store.leave('before');
      expect(await store.reclaimAbsent(start + 1)).toBe(2);
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
      expect(await store.reclaimAbsent(start + 1)).toBe(0);
    });

    it('takes them back with a sweep as well, and lets a worker come back', async () => {
      const { store } = engine();
      const job = await submitted(engine());
      await started(engine(), 1, start, 'before');
      await store.leave('before');
      await store.beat('before', start + hour, start);
      expect((await store.sweep(aSweep(start + 1))).lost).toBe(0);
      await store.leave('before');
      expect((await store.sweep(aSweep(start + 1))).lost).toBe(1);
      expect(await store.get('alice', job.id)).toMatchObject({ status: 'pending', interruptions: 1 });
    });

    it('gives a duty to one worker, until it is gone', async () => {
      const { store } = engine();
      await store.beat('w1', start + hour, start);
      await store.beat('w2', start + hour, start);
      const holds = async (worker: string) => store.hold('sweep', worker, start);
      expect([await holds('w1'), await holds('w2'), await holds('w1')]).toEqual([true, false, true]);
      await store.leave('w1');
      expect([await holds('w2'), await holds('w1')]).toEqual([true, false]);
    });

    it('frees what other workers have claimed ahead, which interrupts nothing', async () => {
      const { store } = engine();
      const job = await submitted(engine());
      await store.claim({ worker: 'before', limit: 1, now: start, leaseUntil: start + hour });
      await store.leave('before');
      expect(await store.reclaimAbsent(start + 1)).toBe(0);
      const back = await store.get('alice', job.id);
      expect([back?.status, back?.rev, back?.interruptions]).toEqual(['pending', 1, undefined]);
      expect(await started(engine(), 1, start + 1, 'now')).toMatchObject([{ id: job.id, attempt: 1 }]);
    });
  });
}
