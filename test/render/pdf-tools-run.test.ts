import { degrees, PDFArray, PDFDict, PDFDocument, PDFName, PDFRef } from '@cantoo/pdf-lib';
import { describe, expect, it } from 'vitest';
import { RenderFailure } from '../../src/render/kind.js';
import { extractTextRunner } from '../../src/render/kinds/pdf-tools/extract-text.js';
import { mergeRunner } from '../../src/render/kinds/pdf-tools/merge.js';
import { extractTextKind, mergeKind, splitKind } from '../../src/render/kinds/pdf-tools/requests.js';
import { splitRunner } from '../../src/render/kinds/pdf-tools/split.js';
import type { TextPage } from '../../src/render/kinds/pdf-tools/text-layout.js';
import { appearance, makeField, makeForm, string } from './pdf-forms-fixture.js';
import { base64, makePdf, qpdf, type Ran, runKind, type Sample, withoutQpdf } from './pdf-tools-fixture.js';

const merge = (files: readonly Uint8Array[]) =>
  runKind(mergeKind, mergeRunner, { pdf_files: files.map(base64) });
const split = (file: Uint8Array, more: object = {}) =>
  runKind(splitKind, splitRunner, { pdf_data: base64(file), ...more });
const extract = (file: Uint8Array, more: object = {}) =>
  runKind(extractTextKind, extractTextRunner, { pdf_data: base64(file), ...more });

const threePages: Sample = {
  pages: [
    { size: [300, 400], text: 'First page\nsecond line' },
    { size: [200, 500], text: 'Turned', rotate: 90 },
    { size: [612, 792], text: 'Last page' },
  ],
};

async function failure(running: Promise<unknown>): Promise<RenderFailure> {
  const error = await running.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RenderFailure);
  return error instanceof RenderFailure ? error : new RenderFailure('');
}

function expectSteady(ran: Ran): void {
  const ratios = ran.progress.map(({ ratio }) => ratio);
  expect(ratios).toEqual([...ratios].sort((a, b) => a - b));
  expect(ratios.every((ratio) => ratio > 0 && ratio <= 1)).toBe(true);
}

/** Index of the page that the first link of each page leads to; nothing for a page without a link. */
function links(document: PDFDocument): readonly (number | undefined)[] {
  const refs = document.getPages().map(({ ref }) => ref);
  return document.getPages().map(({ node }) => {
    const annotations = node.Annots();
    const link = annotations && annotations.size() > 0 ? annotations.lookup(0, PDFDict) : undefined;
    const target = link?.lookup(PDFName.of('Dest'), PDFArray).get(0);
    return target instanceof PDFRef ? refs.indexOf(target) : undefined;
  });
}

function bookmarks(document: PDFDocument): readonly (readonly [string, number])[] {
  const refs = document.getPages().map(({ ref }) => ref);
  const outline = document.catalog.lookupMaybe(PDFName.of('Outlines'), PDFDict);
  const found: [string, number][] = [];
  let item = outline?.lookupMaybe(PDFName.of('First'), PDFDict);
  while (item) {
    const page = item.lookup(PDFName.of('Dest'), PDFArray).get(0);
    found.push([String(item.lookup(PDFName.of('Title'))), page instanceof PDFRef ? refs.indexOf(page) : -1]);
    item = item.lookupMaybe(PDFName.of('Next'), PDFDict);
  }
  return found;
}

