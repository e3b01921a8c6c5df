import { expect, test } from 'vitest';
import { timeOfJobId } from '../../src/jobs/job.js';
import { JobIds } from '../../src/jobs/job-ids.js';
import { jobIdShape } from '../../src/protocol/names.js';

const chance = (...bytes: number[]): Uint8Array => Uint8Array.from({ length: 6 }, (_, at) => bytes[at] ?? 0);

test('ids of one millisecond grow, whatever their chance is', () => {
  const ids = new JobIds();
  const made = [0xff, 0x10, 0x00, 0x80, 0x7f].map((byte) => ids.next(1_795_000_000_000, chance(byte, 0xab)));
  expect([...made].sort()).toEqual(made);
  expect(new Set(made).size).toBe(made.length);
  for (const id of made) {
    expect(id).toMatch(jobIdShape);
    expect(timeOfJobId(id)).toBe(1_795_000_000_000);
  }
});

test('at least 128 ids of one millisecond are in order, and those after them differ by chance', () => {
  const ids = new JobIds();
  const made = Array.from({ length: 300 }, (_, n) => ids.next(5, chance(0xff, n >> 8, n & 0xff)));
  expect([...made.slice(0, 129)].sort()).toEqual(made.slice(0, 129));
  expect(new Set(made).size).toBe(300);
});

test('another millisecond, also an earlier one, begins with chance', () => {
  const ids = new JobIds();
  const first = ids.next(10, chance(0x11));
  ids.next(10, chance());
  const earlier = ids.next(9, chance(0x22));
  expect(first.slice(16, 18)).toBe('11');
  expect(earlier.slice(16, 18)).toBe('22');
  expect(earlier < first).toBe(true);
});
