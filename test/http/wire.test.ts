import { describe, expect, test } from 'vitest';
import { networkOf } from '../../src/http/admission/client-address.js';
import { RateTable } from '../../src/http/admission/gcra.js';
import {
  contentDisposition,
  matchesNone,
  matchesStrongly,
  readRange,
} from '../../src/http/reply/file-reply.js';
import { prefers, prefersStrict, readWait } from '../../src/http/reply/preferences.js';
import { requestIdOf } from '../../src/http/reply/request-id.js';

describe('Range', () => {
  test.each([
    [undefined, 'whole'],
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=2-4', { start: 2, end: 4 }],
    ['bytes=2-', { start: 2, end: 9 }],
    ['bytes=2-99', { start: 2, end: 9 }],
    ['bytes=-3', { start: 7, end: 9 }],
    ['bytes=-99', { start: 0, end: 9 }],
    ['BYTES = 1-2', { start: 1, end: 2 }],
    [' bytes =\t1 - 2 ', { start: 1, end: 2 }],
    ['bytes= - 3', { start: 7, end: 9 }],
    ['bytes=1 2', 'whole'],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=4-2', 'whole'],
    ['bytes=1-2,4-5', 'whole'],
    ['bytes=-', 'whole'],
    ['bytes=a-b', 'whole'],
    ['pages=1-2', 'whole'],
    ['bytes=99999999999999999999-', 'unsatisfiable'],
  ])('%s of ten bytes', (header, expected) => {
    expect(readRange(header, 10)).toEqual(expected);
  });

  test('a header full of space is seen to be none at once', () => {
    const space = ' \t'.repeat(3_900);
    expect(readRange(`bytes=${space}-${space}x`, 10)).toBe('whole');
    expect(readRange(`bytes=${space}1${space}-${space}2${space}`, 10)).toEqual({ start: 1, end: 2 });
  });

  test('nothing of an empty file can be had in parts', () => {
    expect(readRange('bytes=0-', 0)).toBe('unsatisfiable');
    expect(readRange('bytes=-1', 0)).toBe('unsatisfiable');
  });
});

describe('entity tags', () => {
  test.each([
    [undefined, false, false],
    ['"a"', true, true],
    ['W/"a"', true, false],
    ['"b", W/"c" , "a"', true, true],
    ['*', true, true],
    ['a', false, false],
    ['"b"', false, false],
    ['', false, false],
  ])('%s against "a"', (header, none, strong) => {
    expect(matchesNone(header, 'a')).toBe(none);
    if (header !== undefined) expect(matchesStrongly(header, 'a')).toBe(strong);
  });
});

describe('Prefer', () => {
  test.each([
    [undefined, undefined],
    ['wait=10', 10],
    ['Wait=10', 10],
    ['wait="10"', 10],
    ['respond-async, wait=5', 5],
    ['wait=5; foo="bar"', 5],
    ['wait', 60],
    ['wait=0', 0],
    ['wait=61', 60],
    ['wait=-1', undefined],
    ['wait=1.5', undefined],
    ['waiting=3', undefined],
    ['return=minimal', undefined],
  ])('%s', (header, seconds) => {
    expect(readWait(header)).toBe(seconds);
  });
});

describe('Prefer: handling', () => {
  test.each([
    [undefined, false],
    ['handling=strict', true],
    ['Handling="strict"', true],
    ['wait=5, handling=strict; x=1', true],
    ['handling = STRICT', true],
    ['handling=lenient', false],
    ['handling=lenient, handling=strict', false],
    ['handling', false],
    ['handling=stricter', false],
  ])('%s', (header, strict) => {
    expect(prefersStrict(header)).toBe(strict);
  });
});

describe('Accept', () => {
  test.each([
    [undefined, false],
    ['*/*', false],
    ['application/json', false],
    ['application/pdf', true],
    ['application/pdf, */*', true],
    ['application/pdf;q=0.5, application/json', false],
    ['application/json;q=0.5, application/pdf;q=0.9', true],
    ['application/pdf;q=0', false],
    ['application/pdf;q=x', false],
  ])('%s asks for a PDF', (header, expected) => {
    expect(prefers(header, 'application/pdf', 'application/json')).toBe(expected);
  });
});

