import { findFamily } from '../../fonts/catalogue.js';
import type { FontRegistry } from '../../fonts/registry.js';
import type { Box, Cell, Column, Section, TableBox, TableLook } from '../../layout/boxes.js';
import { extentOf } from '../../layout/boxes.js';
import type { Margins, Stroke } from '../../layout/sheet.js';
import { headerHeightOf } from '../../layout/table-placing.js';
import { type Alignment, type GlyphUser, type Look, Paragraph, type TextPart } from '../../layout/text.js';
import type { Node, Margins as NodeMargins, PageSize } from './pdfmake.js';

/**
 * Nodes as boxes of our own layout, which are measured. What has a member that is not known here is none: its document
 * goes to pdfmake. The nodes stay as they are.
 */

/** Says that a document is none for our own layout. */
class Foreign extends Error {}

function foreign(): never {
  throw new Foreign();
}

/** Style that nodes take from those around them. */
interface Style {
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
  readonly look: Look;
}

const styleMembers: ReadonlySet<string> = new Set([
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
]);

const members = (...own: readonly string[]): ReadonlySet<string> =>
  new Set(['margin', 'at', 'absolutePosition', ...styleMembers, ...own]);

const textMembers = members('text', 'fillColor');
const partMembers = members('text');
const stackMembers = members('stack', 'pageBreak');
const tableMembers = members('table', 'layout');
const tableParts = new Set(['headerRows', 'widths', 'body', 'keepRows', 'keptRows', 'around']);
const layoutParts = new Set([
  'hLineWidth',
  'vLineWidth',
  'hLineColor',
  'vLineColor',
  'paddingLeft',
  'paddingRight',
  'paddingTop',
  'paddingBottom',
  'fillColor',
]);

function hasOnly(node: object, known: ReadonlySet<string>): void {
  for (const name in node) if (!known.has(name)) foreign();
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const nodeOf = (value: unknown): Node => (isNode(value) ? value : foreign());
const nodesOf = (value: unknown): readonly Node[] => (Array.isArray(value) ? value.map(nodeOf) : foreign());
const numberOf = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) ? value : foreign();

const hexColor = /^#[0-9a-f]{6}$/i;
function colorOf(value: unknown): string {
  return typeof value === 'string' && (value === 'black' || hexColor.test(value)) ? value : foreign();
}

const alignments: readonly unknown[] = ['left', 'center', 'right', 'justify'] satisfies Alignment[];
function alignOf(value: unknown): Alignment {
  return alignments.includes(value) ? (value as Alignment) : foreign();
}

function marginsOf({ margin }: Node): { margins?: Margins } {
  if (margin === undefined) return {};
  if (!Array.isArray(margin) || margin.length !== 4) return foreign();
  const [left, top, right, bottom] = margin.map(numberOf);
  return { margins: { left: left ?? 0, top: top ?? 0, right: right ?? 0, bottom: bottom ?? 0 } };
}

const nowhere = {};

/** What every box has of its node. */
function placeOf(node: Node): Pick<Box, 'margins' | 'at' | 'fixed'> {
  const { at, absolutePosition: place } = node;
  // Cells have none.
  if (at === undefined && place === undefined && node.margin === undefined) return nowhere;
  return {
    ...marginsOf(node),
    ...(typeof at === 'string' ? { at } : {}),
    ...(isNode(place) ? { fixed: { x: numberOf(place.x), y: numberOf(place.y) } } : {}),
  };
}

/** A section of a definition. */
interface SectionNode extends Node {
  readonly section: readonly Node[];
  readonly pageSize: PageSize;
  readonly pageMargins: NodeMargins;
  readonly followingMargins: NodeMargins;
}

function isSection(node: Node): node is SectionNode {
  return Array.isArray(node.section);
}

export interface BoxTools {
  readonly registry: FontRegistry;
  /** Told of every glyph. */
  readonly user: GlyphUser;
  /** Told of each node that is measured. */
  readonly measured: () => void;
}

