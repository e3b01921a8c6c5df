import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  catalog,
  contentBomb,
  doubleBomb,
  entryBomb,
  formBomb,
  objectBomb,
  page,
  pdf,
  stream,
  tree,
} from '../helpers/hostile-pdfs.js';
import { answerMaxMs, expectProblem, openTarget, type Target } from '../helpers/target.js';

/** PDFs that are none, are cut, locked, circular or explode, at the three tools and as jobs. */

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

const base64 = (content: string | Uint8Array): string => Buffer.from(content).toString('base64');

const whole = pdf([catalog, tree, page]);

const tools = [
  ['extract-text', (file: unknown) => ({ pdf_data: file }), '/pdf_data'],
  ['split', (file: unknown) => ({ pdf_data: file }), '/pdf_data'],
  ['merge', (file: unknown) => ({ pdf_files: [base64(whole), file] }), '/pdf_files/1'],
] as const;

describe.each(tools)('%s refuses', (tool, body, pointer) => {
  const files: readonly (readonly [name: string, file: unknown])[] = [
    ['null', null],
    ['a number', 5],
    ['an object', {}],
    ['an empty text', ''],
    ['no base64', '!!!!'],
    [
      'base64url',
      base64(Buffer.from('%PDF-1.7 \xfb\xff', 'latin1')).replaceAll('+', '-').replaceAll('/', '_'),
    ],
    ['base64 without padding', base64('%PDF-1.7 x').replaceAll('=', '')],
    ['base64 with line feeds', base64(whole).replace(/(.{64})/g, '$1\n')],
    ['base64 behind data:', `data:application/pdf;base64,${base64(whole)}`],
    ['base64 outside ASCII', `${base64(whole).slice(0, -4)}Ａ===`],
    ['a text', base64('hello world')],
    ['a PNG', base64(Buffer.from('89504e470d0a1a0a', 'hex'))],
    ['an address', 'https://a.example/x.pdf'],
    ['a path', '/etc/passwd'],
    ['a header far behind', base64(`${' '.repeat(1_100)}%PDF-1.7`)],
    ['a header alone', base64('%PDF-1.7\n')],
    ['a header and garbage', base64(Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(100_000, 0xa5)]))],
    ['a file without its end', base64(whole.subarray(0, whole.length - 60))],
    ['half a file', base64(whole.subarray(0, 60))],
    ['a file of startxref alone', base64('%PDF-1.7\nstartxref\n0\n%%EOF')],
    ['no page tree', base64(pdf(['<</Type/Catalog>>']))],
    ['no pages', base64(pdf([catalog, '<</Type/Pages/Kids[]/Count 0>>']))],
    [
      'a handler of encryption that nobody knows',
      base64(pdf([catalog, tree, page, '<</Filter/Nobody/V 9/R 9>>'], '/Encrypt 4 0 R')),
    ],
  ];
  it.each(files)('%s', async (_name, file) => {
    const answer = await target.ask({ path: `/api/v1/${tool}`, body: body(file) });
    expectProblem(answer, 422, 'validation-failed', pointer);
  });

  it.each([
    ['null', 'null'],
    ['an array', '[]'],
    ['another kind', { kind: 'document', operations: [] }],
  ])('a body of %s', async (_name, content) => {
    expectProblem(await target.ask({ path: `/api/v1/${tool}`, body: content }), 422, 'validation-failed');
  });
});

