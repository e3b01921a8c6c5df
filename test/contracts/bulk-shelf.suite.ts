import { describe, expect, it } from 'vitest';
import { BulkShelf, type KeptBulk, keptPerOwner } from '../../src/work/bulk-shelf.js';
import { freshEngine, type OpenEngine } from './engine.suite.js';
import { start } from './jobs-at-hand.js';

/** Actions on many jobs, as the library of each driver keeps them. */
export function bulkShelfSuite(name: string, open: OpenEngine): void {
  describe(`library of ${name}: actions on many jobs`, () => {
    const engine = freshEngine(open);
    let now = start;
    const shelf = () => new BulkShelf(engine().library, () => now);
    const kept = (id: string, owner = 'alice'): KeptBulk => {
      now += 1;
      return {
        ...{ owner, choice: { filter: { status: 'failed' } }, requestId: 'r', keyId: 'k', before: now },
        ...{ holder: 'one', until: now + 1_000 },
        record: {
          ...{ bulk_id: id, action: 'retry', chosen: { status: 'failed' }, state: 'running' },
          ...{ done: 0, refused: 0, refusals: [], created_at: new Date(now).toISOString() },
        },
      };
    };

    it('are there for every process, and written by whoever has seen the last version', async () => {
      const first = kept('a');
      const version = (await shelf().keep(first, 0)) ?? 0;
      expect(await shelf().keep(first, 0)).toBeUndefined();
      const next = { ...first, place: 'job_000000000000000000000001', holder: 'two' };
      const later = (await shelf().keep(next, version)) ?? 0;
      expect(later).toBeGreaterThan(version);
      expect(await shelf().keep(first, version)).toBeUndefined();
      expect(await shelf().kept('alice', 'a')).toEqual({ kept: next, version: later });
      expect(await shelf().kept('bob', 'a')).toBeUndefined();
      const other = kept('b', 'bob');
      await shelf().keep(other, 0);
      expect((await shelf().allKept()).map((one) => one.kept)).toEqual([next, other]);
      expect((await shelf().allKept('bob')).map((one) => one.kept)).toEqual([other]);
    });

    it('are no more under way when they have ended, of which the last are kept', async () => {
      for (let n = 0; n < keptPerOwner + 2; n += 1) {
        const one = kept(`n${n}`);
        await shelf().keep(one, 0);
        await shelf().end('alice', { ...one.record, state: 'ended', done: n });
      }
      expect(await shelf().allKept()).toEqual([]);
      const ended = await shelf().ended('alice');
      expect(ended).toHaveLength(keptPerOwner);
      expect(ended[0]).toMatchObject({ bulk_id: `n${keptPerOwner + 1}`, state: 'ended' });
      expect(await shelf().endedOne('alice', 'n2')).toMatchObject({ done: 2 });
      expect(await shelf().endedOne('alice', 'n0')).toBeUndefined();
      expect(await shelf().kept('alice', 'n5')).toBeUndefined();
    });
  });
}
