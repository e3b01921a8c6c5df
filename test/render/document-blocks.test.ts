import { describe, expect, it } from 'vitest';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import { documentKind } from '../../src/render/kinds/document/request.js';
import { render } from './document-fixture.js';
import { drawPages, type Pixels, type ReadPage, readPages } from './page-words.js';

const registry = new FontRegistry();
const a6 = { width_mm: 105, height_mm: 148 };
const perMm = 4;

async function drawn(request: object): Promise<{ pages: ReadPage[]; pictures: Pixels[] }> {
  const { pdf, warnings } = await render(registry, { page_size: a6, ...request });
  expect(warnings).toEqual([]);
  return { pages: await readPages(pdf), pictures: await drawPages(pdf, perMm) };
}

function issues(request: object) {
  const parsed = documentKind.parse(request);
  return parsed.ok ? [] : parsed.issues.map(({ pointer }) => pointer);
}

const wordAt = (page: ReadPage | undefined, text: string) => page?.words.find((word) => word.text === text);

/** The box of a colour, mm; undefined where it is not seen. */
function boxOf(picture: Pixels | undefined, color: string) {
  if (picture === undefined) return undefined;
  const wanted = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
  let [left, top, right, bottom] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, -1, -1];
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < picture.width; x++) {
      const at = (y * picture.width + x) * 4;
      if (!wanted.every((value, i) => Math.abs((picture.data[at + i] ?? 0) - value) < 12)) continue;
      [left, top, right, bottom] = [
        Math.min(left, x),
        Math.min(top, y),
        Math.max(right, x),
        Math.max(bottom, y),
      ];
    }
  }
  return right < 0
    ? undefined
    : { left: left / perMm, top: top / perMm, right: (right + 1) / perMm, bottom: (bottom + 1) / perMm };
}

const text = (words: string, more: object = {}) => ({
  type: 'add_text',
  text: words,
  font_size: 10,
  ...more,
});
const lines = (name: string, count: number) => Array.from({ length: count }, (_, i) => text(`${name}${i}`));

