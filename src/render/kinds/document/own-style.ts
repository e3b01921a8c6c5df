import { findFamily } from '../../fonts/catalogue.js';
import type { Typeface } from '../../fonts/typeface.js';
import type { Look } from '../../layout/line.js';
import type { Alignment } from '../../layout/text.js';
import { colorOf, foreign, numberOf } from './own-nodes.js';
import type { Node } from './pdfmake.js';

/** Styles of nodes, which go from each to those in it. */

/** Style that nodes take from those around them. */
export interface Style {
  readonly family: string;
  readonly size: number;
  readonly bold: boolean;
  readonly italic: boolean;
  readonly color: string;
  readonly align: Alignment;
  readonly underline: boolean;
  readonly strike: boolean;
  readonly background: string | undefined;
  readonly lineHeight: number;
  readonly link: string | undefined;
  /** The place in the document that it leads to, by its name. */
  readonly target: string | undefined;
  readonly raised: boolean;
  readonly lowered: boolean;
  readonly keepsSpaces: boolean;
  /** Between columns. */
  readonly gap: number;
  readonly look: Look;
}

export const styleMembers: ReadonlySet<string> = new Set([
  'font',
  'fontSize',
  'bold',
  'italics',
  'color',
  'alignment',
  'decoration',
  'background',
  'lineHeight',
  'link',
  'columnGap',
  'linkToDestination',
  'sup',
  'sub',
  'preserveLeadingSpaces',
]);

const alignments: readonly unknown[] = ['left', 'center', 'right', 'justify'] satisfies Alignment[];
function alignOf(value: unknown): Alignment {
  return alignments.includes(value) ? (value as Alignment) : foreign(`the alignment ${String(value)}`);
}

/** Whether a style has already what a node says of its font, as most do. */
function isSet(style: Style, name: string, value: unknown): boolean {
  switch (name) {
    case 'font':
      return value === style.family;
    case 'fontSize':
      return value === style.size;
    case 'bold':
      return value === style.bold;
    case 'italics':
      return value === style.italic;
    default:
      return false;
  }
}

function looksLike(one: Node, other: Node): boolean {
  for (const name of styleMembers) if (one[name] !== other[name]) return false;
  return true;
}

/** Raised and lowered text, to the text around it. */
const smaller = 0.58;

/** The styles of one document. */
export class Styles {
  readonly #looks = new Map<string, Look>();
  readonly #plain: Omit<Style, 'look'> = {
    family: '',
    size: 12,
    bold: false,
    italic: false,
    color: 'black',
    align: 'left',
    underline: false,
    strike: false,
    background: undefined,
    lineHeight: 1,
    link: undefined,
    target: undefined,
    raised: false,
    lowered: false,
    keepsSpaces: false,
    gap: 0,
  };

  #last: { readonly around: Style; readonly node: Node; readonly own: Style } | undefined;

  /** @param face gives a face by its id; undefined for one that our own layout does not write */
  constructor(private readonly face: (id: string) => Typeface | undefined) {}

  /** The style of a document. */
  first(node: Node): Style {
    return this.#over(this.#plain, node);
  }

  /** What a node sets over the style around it; the latter itself when it sets nothing. */
  #over(around: Omit<Style, 'look'>, node: Node): Style {
    const {
      columnGap: gap,
      sup,
      sub: lower,
      preserveLeadingSpaces: spaces,
      linkToDestination: target,
    } = node;
    const { font, fontSize, bold, italics, color, alignment, decoration, background, lineHeight, link } =
      node;
    const decorations = Array.isArray(decoration)
      ? decoration
      : decoration === undefined
        ? undefined
        : [decoration];
    if (decorations?.some((one) => one !== 'underline' && one !== 'lineThrough') === true)
      foreign('another line at text');
    const own = {
      family: typeof font === 'string' ? font : around.family,
      size: fontSize === undefined ? around.size : numberOf(fontSize),
      bold: typeof bold === 'boolean' ? bold : around.bold,
      italic: typeof italics === 'boolean' ? italics : around.italic,
      color: color === undefined ? around.color : colorOf(color),
      align: alignment === undefined ? around.align : alignOf(alignment),
      underline: decorations === undefined ? around.underline : decorations.includes('underline'),
      strike: decorations === undefined ? around.strike : decorations.includes('lineThrough'),
      background: background === undefined ? around.background : colorOf(background),
      lineHeight: lineHeight === undefined ? around.lineHeight : numberOf(lineHeight),
      link:
        link === undefined
          ? around.link
          : typeof link === 'string'
            ? link
            : foreign('a link that is no address'),
      target:
        target === undefined
          ? around.target
          : typeof target === 'string'
            ? target
            : foreign('a place without name'),
      raised: sup === undefined ? around.raised : sup === true,
      lowered: lower === undefined ? around.lowered : lower === true,
      keepsSpaces: spaces === undefined ? around.keepsSpaces : spaces === true,
      gap: gap === undefined ? around.gap : numberOf(gap),
    };
    return { ...own, look: this.#look(own) };
  }

  /** The style of a node; that around it when it sets nothing. */
  within(style: Style, node: Node): Style {
    let own = style;
    for (const name in node) {
      if (!styleMembers.has(name) || isSet(style, name, node[name])) continue;
      if (name !== 'alignment') return this.#overLast(style, node);
      own = { ...style, align: alignOf(node.alignment) };
    }
    return own;
  }

  /** As `#over`: cells of a header, say, look like the one before. */
  #overLast(around: Style, node: Node): Style {
    const last = this.#last;
    if (last?.around === around && looksLike(last.node, node)) return last.own;
    const own = this.#over(around, node);
    this.#last = { around, node, own };
    return own;
  }

  #look(style: Omit<Style, 'look'>): Look {
    const {
      family,
      bold,
      italic,
      color,
      underline,
      strike,
      background = '',
      lineHeight,
      link = '',
      target = '',
      raised,
      lowered,
      keepsSpaces,
    } = style;
    const size = raised || lowered ? style.size * smaller : style.size;
    const key = `${family} ${size} ${bold} ${italic} ${color} ${underline} ${strike} ${background} ${lineHeight} ${link} ${target} ${raised} ${lowered} ${keepsSpaces}`;
    const known = this.#looks.get(key);
    if (known !== undefined) return known;
    const faces = findFamily(family)?.faces ?? foreign(`the font ${family}`);
    const { id } = faces[bold ? (italic ? 'bolditalics' : 'bold') : italic ? 'italics' : 'normal'];
    const face = this.face(id) ?? foreign(`the font ${id}`);
    const look: Look = {
      face,
      size,
      color,
      lineHeight,
      underline,
      strike,
      background: style.background,
      link: style.link,
      target: style.target,
      drop: (lowered ? size * 0.35 : 0) - (raised ? size * 0.75 : 0),
      scale: size / 1000,
      leadScale: keepsSpaces ? 0 : size / 1000,
      height: face.lineHeight(size) * lineHeight,
      ascent: (face.ascender / 1000) * size,
    };
    this.#looks.set(key, look);
    return look;
  }
}
