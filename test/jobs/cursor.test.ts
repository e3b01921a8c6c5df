import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobId, jobIdFloor, timeOfJobId } from '../../src/jobs/job.js';
import { formatCursor, parseCursor } from '../../src/protocol/cursor.js';
import { jobIdShape } from '../../src/protocol/names.js';

const position = fc.record({
  epoch: fc.stringMatching(/^[a-z0-9]{4,32}$/),
  seq: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
});

describe('cursor', () => {
  it('comes back as the position that it was made of', () => {
    fc.assert(
      fc.property(position, (made) => {
        expect(parseCursor(formatCursor(made))).toEqual(made);
      }),
    );
  });

  it('is not read from anything else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9]{3,33}-[0-9a-z]{0,13}$/)), (text) => {
        const parsed = parseCursor(text);
        return parsed === undefined || formatCursor(parsed) === text;
      }),
    );
  });

  it.each(['', '-', 'abcd', 'abcd-', 'abc-1', 'abcd-00', 'ABCD-1', 'abcd-1 ', 'abcd-zzzzzzzzzzz', 'abcd--1'])(
    '%j is none',
    (text) => {
      expect(parseCursor(text)).toBeUndefined();
    },
  );
});

describe('job id', () => {
  const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });
  const chance = fc.uint8Array({ minLength: 6, maxLength: 6 });

  it('has its shape and sorts by time', () => {
    fc.assert(
      fc.property(time, time, chance, chance, (one, two, chanceOne, chanceTwo) => {
        const [a, b] = [jobId(one, chanceOne), jobId(two, chanceTwo)];
        expect(a).toMatch(jobIdShape);
        expect(timeOfJobId(a)).toBe(one);
        expect(jobIdFloor(one) < a).toBe(true);
        if (one < two) expect(a < jobIdFloor(two) && a < b).toBe(true);
      }),
    );
  });
});
