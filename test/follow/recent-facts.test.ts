import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Fact } from '../../src/engine/engine.js';
import { RecentFacts } from '../../src/follow/recent-facts.js';

const fact = (seq: number, jobId: string): Fact => ({
  seq,
  at: 0,
  type: 'job.created',
  owner: 'alice',
  jobId,
  kind: 'document',
  rev: 1,
  record: '{}',
});

test('it never denies a fact that was handed out, and knows the last ones for certain', () => {
  const steps = fc.array(
    fc.record({ gap: fc.integer({ min: 1, max: 3 }), job: fc.integer({ max: 20, min: 0 }) }),
    {
      maxLength: 3000,
      minLength: 1,
    },
  );
  fc.assert(
    fc.property(
      steps,
      fc.integer({ min: 0, max: 20 }),
      fc.integer({ min: 0, max: 9000 }),
      (given, job, after) => {
        const facts = new RecentFacts(5);
        const all: Fact[] = [];
        for (const { gap, job: number } of given) {
          all.push(fact((all.at(-1)?.seq ?? 5) + gap, `job_${number}`));
          facts.add(all.at(-1) as Fact);
        }
        const has = all.some(({ seq, jobId }) => seq > after && jobId === `job_${job}`);
        const told = facts.mayHave(`job_${job}`, after);
        if (has) expect(told).toBe(true);
        // Of the last 512 it knows for certain.
        if (!has && after >= (all.at(-512)?.seq ?? 5)) expect(told).toBe(false);
      },
    ),
    { numRuns: 100 },
  );
});

test('of what came before it began it knows nothing', () => {
  const facts = new RecentFacts(10);
  expect(facts.mayHave('job_1', 9)).toBe(true);
  expect(facts.mayHave('job_1', 10)).toBe(false);
});
