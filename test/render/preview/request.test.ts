import { describe, expect, it } from 'vitest';
import { UploadedFile } from '../../../src/render/kind.js';
import {
  countOf,
  firstOf,
  pagesOf,
  pagesOfUnits,
  readRanges,
  unitOf,
} from '../../../src/render/kinds/preview/pages/page-ranges.js';
import { previewKind } from '../../../src/render/kinds/preview/request.js';

const pdf = Buffer.from('%PDF-1.7\n');
const parse = (members: Readonly<Record<string, unknown>>) => previewKind.parse(members);
const issues = (members: Readonly<Record<string, unknown>>) => {
  const parsed = parse({ input: pdf.toString('base64'), ...members });
  return parsed.ok ? [] : parsed.issues.map(({ pointer }) => pointer);
};

describe('a request for a preview', () => {
  it.each([
    ['base64', pdf.toString('base64')],
    ['base64 of the other alphabet, in lines', `${pdf.toString('base64url')}\n`],
    ['a data: URL', `data:application/pdf;base64,${pdf.toString('base64')}`],
  ])('has its file as %s', (_what, input) => {
    const parsed = parse({ input });
    expect(parsed).toMatchObject({ ok: true, plan: { request: { input: 0, format: 'png', quality: 85 } } });
    expect(parsed.ok && parsed.plan.inputs).toEqual([{ bytes: pdf, pointer: '/input' }]);
  });

  it('has its file as an address, of any type', () => {
    const parsed = parse({ input: 'https://example.org/a.pdf' });
    expect(parsed).toMatchObject({
      ok: true,
      plan: { request: { input: 0 }, inputs: [{ url: 'https://example.org/a.pdf', pointer: '/input' }] },
    });
  });

  it('has its file as a part of a form', () => {
    const file = (head: Buffer, sizeBytes = head.length) =>
      new UploadedFile({ path: '/x', sizeBytes, sha256: '', fileName: 'a', contentType: 'text/plain', head });
    expect(parse({ input: file(pdf) }).ok).toBe(true);
    for (const refused of [file(Buffer.alloc(0)), file(pdf, 100 * 2 ** 20 + 1)])
      expect(parse({ input: refused })).toMatchObject({ ok: false, issues: [{ pointer: '/input' }] });
  });

  it.each([
    [{}, 'is required'],
    [{ input: 7 }, 'must be a file'],
    [{ input: 'file:///etc/passwd' }, 'must be a file'],
    [{ input: '' }, 'must not be empty'],
    [{ input: 'data:application/pdf;base64' }, 'without data'],
    [{ input: 'no base64!' }, 'must be a file'],
  ])('%j is refused', (members, message) => {
    const parsed = parse(members);
    expect(parsed.ok || parsed.issues[0]).toMatchObject({
      pointer: '/input',
      message: expect.stringContaining(message),
    });
  });

  it.each([
    [{ format: 'bmp' }, '/format'],
    [{ quality: 0 }, '/quality'],
    [{ width: 4001 }, '/width'],
    [{ height: 1.5 }, '/height'],
    [{ dpi: 35 }, '/dpi'],
    [{ dpi: 100, width: 10 }, '/dpi'],
    [{ first_page: 0 }, '/first_page'],
    [{ pages: '3-1' }, '/pages'],
    [{ pages: [1] }, '/pages'],
    [{ password: 5 }, '/password'],
    [{ time: -1 }, '/time'],
  ])('%j is refused at %s', (members, pointer) => {
    expect(issues(members)).toEqual([pointer]);
  });

  it('takes jpeg for jpg, and null for what is left out', () => {
    expect(parse({ input: pdf.toString('base64'), format: 'jpeg', pages: null, width: null })).toMatchObject({
      ok: true,
      plan: { request: { format: 'jpg' } },
    });
  });
});

describe('ranges of pages', () => {
  it.each([
    ['1', [{ from: 1, to: 1 }]],
    [' 2 - 4 , 9- ', [{ from: 2, to: 4 }, { from: 9 }]],
  ])('%j is read', (text, ranges) => {
    expect(readRanges(text, 10)).toEqual(ranges);
  });

  it.each(['', '0', '1-0', 'a', '1,,2', '-3', '4-2', '12345678', '1,2,3,4'])('%j is refused', (text) => {
    expect(typeof readRanges(text, 3)).toBe('string');
  });

  it('are refused at once, however many spaces are in them', () => {
    expect(typeof readRanges(`1-${' '.repeat(400_000)}x`, 3)).toBe('string');
  });

  it('are pages in order, each once, and units of them', () => {
    const pages = pagesOf([{ from: 9 }, { from: 2, to: 4 }, { from: 3, to: 5 }, { from: 50, to: 60 }], 10);
    expect(pages).toEqual([
      { from: 1, to: 5 },
      { from: 8, to: 10 },
    ]);
    expect(countOf(pages)).toBe(6);
    expect(firstOf(pages, 5)).toEqual([
      { from: 1, to: 5 },
      { from: 8, to: 9 },
    ]);
    expect(pagesOfUnits(pages, { from: 3, to: 6 })).toEqual([4, 8, 9]);
    expect([1, 4, 5, 8, 9, 10].map((page) => unitOf(pages, page))).toEqual([
      0,
      3,
      undefined,
      4,
      5,
      undefined,
    ]);
  });
});
