import { describe, expect, it } from 'vitest';
import { freshEngine, type OpenEngine } from './engine.suite.js';
import { aSweep, completed, day, start, started, submitted } from './jobs-at-hand.js';

/** What `Store.groups` means. */
export function groupsSuite(name: string, open: OpenEngine): void {
  describe(`store of ${name}: the list of groups`, () => {
    const engine = freshEngine(open);
    const page = (change: { before?: number; limit?: number; owner?: string } = {}) =>
      engine().store.groups({ owner: 'alice', limit: 100, ...change });
    const names = async () => (await page()).groups.map(({ group }) => group);

    it('is empty without groups, and holds those of the owner alone', async () => {
      await submitted(engine());
      expect(await page()).toEqual({ groups: [] });
      await submitted(engine(), { group: 'a' });
      await submitted(engine(), { group: 'b', owner: 'bob' });
      expect(await names()).toEqual(['a']);
    });

    it('has the counts that are given for each', async () => {
      await completed(engine(), { group: 'a' });
      await submitted(engine(), { group: 'a' });
      expect(await page()).toEqual({ groups: [await engine().store.group('alice', 'a')] });
    });

    it('begins with the group in which a job was created, started or ended last', async () => {
      const { store } = engine();
      const first = await submitted(engine(), { group: 'a' });
      await submitted(engine(), { group: 'b' });
      expect(await names()).toEqual(['b', 'a']);
      await started(engine());
      expect(await names()).toEqual(['a', 'b']);
      await submitted(engine(), { group: 'b' });
      expect(await names()).toEqual(['b', 'a']);
      await store.apply(first.id, { type: 'cancel' }, start);
      expect(await names()).toEqual(['a', 'b']);
    });

    it('is not reordered by what retention takes away, and forgets a group without jobs', async () => {
      const { store } = engine();
      const old = await completed(engine(), { group: 'a' });
      const only = await completed(engine(), { group: 'b' });
      await submitted(engine(), { group: 'a', waitDeadline: start + 100 * day });
      await submitted(engine(), { group: 'c', waitDeadline: start + 100 * day });
      expect(await names()).toEqual(['c', 'a', 'b']);
      await store.apply(old.id, { type: 'expire' }, start);
      await store.apply(old.id, { type: 'delete' }, start);
      expect(await names()).toEqual(['c', 'a', 'b']);
      await store.apply(only.id, { type: 'delete' }, start);
      expect(await names()).toEqual(['c', 'a']);
      await store.sweep(aSweep(start + day));
      expect(await names()).toEqual(['c', 'a']);
    });

    it('comes in pages that neither skip nor repeat, and says where the next one begins', async () => {
      for (let n = 0; n < 5; n += 1) await submitted(engine(), { group: `g${n}` });
      const seen: string[] = [];
      let before: number | undefined;
      for (let pages = 1; ; pages += 1) {
        const part = await page({ limit: 2, ...(before === undefined ? {} : { before }) });
        seen.push(...part.groups.map(({ group }) => group));
        before = part.next;
        if (before === undefined) {
          expect(pages).toBe(3);
          break;
        }
      }
      expect(seen).toEqual(['g4', 'g3', 'g2', 'g1', 'g0']);
      expect(await page({ limit: 5 })).not.toHaveProperty('next');
    });

    it('passes over a group that moves to the front meanwhile, and no other', async () => {
      for (let n = 0; n < 4; n += 1) await submitted(engine(), { group: `g${n}` });
      const first = await page({ limit: 2 });
      await submitted(engine(), { group: 'g0' });
      const rest = await page({ limit: 2, ...(first.next === undefined ? {} : { before: first.next }) });
      expect(rest.groups.map(({ group }) => group)).toEqual(['g1']);
    });
  });
}