describe('blocks', () => {
  it('stand around their content with padding, ground and border', async () => {
    const { pages, pictures } = await drawn({
      operations: [
        {
          type: 'add_block',
          operations: [text('INSIDE'), text('LAST')],
          padding: { left: 8, top: 5, bottom: 4, right: 2 },
          fill: '#ddeeff',
          border_color: '#cc0000',
          border_width: 1,
          space_after: 6,
        },
        text('BEHIND'),
      ],
    });
    const border = boxOf(pictures[0], '#cc0000');
    expect(border?.left).toBeCloseTo(10, 0);
    expect(border?.right).toBeCloseTo(95, 0);
    const word = wordAt(pages[0], 'INSIDE');
    expect(word?.left).toBeCloseTo(10 + 1 + 8, 0);
    expect(boxOf(pictures[0], '#ddeeff')?.top).toBeCloseTo(11, 0);
    const [last, behind] = [wordAt(pages[0], 'LAST'), wordAt(pages[0], 'BEHIND')];
    expect((border?.bottom ?? 0) - (last?.bottom ?? 0)).toBeGreaterThan(4);
    expect((behind?.top ?? 0) - (border?.bottom ?? 0)).toBeGreaterThan(4.5);
  });

  it('are kept together where they fit on a page, and cut where they do not', async () => {
    const around = (count: number, more: object) => [
      ...lines('before', 20),
      { type: 'add_block', operations: lines('in', count), fill: '#ddeeff', padding: 2, ...more },
    ];
    const kept = await drawn({ operations: around(15, { keep_together: true }) });
    expect(kept.pages.map(({ text: all }) => /in\d/.test(all))).toEqual([false, true]);
    const loose = await drawn({ operations: around(20, {}) });
    expect(loose.pages.map(({ text: all }) => /in\d/.test(all))).toEqual([true, true]);
    expect(boxOf(loose.pictures[0], '#ddeeff')?.bottom).toBeCloseTo(138, 0);
    expect(boxOf(loose.pictures[1], '#ddeeff')?.top).toBeCloseTo(10, 0);
    const high = await drawn({ operations: around(80, { keep_together: true }) });
    for (let i = 0; i < 80; i++)
      expect(high.pages.flatMap(({ words }) => words.filter((word) => word.text === `in${i}`))).toHaveLength(
        1,
      );
  });

  describe('that go over pages keep their padding and border on each of them', () => {
    /** The boxes of glyphs are somewhat higher than lines, mm. */
    const most = 1.5;
    const block = (operations: readonly object[], more: object = {}) => ({
      type: 'add_block',
      operations,
      fill: '#ffeeee',
      border_color: '#cc0000',
      ...more,
    });
    const two = (count: number) =>
      lines('in', count).map((one, i) => ({ ...one, text: `${one.text}\nsec${i}` }));
    const table = {
      type: 'add_table',
      headers: ['in_HEAD'],
      rows: Array.from({ length: 70 }, (_, i) => [`in${i}`]),
    };
    const column = (operations: readonly object[]) => ({
      type: 'add_columns',
      columns: [{ operations }, { operations: lines('side', 3) }],
    });
    const wide = { border_width: 4, padding: 6 };
    const inner = block(lines('in', 60), { border_width: 2, padding: 6, border_color: '#0000cc' });
    it.each([
      ['texts', block(two(40), wide), 10],
      ['in columns', column([block(lines('in', 90), { border_width: 1, padding: 3, radius: 4 })]), 4],
      ['kept together, higher than a page', block(lines('in', 60), { ...wide, keep_together: true }), 10],
      [
        'kept together in kept ones',
        block([{ ...inner, keep_together: true }], { ...wide, keep_together: true }),
        18,
      ],
      ['columns in them', block([column(lines('in', 60))], wide), 10],
      ['blocks in blocks', block([inner], { border_width: 3, padding: 6 }), 17],
      ['a table with header rows', block([table], wide), 10],
      ['a table with rows that are kept', block([{ ...table, keep_rows: true }], wide), 10],
    ])('%s', async (name, operation, around) => {
      const { pages, pictures } = await drawn({
        operations: [...lines('before', 5), operation, text('BEHIND')],
      });
      expect(pages.length).toBeGreaterThan(2);
      const all = pages.flatMap(({ words }) => words).filter((word) => /^in\d/.test(word.text));
      expect(new Set(all.map((word) => word.text)).size).toBe(all.length);
      expect(all.length).toBeGreaterThanOrEqual(40);
      for (const [i, page] of pages.entries()) {
        const words = page.words.filter((word) => /^(in|sec)/.test(word.text));
        if (words.length === 0) continue;
        const box = boxOf(pictures[i], '#cc0000');
        if (box === undefined) throw new Error('there is no border');
        expect(Math.min(...words.map(({ top }) => top)) - box.top).toBeGreaterThan(around - most);
        expect(box.bottom - Math.max(...words.map(({ bottom }) => bottom))).toBeGreaterThan(around - most);
        expect(box.bottom).toBeLessThan(138.5);
        expect(box.top).toBeGreaterThan(9.5);
        if (!name.startsWith('blocks')) continue;
        const within = boxOf(pictures[i], '#0000cc');
        expect((within?.top ?? 0) - box.top).toBeCloseTo(9, 0);
        expect(box.bottom - (within?.bottom ?? 0)).toBeGreaterThan(8.5);
      }
    });

    it('what is thicker than a page still goes on', async () => {
      const thick = block(lines('in', 6), { padding: { top: 80, bottom: 80 } });
      const { pdf } = await render(registry, { page_size: a6, operations: [thick] });
      const pages = await readPages(pdf);
      for (let i = 0; i < 6; i++) expect(pages.map(({ text: all }) => all).join(' ')).toContain(`in${i}`);
      expect(pages.length).toBeLessThan(9);
    });
  });

  it('the fills of tables are seen in filled blocks, and blocks in blocks', async () => {
    const table = { type: 'add_table', rows: [[{ text: 'CELL', background: '#00aa00' }]], widths: [30] };
    const inner = { type: 'add_block', operations: [table, text('INNER')], fill: '#ffcc00', padding: 2 };
    for (const keep_together of [false, true]) {
      const { pages, pictures } = await drawn({
        operations: [
          text('ABOVE'),
          { type: 'add_block', operations: [inner, table], fill: '#ddeeff', padding: 4, keep_together },
        ],
      });
      for (const color of ['#00aa00', '#ffcc00', '#ddeeff']) expect(boxOf(pictures[0], color)).toBeDefined();
      const [outer, middle] = [boxOf(pictures[0], '#ddeeff'), boxOf(pictures[0], '#ffcc00')];
      expect(middle?.left).toBeCloseTo((outer?.left ?? 0) + 4, 0);
      expect(pages[0]?.text).toContain('ABOVE CELL INNER CELL');
    }
  });

  it('have a place and a width, and a bar at one side', async () => {
    const { pages, pictures } = await drawn({
      operations: [
        {
          type: 'add_block',
          x: 30,
          y: 60,
          width: 40,
          operations: [text('PLACED', { align: 'right' })],
          padding: 3,
          fill: '#ddeeff',
          border_color: '#cc0000',
          border_width: { left: 2 },
        },
        text('FLOW'),
      ],
    });
    expect(boxOf(pictures[0], '#cc0000')).toMatchObject({ left: 30, top: 60, right: 32 });
    expect(boxOf(pictures[0], '#ddeeff')?.right).toBeCloseTo(70, 0);
    expect(wordAt(pages[0], 'PLACED')?.right).toBeCloseTo(67, 0);
    expect(wordAt(pages[0], 'FLOW')?.top).toBeLessThan(20);
  });

  it('have round corners where all sides of the border are alike, and tell where they have not', async () => {
    const warned = async (border_width: object) => {
      const block = {
        type: 'add_block',
        operations: [text('IN')],
        radius: 4,
        border_color: '#cc0000',
        border_width,
      };
      const { pdf, warnings } = await render(registry, { page_size: a6, operations: [block] });
      const [picture] = await drawPages(pdf, perMm);
      if (picture === undefined) throw new Error('there is no page');
      // Half a millimetre right of and below the upper left corner of the block.
      const at = (10.5 * perMm * picture.width + 10.5 * perMm) * 4;
      return { warnings, corner: [...picture.data.subarray(at, at + 3)] };
    };
    const alike = await warned({ top: 1, right: 1, bottom: 1, left: 1 });
    expect(alike).toEqual({ warnings: [], corner: [255, 255, 255] });
    const { warnings, corner } = await warned({ top: 1, left: 2 });
    expect(warnings).toMatchObject([{ code: 'radius_left_out', pointer: '/operations/0/radius' }]);
    expect(corner).not.toEqual([255, 255, 255]);
  });

  it('keep with next: a text, a block and the last row of a table stand on the page of what follows', async () => {
    const last = {
      text: text('STAYS', { keep_with_next: true }),
      block: { type: 'add_block', operations: [text('STAYS')], padding: 1, keep_with_next: true },
      table: { type: 'add_table', rows: [['row'], ['STAYS']], keep_with_next: true },
    };
    for (const operation of Object.values(last)) {
      const before = lines('before', 20).concat([{ type: 'add_spacer', height: 4 } as never]);
      for (let more = 0; more < 12; more++) {
        const spacer = { type: 'add_spacer', height: 0.5 + more };
        const { pages } = await drawn({ operations: [...before, spacer, operation, text('NEXT')] });
        const page = pages.find(({ text: all }) => all.includes('NEXT'));
        expect(page?.text).toContain('STAYS');
      }
    }
  });

  it.each([
    ['pages in blocks', { operations: [{ type: 'add_page_break' }] }, '/operations/0'],
    ['no operations', { operations: [] }, '/operations'],
    ['a bad operation', { operations: [{ type: 'add_text' }] }, '/operations/0/text'],
    ['a padding that is none', { operations: [text('a')], padding: { all: 2 } }, '/padding/all'],
    ['space around what has a place', { operations: [text('a')], y: 3, space_before: 2 }, '/space_before'],
    ['keeping what has a place', { operations: [text('a')], y: 3, keep_together: true }, '/keep_together'],
  ])('refuses %s', (_, members, pointer) => {
    expect(issues({ operations: [{ type: 'add_block', ...members }] })).toEqual([`/operations/0${pointer}`]);
  });
});

