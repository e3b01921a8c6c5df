import { describe, expect, it } from 'vitest';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import { inspect, render, without } from './document-fixture.js';

const registry = new FontRegistry();
const noPoppler = without('pdftotext');

async function pagesOf(operations: readonly object[], more: object = {}): Promise<string[]> {
  const { pdf } = await render(registry, { page_size: 'A5', ...more, operations });
  return inspect(pdf, 'pdftotext', '-layout', '{}', '-').split('\f').slice(0, -1);
}

const heading = { type: 'add_text', text: 'UEBERSCHRIFT', heading: 1 };
const picture =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describe.skipIf(noPoppler)('headings', () => {
  it.each([
    ['a paragraph', [{ type: 'add_text', text: 'FOLGE davon' }]],
    [
      'a paragraph behind a spacer',
      [
        { type: 'add_spacer', height: 3 },
        { type: 'add_text', text: 'FOLGE' },
      ],
    ],
    [
      'another heading',
      [
        { type: 'add_text', text: 'ZWEITE', heading: 2 },
        { type: 'add_text', text: 'FOLGE' },
      ],
    ],
    ['a table', [{ type: 'add_table', headers: ['KOPF'], rows: [['FOLGE'], ['x']] }]],
    ['a list', [{ type: 'add_list', items: ['FOLGE', 'x'] }]],
    ['HTML', [{ type: 'add_html', html: '<div><p>FOLGE</p></div>' }]],
    ['columns', [{ type: 'add_columns', columns: [{ operations: [{ type: 'add_text', text: 'FOLGE' }] }] }]],
  ])('A11 never stand alone at the end of a page: before %s', async (_, following) => {
    for (let height = 130; height <= 190; height += 2) {
      const pages = await pagesOf([{ type: 'add_spacer', height }, heading, ...following]);
      const page = pages.find((sheet) => sheet.includes('UEBERSCHRIFT')) ?? '';
      expect(page).toContain('FOLGE');
    }
  });

  it.skipIf(without('pdfimages'))('never stand alone at the end of a page: before a picture', async () => {
    for (let height = 100; height <= 190; height += 5) {
      const { pdf } = await render(registry, {
        page_size: 'A5',
        operations: [
          { type: 'add_spacer', height },
          heading,
          { type: 'add_image', source: picture, width: 20, height: 60 },
        ],
      });
      const pages = inspect(pdf, 'pdftotext', '-layout', '{}', '-').split('\f');
      const [, page] = /^ +(\d+) +\d+ image/m.exec(inspect(pdf, 'pdfimages', '-list', '{}')) ?? [];
      expect(pages[Number(page) - 1]).toContain('UEBERSCHRIFT');
    }
  });

  it('never stand alone: in HTML, at its end, before what comes next', async () => {
    for (let height = 150; height <= 190; height += 4) {
      const pages = await pagesOf([
        { type: 'add_spacer', height },
        { type: 'add_html', html: '<p>vorher</p><h2>UEBERSCHRIFT</h2>' },
        { type: 'add_table', headers: ['KOPF'], rows: [['FOLGE']] },
      ]);
      expect(pages.find((sheet) => sheet.includes('UEBERSCHRIFT'))).toContain('FOLGE');
    }
  });

  it('stay where they are when that is at the top, at the end of the document, before a break, or there is room', async () => {
    const tall = { type: 'add_table', widths: [20], rows: [['Wort '.repeat(300)]] };
    expect((await pagesOf([heading, tall]))[0]).toContain('UEBERSCHRIFT');
    const low = { type: 'add_spacer', height: 175 };
    expect((await pagesOf([{ type: 'add_text', text: 'A' }, low, { ...heading, heading: 6 }]))[0]).toContain(
      'UEBERSCHRIFT',
    );
    const broken = [
      { type: 'add_text', text: 'A' },
      low,
      { ...heading, heading: 6 },
      { type: 'add_page_break' },
      { type: 'add_text', text: 'B' },
    ];
    expect((await pagesOf(broken))[0]).toContain('UEBERSCHRIFT');
    expect(
      await pagesOf([{ type: 'add_text', text: 'A' }, heading, { type: 'add_text', text: 'B' }]),
    ).toHaveLength(1);
  });

  it('a document of headings alone ends', async () => {
    const pages = await pagesOf(Array.from({ length: 300 }, (_, i) => ({ ...heading, text: `H${i}.` })));
    for (let i = 0; i < 300; i++) expect(pages.some((sheet) => sheet.includes(`H${i}.`))).toBe(true);
  });
});
