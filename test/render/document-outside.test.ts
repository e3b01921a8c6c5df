import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import { render } from './document-fixture.js';
import { readPages } from './page-words.js';

const registry = new FontRegistry();
const text = (value: string, more: object = {}) => ({ type: 'add_text', text: value, ...more });
const png = (
  await sharp({ create: { width: 40, height: 20, channels: 3, background: '#c03' } })
    .png()
    .toBuffer()
).toString('base64');
const tallPng = (
  await sharp({ create: { width: 20, height: 4_000, channels: 3, background: '#c03' } })
    .png()
    .toBuffer()
).toString('base64');

async function outside(request: object): Promise<(string | undefined)[]> {
  const { warnings } = await render(registry, { page_size: 'A5', ...request });
  expect(new Set(warnings.map(({ code }) => code)).size).toBeLessThan(2);
  return warnings.filter(({ code }) => code === 'outside_page').map(({ pointer }) => pointer);
}

describe('what lies outside the paper is a warning', () => {
  const first = '/operations/0';
  const cases: readonly (readonly [string, object, string])[] = [
    ['A17 text right of the paper', text('gone', { x: 160 }), first],
    ['A17 text below it', text('gone', { y: 300 }), first],
    ['A17 text that reaches over the edge', text('a long line of text', { x: 130, y: 50, width: 60 }), first],
    [
      'justified text whose words would fit beside each other',
      text('mmmmmm '.repeat(6), { x: 100, y: 50, width: 60, font_size: 12, align: 'justify' }),
      first,
    ],
    ['A17 a picture that is wider', { type: 'add_image', source: png, width: 300 }, first],
    ['a picture at the edge', { type: 'add_image', source: png, x: 140, y: 50, width: 30 }, first],
    ['a picture that is higher', { type: 'add_image', source: png, width: 20, height: 300 }, first],
    [
      'A17 columns that are wider',
      {
        type: 'add_columns',
        columns: [
          { width: 80, operations: [text('left')] },
          { width: 80, operations: [text('here'), text('gone', { align: 'right' })] },
        ],
      },
      '/operations/0/columns/1/operations/1',
    ],
    [
      'a rule across a column that is wider',
      { type: 'add_columns', columns: [{ width: 180, operations: [{ type: 'add_line' }] }] },
      '/operations/0/columns/0/operations/0',
    ],
    ['a line', { type: 'add_line', x1: 10, y1: 10, x2: 150, y2: 20 }, first],
    ['a rectangle', { type: 'add_rect', x: 10, y: 200, width: 20, height: 20 }, first],
    ['a drawing', { type: 'add_svg', svg: '<svg width="10" height="10"/>', width: 200 }, first],
    ['a code', { type: 'add_qr', value: 'gone', x: 140, y: 10 }, first],
    ['bars', { type: 'add_barcode', symbology: 'code128', value: 'gone', width: 180 }, first],
    ['an area', { type: 'add_link', url: 'https://x.test', x: 140, y: 10, width: 20, height: 9 }, first],
    ['a list', { type: 'add_list', items: ['w'.repeat(3)], font_size: 900 }, first],
    [
      'a heading, once for all of its lines',
      text('gone with the wind, which takes lines', { x: 160, heading: 1 }),
      first,
    ],
  ];
  it.each(cases)('%s', async (_, operation, pointer) => {
    expect(await outside({ operations: [operation, text('after')] })).toEqual([pointer]);
  });

  it('a header with a word that is wider, and a watermark that is larger', async () => {
    expect(await outside({ header: { text: 'W', font_size: 500 }, operations: [text('content')] })).toEqual([
      '/header',
    ]);
    expect(await outside({ watermark: { text: 'WIDE', font_size: 300 }, operations: [text('a')] })).toEqual([
      '/watermark',
    ]);
    expect(await outside({ watermark: 'WIDE', operations: [text('a')] })).toEqual([]);
  });

  it('says where', async () => {
    const { warnings } = await render(registry, {
      page_size: 'A5',
      operations: [
        text('a'),
        { type: 'add_page' },
        text('a', { y: 300 }),
        text('bbbbbbbbb', { x: 147, y: 9 }),
      ],
    });
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^Something of it is not seen: it lies 9\d\.\d mm beyond the lower edge of page 2$/,
      ),
      expect.stringMatching(/^A part of it is not seen: it lies \d\.\d mm beyond the right edge of page 2$/),
    ]);
  });

  it('is none where all of it is on the paper', async () => {
    const [width, height] = [148, 210];
    const operations = [
      { type: 'add_rect', x: 0, y: 0, width, height, fill: '#eee' },
      { type: 'add_image', source: png, x: 0, y: 0, width, height },
      { type: 'add_line', x1: 0, y1: 0, x2: width, y2: height },
      text('at the foot', { x: 10, y: 205, font_size: 10 }),
      { type: 'add_image', source: tallPng },
      { type: 'add_table', headers: ['a', 'b'], rows: [['w'.repeat(90), 'x']], widths: [100, 100] },
      {
        type: 'add_columns',
        columns: [{ width: 40, operations: [text('left')] }, { operations: [{ type: 'add_line' }] }],
      },
      { type: 'add_list', items: Array.from({ length: 100 }, (_, i) => `item ${i}`) },
    ];
    expect(
      await outside({ margin_mm: 0, header: 'H', footer: { text: 'F', line: true }, operations }),
    ).toEqual([]);
  });
});

describe('a page ends where its content does', () => {
  const content = { width: 128, height: 190 };
  const cases: readonly (readonly [string, object])[] = [
    ['a picture as high as the page', { type: 'add_image', source: tallPng }],
    ['a picture of the size of the page', { type: 'add_image', source: png, ...content }],
    ['a picture of HTML', { type: 'add_html', html: `<img src="data:image/png;base64,${tallPng}">` }],
    ['a picture that is higher than the page', { type: 'add_image', source: png, width: 20, height: 250 }],
    ['a drawing', { type: 'add_svg', svg: '<svg width="128mm" height="190mm"/>' }],
    ['a code', { type: 'add_barcode', symbology: 'code128', value: 'x', height: 189 }],
    ['a table', { type: 'add_table', rows: Array.from({ length: 25 }, () => ['x']), font_size: 13.87 }],
    ['a paragraph', { type: 'add_html', html: `<p>${Array(42).fill('x').join('<br>')}</p>` }],
  ];
  it.each(cases)('%s adds no empty page', async (_, operation) => {
    const { pdf } = await render(registry, { page_size: 'A5', operations: [operation] });
    expect((await readPages(pdf)).length).toBe(1);
    const between = [operation, { type: 'add_page' }, text('second')];
    const pages = await readPages((await render(registry, { page_size: 'A5', operations: between })).pdf);
    expect(pages.length).toBe(2);
    const behind = [operation, text('second')];
    const next = await readPages((await render(registry, { page_size: 'A5', operations: behind })).pdf);
    expect(next.map((page) => page.words.filter((word) => word.text === 'second').length)).toEqual([0, 1]);
    // It begins the page, as what is first on it does.
    const [a, b] = [pages, next].map((all) => all[1]?.words.find((word) => word.text === 'second')?.top);
    expect(b).toBeCloseTo(a ?? 0, 1);
  });
});
