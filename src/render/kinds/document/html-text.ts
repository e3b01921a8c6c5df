import { type HtmlNode, headingTags, sectionTags } from './html.js';
import type { Align, Run, RunStyle } from './model.js';

/** Inline content of HTML as runs of text in one style. */

const blockTags = new Set([
  'p',
  ...sectionTags,
  ...headingTags,
  'ul',
  'ol',
  'li',
  'table',
  'tr',
  'td',
  'th',
  'caption',
  'blockquote',
  'pre',
  'hr',
]);

const tagStyles: Readonly<Record<string, RunStyle>> = {
  b: { bold: true },
  strong: { bold: true },
  th: { bold: true },
  i: { italic: true },
  em: { italic: true },
  u: { underline: true },
  ins: { underline: true },
  s: { strike: true },
  del: { strike: true },
  code: { code: true },
  sup: { sup: true },
  sub: { sub: true },
};

const colorNames: Readonly<Record<string, string>> = {
  black: '#000000',
  white: '#ffffff',
  red: '#ff0000',
  green: '#008000',
  blue: '#0000ff',
  gray: '#808080',
  grey: '#808080',
  silver: '#c0c0c0',
  maroon: '#800000',
  purple: '#800080',
  navy: '#000080',
  teal: '#008080',
  orange: '#ffa500',
  yellow: '#ffff00',
};

/** `#rgb`, `#rrggbb` or one of a few names as `#rrggbb`; undefined for anything else. */
export function cssColor(value: string): string | undefined {
  const text = value.trim().toLowerCase();
  if (/^#[0-9a-f]{6}$/.test(text)) return text;
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/.exec(text);
  if (short) return `#${short[1]}${short[1]}${short[2]}${short[2]}${short[3]}${short[3]}`;
  // The text is the caller's: names that every object has are no colours.
  return Object.hasOwn(colorNames, text) ? colorNames[text] : undefined;
}

/** Addresses that a reader may follow from a page. */
export const linkPattern = /^(?:https?:\/\/|mailto:|tel:)[^\s<>"\\^`{|}]+$/i;

function declarations(style: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of style.slice(0, 2_000).split(';')) {
    const colon = part.indexOf(':');
    if (colon > 0)
      found.set(
        part.slice(0, colon).trim().toLowerCase(),
        part
          .slice(colon + 1)
          .trim()
          .toLowerCase(),
      );
  }
  return found;
}

const cssUnits: Readonly<Record<string, number>> = { pt: 1, px: 0.75, mm: 72 / 25.4, cm: 72 / 2.54, in: 72 };

/** A CSS length in points, within 1..200; undefined for anything else. */
export function cssPoints(value: string): number | undefined {
  const match = /^(\d{1,4}(?:\.\d{1,3})?)(pt|px|mm|cm|in)$/.exec(value);
  if (!match) return undefined;
  const points = Number(match[1]) * (cssUnits[match[2] ?? ''] ?? 1);
  return points >= 1 && points <= 200 ? points : undefined;
}

/** The safe part of an element's inline style: colours, size, weight, slant, decoration. */
function styleOf(attributes: Readonly<Record<string, string>>): RunStyle {
  const style: { -readonly [K in keyof RunStyle]: RunStyle[K] } = {};
  if (attributes.href !== undefined && linkPattern.test(attributes.href)) style.link = attributes.href;
  if (attributes.style === undefined) return style;
  const css = declarations(attributes.style);
  const color = cssColor(css.get('color') ?? '');
  if (color !== undefined) style.color = color;
  const background = cssColor(css.get('background-color') ?? css.get('background') ?? '');
  if (background !== undefined) style.background = background;
  const size = cssPoints(css.get('font-size') ?? '');
  if (size !== undefined) style.size = size;
  if (/^(?:bold|bolder|[6-9]00)$/.test(css.get('font-weight') ?? '')) style.bold = true;
  if (/^(?:italic|oblique)$/.test(css.get('font-style') ?? '')) style.italic = true;
  const decoration = css.get('text-decoration') ?? '';
  if (decoration.includes('underline')) style.underline = true;
  if (decoration.includes('line-through')) style.strike = true;
  return style;
}

/** `text-align` of an inline style, or the old `align` attribute. */
export function alignOf(attributes: Readonly<Record<string, string>>): Align | undefined {
  const value =
    attributes.style === undefined
      ? attributes.align
      : (declarations(attributes.style).get('text-align') ?? attributes.align);
  return value === 'left' || value === 'center' || value === 'right' || value === 'justify'
    ? value
    : undefined;
}

/** `background-color` of an element's inline style. */
export function backgroundOf(attributes: Readonly<Record<string, string>>): string | undefined {
  return attributes.style === undefined ? undefined : styleOf({ style: attributes.style }).background;
}

function sameStyle(a: Run, b: Run): boolean {
  return (
    a.bold === b.bold &&
    a.italic === b.italic &&
    a.underline === b.underline &&
    a.strike === b.strike &&
    a.code === b.code &&
    a.sup === b.sup &&
    a.sub === b.sub &&
    a.color === b.color &&
    a.background === b.background &&
    a.size === b.size &&
    a.link === b.link
  );
}

/** Collects runs; white space is folded as a browser does it, block elements become line breaks. */
export class RunCollector {
  readonly #runs: Run[] = [];
  #last = '\n';

  #push(text: string, style: RunStyle): void {
    if (text === '') return;
    this.#last = text.slice(-1);
    const run: Run = { ...style, text };
    const previous = this.#runs.at(-1);
    if (previous !== undefined && sameStyle(previous, run)) {
      this.#runs[this.#runs.length - 1] = { ...previous, text: previous.text + text };
    } else this.#runs.push(run);
  }

  #breakLine(style: RunStyle): void {
    if (this.#last !== '\n') this.#push('\n', style);
  }

  add(nodes: readonly HtmlNode[], style: RunStyle): void {
    for (const node of nodes) {
      if (typeof node === 'string') {
        let text = node.replace(/[ \t\r\n\f]+/g, ' ');
        if (text.startsWith(' ') && (this.#last === ' ' || this.#last === '\n')) text = text.slice(1);
        this.#push(text, style);
      } else if (node.tag === 'br') this.#push('\n', style);
      else {
        const block = blockTags.has(node.tag);
        if (block) this.#breakLine(style);
        this.add(node.children, { ...style, ...tagStyles[node.tag], ...styleOf(node.attributes) });
        if (block) this.#breakLine(style);
      }
    }
  }

  /** The runs so far, without white space at the end. */
  finish(): readonly Run[] {
    const runs = this.#runs;
    while (runs.length > 0) {
      const last = runs[runs.length - 1];
      if (last === undefined) break;
      const text = last.text.replace(/[ \n]+$/, '');
      if (text !== '') {
        runs[runs.length - 1] = { ...last, text };
        break;
      }
      runs.pop();
    }
    return runs;
  }
}

export function runsOf(nodes: readonly HtmlNode[], style: RunStyle = {}): readonly Run[] {
  const collector = new RunCollector();
  collector.add(nodes, style);
  return collector.finish();
}
