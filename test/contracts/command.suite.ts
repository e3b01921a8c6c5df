import { describe, expect, it } from 'vitest';
import type { Hint } from '../../src/engine/engine.js';
import { freshEngine, type OpenEngine } from './engine.suite.js';
import {
  aJob,
  anArtifact,
  aSubmission,
  blobName,
  completed,
  factsOf,
  hour,
  start,
  started,
  submitted,
} from './jobs-at-hand.js';

/** What `Store.apply` means, with what follows from a change: references, counts and hints. */
export function commandSuite(name: string, open: OpenEngine): void {
  describe(`store of ${name}: commands`, () => {
    const engine = freshEngine(open);

    it('refuses the outcome of a claim that is not the present one', async () => {
      const { store } = engine();
      const job = await submitted(engine());
      await started(engine());
      await store.apply(job.id, { type: 'release', claim: 1 }, start);
      const late = { type: 'complete', claim: 1, result: { artifacts: [] } } as const;
      expect(await store.apply(job.id, late, start)).toEqual({ ok: false, refusal: 'not-claimed' });
      const [second] = await started(engine());
      expect(second?.attempt).toBe(2);
      expect(await store.apply(job.id, late, start)).toEqual({ ok: false, refusal: 'stale-claim' });
      expect(await store.get('alice', job.id)).toEqual(second);
    });

    it('hides the jobs of other owners', async () => {
      const { store } = engine();
      const job = await submitted(engine());
      const hidden = { ok: false, refusal: 'not-found' };
      expect(await store.apply(job.id, { type: 'cancel' }, start, { owner: 'bob' })).toEqual(hidden);
      expect(await store.apply('job_0', { type: 'cancel' }, start)).toEqual(hidden);
      expect(await store.get('bob', job.id)).toBeUndefined();
      expect(await store.input('bob', job.id)).toBeUndefined();
      expect((await store.apply(job.id, { type: 'cancel' }, start, { owner: 'alice' })).ok).toBe(true);
    });

    it('applies a command with a name once, and answers its repeats as the first time', async () => {
      const { store } = engine();
      const job = await submitted(engine());
      await store.claim({ worker: 'w1', limit: 1, now: start, leaseUntil: start + hour });
      const startOf = { type: 'start', claim: 1 } as const;
      const begin = (operation: string) =>
        store.apply(job.id, startOf, start, operation === undefined ? {} : { operation });
      expect(await begin('1.1')).toEqual({ ok: true, removed: [] });
      expect(await begin('1.1')).toEqual({ ok: true, removed: [] });
      expect(await store.apply(job.id, startOf, start)).toEqual({ ok: false, refusal: 'not-pending' });
      const result = { artifacts: [anArtifact(blobName(job.id, 'a'))] };
      const complete = { type: 'complete', claim: 1, result } as const;
      const end = (operation?: string) =>
        store.apply(job.id, complete, start, operation === undefined ? {} : { operation });
      expect(await end('1.3')).toEqual({ ok: true, removed: [] });
      expect(await Promise.all([end('1.3'), end('1.3')])).toEqual([
        { ok: true, removed: [] },
        { ok: true, removed: [] },
      ]);
      expect(await end()).toEqual({ ok: false, refusal: 'not-claimed' });
      const fail = { type: 'fail', claim: 1, code: 'crashed', message: 'm', random: 0 } as const;
      expect(await store.apply(job.id, fail, start, { operation: '1.4' })).toMatchObject({ ok: false });
      expect(await factsOf(engine())).toEqual(['job.created 1', 'job.started 2', 'job.completed 3']);
      expect(await store.unused([blobName(job.id, 'a')])).toEqual([]);
      expect(await store.apply(job.id, complete, start, { owner: 'bob', operation: '1.3' })).toMatchObject({
        refusal: 'not-found',
      });
    });

    it('knows the last command with a name also after others without one, until the job is gone', async () => {
      const { store } = engine();
      const job = await submitted(engine());
      const [running] = await started(engine());
      const artifacts = [anArtifact(blobName(job.id, 'a'))];
      const produce = () =>
        store.apply(job.id, { type: 'produce', claim: 1, parts: artifacts }, start, { operation: '1.1' });
      expect(running?.id).toBe(job.id);
      expect(await produce()).toEqual({ ok: true, removed: [] });
      await store.apply(job.id, { type: 'cancel' }, start);
      expect(await produce()).toEqual({ ok: true, removed: [] });
      await store.apply(job.id, { type: 'delete' }, start);
      expect(await produce()).toEqual({ ok: false, refusal: 'not-found' });
      const facts = ['job.created 1', 'job.started 2', 'job.produced 3', 'job.cancelled 4', 'job.deleted 5'];
      expect(await factsOf(engine())).toEqual(facts);
    });

    it('knows a command that made no fact, also when another claim has followed', async () => {
      const { store } = engine();
      const job = await submitted(engine());
      const claim = () => store.claim({ worker: 'w1', limit: 1, now: start, leaseUntil: start + hour });
      await claim();
      const release = { type: 'release', claim: 1 } as const;
      const giveBack = () => store.apply(job.id, release, start, { operation: '1.1' });
      expect((await giveBack()).ok).toBe(true);
      expect(await claim()).toHaveLength(1);
      expect((await giveBack()).ok).toBe(true);
      expect((await store.get('alice', job.id))?.lease).toMatchObject({ worker: 'w1' });
    });

    it('completes one of many simultaneous outcomes', async () => {
      const { store } = engine();
      const job = await submitted(engine());
      await started(engine());
      const outcomes = await Promise.all(
        Array.from({ length: 5 }, () =>
          store.apply(job.id, { type: 'complete', claim: 1, result: { artifacts: [] } }, start),
        ),
      );
      expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
    });

    it('makes a fact of each command, with a rev that grows by one and the record after it', async () => {
      const { store } = engine();
      const job = await submitted(engine());
      const failure = { type: 'fail', code: 'crashed', message: 'm', random: 0 } as const;
      await started(engine());
      await store.apply(job.id, { ...failure, claim: 1 }, start);
      await started(engine());
      await store.apply(job.id, { type: 'release', claim: 2 }, start);
      await started(engine());
      await store.apply(job.id, { type: 'complete', claim: 3, result: { artifacts: [] } }, start);
      await store.apply(job.id, { type: 'expire' }, start);
      await store.apply(job.id, { type: 'delete' }, start);
      expect(await factsOf(engine())).toEqual([
        'job.created 1',
        'job.started 2',
        'job.requeued 3',
        'job.started 4',
        'job.requeued 5',
        'job.started 6',
        'job.completed 7',
        'job.expired 8',
        'job.deleted 9',
      ]);
      const { facts } = await store.facts({ owner: 'alice', after: 0, limit: 10 });
      expect(facts.map(({ rev, record }) => JSON.parse(record).rev === rev)).not.toContain(false);
      expect(await store.get('alice', job.id)).toBeUndefined();
    });

    it('names the artifacts that an expired result leaves, and keeps the input', async () => {
      const { store } = engine();
      const job = await completed(engine());
      const outcome = await store.apply(job.id, { type: 'expire' }, start);
      expect(outcome).toEqual({ ok: true, removed: [blobName(job.id, 'a')] });
      expect(await store.get('alice', job.id)).toMatchObject({ expired: true });
      expect(await store.input('alice', job.id)).toBeDefined();
    });

    it('names every blob that a deleted job leaves, but none that another job refers to', async () => {
      const { store } = engine();
      const [own, shared, request, artifact] = ['1', '2', '3', '4'].map((digit) => blobName('scope', digit));
      if (!own || !shared || !request || !artifact) throw new Error('Four names');
      const job = aJob({ priority: 1 });
      const input = { request: { blob: request }, inputs: [{ blob: own }, { blob: shared }] };
      await store.submit(aSubmission(job, { input }));
      const other = aJob();
      await store.submit(
        aSubmission(other, { input: { request: { inline: '{}' }, inputs: [{ blob: shared }] } }),
      );
      await started(engine());
      const result = { artifacts: [anArtifact(artifact)] };
      await store.apply(job.id, { type: 'complete', claim: 1, result }, start);
      const names = [own, shared, request, artifact, blobName('scope', '5')];
      expect(await store.unused(names)).toEqual([blobName('scope', '5')]);
      const outcome = await store.apply(job.id, { type: 'delete' }, start);
      if (!outcome.ok) throw new Error(outcome.refusal);
      expect([...outcome.removed].sort()).toEqual([own, request, artifact].sort());
      expect([...(await store.unused(names))].sort()).toEqual(names.filter((name) => name !== shared).sort());
      expect(await store.input('alice', job.id)).toBeUndefined();
    });

    it('counts what waits and runs, and knows the oldest', async () => {
      const { store } = engine();
      expect(await store.depth()).toEqual({ pending: 0, running: 0 });
      await submitted(engine(), { createdAt: start + 2, owner: 'bob' });
      await submitted(engine(), { createdAt: start + 1, priority: 3 });
      await submitted(engine(), { createdAt: start + 3, readyAt: start + hour });
      expect(await store.depth()).toEqual({ pending: 3, running: 0, oldestPendingAt: start + 1 });
      await started(engine(), 2, start + 5);
      expect(await store.depth()).toEqual({ pending: 1, running: 2, oldestPendingAt: start + 3 });
    });

    it('sends hints that together carry every fact in order', async () => {
      const hints: Hint[] = [];
      const end = engine().bus.onHint((hint) => hints.push(hint));
      await Promise.all(Array.from({ length: 10 }, () => submitted(engine(), { group: 'g' })));
      for (const job of await started(engine(), 10)) {
        await engine().store.apply(job.id, { type: 'cancel' }, start);
      }
      const { last, epoch } = await engine().store.log();
      const { facts } = await engine().store.facts({ owner: 'alice', after: 0, limit: 1_000 });
      // A node hears of what another one has written a moment later.
      await expect.poll(() => hints.at(-1)?.last).toBe(last);
      expect(hints.flatMap((hint) => hint.facts)).toEqual(facts);
      expect(new Set(hints.map((hint) => hint.epoch))).toEqual(new Set([epoch]));
      expect(hints.map(({ after }) => after)).toEqual([0, ...hints.slice(0, -1).map((hint) => hint.last)]);
      end();
      await submitted(engine());
      expect((await engine().store.log()).last).toBe(last + 1);
      expect(hints.at(-1)?.last).toBe(last);
    });

    it('rejects everything once it is closed, and closes twice', async () => {
      await engine().store.ping();
      await engine().close();
      await engine().close();
      await expect(engine().store.ping()).rejects.toMatchObject({ name: 'StoreFailed', code: 'closed' });
      await expect(submitted(engine())).rejects.toMatchObject({ name: 'StoreFailed', code: 'closed' });
    });
  });
}
