import { describe, expect, test } from 'vitest';
import { prettyLine } from '../../src/cli/pretty-log.js';

const line = (fields: object): string => `${JSON.stringify(fields)}\n`;

describe('a line of the log at a terminal', () => {
  test('says when, how grave, what, and the fields', () => {
    const said = prettyLine(
      line({
        level: 30,
        time: Date.parse('2026-11-29T08:20:39.123Z'),
        pid: 7,
        hostname: 'h',
        job_id: 'job_01',
        duration_ms: 12,
        left: true,
        path: '/api/v1/jobs',
        msg: 'attempt ended',
      }),
    );
    expect(said).toBe(
      '2026-11-29T08:20:39.123Z INFO  attempt ended job_id=job_01 duration_ms=12 left=true path=/api/v1/jobs\n',
    );
  });

  test('has quotes around what is no single word', () => {
    const said = prettyLine(
      line({ level: 40, time: 0, reason: 'the disk is full', msg: '', owner: '', ids: ['a'] }),
    );
    expect(said).toBe('1970-01-01T00:00:00.000Z WARN   reason="the disk is full" owner="" ids=["a"]\n');
  });

  test('has the stack of an error below it', () => {
    const err = { type: 'Error', message: 'no room', stack: 'Error: no room\n    at write (a.js:1)' };
    expect(prettyLine(line({ level: 50, time: 0, err, msg: 'it failed' }))).toBe(
      '1970-01-01T00:00:00.000Z ERROR it failed\n    Error: no room\n        at write (a.js:1)\n',
    );
    expect(prettyLine(line({ level: 50, time: 0, err: 'a text', msg: 'x' }))).toMatch(/x\n {4}a text\n$/);
    expect(prettyLine(line({ level: 50, time: 0, err: { code: 1 }, msg: 'x' }))).toMatch(
      /x\n {4}\{"code":1\}\n$/,
    );
  });

  test('obeys no caller: nothing in it is a control of the terminal', () => {
    const evil = '\u001b[2J\u009b1m\r\nFATAL\u202e';
    const said = prettyLine(
      line({ level: 30, time: 0, path: evil, msg: evil, err: { stack: evil }, [evil]: evil }),
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(said.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    expect(said.split('\n')).toHaveLength(4);
  });

  test('leaves what is no line of the log as it is', () => {
    for (const other of ['(node:7) Warning: x\n', 'null\n', '12\n', '\n'])
      expect(prettyLine(other)).toBe(other);
  });
});