describe('merge', () => {
  it('joins in order and keeps sizes and rotation', async () => {
    const other = await makePdf({ pages: [{ size: [100, 120], text: 'Other' }] });
    const ran = await merge([other, await makePdf(threePages), other]);
    expect(ran.names).toEqual(['merged.pdf']);
    expect(ran.result).toEqual({ pages: 5 });
    const pages = (await PDFDocument.load(ran.bytes('merged.pdf'))).getPages();
    expect(pages.map((page) => [page.getWidth(), page.getHeight(), page.getRotation().angle])).toEqual([
      [100, 120, 0],
      [300, 400, 0],
      [200, 500, 90],
      [612, 792, 0],
      [100, 120, 0],
    ]);
    expectSteady(ran);
    expect(ran.progress.at(-1)).toMatchObject({ pagesDone: 5, pagesTotal: 5 });
  });

  it('keeps what a page inherits from its ancestors', async () => {
    const source = await PDFDocument.load(await makePdf({ pages: [{ size: [300, 400] }] }));
    source.catalog.Pages().set(PDFName.of('Rotate'), source.context.obj(270));
    source.catalog.Pages().set(PDFName.of('MediaBox'), source.context.obj([0, 0, 90, 91]));
    source.getPage(0).node.delete(PDFName.of('MediaBox'));
    const [page] = (
      await PDFDocument.load((await merge([await source.save()])).bytes('merged.pdf'))
    ).getPages();
    expect([page?.getWidth(), page?.getHeight(), page?.getRotation().angle]).toEqual([90, 91, 270]);
  });

  it('keeps links within a file, explicit and named, and bookmarks', async () => {
    const file = await makePdf({
      pages: [
        { size: [100, 100], linkTo: 1 },
        { size: [100, 100], linkToName: 'start' },
      ],
      names: { start: 0 },
      bookmarks: [
        ['One', 0],
        ['Two', 1],
      ],
    });
    const merged = await PDFDocument.load((await merge([file, file])).bytes('merged.pdf'));
    expect(links(merged)).toEqual([1, 0, 3, 2]);
    expect(bookmarks(merged)).toEqual([
      ['(One)', 0],
      ['(Two)', 1],
      ['(One)', 2],
      ['(Two)', 3],
    ]);
  });

  it.skipIf(withoutQpdf)('makes a file that qpdf finds no fault with', async () => {
    const file = await makePdf({
      pages: [{ size: [300, 400], text: 'A', linkTo: 1 }, { size: [300, 400] }],
      bookmarks: [['One', 0]],
    });
    const checked = qpdf(
      ['--check', 'in.pdf'],
      (await merge([file, await makePdf(threePages)])).bytes('merged.pdf'),
    );
    expect(checked).toMatchObject({
      status: 0,
      text: expect.stringContaining('No syntax or stream encoding errors'),
    });
  });
});

describe('split', () => {
  it('makes a list first, then the chunks', async () => {
    const ran = await split(await makePdf(threePages), { split_at_pages: [1] });
    expect(ran.names).toEqual(['split.json', 'chunk-001.pdf', 'chunk-002.pdf']);
    expect(ran.json('split.json')).toEqual({
      chunk_page_counts: [1, 2],
      chunks: ['chunk-001.pdf', 'chunk-002.pdf'],
    });
    expect(ran.result).toEqual({ pages: 3 });
    const second = (await PDFDocument.load(ran.bytes('chunk-002.pdf'))).getPages();
    expect(second.map((page) => [page.getWidth(), page.getRotation().angle])).toEqual([
      [200, 90],
      [612, 0],
    ]);
    expectSteady(ran);
    expect(ran.progress.at(-1)).toEqual({ ratio: 1, phase: 'pages', pagesDone: 3, pagesTotal: 3 });
  });

  it('makes every page its own file without split points', async () => {
    const ran = await split(await makePdf(threePages));
    expect(ran.json('split.json')).toMatchObject({ chunk_page_counts: [1, 1, 1] });
  });

  it('drags no page along that a link leads to, and keeps links and bookmarks within a chunk', async () => {
    const ballast = 50_000;
    const size: [number, number] = [100, 100];
    const file = await makePdf({
      ballast,
      pages: [{ size, linkTo: 3 }, { size, linkTo: 0 }, { size }, { size, linkTo: 2 }],
      bookmarks: [
        ['One', 0],
        ['Four', 3],
      ],
    });
    const ran = await split(file, { split_at_pages: [2] });
    const [first, second] = [ran.bytes('chunk-001.pdf'), ran.bytes('chunk-002.pdf')];
    expect(first.length).toBeLessThan(2.2 * ballast);
    const [one, two] = [await PDFDocument.load(first), await PDFDocument.load(second)];
    expect(links(one)).toEqual([undefined, 0]);
    expect(one.getPages().map(({ node }) => node.Annots()?.size())).toEqual([0, 1]);
    expect(links(two)).toEqual([undefined, 0]);
    expect(bookmarks(one)).toEqual([['(One)', 0]]);
    expect(bookmarks(two)).toEqual([['(Four)', 1]]);
  });

  it('points at a split point past the end', async () => {
    const refusal = await failure(split(await makePdf(threePages), { split_at_pages: [1, 3] }));
    expect(refusal.pointer).toBe('/split_at_pages/1');
    expect(refusal.message).toMatch(/past the last page/);
  });

  it.skipIf(withoutQpdf)('makes files that qpdf finds no fault with', async () => {
    const ran = await split(await makePdf(threePages));
    for (const name of ran.names.slice(1))
      expect(qpdf(['--check', 'in.pdf'], ran.bytes(name)).status).toBe(0);
  });
});

