import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { delay, sleep } from '../../client/sdk/backoff.js';

describe('backoff', () => {
  it('P-61 the bound doubles from half a second to 30 s', () => {
    const bounds = Array.from({ length: 9 }, (_, attempt) => delay(attempt, () => 1));
    expect(bounds).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('P-61 the whole range up to the bound is drawn from', () => {
    expect(delay(3, () => 0)).toBe(0);
    expect(delay(3, () => 0.25)).toBe(1000);
  });

  it('stays within 30 s for any attempt', () => {
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, chance) => {
        const ms = delay(attempt, () => chance);
        return ms >= 0 && ms <= 30_000;
      }),
    );
  });

  it('a sleep ends with the reason of its signal', async () => {
    const stop = new AbortController();
    const sleeping = sleep(60_000, stop.signal);
    stop.abort('enough');
    await expect(sleeping).rejects.toBe('enough');
    await expect(sleep(0, stop.signal)).rejects.toBe('enough');
    await expect(sleep(0)).resolves.toBeUndefined();
  });
});
