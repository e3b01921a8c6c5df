import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { logFields } from '../src/log-fields.js';

const source = new URL('../src/', import.meta.url);

/** Members of the objects that are given to a log, wherever one is: `log.error({ err: error, job_id: id }, '...')`. */
function logged(text: string): readonly string[] {
  const calls = text.matchAll(/\b(?:log|Log)\.(?:trace|debug|info|warn|error|fatal)\(\s*\{([^{}]*)\}/g);
  return [...calls].flatMap(([, members = '']) =>
    members
      .split(',')
      .map((member) => member.trim().split(':')[0] ?? '')
      .filter((name) => name !== '' && !name.startsWith('...')),
  );
}

test('every line of the log names things by the words of the vocabulary', () => {
  const found = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) =>
      logged(readFileSync(new URL(name, source), 'utf8')).map((field) => `${name}: ${field}`),
    );
  expect(found.length).toBeGreaterThan(25);
  const words = Object.keys(logFields);
  expect(found.filter((one) => !words.includes(one.split(': ')[1] ?? ''))).toEqual([]);
});

test('and the search for them sees the wrong ones', () => {
  expect(logged("this.#parts.log.warn({ jobId, error: e },\n 'x'); log.info(\n  { a: b },\n 'y')")).toEqual([
    'jobId',
    'error',
    'a',
  ]);
});

test('each word is snake_case and has a sentence', () => {
  for (const [name, help] of Object.entries(logFields)) {
    expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(help).toMatch(/^[A-Z].+[^.]$/);
  }
});
