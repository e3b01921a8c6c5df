import { describe, expect, it } from 'vitest';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import { RenderFailure } from '../../src/render/kind.js';
import { documentKind } from '../../src/render/kinds/document/request.js';
import { render } from './document-fixture.js';
import { drawPages, type ReadPage, readPages, rulesOf, type Word } from './page-words.js';

const registry = new FontRegistry();
const body = { type: 'add_text', text: 'CONTENT', font_size: 10 };
const operations = [body];
const eighty = 'a text of eighty characters that says who has written this and when it was, once';
const ruleColor = '#b8bec6';

async function pagesOf(request: object): Promise<{ pages: ReadPage[]; pdf: Buffer }> {
  const { pdf, warnings } = await render(registry, request);
  expect(warnings.filter(({ code }) => code !== 'standard_font')).toEqual([]);
  return { pages: await readPages(pdf), pdf };
}

function issues(request: object) {
  const parsed = documentKind.parse(request);
  return parsed.ok ? [] : parsed.issues;
}

const named = (page: ReadPage | undefined, text: string): Word | undefined =>
  page?.words.find((word) => word.text === text);
const edge = (words: readonly Word[], side: 'top' | 'bottom') =>
  side === 'top' ? Math.min(...words.map(({ top }) => top)) : Math.max(...words.map(({ bottom }) => bottom));
const band = (page: ReadPage | undefined) => page?.words.filter(({ text }) => text !== 'CONTENT') ?? [];

