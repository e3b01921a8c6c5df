import { describe, expect, it } from 'vitest';
import { passingCodeOf, systemErrorOf } from '../src/system-errors.js';

const of = (code: string, more: object = { syscall: 'write' }) =>
  Object.assign(new Error('failed'), { code, ...more });

describe('errors of the machine', () => {
  it.each([
    'ENOSPC',
    'EDQUOT',
    'EMFILE',
    'ENFILE',
    'EROFS',
    'EIO',
    'SQLITE_FULL',
    'SQLITE_IOERR',
    'SQLITE_IOERR_FSYNC',
    'SQLITE_BUSY',
    'SQLITE_BUSY_SNAPSHOT',
    'SQLITE_CANTOPEN',
  ])('%s passes', (code) => {
    expect(systemErrorOf(code)).toMatchObject({
      course: 'passes',
      reason: expect.stringMatching(/^the |^a|^an/),
    });
    expect(passingCodeOf(of(code))).toBe(code);
    expect(passingCodeOf(new Error('around it', { cause: of(code) }))).toBe(code);
  });

  it.each(['SQLITE_CORRUPT', 'SQLITE_CORRUPT_VTAB', 'SQLITE_NOTADB'])('%s stays', (code) => {
    expect(systemErrorOf(code)?.course).toBe('stays');
    expect(passingCodeOf(of(code))).toBeUndefined();
  });

  it('takes nothing else for one: what tells of one file, of a peer, or is a defect', () => {
    for (const code of ['ENOENT', 'EACCES', 'ECONNRESET', 'SQLITE_CONSTRAINT_UNIQUE', 'toString', 'SQLITE_'])
      expect(passingCodeOf(of(code))).toBeUndefined();
    // The code alone is anybody's.
    expect(passingCodeOf(of('EIO', {}))).toBeUndefined();
    expect(passingCodeOf('ENOSPC')).toBeUndefined();
  });
});
