import { cssColor, declarations, parseLength } from './css.js';
import type { HtmlElement } from './html.js';
import { type Align, headingScale, type Run, type RunStyle } from './model.js';

/** The look of text in HTML, and text with its look as runs. */

/** What an element hands on to its content. `scale` is of the operation's own font size; `size` takes its place. */
export interface Look {
  readonly style: RunStyle;
  readonly align: Align | undefined;
  /** White space stands as written. */
  readonly preserved: boolean;
}

export const plainLook: Look = { style: {}, align: undefined, preserved: false };

type Writable = { -readonly [K in keyof RunStyle]: RunStyle[K] };

const tagStyles: Readonly<Record<string, RunStyle>> = {
  a: {},
  address: { italic: true },
  b: { bold: true },
  cite: { italic: true },
  code: { code: true },
  del: { strike: true },
  dfn: { italic: true },
  em: { italic: true },
  h1: { bold: true },
  h2: { bold: true },
  h3: { bold: true },
  h4: { bold: true },
  h5: { bold: true },
  h6: { bold: true },
  i: { italic: true },
  ins: { underline: true },
  kbd: { code: true },
  mark: { background: '#ffff00' },
  pre: { code: true },
  s: { strike: true },
  samp: { code: true },
  strike: { strike: true },
  strong: { bold: true },
  sub: { sub: true },
  sup: { sup: true },
  th: { bold: true },
  tt: { code: true },
  u: { underline: true },
  var: { italic: true },
};

/** Factors of the font size around the element. */
const tagScales: Readonly<Record<string, number>> = {
  big: 1.2,
  small: 1 / 1.2,
  pre: 0.9,
  ...Object.fromEntries(headingScale.map((scale, i) => [`h${i + 1}`, scale])),
};

/** Factors of the operation's font size; browsers take them of 16 px. */
const sizeNames: Readonly<Record<string, number>> = {
  'xx-small': 0.5625,
  'x-small': 0.625,
  small: 0.8125,
  medium: 1,
  large: 1.125,
  'x-large': 1.5,
  'xx-large': 2,
  'xxx-large': 3,
};
const fontElementSizes = ['x-small', 'small', 'medium', 'large', 'x-large', 'xx-large', 'xxx-large'] as const;