it.skipIf(withoutQpdf)(
  'pages whose list of streams names one that the file does not have come without it',
  async () => {
    const source = await PDFDocument.load(await makePdf(threePages), { updateMetadata: false });
    const { context } = source;
    const [shown, bare] = source.getPages();
    const streams = shown?.node.lookup(PDFName.of('Contents'), PDFArray);
    streams?.push(PDFRef.of(900));
    // The whole list is missing.
    bare?.node.set(PDFName.of('Contents'), PDFRef.of(901));
    context.largestObjectNumber = 1_000;
    const file = await source.save({ useObjectStreams: false });
    const ran = [await merge([file, file]), await split(file)];
    const made = ran.flatMap(({ names, bytes }) => names.filter((one) => one.endsWith('.pdf')).map(bytes));
    expect(made.length).toBeGreaterThan(1);
    for (const pdf of made) expect(qpdf(['--check', 'in.pdf'], pdf).text).not.toMatch(/warning|error:/i);
  },
);

describe('extract_text', () => {
  it('reads every page', async () => {
    const ran = await extract(await makePdf(threePages));
    expect(ran.names).toEqual(['text.json']);
    expect(ran.json('text.json')).toEqual({
      text: 'First page\nsecond line\n\nTurned\n\nLast page',
      page_count: 3,
      pages_processed: 3,
    });
    expectSteady(ran);
  });

  it('reads one page', async () => {
    const ran = await extract(await makePdf(threePages), { page_index: 2 });
    expect(ran.json('text.json')).toEqual({ text: 'Last page', page_count: 3, pages_processed: 1 });
  });

  it('points at a page past the end', async () => {
    expect(await failure(extract(await makePdf(threePages), { page_index: 3 }))).toMatchObject({
      pointer: '/page_index',
      message: 'is past the last page, 2',
    });
  });

  it('A9 reads what fields and stamps show, each in a line of its own', async () => {
    const ran = await extract(await makeForm('Ada'), { include_formatting: true });
    const { text, pages } = ran.json('text.json') as { text: string; pages: readonly TextPage[] };
    expect(text).toBe('Form of Ada\nAda\nNorway\n\nSecond page\nCity of Ada');
    const lines = pages[0]?.blocks.flatMap((block) => block.lines) ?? [];
    expect(lines.map((line) => line.text)).toEqual(['Form of Ada', 'Ada', 'Norway']);
    // The last field begins 166 pt below the top of the page and is 24 pt high.
    expect(lines[2]?.y).toBeGreaterThan((166 * 25.4) / 72);
    expect(lines[2]?.y).toBeLessThan((176 * 25.4) / 72);
    const stamped = await makeField((document) => {
      const field = document.context.obj({
        Rect: [20, 20, 220, 44],
        AP: { N: appearance(document, 'PAID') },
      });
      return { field, subtype: 'Stamp' };
    });
    expect((await extract(stamped)).json('text.json')).toMatchObject({ text: 'PAID' });
  });

  it('reads the value of a field that the file has no picture of, and no hidden field', async () => {
    const field = (more: object) =>
      makeField((document) => {
        const made = document.context.obj({ FT: 'Tx', Rect: [20, 100, 200, 124], ...more });
        made.set(PDFName.of('T'), string('name'));
        made.set(PDFName.of('V'), string('Grüße von Ada'));
        made.set(PDFName.of('DA'), string('0 g /Helv 12 Tf'));
        return { field: made, form: { NeedAppearances: true } };
      });
    expect((await extract(await field({}))).json('text.json')).toMatchObject({ text: 'Grüße von Ada' });
    expect((await extract(await field({ F: 2 }))).json('text.json')).toMatchObject({ text: '' });
  });

  it('keeps the words of sideways text in one line, also beside fields', async () => {
    const document = await PDFDocument.load(await makeForm('Ada'));
    document.getPage(0).drawText('one two three', { x: 280, y: 100, rotate: degrees(90), size: 12 });
    const { text } = (await extract(await document.save())).json('text.json') as { text: string };
    expect(text).toContain('one two three');
  });

  it('reads pages without text', async () => {
    const ran = await extract(await makePdf({ pages: [{ size: [100, 100] }] }), { include_formatting: true });
    expect(ran.json('text.json')).toMatchObject({ text: '', pages: [{ page_index: 0, blocks: [] }] });
  });

  it('gives lines and blocks their place and size', async () => {
    const ran = await extract(await makePdf(threePages), { page_index: 0, include_formatting: true });
    const { pages } = ran.json('text.json') as { pages: [{ blocks: [{ lines: [object, object] }] }] };
    expect(pages).toMatchObject([
      {
        page_index: 0,
        width: 105.83,
        height: 141.11,
        blocks: [{ font_size: 18, lines: [{ text: 'First page' }, { text: 'second line' }] }],
      },
    ]);
    // Drawn 50 pt from the left with its base line 80 pt from the top: 17.64 mm and, above the base line, under 28.22.
    const [first, second] = pages[0].blocks[0].lines as unknown as Record<'x' | 'y' | 'height', number>[];
    expect(first?.x).toBeCloseTo(17.64, 0);
    expect(first?.y).toBeGreaterThan(19);
    expect(first?.y).toBeLessThan(23);
    expect(second?.y).toBeCloseTo((first?.y ?? 0) + 22 * (25.4 / 72), 1);
  });

  it('gives places on a turned page as it is shown', async () => {
    const ran = await extract(await makePdf(threePages), { page_index: 1, include_formatting: true });
    const { pages } = ran.json('text.json') as { pages: [{ blocks: [Record<'x' | 'y', number>] }] };
    expect(pages[0]).toMatchObject({ width: 176.39, height: 70.56 });
    // 50 pt from the left and 80 pt from the top becomes 50 pt from the top and about 80 pt from the right.
    expect(pages[0].blocks[0].y).toBeCloseTo(17.64, 0);
    expect(pages[0].blocks[0].x).toBeGreaterThan(140);
  });
});

