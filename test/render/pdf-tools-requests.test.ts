import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunkRanges } from '../../src/render/kinds/pdf-tools/chunk-ranges.js';
import { pdfLimits } from '../../src/render/kinds/pdf-tools/limits.js';
import { decodeBase64 } from '../../src/render/kinds/pdf-tools/pdf-input.js';
import { extractTextKind, mergeKind, splitKind } from '../../src/render/kinds/pdf-tools/requests.js';

const pdf = Buffer.from('%PDF-1.7\n').toString('base64');

function pointers(parsed: ReturnType<typeof mergeKind.parse>): readonly string[] {
  return parsed.ok ? [] : parsed.issues.map(({ pointer }) => pointer);
}

describe('requests of the PDF tools', () => {
  it('makes the bytes inputs and puts their index into the request', () => {
    expect(mergeKind.parse({ pdf_files: [pdf, pdf], group: 'a' })).toEqual({
      ok: true,
      plan: {
        request: { files: [0, 1] },
        inputs: [
          { bytes: Buffer.from('%PDF-1.7\n'), pointer: '/pdf_files/0' },
          { bytes: Buffer.from('%PDF-1.7\n'), pointer: '/pdf_files/1' },
        ],
      },
    });
    expect(splitKind.parse({ pdf_data: pdf, split_at_pages: [3, 1], max_pages_per_chunk: 2 })).toMatchObject({
      plan: { request: { file: 0, splitAtPages: [3, 1], maxPagesPerChunk: 2 } },
    });
    expect(extractTextKind.parse({ pdf_data: pdf, page_index: 0, include_formatting: true })).toMatchObject({
      plan: { request: { file: 0, pageIndex: 0, includeFormatting: true } },
    });
  });

  it('takes the least request, null for what is optional, and 0 for no bound', () => {
    expect(splitKind.parse({ pdf_data: pdf, split_at_pages: null, max_pages_per_chunk: 0 })).toMatchObject({
      plan: { request: { file: 0, splitAtPages: [] } },
    });
    expect(extractTextKind.parse({ pdf_data: pdf, page_index: null })).toMatchObject({
      plan: { request: { file: 0, includeFormatting: false } },
    });
  });

  it.each([null, 'text', 7, [], undefined])('refuses %j as a request', (request) => {
    for (const kind of [extractTextKind, mergeKind, splitKind]) expect(kind.parse(request).ok).toBe(false);
  });

  it.each([
    ['absent', undefined],
    ['no text', 7],
    ['empty', ''],
    ['unpadded', 'JVBERi0xLjcK'.slice(0, -1)],
    ['with a line break', `${pdf.slice(0, 4)}\n${pdf.slice(4)}`],
    ['in the URL alphabet', `${pdf.slice(0, 8)}-_${pdf.slice(10)}`],
    ['beyond ASCII, with the right low byte', `\u554a${pdf.slice(1)}`],
    ['a data: URI', `data:application/pdf;base64,${pdf}`],
    ['not a PDF', Buffer.from('hello').toString('base64')],
    ['a PDF whose header comes late', Buffer.from(`${' '.repeat(1024)}%PDF-1.7`).toString('base64')],
  ])('refuses a file that is %s, with a pointer', (_, file) => {
    expect(pointers(extractTextKind.parse({ pdf_data: file }))).toEqual(['/pdf_data']);
    expect(pointers(splitKind.parse({ pdf_data: file }))).toEqual(['/pdf_data']);
    expect(pointers(mergeKind.parse({ pdf_files: [pdf, file] }))).toEqual(['/pdf_files/1']);
  });

  it('takes a header that comes within the first 1024 bytes', () => {
    const late = Buffer.from(`${' '.repeat(1019)}%PDF-1.7`).toString('base64');
    expect(splitKind.parse({ pdf_data: late }).ok).toBe(true);
  });

  it('points at every bad member at once', () => {
    const split = { pdf_data: pdf, split_at_pages: [1, -1, 1.5, '2', null], max_pages_per_chunk: -1 };
    expect(pointers(splitKind.parse(split))).toEqual([
      '/split_at_pages/1',
      '/split_at_pages/2',
      '/split_at_pages/3',
      '/split_at_pages/4',
      '/max_pages_per_chunk',
    ]);
    expect(
      pointers(extractTextKind.parse({ pdf_data: 1, page_index: -1, include_formatting: 'yes' })),
    ).toEqual(['/pdf_data', '/page_index', '/include_formatting']);
  });

  it('bounds the number of files, of split points, and the bytes', () => {
    expect(pointers(mergeKind.parse({ pdf_files: [] }))).toEqual(['/pdf_files']);
    expect(pointers(mergeKind.parse({ pdf_files: Array(pdfLimits.files + 1).fill(pdf) }))).toEqual([
      '/pdf_files',
    ]);
    const points = Array(pdfLimits.splitPoints + 1).fill(1);
    expect(pointers(splitKind.parse({ pdf_data: pdf, split_at_pages: points }))).toEqual(['/split_at_pages']);
    const big = 'A'.repeat(Math.ceil(pdfLimits.fileBytes / 3) * 4 + 4);
    expect(pointers(splitKind.parse({ pdf_data: big }))).toEqual(['/pdf_data']);
    expect(pointers(mergeKind.parse({ pdf_files: [big, big, big] }))).toEqual(['/pdf_files']);
  });

  it('decodes exactly what an encoder makes, and nothing that differs from it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 64 }),
        fc.nat(),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
        (bytes, at, mark) => {
          const text = Buffer.from(bytes).toString('base64');
          expect(decodeBase64(text)).toEqual(Buffer.from(bytes));
          const place = text.length === 0 ? 0 : at % text.length;
          const changed = text.slice(0, place) + mark + text.slice(place + 1);
          const decoded = decodeBase64(changed);
          if (decoded !== undefined) expect(decoded.toString('base64')).toBe(changed);
        },
      ),
    );
  });
});

describe('where a document is cut', () => {
  const cuts = (pages: number, points: readonly number[], most?: number) =>
    chunkRanges(pages, points, most).map(({ from, to }) => [from, to]);

  it('makes every page its own chunk without points', () => {
    expect(cuts(3, [])).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
  });

  it('begins a chunk at every point, in any order, however often it is named', () => {
    expect(cuts(10, [5, 2, 5, 0])).toEqual([
      [0, 2],
      [2, 5],
      [5, 10],
    ]);
  });

  it('cuts chunks that are too long', () => {
    expect(cuts(7, [5], 2)).toEqual([
      [0, 2],
      [2, 4],
      [4, 5],
      [5, 7],
    ]);
    expect(cuts(5, [], 2)).toEqual([
      [0, 2],
      [2, 4],
      [4, 5],
    ]);
  });

  it('keeps every page once and in order', () => {
    const input = fc.record({
      pages: fc.integer({ min: 1, max: 200 }),
      points: fc.array(fc.nat()),
      most: fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(input, ({ pages, points, most }) => {
        const inside = points.map((point) => point % pages);
        const kept = chunkRanges(pages, inside, most).flatMap(({ from, to }) =>
          Array.from({ length: to - from }, (_, i) => from + i),
        );
        expect(kept).toEqual(Array.from({ length: pages }, (_, i) => i));
      }),
    );
  });
});
