import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { retryDelayMs } from '../src/jobs/retry.js';
import { errorCodes } from '../src/protocol/job-record.js';
import { aJob } from './contracts/jobs-at-hand.js';

const text = readFileSync(new URL('../docs/FAILURES.md', import.meta.url), 'utf8');

test.each(errorCodes)('docs/FAILURES.md tells of %s, and whether it is tried again', (code) => {
  const [, tried = ''] =
    new RegExp(`^\\| \\[\`${code}\`\\]\\(#${code}\\) \\| ([^|]+) \\|`, 'm').exec(text) ?? [];
  expect(tried).not.toBe('');
  expect(text).toContain(`\n## ${code}\n`);
  const isTriedAgain = retryDelayMs(aJob({ maxAttempts: 3 }), code, 0.5) !== undefined;
  expect(tried.trim() !== 'no').toBe(isTriedAgain);
});

test('and of no other one', () => {
  const told = [...text.matchAll(/^## ([a-z_]+)$/gm)].map(([, code]) => code);
  expect(told).toEqual(errorCodes);
});
