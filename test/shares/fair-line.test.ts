import { describe, expect, it } from 'vitest';
import { type Entered, FairLine } from '../../src/shares/fair-line.js';

describe('a line before a few places', () => {
  const leave = (entered: Entered): void => {
    if (entered.type !== 'in') throw new Error(`Not in, but ${entered.type}`);
    entered.leave();
    entered.leave();
  };

  it('lets owners take turns, each in the order in which they came', async () => {
    const line = new FairLine({ places: () => 1, maxWaiting: 10 });
    const order: string[] = [];
    const visit = async (who: string): Promise<void> => {
      const entered = await line.enter(who.slice(0, 3));
      order.push(who);
      leave(entered);
    };
    await Promise.all(['ann1', 'ann2', 'ann3', 'bob1', 'bob2', 'cem1'].map(visit));
    expect(order).toEqual(['ann1', 'bob1', 'cem1', 'ann2', 'bob2', 'ann3']);
    expect(line.shares.held).toBe(0);
  });

  it('an owner who floods it is served once before another one, and gives way where it is full', async () => {
    const line = new FairLine({ places: () => 1, maxWaiting: 8 });
    const first = await line.enter('ann');
    const flood = Array.from({ length: 20 }, () => line.enter('ann'));
    const asked = line.enter('bob');
    leave(first);
    const second = await asked;
    expect(second.type).toBe('in');
    leave(second);
    const ends = new Map<string, number>();
    for (const one of flood) {
      const entered = await one;
      ends.set(entered.type, (ends.get(entered.type) ?? 0) + 1);
      if (entered.type === 'in') entered.leave();
    }
    expect([...ends]).toEqual([
      ['in', 7],
      ['full', 13],
    ]);
  });

  it('lets those go who do not want to wait any longer, before they come and while they wait', async () => {
    const line = new FairLine({ places: () => 1, maxWaiting: 2 });
    const first = await line.enter('ann');
    const gone = new AbortController();
    const leaving = line.enter('ann', gone.signal);
    const staying = line.enter('bob');
    gone.abort();
    expect(await leaving).toEqual({ type: 'left' });
    expect(await line.enter('bob', gone.signal)).toEqual({ type: 'left' });
    leave(first);
    leave(await staying);
    leave(await line.enter('ann'));
  });

  it('asks for the number of places whenever one is wanted', async () => {
    let places = 1;
    const line = new FairLine({ places: () => places, maxWaiting: 2 });
    const first = await line.enter('ann');
    const waiting = line.enter('ann');
    places = 2;
    const third = await line.enter('bob', AbortSignal.abort());
    expect(third.type).toBe('left');
    leave(first);
    leave(await waiting);
  });
});