describe('files that are unfit', () => {
  const runs = [
    ['merge', (file: Uint8Array) => merge([file]), '/pdf_files/0'],
    ['split', (file: Uint8Array) => split(file), '/pdf_data'],
    ['extract_text', (file: Uint8Array) => extract(file), '/pdf_data'],
  ] as const;

  describe.each(runs)('%s', (_, run, pointer) => {
    it('tells a truncated file', async () => {
      const file = await makePdf(threePages);
      for (const share of [0.3, 0.6, 0.9]) {
        const refusal = await failure(run(file.subarray(0, file.length * share)));
        expect(refusal).toMatchObject({ pointer, message: expect.stringMatching(/truncated/) });
      }
    });

    it('tells a broken file', async () => {
      const junk = Buffer.from(`%PDF-1.7\n${'junk '.repeat(100)}\nstartxref\n0\n%%EOF`);
      expect(await failure(run(junk))).toMatchObject({ pointer, message: expect.stringMatching(/broken/) });
    });

    it('tells a file without pages', async () => {
      const empty = await (await PDFDocument.create()).save({ addDefaultPage: false });
      expect(await failure(run(empty))).toMatchObject({
        pointer,
        message: expect.stringMatching(/no pages/),
      });
    });

    it.skipIf(withoutQpdf)('tells an encrypted file, and opens one whose password is empty', async () => {
      const file = await makePdf(threePages);
      for (const bits of [['--allow-weak-crypto', '128'], ['256']]) {
        const lock = (user: string) => {
          const flags = bits.slice(0, -1);
          return qpdf([...flags, '--encrypt', user, 'owner', bits.at(-1) ?? '', '--', 'in.pdf', '-'], file)
            .output;
        };
        expect(await failure(run(lock('secret')))).toMatchObject({
          pointer,
          message: expect.stringMatching(/encrypted/),
        });
        expect((await run(lock(''))).result).toEqual({ pages: 3 });
      }
    });
  });

  it.skipIf(withoutQpdf)(
    'merges what opened with the empty password without encryption, and says so',
    async () => {
      const file = qpdf(
        ['--encrypt', '', 'owner', '256', '--', 'in.pdf', '-'],
        await makePdf(threePages),
      ).output;
      const ran = await merge([file]);
      expect(ran.warnings).toMatchObject([{ code: 'encryption_removed' }]);
      expect(qpdf(['--check', 'in.pdf'], ran.bytes('merged.pdf'))).toMatchObject({
        status: 0,
        text: expect.stringContaining('not encrypted'),
      });
      const text = (await extract(ran.bytes('merged.pdf'))).json('text.json');
      expect(text).toMatchObject({ text: expect.stringContaining('Last page') });
    },
  );

  it('refuses a page tree that contains itself', async () => {
    const source = await PDFDocument.load(await makePdf(threePages));
    const tree = source.catalog.get(PDFName.of('Pages'));
    if (tree instanceof PDFRef) source.catalog.Pages().Kids().push(tree);
    const refusal = await failure(
      merge([await source.save({ addDefaultPage: false, updateFieldAppearances: false })]),
    );
    expect(refusal.message).toMatch(/broken/);
  });

  it('refuses a page tree that lost a page', async () => {
    const source = await PDFDocument.load(await makePdf(threePages));
    source.context.delete(source.getPage(1).ref);
    expect((await failure(split(await source.save()))).message).toMatch(/a page is missing/);
  });
});
