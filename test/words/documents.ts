import { families } from '../../src/render/fonts/catalogue.js';
import { colors, darkColors, twoColors } from './pictures.js';
import { type Chance, chanceOf, Words } from './tokens.js';

/**
 * Documents with a known list of what must be found in them: every operation, at random places and sizes, in every font
 * and script. A seed makes one document.
 */

/** What the operation at `at` (a JSON pointer) puts on paper. */
export type Mark = { readonly at: string } & (
  | { readonly is: 'word'; readonly text: string }
  /** All of these colours are seen. */
  | { readonly is: 'colors'; readonly colors: readonly string[] }
  | { readonly is: 'code'; readonly color: string; readonly value: string; readonly fixed: boolean }
);

export interface Made {
  readonly request: { readonly operations: readonly Operation[]; readonly [member: string]: unknown };
  readonly marks: readonly Mark[];
}
export type Operation = Readonly<Record<string, unknown>> & { readonly type: string };

const fonts = families.map(({ name }) => name) as [string, ...string[]];
const aligns = ['left', 'center', 'right', 'justify'] as const;
const sides = ['left', 'center', 'right'] as const;

class Maker {
  readonly marks: Mark[] = [];
  readonly words: Words;
  readonly #colors: string[];
  depth = 0;
  hasContents = false;

  constructor(readonly chance: Chance) {
    this.words = new Words(chance);
    this.#colors = [...colors].sort(() => chance.between(-1, 1));
  }

  word(at: string, script?: Parameters<Words['next']>[0]): string {
    const text = this.words.next(script);
    this.marks.push({ at, is: 'word', text });
    return text;
  }

  text(at: string, most = 8): string {
    const count = this.chance.whole(1, most);
    return Array.from({ length: count }, () => this.word(at)).join(this.chance.maybe(0.1) ? '\n' : ' ');
  }

  /** A colour that nothing else of the document has, or undefined. */
  color(of: readonly string[] = colors): string | undefined {
    const index = this.#colors.findIndex((color) => of.includes(color));
    return index < 0 ? undefined : this.#colors.splice(index, 1)[0];
  }

  /** Members that are given in some documents only. */
  some(members: Record<string, () => unknown>, share = 0.3): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(members).flatMap(([name, value]) => (this.chance.maybe(share) ? [[name, value()]] : [])),
    );
  }

  /** Where a thing stands: mostly in the flow, sometimes at a place, which may be beyond the paper. */
  place(): Record<string, unknown> {
    const { chance } = this;
    const far = chance.maybe(0.15) ? 400 : 120;
    if (chance.maybe(0.75)) return chance.maybe(0.1) ? { x: chance.whole(0, far) } : {};
    return { x: chance.whole(0, far), y: chance.whole(0, far) };
  }

  size(): number {
    return this.chance.maybe(0.05) ? this.chance.whole(40, 250) : this.chance.whole(5, 30);
  }

  mm(): number {
    return this.chance.maybe(0.1) ? this.chance.whole(100, 400) : this.chance.whole(8, 60);
  }

  operations(at: string, count: number): Operation[] {
    return Array.from({ length: count }, (_, i) => this.operation(`${at}/${i}`));
  }

  operation(at: string): Operation {
    const names = this.depth === 0 ? everywhere.concat(onPages) : everywhere;
    const name = names[this.chance.whole(0, names.length - 1)] ?? 'add_text';
    const members = makers[name]?.(this, at);
    return members === undefined ? { type: 'add_text', text: this.text(at) } : { type: name, ...members };
  }
}

