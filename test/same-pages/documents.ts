import { twoColors } from '../words/pictures.js';
import { type Chance, chanceOf } from '../words/tokens.js';

/** Random documents of what our own layout draws; a seed makes one. */

type Members = Readonly<Record<string, unknown>>;

const families = [
  ...(['arimo', 'tinos', 'cousine', 'dejavu-sans', 'dejavu-serif', 'dejavu-mono'] as const),
  ...(['helvetica', 'times', 'courier', 'noto-sans-jp'] as const),
] as const;
const aligns = ['left', 'center', 'right', 'justify'] as const;
const colors = ['#000000', '#aa3311', '#0b57d0', '#777777'] as const;

/** Words with what kerning, ligatures and line breaking look at: letters of other scripts, signs, numbers, spaces. */
const words = [
  'Widget',
  'AVATAR',
  'To.',
  'fi',
  'ffl',
  'office',
  'Größe',
  'Ελληνικά',
  'Привет',
  '(brackets)',
  '“quoted”',
  '10,00',
  '1.234,56',
  '-5',
  '12:30',
  'a/b/c',
  'e-mail@example.org',
  'semi;colon',
  'what?',
  'well-known',
  'x',
  '€',
  '100%',
  '#tag',
  'Supercalifragilisticexpialidocious',
  'W'.repeat(40),
  '',
  ' ',
] as const;

/** Of scripts without spaces, with what may not begin or end a line. */
const easternWords = [
  '請求書',
  '日本語の文章です。',
  '「引用」',
  'ご請求金額（税込）',
  '第１四半期',
  '1,980円',
  'キャッチャー',
  '서울',
  '中文',
] as const;

/** Broken with a hyphen, of no width, or from right to left. */
const specialWords = [
  'Donau\u00addampf\u00adschiff\u00adfahrt',
  'in\u00advis\u00adible',
  'zero\u200bwidth',
  'שלום',
  'السعر',
  '(עולם)',
] as const;

class Maker {
  #depth = 0;
  readonly #words: readonly [string, ...string[]];

  constructor(readonly chance: Chance) {
    const eastern = chance.maybe(0.15) ? [...easternWords, ...easternWords] : [];
    this.#words = [...words, ...eastern, ...(chance.maybe(0.15) ? [...specialWords, ...specialWords] : [])];
  }

