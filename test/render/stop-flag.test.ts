import { describe, expect, it } from 'vitest';
import { StopFlag } from '../../src/render/stop-flag.js';

/** The two ends of one flag. */
function ends(): { pool: StopFlag; thread: StopFlag } {
  const buffer = StopFlag.buffer();
  return { pool: new StopFlag(buffer), thread: new StopFlag(buffer) };
}

describe('the flag by which the pool stops a task', () => {
  it('is heard by the task that watches, and by no other', () => {
    const { pool, thread } = ends();
    thread.watch(7);
    expect(pool.ask(6)).toBe(false);
    expect(thread.isAsked(7)).toBe(false);
    expect(pool.ask(7)).toBe(true);
    expect(thread.isAsked(7)).toBe(true);
    expect(thread.isAsked(8)).toBe(false);
  });

  it('is not promised to be heard before a task watches, nor after it rests', () => {
    const { pool, thread } = ends();
    expect(pool.ask(7)).toBe(false);
    thread.watch(8);
    thread.rest();
    expect(pool.ask(8)).toBe(false);
  });

  it('leaves a wish to be found by the task that rests right after it was asked', () => {
    const { pool, thread } = ends();
    thread.watch(7);
    expect(pool.ask(7)).toBe(true);
    thread.rest();
    expect(thread.isAsked(7)).toBe(true);
  });
});