function html(make: Maker, at: string, depth = 0): string {
  const { chance } = make;
  const word = () => make.word(at);
  const styled = () => {
    const color = chance.one(['#333', 'rgb(60,60,60)', 'black']);
    const style = chance.one([
      `color:${color}`,
      'font-weight:bold',
      'font-size:150%',
      'font-style:italic',
      'text-align:right',
    ]);
    return chance.maybe(0.3) ? ` style="${style}"` : '';
  };
  const inline = () => {
    const tag = chance.one([
      'b',
      'i',
      'u',
      'span',
      'code',
      'a href="https://x.test"',
      'sup',
      'small',
      'mark',
    ]);
    return chance.maybe(0.3) ? `<${tag}${styled()}>${word()}</${tag.split(' ')[0]}> ` : `${word()} `;
  };
  const phrase = () => Array.from({ length: chance.whole(1, 4) }, inline).join('');
  const inner = () => (depth < 2 && chance.maybe(0.3) ? html(make, at, depth + 1) : phrase());
  const block = (): string => {
    const tag = chance.one([
      'p',
      'div',
      'h1',
      'h2',
      'h3',
      'h6',
      'ul',
      'ol',
      'table',
      'dl',
      'address',
      'figure',
      'blockquote',
      'pre',
      'section',
      'details',
      'nav',
      'center',
      'form',
      'label',
      'bare',
      'img',
      'fieldset',
      'main',
    ]);
    switch (tag) {
      case 'bare':
        return phrase();
      case 'ul':
      case 'ol': {
        const items = Array.from({ length: chance.whole(1, 3) }, () => `<li>${inner()}</li>`).join('');
        return `<${tag}${styled()}>${chance.maybe(0.1) ? word() : ''}${items}</${tag}>`;
      }
      case 'table': {
        const row = (cell: string) => `<tr>${`<${cell}${styled()}>${'\u0001'}</${cell}>`.repeat(2)}</tr>`;
        const rows =
          (chance.maybe(0.5) ? `<thead>${row('th')}</thead>` : '') + row('td').repeat(chance.whole(1, 3));
        return `<table>${rows.replaceAll('\u0001', () => inner())}</table>`;
      }
      case 'dl':
        return `<dl><dt>${phrase()}</dt><dd>${inner()}</dd></dl>`;
      case 'figure':
        return `<figure>${inner()}<figcaption>${phrase()}</figcaption></figure>`;
      case 'details':
        return `<details><summary>${phrase()}</summary>${inner()}</details>`;
      case 'img': {
        const pair = [make.color(), make.color()];
        const [upper, lower] = pair;
        if (upper === undefined || lower === undefined) return phrase();
        make.marks.push({ at, is: 'colors', colors: [upper, lower] });
        return `<img src="data:image/png;base64,${twoColors(chance.whole(20, 60), chance.whole(20, 60), upper, lower)}">`;
      }
      default:
        return `<${tag}${styled()}>${inner()}</${tag}>`;
    }
  };
  return Array.from({ length: chance.whole(1, depth === 0 ? 4 : 2) }, block).join('');
}

function picture(make: Maker, at: string): { upper: string; lower: string } | undefined {
  const [upper, lower] = [make.color(), make.color()];
  if (upper === undefined || lower === undefined) return undefined;
  make.marks.push({ at, is: 'colors', colors: [upper, lower] });
  return { upper, lower };
}