describe('headers and footers are as high as what they say', () => {
  it.each(['header', 'footer'] as const)('A1 a %s of three lines with a number and a rule', async (where) => {
    const { pages, pdf } = await pagesOf({
      page_size: 'A5',
      [where]: { left: eighty, center: '{page}/{pages}', right: 'RIGHT', line: true },
      operations:
        where === 'header'
          ? operations
          : [...operations, { type: 'add_text', text: `${'word '.repeat(2_500)}` }],
    });
    const [page] = pages;
    const band = page?.words.filter(({ text }) => text !== 'CONTENT' && text !== 'word') ?? [];
    expect(band.map(({ text }) => text).join(' ')).toContain('once');
    for (const word of [...eighty.split(' '), `1/${pages.length}`, 'RIGHT'])
      expect(band.map(({ text }) => text)).toContain(word);
    const lines = new Set(band.map(({ top }) => Math.round(top)));
    expect(lines.size).toBeGreaterThanOrEqual(3);
    const [rule, ...others] = rulesOf(
      (await drawPages(pdf, 8))[0] ?? { width: 0, height: 0, data: Buffer.alloc(0) },
      8,
      ruleColor,
      0.8,
    );
    expect(others.length).toBeLessThan(3);
    const content = page?.words.filter(({ text }) => text === 'CONTENT' || text === 'word') ?? [];
    if (where === 'header') {
      expect(edge(band, 'top')).toBeGreaterThan(1);
      expect(rule).toBeGreaterThan(edge(band, 'bottom'));
      expect(edge(content, 'top')).toBeGreaterThan(rule ?? Number.NaN);
    } else {
      expect(edge(band, 'bottom')).toBeLessThan(209);
      expect(rule).toBeLessThan(edge(band, 'top'));
      expect(edge(content, 'bottom')).toBeLessThan(rule ?? Number.NaN);
    }
  });

  it('A1 a large header that wraps', async () => {
    const text = 'BIG HEADER wraps here and there';
    const { pages } = await pagesOf({ page_size: 'A5', header: { text, font_size: 30 }, operations });
    expect(pages.length).toBe(1);
    expect(pages[0]?.text).toBe(`CONTENT ${text}`);
    const header = band(pages[0]);
    // The box of a letter has room for accents, a tenth of its size, above the line.
    expect(edge(header, 'top')).toBeGreaterThan(-1.1);
    expect(named(pages[0], 'CONTENT')?.top).toBeGreaterThan(edge(header, 'bottom'));
  });

  it('measures by the width of each page', async () => {
    const { pages } = await pagesOf({
      page_size: { width_mm: 80, height_mm: 200 },
      header: eighty,
      operations: [body, { type: 'add_page', orientation: 'landscape' }, body],
    });
    const [narrow, wide] = pages.map((page) => named(page, 'CONTENT')?.top ?? 0);
    expect(narrow).toBeGreaterThan((wide ?? 0) + 1);
    for (const page of pages) {
      expect(band(page).map(({ text }) => text)).toEqual(eighty.split(' '));
      expect(named(page, 'CONTENT')?.top).toBeGreaterThan(edge(band(page), 'bottom'));
    }
  });

  it('leaves room for the longest page number, and every page begins at one height', async () => {
    // With three digits the last word no longer fits on the first line.
    const { pages } = await pagesOf({
      page_size: { width_mm: 50, height_mm: 60 },
      header: 'page {page} of {pages}, ABCDEF',
      operations: Array.from({ length: 101 }, () => [body, { type: 'add_page_break' }])
        .flat()
        .slice(0, -1),
    });
    expect(pages.length).toBe(101);
    expect(new Set(pages.map((page) => named(page, 'CONTENT')?.top)).size).toBe(1);
    expect(new Set(pages.map((page) => named(page, 'page')?.top)).size).toBe(1);
    for (const [index, page] of pages.entries()) {
      expect(
        band(page)
          .map(({ text }) => text)
          .join(' '),
      ).toBe(`page ${index + 1} of 101, ABCDEF`);
      expect(named(page, 'CONTENT')?.top).toBeGreaterThan(edge(band(page), 'bottom'));
    }
  });

  it('takes lines of their own, sets them in the font of the document, and is small when it says little', async () => {
    const { pages } = await pagesOf({
      fonts: { default: 'times' },
      header: 'one\ntwo\nthree\nfour',
      footer: { text: 'foot', font_size: 4 },
      operations: [{ type: 'set_font', family: 'courier' }, body],
    });
    const header = band(pages[0]).filter(({ text }) => text !== 'foot');
    expect(header.map(({ text }) => text)).toEqual(['one', 'two', 'three', 'four']);
    expect(named(pages[0], 'CONTENT')?.top).toBeGreaterThan(edge(header, 'bottom'));
    // Courier would be a half wider.
    expect((named(pages[0], 'three')?.right ?? 0) - (named(pages[0], 'three')?.left ?? 0)).toBeLessThan(7.5);
    expect(named(pages[0], 'foot')?.top).toBeGreaterThan(287);
  });

  it('has its numbers beside letters of every script', async () => {
    const { pages } = await pagesOf({
      header: '日本{page}語 {pages}가',
      footer: { left: 'Ω{page}', right: '{page}{pages}' },
      operations,
    });
    expect(pages[0]?.text.replaceAll(' ', '')).toBe('CONTENT日本1語1가Ω111');
  });

  it('is refused when it leaves no room: at once where that is sure, else as it is set', async () => {
    expect(issues({ operations, header: { text: 'H', font_size: 900 } })[0]?.pointer).toBe('/header');
    expect(issues({ operations, footer: 'line\n'.repeat(100) })[0]?.pointer).toBe('/footer');
    const long = { text: 'word '.repeat(300), font_size: 40 };
    expect(issues({ operations, footer: long })).toEqual([]);
    const failure = await render(registry, { operations, header: 'H', footer: long }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(RenderFailure);
    expect(failure instanceof RenderFailure ? failure.pointer : '').toBe('/footer');
  });
});

describe('margins of the sides', () => {
  const filled = [{ type: 'add_text', text: 'word '.repeat(1_200) }];

  it.each([
    [{ margins: 25 }, [25, 25, 25, 25]],
    [{ margins: { top: 40, right: 50, bottom: 30, left: 20 } }, [40, 50, 30, 20]],
    [{ margins: { left: 60 } }, [10, 10, 10, 60]],
    [{ margin_mm: 30, margins: { top: 0 } }, [0, 30, 30, 30]],
    [{ margin_mm: 30 }, [30, 30, 30, 30]],
    [{}, [10, 10, 10, 10]],
  ])('%j', async (members, [top = 0, right = 0, bottom = 0, left = 0]) => {
    const { pages } = await pagesOf({ ...members, operations: filled });
    const words = pages[0]?.words ?? [];
    expect(pages.length).toBeGreaterThan(1);
    expect(Math.min(...words.map((word) => word.left))).toBeCloseTo(left, 0);
    // The box of a letter is higher than the line by what the font has above its capitals.
    expect(edge(words, 'top')).toBeGreaterThan(top - 1.5);
    expect(edge(words, 'top')).toBeLessThan(top + 2);
    expect(210 - Math.max(...words.map((word) => word.right))).toBeGreaterThan(right - 0.1);
    expect(210 - Math.max(...words.map((word) => word.right))).toBeLessThan(right + 12);
    expect(297 - edge(words, 'bottom')).toBeGreaterThan(bottom - 0.1);
    expect(297 - edge(words, 'bottom')).toBeLessThan(bottom + 8);
  });

  it('hold for headers and footers, too, which make the upper and lower ones higher where they need it', async () => {
    const { pages } = await pagesOf({
      margins: { top: 2, left: 40, right: 70, bottom: 50 },
      header: 'HEAD',
      footer: { left: 'FOOT', right: 'END' },
      operations,
    });
    const [head, foot, end] = ['HEAD', 'FOOT', 'END'].map((text) => named(pages[0], text));
    expect(head?.left).toBeCloseTo(40, 0);
    expect(foot?.left).toBeCloseTo(40, 0);
    expect(end?.right).toBeCloseTo(140, 0);
    expect(named(pages[0], 'CONTENT')?.top).toBeGreaterThan((head?.bottom ?? 0) + 1);
    expect(foot?.top).toBeGreaterThan(297 - 50);
  });

  it('are checked against each paper as it lies', () => {
    const pointers = (request: object) => issues(request).map(({ pointer }) => pointer);
    expect(pointers({ operations, margins: -1 })).toEqual(['/margins']);
    expect(pointers({ operations, margins: 'wide' })).toEqual(['/margins']);
    expect(pointers({ operations, margins: { top: -1, lefft: 1 } })).toEqual([
      '/margins/lefft',
      '/margins/top',
    ]);
    expect(pointers({ operations, margins: { left: 100, right: 106 } })).toEqual(['/margins']);
    expect(pointers({ operations, margins: { left: 100, right: 105 } })).toEqual([]);
    expect(pointers({ operations, margins: { top: 150, bottom: 142 } })).toEqual([]);
    expect(pointers({ operations, margins: { top: 150, bottom: 143 } })).toEqual(['/margins']);
    expect(pointers({ operations, margin_mm: 10, margins: 10 })).toEqual(['/margin_mm']);
    const turned = [body, { type: 'add_page', orientation: 'landscape' }];
    expect(pointers({ operations: turned, margins: { top: 150, bottom: 142 } })).toEqual([
      '/operations/1/orientation',
    ]);
    expect(
      pointers({ operations: [{ type: 'set_font', size: 9 }, ...turned.slice(1)], margins: { left: 250 } }),
    ).toEqual([]);
    const small = [{ type: 'add_page', page_size: { width_mm: 20, height_mm: 200 } }, body];
    expect(pointers({ operations: small, margins: { left: 8 } })).toEqual(['/operations/0/page_size']);
  });
});