  text(most: number): string {
    const { chance } = this;
    const count = chance.whole(1, chance.maybe(0.1) ? most * 6 : most);
    const parts = Array.from({ length: count }, () => chance.one(this.#words));
    return parts.join(chance.maybe(0.05) ? '\n' : chance.maybe(0.05) ? '  ' : ' ');
  }

  /** Members that are given in some documents only. */
  some(members: Readonly<Record<string, () => unknown>>, share = 0.25): Members {
    return Object.fromEntries(
      Object.entries(members).flatMap(([name, value]) => (this.chance.maybe(share) ? [[name, value()]] : [])),
    );
  }

  size(): number {
    return this.chance.maybe(0.1) ? this.chance.whole(20, 60) : this.chance.whole(5, 16);
  }

  operation(): Members {
    const { chance } = this;
    const flowing: [(this: Maker) => Members, ...((this: Maker) => Members)[]] = [
      this.addText,
      this.addText,
      this.addTable,
      this.setFont,
      this.addSpace,
      this.addShape,
      this.addCode,
      this.addPicture,
      this.addList,
      this.addHtml,
      this.addLink,
      this.addDrawing,
      ...(this.#depth < 3 && chance.maybe(0.2) ? [this.addBlock] : []),
    ];
    const make =
      this.#depth > 0
        ? chance.one(flowing)
        : chance.one([
            ...flowing,
            this.addTable,
            this.addPage,
            this.addContents,
            this.addColumns,
            this.addColumns,
            this.addBlock,
            this.addBlock,
          ] as typeof flowing);
    return make.call(this);
  }

  addText(): Members {
    const { chance } = this;
    return {
      type: 'add_text',
      text: this.text(25) || 'x',
      ...this.some({
        font_size: () => this.size(),
        align: () => chance.one(aligns),
        bold: () => true,
        italic: () => true,
        underline: () => true,
        color: () => chance.one(colors),
        line_height: () => chance.between(0.8, 2),
        link: () => 'https://example.org/x',
        width: () => chance.whole(15, 120),
      }),
      ...this.some({ heading: () => chance.whole(1, 6) }, 0.1),
      ...this.placeOrKept(),
    };
  }

  /** What has a place of its own does not stay with anything, nor together. */
  placeOrKept(): Members {
    const place = this.place();
    return 'y' in place ? place : { ...place, ...this.kept() };
  }

  kept(): Members {
    return this.some({ keep_with_next: () => true }, 0.15);
  }

  addList(): Members {
    const { chance } = this;
    const items = (depth: number): unknown[] =>
      Array.from({ length: chance.whole(1, 5) }, () => {
        const text = this.text(chance.maybe(0.2) ? 25 : 4) || 'x';
        if (depth > 2 || chance.maybe(0.8)) return text;
        return { text, items: items(depth + 1), ...this.some({ ordered: () => chance.maybe(0.5) }) };
      });
    const ordered = chance.maybe(0.5);
    const styles = ordered
      ? (['decimal', 'lower-alpha', 'upper-alpha', 'lower-roman', 'upper-roman'] as const)
      : (['disc', 'circle', 'square'] as const);
    return {
      type: 'add_list',
      items: items(0),
      ordered,
      ...this.some({
        style: () => chance.one<string>(styles),
        font_size: () => this.size(),
        color: () => chance.one(colors),
        ...(ordered ? { start: () => chance.whole(1, 60) } : {}),
      }),
    };
  }

  addHtml(): Members {
    const { chance } = this;
    const text = () => this.text(6).replace(/[<>&]/g, '');
    const inline = () =>
      chance.one([
        text(),
        `<b>${text()}</b>`,
        `<i>${text()} <u>${text()}</u></i>`,
        `<a href="https://example.org/h">${text()}</a>`,
        `<code>${text()}</code>`,
        `<s>${text()}</s>`,
        `${text()}<sup>${text()}</sup>`,
        `<sub><u>${text()}</u></sub>`,
        `<span style="color: #0b57d0; background-color: #ffeecc">${text()}</span>`,
        `${text()}<br>${text()}`,
      ]);
    const run = () => Array.from({ length: chance.whole(1, 4) }, inline).join(' ');
    const block = (): string =>
      chance.one([
        `<p>${run()}</p>`,
        `<p style="text-align: justify">${run()}</p>`,
        `<h${chance.whole(1, 6)}>${run()}</h1>`,
        `<ul><li>${run()}</li><li>${run()}<ol><li>${run()}</li></ol></li></ul>`,
        `<ol start="3"><li>${run()}</li><li value="9"><p>${run()}</p><p>${run()}</p></li></ol>`,
        `<blockquote><p>${run()}</p></blockquote>`,
        '<hr>',
        `<pre>  ${text()}\n    ${text()}</pre>`,
        `<div style="text-align: right"><ol type="a"><li>${run()}</li></ol><ul><li>${run()}</li></ul></div>`,
        `<img src="data:image/png;base64,${twoColors(chance.whole(8, 300), chance.whole(8, 90), '#ff0000', '#0000ff')}">`,
        `<table><tr><td rowspan="2">${run()}</td><td>${run()}</td></tr><tr><td>${run()}</td></tr></table>`,
        `<table><tr><th>${text()}</th><th>${text()}</th></tr><tr><td>${run()}</td><td>${run()}</td></tr></table>`,
      ]);
    return { type: 'add_html', html: Array.from({ length: chance.whole(1, 4) }, block).join('') };
  }

  addLink(): Members {
    const { chance } = this;
    const look = this.some({ font_size: () => this.size(), color: () => chance.one(colors) });
    return {
      type: 'add_link',
      text: this.text(4) || 'x',
      url: 'https://example.org/l',
      ...look,
      ...(chance.maybe(0.1) ? { x: chance.whole(0, 220), y: chance.whole(0, 300) } : {}),
    };
  }

  #hasContents = false;
  addContents(): Members {
    if (this.#hasContents) return this.addText();
    this.#hasContents = true;
    return {
      type: 'add_toc',
      ...this.some({ title: () => this.text(3) || 'x', font_size: () => this.chance.whole(6, 16) }, 0.5),
    };
  }

  addDrawing(): Members {
    const { chance } = this;
    const box = chance.maybe(0.5) ? ' viewBox="0 0 80 40"' : '';
    return {
      type: 'add_svg',
      svg: `<svg xmlns="http://www.w3.org/2000/svg" width="80mm" height="40mm"${box}><rect x="5" y="5" width="30" height="20" fill="#0b57d0"/><text x="5" y="38" font-size="8">Größe</text></svg>`,
      ...this.place(),
      ...this.some({
        width: () => chance.whole(10, 90),
        height: () => chance.whole(10, 60),
        align: () => chance.one(['left', 'center', 'right']),
      }),
    };
  }

  addBlock(): Members {
    const { chance } = this;
    this.#depth++;
    const operations = Array.from({ length: chance.whole(1, 5) }, () => this.operation());
    this.#depth--;
    const sides = (most: number) => () =>
      chance.one<unknown>([
        chance.whole(0, most),
        { top: chance.whole(0, most), left: chance.between(0, most) },
      ]);
    const place = this.placeOrKept();
    return {
      type: 'add_block',
      operations,
      ...this.some(
        {
          padding: sides(chance.maybe(0.1) ? 60 : 8),
          fill: () => chance.one(['#ddeeff', '#ffeedd']),
          border_color: () => chance.one(colors),
          border_width: sides(2),
          radius: () => chance.whole(0, 6),
          width: () => chance.whole(30, 150),
        },
        0.4,
      ),
      ...place,
      ...('y' in place ? {} : this.some({ keep_together: () => true }, 0.4)),
    };
  }

  /** Mostly in the flow, with its space; sometimes at a place, which may be beyond the paper. */
  place(): Members {
    const { chance } = this;
    if (chance.maybe(0.1)) return { x: chance.whole(0, 220), y: chance.whole(0, 300) };
    const space = { space_before: () => chance.whole(0, 40), space_after: () => chance.whole(0, 40) };
    return { ...(chance.maybe(0.1) ? { x: chance.whole(0, 120) } : {}), ...this.some(space) };
  }

  addTable(): Members {
    const { chance } = this;
    const columns = chance.whole(1, 5);
    const hasSpans = chance.maybe(0.2);
    const hasRowSpans = chance.maybe(0.1);
    const cell = (span = 1) => {
      const text = this.text(chance.maybe(0.1) ? 20 : 3);
      if (span === 1 && chance.maybe(0.85)) return text;
      return {
        text,
        ...(span === 1 ? {} : { colspan: span }),
        ...this.some({
          bold: () => true,
          italic: () => true,
          underline: () => true,
          background: () => '#ffeecc',
          color: () => chance.one(colors),
          align: () => chance.one(aligns),
          font_size: () => this.size(),
          link: () => 'https://example.org/y',
          ...(hasRowSpans ? { rowspan: () => chance.whole(2, 3) } : {}),
        }),
      };
    };
    const row = () => {
      const cells: unknown[] = [];
      for (let x = 0; x < columns; ) {
        const span = hasSpans && chance.maybe(0.3) ? chance.whole(1, columns - x) : 1;
        cells.push(cell(span));
        x += span;
      }
      if (chance.maybe(0.9)) return cells;
      const look = this.some({
        bold: () => true,
        color: () => chance.one(colors),
        background: () => '#ddffdd',
        font_size: () => this.size(),
        line_above: () => chance.between(0, 2),
        line_below: () => chance.between(0, 2),
        align: () => chance.one(aligns),
        keep_with_next: () => true,
      });
      return { cells, ...look };
    };
    const count = chance.maybe(0.15) ? chance.whole(30, 90) : chance.whole(1, 8);
    const width = () => chance.one<string | number>(['auto', '*', '15%', chance.whole(10, 60)]);
    const rows = Array.from({ length: count }, row);
    const { widths, align, ...others } = this.some({
      headers: () => Array.from({ length: columns }, () => this.text(2)),
      widths: () => Array.from({ length: columns }, width),
      align: () => Array.from({ length: columns }, () => chance.one(aligns)),
      zebra: () => true,
      borders: () => chance.one(['grid', 'lines', 'none']),
      cell_padding: () => chance.one<number | object>([0, 2, { left: 4, top: 1 }, 12]),
      line_width: () => chance.between(0.1, 2),
      line_color: () => chance.one(colors),
      header_style: () => ({ background: '#eeeeee', color: '#222222', line_below: 1, font_size: 14 }),
      row_style: () => ({ font_size: chance.whole(5, 11), italic: true }),
      font_size: () => this.size(),
      header_rows: () => chance.whole(0, 2),
      space_after: () => chance.whole(0, 20),
      keep_rows: () => true,
    });
    // Cells over several rows move those below aside: there are more columns than were counted, and no amounts.
    const options = hasRowSpans ? others : { ...others, widths, align };
    return {
      type: 'add_table',
      rows,
      ...options,
      ...this.kept(),
      ...(chance.maybe(0.3) && this.#depth === 0 && !('header_rows' in options) && !hasRowSpans
        ? { carry: this.carry(columns, count) }
        : {}),
    };
  }

  carry(columns: number, rows: number): Members {
    const { chance } = this;
    const line = (name: string) => {
      const cells = [`${name} {carried}`, ...Array.from({ length: columns - 1 }, () => this.text(1))];
      return chance.maybe(0.5) ? cells : { cells, bold: true, background: '#eeffee', line_above: 1 };
    };
    return {
      values: Array.from({ length: rows }, () => chance.whole(-500, 2000) / 100),
      forward: line('Carried'),
      ...(chance.maybe(0.7) ? { brought: line('Brought') } : {}),
    };
  }

  setFont(): Members {
    const { chance } = this;
    return {
      type: 'set_font',
      family: chance.one(families),
      ...this.some({ size: () => this.size(), style: () => chance.one(['', 'B', 'I', 'BI', 'U']) }),
    };
  }

  addColumns(): Members {
    const { chance } = this;
    this.#depth++;
    const columns = Array.from({ length: chance.whole(1, 3) }, () => ({
      ...this.some({ width: () => chance.one<string | number>(['auto', '*', '30%', chance.whole(20, 60)]) }),
      operations: Array.from({ length: chance.whole(1, 3) }, () => this.operation()),
    }));
    this.#depth--;
    return { type: 'add_columns', columns, ...this.some({ gap: () => chance.whole(0, 15) }) };
  }

  addShape(): Members {
    const { chance } = this;
    const look = this.some({ color: () => chance.one(colors), line_width: () => chance.between(0.1, 3) });
    const place = () => chance.whole(0, 120);
    if (chance.maybe(0.4))
      return { type: 'add_line', ...look, ...this.some({ dash: () => chance.whole(1, 5) }) };
    if (chance.maybe(0.4))
      return { type: 'add_line', ...look, x1: place(), y1: place(), x2: place(), y2: place() };
    return {
      type: 'add_rect',
      ...look,
      x: place(),
      y: place(),
      width: chance.whole(1, 80),
      height: chance.whole(1, 80),
      ...this.some({
        fill: () => '#eeddff',
        radius: () => chance.whole(0, 5),
        opacity: () => chance.between(0, 1),
      }),
    };
  }

  addCode(): Members {
    const { chance } = this;
    const align = this.some({ align: () => chance.one(['left', 'center', 'right']) });
    if (chance.maybe(0.5))
      return {
        type: 'add_qr',
        value: 'https://example.org/1',
        ...align,
        ...this.some({ size: () => chance.whole(10, 40) }),
      };
    return { type: 'add_barcode', symbology: 'code128', value: 'AB-1234', ...align, ...this.place() };
  }

  addPicture(): Members {
    const { chance } = this;
    return {
      type: 'add_image',
      source: twoColors(chance.whole(8, 300), chance.whole(8, 300), '#ff0000', '#0000ff'),
      ...this.place(),
      ...this.some({
        width: () => chance.whole(10, 90),
        height: () => chance.whole(10, 90),
        fit: () => chance.one(['fill', 'contain', 'cover']),
        align: () => chance.one(['left', 'center', 'right']),
        link: () => 'https://example.org/z',
      }),
    };
  }

  band(): unknown {
    const { chance } = this;
    if (chance.maybe(0.4)) return 'Page {page} of {pages}';
    if (chance.maybe(0.6))
      return {
        left: this.text(2),
        right: '{page}',
        ...this.some({ line: () => true, font_size: () => chance.whole(6, 20) }),
      };
    return {
      operations: [
        { type: 'add_text', text: 'Größe {page}', align: 'center' },
        { type: 'add_table', rows: [['a', '{page}']] },
      ],
    };
  }

  addPage(): Members {
    const { chance } = this;
    if (chance.maybe(0.5)) return { type: 'add_page_break' };
    return {
      type: 'add_page',
      ...this.some({
        page_size: () =>
          chance.one<string | object>([
            'A5',
            { width_mm: chance.whole(60, 250), height_mm: chance.whole(60, 250) },
          ]),
        orientation: () => chance.one(['portrait', 'landscape']),
      }),
    };
  }

  watermark(): Members {
    const { chance } = this;
    return {
      text: chance.one(['DRAFT', 'Größe 12', 'Copy 見本 x']),
      ...this.some({
        font_size: () => chance.whole(20, 400),
        angle: () => chance.whole(-90, 90),
        opacity: () => chance.between(0.05, 1),
        color: () => chance.one(colors),
        bold: () => false,
      }),
    };
  }

  addSpace(): Members {
    return { type: 'add_spacer', height: this.chance.whole(1, 120) };
  }
}

export function documentOf(seed: number): {
  readonly operations: readonly Members[];
  readonly [member: string]: unknown;
} {
  const chance = chanceOf(seed);
  const make = new Maker(chance);
  const operations = Array.from({ length: chance.whole(1, 8) }, () => make.operation());
  return {
    operations,
    ...make.some({
      fonts: () => ({ default: chance.one(families), size: chance.whole(6, 16) }),
      page_size: () => ({ width_mm: chance.whole(60, 250), height_mm: chance.whole(60, 250) }),
      margin_mm: () => chance.whole(0, 25),
      title: () => 'Title & more',
      header: () => make.band(),
      footer: () => make.band(),
      first_header: () => make.band(),
      language: () => 'de',
    }),
    ...make.some({ watermark: () => make.watermark() }, 0.1),
  };
}
