import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryDelayMs } from '../../src/jobs/retry.js';
import { errorCodes } from '../../src/protocol/job-record.js';
import { aJob } from '../contracts/jobs-at-hand.js';

const mendable = ['input_unavailable', 'out_of_memory', 'crashed', 'storage_failed'];

describe('retry', () => {
  it.each(errorCodes)('%s is tried again only when that may help', (code) => {
    expect(retryDelayMs(aJob(), code, 0.5) !== undefined).toBe(mendable.includes(code));
  });

  it('ends with the last attempt, and counts failures instead of starts', () => {
    expect(retryDelayMs(aJob({ failures: 1, attempt: 9 }), 'crashed', 0)).toBe(0);
    expect(retryDelayMs(aJob({ failures: 2, attempt: 3 }), 'crashed', 0)).toBeUndefined();
    expect(retryDelayMs(aJob({ maxAttempts: 1 }), 'crashed', 0)).toBeUndefined();
  });

  it('doubles the ceiling up to a minute', () => {
    const ceilings = [0, 1, 2, 7, 20].map((failures) =>
      retryDelayMs(aJob({ failures, maxAttempts: 50 }), 'crashed', 1),
    );
    expect(ceilings).toEqual([500, 1_000, 2_000, 60_000, 60_000]);
  });

  it('stays within zero and a minute, as whole milliseconds', () => {
    const failures = fc.integer({ min: 0, max: 98 });
    fc.assert(
      fc.property(failures, fc.double({ min: 0, max: 1, noNaN: true }), (failed, random) => {
        const delay = retryDelayMs(aJob({ failures: failed, maxAttempts: 100 }), 'crashed', random);
        return delay !== undefined && Number.isInteger(delay) && delay >= 0 && delay <= 60_000;
      }),
    );
  });
});
