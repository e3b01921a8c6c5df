import fc from 'fast-check';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { FontRegistry } from '../../src/render/fonts/registry.js';
import { cssColor } from '../../src/render/kinds/document/css.js';
import { readBlocks } from '../../src/render/kinds/document/html-blocks.js';
import type { Block, ImageSource, Run } from '../../src/render/kinds/document/model.js';
import { PictureShelf } from '../../src/render/kinds/document/pictures.js';
import { documentKind } from '../../src/render/kinds/document/request.js';
import { inspect, render, without } from './document-fixture.js';
import { emptyContext } from './run-context.js';

const registry = new FontRegistry();
const noPoppler = without('pdftotext', 'pdftoppm');

function blocksOf(html: string): readonly Block[] {
  const read = readBlocks(html, () => 'no image here');
  if (!read.ok) throw new Error(read.message);
  return read.value;
}

function runsOf(blocks: readonly Block[]): Run[] {
  return blocks.flatMap((block) => {
    if ('runs' in block) return block.runs;
    if (block.type === 'list') return block.items.flatMap((item) => runsOf(item.blocks));
    if (block.type === 'quote') return runsOf(block.blocks);
    if (block.type !== 'table') return [];
    const cells = block.grid.rows.flat().flatMap((cell): readonly Run[] => {
      if (cell === null) return [];
      if (typeof cell === 'string') return [{ text: cell }];
      return cell.blocks === undefined ? cell.runs : runsOf(cell.blocks);
    });
    return [...(block.grid.caption ?? []), ...cells];
  });
}

const run = (html: string) => runsOf(blocksOf(html))[0];
/** The texts of the paragraphs. */
const lines = (html: string) =>
  blocksOf(html).flatMap((block) => ('runs' in block ? [block.runs.map(({ text }) => text).join('')] : []));

async function linesOf(operations: object[], ...args: string[]): Promise<string[]> {
  const { pdf } = await render(registry, { operations });
  return inspect(pdf, 'pdftotext', '-layout', ...args, '{}', '-')
    .split(/[\n\f]/)
    .map((line) => line.trim().replace('5€', '5 €'))
    .filter((line) => line !== '');
}
const html = (text: string) => [{ type: 'add_html', html: text }];

describe('document HTML: lines', () => {
  it.each([
    'address',
    'article',
    'aside',
    'center',
    'dd',
    'details',
    'div',
    'dl',
    'dt',
    'fieldset',
    'figcaption',
    'figure',
    'footer',
    'form',
    'header',
    'hgroup',
    'label',
    'legend',
    'main',
    'nav',
    'p',
    'search',
    'section',
    'summary',
    'unheardof',
  ])('<%s> begins and ends a line', (tag) => {
    expect(lines(`before<${tag}>within</${tag}>after`)).toEqual(['before', 'within', 'after']);
    // Inside of an element that stands within a line as well.
    expect(lines(`<span>before<${tag}>within</${tag}>after</span>`)).toEqual(['before', 'within', 'after']);
  });

  it('what stands within a line breaks none', () => {
    expect(
      lines(
        'a<b>b</b><abbr>c</abbr><small>d</small><my-element>e</my-element><o:p>f</o:p><button>g</button>',
      ),
    ).toEqual(['abcdefg']);
    expect(lines('a<span style="display: block">b</span>c')).toEqual(['a', 'b', 'c']);
    expect(lines('<div style="display:inline">a</div><div style="display: inline-block">b</div>')).toEqual([
      'ab',
    ]);
  });

  it.skipIf(noPoppler)('A15: terms, addresses and captions are read as lines of their own', async () => {
    const read = await linesOf(
      html(
        '<dl><dt>Frist bis</dt><dd>31.12.2026</dd><dt>Betrag</dt><dd>5 €</dd></dl><address>Weg 1</address>next' +
          '<figure>inside<figcaption>caption</figcaption></figure><nav>one<label>two</label></nav>',
      ),
    );
    expect(read).toEqual([
      'Frist bis',
      '31.12.2026',
      'Betrag',
      '5 €',
      'Weg 1',
      'next',
      'inside',
      'caption',
      'one',
      'two',
    ]);
  });

  it.skipIf(noPoppler)(
    'text of a list that stands in no item, and of a table that stands in no cell, is kept',
    async () => {
      expect(await linesOf(html('<ul>loose one<li>item</li><p>loose two</p></ul>'))).toEqual([
        'loose one',
        expect.stringMatching(/item$/),
        'loose two',
      ]);
      expect(
        await linesOf(html('<table>stray<td>lone</td><form><tr>between<td>cell</td></tr></form></table>')),
      ).toEqual(['stray', 'between', 'lone', 'cell']);
    },
  );
});

