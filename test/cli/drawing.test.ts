import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boardLines } from '../../src/cli/batch/board.js';
import { liveLine, outcomeOf, plainLine } from '../../src/cli/job-words.js';
import { LiveLines } from '../../src/cli/live-lines.js';
import { duration, progressBar, size } from '../../src/cli/progress-bar.js';
import { table } from '../../src/cli/table.js';
import { styleOf } from '../../src/cli/terminal.js';
import { cut, pad, readable, widthOf, wrap } from '../../src/cli/text-width.js';
import type { JobRecord } from '../../src/protocol/job-record.js';
import { screenOf } from './screen.js';
import { KeptStream } from './shell-fixture.js';

const plain = styleOf({ LANG: 'C.UTF-8' }, { terminal: false });
const ascii = styleOf({ LANG: 'C' }, { terminal: false });
const coloured = styleOf({ LANG: 'en_US.utf8' }, { terminal: true });

const job: JobRecord = {
  job_id: 'job_000000000000000000000001',
  status: 'running',
  kind: 'document',
  rev: 2,
  created_at: '2026-11-22T10:00:00.000Z',
  started_at: '2026-11-22T10:00:01.000Z',
  progress: 45,
  pages_done: 11,
  pages_total: 27,
  attempt: 1,
  priority: 0,
  events_url: '',
};
const now = Date.parse('2026-11-22T10:00:04.200Z');

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const withoutColours = (line: string): string => line.replaceAll(/\x1b\[[0-9;]*m/g, '');

describe('text in cells', () => {
  it.each([
    ['abc', 3],
    ['日本語', 6],
    ['é', 1],
    ['👍🏽', 2],
    ['', 0],
  ])('%s is %i cells wide', (text, cells) => expect(widthOf(text)).toBe(cells));

  it('is cut with a mark, and never wider than it may be', () => {
    expect(cut('invoice.json', 8)).toBe('invoice…');
    expect(cut('日本語のファイル', 8)).toBe('日本語…');
    expect(cut('short', 8)).toBe('short');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, cells) => {
        const clean = readable(text);
        expect(widthOf(cut(clean, cells))).toBeLessThanOrEqual(cells);
        expect(widthOf(pad(clean, cells))).toBe(cells);
      }),
    );
  });

  it('is broken between words', () => {
    expect(wrap('one two three fourteen-letters', 9)).toEqual(['one two', 'three', 'fourteen-letters']);
    expect(wrap('all of it', Number.POSITIVE_INFINITY)).toEqual(['all of it']);
  });

  it('has nothing in it that a terminal would obey, whoever wrote it', () => {
    expect(readable('\x1b]0;title\x07red\x1b[31m\nnext\u202eline\x9b2J')).toBe(
      '\ufffd]0;title\ufffdred\ufffd[31m next\ufffdline\ufffd2J',
    );
  });
});

describe('bars', () => {
  it('fill exactly their cells, with blocks or in ASCII', () => {
    expect(progressBar(45, 10, plain)).toBe('████▌░░░░░');
    expect(progressBar(45, 12, ascii)).toBe('[####------]');
    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.integer({ min: 1, max: 200 }), (percent, cells) => {
        for (const style of [plain, ascii]) expect(widthOf(progressBar(percent, cells, style))).toBe(cells);
      }),
    );
  });

  it('are coloured for a person who did not refuse colours', () => {
    expect(progressBar(50, 4, coloured)).toContain('\x1b[');
    expect(progressBar(50, 4, styleOf({ NO_COLOR: '1', LANG: 'C.UTF-8' }, { terminal: true }))).toBe('██░░');
  });

  it.each([
    [340, '340 ms'],
    [12_440, '12.4 s'],
    [59_960, '1 min 00 s'],
    [185_000, '3 min 05 s'],
    [7_440_000, '2 h 04 min'],
    [200_000_000, '2 d 7 h'],
  ])('%i ms are %s', (ms, text) => expect(duration(ms)).toBe(text));

  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [45_100, '45.1 kB'],
    [3_250_000, '3.25 MB'],
    [82_500_000_000, '82.5 GB'],
  ])('%i bytes are %s', (bytes, text) => expect(size(bytes)).toBe(text));
});

