import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import type { Kind } from '../../src/render/kind.js';
import { RunTimes } from '../../src/work/run/run-times.js';
import { type BodyToParse, parseBody } from '../../src/work/submit/parsed-request.js';

const echo: Kind = {
  name: 'echo',
  schema: Type.Object({}),
  parse: (request) => {
    const { bad, url } = request as { bad?: boolean; url?: string };
    if (bad) return { ok: false, issues: [{ pointer: '/bad', message: 'must not be bad' }] };
    const inputs = url ? [{ url, pointer: '/url', accept: [], maxBytes: 1 }] : [];
    return { ok: true, plan: { request: { echoed: true }, inputs } };
  },
};
const other: Kind = { ...echo, name: 'other' };

const read = (body: unknown, change: Partial<BodyToParse> = {}) =>
  parseBody(
    { body: { json: Buffer.from(JSON.stringify(body)) }, kind: 'echo', needsFingerprint: true, ...change },
    [echo, other],
    (url) => (url.includes('10.0.0.1') ? 'must be a public address' : undefined),
  );
const errors = (body: unknown, change: Partial<BodyToParse> = {}) => {
  const answer = read(body, change);
  return answer.ok ? [] : answer.problem.errors?.map(({ pointer }) => pointer);
};
const fingerprint = (body: unknown): string => {
  const answer = read(body);
  if (!answer.ok) throw new Error('refused');
  return answer.parsedRequest.fingerprint;
};

describe('intake', () => {
  it('takes the kind of the route unless the body names another one', () => {
    expect(read({})).toMatchObject({ ok: true, parsedRequest: { kind: 'echo', request: '{"echoed":true}' } });
    expect(read({ kind: 'other' })).toMatchObject({ ok: true, parsedRequest: { kind: 'other' } });
    expect(errors({ kind: 'other' }, { onlyKind: true })).toEqual(['/kind']);
    expect(errors({ kind: 'unknown' })).toEqual(['/kind']);
    expect(errors({ kind: 7 })).toEqual(['/kind']);
  });

  it('reads the job options', () => {
    const options = {
      group: 'q3.invoices',
      priority: 5,
      expires_in: 120,
      timeout: 30,
      wait_timeout: 60,
      max_attempts: 1,
    };
    expect(read(options)).toMatchObject({
      parsedRequest: {
        options: {
          group: 'q3.invoices',
          priority: 5,
          resultTtlMs: 120_000,
          runTimeoutMs: 30_000,
          waitTimeoutMs: 60_000,
          maxAttempts: 1,
        },
      },
    });
  });

  it.each([
    [{ group: '' }, '/group'],
    [{ group: '../x' }, '/group'],
    [{ group: 'a'.repeat(129) }, '/group'],
    [{ group: 7 }, '/group'],
    [{ priority: 11 }, '/priority'],
    [{ priority: 0.5 }, '/priority'],
    [{ priority: '5' }, '/priority'],
    [{ expires_in: 1 }, '/expires_in'],
    [{ timeout: 0 }, '/timeout'],
    [{ wait_timeout: -1 }, '/wait_timeout'],
    [{ max_attempts: 99 }, '/max_attempts'],
    [{ webhook: 'http://10.0.0.1/' }, '/webhook'],
    [{ webhook: { url: 'http://10.0.0.1/' } }, '/webhook/url'],
    [{ webhook: { url: 'https://example.org', payload: 'all' } }, '/webhook/payload'],
    [{ webhook: 7 }, '/webhook'],
    [{ bad: true }, '/bad'],
    [{ url: 'http://10.0.0.1/x.png' }, '/url'],
  ])('refuses %j with a pointer', (body, pointer) => {
    expect(errors(body)).toEqual([pointer]);
  });

  it('lists the defects of job and request together, and no endless list', () => {
    expect(errors({ bad: true, priority: 99 })).toEqual(['/priority', '/bad']);
  });

  it('takes bodies for equal when their values are, and apart by kind', () => {
    expect(fingerprint({ a: 1, b: [2] })).toBe(fingerprint({ b: [2], a: 1 }));
    expect(fingerprint({ a: 1 })).not.toBe(fingerprint({ a: 2 }));
    expect(fingerprint({ kind: 'other' })).not.toBe(fingerprint({}));
  });
});