/** Elements in any order and nesting, right or not; a word stands in each and around it. */
const tags = (
  'div p h1 h3 ul ol li dl dt dd table thead tbody tfoot tr td th caption blockquote pre center form label fieldset details ' +
  'summary figure figcaption address nav section span b i a u sub font small code q abbr button textarea noscript unheardof my-part'
).split(' ');
interface Tree {
  readonly tag: string;
  readonly children: readonly Tree[];
}
function treeOf(depth: number): fc.Arbitrary<Tree> {
  const tag = fc.constantFrom(...tags);
  if (depth === 0) return tag.map((name) => ({ tag: name, children: [] }));
  return fc.record({ tag, children: fc.array(treeOf(depth - 1), { maxLength: 3 }) });
}
const tree = treeOf(6);

describe('document HTML: nothing vanishes', () => {
  const written = ({ tag, children }: Tree, word: () => string): string =>
    `${word()}<${tag}>${children.map((child) => written(child, word)).join('')}${word()}</${tag}>${word()}`;
  const fragment = (root: Tree) => {
    const words: string[] = [];
    const text = written(root, () => {
      words.push(`w${words.length}x`);
      return words.at(-1) ?? '';
    });
    return { text, words };
  };

  it('every word of 1,000 fragments with elements in any order is read once', () => {
    fc.assert(
      fc.property(tree, (root) => {
        const { text, words } = fragment(root);
        const read = runsOf(blocksOf(text))
          .map((run) => run.text)
          .join(' ');
        for (const word of words) expect(read.split(word).length, `${word} of ${text}`).toBe(2);
      }),
      { numRuns: 1_000, seed: 10 },
    );
  });

  it.skipIf(noPoppler)('and is on the page', async () => {
    for (const root of fc.sample(tree, { numRuns: 12, seed: 10 })) {
      const { text, words } = fragment(root);
      const { pdf } = await render(registry, { operations: html(text) });
      const read = inspect(pdf, 'pdftotext', '-raw', '{}', '-').replace(/\s+/g, '');
      for (const word of words) expect(read, `${word} of ${text}`).toContain(word);
    }
  });
});

it('values and white space of any length are read in time', () => {
  const long = (text: string, count: number) => text.repeat(count);
  const hostile = [
    `<pre>${long(' ', 2_000_000)}x</pre>`,
    `${long('<br>', 200_000)}x`,
    long(`<p style="background:${long('a-', 9_000)}">x</p>`, 200),
    long(`<p style="font-size:${long('1', 19_000)}x">x</p>`, 200),
    `<p style="color:rgb(${long(' ', 19_000)}x)">x</p>`,
    `<img width="${long('1', 2_000_000)}x">x`,
  ];
  for (const text of hostile)
    expect(runsOf(blocksOf(text)).some((found) => found.text.endsWith('x'))).toBe(true);
});

