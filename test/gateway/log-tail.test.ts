import { describe, expect, test } from 'vitest';
import type { Fact } from '../../src/engine/engine.js';
import { newLives } from '../../src/engine/lives.js';
import { LogTail } from '../../src/gateway/log-tail.js';
import { aFact } from '../helpers/a-fact.js';

function tailOf(facts: readonly Fact[], limits = { maxFacts: 100, maxBytes: 1e6 }): LogTail {
  const tail = new LogTail({ epoch: 'epoch', lives: newLives }, (facts[0]?.seq ?? 1) - 1, limits);
  for (const fact of facts) tail.add(fact);
  return tail;
}

function seqs(tail: LogTail, owner: string, after: number, limit = 100): readonly number[] | undefined {
  return tail.read(owner, after, limit)?.map(({ fact }) => fact.seq);
}

describe('the end of the log', () => {
  const mixed = [1, 2, 3, 4, 5, 6].map((seq) => aFact(seq, { owner: seq % 2 === 0 ? 'bob' : 'alice' }));

  test('is read by owner, after a place, up to a limit', () => {
    const tail = tailOf(mixed);
    expect(seqs(tail, 'alice', 0)).toEqual([1, 3, 5]);
    expect(seqs(tail, 'alice', 1)).toEqual([3, 5]);
    expect(seqs(tail, 'alice', 2)).toEqual([3, 5]);
    expect(seqs(tail, 'bob', 0, 2)).toEqual([2, 4]);
    expect(seqs(tail, 'bob', 6)).toEqual([]);
    expect(seqs(tail, 'carol', 0)).toEqual([]);
  });

  test('keeps at most so many facts, and says what it does not know', () => {
    const tail = tailOf(mixed, { maxFacts: 3, maxBytes: 1e6 });
    expect(tail.from).toBe(3);
    expect(seqs(tail, 'alice', 2)).toBeUndefined();
    expect(seqs(tail, 'carol', 2)).toBeUndefined();
    expect(seqs(tail, 'alice', 3)).toEqual([5]);
    expect(seqs(tail, 'bob', 3)).toEqual([4, 6]);
  });

  test('keeps at most so many bytes', () => {
    const tail = tailOf(
      mixed.map((fact) => ({ ...fact, record: 'x'.repeat(100) })),
      { maxFacts: 100, maxBytes: 250 },
    );
    expect(tail.from).toBe(4);
    expect(seqs(tail, 'bob', 4)).toEqual([6]);
  });

  test('holds nothing when even one fact is too large', () => {
    const tail = tailOf([aFact(7, { record: 'x'.repeat(300) })], { maxFacts: 100, maxBytes: 250 });
    expect(tail.from).toBe(7);
    expect(seqs(tail, 'alice', 6)).toBeUndefined();
    expect(seqs(tail, 'alice', 7)).toEqual([]);
  });

  test('stays right over many times its size', () => {
    const tail = new LogTail({ epoch: 'epoch', lives: newLives }, 0, { maxFacts: 1_500, maxBytes: 1e9 });
    const base = aFact(1);
    for (let seq = 1; seq <= 20_000; seq += 1)
      tail.add({ ...base, seq, owner: seq % 3 === 0 ? 'bob' : 'alice' });
    expect(tail.from).toBe(18_500);
    const expected = Array.from({ length: 1_500 }, (_, index) => 18_501 + index);
    expect(seqs(tail, 'bob', 18_500, 5_000)).toEqual(expected.filter((seq) => seq % 3 === 0));
    expect(seqs(tail, 'alice', 19_990, 5_000)).toEqual(
      expected.filter((seq) => seq % 3 !== 0 && seq > 19_990),
    );
  });

  test('forgets everything when facts were missed', () => {
    const tail = tailOf(mixed);
    tail.restart(50);
    expect(seqs(tail, 'alice', 5)).toBeUndefined();
    tail.add(aFact(51));
    expect(seqs(tail, 'alice', 50)).toEqual([51]);
  });
});