describe('Content-Disposition', () => {
  test.each([
    ['a b.pdf', 'application/pdf', 'inline; filename="a b.pdf"'],
    ['a.svg', 'image/svg+xml', 'attachment; filename="a.svg"'],
    ['a.html', 'text/html; charset=utf-8', 'attachment; filename="a.html"'],
    ['ä.pdf', 'application/pdf', 'inline; filename="_.pdf"; filename*=UTF-8\'\'%C3%A4.pdf'],
    ['a"\\\r\n.pdf', 'application/pdf', 'inline; filename="a____.pdf"; filename*=UTF-8\'\'a%22%5C%0D%0A.pdf'],
    ["'(1)*é", 'application/pdf', "inline; filename=\"'(1)*_\"; filename*=UTF-8''%27%281%29%2A%C3%A9"],
    ['\ud800.pdf', 'application/pdf', 'inline; filename="_.pdf"; filename*=UTF-8\'\'%EF%BF%BD.pdf'],
  ])('%j of %s', (name, type, expected) => {
    expect(contentDisposition(name, type)).toBe(expected);
  });
});

describe('GCRA', () => {
  const rule = { limit: 3, periodMs: 60_000 };

  test('the whole allowance may be used at once and comes back evenly', () => {
    const table = new RateTable(rule, 10);
    expect([0, 0, 0].map((now) => table.take('a', now).remaining)).toEqual([2, 1, 0]);
    expect(table.take('a', 0)).toEqual({ allowed: false, remaining: 0, resetMs: 60_000, retryMs: 20_000 });
    expect(table.take('a', 19_000).allowed).toBe(false);
    expect(table.take('a', 20_000)).toEqual({ allowed: true, remaining: 0, resetMs: 60_000, retryMs: 0 });
    expect(table.take('a', 20_000).allowed).toBe(false);
    expect(table.take('a', 200_000)).toMatchObject({ allowed: true, remaining: 2 });
  });

  test('refused requests cost nothing, and callers do not meet', () => {
    const table = new RateTable(rule, 10);
    for (let count = 0; count < 50; count += 1) table.take('a', 0);
    expect(table.take('a', 20_000).allowed).toBe(true);
    expect(table.take('b', 20_000).remaining).toBe(2);
  });

  test('a limit that is shared is used up by as many requests as are its part', () => {
    const allowed = (parts: number, limit = 6) => {
      const table = new RateTable({ limit, periodMs: 60_000 }, 10);
      return Array.from({ length: 9 }, () => table.take('a', 0, parts)).filter((verdict) => verdict.allowed);
    };
    expect(allowed(1)).toHaveLength(6);
    expect(allowed(3)).toEqual([
      { allowed: true, remaining: 1, resetMs: 30_000, retryMs: 0 },
      { allowed: true, remaining: 0, resetMs: 60_000, retryMs: 0 },
    ]);
    // Nobody is shut out by many gateways.
    expect(allowed(5, 3)).toHaveLength(1);
  });

  test('never allows more than the limit in a period, at any rate', () => {
    const table = new RateTable({ limit: 7, periodMs: 1000 }, 10);
    const times = Array.from({ length: 5000 }, (_, at) => at * 3).filter(
      (now) => table.take('a', now).allowed,
    );
    // A burst of the limit, then one for each interval: at most limit + limit * (elapsed / period).
    expect(times.length).toBeGreaterThan(7 * 14);
    expect(times.length).toBeLessThanOrEqual(7 + 7 * 15);
  });

  test('holds a bounded number of callers; the one that was silent for longest goes', () => {
    const table = new RateTable(rule, 100);
    for (let caller = 0; caller < 1000; caller += 1) {
      table.take('steady', caller);
      table.take(`c${caller}`, caller);
    }
    expect(table.callers).toBeLessThanOrEqual(100);
    expect(table.take('steady', 1000).allowed).toBe(false);
    expect(table.take('c0', 1000).remaining).toBe(2);
  });

  test('callers whose allowance is whole are forgotten as others come', () => {
    const table = new RateTable(rule, 1000);
    for (let caller = 0; caller < 500; caller += 1) table.take(`old${caller}`, 0);
    for (let caller = 0; caller < 500; caller += 1) table.take(`new${caller}`, 1_000_000);
    expect(table.callers).toBeLessThanOrEqual(500);
  });
});

test.each([
  ['10.1.2.3', '10.1.2.3'],
  ['::ffff:10.1.2.3', '::ffff:10.1.2.3'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test.each([
  ['abc-1.2:3_4', true],
  ['a'.repeat(128), true],
  ['a'.repeat(129), false],
  ['', false],
  ['a b', false],
  ['a"b', false],
  ['ä', false],
])('the request id %j is echoed: %s', (given, echoed) => {
  expect(requestIdOf({ 'x-request-id': given }) === given).toBe(echoed);
});
