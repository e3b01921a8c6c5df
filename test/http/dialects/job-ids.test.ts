import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainIds, shortIds, uuidIds } from '../../../src/http/dialects/job-ids.js';

/** The ids of 12 digits of time (until the year 7000) and 12 of chance. */
const jobId = fc
  .tuple(fc.integer({ min: 0, max: 158_000_000_000_000 }), fc.bigInt({ min: 0n, max: (1n << 48n) - 1n }))
  .map(
    ([time, chance]) => `job_${time.toString(16).padStart(12, '0')}${chance.toString(16).padStart(12, '0')}`,
  );

describe.each([
  ['plain', plainIds, /^job_[0-9a-f]{24}$/],
  ['UUID', uuidIds, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/],
  ['short', shortIds, /^[0-9A-Za-z]{16}$/],
])('%s ids', (_name, ids, shape) => {
  test('hold the job id', () => {
    fc.assert(
      fc.property(jobId, (id) => {
        const text = ids.of(id);
        expect(text).toMatch(shape);
        expect(ids.jobIdOf(text)).toBe(id);
      }),
    );
  });

  test('a text that is none is no job', () => {
    for (const text of ['', 'x', 'job_', `job_${'0'.repeat(25)}`, `job_${'g'.repeat(24)}`, '0'.repeat(17)])
      expect(ids.jobIdOf(text)).toBeUndefined();
  });
});

test('ids are the same tomorrow: callers have stored them', () => {
  const id = 'job_0193a1b2c3d4e5f60718293a';
  expect([uuidIds.of(id), shortIds.of(id)]).toEqual([
    '0193a1b2-c3d4-4e5f-981c-60a4e8ee7f2d',
    '0dLSEcwISJ9eDzpq',
  ]);
});

test('a UUID of somebody else is no job, and the same in capitals is the same', () => {
  const uuid = uuidIds.of('job_0193a1b2c3d4e5f60718293a');
  expect(uuidIds.jobIdOf(uuid.toUpperCase())).toBe('job_0193a1b2c3d4e5f60718293a');
  for (const other of [
    `${uuid.slice(0, -1)}${uuid.endsWith('0') ? '1' : '0'}`,
    uuid.replace(/^(.{14})4/, '$17'),
    uuid.replace(/^0/, '1'),
  ])
    expect(uuidIds.jobIdOf(other)).toBeUndefined();
});

test('short ids sort as job ids do', () => {
  fc.assert(
    fc.property(jobId, jobId, (one, other) => {
      expect(shortIds.of(one) < shortIds.of(other)).toBe(one < other);
    }),
  );
});
