import { describe, expect, it } from 'vitest';
import type { Key } from '../../src/engine/keys.js';
import { freshEngine, type OpenEngine } from './engine.suite.js';

export function aKey(kid: string, change: Partial<Key> = {}): Key {
  return { kid, owner: 'alice', scopes: ['jobs'], createdAt: 1, hash: 'f'.repeat(64), ...change };
}

export function keysSuite(name: string, open: OpenEngine): void {
  describe(`keys of ${name}`, () => {
    const engine = freshEngine(open);

    it('adds keys and replaces one by its kid', async () => {
      const { keys } = engine();
      expect(await keys.list()).toEqual([]);
      await keys.put(aKey('aaaaaaaa', { expiresAt: 5 }));
      await keys.put(aKey('bbbbbbbb'));
      await keys.put(aKey('aaaaaaaa', { disabledAt: 7 }));
      expect(await keys.list()).toEqual([aKey('aaaaaaaa', { disabledAt: 7 }), aKey('bbbbbbbb')]);
    });

    it('tells a watcher all keys at once and after every change, until it ends', async () => {
      const { keys } = engine();
      await keys.put(aKey('aaaaaaaa'));
      const seen: number[] = [];
      let changed = (): void => {};
      const end = await keys.watch((all) => {
        seen.push(all.length);
        changed();
      });
      expect(seen).toEqual([1]);
      const told = new Promise<void>((resolve) => {
        changed = resolve;
      });
      await keys.put(aKey('bbbbbbbb'));
      await told;
      expect(seen.at(-1)).toBe(2);
      end();
      const count = seen.length;
      await keys.put(aKey('cccccccc'));
      await keys.list();
      expect(seen).toHaveLength(count);
    });
  });
}
