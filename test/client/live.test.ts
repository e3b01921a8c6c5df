import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { live } from '../../client/react/live.js';

describe('what hooks follow', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('a thousand jobs that progress draw a page ten times a second, and the last of them is drawn', async () => {
    let put: (change: (value: number) => number) => void = () => undefined;
    const followed = live(
      0,
      (given) => {
        put = given;
        return () => undefined;
      },
      () => undefined,
    );
    let drawn = 0;
    const leave = followed.subscribe(() => {
      drawn += 1;
    });
    const progress = async (seconds: number): Promise<void> => {
      // Of each job twice a second, evenly.
      for (let ms = 0; ms < seconds * 1_000; ms += 10) {
        for (let job = 0; job < 20; job += 1) put((value) => value + 1);
        await vi.advanceTimersByTimeAsync(10);
      }
    };
    await progress(1);
    expect(drawn).toBeLessThanOrEqual(11);
    await progress(10);
    expect(drawn).toBeLessThanOrEqual(111);
    expect(drawn).toBeGreaterThan(90);
    await vi.advanceTimersByTimeAsync(100);
    expect(followed.get()).toBe(22_000);
    leave();
  });

  test('two that look share one following, which is ended half a second after the last', async () => {
    const ends: string[] = [];
    let begun = 0;
    const followed = live(
      'initial',
      () => {
        begun += 1;
        return () => ends.push('following');
      },
      () => ends.push('idle'),
    );
    const [first, second] = [followed.subscribe(() => undefined), followed.subscribe(() => undefined)];
    first();
    second();
    // As StrictMode does: mounted, taken away and mounted.
    const again = followed.subscribe(() => undefined);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([begun, ends]).toEqual([1, []]);
    again();
    await vi.advanceTimersByTimeAsync(499);
    expect(ends).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(ends).toEqual(['following', 'idle']);
  });
});
