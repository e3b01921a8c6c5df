import { expect, test } from 'vitest';
import { SmallBlobCache } from '../../src/engine/sqlite/small-blob-cache.js';

const bytes = (length: number, fill = 0): Uint8Array => new Uint8Array(length).fill(fill);

test('has what was used last, up to its bound of bytes', () => {
  const cache = new SmallBlobCache(100);
  for (const name of ['a', 'b', 'c']) cache.put(name, bytes(30));
  expect(cache.get('a')).toEqual(bytes(30));
  cache.put('d', bytes(30));
  expect(['a', 'b', 'c', 'd'].map((name) => cache.get(name) !== undefined)).toEqual([
    true,
    false,
    true,
    true,
  ]);
  cache.put('e', bytes(200));
  expect(['a', 'c', 'd', 'e'].filter((name) => cache.get(name) !== undefined)).toEqual([]);
  // What is put again counts once.
  for (let n = 0; n < 5; n += 1) cache.put('f', bytes(60, n));
  cache.put('g', bytes(40));
  expect([cache.get('f'), cache.get('g')]).toEqual([bytes(60, 4), bytes(40)]);
});

test('has nothing that a commit refused, left out or took away', () => {
  const cache = new SmallBlobCache(100);
  cache.applied({ ok: false, refusal: 'not-found' }, [{ name: 'refused', bytes: bytes(1) }]);
  cache.applied({ ok: true, removed: ['doubled'] }, [
    { name: 'doubled', bytes: bytes(1) },
    { name: 'kept', bytes: bytes(1) },
  ]);
  expect(['refused', 'doubled', 'kept'].map((name) => cache.get(name))).toEqual([
    undefined,
    undefined,
    bytes(1),
  ]);
  cache.removed(['kept', 'unknown']);
  expect(cache.get('kept')).toBeUndefined();
});