describe('headers and footers of operations', () => {
  const rule = { type: 'add_line', color: '#cc0000', line_width: 0.5 };
  const band = (name: string, more: readonly object[] = []) => ({
    operations: [
      {
        type: 'add_columns',
        columns: [
          { operations: [text(name)] },
          {
            operations: [
              { type: 'add_table', rows: [['{page}/{pages}']], borders: 'none', align: ['right'] },
            ],
          },
        ],
      },
      ...more,
      rule,
    ],
  });

  it('are measured, have the numbers of their page and another pair on the first page', async () => {
    const { pages, pictures } = await drawn({
      header: band('HEADER'),
      footer: { operations: [rule, text('FOOTER {page} of {pages}', { align: 'center' })] },
      first_header: band('FIRST', [text('LETTER', { font_size: 40 })]),
      first_footer: '',
      operations: lines('line', 60),
    });
    const count = pages.length;
    expect(count).toBeGreaterThan(2);
    for (const [i, page] of pages.entries()) {
      expect(page.text).toContain(`${i + 1}/${count}`);
      expect(page.text.includes('FIRST')).toBe(i === 0);
      expect(page.text.includes('LETTER')).toBe(i === 0);
      expect(page.text.includes('HEADER')).toBe(i > 0);
      expect(page.text.includes(`FOOTER ${i + 1} of ${count}`)).toBe(i > 0);
      const line = boxOf(pictures[i], '#cc0000');
      const first = page.words.find((word) => /^line\d+$/.test(word.text));
      expect(line?.top).toBeLessThan(first?.top ?? 0);
      const last = page.words.findLast((word) => /^line\d+$/.test(word.text));
      const footer = wordAt(page, 'FOOTER');
      if (footer !== undefined) expect(last?.bottom).toBeLessThan(footer.top);
    }
    const tops = pages.map((page) => page.words.find((word) => /^line\d+$/.test(word.text))?.top ?? 0);
    expect(tops[0]).toBeGreaterThan((tops[1] ?? 0) + 10);
    expect(tops[2]).toBeCloseTo(tops[1] ?? 0, 1);
    const all = pages.flatMap(({ words }) => words).filter((word) => /^line\d+$/.test(word.text));
    expect(all).toHaveLength(60);
  });

  it('places are those of the page, in footers, too', async () => {
    const { pages, pictures } = await drawn({
      footer: {
        operations: [
          { type: 'add_rect', x: 0, y: 140, width: 105, height: 8, fill: '#00aa00' },
          text('PLACED', { x: 20, y: 100 }),
        ],
      },
      operations: [text('CONTENT')],
    });
    expect(boxOf(pictures[0], '#00aa00')).toEqual({ left: 0, top: 140, right: 105, bottom: 148 });
    expect(wordAt(pages[0], 'PLACED')?.top).toBeCloseTo(99, 0);
  });

  it.each([
    ['texts beside operations', { header: { operations: [text('a')], text: 'b' } }, '/header/text'],
    [
      'a bad operation',
      { first_footer: { operations: [{ type: 'add_text' }] } },
      '/first_footer/operations/0/text',
    ],
    ['a heading', { header: { operations: [text('a', { heading: 1 })] } }, '/header/operations/0'],
    ['HTML', { footer: { operations: [{ type: 'add_html', html: 'a' }] } }, '/footer/operations/0'],
    ['a page', { footer: { operations: [{ type: 'add_page' }] } }, '/footer/operations/0'],
  ])('refuses %s', (_, members, pointer) => {
    expect(issues({ ...members, operations: [text('a')] })).toEqual([pointer]);
  });

  it('fails where they leave no room, at the one that is too high', async () => {
    const request = {
      page_size: a6,
      first_header: { operations: lines('high', 40) },
      operations: [text('a')],
    };
    await expect(render(registry, request)).rejects.toMatchObject({ pointer: '/first_header' });
  });
});

