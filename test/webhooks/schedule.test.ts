import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextAttemptAt, retryAfterMs, type Schedule } from '../../src/webhooks/schedule.js';
import { standard } from '../../src/webhooks/standard.js';

const minute = 60_000;
const hour = 60 * minute;

describe('the schedule of attempts', () => {
  it('waits for each delay, longer by chance alone, and never goes back', () => {
    const schedules = fc.record({
      delaysMs: fc.array(fc.integer({ min: 0, max: 24 * hour }), { maxLength: 12 }),
      from: fc.constantFrom('first-failure' as const, 'last-failure' as const),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
      retryAfterMaxMs: fc.integer({ min: 0, max: 24 * hour }),
    });
    const times = fc.record({
      count: fc.integer({ min: 1, max: 20 }),
      firstAt: fc.integer({ min: 0, max: 1e12 }),
      since: fc.integer({ min: 0, max: 1e9 }),
      asked: fc.option(fc.integer({ min: 0, max: 1e12 }), { nil: undefined }),
    });
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(schedules, times, chance, (schedule, { count, firstAt, since, asked }, random) => {
        const lastAt = firstAt + since;
        const at = nextAttemptAt(
          schedule,
          { count, firstAt, lastAt, ...(asked === undefined ? {} : { retryAfterMs: asked }) },
          () => random,
        );
        const delay = schedule.delaysMs[count - 1];
        expect(at === undefined).toBe(delay === undefined);
        if (delay === undefined) return;
        const base = schedule.from === 'first-failure' ? firstAt : lastAt;
        expect(at).toBeGreaterThanOrEqual(Math.max(lastAt, base + delay));
        const longest = Math.max(
          base + delay * (1 + schedule.jitter),
          lastAt + Math.min(asked ?? 0, schedule.retryAfterMaxMs),
        );
        expect(at).toBeLessThanOrEqual(Math.ceil(longest));
      }),
      { numRuns: 1_000 },
    );
  });

  it('of the server goes on for more than a day', () => {
    const { delaysMs } = standard.schedule;
    expect(delaysMs.reduce((sum, delay) => sum + delay, 0)).toBeGreaterThan(24 * hour);
    expect([...delaysMs].sort((a, b) => a - b)).toEqual(delaysMs);
  });

  it('may count from the first failure, as another service does', () => {
    const schedule: Schedule = {
      delaysMs: [minute, 5 * minute, 30 * minute, hour, 2 * hour],
      from: 'first-failure',
      jitter: 0,
      retryAfterMaxMs: 0,
    };
    const next = (count: number, lastAt: number) =>
      nextAttemptAt(schedule, { count, firstAt: 1_000, lastAt, retryAfterMs: 9 * hour }, () => 0.5);
    expect(next(1, 1_000)).toBe(1_000 + minute);
    expect(next(2, 1_000 + minute + 10_000)).toBe(1_000 + 5 * minute);
    expect(next(3, 1_000 + 6 * minute)).toBe(1_000 + 30 * minute);
    expect(next(5, 1_000 + hour)).toBe(1_000 + 2 * hour);
    expect(next(6, 1_000 + 2 * hour)).toBeUndefined();
  });

  it('reads Retry-After as seconds and as a date', () => {
    const now = Date.parse('2027-01-15T08:00:00Z');
    expect(retryAfterMs('120', now)).toBe(120_000);
    expect(retryAfterMs('Fri, 15 Jan 2027 08:01:00 GMT', now)).toBe(minute);
    expect(retryAfterMs('Fri, 15 Jan 2027 07:00:00 GMT', now)).toBe(0);
    for (const none of [undefined, '', 'soon', '-1']) expect(retryAfterMs(none, now) ?? 0).toBe(0);
  });
});
