import type { FontRegistry } from '../../fonts/registry.js';
import type { Box, Cell, Column, Section, TableBox } from '../../layout/boxes.js';
import { extentOf } from '../../layout/boxes.js';
import type { Margins } from '../../layout/sheet.js';
import { headerHeightOf } from '../../layout/table-placing.js';
import { type Alignment, type GlyphUser, Paragraph, type TextPart } from '../../layout/text.js';
import { pictureArt, shapesArt } from './own-art.js';
import { colorOf, Foreign, foreign, hasOnly, isNode, nodeOf, nodesOf, numberOf } from './own-nodes.js';
import { type Style, Styles, styleMembers } from './own-style.js';
import { fillsOf, tableLook } from './own-table-look.js';
import type { Node, Margins as NodeMargins, PageSize } from './pdfmake.js';

/**
 * Nodes as boxes of our own layout, which are measured. What has a member that is not known here is none: its document
 * goes to pdfmake. The nodes stay as they are.
 */

const members = (...own: readonly string[]): ReadonlySet<string> =>
  new Set(['margin', 'at', 'absolutePosition', ...styleMembers, ...own]);

const textMembers = members('text', 'fillColor', 'width', 'leastWidth');
const partMembers = members('text');
const stackMembers = members('stack', 'pageBreak', 'width');
const columnsMembers = members('columns', 'width');
const canvasMembers = members('canvas', 'width');
const imageMembers = members('image', 'width', 'height', 'fit', 'cover', 'maxWidth', 'maxHeight');
const tableMembers = members('table', 'layout', 'width');
const tableParts = new Set(['headerRows', 'widths', 'body', 'keepRows', 'keptRows', 'around']);

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
  /** The size of a picture by its key as it is shown, pixels. */
  readonly picture: (key: string) => { readonly width: number; readonly height: number };
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
  return orUndefined(() => {
    const maker = new BoxMaker(tools);
    const style = maker.first(defaultStyle);
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
  });
}

/** A single node as a box; undefined as for sections. */
export function ownBox(node: Node, defaultStyle: Node, tools: BoxTools): Box | undefined {
  return orUndefined(() => {
    const maker = new BoxMaker(tools);
    return maker.box(node, maker.first(defaultStyle));
  });
}

function orUndefined<T>(make: () => T): T | undefined {
  try {
    return make();
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
  readonly #styles: Styles;

  constructor(private readonly tools: BoxTools) {
    this.#styles = new Styles(tools.registry);
  }

  /** The style of the document. */
  first(style: Node): Style {
    return this.#styles.first(style);
  }

  box(node: Node, around: Style): Box {
    this.tools.measured();
    const style = this.#styles.within(around, node);
    if (node.text !== undefined) {
      hasOnly(node, textMembers);
      const least = node.leastWidth === undefined ? {} : { leastWidth: numberOf(node.leastWidth) };
      return { type: 'text', ...placeOf(node), ...least, text: this.#paragraph(node.text, style) };
    }
    if (node.stack !== undefined) {
      hasOnly(node, stackMembers);
      if (node.pageBreak !== undefined && node.pageBreak !== 'before') foreign();
      const boxes = nodesOf(node.stack).map((one) => this.box(one, style));
      const breaks = node.pageBreak === undefined ? {} : ({ breaksPage: true } as const);
      return { type: 'stack', ...placeOf(node), ...breaks, boxes };
    }
    if (node.columns !== undefined) {
      hasOnly(node, columnsMembers);
      return this.#columnsBox(node, style);
    }
    if (node.canvas !== undefined) {
      hasOnly(node, canvasMembers);
      const { align } = style;
      return { type: 'art', ...placeOf(node), art: shapesArt(node.canvas), align: sideOf(align) };
    }
    if (typeof node.image === 'string') {
      hasOnly(node, imageMembers);
      const art = pictureArt(node, this.tools.picture(node.image), style.link);
      return { type: 'art', ...placeOf(node), art, align: sideOf(style.align) };
    }
    if (isNode(node.table)) {
      hasOnly(node, tableMembers);
      return this.#table(node, node.table, style);
    }
    return foreign();
  }

  #columnsBox(node: Node, style: Style): Box {
    const columns = nodesOf(node.columns).map((one) => {
      const box = this.box(one, style);
      const { width = '*' } = one;
      const own: Column['width'] = width === '*' || width === 'auto' ? width : numberOf(width);
      return { box, width: own, ...extentOf(box) };
    });
    return { type: 'columns', ...placeOf(node), columns, gap: style.gap };
  }

  #paragraph(text: unknown, style: Style): Paragraph {
    const parts: TextPart[] = [];
    if (typeof text === 'string') parts.push({ text: spaced(text), look: style.look });
    else
      for (const part of nodesOf(text)) {
        hasOnly(part, partMembers);
        if (typeof part.text !== 'string') return foreign();
        parts.push({ text: spaced(part.text), look: this.#styles.within(style, part).look });
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

function sideOf(align: Alignment): 'left' | 'center' | 'right' {
  return align === 'justify' ? 'left' : align;
}

/** Tabs are set as spaces. */
function spaced(text: string): string {
  return text.includes('\t') ? text.replaceAll('\t', '    ') : text;
}
