import { describe, expect, it } from 'vitest';
import { Turns } from '../../src/shares/turns.js';

describe('turns', () => {
  it('go to whoever has waited longest since the last one, newcomers first', () => {
    const turns = new Turns();
    const order: string[] = [];
    const waiting = ['ann', 'ann', 'ann', 'bob', 'bob', 'cem'];
    while (waiting.length > 0) {
      const owner = turns.next(waiting) ?? '';
      order.push(owner);
      turns.took(owner);
      waiting.splice(waiting.indexOf(owner), 1);
    }
    expect(order).toEqual(['ann', 'bob', 'cem', 'ann', 'bob', 'ann']);
    expect(turns.next([])).toBeUndefined();
  });

  it('are forgotten in the end: whoever was away for long is a newcomer', () => {
    const turns = new Turns();
    turns.took('ann');
    for (let owner = 0; owner < 1_000; owner += 1) turns.took(`owner ${owner}`);
    expect(turns.next(['owner 0', 'ann'])).toBe('ann');
  });
});