describe('options', () => {
  const file = base64(whole);
  const cases: readonly (readonly [tool: string, body: object, pointer: string])[] = [
    ['extract-text', { pdf_data: file, page_index: -1 }, '/page_index'],
    ['extract-text', { pdf_data: file, page_index: 0.5 }, '/page_index'],
    ['extract-text', { pdf_data: file, page_index: '0' }, '/page_index'],
    ['extract-text', { pdf_data: file, page_index: 2 ** 53 }, '/page_index'],
    ['extract-text', { pdf_data: file, page_index: 1 }, '/page_index'],
    ['extract-text', { pdf_data: file, page_index: 4_294_967_296 }, '/page_index'],
    ['extract-text', { pdf_data: file, include_formatting: 'yes' }, '/include_formatting'],
    ['split', { pdf_data: file, split_at_pages: 1 }, '/split_at_pages'],
    ['split', { pdf_data: file, split_at_pages: [-1] }, '/split_at_pages/0'],
    ['split', { pdf_data: file, split_at_pages: [0, '1'] }, '/split_at_pages/1'],
    ['split', { pdf_data: file, split_at_pages: [null] }, '/split_at_pages/0'],
    ['split', { pdf_data: file, split_at_pages: [0, 1] }, '/split_at_pages/1'],
    ['split', { pdf_data: file, split_at_pages: Array(5_001).fill(0) }, '/split_at_pages'],
    ['split', { pdf_data: file, max_pages_per_chunk: -1 }, '/max_pages_per_chunk'],
    ['split', { pdf_data: file, max_pages_per_chunk: 1e300 }, '/max_pages_per_chunk'],
    ['merge', {}, '/pdf_files'],
    ['merge', { pdf_files: [] }, '/pdf_files'],
    ['merge', { pdf_files: file }, '/pdf_files'],
    ['merge', { pdf_files: { 0: file } }, '/pdf_files'],
    ['merge', { pdf_files: Array(201).fill(file) }, '/pdf_files'],
    ['merge', { pdf_files: [file], kind: 'split' }, '/kind'],
  ];
  it.each(cases)('%s %.0j%s', async (tool, body, pointer) => {
    expectProblem(await target.ask({ path: `/api/v1/${tool}`, body }), 422, 'validation-failed', pointer);
  });
});

