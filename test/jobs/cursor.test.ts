import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobId, jobIdFloor, timeOfJobId } from '../../src/jobs/job.js';
import { formatCursor, isLater, parseCursor } from '../../src/protocol/cursor.js';
import { jobIdShape } from '../../src/protocol/names.js';

const position = fc.record({
  epoch: fc.stringMatching(/^[a-z0-9]{4,32}$/),
  life: fc.oneof(fc.constant('0'), fc.stringMatching(/^[a-z0-9]{2,16}$/)),
  seq: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
});

/** How a client of version 0.1 takes a cursor apart; one may be open in a tab while its server is upgraded. */
function asOldClientsDo(cursor: string): readonly [epoch: string | undefined, seq: number] {
  const [epoch, seq = ''] = cursor.split('-');
  return [epoch, Number.parseInt(seq, 36)];
}

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
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9]{3,33}-[0-9a-z]{0,13}(\.[0-9a-z]{0,17})?$/)),
        (text) => {
          const parsed = parseCursor(text);
          return parsed === undefined || formatCursor(parsed) === text;
        },
      ),
    );
  });

  it('has the text that it always had for what is from before lives, and one that is ordered as before', () => {
    expect(formatCursor({ epoch: 'abcd', life: '0', seq: 36 })).toBe('abcd-10');
    fc.assert(
      fc.property(position, position, (one, two) => {
        const [a, b] = [formatCursor(one), formatCursor({ ...two, epoch: one.epoch })];
        expect(isLater(a, b)).toBe(one.seq > two.seq);
        expect(asOldClientsDo(a)).toEqual([one.epoch, one.seq]);
      }),
    );
  });

  it.each([
    '',
    '-',
    'abcd',
    'abcd-',
    'abc-1',
    'abcd-00',
    'ABCD-1',
    'abcd-1 ',
    'abcd-zzzzzzzzzzz',
    'abcd--1',
    'abcd-1.0',
    'abcd-1.',
  ])('%j is none', (text) => {
    expect(parseCursor(text)).toBeUndefined();
  });
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