describe('document HTML: looks', () => {
  it.each([
    'div',
    'h2',
    'li',
    'ul',
    'ol',
    'td',
    'th',
    'tr',
    'table',
    'tbody',
    'blockquote',
    'pre',
    'p',
    'dd',
    'span',
    'center',
  ])('the style of <%s> is that of its text', (tag) => {
    const style =
      'color: rgb(255, 0, 0); font-weight: 700; font-style: italic; font-size: 30px; text-decoration: underline';
    const inner =
      tag === 'ul' || tag === 'ol'
        ? '<li>x</li>'
        : tag === 'table' || tag === 'tbody'
          ? '<tr><td>x</td></tr>'
          : tag === 'tr'
            ? '<td>x</td>'
            : 'x';
    const element = `<${tag} style="${style}">${inner}</${tag}>`;
    const whole =
      tag === 'td' || tag === 'th'
        ? `<table><tr>${element}</tr></table>`
        : tag === 'tr' || tag === 'tbody'
          ? `<table>${element}</table>`
          : element;
    const { text, color, bold, italic, size, underline } = run(whole) ?? { text: '' };
    // A heading is bold without a word.
    expect({ text, color, bold, italic, size, underline }).toEqual({
      text: 'x',
      color: '#ff0000',
      bold: tag === 'h2' ? undefined : true,
      italic: true,
      size: 22.5,
      underline: true,
    });
  });

  it('text elements around blocks hold for the blocks', () => {
    expect(run('<b><p>x</p></b>')).toEqual({ text: 'x', bold: true });
    expect(run('<i><div><ul><li>x</li></ul></div></i>')).toEqual({ text: 'x', italic: true });
    expect(run('<a href="https://example.org/"><div><p>x</p></div></a>')).toEqual({
      text: 'x',
      link: 'https://example.org/',
    });
    expect(run('<font color="#0f0" size="5">x</font>')).toEqual({ text: 'x', color: '#00ff00', scale: 1.5 });
  });

  it.each([
    ['red', '#ff0000'],
    ['RebeccaPurple', '#663399'],
    ['lightgoldenrodyellow', '#fafad2'],
    ['#abc', '#aabbcc'],
    ['#AABBCC', '#aabbcc'],
    ['#00000080', '#7f7f7f'],
    ['rgb(255,0,0)', '#ff0000'],
    ['rgb(100% 0% 50%)', '#ff0080'],
    ['rgba(0, 0, 255, 0.5)', '#8080ff'],
    ['rgb(0 0 255 / 50%)', '#8080ff'],
    ['hsl(120, 100%, 25%)', '#008000'],
    ['hsl(0.5turn 100% 50%)', '#00ffff'],
    ['hsla(240deg, 100%, 50%, 1)', '#0000ff'],
    ['transparent', undefined],
    ['rgba(0,0,0,0)', undefined],
    ['constructor', undefined],
    ['rgb(1,2)', undefined],
    ['url(x)', undefined],
  ])('colour %s', (value, expected) => {
    expect(cssColor(value)).toBe(expected);
  });

  it.each([
    ['12pt', { size: 12 }],
    ['16px', { size: 12 }],
    ['1cm', { size: 72 / 2.54 }],
    ['2em', { scale: 2 }],
    ['150%', { scale: 1.5 }],
    ['0.5rem', { scale: 0.5 }],
    ['large', { scale: 1.125 }],
    ['0', {}],
    ['nonsense', {}],
  ])('font-size %s', (value, expected) => {
    expect(run(`<p style="font-size:${value}">x</p>`)).toEqual({ text: 'x', ...expected });
  });

  it('relative sizes are of what is around, in headings as well', () => {
    expect(run('<div style="font-size:20pt"><p style="font-size:2em">x</p></div>')?.size).toBe(40);
    expect(run('<div style="font-size:2em"><p style="font-size:50%">x</p></div>')?.scale).toBe(1);
    expect(run('<div style="font-size:20pt"><p style="font-size:2rem">x</p></div>')).toEqual({
      text: 'x',
      scale: 2,
    });
    expect(run('<h1>x</h1>')).toEqual({ text: 'x' });
    // Of the text around the heading, as a browser takes it, and told as a factor of the heading's own size.
    expect(run('<h1 style="font-size:1em">x</h1>')).toEqual({ text: 'x', scale: 0.5 });
    expect(run('<h2 style="font-weight:normal">x</h2>')).toEqual({ text: 'x', bold: false });
  });

  it.each([
    ['100', false],
    ['400', false],
    ['599', false],
    ['600', true],
    ['900', true],
    ['bolder', true],
    ['lighter', false],
  ])('font-weight %s', (value, bold) => {
    expect(run(`<div style="font-weight:${value}">x</div>`)).toEqual({ text: 'x', bold });
  });

  it('alignment is inherited, and stands in cells', () => {
    const alignsOf = (text: string) => blocksOf(text).map((block) => ('align' in block ? block.align : ''));
    expect(alignsOf('<div style="text-align:right"><p>a</p><h2>b</h2><p align="center">c</p></div>')).toEqual(
      ['right', 'right', 'center'],
    );
    const [table] = blocksOf(
      '<table><tr style="text-align:end"><td>a<td><p style="text-align:center">b</p></tr></table>',
    );
    expect(table).toMatchObject({ grid: { rows: [[{ align: 'right' }, { align: 'center' }]] } });
  });

  it('a row colours its cells', () => {
    const [table] = blocksOf(
      '<table><tr style="background:#eee url(x)"><td>a<td bgcolor="red">b</tr></table>',
    );
    expect(table).toMatchObject({
      grid: { rows: [[{ background: '#eeeeee', runs: [{ text: 'a' }] }, { background: '#ff0000' }]] },
    });
  });

  it('hides what a browser hides, and nothing else', () => {
    expect(
      lines(
        '<p style="display:none">a</p><p hidden>b</p><p style="visibility:hidden">c</p><input type="hidden" value="d">' +
          '<p>e<span style="DISPLAY: None !important">f</span></p><textarea>g</textarea><noscript>h</noscript>' +
          '<select><option>i<option selected>j</select><input value="k"><p style="font-size:0">l</p>',
      ),
    ).toEqual(['e', 'ghjk', 'l']);
    expect(blocksOf('<ol><li hidden>a<li>b</ol>')).toMatchObject([{ items: [{ value: 1 }] }]);
  });

  it.skipIf(noPoppler)('A14: the colours are on the page', async () => {
    const { pdf } = await render(registry, {
      operations: html(
        '<h2 style="color:#00f">MMMM</h2><table><tr><td style="color:red;font-weight:bold">MMMM</td></tr></table>' +
          '<div style="color:green"><p style="font-size:3em">MMMM</p></div><span style="font-size:40pt;color:rgb(255,0,255)">MMMM</span>',
      ),
    });
    const seen = await coloursOf(pdf);
    for (const color of ['0,0,255', '255,0,0', '0,128,0', '255,0,255']) expect(seen).toContain(color);
    expect(seen).not.toContain('0,0,0');
  });
});

