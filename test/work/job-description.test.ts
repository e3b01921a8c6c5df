import { describe, expect, it } from 'vitest';
import { readDescription } from '../../src/work/submit/job-description.js';
import { readJobOptions } from '../../src/work/submit/job-options.js';

const read = (body: Readonly<Record<string, unknown>>) => {
  const answer = readJobOptions(body);
  return answer.ok ? answer.options.description : answer.issues.map(({ pointer }) => pointer);
};

describe('what a caller says of a job', () => {
  it('is taken as it was given, up to its bounds', () => {
    const most = {
      title: 't'.repeat(2_000),
      reference: 'ä'.repeat(128),
      tags: Array.from({ length: 10 }, (_, n) => `${n}`.repeat(64)),
      metadata: Object.fromEntries(
        Array.from({ length: 20 }, (_, n) => [String.fromCharCode(65 + n).repeat(64), 'v'.repeat(256)]),
      ),
    };
    expect(read({ ...most, file_name: `${'n'.repeat(196)}.pdf` })).toEqual({
      ...most,
      fileName: `${'n'.repeat(196)}.pdf`,
    });
    expect(read({ title: '👩‍💻 Übersicht', tags: ['a, b', 'A'], metadata: { k: '' } })).toEqual({
      title: '👩‍💻 Übersicht',
      tags: ['a, b', 'A'],
      metadata: { k: '' },
    });
  });

  it('may be left out, as null and as nothing, too', () => {
    const members = ['title', 'reference', 'tags', 'metadata', 'file_name'];
    expect(read({})).toEqual({});
    expect(read(Object.fromEntries(members.map((name) => [name, null])))).toEqual({});
    expect(read({ title: '', tags: [], metadata: {} })).toEqual({});
    expect(read({ retry_of: 'job_000000000000000000000001' })).toEqual({});
  });

  it('keeps a pair whose name every object knows', () => {
    const metadata = JSON.parse('{"__proto__":"x","constructor":"y"}');
    const told = readDescription({ metadata }, []).metadata ?? {};
    expect(Object.entries(told)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(Object.getPrototypeOf(told)).toBe(Object.prototype);
  });

  const tooMany = Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`m${n}`, '']));
  it.each<[Record<string, unknown>, string]>([
    [{ title: 7 }, '/title'],
    [{ title: 't'.repeat(2_001) }, '/title'],
    [{ title: 'two\nlines' }, '/title'],
    [{ title: 'nul\0' }, '/title'],
    [{ title: 'half \ud800' }, '/title'],
    [{ title: 'line\u2028separator' }, '/title'],
    [{ reference: '' }, '/reference'],
    [{ reference: 'r'.repeat(129) }, '/reference'],
    [{ reference: '\x7f' }, '/reference'],
    [{ reference: ['r'] }, '/reference'],
    [{ tags: 'urgent' }, '/tags'],
    [{ tags: Array.from({ length: 11 }, String) }, '/tags'],
    [{ tags: ['x', ''] }, '/tags/1'],
    [{ tags: ['t'.repeat(65)] }, '/tags/0'],
    [{ tags: ['x', 'x'] }, '/tags/1'],
    [{ tags: ['x', 7] }, '/tags/1'],
    [{ tags: [' x'] }, '/tags/0'],
    [{ tags: ['a\tb'] }, '/tags/0'],
    [{ tags: ['\udc00'] }, '/tags/0'],
    [{ metadata: [] }, '/metadata'],
    [{ metadata: 'k=v' }, '/metadata'],
    [{ metadata: tooMany }, '/metadata'],
    [{ metadata: { k: 1 } }, '/metadata/k'],
    [{ metadata: { k: null } }, '/metadata/k'],
    [{ metadata: { 'a/b~c': 'v'.repeat(257) } }, '/metadata/a~1b~0c'],
    [{ metadata: { '': 'v' } }, '/metadata/'],
    [{ metadata: { ['k'.repeat(65)]: 'v' } }, `/metadata/${'k'.repeat(64)}`],
    [{ metadata: { 'k\0': 'v' } }, '/metadata/k\0'],
    [{ metadata: { '\ud800': 'v' } }, '/metadata/\ufffd'],
    [{ metadata: { k: 'a\nb' } }, '/metadata/k'],
    [{ file_name: '' }, '/file_name'],
    [{ file_name: 'a/b.pdf' }, '/file_name'],
    [{ file_name: 'a\\b.pdf' }, '/file_name'],
    [{ file_name: '..' }, '/file_name'],
    [{ file_name: ' x.pdf' }, '/file_name'],
    [{ file_name: 'CON:' }, '/file_name'],
    [{ file_name: 'invoice\u202efdp.exe' }, '/file_name'],
    [{ file_name: 'x\r\ny' }, '/file_name'],
    [{ file_name: 'n'.repeat(201) }, '/file_name'],
  ])('is refused with a pointer: %j', (body, pointer) => {
    expect(read(body)).toEqual([pointer]);
  });

  it('names every defect', () => {
    expect(read({ title: '\n', tags: ['', 'x', 'x'], metadata: { a: 1, b: 2 }, priority: 99 })).toEqual([
      '/title',
      '/tags/0',
      '/tags/2',
      '/metadata/a',
      '/metadata/b',
      '/priority',
    ]);
  });
});
