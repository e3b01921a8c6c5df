import { describe, expect, it } from 'vitest';
import { freshEngine, type OpenEngine } from './engine.suite.js';
import { submitted } from './jobs-at-hand.js';

/** Callers name what they ask for: also by a text that no name can be. */
export function namesSuite(name: string, open: OpenEngine): void {
  describe(`engine of ${name}: names`, () => {
    const engine = freshEngine(open);

    it('has nothing under one with a NUL, which not every database can even look for', async () => {
      const { store, library, endpoints } = engine();
      const { id } = await submitted(engine());
      const [owner, none] = ['alice', 'a\0'];
      expect(await store.artifact(owner, id, none)).toBeUndefined();
      expect(await store.group(owner, none)).toBeUndefined();
      for (const filter of [{ group: none }, { kind: none }])
        expect((await store.list({ owner, limit: 10, ...filter })).jobs).toEqual([]);
      expect((await store.facts({ owner, after: 0, limit: 10, group: none })).facts).toEqual([]);
      expect(await library.get({ collection: 'designs', owner, name: none })).toBeUndefined();
      expect(await endpoints.get({ owner, id: none })).toBeUndefined();
      expect(await endpoints.delivery({ owner, id: 'one' }, none)).toBeUndefined();
    });
  });
}
