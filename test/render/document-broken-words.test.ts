import { describe, expect, it } from 'vitest';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import { drawOwn } from '../../src/render/kinds/document/own-back.js';
import { drawWithPdfMake } from '../../src/render/kinds/document/pdfmake-back.js';
import { render } from './document-fixture.js';

/** A word that no line has room for is broken between its letters, and the record says so. */

const registry = new FontRegistry();
const long = `Donau${'dampf'.repeat(40)}schiff`;
const message = `The word "${long.slice(0, 24)}..." is wider than its line and was broken between letters`;
const text = (value: string, more: object = {}) => ({ type: 'add_text', text: value, ...more });

const backs = { own: [drawOwn], pdfmake: [drawWithPdfMake] } as const;

async function brokenIn(request: object): Promise<string[]> {
  const found: string[][] = [];
  for (const back of Object.values(backs)) {
    const { warnings } = await render(registry, { page_size: 'A5', ...request }, undefined, back);
    found.push(warnings.map((warning) => JSON.stringify(warning)));
  }
  expect(found[1]).toEqual(found[0]);
  return found[0] ?? [];
}

const told = (pointer: string, own = message): string =>
  JSON.stringify({ code: 'broken_word', message: own, pointer });

const first = '/operations/0';
const cases: Readonly<Record<string, readonly [object, string]>> = {
  'a paragraph': [text(long), first],
  'behind other words': [text(`all of ${long} is there`), first],
  'a text with a place and a width': [text(long, { x: 20, y: 30, width: 40 }), first],
  'a cell': [{ type: 'add_table', headers: ['a', 'b'], rows: [['x', long]], widths: [60, 60] }, first],
  'a column, once for all of its words': [
    {
      type: 'add_columns',
      columns: [
        { width: 30, operations: [text('beside')] },
        { width: 30, operations: [text(`${long} ${long}`)] },
      ],
    },
    '/operations/0/columns/1/operations/0',
  ],
  'an item of a list': [{ type: 'add_list', items: ['one', long] }, first],
  'a heading': [text(long, { heading: 1 }), first],
  HTML: [{ type: 'add_html', html: `<p>so <b>${long}</b></p>` }, first],
  'a block': [
    { type: 'add_block', padding: 3, keep_together: true, operations: [text(long)] },
    '/operations/0/operations/0',
  ],
};

describe('a word that is broken between letters is a warning', () => {
  it.each(Object.entries(cases))('%s', async (_, [operation, pointer]) => {
    expect(await brokenIn({ operations: [operation] })).toEqual([told(pointer)]);
  });

  it.each(['header', 'footer'])('in a %s, too', async (name) => {
    const band = { operations: [{ type: 'add_table', rows: [['Wasserwerk']], widths: [20] }] };
    const sentence = 'The word "Wasserwerk" is wider than its line and was broken between letters';
    const found = await brokenIn({ [name]: band, operations: [text('x')] });
    expect(found).toEqual([told(`/${name}/operations/0`, sentence)]);
  });

  it('a word of one letter more than fit is told whole', async () => {
    const operations = [text('Wasserwerk', { x: 10, y: 10, width: 12 })];
    const sentence = 'The word "Wasserwerk" is wider than its line and was broken between letters';
    expect(await brokenIn({ operations })).toEqual([told(first, sentence)]);
  });

  it.each([
    ['at a hyphen', 'Donau-dampf-schiff-fahrts-gesellschaft-'.repeat(6)],
    ['between the letters of a script that has no spaces', '日本語国年月火水木金土学校'.repeat(12)],
  ])('a line may end %s, which is none', async (_, value) => {
    expect(await brokenIn({ operations: [text(value)] })).toEqual([]);
  });

  it.each([
    ['at a soft hyphen', 'Donau\u00addampf\u00adschiff\u00ad'.repeat(20)],
    ['at a space of no width', 'dampf\u200b'.repeat(80)],
  ])('a line may end %s, which pdfmake alone draws', async (_, value) => {
    expect((await render(registry, { page_size: 'A5', operations: [text(value)] })).warnings).toEqual([]);
  });

  it('a column is as wide as its words, whatever the last digit of a sum says', async () => {
    const operations = [
      { type: 'set_font', family: 'courier' },
      { type: 'add_table', rows: [['(brackets)', 'e-mail@example.org']], widths: ['*', 'auto'] },
    ];
    for (const back of Object.values(backs)) {
      const { warnings } = await render(registry, { operations }, undefined, back);
      expect(warnings.map(({ code }) => code)).toEqual(['standard_font']);
    }
  });
});
