import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agoText, bytesText, durationText, leftText } from '../../client/page/format.js';
import { attemptsOf, phasesOf, progressText, waitedMs } from '../../client/page/job-facts.js';
import { outlineOf } from '../../client/page/json-outline.js';
import { indented } from '../../client/page/json-text.js';
import { nextPace, type Pace, remainingMs } from '../../client/page/pace.js';
import { hrefOf, parseRoute, type Route } from '../../client/page/routes.js';
import { revealing, windowOf } from '../../client/page/window.js';
import type { StreamEvent } from '../../src/protocol/event.js';
import type { FactType } from '../../src/protocol/fact.js';
import type { JobRecord } from '../../src/protocol/job-record.js';
import { lineOf, mapJson, spanOf } from '../../src/protocol/json-map.js';

describe('places in a JSON text', () => {
  const text = '{\n  "title": "x",\n  "operations": [\n    { "type": "add_text", "a/b~c": 1 }\n  ]\n}';
  const at = (pointer: string) => {
    const { from, to } = spanOf(mapJson(text), pointer);
    return text.slice(from, to);
  };

  test('a pointer leads to its member, from the name to the end of the value', () => {
    expect(at('/title')).toBe('"title": "x"');
    expect(at('/operations/0/type')).toBe('"type": "add_text"');
    expect(at('/operations/0/a~1b~0c')).toBe('"a/b~c": 1');
  });

  test('a pointer to a member that is missing leads to where it would be', () => {
    expect(at('/operations/0/text')).toBe('{');
    expect(at('/operations/7')).toBe('"');
    expect(at('/nothing')).toBe('{');
  });

  test.each([
    ['', 0],
    ['{ "a": 1, }', 10],
    ['{ "a" 1 }', 6],
    ['[1 2]', 3],
    ['{ "a": tru }', 7],
    ['{ "a": 1 } x', 11],
    ['{ "a": "never ends }', 7],
    ["{ 'a': 1 }", 2],
    ['[1,]', 3],
    ['{ "a": 01 }', 8],
  ])('the mistake in %j is at offset %i', (wrong, offset) => {
    expect(mapJson(wrong).error?.at).toBe(offset);
  });

  test('what JSON.parse takes is without mistake, and what it refuses is not', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 0, max: 3 }), (value, indent) => {
        expect(mapJson(JSON.stringify(value, null, indent)).error).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(), (value, cut) => {
        const whole = JSON.stringify(value);
        const part = whole.slice(0, cut % whole.length);
        let good = true;
        try {
          JSON.parse(part);
        } catch {
          good = false;
        }
        expect(mapJson(part).error === undefined).toBe(good);
      }),
    );
  });

  test('a text that nests without end is refused, not followed', () => {
    expect(mapJson('['.repeat(100_000)).error?.message).toContain('deep');
  });

  test('lines are counted from the start', () => {
    expect(lineOf('a\nb\nc', 0)).toBe(0);
    expect(lineOf('a\nb\nc', 2)).toBe(1);
    expect(lineOf('a\nb\nc', 5)).toBe(2);
  });
});

describe('the outline of a request', () => {
  test('a small one is whole', () => {
    const value = { title: 'x', list: [1, 2, { a: null }], empty: {} };
    const { text, shortened } = outlineOf(value);
    expect(shortened).toBe(false);
    expect(JSON.parse(text)).toEqual(value);
  });

  test('one of many megabytes is short, and says what is left out', () => {
    const value = {
      picture: 'A'.repeat(20_000_000),
      rows: Array.from({ length: 500_000 }, (_, n) => ({ n })),
    };
    const { text, shortened } = outlineOf(value);
    expect(shortened).toBe(true);
    expect(text.length).toBeLessThan(60_000);
    expect(text).toContain('20,000,000 characters');
    expect(text).toContain('499,940 more');
  });
});

describe('a request as text to be edited', () => {
  test('it is the same value, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.stringify(JSON.parse(indented(value)))).toBe(JSON.stringify(value));
      }),
    );
  });

  test('a short object in another value stands in one line', () => {
    expect(indented({ params: [{ name: 'n', type: 'text' }, { long: 'x'.repeat(90) }] })).toBe(
      `{\n  "params": [\n    { "name": "n", "type": "text" },\n    {\n      "long": "${'x'.repeat(90)}"\n    }\n  ]\n}`,
    );
  });

  test('a row of a table stands in one line', () => {
    expect(indented({ rows: [['1', 2], []], none: {} })).toBe(
      '{\n  "rows": [\n    ["1", 2],\n    []\n  ],\n  "none": {}\n}',
    );
  });
});

