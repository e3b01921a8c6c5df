import { describe, expect, it } from 'vitest';
import { type ShareBounds, Shares } from '../../src/shares/shares.js';
import { randomFrom } from '../helpers/random.js';

describe('a budget that owners share', () => {
  function open(bounds: ShareBounds) {
    const gone: string[] = [];
    return { gone, shares: new Shares<string>(bounds, (holder) => gone.push(holder)) };
  }

  it('is all of one owner as long as nobody else asks, and no more than all', () => {
    const { shares, gone } = open({ total: 3 });
    expect(['a1', 'a2', 'a3', 'a4'].map((holder) => shares.take('ann', holder))).toEqual([
      'taken',
      'taken',
      'taken',
      'share',
    ]);
    expect([shares.held, shares.heldBy('ann'), shares.refused, gone]).toEqual([3, 3, 1, []]);
  });

  it('has a bound for one owner, where it is given', () => {
    const { shares } = open({ total: 10, perOwner: 4 });
    expect(shares.take('ann', 'a1', 3)).toBe('taken');
    expect(shares.take('ann', 'a2', 2)).toBe('share');
    expect(shares.take('ann', 'a2', 1)).toBe('taken');
    expect(shares.take('bob', 'b1', 4)).toBe('taken');
  });

  it('takes from the owner with most, its largest first and of equal ones the newest', () => {
    const { shares, gone } = open({ total: 10 });
    shares.take('ann', 'a1', 1);
    shares.take('ann', 'a2', 3);
    shares.take('ann', 'a3', 3);
    shares.take('bob', 'b1', 3);
    expect(shares.take('cem', 'c1', 2)).toBe('taken');
    expect(gone).toEqual(['a3']);
    expect([shares.heldBy('ann'), shares.heldBy('bob'), shares.heldBy('cem')]).toEqual([4, 3, 2]);
    expect([shares.held, shares.gaveWay]).toEqual([9, 1]);
  });

  it('takes nothing from an owner who has no more than the one that asks would have', () => {
    const { shares, gone } = open({ total: 4 });
    shares.take('ann', 'a', 2);
    shares.take('bob', 'b', 2);
    expect(shares.take('cem', 'c', 2)).toBe('total');
    expect(shares.take('bob', 'b', 1)).toBe('total');
    expect(gone).toEqual([]);
    expect(shares.take('cem', 'c', 1)).toBe('taken');
    expect(gone).toEqual(['a']);
  });

  it('leaves alone what is kept, also of the owner with most', () => {
    const { shares, gone } = open({ total: 4 });
    shares.take('ann', 'a1', 2);
    shares.keep('ann', 'a1');
    shares.take('ann', 'a2', 2);
    shares.keep('ann', 'nobody');
    expect(shares.take('bob', 'b1')).toBe('taken');
    expect(shares.take('bob', 'b2')).toBe('taken');
    expect(gone).toEqual(['a2']);
    for (const holder of ['b1', 'b2']) shares.keep('bob', holder);
    expect(shares.take('cem', 'c1')).toBe('total');
    shares.leave('ann', 'a1');
    expect(shares.take('cem', 'c1')).toBe('taken');
  });

  it('says before who would be refused, and nobody gives way for the question', () => {
    const { shares, gone } = open({ total: 4 });
    shares.take('ann', 'a1', 2);
    expect([shares.refuses('ann', 2), shares.refuses('ann', 3), shares.refuses('bob')]).toEqual([
      false,
      true,
      false,
    ]);
    shares.take('ann', 'a2', 2);
    expect([shares.refuses('ann'), shares.refuses('bob'), shares.refuses('bob', 4)]).toEqual([
      true,
      false,
      true,
    ]);
    expect([gone, shares.held, shares.refused]).toEqual([[], 4, 3]);
  });

  it('gets everything back, once', () => {
    const { shares } = open({ total: 4 });
    shares.take('ann', 'a', 2);
    shares.take('ann', 'a', 1);
    shares.leave('ann', 'a');
    shares.leave('ann', 'a');
    shares.leave('nobody', 'a');
    expect([shares.held, shares.heldBy('ann')]).toEqual([0, 0]);
    expect(shares.take('bob', 'b', 4)).toBe('taken');
  });

  it('refuses nobody who has less than an equal part, whatever the others do', () => {
    const owners = ['ann', 'bob', 'cem', 'dov'];
    const total = 40;
    for (let seed = 1; seed <= 200; seed += 1) {
      const random = randomFrom(seed);
      const held = new Map<string, { owner: string; amount: number }>();
      const shares = new Shares<string>({ total }, (holder) => held.delete(holder));
      for (let step = 0; step < 200; step += 1) {
        const owner = owners[Math.floor(random() ** 3 * owners.length)] ?? 'ann';
        const holder = `${owner} ${Math.floor(random() * 30)}`;
        if (random() < 0.3) {
          shares.leave(owner, holder);
          held.delete(holder);
          continue;
        }
        const amount = 1 + Math.floor(random() * 3);
        const before = shares.heldBy(owner);
        const refuses = shares.refuses(owner, amount);
        const taken = shares.take(owner, holder, amount);
        if (refuses) expect([seed, step, taken]).not.toEqual([seed, step, 'taken']);
        if (taken === 'taken') held.set(holder, { owner, amount: amount + (held.get(holder)?.amount ?? 0) });
        if (before + amount <= total / owners.length)
          expect([seed, step, taken]).toEqual([seed, step, 'taken']);
        let sum = 0;
        for (const one of held.values()) sum += one.amount;
        expect([seed, step, shares.held]).toEqual([seed, step, sum]);
        expect(shares.held).toBeLessThanOrEqual(total);
      }
    }
  });
});