/** The sections of a definition as boxes; undefined where something of them is none that our own layout draws. */
export function ownSections(
  nodes: readonly Node[],
  defaultStyle: Node,
  tools: BoxTools,
): readonly Section[] | undefined {
  try {
    const maker = new BoxMaker(tools);
    const style = maker.style(maker.plainStyle, defaultStyle);
    return nodes.map((node) => {
      if (!isSection(node)) return foreign();
      const { section, pageSize, pageMargins, followingMargins } = node;
      return {
        size: { width: pageSize.width, height: pageSize.height },
        margins: pageMargins,
        following: followingMargins,
        boxes: section.map((one) => {
          const box = maker.box(one, style);
          if (box.type === 'table') refuseHighHeader(box, node);
          return box;
        }),
      };
    });
  } catch (error) {
    if (error instanceof Foreign) return undefined;
    throw error;
  }
}

/** Header rows that no page holds are cut by pdfmake's back alone. */
function refuseHighHeader(box: TableBox, { pageSize, pageMargins, followingMargins }: SectionNode): void {
  if (box.headerRows === 0) return;
  const { left, right } = pageMargins;
  const least = Math.max(
    pageMargins.top + pageMargins.bottom,
    followingMargins.top + followingMargins.bottom,
  );
  const inner = (box.margins?.left ?? 0) + (box.margins?.right ?? 0);
  if (headerHeightOf(box, pageSize.width - left - right - inner) > pageSize.height - least) foreign();
}

/** Cells of a table whose boxes are kept from measuring to placing; those of the rows behind them are made again. */
const maxKeptCells = 100_000;

class BoxMaker {
  readonly #looks = new Map<string, Look>();
  readonly plainStyle: Omit<Style, 'look'> = {
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
  };

  constructor(private readonly tools: BoxTools) {}

  /** What a node sets over the style around it; the latter itself when it sets nothing. */
  style(around: Omit<Style, 'look'>, node: Node): Style {
    const { font, fontSize, bold, italics, color, alignment, decoration, background, lineHeight, link } =
      node;
    const decorations = Array.isArray(decoration)
      ? decoration
      : decoration === undefined
        ? undefined
        : [decoration];
    if (decorations?.some((one) => one !== 'underline' && one !== 'lineThrough') === true) foreign();
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
      link: link === undefined ? around.link : typeof link === 'string' ? link : foreign(),
    };
    return { ...own, look: this.#look(own) };
  }