describe('the pace of an attempt', () => {
  const run = (samples: readonly (readonly [at: number, progress: number])[], attempt = 1) =>
    samples.reduce<Pace | undefined>(
      (pace, [at, progress]) => nextPace(pace, { attempt, at, progress, startedAt: 0 }),
      undefined,
    );

  test('an even one tells the time that is left', () => {
    const pace = run([1, 2, 3, 4, 5].map((second) => [second * 1000, second * 10]));
    expect(remainingMs(pace, 5_000)).toBeCloseTo(5_000, -2);
    expect(remainingMs(pace, 6_000)).toBeCloseTo(4_000, -2);
  });

  test('nothing is said of the first moments, of one that stands still, and of one that is done', () => {
    expect(remainingMs(run([[100, 3]]), 200)).toBeUndefined();
    expect(remainingMs(run([[2_000, 50]]), 60_000)).toBeUndefined();
    expect(remainingMs(run([[2_000, 100]]), 2_000)).toBeUndefined();
  });

  test('a new attempt begins anew', () => {
    const first = run([
      [2_000, 50],
      [2_500, 80],
    ]);
    const second = nextPace(first, { attempt: 2, at: 10_000, progress: 20, startedAt: 8_000 });
    expect(remainingMs(second, 10_000)).toBeCloseTo(8_000, -1);
  });

  test('the time that is left is never below zero nor without end', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(10_000), fc.nat(100)), { minLength: 1, maxLength: 30 }),
        (samples) => {
          let at = 0;
          const pace = run(
            samples.map(([step, progress]) => {
              at += step;
              return [at, progress];
            }),
          );
          const left = remainingMs(pace, at);
          expect(left === undefined || (left >= 0 && Number.isFinite(left))).toBe(true);
        },
      ),
    );
  });
});

describe('addresses of views', () => {
  test.each<Route>([
    { view: 'jobs', filter: {} },
    { view: 'jobs', filter: { status: 'failed', kind: 'merge', group: 'a:b', text: 'too wide & more' } },
    { view: 'job', id: 'job_0123456789abcdef01234567' },
    { view: 'groups' },
    { view: 'group', name: 'a:b.c-d_e', filter: { status: 'running' } },
    { view: 'designs' },
    { view: 'webhooks' },
    { view: 'design' },
    { view: 'design', id: 'invoice-2.a_b~c' },
    { view: 'design', id: 'invoice', version: 12 },
    { view: 'submit' },
    { view: 'submit', from: 'job_0123456789abcdef01234567' },
  ])('%j comes back from its address', (route) => {
    expect(parseRoute(hrefOf(route))).toEqual(route);
  });

  test.each(['#/jobs/7', '#/groups/%', '#/groups/..%2F', '#/else', '#/jobs/job_0123456789abcdef01234567/x'])(
    '%s is no view',
    (hash) => {
      expect(parseRoute(hash)).toEqual({ view: 'nowhere' });
    },
  );

  test('an empty one, and a filter that is none, show all jobs', () => {
    expect(parseRoute('')).toEqual({ view: 'jobs', filter: {} });
    expect(parseRoute('#/jobs?status=done')).toEqual({ view: 'jobs', filter: {} });
  });
});

describe('words for numbers', () => {
  test.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1_500, '1.5 kB'],
    [45_300, '45.3 kB'],
    [999_900, '1.0 MB'],
    [576_000_000, '576 MB'],
  ])('%i bytes are %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });

  test.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1_000, '1.0 s'],
    [9_949, '9.9 s'],
    [12_000, '12 s'],
    [59_960, '1 min'],
    [250_000, '4 min 10 s'],
    [7_500_000, '2 h 5 min'],
    [200_000_000, '2 d 7 h'],
  ])('%i ms are %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });

  test('time that is left is whole and growing less exact', () => {
    expect([300, 4_200, 33_000, 100_000].map(leftText)).toEqual([
      'about 1 s left',
      '5 s left',
      'about 35 s left',
      'about 2 min left',
    ]);
  });

  test('a clock of the server that is ahead does not lead into the future', () => {
    expect(agoText(5_000, 0)).toBe('just now');
    expect(agoText(0, 65_000)).toBe('1 min ago');
  });
});

describe('the window of a long list', () => {
  test('only rows in sight are drawn, with a margin', () => {
    expect(windowOf(0, 420, 42, 10_000)).toEqual({ from: 0, to: 16 });
    expect(windowOf(42_000, 420, 42, 10_000)).toEqual({ from: 994, to: 1_016 });
  });

  test('never rows that are not there', () => {
    fc.assert(
      fc.property(fc.nat(500_000), fc.nat(2_000), fc.nat(10_000), (top, height, count) => {
        const { from, to } = windowOf(top, height, 42, count);
        expect(0 <= from && from <= to && to <= count).toBe(true);
      }),
    );
  });

  test('a row that can be seen whole moves nothing; another comes just into sight', () => {
    expect(revealing(5, 100, 420, 42)).toBe(100);
    expect(revealing(0, 100, 420, 42)).toBe(0);
    expect(revealing(20, 100, 420, 42)).toBe(462);
  });
});

