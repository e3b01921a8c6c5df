import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { closeCodes } from '../../src/protocol/close-codes.js';
import { factTypes } from '../../src/protocol/fact.js';
import { streamLimits } from '../../src/protocol/messages.js';
import { type ProblemSlug, problemTypes } from '../../src/protocol/problem.js';

/** docs/PROTOCOL.md is the contract: what it lists and what the code has must be the same, on both sides. */

const read = (name: string) => readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');
const text = read('PROTOCOL');

/** The rows of the table whose first head cell is this. */
function table(head: string): readonly (readonly string[])[] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${head} |`));
  if (start === -1) throw new Error(`There is no table of ${head}`);
  const rows = lines.slice(start + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    )
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

describe('P-55 close codes', () => {
  const rows = table('code');

  test('are the same in the document and in the code', () => {
    const documented = rows.map(([code]) => Number(code));
    const known = Object.values(closeCodes).map(({ code }) => code);
    expect([...known].sort()).toEqual([...documented].sort());
    expect(new Set(documented).size).toBe(documented.length);
  });

  test.each(Object.values(closeCodes))(
    '$code says the same about coming back',
    ({ code, comeBack, reason }) => {
      const answer = rows.find(([documented]) => Number(documented) === code)?.[2] ?? '';
      expect(answer.startsWith('yes')).toBe(comeBack);
      // RFC 6455, 5.5: what fits into a control frame beside the code.
      expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
    },
  );
});

describe('P-57 problems of the stream', () => {
  const rows = table('problem');

  test.each(rows.map(([slug = '', status = '']) => [slug.replaceAll('`', ''), Number(status)] as const))(
    '%s is in the catalogue, as %d',
    (slug, status) => {
      expect(Object.keys(problemTypes)).toContain(slug);
      expect(problemTypes[slug as ProblemSlug].status).toBe(status);
    },
  );

  test('every slug that the document names is in a row, and in the catalogue', () => {
    const named = [...text.matchAll(/`([a-z]+(?:-[a-z]+)+)`/g)].map(([, slug = '']) => slug);
    const slugs = named.filter((slug) => slug in problemTypes);
    const inRows = rows.map(([slug = '']) => slug.replaceAll('`', ''));
    expect([...new Set(slugs)].sort()).toEqual(
      [...new Set(inRows.filter((slug) => slug.includes('-')))].sort(),
    );
  });

  test('every problem that the push side makes is documented', () => {
    const files = [
      'gateway/gateway',
      'gateway/ws',
      'http/push',
      'http/admission/handshake',
      'http/routes/events',
      'http/routes/tickets',
    ];
    const inRows = rows.map(([slug = '']) => slug.replaceAll('`', ''));
    for (const file of files) {
      const source = readFileSync(new URL(`../../src/${file}.ts`, import.meta.url), 'utf8');
      for (const [, slug = ''] of source.matchAll(/problem\(\s*'([a-z-]+)'/g)) {
        if (slug === 'malformed-request') continue;
        expect(inRows, file).toContain(slug);
      }
    }
  });
});

test('P-1 names every type of fact', () => {
  const rule = /\*\*P-1\*\*([\s\S]*?)\n\n/.exec(text)?.[1] ?? '';
  const named = [...rule.matchAll(/`((?:job|group)\.[a-z]+)`/g)].map(([, type]) => type);
  expect(named).toEqual([...factTypes]);
});

test('P-15 P-27 P-41 the limits of the document are those of the code', () => {
  expect(text).toContain(`1 to ${streamLimits.topics} topics`);
  expect(text).toContain(`messages above ${streamLimits.messageBytes / 1024} KiB with 1009`);
  expect(text).toContain(`\`progress_ms\` (0 to ${streamLimits.progressMs.toLocaleString('en')}`);
});

test('rules are numbered once, and in order', () => {
  const numbers = [...text.matchAll(/^\*\*P-(\d+)\*\*/gm)].map(([, number]) => Number(number));
  expect(numbers).toEqual([...new Set(numbers)].sort((one, other) => one - other));
  expect(numbers.length).toBeGreaterThan(45);
});

test('P-40 D19 when an event stream ends whose peer is gone without a word is told to callers and to operators', () => {
  const rule = text.slice(text.indexOf('**P-40**'), text.indexOf('**P-41**')).replace(/\s+/g, ' ');
  expect(rule).toContain('An event stream has no pings');
  expect(rule).toContain('a quarter of an hour');
  const [row = ''] = read('OPERATIONS').match(/^\| an event stream whose peer is gone .*$/m) ?? [];
  expect(row).toContain('tcp_retries2');
});