/** Addresses that a reader may follow from a page. */
export const linkPattern = /^(?:https?:\/\/|mailto:|tel:)[^\s<>"\\^`{|}]+$/i;

const largestPoints = 200;
const largestScale = 20;

/** Sets the size as a factor of what `style` has. */
function scaled(style: Writable, factor: number): void {
  if (style.size === undefined)
    style.scale = Math.min(largestScale, Math.max(0.05, (style.scale ?? 1) * factor));
  else style.size = Math.min(largestPoints, Math.max(1, style.size * factor));
}

/** `value` is relative to the `around` of the element, which is not yet enlarged by its tag. */
function sizeStyle(style: Writable, around: RunStyle, value: string): void {
  const text = value.toLowerCase();
  const named = Object.hasOwn(sizeNames, text) ? sizeNames[text] : undefined;
  const length =
    named !== undefined
      ? ({ of: 'rem', value: named } as const)
      : text === 'smaller' || text === 'larger'
        ? ({ of: 'em', value: text === 'larger' ? 1.2 : 1 / 1.2 } as const)
        : parseLength(text);
  // A size of nothing would hide the text.
  if (length === undefined || length.value === 0) return;
  if (length.of === 'point') {
    delete style.scale;
    style.size = Math.min(largestPoints, Math.max(1, length.value));
    return;
  }
  delete style.size;
  delete style.scale;
  if (length.of !== 'rem') {
    if (around.size !== undefined) style.size = around.size;
    if (around.scale !== undefined) style.scale = around.scale;
  }
  scaled(style, length.value);
}

function weightOf(value: string): boolean | undefined {
  if (value === 'bold' || value === 'bolder') return true;
  if (value === 'normal' || value === 'lighter') return false;
  return /^[1-9]\d{0,3}(?:\.\d+)?$/.test(value) ? Number(value) >= 600 : undefined;
}

/** The first colour in a `background`, which may name a picture and a place as well. */
function backgroundIn(value: string): string | undefined {
  const whole = cssColor(value);
  if (whole !== undefined) return whole;
  for (const [part] of value.slice(0, 200).matchAll(/[a-z-]+\([^()]*\)|#[0-9a-f]+|[a-z]+/gi)) {
    const color = cssColor(part);
    if (color !== undefined) return color;
  }
  return undefined;
}

function decorate(style: Writable, value: string): void {
  if (value.includes('underline')) style.underline = true;
  if (value.includes('line-through')) style.strike = true;
  if (/\bnone\b/.test(value)) {
    style.underline = false;
    delete style.strike;
  }
}

function styledBy(style: Writable, around: RunStyle, css: ReadonlyMap<string, string>): void {
  for (const [name, raw] of css) {
    const value = raw.toLowerCase();
    switch (name) {
      case 'color': {
        const color = cssColor(value);
        if (color !== undefined) style.color = color;
        break;
      }
      case 'background':
      case 'background-color': {
        const background = backgroundIn(value);
        if (background !== undefined) style.background = background;
        break;
      }
      case 'font': {
        for (const part of value.split(/\s+/)) {
          if (/^[\d.]+(?:[a-z]+|%)(?:\/.*)?$/.test(part)) {
            sizeStyle(style, around, part.split('/')[0] ?? '');
            break;
          }
          if (part === 'italic' || part === 'oblique') style.italic = true;
          style.bold = weightOf(part) ?? style.bold ?? false;
        }
        break;
      }
      case 'font-size':
        sizeStyle(style, around, value);
        break;
      case 'font-weight': {
        const bold = weightOf(value);
        if (bold !== undefined) style.bold = bold;
        break;
      }
      case 'font-style':
        if (/^(?:italic|oblique)/.test(value)) style.italic = true;
        else if (value === 'normal') style.italic = false;
        break;
      case 'text-decoration':
      case 'text-decoration-line':
        decorate(style, value);
        break;
      case 'vertical-align':
        if (value === 'super') style.sup = true;
        else if (value === 'sub') style.sub = true;
        break;
    }
  }
}

const aligns: Readonly<Record<string, Align>> = {
  left: 'left',
  start: 'left',
  center: 'center',
  middle: 'center',
  right: 'right',
  end: 'right',
  justify: 'justify',
};

function alignIn(value: string | undefined): Align | undefined {
  const name = value?.trim().toLowerCase() ?? '';
  return Object.hasOwn(aligns, name) ? aligns[name] : undefined;
}

const noDeclarations: ReadonlyMap<string, string> = new Map();

/** Inline style of an element. */
export function styleOf({ attributes }: HtmlElement): ReadonlyMap<string, string> {
  return attributes.style === undefined ? noDeclarations : declarations(attributes.style);
}

export function isHidden({ attributes, tag }: HtmlElement, css: ReadonlyMap<string, string>): boolean {
  const hidden = /^(?:hidden|collapse)$/i;
  return (
    attributes.hidden !== undefined ||
    css.get('display')?.toLowerCase() === 'none' ||
    hidden.test(css.get('visibility') ?? '') ||
    (tag === 'input' && attributes.type?.toLowerCase() === 'hidden')
  );
}

/** The look inside an element: what is around it, what its tag means, and its inline style. */
export function lookIn(element: HtmlElement, around: Look, css: ReadonlyMap<string, string>): Look {
  const { tag, attributes } = element;
  const ofTag = Object.hasOwn(tagStyles, tag) ? tagStyles[tag] : undefined;
  const scale = Object.hasOwn(tagScales, tag) ? tagScales[tag] : undefined;
  // `align` of a table is the place of the table.
  const align =
    alignIn(css.get('text-align')) ??
    (tag === 'center'
      ? 'center'
      : tag === 'table' || tag === 'img'
        ? undefined
        : alignIn(attributes.align)) ??
    around.align;
  const space = css.get('white-space')?.toLowerCase();
  const preserved =
    space === undefined
      ? tag === 'pre' || tag === 'textarea' || around.preserved
      : space.startsWith('pre') || space === 'break-spaces';
  const styled =
    ofTag !== undefined ||
    scale !== undefined ||
    css.size > 0 ||
    attributes.bgcolor !== undefined ||
    tag === 'font';
  if (!styled)
    return align === around.align && preserved === around.preserved
      ? around
      : { ...around, align, preserved };
  const style: Writable = { ...around.style, ...ofTag };
  if (scale !== undefined) scaled(style, scale);
  const { href, bgcolor } = attributes;
  if (tag === 'a' && href !== undefined && linkPattern.test(href)) style.link = href;
  if (bgcolor !== undefined) styledBy(style, around.style, new Map([['background', bgcolor]]));
  if (tag === 'font') {
    const name = fontElementSizes[Number(attributes.size) - 1];
    if (name !== undefined) sizeStyle(style, around.style, name);
    if (attributes.color !== undefined) styledBy(style, around.style, new Map([['color', attributes.color]]));
  }
  styledBy(style, around.style, css);
  return { style, align, preserved };
}

const styleNames = [
  'bold',
  'italic',
  'underline',
  'strike',
  'code',
  'sup',
  'sub',
  'color',
  'background',
  'size',
  'scale',
  'link',
] as const satisfies readonly (keyof RunStyle)[];

function sameStyle(a: RunStyle, b: RunStyle): boolean {
  return styleNames.every((name) => a[name] === b[name]);
}

/** Without spaces and line ends at the end; an expression would look at every run of them from each of its places. */
function trimmedEnd(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === '\n')) end--;
  return text.slice(0, end);
}

/** Collects the runs of one paragraph; white space is folded as a browser does it. */
export class RunCollector {
  #runs: { style: RunStyle; text: string }[] = [];
  #last = '\n';

  get empty(): boolean {
    return this.#runs.length === 0;
  }

  add(source: string, { style, preserved }: Look): void {
    let text = preserved ? source.replace(/\r\n?/g, '\n') : source.replace(/[ \t\r\n\f]+/g, ' ');
    if (!preserved && text.startsWith(' ') && (this.#last === ' ' || this.#last === '\n'))
      text = text.slice(1);
    this.#push(text, style);
  }

  lineBreak({ style }: Look): void {
    this.#push('\n', style);
  }

  #push(text: string, style: RunStyle): void {
    if (text === '') return;
    this.#last = text.slice(-1);
    const previous = this.#runs.at(-1);
    if (previous !== undefined && (previous.style === style || sameStyle(previous.style, style))) {
      previous.text += text;
    } else this.#runs.push({ style, text });
  }

  /** The runs so far, without white space at the end; the next paragraph begins. */
  take(): readonly Run[] {
    const runs = this.#runs;
    this.#runs = [];
    this.#last = '\n';
    for (let last = runs.at(-1); last !== undefined; last = runs.at(-1)) {
      last.text = trimmedEnd(last.text);
      if (last.text !== '') break;
      runs.pop();
    }
    return runs.map(({ style, text }) => ({ ...style, text }));
  }
}