describe('a job in words', () => {
  it('is one line with a bar while it runs', () => {
    expect(liveLine(job, now, 80, plain)).toBe(
      'running    █████████████████▌░░░░░░░░░░░░░░░░░░░░░   45 %  page 12 of 27  3.2 s',
    );
    expect(liveLine(job, now, 30, plain)).toBe('running     45 %  page 12 of ');
  });

  it('says its reason when it has failed, and in how many attempts', () => {
    const failed: JobRecord = {
      ...job,
      status: 'failed',
      attempt: 3,
      error: 'no\x1b[2J',
      error_code: 'crashed',
    };
    expect(outcomeOf(failed)).toBe('no\ufffd[2J (crashed after 3 attempts)');
    const bad: JobRecord = { ...failed, attempt: 1, error: 'no check digit', error_code: 'invalid_input' };
    const place = '/operations/499/value';
    expect(outcomeOf({ ...bad, error_pointer: place })).toBe(`${place} no check digit (invalid_input)`);
  });

  it('is a line of facts elsewhere', () => {
    expect(plainLine(job)).toBe('job_000000000000000000000001  running  45 %  page 12 of 27');
  });
});

describe('the board of a batch', () => {
  const state = {
    name: 'november',
    total: 200,
    saved: 50,
    present: 40,
    failed: 2,
    startedAt: now - 10_000,
    running: new Map([
      ['a.json', job],
      ['請求書-とても長いファイル名です-2026-11-0001.json', job],
      ['c.json', undefined],
    ]),
    note: 'The connection is lost; trying again in 3 s.',
  };

  it('sums up, names what runs, and says how long it is going to take', () => {
    expect(boardLines(state, { now, columns: 100, rows: 24, style: plain })).toEqual([
      '██████████████████▌░░░░░░░░░░░░░░░░░░░░░  46 %  92 of 200, 2 failed, 10.0 s, about 20.2 s left',
      'a.json                                ███████▏░░░░░░░░  page 12 of 27',
      '請求書-とても長いファイル名です-202…  ███████▏░░░░░░░░  page 12 of 27',
      'c.json                                submitting',
      'The connection is lost; trying again in 3 s.',
    ]);
  });

  it('is never wider or higher than the terminal, whatever runs', () => {
    const names = fc.uniqueArray(fc.string({ unit: 'grapheme', minLength: 1 }), { maxLength: 300 });
    fc.assert(
      fc.property(
        names,
        fc.integer({ min: 20, max: 200 }),
        fc.integer({ min: 8, max: 60 }),
        (files, columns, rows) => {
          const running = new Map(files.map((file, at) => [file, at % 3 === 0 ? undefined : job]));
          const lines = boardLines({ ...state, running }, { now, columns, rows, style: coloured });
          for (const line of lines) expect(widthOf(withoutColours(line))).toBeLessThan(columns);
          expect(lines.length).toBeLessThan(rows);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('lines at the bottom of a terminal', () => {
  it('are drawn over; what goes above stays', () => {
    const stream = new KeptStream(true);
    let state = ['first', 'longer than the next'];
    const live = new LiveLines(stream, () => state);
    live.draw();
    state = ['second'];
    live.draw();
    live.above('a failure');
    state = ['third', 'line'];
    live.draw();
    expect(screenOf(stream.text, 100)).toEqual(['a failure', 'third', 'line']);
    live.end('nothing');
    live.above('later');
    expect(screenOf(stream.text, 100)).toEqual(['a failure', 'later']);
  });

  it('are found again when the window became narrower and wrapped them', () => {
    const stream = new KeptStream(true);
    stream.width = 40;
    const live = new LiveLines(stream, (columns) => ['x'.repeat(columns - 1), 'end']);
    live.draw();
    const before = stream.text;
    stream.width = 15;
    live.draw();
    live.end('lines');
    // 39 cells are three rows of 15: the cursor goes up by four.
    expect(stream.text.slice(before.length)).toSatisfy((text: string) => text.startsWith('\r\x1b[4A'));
  });
});

describe('tables', () => {
  it('give way in one column when the terminal is narrow', () => {
    const columns = [{ title: 'JOB' }, { title: 'WHY', gives: true }];
    const rows = [
      ['job_1', 'a reason that is longer than there is room'],
      ['job_22', 'short'],
    ];
    expect(table(columns, rows, { width: 30, style: plain })).toEqual([
      'JOB     WHY',
      'job_1   a reason that is long…',
      'job_22  short',
    ]);
  });
});