describe('what a record tells', () => {
  const record: JobRecord = {
    job_id: 'job_0123456789abcdef01234567',
    status: 'running',
    kind: 'document',
    rev: 2,
    created_at: '2026-11-22T08:00:00.000Z',
    started_at: '2026-11-22T08:00:02.500Z',
    attempt: 1,
    priority: 0,
    progress: 40,
    pages_done: 120,
    pages_total: 300,
    events_url: '/',
  };

  test('pages done of pages known, and the time that is left', () => {
    const pace = { attempt: 1, progress: 40, at: 0, rate: 0.005 };
    expect(progressText(record, pace, 0)).toBe('120 of 300 pages, 12 s left');
    const { pages_total: _, ...unknown } = record;
    expect(progressText({ ...unknown, message: 'layout' }, undefined, 0)).toBe('layout');
  });

  test('the wait ends with the start', () => {
    expect(waitedMs(record, Date.parse('2026-11-22T09:00:00Z'))).toBe(2_500);
  });

  test('attempts begin with a start and end with what came of them', () => {
    const event = (type: FactType, at: string, change: Partial<JobRecord>): StreamEvent => ({
      id: `c-${at}`,
      type,
      at,
      job: { ...record, ...change },
    });
    const events = [
      event('job.created', '1', { status: 'pending', attempt: 0 }),
      event('job.started', '2', { attempt: 1 }),
      event('job.requeued', '3', { status: 'pending', attempt: 1, error: 'The thread died' }),
      event('job.started', '4', { attempt: 2 }),
      event('job.completed', '5', { status: 'completed', attempt: 2 }),
      event('job.expired', '6', { status: 'completed', attempt: 2 }),
    ];
    expect(attemptsOf(events)).toEqual([
      { number: 1, startedAt: '2', endedAt: '3', outcome: 'requeued', error: 'The thread died' },
      { number: 2, startedAt: '4', endedAt: '5', outcome: 'completed' },
    ]);
    expect(attemptsOf(events.slice(0, 4)).at(-1)).toEqual({ number: 2, startedAt: '4', outcome: 'running' });
  });

  describe('the phases of a job', () => {
    const base = Date.parse(record.created_at);
    const fact = (type: FactType, ms: number, change: Partial<JobRecord> = {}): StreamEvent => ({
      id: `c-${ms}`,
      type,
      at: new Date(base + ms).toISOString(),
      job: { ...record, ...change },
    });
    const told = (events: readonly StreamEvent[], now = base + 9_000) =>
      phasesOf(events, now).map(
        ({ name, attempt, from, to, isOpen }) =>
          `${name} ${attempt} ${from - base}-${to - base}${isOpen ? ' open' : ''}`,
      );
    const created = fact('job.created', 0, { accept_ms: 12 });

    test('follow each other without a gap, and what the thread did not take is storing', () => {
      const events = [
        created,
        fact('job.started', 100),
        fact('job.produced', 300),
        fact('job.completed', 600, { render_ms: 450 }),
        fact('job.expired', 5_000, { render_ms: 450 }),
      ];
      expect(told(events)).toEqual(['accept 0 -12-0', 'wait 0 0-100', 'render 1 100-550', 'store 1 550-600']);
    });

    test('are those of each attempt, and of what goes on up to now', () => {
      const events = [
        created,
        fact('job.started', 100),
        fact('job.requeued', 200),
        fact('job.started', 700, { attempt: 2 }),
      ];
      const before = ['accept 0 -12-0', 'wait 0 0-100', 'render 1 100-200'];
      expect(told(events.slice(0, 1))).toEqual([...before.slice(0, 1), 'wait 0 0-9000 open']);
      expect(told(events.slice(0, 3))).toEqual([...before, 'wait 1 200-9000 open']);
      expect(told(events)).toEqual([...before, 'wait 1 200-700', 'render 2 700-9000 open']);
    });

    test('end with whatever ends the job, also before its start', () => {
      expect(told([created, fact('job.cancelled', 50)])).toEqual(['accept 0 -12-0', 'wait 0 0-50']);
      expect(told([fact('job.created', 0), fact('job.started', 10), fact('job.failed', 70)])).toEqual([
        'wait 0 0-10',
        'render 1 10-70',
      ]);
      // A thread's clock and the store's are not the same.
      const long = fact('job.completed', 60, { render_ms: 75 });
      expect(told([fact('job.created', 0), fact('job.started', 10), long]).at(-1)).toBe('store 1 60-60');
    });
  });
});
