import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LoopTurns } from '../../src/shares/loop-turns.js';

describe('turns of the event loop', () => {
  const budgetMs = 4;
  let now: number;
  let turns: LoopTurns;
  let done: string[];
  beforeEach(() => {
    now = 1_000;
    done = [];
    turns = new LoopTurns(budgetMs);
    vi.spyOn(performance, 'now').mockImplementation(() => now);
  });
  afterEach(() => vi.restoreAllMocks());

  /** A step that takes so long. */
  const step = (owner: string, ms: number, name = owner): void =>
    turns.run(owner, () => {
      now += ms;
      done.push(name);
    });
  /** What is done, turn by turn, until nobody waits. */
  const turnsOf = async (): Promise<readonly string[]> => {
    const seen = [done.splice(0).join('')];
    for (let turn = 0; turns.waiting > 0; turn += 1) {
      expect(turn, 'waits for ever').toBeLessThan(1_000);
      await nextTurn();
      if (done.length > 0) seen.push(done.splice(0).join(''));
    }
    return seen;
  };

  test('whoever comes while there is time goes on at once', () => {
    step('a', 1);
    step('b', 1);
    expect(done).toEqual(['a', 'b']);
    expect(turns.waiting).toBe(0);
  });

  test('as many in a turn as fit into the budget, the rest later, each owner in the order in which it came', async () => {
    for (const name of '123456789') step('a', 2, name);
    expect(await turnsOf()).toEqual(['12', '34', '56', '78', '9']);
  });

  test('a hundred of one owner do not hold up another one that has had little of the turn', async () => {
    for (let n = 0; n < 100; n += 1) step('a', 2, 'a');
    step('b', 0.6, 'b');
    step('b', 0.6, 'b');
    step('b', 0.6, 'b');
    const [now_, next, ...later] = await turnsOf();
    expect([now_, next]).toEqual(['aabb', 'aba']);
    expect(later.join('')).toBe('a'.repeat(96));
  });

  test('owners who wait have their turns after one step of each', async () => {
    step('a', 9, '0');
    for (const owner of ['a', 'b', 'c']) for (let n = 0; n < 3; n += 1) step(owner, 4, owner);
    expect((await turnsOf()).join('')).toBe('0abcabcabc');
  });

  test('however many owners come, a turn is no longer than two budgets', async () => {
    for (let n = 0; n < 5; n += 1) step('a', 2, 'a');
    for (let n = 0; n < 10; n += 1) step(`owner ${n}`, 1, 'b');
    const [first = ''] = await turnsOf();
    expect(first).toBe('aabbbb');
  });

  test('who waits has a step in each turn, though others who come take all of it', async () => {
    for (let n = 0; n < 4; n += 1) step('a', 4, 'a');
    expect(done.splice(0)).toEqual(['a']);
    await nextTurn();
    for (let turn = 0; turn < 3; turn += 1) {
      for (let n = 0; n < 7; n += 1) step(`owner ${n}`, 1, 'b');
      expect(done.join('')).toBe('bbbbbbb');
      await nextTurn();
      expect(done.splice(0).join('')).toBe('bbbbbbba');
    }
    expect(turns.waiting).toBe(0);
  });

  test('a step within a step of the same owner is a part of it', async () => {
    step('a', 5, '1');
    step('a', 1, '3');
    turns.run('b', () => {
      turns.run('b', () => done.push('2'));
      expect(done).toEqual(['1', '2']);
    });
    expect(await turnsOf()).toEqual(['12', '3']);
  });

  test('a step that takes longer than the budget is alone in its turn', async () => {
    for (const name of '1234') step('a', 50, name);
    expect(await turnsOf()).toEqual(['1', '2', '3', '4']);
  });

  test('what many make who were answered at once is spread, too', async () => {
    const answered = Promise.resolve();
    const work = async (name: string): Promise<string> => {
      await answered;
      return turns.make('a', () => {
        now += 3;
        done.push(name);
        return name;
      });
    };
    const all = Promise.all([...'1234'].map(work));
    await answered;
    await undefined;
    expect(await turnsOf()).toEqual(['12', '34']);
    expect(await all).toEqual([...'1234']);
  });

  test('what a step follows up with counts, too', async () => {
    step('a', 9, '0');
    const work = (name: string): Promise<void> =>
      turns
        .make('a', () => undefined)
        .then(() => {
          now += 3;
          done.push(name);
        });
    const all = Promise.all([...'1234'].map(work));
    expect(await turnsOf()).toEqual(['0', '12', '34']);
    await all;
  });

  test('a step that fails is its caller’s failure', async () => {
    const made = turns.make('a', () => {
      throw new Error('broken');
    });
    await expect(made).rejects.toThrow('broken');
  });

  test('a new turn of the event loop has its whole budget', async () => {
    step('a', 9, '1');
    await nextTurn();
    await nextTurn();
    step('a', 1, '2');
    expect(done).toEqual(['1', '2']);
  });
});
