import { describe, expect, it } from 'vitest';
import type { ListFilter } from '../../src/engine/listing.js';
import { recordAt } from '../../src/engine/record-page.js';
import { everyOwner } from '../../src/protocol/names.js';
import { readSearch } from '../../src/protocol/search.js';
import { freshEngine, type OpenEngine } from './engine.suite.js';
import { completed, start, started, submitted } from './jobs-at-hand.js';
import { listed } from './search.suite.js';

/** More than one call of any driver looks at. */
const many = 620;

/** What listings of every owner mean. */
export function everyOwnerSuite(name: string, open: OpenEngine): void {
  describe(`store of ${name}: listings of every owner`, () => {
    const engine = freshEngine(open);
    let at = start;
    const given = (change: Parameters<typeof submitted>[1]) =>
      submitted(engine(), { createdAt: ++at, ...change });
    const found = async (filter: Partial<ListFilter>) =>
      (await listed(engine(), { owner: everyOwner, ...filter })).ids;

    it('have the jobs of all, newest first, in pages that neither skip nor repeat', async () => {
      const ids: string[] = [];
      for (let n = 0; n < 12; n += 1) ids.unshift((await given({ owner: `owner-${n % 5}` })).id);
      expect(await found({})).toEqual(ids);
      const seen: string[] = [];
      let afterId: string | undefined;
      do {
        const page = await engine().store.list({
          owner: everyOwner,
          limit: 5,
          ...(afterId === undefined ? {} : { afterId }),
        });
        expect(page.jobs.length).toBe(Math.min(5, ids.length - seen.length));
        seen.push(...page.jobs.map(({ id }) => id));
        afterId = page.more ? (page.next ?? seen.at(-1)) : undefined;
      } while (afterId !== undefined);
      expect(seen).toEqual(ids);
    });

    it('say in each record whose it is, which those of one owner do not', async () => {
      const job = await given({ owner: 'bob', title: 'Letter' });
      const page = await engine().store.records({ owner: everyOwner, limit: 10 });
      const record = JSON.parse(Buffer.from(recordAt(page, 0)).toString());
      expect(record).toMatchObject({ owner: 'bob', job_id: job.id, title: 'Letter' });
      const own = await engine().store.records({ owner: 'bob', limit: 10 });
      expect(JSON.parse(Buffer.from(recordAt(own, 0)).toString())).not.toHaveProperty('owner');
    });

    it('find by each status and by all else, also the few among many', async () => {
      const { store } = engine();
      const ended = await completed(engine(), { owner: 'a', tags: ['x'], createdAt: ++at });
      const cancelled = await given({ owner: 'b', kind: 'merge', title: 'Old letter' });
      await store.apply(cancelled.id, { type: 'cancel' }, at);
      const running = await given({ owner: 'c', group: 'night' });
      await started(engine(), 1, at);
      const waiting: string[] = [];
      const later = Array.from({ length: many }, () => given({ owner: 'd', readyAt: at + 3_600_000 }));
      for (const job of await Promise.all(later)) waiting.push(job.id);
      waiting.sort().reverse();
      expect(await found({ status: 'completed' })).toEqual([ended.id]);
      expect(await found({ status: 'cancelled' })).toEqual([cancelled.id]);
      expect(await found({ status: 'running' })).toEqual([running.id]);
      expect(await found({ status: 'failed' })).toEqual([]);
      expect(await found({ status: 'pending' })).toEqual(waiting);
      expect(await found({ kind: 'merge' })).toEqual([cancelled.id]);
      expect(await found({ group: 'night' })).toEqual([running.id]);
      expect(await found({ tags: ['x'] })).toEqual([ended.id]);
      expect(await found({ search: readSearch('lett old') })).toEqual([cancelled.id]);
      expect(await found({ createdBefore: running.createdAt })).toEqual([cancelled.id, ended.id]);
      expect(await found({ createdAfter: running.createdAt, status: 'cancelled' })).toEqual([]);
    });

    it('have the few that wait or run whole, whatever came since', async () => {
      const first = await given({ owner: 'a' });
      const second = await given({ owner: 'b' });
      expect(await found({ status: 'pending' })).toEqual([second.id, first.id]);
      expect(await found({ status: 'pending', createdBefore: second.createdAt })).toEqual([first.id]);
      await started(engine(), 2, at);
      expect(await found({ status: 'pending' })).toEqual([]);
      expect(await found({ status: 'running' })).toEqual([second.id, first.id]);
    });

    it('have the groups of all in the order of what happened last, with their owners', async () => {
      const { store } = engine();
      const page = (change: { before?: number; limit?: number } = {}) =>
        store.groups({ owner: everyOwner, limit: 100, ...change });
      const names = async () => (await page()).groups.map(({ owner, group }) => `${owner} ${group}`);
      expect(await page()).toEqual({ groups: [] });
      const only = await given({ owner: 'a', group: 'g' });
      await given({ owner: 'b', group: 'g' });
      await given({ owner: 'a', group: 'h' });
      expect(await names()).toEqual(['a h', 'b g', 'a g']);
      await store.apply(only.id, { type: 'cancel' }, at);
      expect(await names()).toEqual(['a g', 'a h', 'b g']);
      const first = await page({ limit: 2 });
      expect(first.groups.map(({ owner }) => owner)).toEqual(['a', 'a']);
      const rest = await page({ limit: 2, ...(first.next === undefined ? {} : { before: first.next }) });
      expect(rest).toEqual({ groups: [{ owner: 'b', ...(await store.group('b', 'g')) }] });
      await store.apply(only.id, { type: 'delete' }, at);
      expect(await names()).toEqual(['a h', 'b g']);
    });
  });
}