const makers: Readonly<Record<string, (make: Maker, at: string) => Record<string, unknown> | undefined>> = {
  add_text: (make, at) => ({
    text: make.text(at, 20),
    ...make.place(),
    ...make.some({
      font_size: () => make.size(),
      width: () => make.mm(),
      align: () => make.chance.one(aligns),
      bold: () => true,
      italic: () => true,
      underline: () => true,
      line_height: () => make.chance.between(0.8, 3),
      link: () => 'https://x.test',
      heading: () => make.chance.whole(1, 6),
    }),
  }),
  set_font: (make) => ({
    family: make.chance.one(fonts),
    ...make.some({
      size: () => make.chance.whole(5, 24),
      style: () => make.chance.one(['', 'B', 'I', 'BI', 'U']),
    }),
  }),
  add_page: ({ chance }) =>
    chance.maybe(0.5)
      ? {
          page_size: chance.one([
            'A4',
            'A5',
            'Letter',
            { width_mm: chance.whole(60, 300), height_mm: chance.whole(60, 300) },
          ]),
        }
      : { orientation: chance.one(['portrait', 'landscape']) },
  add_image: (make, at) => {
    const drawn = picture(make, at);
    if (drawn === undefined) return undefined;
    const { chance } = make;
    return {
      source: twoColors(chance.whole(16, 400), chance.whole(16, 400), drawn.upper, drawn.lower),
      ...make.place(),
      ...make.some({
        width: () => make.mm(),
        height: () => make.mm(),
        fit: () => chance.one(['fill', 'contain', 'cover']),
        align: () => chance.one(sides),
      }),
    };
  },
  add_table: (make, at) => {
    const { chance } = make;
    if (chance.maybe(0.2)) {
      const rows = Array.from({ length: chance.whole(1, 3) }, () => `<tr><td>${html(make, at, 1)}</td></tr>`);
      return { html: `<table>${rows.join('')}</table>`, ...make.some({ keep_rows: () => true }) };
    }
    const columns = chance.whole(1, 4);
    const tall = chance.maybe(0.1) ? 40 : 6;
    const cell = (left: number) => {
      const text = Array.from({ length: chance.whole(1, chance.maybe(0.2) ? tall : 2) }, () =>
        make.word(at),
      ).join(chance.one([' ', '\n']));
      if (chance.maybe(0.8)) return text;
      return {
        text,
        ...make.some({
          colspan: () => chance.whole(1, left),
          rowspan: () => chance.whole(1, 4),
          bold: () => true,
          background: () => '#eeeeee',
          align: () => chance.one(aligns),
        }),
      };
    };
    const row = () => Array.from({ length: chance.whole(1, columns) }, () => cell(columns));
    const plain = Array.from({ length: chance.maybe(0.1) ? 30 : chance.whole(1, 8) }, row);
    const rows = plain.map((cells) =>
      chance.maybe(0.1) ? { cells, bold: true, ...make.some({ keep_with_next: () => true }) } : cells,
    );
    return {
      rows,
      ...make.some({
        headers: () => Array.from({ length: columns }, () => make.word(at)),
        header_rows: () => chance.whole(0, 2),
        keep_rows: () => true,
        zebra: () => true,
        borders: () => chance.one(['grid', 'lines', 'none']),
        cell_padding: () => chance.one<number | object>([0, 2, { left: 4, top: 1 }]),
        line_width: () => chance.between(0.1, 2),
        header_style: () => ({ background: '#eeeeee', color: '#222222', line_below: 1 }),
        // Larger ones would break words over pages, whose letters nobody could put together again.
        row_style: () => ({ font_size: chance.whole(5, 11), italic: true }),
        keep_with_next: () => true,
        font_size: () => chance.whole(5, 20),
      }),
    };
  },
  add_html: (make, at) => ({ html: html(make, at) }),
  add_list: (make, at) => {
    const { chance } = make;
    const items = (depth: number): unknown[] =>
      Array.from({ length: chance.whole(1, 5) }, () =>
        depth < 3 && chance.maybe(0.2)
          ? { text: make.text(at, 3), items: items(depth + 1), ...make.some({ ordered: () => true }) }
          : make.text(at, 3),
      );
    return {
      items: items(0),
      ...make.some({
        ordered: () => true,
        start: () => chance.whole(0, 5_000),
        font_size: () => make.size(),
        style: () =>
          chance.one(['disc', 'circle', 'square', 'none', 'decimal', 'lower-roman', 'upper-alpha']),
      }),
    };
  },
  add_link: (make, at) => ({
    url: 'https://x.test/page',
    text: make.text(at),
    ...make.place(),
    ...make.some({
      width: () => make.mm(),
      font_size: () => make.size(),
      align: () => make.chance.one(aligns),
    }),
  }),
  add_toc: (make, at) => {
    if (make.hasContents) return undefined;
    make.hasContents = true;
    return make.some({ title: () => make.word(at), font_size: () => make.chance.whole(6, 16) });
  },
  add_line: (make, at) => {
    const color = make.color();
    if (color === undefined) return undefined;
    make.marks.push({ at, is: 'colors', colors: [color] });
    const { chance } = make;
    const far = chance.maybe(0.2) ? 300 : 140;
    const place = () => chance.whole(3, far);
    const [x1, y1] = [place(), place()];
    return {
      color,
      line_width: chance.between(1.5, 4),
      ...(chance.maybe(0.5) ? {} : { x1, y1, x2: x1 + chance.whole(5, 40), y2: y1 + chance.whole(0, 40) }),
    };
  },
  add_rect: (make, at) => {
    const fill = make.color();
    if (fill === undefined) return undefined;
    make.marks.push({ at, is: 'colors', colors: [fill] });
    const { chance } = make;
    const far = chance.maybe(0.2) ? 300 : 120;
    return {
      fill,
      x: chance.whole(0, far),
      y: chance.whole(0, far),
      width: chance.whole(4, 12),
      height: chance.whole(4, 12),
      ...make.some({ radius: () => chance.whole(0, 3) }),
    };
  },
  add_qr: (make, at) => {
    const color = make.color(darkColors);
    if (color === undefined) return undefined;
    const value = make.words.next('latin');
    const place = make.place();
    make.marks.push({ at, is: 'code', color, value, fixed: place.y !== undefined });
    return {
      value,
      color,
      ...place,
      ...make.some({ size: () => make.chance.whole(10, 60), ecc: () => 'H' }),
    };
  },
  add_barcode: (make, at) => {
    const color = make.color(darkColors);
    if (color === undefined) return undefined;
    const { chance } = make;
    const symbology = chance.one(['code128', 'code39', 'code93', 'datamatrix', 'pdf417', 'azteccode']);
    const letters = make.words.next('latin').replaceAll('f', 'e');
    const value = symbology === 'code39' || symbology === 'code93' ? letters.toUpperCase() : letters;
    const place = make.place();
    make.marks.push({ at, is: 'code', color, value, fixed: place.y !== undefined });
    return {
      symbology,
      value,
      color,
      ...place,
      ...make.some({ width: () => chance.whole(25, 90), height: () => chance.whole(10, 40) }, 0.2),
    };
  },
  add_svg: (make, at) => {
    const color = make.color();
    if (color === undefined) return undefined;
    const { chance } = make;
    make.marks.push({ at, is: 'colors', colors: [color] });
    const text = make.word(at);
    const unit = chance.one(['', 'px', 'mm', 'pt', 'cm']);
    const scale = { '': 1, px: 1, mm: 0.2646, pt: 0.75, cm: 0.02646 }[unit] ?? 1;
    const [width, height] = [200 * scale, 100 * scale];
    const own = chance.maybe(0.5) ? ' viewBox="0 0 200 100"' : '';
    const at_ = (length: number) => (own === '' ? `${length * scale}${unit}` : String(length));
    return {
      svg: `<svg xmlns="http://www.w3.org/2000/svg" width="${width}${unit}" height="${height}${unit}"${own}><rect x="${at_(140)}" y="${at_(60)}" width="${at_(55)}" height="${at_(35)}" fill="${color}"/><text x="${at_(5)}" y="${at_(40)}" font-size="${at_(14)}">${text}</text></svg>`,
      ...make.place(),
      ...make.some({ align: () => chance.one(sides), width: () => make.mm() }, 0.2),
    };
  },
  add_columns: (make, at) => {
    if (make.depth >= 2) return undefined;
    const { chance } = make;
    make.depth++;
    const columns = Array.from({ length: chance.whole(1, 3) }, (_, i) => ({
      operations: make.operations(`${at}/columns/${i}/operations`, chance.whole(1, 3)),
      ...make.some({ width: () => chance.one<number | string>([make.mm(), '*', '30%', 'auto']) }),
    }));
    make.depth--;
    // Gaps that fill the narrow column they are in leave pictures a hair's width, which nobody sees.
    return { columns, ...make.some({ gap: () => chance.whole(0, make.depth === 0 ? 10 : 2) }) };
  },
  add_block: (make, at) => {
    if (make.depth >= 2) return undefined;
    const { chance } = make;
    make.depth++;
    const operations = make.operations(`${at}/operations`, chance.whole(1, 3));
    make.depth--;
    const ground = chance.maybe(0.5) ? make.color() : undefined;
    const padding = () => chance.whole(1, 6);
    // A ground that is as large as its words and no larger may be under them.
    if (ground !== undefined) make.marks.push({ at, is: 'colors', colors: [ground] });
    return {
      operations,
      ...(ground === undefined ? {} : { fill: ground, padding: padding() }),
      ...make.some({
        border_color: () => '#444444',
        border_width: () => chance.one<number | object>([1, { left: 2 }, { top: 1, bottom: 1 }]),
        radius: () => chance.whole(0, 4),
        keep_together: () => true,
      }),
    };
  },
  add_spacer: ({ chance }) => ({ height: chance.between(0.1, chance.maybe(0.2) ? 150 : 30) }),
  add_page_break: () => ({}),
};

