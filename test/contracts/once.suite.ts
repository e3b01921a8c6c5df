import { describe, expect, it } from 'vitest';
import { type OnceEntry, onceValueMaxLength } from '../../src/engine/once.js';
import { freshEngine, type OpenEngine } from './engine.suite.js';
import { aSweep, start } from './jobs-at-hand.js';

const minute = 60_000;

export function anEntry(key: string, change: Partial<OnceEntry> = {}): OnceEntry {
  return {
    collection: 'tickets',
    key,
    owner: 'alice',
    value: `value of ${key}`,
    ttlMs: minute,
    limits: { entries: 1_000, length: 1_000_000 },
    ...change,
  };
}

/** What `Once` means. */
export function onceSuite(name: string, open: OpenEngine): void {
  describe(`once of ${name}`, () => {
    const engine = freshEngine(open);
    const place = (key: string, collection = 'tickets') => ({ collection, key });

    it('gives a value to the first who takes it', async () => {
      const { once } = engine();
      const value = '{"text":"\u{1f511} ключ"}';
      expect(await once.put(anEntry('a', { value }), start)).toEqual({
        type: 'stored',
        expiresAt: start + minute,
      });
      expect(await once.take(place('b'), start)).toBeUndefined();
      expect(await once.take(place('a', 'links'), start)).toBeUndefined();
      expect(await once.take(place('a'), start)).toBe(value);
      expect(await once.take(place('a'), start)).toBeUndefined();
    });

    it('gives it to one of many who take it at once', async () => {
      const { once } = engine();
      await once.put(anEntry('a'), start);
      const taken = await Promise.all(Array.from({ length: 50 }, () => once.take(place('a'), start)));
      expect(taken.filter((value) => value !== undefined)).toEqual(['value of a']);
    });

    it('gives it to nobody from the millisecond in which its time ends', async () => {
      const { once } = engine();
      await once.put(anEntry('a'), start);
      await once.put(anEntry('b'), start);
      expect(await once.take(place('a'), start + minute - 1)).toBe('value of a');
      expect(await once.take(place('b'), start + minute)).toBeUndefined();
      // It is gone, not hidden.
      expect(await once.take(place('b'), start)).toBeUndefined();
    });

    it('gives it to whoever could not come in time, unless a sweep has removed it', async () => {
      const { once, store } = engine();
      for (const key of ['a', 'b', 'c']) await once.put(anEntry(key), start);
      const late = { lateMs: 65_000 };
      expect(await once.take({ ...place('a'), ...late }, start + minute + 64_999)).toBe('value of a');
      expect(await once.take({ ...place('b'), ...late }, start + minute + 65_000)).toBeUndefined();
      await store.sweep(aSweep(start + minute + 64_999, late));
      expect(await once.take({ ...place('c'), ...late }, start + minute + 64_999)).toBe('value of c');
    });

    it('takes no second value for a key, so that none is taken twice, until the first is over', async () => {
      const { once } = engine();
      await once.put(anEntry('a', { value: 'first' }), start);
      const second = anEntry('a', { value: 'second', owner: 'bob' });
      expect(await once.put(second, start + minute - 1)).toEqual({ type: 'exists' });
      expect(await once.put({ ...second, collection: 'links' }, start)).toMatchObject({ type: 'stored' });
      expect(await once.put(second, start + minute)).toMatchObject({ type: 'stored' });
      expect(await once.take(place('a'), start + minute)).toBe('second');
    });

    it('counts what waits for each owner and collection by itself', async () => {
      const { once } = engine();
      const limits = { entries: 2, length: 1_000 };
      const put = (key: string, change: Partial<OnceEntry> = {}) =>
        once.put(anEntry(key, { limits, ...change }), start).then(({ type }) => type);
      expect([await put('a'), await put('b'), await put('c')]).toEqual(['stored', 'stored', 'full']);
      expect(await put('c', { owner: 'bob' })).toBe('stored');
      expect(await put('c', { collection: 'links' })).toBe('stored');
      await once.take(place('a'), start);
      expect(await put('d')).toBe('stored');
    });

    it('counts the length of what waits, in UTF-16 units', async () => {
      const { once } = engine();
      const limits = { entries: 100, length: 10 };
      const put = (key: string, value: string) => once.put(anEntry(key, { limits, value }), start);
      expect((await put('a', '\u{1f511}'.repeat(3))).type).toBe('stored');
      expect((await put('b', '12345')).type).toBe('full');
      expect((await put('b', '1234')).type).toBe('stored');
    });

    it('refuses a value that is too long', async () => {
      const { once } = engine();
      const value = 'x'.repeat(onceValueMaxLength);
      expect((await once.put(anEntry('a', { value: `${value}x` }), start)).type).toBe('too-large');
      expect((await once.put(anEntry('a', { value }), start)).type).toBe('stored');
      expect(await once.take(place('a'), start)).toBe(value);
    });

    it('is swept in steps of the limit, of what is over alone', async () => {
      const { once, store } = engine();
      const limits = { entries: 5, length: 1_000 };
      for (const key of ['a', 'b', 'c']) await once.put(anEntry(key, { limits }), start);
      await once.put(anEntry('d', { limits, ttlMs: minute + 1 }), start);
      await once.put(anEntry('e', { limits, ttlMs: minute + 1 }), start);
      expect((await once.put(anEntry('f', { limits }), start)).type).toBe('full');
      const request = aSweep(start + minute, { limit: 2 });
      expect(await store.sweep(request)).toMatchObject({ more: true, removed: [] });
      expect(await store.sweep(request)).toMatchObject({ more: false });
      const types = [];
      for (const key of ['f', 'g', 'h', 'i']) {
        types.push((await once.put(anEntry(key, { limits }), start)).type);
      }
      expect(types).toEqual(['stored', 'stored', 'stored', 'full']);
      expect(await once.take(place('d'), start)).toBe('value of d');
    });

    it('rejects once the engine is closed', async () => {
      const { once } = engine();
      await engine().close();
      await expect(once.put(anEntry('a'), start)).rejects.toMatchObject({ code: 'closed' });
      await expect(once.take(place('a'), start)).rejects.toMatchObject({ code: 'closed' });
    });
  });
}