describe('members that nobody knows', () => {
  const page: Kind = {
    name: 'page',
    schema: Type.Object({ page_size: Type.String(), margin_mm: Type.Number() }),
    parse: () => ({ ok: true, plan: { request: {}, inputs: [] } }),
  };
  const ask = (body: BodyToParse['body'], strict = false) =>
    parseBody({ body, kind: 'page', needsFingerprint: false, strict }, [page], () => undefined);
  const json = (value: unknown) => ({ json: Buffer.from(JSON.stringify(value)) });
  const warnings = (body: BodyToParse['body']) => {
    const answer = ask(body);
    if (!answer.ok) throw new Error(answer.problem.detail);
    return answer.parsedRequest.warnings;
  };

  it('are warnings with a pointer and the name that may be meant', () => {
    expect(warnings(json({ page_sise: 'A5', kind: 'page', title: 'x', page_size: 'A4' }))).toEqual([
      {
        code: 'unknown_member',
        message: 'The member "page_sise" is not known and was ignored; did you mean "page_size"?',
        pointer: '/page_sise',
      },
    ]);
    expect(warnings(json({ page_size: 'A4', group: 'g', tags: [], expires_in: 60 }))).toEqual([]);
  });

  it.each([
    ['pageSize', 'page_size'],
    ['prioritiy', 'priority'],
    ['groop', 'group'],
    ['filename', 'file_name'],
    ['max-attempts', 'max_attempts'],
    ['webhook_url', 'webhook'],
    ['x', undefined],
    ['constructor', undefined],
    ['__proto__', undefined],
    ['toString', undefined],
  ])('%s may be meant for %s', (name, meant) => {
    const [warning, ...more] = warnings({ json: Buffer.from(`{${JSON.stringify(name)}:1}`) });
    expect(more).toEqual([]);
    expect(/did you mean "(.*)"/.exec(warning?.message ?? '')?.[1]).toBe(meant);
  });

  it('are warnings in a form, too', () => {
    const form = [
      { name: 'page_size', text: 'A4' },
      { name: 'page/sise', text: 'A5' },
      { name: 'request', text: '{"margin":3}' },
    ];
    expect(warnings({ form }).map(({ pointer }) => pointer)).toEqual(['/margin', '/page~1sise']);
  });

  it('are refused where the caller prefers that, together with all other defects', () => {
    const answer = ask(json({ page_sise: 'A5', priority: 99, z: 1 }), true);
    expect(!answer.ok && answer.problem).toMatchObject({
      slug: 'validation-failed',
      errors: [
        { pointer: '/priority' },
        { pointer: '/page_sise', message: 'is not a known member; did you mean "page_size"?' },
        { pointer: '/z', message: 'is not a known member' },
      ],
    });
    expect(ask(json({ page_size: 'A5' }), true).ok).toBe(true);
  });

  it('are told within bounds, however many and long they are', () => {
    const many = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, n) => [`${n}${'\ud800~/'.repeat(100)}`, n]),
    );
    const told = warnings(json(many));
    expect(told).toHaveLength(21);
    expect(told[20]).toEqual({
      code: 'unknown_member',
      message: '4980 more members are not known and were ignored',
    });
    expect(JSON.stringify(told).length).toBeLessThan(10_000);
    for (const { pointer = '' } of told) expect(pointer).not.toMatch(/\p{Surrogate}/u);
  });
});

describe('run times', () => {
  it('expects what was measured, shared by the threads', () => {
    const times = new RunTimes();
    expect(times.quick).toBe(false);
    for (let index = 0; index < 100; index += 1) times.add(2_000);
    expect(times.expectedSeconds(10, 2)).toBe(10);
    expect(times.expectedSeconds(0, 2)).toBe(1);
    expect(times.expectedSeconds(1e9, 2)).toBe(600);
    for (let index = 0; index < 100; index += 1) times.add(20);
    expect(times.quick).toBe(true);
  });
});