  #within(style: Style, node: Node): Style {
    let own = style;
    for (const name in node) {
      if (!styleMembers.has(name)) continue;
      if (name !== 'alignment') return this.style(style, node);
      own = { ...style, align: alignOf(node.alignment) };
    }
    return own;
  }

  #look(style: Omit<Style, 'look'>): Look {
    const {
      family,
      size,
      bold,
      italic,
      color,
      underline,
      strike,
      background = '',
      lineHeight,
      link = '',
    } = style;
    const key = `${family} ${size} ${bold} ${italic} ${color} ${underline} ${strike} ${background} ${lineHeight} ${link}`;
    const known = this.#looks.get(key);
    if (known !== undefined) return known;
    const faces = findFamily(family)?.faces ?? foreign();
    const { id } = faces[bold ? (italic ? 'bolditalics' : 'bold') : italic ? 'italics' : 'normal'];
    const face = this.tools.registry.typeface(id) ?? foreign();
    const look: Look = {
      face,
      size,
      color,
      lineHeight,
      underline,
      strike,
      background: style.background,
      link: style.link,
      scale: size / 1000,
      height: face.lineHeight(size) * lineHeight,
      ascent: (face.ascender / 1000) * size,
    };
    this.#looks.set(key, look);
    return look;
  }

  box(node: Node, around: Style): Box {
    this.tools.measured();
    const style = this.#within(around, node);
    if (node.text !== undefined) {
      hasOnly(node, textMembers);
      return { type: 'text', ...placeOf(node), text: this.#paragraph(node.text, style) };
    }
    if (node.stack !== undefined) {
      hasOnly(node, stackMembers);
      if (node.pageBreak !== undefined && node.pageBreak !== 'before') foreign();
      const boxes = nodesOf(node.stack).map((one) => this.box(one, style));
      const breaks = node.pageBreak === undefined ? {} : ({ breaksPage: true } as const);
      return { type: 'stack', ...placeOf(node), ...breaks, boxes };
    }
    if (isNode(node.table)) {
      hasOnly(node, tableMembers);
      return this.#table(node, node.table, style);
    }
    return foreign();
  }

  #paragraph(text: unknown, style: Style): Paragraph {
    const parts: TextPart[] = [];
    if (typeof text === 'string') parts.push({ text: spaced(text), look: style.look });
    else
      for (const part of nodesOf(text)) {
        hasOnly(part, partMembers);
        if (typeof part.text !== 'string') return foreign();
        parts.push({ text: spaced(part.text), look: this.#within(style, part).look });
      }
    return Paragraph.of(parts, style.align, this.tools.user) ?? foreign();
  }

  #table(node: Node, table: Node, style: Style): TableBox {
    hasOnly(table, tableParts);
    const { headerRows = 0, widths, body, keepRows, keptRows, around = 8 } = table;
    if (keepRows === true || (Array.isArray(keptRows) && keptRows.length > 0)) foreign();
    if (!Array.isArray(body) || !Array.isArray(widths)) return foreign();
    const fillOf = fillsOf(nodeOf(node.layout));
    const made = (y: number): readonly Cell[] => {
      const cells: unknown = body[y];
      if (!Array.isArray(cells)) return foreign();
      const ground = fillOf(y);
      return cells.map((cell) => this.#cell(nodeOf(cell), style, ground));
    };
    const kept: (readonly Cell[])[] = [];
    const row = (y: number): readonly Cell[] => {
      const known = kept[y];
      if (known !== undefined) return known;
      const cells = made(y);
      if (y * cells.length < maxKeptCells) kept[y] = cells;
      return cells;
    };
    return {
      type: 'table',
      ...placeOf(node),
      columns: this.#columns(widths, body.length, row),
      look: tableLook(nodeOf(node.layout), numberOf(around)),
      headerRows: numberOf(headerRows),
      rows: body.length,
      row,
    };
  }

  #cell(node: Node, style: Style, ground: string | undefined): Cell {
    const own = node.fillColor;
    return { box: this.box(node, style), fill: own === undefined ? ground : colorOf(own) };
  }

  #columns(widths: readonly unknown[], rows: number, row: (y: number) => readonly Cell[]): Column[] {
    const least = widths.map(() => 0);
    const most = widths.map(() => 0);
    for (let y = 0; y < rows; y++) {
      const cells = row(y);
      for (let x = 0; x < cells.length; x++) {
        const cell = cells[x];
        if (cell === undefined) break;
        const { minWidth, maxWidth } = extentOf(cell.box);
        if (minWidth > (least[x] ?? 0)) least[x] = minWidth;
        if (maxWidth > (most[x] ?? 0)) most[x] = maxWidth;
      }
    }
    return widths.map((width, x) => ({
      width: width === 'auto' || width === '*' ? width : numberOf(width),
      minWidth: least[x] ?? 0,
      maxWidth: most[x] ?? 0,
    }));
  }
}

/** Tabs are set as spaces. */
function spaced(text: string): string {
  return text.includes('\t') ? text.replaceAll('\t', '    ') : text;
}

type Rule = (line: number) => unknown;
function ruleOf(layout: Node, name: string): Rule {
  const rule = layout[name];
  // Functions of the definition take the number of a line or row.
  return typeof rule === 'function' ? (rule as Rule) : foreign();
}

function fillsOf(layout: Node): (row: number) => string | undefined {
  if (layout.fillColor === undefined) return () => undefined;
  const rule = ruleOf(layout, 'fillColor');
  return (row) => {
    const fill = rule(row);
    return fill === null || fill === undefined ? undefined : colorOf(fill);
  };
}

function tableLook(layout: Node, around: number): TableLook {
  hasOnly(layout, layoutParts);
  const at = (name: string) => numberOf(ruleOf(layout, name)(0));
  const rowColor = colorOf(ruleOf(layout, 'hLineColor')(0));
  const widthOf = ruleOf(layout, 'hLineWidth');
  const strokes = new Map<number, Stroke>();
  return {
    left: at('paddingLeft'),
    right: at('paddingRight'),
    top: at('paddingTop'),
    bottom: at('paddingBottom'),
    around,
    columnLine: { width: at('vLineWidth'), color: colorOf(ruleOf(layout, 'vLineColor')(0)) },
    rowLine: (row) => {
      const width = numberOf(widthOf(row));
      let stroke = strokes.get(width);
      if (stroke === undefined) {
        stroke = { width, color: rowColor };
        strokes.set(width, stroke);
      }
      return stroke;
    },
  };
}
