import { describe, expect, it } from 'vitest';
import type { FactFilter } from '../../src/engine/engine.js';
import { isPlaceOf, positionAt } from '../../src/engine/lives.js';
import { recordAt } from '../../src/engine/record-page.js';
import { recordOf } from '../../src/jobs/record.js';
import { freshEngine, type OpenEngine } from './engine.suite.js';
import { aSweep, completed, day, factsOf, start, started, submitted } from './jobs-at-hand.js';

/** What `Store` means for the log, for listings and for groups. */
export function logSuite(name: string, open: OpenEngine): void {
  describe(`store of ${name}: log`, () => {
    const engine = freshEngine(open);
    const read = (filter: Partial<FactFilter> = {}) =>
      engine().store.facts({ owner: 'alice', after: 0, limit: 1_000, ...filter });

    it('begins empty, in an epoch of its own', async () => {
      const log = await engine().store.log();
      expect(log).toMatchObject({ last: 0, trimmedTo: 0 });
      expect(log.epoch).toMatch(/^[a-z0-9]{4,32}$/);
      const life = expect.stringMatching(/^[a-z0-9]{6,8}$/);
      expect(log.lives).toEqual([
        { life: '0', first: 0 },
        { life, first: 1 },
      ]);
      expect(await read()).toEqual({ facts: [], reached: 0, trimmed: false });
    });

    it('is read in pages that neither skip nor repeat', async () => {
      for (let n = 0; n < 7; n += 1) await submitted(engine(), { owner: n % 3 === 0 ? 'bob' : 'alice' });
      const seen: number[] = [];
      let after = 0;
      for (;;) {
        const page = await read({ after, limit: 2 });
        if (page.facts.length === 0) break;
        expect(page.reached).toBeGreaterThanOrEqual(page.facts.at(-1)?.seq ?? 0);
        seen.push(...page.facts.map(({ seq }) => seq));
        after = page.reached;
      }
      expect(seen).toEqual((await read()).facts.map(({ seq }) => seq));
      expect(seen).toHaveLength(4);
    });

    it('says how far it looked also when nothing matched', async () => {
      await submitted(engine());
      await submitted(engine(), { owner: 'bob' });
      const { last } = await engine().store.log();
      expect(await read({ owner: 'carol' })).toMatchObject({ facts: [], reached: last });
      expect(await read({ kind: 'none' })).toMatchObject({ facts: [], reached: last });
      expect(await read({ jobId: 'job_0' })).toMatchObject({ facts: [], reached: last });
      expect(await read({ group: 'none' })).toMatchObject({ facts: [], reached: last });
    });

    it('is read whole by who serves every owner', async () => {
      for (let n = 0; n < 5; n += 1) await submitted(engine(), { owner: `owner-${n}` });
      const { last } = await engine().store.log();
      const first = await engine().store.everyFact(0, 3);
      const rest = await engine().store.everyFact(first.reached, 100);
      expect([...first.facts, ...rest.facts].map(({ owner }) => owner)).toEqual(
        Array.from({ length: 5 }, (_, n) => `owner-${n}`),
      );
      expect(rest).toMatchObject({ reached: last, trimmed: false });
      expect(await engine().store.everyFact(last, 10)).toEqual({ facts: [], reached: last, trimmed: false });
    });

    it('is read by job, group and kind, and never of another owner', async () => {
      const job = await submitted(engine(), { group: 'g' });
      const other = await submitted(engine(), { kind: 'preview', group: 'g' });
      await submitted(engine(), { kind: 'preview' });
      const foreign = await submitted(engine(), { owner: 'bob', group: 'g', kind: 'preview' });
      const ids = async (filter: Partial<FactFilter>) => (await read(filter)).facts.map(({ jobId }) => jobId);
      expect(await ids({ jobId: job.id })).toEqual([job.id]);
      expect(await ids({ jobId: foreign.id })).toEqual([]);
      expect(await ids({ group: 'g' })).toEqual([job.id, other.id]);
      expect(await ids({ kind: 'preview' })).toHaveLength(2);
      expect(await ids({ kind: 'preview', group: 'g' })).toEqual([other.id]);
      expect(await ids({ kind: 'preview', jobId: job.id })).toEqual([]);
      expect(await ids({ group: 'other', jobId: job.id })).toEqual([]);
    });

    it('is trimmed by age in small steps, and says so to who needs more', async () => {
      const { store } = engine();
      for (let n = 0; n < 5; n += 1) await submitted(engine(), { waitDeadline: start + 90 * day });
      await submitted(engine(), { createdAt: start + 20 * day, waitDeadline: start + 90 * day });
      const request = aSweep(start + 31 * day, { limit: 3, logTtlMs: 30 * day });
      expect(await store.sweep(request)).toMatchObject({ trimmed: 3, more: true });
      expect(await store.sweep(request)).toMatchObject({ trimmed: 2, more: false });
      expect(await store.log()).toMatchObject({ last: 6, trimmedTo: 5 });
      expect(await read({ after: 4 })).toMatchObject({ trimmed: true });
      const page = await read({ after: 5 });
      expect(page.trimmed).toBe(false);
      expect(page.facts.map(({ seq }) => seq)).toEqual([6]);
    });

    it('names each place by the life that wrote it, also after its facts were trimmed', async () => {
      const { store } = engine();
      const first = await submitted(engine());
      const log = await store.log();
      const [, life] = log.lives;
      expect(positionAt(log, 0)).toEqual({ epoch: log.epoch, life: '0', seq: 0 });
      expect(positionAt(log, 1)).toEqual({ epoch: log.epoch, life: life?.life, seq: 1 });
      await submitted(engine());
      expect((await store.log()).lives).toEqual(log.lives);
      await store.sweep(aSweep(start, { logMaxFacts: 0 }));
      const trimmed = await store.log();
      // The first life ended before what is kept.
      expect(trimmed).toMatchObject({ trimmedTo: 2, lives: [life] });
      expect(isPlaceOf(trimmed, positionAt(log, 2))).toBe(true);
      await store.apply(first.id, { type: 'cancel' }, start);
      expect(positionAt(await store.log(), 3)).toMatchObject({ life: life?.life });
    });

    it('is trimmed to a number of facts, and never gives a number twice', async () => {
      const { store } = engine();
      for (let n = 0; n < 5; n += 1) await submitted(engine());
      await store.sweep(aSweep(start, { logMaxFacts: 2 }));
      expect((await read()).facts.map(({ seq }) => seq)).toEqual([4, 5]);
      await store.sweep(aSweep(start, { logMaxFacts: 0 }));
      expect(await store.log()).toMatchObject({ last: 5, trimmedTo: 5 });
      await submitted(engine());
      expect((await read({ after: 5 })).facts.map(({ seq }) => seq)).toEqual([6]);
    });
  });

  describe(`store of ${name}: listings`, () => {
    const engine = freshEngine(open);

    it('lists the jobs of an owner, newest first, page by page', async () => {
      const { store } = engine();
      const ids: string[] = [];
      for (let n = 0; n < 5; n += 1) ids.unshift((await submitted(engine(), { createdAt: start + n })).id);
      await submitted(engine(), { owner: 'bob' });
      const first = await store.list({ owner: 'alice', limit: 2 });
      expect(first.jobs.map(({ id }) => id)).toEqual(ids.slice(0, 2));
      expect(first.more).toBe(true);
      const rest = await store.list({ owner: 'alice', limit: 3, afterId: ids[1] ?? '' });
      expect(rest.jobs.map(({ id }) => id)).toEqual(ids.slice(2));
      expect(rest.more).toBe(false);
      expect(await store.list({ owner: 'carol', limit: 3 })).toEqual({ jobs: [], more: false });
    });

    it('gives the same page as records', async () => {
      const { store } = engine();
      const title = 'Zürich, "Straße" 1';
      await submitted(engine(), { createdAt: start, title });
      await started(engine());
      await completed(engine(), { createdAt: start + 2, readyAt: start + 2 });
      for (const filter of [{ limit: 10 }, { limit: 2 }, { limit: 2, status: 'failed' }] as const) {
        const { jobs, ...rest } = await store.list({ owner: 'alice', ...filter });
        const { ids, bytes, ends, ...told } = await store.records({ owner: 'alice', ...filter });
        expect(told).toEqual(rest);
        expect(ids).toEqual(jobs.map(({ id }) => id));
        const records = jobs.map((job) => JSON.stringify(recordOf(job)));
        expect(Buffer.from(bytes).toString()).toBe(records.join(','));
        const each = ids.map((_, index) => Buffer.from(recordAt({ ids, bytes, ends }, index)).toString());
        expect(each).toEqual(records);
      }
    });

    it('filters by status, kind, group and all of them', async () => {
      const { store } = engine();
      const done = await completed(engine(), { kind: 'preview', group: 'g' });
      const waiting = await submitted(engine(), { kind: 'preview' });
      const grouped = await submitted(engine(), { group: 'g' });
      const ids = async (filter: object) =>
        (await store.list({ owner: 'alice', limit: 10, ...filter })).jobs.map(({ id }) => id);
      expect(await ids({ status: 'completed' })).toEqual([done.id]);
      expect(await ids({ status: 'pending' })).toEqual([grouped.id, waiting.id]);
      expect(await ids({ kind: 'preview' })).toEqual([waiting.id, done.id]);
      expect(await ids({ group: 'g' })).toEqual([grouped.id, done.id]);
      expect(await ids({ group: 'g', status: 'completed' })).toEqual([done.id]);
      expect(await ids({ group: 'g', kind: 'document' })).toEqual([grouped.id]);
      expect(await ids({ kind: 'preview', status: 'completed' })).toEqual([done.id]);
      expect(await ids({ kind: 'preview', status: 'pending', group: 'g' })).toEqual([]);
    });

    it('filters by creation time, both ends exclusive', async () => {
      const { store } = engine();
      const ids: string[] = [];
      for (let n = 0; n < 5; n += 1) ids.push((await submitted(engine(), { createdAt: start + n })).id);
      const found = async (filter: object) =>
        (await store.list({ owner: 'alice', limit: 10, ...filter })).jobs.map(({ id }) => id).reverse();
      expect(await found({ createdAfter: start + 1 })).toEqual(ids.slice(2));
      expect(await found({ createdBefore: start + 3 })).toEqual(ids.slice(0, 3));
      expect(await found({ createdAfter: start, createdBefore: start + 4 })).toEqual(ids.slice(1, 4));
      expect(await found({ createdBefore: start + 4, afterId: ids[2] ?? '' })).toEqual(ids.slice(0, 2));
      expect(await found({ createdAfter: start + 4 })).toEqual([]);
    });

    it('finds the few that match behind the many that do not', async () => {
      const { store } = engine();
      const rare = await submitted(engine(), { kind: 'rare', priority: 1, group: 'g' });
      const older = await submitted(engine(), { kind: 'rare', createdAt: start - 1, group: 'g' });
      // Not all at once: a store of many nodes refuses what has waited for seconds, as on a slow machine.
      for (let n = 0; n < 9; n += 1)
        await Promise.all(Array.from({ length: 500 }, () => submitted(engine(), { group: 'g' })));
      const page = await store.list({ owner: 'alice', limit: 1, kind: 'rare', group: 'g' });
      expect(page).toEqual({ jobs: [rare], more: true });
      const both = await store.list({ owner: 'alice', limit: 2, kind: 'rare', group: 'g' });
      expect(both).toEqual({ jobs: [rare, older], more: false });
      const seen: string[] = [];
      let after = 0;
      while (after < (await store.log()).last) {
        const { facts, reached } = await store.facts({ owner: 'alice', after, limit: 10, kind: 'rare' });
        seen.push(...facts.map(({ jobId }) => jobId));
        expect(reached).toBeGreaterThan(after);
        after = reached;
      }
      expect(seen).toEqual([rare.id, older.id]);
    });
  });

  describe(`store of ${name}: groups`, () => {
    const engine = freshEngine(open);
    const group = () => engine().store.group('alice', 'g');
    const counts = { group: 'g', jobs: 0, pending: 0, running: 0, completed: 0, failed: 0, cancelled: 0 };

    it('counts jobs by status, of one owner', async () => {
      expect(await group()).toBeUndefined();
      await completed(engine(), { group: 'g' });
      const second = await submitted(engine(), { group: 'g' });
      await submitted(engine(), { group: 'g', owner: 'bob' });
      expect(await group()).toEqual({ ...counts, jobs: 2, completed: 1, pending: 1 });
      await started(engine(), 2);
      expect(await group()).toEqual({ ...counts, jobs: 2, completed: 1, running: 1 });
      await engine().store.apply(second.id, { type: 'cancel' }, start);
      expect(await group()).toEqual({ ...counts, jobs: 2, completed: 1, cancelled: 1 });
      await engine().store.apply(second.id, { type: 'delete' }, start);
      expect(await group()).toEqual({ ...counts, jobs: 1, completed: 1 });
    });

    it('says that all have ended after the fact of the last one, and again when jobs were added', async () => {
      const first = await submitted(engine(), { group: 'g' });
      const second = await submitted(engine(), { group: 'g' });
      await engine().store.apply(first.id, { type: 'cancel' }, start);
      await engine().store.apply(second.id, { type: 'timeOut' }, start);
      expect((await factsOf(engine())).slice(-3)).toEqual([
        'job.cancelled 2',
        'job.failed 2',
        'group.completed',
      ]);
      const { facts } = await engine().store.facts({ owner: 'alice', after: 0, limit: 10, group: 'g' });
      expect(facts.at(-1)).toMatchObject({
        type: 'group.completed',
        jobId: '',
        kind: '',
        group: 'g',
        rev: 0,
      });
      expect(JSON.parse(facts.at(-1)?.record ?? '')).toEqual({ ...counts, jobs: 2, failed: 1, cancelled: 1 });
      await engine().store.apply(first.id, { type: 'delete' }, start);
      expect((await factsOf(engine())).at(-1)).toBe('job.deleted 3');
      const third = await submitted(engine(), { group: 'g' });
      await engine().store.apply(third.id, { type: 'cancel' }, start);
      expect((await factsOf(engine())).at(-1)).toBe('group.completed');
    });

    it('forgets a group with its last job', async () => {
      const job = await submitted(engine(), { group: 'g' });
      await engine().store.apply(job.id, { type: 'cancel' }, start);
      await engine().store.apply(job.id, { type: 'delete' }, start);
      expect(await group()).toBeUndefined();
    });
  });
}