async function coloursOf(pdf: Uint8Array): Promise<Set<string>> {
  const { data } = await pixelsOf(pdf);
  const seen = new Set<string>();
  for (let at = 0; at < data.length; at += 3) seen.add(`${data[at]},${data[at + 1]},${data[at + 2]}`);
  return seen;
}

/** The first page as a browser would see it, one pixel for a point. */
async function pixelsOf(pdf: Uint8Array) {
  const image = inspectBytes(pdf);
  return sharp(image).removeAlpha().raw().toBuffer({ resolveWithObject: true });
}

function inspectBytes(pdf: Uint8Array): Buffer {
  const text = inspect(pdf, 'sh', '-c', 'pdftoppm -r 72 -png -singlefile "$0" | base64', '{}');
  return Buffer.from(text, 'base64');
}

describe('document HTML: lists, tables and images', () => {
  let dot: string;
  beforeAll(async () => {
    const image = sharp({
      create: { width: 40, height: 20, channels: 3, background: { r: 255, g: 0, b: 0 } },
    });
    dot = `data:image/png;base64,${(await image.png().toBuffer()).toString('base64')}`;
  });

  it.skipIf(noPoppler)('A16: items count as they say', async () => {
    const read = await linesOf(
      html(
        '<ol><li value="5">a</li><li>b</li></ol><ol type="a" start="27"><li>c</li></ol><ol reversed><li>d</li><li>e</li></ol>' +
          '<ol type="I" start="9"><li>f</li></ol><ol start="0"><li>g</li></ol><ol start="-3"><li>h</li></ol>' +
          '<ol style="list-style-type: lower-roman"><li>i</li><li type="A">j</li><li></li><li>k</li></ol>' +
          '<ul><li value="3">l</li></ul><ol><li><ol><li>m</li></ol></li></ol>',
      ),
    );
    const marked = read.map((line) => line.replace(/\s+/g, ' '));
    for (const line of [
      '5. a',
      '6. b',
      'aa. c',
      '2. d',
      '1. e',
      'IX. f',
      '0. g',
      '-3. h',
      'i. i',
      'B. j',
      'iv. k',
    ])
      expect(marked).toContain(line);
    // Each mark of a list in a list has a line, and an empty item has its mark.
    expect(marked.slice(-2)).toEqual(['1.', '1. m']);
    expect(marked).toContain('iii.');
    expect(marked.find((line) => line.endsWith('l'))).not.toMatch(/\d/);
  });

  it.skipIf(noPoppler)('tables and lists in cells keep their text and form', async () => {
    const operations = (type: string) => [
      {
        type,
        html:
          '<table><tr><td>outer<ul><li>first</li><li>second</li></ul></td><td><table><tr><td>in11</td><td>in12</td></tr>' +
          '<tr><td>in21</td><td><ol start="7"><li>seven</li></ol></td></tr></table></td></tr><tr><td colspan="2"><pre>a\n  b</pre></td></tr></table>',
      },
    ];
    for (const type of ['add_table', 'add_html']) {
      const read = await linesOf(operations(type));
      const all = read.join('\n');
      for (const word of ['outer', 'first', 'second', 'in11', 'in12', 'in21', 'seven'])
        expect(all).toContain(word);
      expect(read.find((line) => line.includes('in11'))).toMatch(/in11\s+in12/);
      expect(all).toMatch(/7\.\s+seven/);
      expect(read.some((line) => line.includes('first') && line.includes('second'))).toBe(false);
    }
  });

  it('deep tables in tables are drawn in time, and their cells count', async () => {
    const nest = (depth: number): string =>
      depth === 0 ? 'core' : `<table><tr><td>${nest(depth - 1)}</td><td>side</td></tr></table>`;
    const { pages } = await render(registry, { operations: html(nest(7)) });
    expect(pages).toBe(1);
    const parsed = (rows: number) => {
      const inner = '<tr><td><table><tr><td colspan="100">x</table></td></tr>'.repeat(rows);
      return documentKind.parse({ operations: [{ type: 'add_html', html: `<table>${inner}</table>` }] });
    };
    expect(parsed(4_900).ok).toBe(true);
    expect(parsed(5_000)).toMatchObject({ ok: false, issues: [{ pointer: '/operations/0' }] });
  });

  it('a table has any number of things outside of its cells, and a cell any number of images', async () => {
    expect(blocksOf(`<table>${'<hr>'.repeat(200_000)}<tr><td>x</table>`)).toHaveLength(200_001);
    const source: ImageSource = { from: 'svg', svg: { rest: '/>', notes: [] } };
    const read = readBlocks(`<table><tr><td>${'<img src="data:,">'.repeat(200_000)}</table>`, () => source);
    if (!read.ok) throw new Error(read.message);
    const shelf = new PictureShelf(emptyContext);
    await shelf.load([{ type: 'add_html', at: '/operations/0', blocks: read.value }]);
    expect(shelf.of(source)).toEqual({ type: 'svg', svg: source.svg });
  });

  it('an empty table is no error, and its caption stays', () => {
    expect(blocksOf('<p>a</p><table></table><table><caption>c</caption><tr></tr></table>')).toMatchObject([
      { type: 'paragraph' },
      { type: 'paragraph', runs: [{ text: 'c' }] },
    ]);
  });

  it.skipIf(noPoppler)('draws images in data: URIs at the size they say', async () => {
    const boxOf = async (image: string) => {
      const { pdf, warnings } = await render(registry, { margin_mm: 10, operations: html(image) });
      expect(warnings).toEqual([]);
      const { data, info } = await pixelsOf(pdf);
      let [left, top, right, bottom] = [info.width, info.height, -1, -1];
      for (let y = 0; y < info.height; y++) {
        for (let x = 0; x < info.width; x++) {
          const at = (y * info.width + x) * 3;
          if (data[at] !== 255 || (data[at + 1] ?? 0) > 60) continue;
          [left, right] = [Math.min(left, x), Math.max(right, x)];
          [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
        }
      }
      return [right - left + 1, bottom - top + 1];
    };
    const near = ([width = 0, height = 0]: number[], [wide = 0, high = 0]: number[]) => {
      expect(Math.abs(width - wide)).toBeLessThanOrEqual(2);
      expect(Math.abs(height - high)).toBeLessThanOrEqual(2);
    };
    near(await boxOf(`<p>text <img src="${dot}"> text</p>`), [30, 15]);
    near(await boxOf(`<img width="80" src="${dot}">`), [60, 30]);
    near(await boxOf(`<img width="80" height="80px" src="${dot}">`), [60, 60]);
    near(await boxOf(`<img style="width:5cm;height:10mm" src="${dot}">`), [142, 28]);
    near(await boxOf(`<img width="50%" src="${dot}">`), [269, 135]);
    near(await boxOf(`<img width="9999" src="${dot}">`), [539, 269]);
    near(await boxOf(`<table><tr><td><ul><li><img src="${dot}"></li></ul></td></tr></table>`), [30, 15]);
    // In a column they are as wide as the column.
    const wide = `<td><img width="900" height="45" src="${dot}"></td>`;
    const [width = 0] = await boxOf(`<table><tr>${wide.repeat(3)}</tr></table>`);
    expect(width).toBeGreaterThan(500);
    expect(width).toBeLessThanOrEqual(540);
    const drawing = encodeURIComponent(
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><rect width="40" height="20" fill="#f00"/></svg>',
    );
    near(await boxOf(`<img width="80" src="data:image/svg+xml,${drawing}">`), [60, 30]);
    const drawn = `<td><img width="600" src="data:image/svg+xml,${drawing}"></td>`;
    const [drawnWidth = 0, drawnHeight = 0] = await boxOf(
      `<table><tr><td></td>${drawn}${drawn}</tr></table>`,
    );
    expect(drawnWidth).toBeLessThanOrEqual(540);
    expect(Math.abs(drawnHeight * 4 - drawnWidth)).toBeLessThan(60);
  });

  it('tells what it does not draw, with its pointer, and shows the text that stands for it', async () => {
    const { warnings } = await render(registry, {
      operations: [
        { type: 'add_text', text: 'x' },
        {
          type: 'add_html',
          html:
            '<img src="https://example.org/a.png" alt="Logo"><img src="data:image/png;base64,AAAA"><svg></svg><video>v</video>' +
            '<a href="page.html">link</a><a href="#">top</a><input type="checkbox">',
        },
        { type: 'add_table', html: '<table><tr><td><iframe>f</iframe>x</td></tr></table>' },
        { type: 'add_columns', columns: [{ operations: [{ type: 'add_html', html: '<canvas></canvas>' }] }] },
      ],
    });
    expect(warnings.map(({ code, pointer }) => [code, pointer])).toEqual([
      ['html_left_out', '/operations/1/html'],
      ['html_left_out', '/operations/1/html'],
      ['html_left_out', '/operations/1/html'],
      ['html_left_out', '/operations/2/html'],
      ['html_left_out', '/operations/3/columns/0/operations/0/html'],
    ]);
    const messages = warnings.map(({ message }) => message).join('\n');
    for (const part of [
      '<svg>, <video>',
      'https://example.org/a.png',
      '2 images in all',
      'page.html',
      '<iframe>',
    ])
      expect(messages).toContain(part);
    expect(lines('<p>a<img src="http://x/" alt="Logo">b</p>')).toEqual(['aLogob']);
  });

  it('says whose image it is when it does not decode', async () => {
    const broken = `${dot.slice(0, 90)}`.replace(/[^A-Za-z0-9+/]*$/, '');
    const cut = broken.slice(0, broken.length - ((broken.length - dot.indexOf(',') - 1) % 4));
    await expect(render(registry, { operations: html(`<img src="${cut}">`) })).rejects.toMatchObject({
      pointer: '/operations/0/html',
    });
  });
});