describe('the looks of rows', () => {
  it('a cell wins over its row, a row over the style of rows', async () => {
    const { pictures, pages } = await drawn({
      operations: [
        {
          type: 'add_table',
          headers: ['HEAD'],
          rows: [
            'PLAIN',
            { cells: ['ROW'], background: '#00aa00', font_size: 20 },
            { cells: [{ text: 'CELL', background: '#aa00aa' }], background: '#00aa00' },
          ].map((row) => (typeof row === 'string' ? [row] : row)),
          header_style: { background: '#112233', color: '#ffffff', bold: false, line_below: 2 },
          row_style: { background: '#ffcc00', align: 'right' },
          line_color: '#cc0000',
          cell_padding: { left: 10, top: 3 },
          widths: [85],
        },
      ],
    });
    for (const color of ['#112233', '#ffcc00', '#00aa00', '#aa00aa', '#cc0000'])
      expect(boxOf(pictures[0], color)).toBeDefined();
    expect(wordAt(pages[0], 'HEAD')?.left).toBeCloseTo(20, 0);
    expect(wordAt(pages[0], 'PLAIN')?.right).toBeGreaterThan(90);
    const height = (name: string) => {
      const word = wordAt(pages[0], name);
      return (word?.bottom ?? 0) - (word?.top ?? 0);
    };
    expect(height('ROW')).toBeGreaterThan(height('PLAIN') * 1.4);
  });

  it.each([
    ['an unknown member of a row', { rows: [{ cells: ['a'], colour: 'red' }] }, '/rows/0/colour'],
    ['a row without cells', { rows: [{ bold: true }] }, '/rows/0/cells'],
    ['a colour that is none', { rows: [{ cells: ['a'], color: 'red' }] }, '/rows/0/color'],
    ['a style that is none', { rows: [['a']], row_style: { size: 3 } }, '/row_style/size'],
    ['a padding below 0', { rows: [['a']], cell_padding: -1 }, '/cell_padding'],
  ])('refuses %s', (_, members, pointer) => {
    expect(issues({ operations: [{ type: 'add_table', ...members }] })).toEqual([`/operations/0${pointer}`]);
  });
});
