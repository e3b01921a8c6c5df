import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShareCache } from '../../src/shares/share-cache.js';

describe('what is kept for owners', () => {
  const opened = (maxBytes = 100, maxEntryBytes = maxBytes) =>
    new ShareCache<string>({ maxBytes, maxEntryBytes });

  it('is found by its owner alone', () => {
    const cache = opened();
    cache.set('alice', 'page', 'hers', 10);
    expect([cache.get('alice', 'page'), cache.get('bob', 'page')]).toEqual(['hers', undefined]);
  });

  it('is taken from the owner with most where it is too much, the longest unused first', () => {
    const cache = opened();
    cache.set('bob', 'only', 'b', 30);
    for (const key of ['one', 'two', 'three']) cache.set('alice', key, key, 20);
    cache.get('alice', 'one');
    cache.set('bob', 'more', 'b', 15);
    expect(['one', 'two', 'three'].map((key) => cache.get('alice', key))).toEqual([
      'one',
      undefined,
      'three',
    ]);
    expect([cache.get('bob', 'only'), cache.get('bob', 'more'), cache.totalBytes]).toEqual(['b', 'b', 85]);
  });

  it('is not what is larger than one may be, and replaces what has its name', () => {
    const cache = opened(100, 40);
    cache.set('alice', 'page', 'large', 41);
    expect(cache.get('alice', 'page')).toBeUndefined();
    cache.set('alice', 'page', 'old', 40);
    cache.set('alice', 'page', 'new', 5);
    expect([cache.get('alice', 'page'), cache.totalBytes]).toEqual(['new', 5]);
  });

  it('is never more than the bound, whatever comes, and counted as it is', () => {
    const set = fc.record({
      owner: fc.constantFrom('a', 'b', 'c'),
      key: fc.constantFrom('1', '2', '3', '4'),
      bytes: fc.integer({ min: 0, max: 60 }),
    });
    fc.assert(
      fc.property(fc.array(set, { maxLength: 60 }), (sets) => {
        const cache = new ShareCache<number>({ maxBytes: 100, maxEntryBytes: 50 });
        for (const { owner, key, bytes } of sets) cache.set(owner, key, bytes, bytes);
        expect(cache.totalBytes).toBeLessThanOrEqual(100);
        const found = ['a', 'b', 'c'].flatMap((owner) =>
          ['1', '2', '3', '4'].map((key) => cache.get(owner, key) ?? 0),
        );
        expect(found.reduce((sum, bytes) => sum + bytes, 0)).toBe(cache.totalBytes);
      }),
    );
  });
});