describe('circles and bombs', () => {
  const kids = (count: number, of: string) =>
    `<</Type/Pages/Kids[${`${of} `.repeat(count)}]/Count ${count}>>`;
  const broken: readonly (readonly [name: string, file: Buffer])[] = [
    ['a page tree that contains itself', pdf([catalog, '<</Type/Pages/Kids[2 0 R]/Count 1>>'])],
    [
      'a page tree of two that contain each other',
      pdf([catalog, kids(1, '3 0 R'), '<</Type/Pages/Parent 2 0 R/Kids[2 0 R]/Count 1>>']),
    ],
    ['a page that is there a thousand times', pdf([catalog, kids(1_000, '3 0 R'), page])],
    [
      'a page tree that doubles thirty times',
      pdf([catalog, ...Array.from({ length: 30 }, (_, index) => kids(2, `${index + 3} 0 R`)), page]),
    ],
    ['a page tree whose page is missing', pdf([catalog, '<</Type/Pages/Kids[9 0 R]/Count 1>>'])],
    ['a page tree whose kids are numbers', pdf([catalog, '<</Type/Pages/Kids[1 2 3]/Count 3>>'])],
  ];
  it.each(broken)('%s: merge and split refuse it', async (_name, file) => {
    for (const [tool, body, pointer] of tools.slice(1)) {
      const answer = await target.ask({ path: `/api/v1/${tool}`, body: body(base64(file)) });
      expectProblem(answer, 422, 'validation-failed', pointer);
    }
  });
  it.each(broken)('%s: extract-text refuses it or reads what is there', async (_name, file) => {
    const answer = await target.ask({ path: '/api/v1/extract-text', body: { pdf_data: base64(file) } });
    if (answer.status === 200) expect(answer.processorMs).toBeLessThan(answerMaxMs);
    else expectProblem(answer, 422, 'validation-failed', '/pdf_data');
  });

  const content = (bytes: Buffer) =>
    pdf([catalog, tree, '<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 4 0 R>>', stream(bytes)]);
  const odd: readonly (readonly [name: string, file: Buffer])[] = [
    ['a count of minus a million', pdf([catalog, '<</Type/Pages/Kids[3 0 R]/Count -1000000>>', page])],
    ['a count of a billion', pdf([catalog, '<</Type/Pages/Kids[3 0 R]/Count 1000000000>>', page])],
    ['a page without a box', pdf([catalog, tree, '<</Type/Page/Parent 2 0 R>>'])],
    [
      'a page of a box without end',
      pdf([catalog, tree, '<</Type/Page/Parent 2 0 R/MediaBox[-1e38 -1e38 1e38 1e38]>>']),
    ],
    [
      'a page that is its own content',
      pdf([catalog, tree, '<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 3 0 R>>']),
    ],
    [
      'resources that contain themselves',
      pdf([
        catalog,
        tree,
        '<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources 4 0 R>>',
        '<</Font 4 0 R/XObject 4 0 R/Self 4 0 R>>',
      ]),
    ],
    [
      'an outline that goes round',
      pdf([
        '<</Type/Catalog/Pages 2 0 R/Outlines 4 0 R>>',
        tree,
        page,
        '<</First 5 0 R/Last 5 0 R/Count 1>>',
        '<</Title(x)/Parent 4 0 R/Next 5 0 R/First 5 0 R/Dest[3 0 R/Fit]>>',
      ]),
    ],
    [
      'names that go round',
      pdf(['<</Type/Catalog/Pages 2 0 R/Names<</Dests 4 0 R>>>>', tree, page, '<</Kids[4 0 R 4 0 R]>>']),
    ],
    [
      'arrays 1,000 deep',
      pdf([
        catalog,
        tree,
        `<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/X ${'['.repeat(1_000)}${']'.repeat(1_000)}>>`,
      ]),
    ],
    ['content that inflates to 30 MB', content(Buffer.alloc(30_000_000, 0x20))],
    ['content of 300,000 saved states', content(Buffer.from('q '.repeat(300_000)))],
    [
      'scripts, launches and attachments',
      pdf([
        '<</Type/Catalog/Pages 2 0 R/OpenAction<</S/Launch/F(calc.exe)>>/Names<</JavaScript<</Names[(x)<</S/JavaScript/JS(app.alert\\(1\\))>>]>>>>>>',
        tree,
        page,
      ]),
    ],
  ];
  it.each(odd)('%s: every tool answers within its bounds, or refuses the file', async (_name, file) => {
    for (const [tool, body] of tools) {
      const answer = await target.ask({ path: `/api/v1/${tool}`, body: body(base64(file)) });
      expect(answer.processorMs).toBeLessThan(answerMaxMs);
      if (answer.status !== 200) expectProblem(answer, 422, 'validation-failed');
    }
  });

  it.each([
    ['a form that draws itself twice', formBomb(1, 2)],
    ['nine levels of forms, ten in each', formBomb(9, 10)],
    ['two streams of content of 300 MB', contentBomb(2, 300_000_000)],
  ])('D10: %s: extract-text refuses it, for it would need too much memory', async (_name, file) => {
    const answer = await target.ask({ path: '/api/v1/extract-text', body: { pdf_data: base64(file) } });
    expectProblem(answer, 422, 'validation-failed', '/pdf_data');
    expect(answer.bytes.toString()).toContain('128 MiB');
  });

  it.each([
    ['two streams of objects of 300 MB', objectBomb(2, 300_000_000)],
    ['a stream of objects of 300 MB, packed twice', doubleBomb(300_000_000)],
  ])('D10: %s: merge and split refuse it', async (_name, file) => {
    for (const [tool, body, pointer] of tools.slice(1)) {
      const answer = await target.ask({ path: `/api/v1/${tool}`, body: body(base64(file)) });
      expectProblem(answer, 422, 'validation-failed', pointer);
      expect(answer.bytes.toString()).toContain('64 MiB');
    }
  });

  it('a list of a billion objects that are not there is nothing', async () => {
    for (const [tool, body] of tools) {
      const answer = await target.ask({ path: `/api/v1/${tool}`, body: body(base64(entryBomb())) });
      expect([tool, answer.status]).toEqual([tool, 200]);
      expect(answer.processorMs).toBeLessThan(answerMaxMs);
    }
  });

  it('a merge drops scripts and launches', async () => {
    const [, file] = odd.at(-1) ?? ['', whole];
    const answer = await target.ask({
      path: '/api/v1/merge',
      body: { pdf_files: [base64(file)] },
      headers: { accept: 'application/pdf' },
    });
    expect(answer.status).toBe(200);
    expect(answer.bytes.toString('latin1')).not.toMatch(/JavaScript|Launch|OpenAction/);
  });

  it('as a job, a file that is cut ends as invalid_input', async () => {
    const job = await target.run({ kind: 'split', pdf_data: base64(whole.subarray(0, whole.length - 60)) });
    expect(job).toMatchObject({ status: 'failed', error_code: 'invalid_input', attempt: 1 });
  });
});

// Threads that held much memory were replaced; none was lost.
it('is unharmed', () => target.expectUnharmed({ maxRespawns: 20 }));
