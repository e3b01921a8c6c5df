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

  test('a hundred of one owner hold up another one by a turn', async () => {
    for (let n = 0; n < 100; n += 1) step('a', 2, 'a');
    step('b', 2, 'b');
    const [now_, next, ...later] = await turnsOf();
    expect([now_, next]).toEqual(['aa', 'ab']);
    expect(later.join('')).toBe('a'.repeat(97));
  });

  test('owners who come while others wait have their turn after one step of each', async () => {
    for (const owner of ['a', 'b', 'c']) for (let n = 0; n < 3; n += 1) step(owner, 4, owner);
    expect((await turnsOf()).join('')).toBe('aabcabcbc');
  });

  test('a step that takes longer than the budget is alone in its turn', async () => {
    for (const name of '1234') step('a', 50, name);
    expect(await turnsOf()).toEqual(['1', '2', '3', '4']);
  });

  test('the time of what follows a promise counts, too', async () => {
    const work = async (name: string): Promise<void> => {
      await turns.next('a');
      await undefined;
      now += 3;
      done.push(name);
    };
    // Takes up the first turn.
    step('a', 9, '0');
    const all = Promise.all([...'1234'].map(work));
    expect(await turnsOf()).toEqual(['0', '12', '34']);
    await all;
  });

  test('a new turn of the event loop has its whole budget', async () => {
    step('a', 9, '1');
    await nextTurn();
    await nextTurn();
    step('a', 1, '2');
    expect(done).toEqual(['1', '2']);
  });
});
