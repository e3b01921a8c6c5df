import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import { render } from './document-fixture.js';
import { drawPages, type ReadPage, readPages, rulesOf, type Word } from './page-words.js';

const registry = new FontRegistry();
const spacer = (height: number) => ({ type: 'add_spacer', height });
const table = (more: object) => ({ type: 'add_table', ...more });

async function pagesOf(operations: readonly object[], more: object = {}): Promise<ReadPage[]> {
  const { pdf, warnings } = await render(registry, { page_size: 'A5', ...more, operations });
  expect(warnings).toEqual([]);
  return readPages(pdf);
}

const texts = (pages: readonly ReadPage[]) => pages.map(({ words }) => words.map(({ text }) => text));
const pageOf = (pages: readonly ReadPage[], text: string) =>
  pages.findIndex(({ words }) => words.some((word) => word.text === text));
const lines = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}${i}`);
/** Every word once, in order. */
function expectAll(pages: readonly ReadPage[], words: readonly string[]): void {
  const found = texts(pages).flat();
  for (const word of words) expect([word, found.filter((one) => one === word).length]).toEqual([word, 1]);
  expect(found.filter((one) => words.includes(one))).toEqual(words);
}
/** No two words of a page lie on each other. The box of a word is some 2 mm higher than its line. */
function expectApart(pages: readonly ReadPage[]): void {
  const overlap = (a: Word, b: Word) =>
    a.left < b.right - 0.3 && b.left < a.right - 0.3 && a.top < b.bottom - 2.2 && b.top < a.bottom - 2.2;
  for (const { words } of pages) {
    const clash = words.flatMap((a, i) =>
      words
        .slice(i + 1)
        .filter((b) => overlap(a, b))
        .map((b) => [a, b]),
    );
    expect(clash).toEqual([]);
  }
}

describe('P1 a table header never stands alone', () => {
  const rows = [
    ['ONE', 'x'],
    ['TWO', 'y'],
  ];
  // Down the page, so that the header ends everywhere between the last line and the page's end.
  const heights = Array.from({ length: 33 }, (_, i) => 160 + i);

  it.each([false, true])('before text, keep_rows %s', async (keep_rows) => {
    for (const height of heights) {
      const pages = await pagesOf([spacer(height), table({ headers: ['HEAD', 'B'], rows, keep_rows })]);
      const first = texts(pages).findIndex((words) => words.includes('HEAD'));
      expect([height, pageOf(pages, 'ONE')]).toEqual([height, first]);
      for (const words of texts(pages).slice(first)) expect(words).toContain('HEAD');
    }
  });

  it('before a list, a picture, a table, and in columns', async () => {
    const png = (
      await sharp({ create: { width: 80, height: 80, channels: 3, background: '#c03' } })
        .png()
        .toBuffer()
    ).toString('base64');
    const cells = [
      '<ul><li>ONE</li></ul>',
      `<p><img src="data:image/png;base64,${png}"></p>ONE`,
      '<table><tr><td>ONE</td></tr></table>',
      '<h1>ONE</h1>',
    ];
    for (const cell of cells) {
      const html = `<table><thead><tr><th>HEAD</th></tr></thead><tr><td>${cell}</td></tr></table>`;
      for (const height of [165, 170, 175, 180, 183]) {
        const pages = await pagesOf([spacer(height), table({ html })]);
        const sheets = await drawPages(
          (await render(registry, { page_size: 'A5', operations: [spacer(height), table({ html })] })).pdf,
          2,
        );
        const red = sheets.findIndex((sheet) => rulesOf(sheet, 2, '#cc0033', 0.1).length > 0);
        const at = cell.includes('<img') ? red : pageOf(pages, 'ONE');
        expect([cell.slice(0, 20), height, at]).toEqual([cell.slice(0, 20), height, pageOf(pages, 'HEAD')]);
      }
    }
    const inner = [spacer(180), table({ headers: ['HEAD'], rows: [['ONE']] })];
    const pages = await pagesOf(
      [{ type: 'add_columns', columns: [{ operations: inner }, { operations: [] }] }].map((one) => ({
        ...one,
        columns: [{ operations: inner }],
      })),
    );
    expect(pageOf(pages, 'HEAD')).toBe(pageOf(pages, 'ONE'));
  });
});

describe('A12 keep_rows: rows that fit a page stay whole', () => {
  it('of a statement with dates of two lines', async () => {
    const rows = Array.from({ length: 70 }, (_, i) => [`a${i} b${i}`, `text${i}`, `${i},00`]);
    const widths = [13, '*', 30];
    const count = (pages: readonly ReadPage[]) =>
      rows.filter((_, i) => pageOf(pages, `a${i}`) !== pageOf(pages, `b${i}`)).length;
    const options = { headers: ['D', 'TEXT', 'SUM'], rows, widths, font_size: 13.5 };
    const cut = await pagesOf([table(options)]);
    const whole = await pagesOf([table({ ...options, keep_rows: true })]);
    expect(count(cut)).toBeGreaterThan(0);
    expect(count(whole)).toBe(0);
    expectAll(
      whole,
      rows
        .flatMap(([date = '', ...rest]) => [...date.split(' '), ...rest])
        .sort((a, b) => order(whole, a) - order(whole, b)),
    );
    for (const words of texts(whole)) expect(words).toContain('SUM');
    expectApart(whole);
  });

  it.each([true, false])('without a header (%s), with borders at every page end', async (header) => {
    const rows = Array.from({ length: 30 }, (_, i) => [`a${i}\nb${i}\nc${i}`]);
    const { pdf } = await render(registry, {
      page_size: 'A5',
      operations: [table({ ...(header ? { headers: ['HEAD'] } : {}), rows, keep_rows: true })],
    });
    const sheets = await drawPages(pdf, 8);
    const pages = await readPages(pdf);
    expect(pages.length).toBeGreaterThan(2);
    for (const [i, page] of pages.entries()) {
      const borders = rulesOf(sheets[i] ?? { width: 0, height: 0, data: Buffer.alloc(0) }, 8, '#b8bec6', 0.8);
      const letters = page.words.map(({ text }) => text);
      expect(borders[0]).toBeLessThan((page.words[0]?.top ?? 0) + 1);
      expect(borders.at(-1)).toBeGreaterThan((page.words.at(-1)?.bottom ?? 0) - 1.5);
      expect(letters.filter((text) => text.startsWith('a')).length).toBe(
        letters.filter((text) => text.startsWith('c')).length,
      );
    }
  });

  it('of all rows that a cell spans', async () => {
    const rows = Array.from({ length: 12 }, (_, i) => [
      [{ text: `s${i}`, rowspan: 3 }, `a${i}`],
      [`b${i}`],
      [`c${i}`],
    ]).flat();
    for (const headers of [undefined, ['HEAD', 'B']]) {
      const pages = await pagesOf([
        table({ ...(headers === undefined ? {} : { headers }), rows, font_size: 20, keep_rows: true }),
      ]);
      expect(pages.length).toBeGreaterThan(1);
      for (let i = 0; i < 12; i++) {
        const on = ['s', 'a', 'b', 'c'].map((name) => pageOf(pages, `${name}${i}`));
        expect([i, ...new Set(on)]).toEqual([i, on[0]]);
      }
      expectApart(pages);
    }
  });

  it('also of those that stay with the next one, or with what follows, wherever in a cell over rows they are', async () => {
    const span = [{ text: 's', rowspan: 4 }, 'a0'];
    const kept = { keep_with_next: true };
    for (const at of [0, 1, 2, 3, 4]) {
      const cells = [span, ['a1'], ['a2'], ['a3'], ['b', 'a4'], ['c', 'a5']];
      const rows = cells.map((row, i) => (i === at ? { cells: row, ...kept } : row));
      for (const height of [100, 150, 160, 165, 170, 175, 180]) {
        const pages = await pagesOf([spacer(height), table({ rows, headers: ['HEAD', 'B'] })]);
        expectAll(pages, at < 4 ? ['s', 'c'] : ['c']);
        const group =
          at < 3 ? ['s', 'a0', 'a1', 'a2', 'a3'] : at === 3 ? ['s', 'a0', 'a3', 'a4'] : ['a4', 'a5'];
        for (const one of group)
          expect([at, height, one, pageOf(pages, one)]).toEqual([
            at,
            height,
            one,
            pageOf(pages, group[0] ?? ''),
          ]);
      }
    }
    // The last row is in the middle of a cell, too.
    for (const height of [100, 165, 170, 175, 180]) {
      const rows = [['x', 'y'], span, ['a1'], ['a2'], ['a3']];
      const pages = await pagesOf([
        spacer(height),
        table({ rows, ...kept }),
        { type: 'add_text', text: 'END' },
      ]);
      for (const one of ['s', 'a0', 'a3', 'END'])
        expect([height, one, pageOf(pages, one)]).toEqual([height, one, pageOf(pages, 's')]);
    }
  });

  it('but a tall cell over rows loses nothing: its group is moved or cut', async () => {
    for (const [tall, before] of [
      [20, 100],
      [20, 180],
      [60, 0],
      [60, 100],
      [120, 50],
    ] as const) {
      const words = lines('w', tall);
      const rows = [[{ text: words.join('\n'), rowspan: 2 }, 'a'], ['b'], ['c', 'd']];
      for (const headers of [undefined, ['HEAD', 'B']]) {
        const pages = await pagesOf([
          spacer(Math.max(1, before)),
          table({ ...(headers === undefined ? {} : { headers }), rows, keep_rows: true }),
          { type: 'add_text', text: 'END' },
        ]);
        expectAll(pages, words);
        for (const one of ['a', 'b', 'c', 'd', 'END'])
          expect([one, pageOf(pages, one) >= 0]).toEqual([one, true]);
        expectApart(pages);
      }
    }
  });
});

const order = (pages: readonly ReadPage[], text: string) => texts(pages).flat().indexOf(text);

describe('rows that are higher than a page lose nothing', () => {
  // pdfmake's keepWithHeaderRows and dontBreakRows lose 90 of 90 lines.
  const words = lines('w', 90);

  it.each([
    ['after a header', { headers: ['HEAD', 'B'], rows: [[words.join('\n'), 'x']] }],
    ['without one', { rows: [[words.join('\n'), 'x']] }],
    [
      'between others',
      {
        headers: ['HEAD', 'B'],
        rows: [
          ['a', 'b'],
          [words.join('\n'), 'x'],
          ['c', 'd'],
        ],
      },
    ],
    [
      'in two columns at once',
      { headers: ['HEAD', 'B'], rows: [[words.join('\n'), lines('v', 200).join('\n')]] },
    ],
    [
      'with cells in HTML',
      {
        html: `<table><thead><tr><th>HEAD</th></tr></thead><tr><td><ul>${words.map((w) => `<li>${w}</li>`).join('')}</ul></td></tr></table>`,
      },
    ],
    [
      'with a table in the cell',
      {
        html: `<table><tr><td><table>${words.map((w) => `<tr><td>${w}</td></tr>`).join('')}</table></td></tr></table>`,
      },
    ],
  ])('%s', async (_, options) => {
    for (const before of [1, 120, 170, 183]) {
      for (const keep_rows of [true, false]) {
        const pages = await pagesOf(
          [spacer(before), table({ ...options, keep_rows }), { type: 'add_text', text: 'END' }],
          { footer: 'FOOT', header: 'TOP' },
        );
        const found = texts(pages).flat();
        for (const word of words)
          expect([before, keep_rows, word, found.filter((one) => one === word).length]).toEqual([
            before,
            keep_rows,
            word,
            1,
          ]);
        expect(found.filter((one) => words.includes(one))).toEqual(words);
        expect(pageOf(pages, 'END')).toBe(pages.length - 1);
        expectApart(pages);
        for (const { words: all } of pages) {
          const foot = all.find(({ text }) => text === 'FOOT');
          for (const word of all)
            if (word.text !== 'FOOT') expect(word.bottom).toBeLessThan((foot?.top ?? 0) + 1);
        }
        if (JSON.stringify(options).includes('HEAD')) {
          const first = pageOf(pages, 'HEAD');
          for (const [i, page] of texts(pages).entries())
            expect([i, page.includes('HEAD')]).toEqual([
              i,
              (i >= first && i <= pageOf(pages, 'w89')) || page.includes('HEAD'),
            ]);
        }
      }
    }
  });

  it('also a picture that is as high as the page', async () => {
    const png = (
      await sharp({ create: { width: 20, height: 3_000, channels: 3, background: '#c03' } })
        .png()
        .toBuffer()
    ).toString('base64');
    const html = `<table><thead><tr><th>HEAD</th></tr></thead><tr><td>BEFORE<img src="data:image/png;base64,${png}">AFTER</td></tr></table>`;
    const { pdf } = await render(registry, {
      page_size: 'A5',
      operations: [table({ html, keep_rows: true })],
    });
    const pages = await readPages(pdf);
    expect(texts(pages).flat()).toEqual(expect.arrayContaining(['BEFORE', 'AFTER']));
    const red = (await drawPages(pdf, 2)).filter((sheet) => rulesOf(sheet, 2, '#cc0033', 0.005).length > 200);
    expect(red.length).toBe(1);
  });
});

describe('A13 P3 a cell over several rows that a page cuts is closed', () => {
  it.each([
    ['between rows', 150, 1],
    ['within a row', 151, 4],
  ])('%s', async (_, before, lineCount) => {
    for (const header of [false, true]) {
      const text = (name: string) => lines(name, lineCount).join('\n');
      const rows = [
        [{ text: 'SPAN', rowspan: 6, background: '#eee' }, text('a')],
        ...lines('r', 5).map((name) => [text(name)]),
      ];
      const { pdf } = await render(registry, {
        page_size: 'A5',
        operations: [
          spacer(before),
          table({ ...(header ? { headers: ['HEAD', 'B'] } : {}), rows, widths: [60, 60] }),
        ],
      });
      const pages = await readPages(pdf);
      expect(pages.length).toBe(2);
      const sheets = await drawPages(pdf, 8);
      const bottom = Math.max(...(pages[0]?.words ?? []).map((word) => word.bottom));
      // 60 of 148 mm are the spanning cell: a border across both is more than half of the page.
      const sheet = sheets[0] ?? { width: 0, height: 0, data: Buffer.alloc(0) };
      const full = rulesOf(sheet, 8, '#b8bec6', 0.75);
      expect(full.at(-1)).toBeGreaterThan(bottom - 1.5);
      const top = rulesOf(sheets[1] ?? sheet, 8, '#b8bec6', 0.75)[0];
      expect(top).toBeLessThan(Math.min(...(pages[1]?.words ?? []).map((word) => word.top)) + 1);
    }
  });
});
