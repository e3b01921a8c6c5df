import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import {
  type LibraryVersion,
  libraryBlobsMax,
  libraryValueMaxLength,
  type NewVersion,
  type PutOutcome,
} from '../../src/engine/library.js';
import { freshEngine, type OpenEngine } from './engine.suite.js';
import { aSweep, day, factsOf, start } from './jobs-at-hand.js';

export const invoice = { owner: 'alice', collection: 'designs', name: 'invoice' };

export function aVersion(change: Partial<NewVersion> = {}): NewVersion {
  return {
    ...invoice,
    value: '{"label":"Invoice"}',
    blobs: [],
    now: start,
    limits: { entries: 100, versions: 100 },
    ...change,
  };
}

/** Puts a version and returns its outcome, which has to be `stored`. */
export async function stored(
  { library }: Engine,
  change: Partial<NewVersion> = {},
): Promise<PutOutcome & { readonly type: 'stored' }> {
  const outcome = await library.put(aVersion(change));
  if (outcome.type !== 'stored') throw new Error(`The put was ${outcome.type}`);
  return outcome;
}

function numbers(versions: readonly LibraryVersion[]): readonly number[] {
  return versions.map(({ version }) => version);
}

/** What `Library` means; what it means for blobs is in `holders.suite.ts`. */
export function librarySuite(name: string, open: OpenEngine): void {
  describe(`library of ${name}`, () => {
    const engine = freshEngine(open);

    it('keeps versions as they were put, and the newest is the head', async () => {
      const { library } = engine();
      const first = { value: '{"label":"Quittung ü \u{1f9fe}"}', blobs: ['b-2', 'b-1'] };
      expect(await stored(engine(), first)).toEqual({ type: 'stored', version: 1, removed: [] });
      expect(await stored(engine(), { value: '2', now: start + 5 })).toMatchObject({ version: 2 });
      expect(await library.get(invoice)).toEqual({
        ...invoice,
        version: 2,
        createdAt: start + 5,
        value: '2',
        blobs: [],
      });
      expect(await library.get(invoice, 1)).toEqual({ ...invoice, ...first, version: 1, createdAt: start });
      expect(await library.get(invoice, 3)).toBeUndefined();
      expect(await library.get(invoice, 0)).toBeUndefined();
    });

    it('numbers a version after another one where that is asked for, and never lower than the last', async () => {
      expect(await stored(engine(), { after: 4 })).toMatchObject({ version: 5 });
      expect(await stored(engine(), { after: 2 })).toMatchObject({ version: 6 });
      expect(await engine().library.get(invoice, 1)).toBeUndefined();
      expect(await stored(engine(), { after: 8, expected: 6 })).toMatchObject({ version: 9 });
      const { versions } = await engine().library.versions({ ...invoice, limit: 9 });
      expect(numbers(versions)).toEqual([9, 6, 5]);
    });

    it('knows an entry by owner, collection and name together', async () => {
      const { library } = engine();
      await stored(engine());
      for (const other of [{ owner: 'bob' }, { collection: 'packages' }, { name: 'Invoice' }]) {
        expect(await library.get({ ...invoice, ...other })).toBeUndefined();
        expect(await library.versions({ ...invoice, ...other, limit: 9 })).toEqual({
          versions: [],
          more: false,
        });
        expect(await stored(engine(), other)).toMatchObject({ version: 1 });
      }
      expect(await library.get(invoice)).toMatchObject({ version: 1 });
    });

    it('puts a version only upon the head that was expected', async () => {
      const { library } = engine();
      const put = (expected: number) => library.put(aVersion({ expected }));
      expect(await put(1)).toEqual({ type: 'conflict', head: 0 });
      expect(await put(0)).toMatchObject({ type: 'stored', version: 1 });
      expect(await put(0)).toEqual({ type: 'conflict', head: 1 });
      expect(await put(1)).toMatchObject({ type: 'stored', version: 2 });
      expect(await put(1)).toEqual({ type: 'conflict', head: 2 });
      expect(numbers((await library.versions({ ...invoice, limit: 9 })).versions)).toEqual([2, 1]);
    });

    it('lets one of many win who expect the same head', async () => {
      const { library } = engine();
      const puts = Array.from({ length: 20 }, (_, n) =>
        library.put(aVersion({ expected: 0, value: `${n}` })),
      );
      const types = (await Promise.all(puts)).map(({ type }) => type);
      expect(types.filter((type) => type === 'stored')).toHaveLength(1);
      expect(types.filter((type) => type === 'conflict')).toHaveLength(19);
    });

    it('gives each of many who expect nothing a number of its own', async () => {
      const puts = Array.from({ length: 20 }, (_, n) => stored(engine(), { value: `${n}` }));
      const given = (await Promise.all(puts)).map(({ version }) => version);
      expect([...given].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    });

    it('keeps as many versions as it was told, the newest of them', async () => {
      const { library } = engine();
      for (let n = 1; n <= 5; n += 1) await stored(engine());
      await stored(engine(), { limits: { entries: 9, versions: 2 } });
      expect(numbers((await library.versions({ ...invoice, limit: 9 })).versions)).toEqual([6, 5]);
      expect(await library.get(invoice, 4)).toBeUndefined();
      // At least the head.
      await stored(engine(), { limits: { entries: 9, versions: 0 } });
      expect(numbers((await library.versions({ ...invoice, limit: 9 })).versions)).toEqual([7]);
    });

    it('counts the entries of each owner in each collection by itself', async () => {
      const { library } = engine();
      const limits = { entries: 2, versions: 9 };
      const put = (change: Partial<NewVersion>) => library.put(aVersion({ limits, ...change }));
      await put({ name: 'a' });
      await put({ name: 'b' });
      expect(await put({ name: 'c' })).toEqual({ type: 'full', entries: 2 });
      expect(await put({ name: 'a' })).toMatchObject({ type: 'stored', version: 2 });
      expect(await put({ name: 'c', owner: 'bob' })).toMatchObject({ type: 'stored' });
      expect(await put({ name: 'c', collection: 'packages' })).toMatchObject({ type: 'stored' });
      // A retired one takes room until it is swept.
      await library.retire({ ...invoice, name: 'a', now: start, keptMs: day });
      expect(await put({ name: 'c' })).toMatchObject({ type: 'full' });
      await engine().store.sweep(aSweep(start + day));
      expect(await put({ name: 'c' })).toMatchObject({ type: 'stored' });
    });

    it('refuses what is too large', async () => {
      const { library } = engine();
      const value = 'x'.repeat(libraryValueMaxLength);
      const blobs = Array.from({ length: libraryBlobsMax }, (_, n) => `b-${n}`);
      expect(await library.put(aVersion({ value: `${value}x` }))).toEqual({ type: 'too-large' });
      expect(await library.put(aVersion({ blobs: [...blobs, 'b'] }))).toEqual({ type: 'too-large' });
      expect(await library.put(aVersion({ value, blobs }))).toMatchObject({ type: 'stored' });
      expect(await library.get(invoice)).toMatchObject({ value, blobs });
    });

    it('lists heads page by page, of one owner', async () => {
      const { library } = engine();
      // In the order of UTF-8 bytes, which is not that of UTF-16 units.
      const names = ['A', 'Z', 'a', 'aa', 'b', 'é', '\uff5e', '\u{1f511}'];
      for (const name of [...names].reverse()) await stored(engine(), { name });
      await stored(engine(), { name: 'b', value: 'second' });
      await stored(engine(), { name: 'c', owner: 'bob' });
      await stored(engine(), { name: 'd', collection: 'packages' });
      const found: LibraryVersion[] = [];
      let after: { readonly owner: string; readonly name: string } | undefined;
      let pages = 0;
      do {
        const filter = { collection: 'designs', owner: 'alice', limit: 3 };
        const page = await library.list(after === undefined ? filter : { ...filter, after });
        found.push(...page.heads);
        after = page.next;
        pages += 1;
      } while (after !== undefined);
      expect(pages).toBe(3);
      expect(found.map(({ name }) => name)).toEqual(names);
      expect(found.find(({ name }) => name === 'b')).toEqual({
        ...invoice,
        name: 'b',
        version: 2,
        createdAt: start,
        value: 'second',
        blobs: [],
      });
    });

    it('lists heads of every owner, for who has to know all', async () => {
      const { library } = engine();
      const all = [
        ['alice', 'a'],
        ['alice', 'z'],
        ['bob', 'a'],
        ['carol', 'a'],
        ['carol', 'b'],
      ] as const;
      for (const [owner, name] of all) await stored(engine(), { owner, name });
      const first = await library.list({ collection: 'designs', limit: 3 });
      expect(first.next).toEqual({ owner: 'bob', name: 'a' });
      const rest = await library.list({
        collection: 'designs',
        limit: 3,
        after: { owner: 'bob', name: 'a' },
      });
      expect(rest.next).toBeUndefined();
      expect([...first.heads, ...rest.heads].map(({ owner, name }) => [owner, name])).toEqual(all);
      expect(await library.list({ collection: 'packages', limit: 3 })).toEqual({ heads: [] });
    });

    it('lists versions page by page, the newest first', async () => {
      const { library } = engine();
      for (let n = 1; n <= 5; n += 1) await stored(engine());
      const first = await library.versions({ ...invoice, limit: 2 });
      expect([numbers(first.versions), first.more]).toEqual([[5, 4], true]);
      const last = await library.versions({ ...invoice, before: 4, limit: 3 });
      expect([numbers(last.versions), last.more]).toEqual([[3, 2, 1], false]);
    });

    it('takes the head of a retired entry away and leaves its versions', async () => {
      const { library } = engine();
      await stored(engine());
      await stored(engine(), { value: 'two' });
      const retirement = { ...invoice, now: start + 1, keptMs: day };
      expect(await library.retire({ ...retirement, expected: 1 })).toEqual({ type: 'conflict', head: 2 });
      expect(await library.retire({ ...retirement, expected: 2 })).toEqual({ type: 'retired', version: 2 });
      expect(await library.retire(retirement)).toEqual({ type: 'not-found' });
      expect(await library.retire({ ...retirement, name: 'other' })).toEqual({ type: 'not-found' });
      expect(await library.get(invoice)).toBeUndefined();
      expect(await library.get(invoice, 2)).toMatchObject({ value: 'two', retiredAt: start + 1 });
      const { versions } = await library.versions({ ...invoice, limit: 9 });
      expect(versions.map(({ version, retiredAt }) => [version, retiredAt])).toEqual([
        [2, start + 1],
        [1, start + 1],
      ]);
      expect(await library.list({ collection: 'designs', owner: 'alice', limit: 9 })).toEqual({ heads: [] });
      expect(await library.list({ collection: 'designs', limit: 9 })).toEqual({ heads: [] });
    });

    it('brings a retired entry back with its next number, which was never given before', async () => {
      const { library, store } = engine();
      await stored(engine());
      await library.retire({ ...invoice, now: start, keptMs: day });
      expect(await library.put(aVersion({ expected: 1 }))).toEqual({ type: 'conflict', head: 0 });
      expect(await library.put(aVersion({ expected: 0 }))).toMatchObject({ type: 'stored', version: 2 });
      expect(await library.get(invoice)).toMatchObject({ version: 2 });
      expect(await library.get(invoice, 1)).not.toHaveProperty('retiredAt');
      await store.sweep(aSweep(start + 9 * day));
      expect(numbers((await library.versions({ ...invoice, limit: 9 })).versions)).toEqual([2, 1]);
    });

    it('forgets a retired entry when its time is over, in steps of the limit', async () => {
      const { library, store } = engine();
      for (let n = 1; n <= 3; n += 1) await stored(engine());
      await stored(engine(), { name: 'later' });
      await stored(engine(), { name: 'stays' });
      await library.retire({ ...invoice, now: start, keptMs: day });
      await library.retire({ ...invoice, name: 'later', now: start, keptMs: day + 1 });
      expect(await store.sweep(aSweep(start + day - 1))).toMatchObject({ more: false });
      expect(await library.get(invoice, 1)).toBeDefined();
      const request = aSweep(start + day, { limit: 2 });
      // Three versions, then the entry.
      expect(await store.sweep(request)).toMatchObject({ more: true });
      expect(numbers((await library.versions({ ...invoice, limit: 9 })).versions)).toEqual([3]);
      expect(await store.sweep(request)).toMatchObject({ more: true });
      expect(await store.sweep(request)).toMatchObject({ more: false });
      expect(await library.get({ ...invoice, name: 'later' }, 1)).toBeDefined();
      expect(await library.get({ ...invoice, name: 'stays' })).toBeDefined();
      // The name is free: nothing remembers its numbers.
      expect(await stored(engine())).toMatchObject({ version: 1 });
    });

    it('makes no facts: the log is about jobs', async () => {
      const { library } = engine();
      await stored(engine());
      await library.retire({ ...invoice, now: start, keptMs: 0 });
      expect(await factsOf(engine())).toEqual([]);
    });

    it('rejects once the engine is closed', async () => {
      const { library } = engine();
      await engine().close();
      await expect(library.get(invoice)).rejects.toMatchObject({ name: 'StoreFailed', code: 'closed' });
      await expect(library.put(aVersion())).rejects.toMatchObject({ code: 'closed' });
    });
  });
}
