import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxDepth, maxValues, readJsonBody } from '../../src/work/submit/json-body.js';
import { canonicalJson } from '../../src/work/submit/parsed-request.js';

const read = (text: string | Uint8Array) => readJsonBody(typeof text === 'string' ? Buffer.from(text) : text);
const slug = (text: string | Uint8Array): string => {
  const body = read(text);
  return body.ok ? 'ok' : body.problem.slug;
};

describe('JSON bodies', () => {
  it.each([
    ['', 'malformed-json'],
    ['   ', 'malformed-json'],
    ['{', 'malformed-json'],
    ['{"a":1,}', 'malformed-json'],
    ["{'a':1}", 'malformed-json'],
    ['{"a":NaN}', 'malformed-json'],
    ['\u0000', 'malformed-json'],
    ['{"a":"\u0001"}', 'malformed-json'],
    ['null', 'validation-failed'],
    ['[]', 'validation-failed'],
    ['"text"', 'validation-failed'],
    ['12', 'validation-failed'],
    ['{}', 'ok'],
    ['{"a":"[[[[\\"{{{{"}', 'ok'],
    ['{"__proto__":{"admin":true}}', 'ok'],
  ])('%j is %s', (text, expected) => {
    expect(slug(text)).toBe(expected);
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(slug(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toBe('malformed-json');
  });

  it('bounds depth before anything is built', () => {
    const nested = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    expect(slug(nested(maxDepth))).toBe('ok');
    expect(slug(nested(maxDepth + 1))).toBe('validation-failed');
    expect(slug('['.repeat(5_000_000))).toBe('validation-failed');
  });

  it('bounds the number of values before anything is built', () => {
    const objects = (count: number): string => `{"a":[${'{},'.repeat(count)}"{,,,,[[["]}`;
    expect(slug(objects(maxValues / 2 - 1))).toBe('ok');
    expect(slug(objects(maxValues / 2))).toBe('validation-failed');
  });

  it('does not let a body reach a prototype', () => {
    const body = read('{"__proto__":{"admin":true}}');
    expect(body.ok && (body.value as { admin?: unknown }).admin).toBe(undefined);
  });
});

describe('canonical JSON', () => {
  it('is the same however an object is written', () => {
    expect(canonicalJson(JSON.parse('{"b":[1,{"z":null,"a":"x"}],"a":1.0}'))).toBe(
      '{"a":1,"b":[1,{"a":"x","z":null}]}',
    );
  });

  it('tells values apart exactly when JSON does', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const parsed = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
        expect(JSON.parse(canonicalJson(parsed(a)))).toEqual(parsed(a));
        const equal = canonicalJson(parsed(a)) === canonicalJson(parsed(b));
        let same = true;
        try {
          expect(parsed(a)).toEqual(parsed(b));
        } catch {
          same = false;
        }
        expect(equal).toBe(same);
      }),
    );
  });
});