const onPages = ['add_page', 'add_page_break', 'add_toc'];
const everywhere = Object.keys(makers)
  .filter((name) => !onPages.includes(name))
  .concat('add_text', 'add_table', 'add_html');

function band(make: Maker, at: string): unknown {
  const { chance } = make;
  if (chance.maybe(0.2)) {
    const parts = [
      () => ({ type: 'add_text', text: `${make.text(at, 6)} {page}` }),
      () => ({ type: 'add_table', rows: [[make.word(at), '{pages}']], borders: 'none' }),
      () => ({ type: 'add_block', operations: [{ type: 'add_text', text: make.word(at) }], padding: 1 }),
    ];
    return { operations: parts.slice(0, chance.whole(1, 3)).map((part) => part()) };
  }
  const text = () => make.text(at, chance.maybe(0.2) ? 25 : 4);
  if (chance.maybe(0.3)) return `${text()} {page}`;
  return {
    ...(chance.maybe(0.5) ? { text: text() } : { left: text(), center: '{page}/{pages}', right: text() }),
    ...make.some({ line: () => true, font_size: () => chance.whole(5, chance.maybe(0.1) ? 60 : 16) }),
  };
}

/** A heading or the header of a table about where a page of A5 ends: of random documents few have one there. */
function endOfPage(make: Maker): Made {
  const { chance } = make;
  const at = '/operations/2';
  const row = () => [make.word(at), make.word(at)];
  const [table, heading] = [
    () => ({ type: 'add_table', headers: row(), rows: Array.from({ length: chance.whole(1, 6) }, row) }),
    () => ({ type: 'add_text', text: make.text(at, 3), heading: chance.whole(1, 3) }),
  ];
  const operations = [
    { type: 'add_text', text: make.text('/operations/0', 2) },
    { type: 'add_spacer', height: chance.between(140, 185) },
    chance.one<() => Operation>([table, heading])(),
    { type: 'add_text', text: make.text('/operations/3', 4) },
  ];
  return { request: { page_size: 'A5', operations }, marks: make.marks };
}

/** The document of a seed. */
export function documentOf(seed: number): Made {
  const chance = chanceOf(seed);
  const make = new Maker(chance);
  if (chance.maybe(0.1)) return endOfPage(make);
  const margin = () => chance.whole(0, 30);
  const frame = make.some({
    page_size: () =>
      chance.one(['A4', 'A5', { width_mm: chance.whole(70, 250), height_mm: chance.whole(70, 300) }]),
    orientation: () => chance.one(['portrait', 'landscape']),
    margins: () => ({ top: margin(), left: margin(), ...make.some({ right: margin, bottom: margin }) }),
    header: () => band(make, '/header'),
    footer: () => band(make, '/footer'),
    watermark: () => make.word('/watermark'),
    fonts: () => ({ default: chance.one(fonts), size: chance.whole(6, 20) }),
    language: () => chance.one(['de', 'ja', 'zh-Hans', 'ko']),
  });
  const operations = make.operations('/operations', chance.whole(1, 5));
  return { request: { page_size: 'A5', ...frame, operations }, marks: make.marks };
}
