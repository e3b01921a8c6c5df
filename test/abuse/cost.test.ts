import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProblemSlug } from '../../src/protocol/problem.js';
import { expectProblem, openTarget, type Target } from '../helpers/target.js';

/** Large bodies, close to the most that is let in, made to be dear: what they cost, and that nobody else pays for it. */

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

const path = '/api/v1/jobs';
const megabytes = 25;
/** All threads together, for such a body and for those who ask meanwhile: some 1 to 2 s. What costs more than its size takes minutes. */
const largeMaxMs = 20_000;
/** What the main thread may do for it while somebody else waits; it is some 10 to 35 ms. */
const otherMaxMs = 150;

const fill = (text: string, head: string, tail: string): Buffer => {
  const middle = Buffer.alloc(megabytes * 1_000_000, text);
  return Buffer.concat([
    Buffer.from(head),
    middle.subarray(0, middle.length - (middle.length % text.length)),
    Buffer.from(tail),
  ]);
};
const bad = '"operations":[]';

interface Cost {
  readonly name: string;
  readonly body: () => Buffer;
  readonly status: number;
  readonly slug: ProblemSlug;
  readonly pointer?: string;
}

const refused = { status: 422, slug: 'validation-failed', pointer: '/operations' } as const;
/** Past the number of values that a body may hold, or of levels. */
const excessive = { ...refused, pointer: '' } as const;

const costs: readonly Cost[] = [
  { name: 'one text', body: () => fill('x', `{${bad},"x":"`, '"}'), ...refused },
  { name: 'white space', body: () => fill(' ', '{', `${bad}}`), ...refused },
  { name: 'zeros', body: () => fill('0,', `{${bad},"x":[`, '0]}'), ...excessive },
  { name: 'empty objects', body: () => fill('{},', `{${bad},"x":[`, '0]}'), ...excessive },
  { name: 'a member a million times', body: () => fill('"a":1,', `{${bad},`, '"b":1}'), ...excessive },
  { name: 'open brackets', body: () => fill('[', '', ''), ...excessive },
  { name: 'wrong operations', body: () => fill('{},', '{"operations":[', '{}]}'), ...excessive },
  { name: 'garbage', body: () => fill('\u0001', '', ''), status: 400, slug: 'malformed-json' },
  {
    name: 'a million members',
    body: () => members(1_000_000),
    ...refused,
  },
  {
    name: 'base64 that is wrong at its end, attached',
    body: () =>
      fill('A', '{"operations":[{"type":"add_page"}],"attachments":[{"name":"a","content":"', '*AAA"}]}'),
    ...refused,
    pointer: '/attachments/0/content',
  },
  {
    name: 'base64 that is wrong at its end, drawn',
    body: () => fill('A', '{"operations":[{"type":"add_image","source":"', '*AAA"}]}'),
    ...refused,
    pointer: '/operations/0/source',
  },
  {
    name: 'base64 of no PDF',
    body: () => fill('A', '{"kind":"split","pdf_data":"', 'AAA"}'),
    ...refused,
    pointer: '/pdf_data',
  },
  {
    name: 'cells with a NUL',
    body: () => fill('"\\u0000",', '{"operations":[{"type":"add_table","rows":[[', '"x"]]}]}'),
    ...refused,
    pointer: '/operations/0/rows/0',
  },
];

describe(`${megabytes} MB of`, () => {
  it.each(costs.map((cost) => [cost.name, cost] as const))('%s', async (_name, cost) => {
    const body = cost.body();
    await withOthers(
      () => target.ask({ path, body }),
      (answer) => expectProblem(answer, cost.status, cost.slug, cost.pointer, largeMaxMs),
    );
  });
});

describe('the most values that are let in', () => {
  // Each `{},` counts twice.
  const body = Buffer.from(`{"operations":[{"type":"add_page"}],"x":[${'{},'.repeat(1_999_990)}0]}`);

  it('are read and compared under a key of idempotency, and another body in the meantime', async () => {
    const other = { operations: [{ type: 'add_page' }], unknown: 'x'.repeat(100_000) };
    await withOthers(
      () =>
        Promise.all([
          target.ask({ path, body, headers: { 'idempotency-key': 'dear' } }),
          target.ask({ path, body: other }),
        ]),
      (answers) => {
        expect(answers.map(({ status }) => status)).toEqual([201, 201]);
        for (const { processorMs } of answers) expect(processorMs).toBeLessThan(largeMaxMs);
      },
    );
  });

  it('with a hundred addresses that are forbidden', async () => {
    const sources = Array.from({ length: 100 }, (_, index) => `http://127.0.0.1/${index}`);
    const operations = JSON.stringify(sources.map((source) => ({ type: 'add_image', source })));
    const many = Buffer.from(`{"x":[${'{},'.repeat(1_999_000)}0],"operations":${operations}}`);
    await withOthers(
      () => target.ask({ path, body: many }),
      (answer) => expectProblem(answer, 422, 'validation-failed', '/operations/49/source', largeMaxMs),
    );
  });
});

it('six large bodies at once are all answered, and others in the meantime', async () => {
  const body = fill('x', `{${bad},"x":"`, '"}');
  await withOthers(
    () => Promise.all(Array.from({ length: 6 }, () => target.ask({ path, body }))),
    (answers) => {
      for (const answer of answers) {
        if (answer.status === 503) expectProblem(answer, 503, 'queue-full', undefined, 4 * largeMaxMs);
        else expectProblem(answer, 422, 'validation-failed', '/operations', 4 * largeMaxMs);
      }
    },
    2 * otherMaxMs,
  );
});

/**
 * Runs an attack while somebody else asks for small things all the time, and fails where the main thread did more than so
 * much for the attack while one of these waited. Its time on a processor counts: how long it waited for one does not.
 */
async function withOthers<T>(
  attack: () => Promise<T>,
  check: (answer: T) => void,
  maxMs = otherMaxMs,
): Promise<void> {
  let over = false;
  const running = attack().finally(() => {
    over = true;
  });
  let longest = 0;
  while (!over) {
    const probe = await target.ask({ path: '/healthz' });
    expect(probe.status).toBe(200);
    longest = Math.max(longest, probe.mainMs);
    // Without a pause the one who asks would be the load. What holds the main thread up lasts longer than this.
    await setTimeout(5);
  }
  check(await running);
  expect(longest).toBeLessThan(maxMs);
}

function members(count: number): Buffer {
  const parts = Array.from({ length: count }, (_, index) => `"m${index.toString(36)}":0,`);
  return Buffer.from(`{${parts.join('')}${bad}}`);
}

it('is unharmed', () => target.expectUnharmed());
