import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Countdown, countdownSignal } from '../src/countdown.js';

let elapsed = 0;
beforeEach(() => {
  elapsed = 1_000;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.stubGlobal('performance', { now: () => elapsed });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** Time goes on, and timers are called as they are due. */
function run(ms: number): void {
  for (let left = ms; left > 0; left -= 10) {
    elapsed += Math.min(10, left);
    vi.advanceTimersByTime(Math.min(10, left));
  }
}

/** The process stands: whatever becomes due is called after it. */
function stand(ms: number): void {
  elapsed += ms;
}

describe('a countdown', () => {
  it.each([1, 40, 250, 3_000, 60_000])('calls back after %i ms', (ms) => {
    const onEnd = vi.fn();
    const countdown = new Countdown(ms, onEnd);
    run(ms - 1);
    expect(onEnd).not.toHaveBeenCalled();
    expect(countdown.leftMs).toBe(1);
    run(2);
    expect(onEnd).toHaveBeenCalledOnce();
    expect(countdown.leftMs).toBe(0);
    run(2 * ms);
    expect(onEnd).toHaveBeenCalledOnce();
  });

  it('leaves out a minute in which the process stood, also in its last moment', () => {
    const onEnd = vi.fn();
    const countdown = new Countdown(3_000, onEnd);
    run(1_000);
    stand(65_000);
    run(1_800);
    expect(onEnd).not.toHaveBeenCalled();
    stand(65_000);
    expect(countdown.leftMs).toBeGreaterThan(0);
    run(10);
    expect(onEnd).not.toHaveBeenCalled();
    run(500);
    expect(onEnd).toHaveBeenCalledOnce();
  });

  it('ends for a process that stands again and again', () => {
    const onEnd = vi.fn();
    new Countdown(1_000, onEnd);
    for (let times = 0; times < 20; times += 1) {
      stand(2_000);
      run(250);
    }
    expect(onEnd).toHaveBeenCalledOnce();
  });

  it('begins anew, and ends nothing once it was cleared', () => {
    const onEnd = vi.fn();
    const countdown = new Countdown(1_000, onEnd);
    run(900);
    countdown.restart();
    run(900);
    expect(onEnd).not.toHaveBeenCalled();
    countdown.clear();
    countdown.clear();
    countdown.restart();
    run(5_000);
    expect(onEnd).not.toHaveBeenCalled();
    const { signal, clear } = countdownSignal(100);
    clear();
    run(500);
    expect(signal.aborted).toBe(false);
  });

  it('ends after what it had of running time, to a slice, however the process ran and stood', () => {
    const step = fc.record({
      runs: fc.integer({ min: 0, max: 900 }),
      stands: fc.integer({ min: 600, max: 1e6 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), fc.array(step, { maxLength: 5 }), (ms, steps) => {
        let ended = false;
        const countdown = new Countdown(ms, () => {
          ended = true;
        });
        let ran = 0;
        for (const { runs, stands } of steps) {
          run(runs);
          ran += runs;
          if (ended) break;
          stand(stands);
          // Half of a slice is counted for each standstill.
          expect(ran).toBeLessThanOrEqual(ms + 250 * (steps.length + 1));
        }
        countdown.clear();
        const slices = steps.length * 125;
        if (ended) expect(ran + slices + 10).toBeGreaterThanOrEqual(ms);
      }),
      { numRuns: 50 },
    );
  });
});
