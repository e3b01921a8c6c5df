import type { Typeface } from '../../fonts/typeface.js';
import { RenderFailure } from '../../kind.js';
import type { Box, Carry, Cell, Column, Frame, ListBox, Section, TableBox } from '../../layout/boxes.js';
import { extentOf } from '../../layout/boxes.js';
import type { Bookmark } from '../../layout/line.js';
import type { Margins } from '../../layout/sheet.js';
import { type Alignment, type GlyphUser, Paragraph, type TextPart } from '../../layout/text.js';
import type { CarryLine } from './carry.js';
import { isFrame } from './frame-shapes.js';
import { canvasArt, frameArt } from './own-art.js';
import { contentsNodes, headingsIn } from './own-contents.js';
import { ListMarks } from './own-lists.js';
import { colorOf, foreign, hasOnly, isNode, nodeOf, nodesOf, numberOf } from './own-nodes.js';
import { pictureArt, svgArt } from './own-pictures.js';
import { rowSpansOf } from './own-row-spans.js';
import { OwnRows } from './own-rows.js';
import { type Style, Styles, styleMembers } from './own-style.js';
import { fillsOf, tableLook } from './own-table-look.js';
import type { Node, Margins as NodeMargins, PageSize } from './pdfmake.js';
import { maxSamples, TableCarry } from './table-carry.js';

/**
 * Nodes as boxes of our own layout, which are measured. What has a member that is not known here is none: its document
 * goes to pdfmake. The nodes stay as they are.
 */

const members = (...own: readonly string[]): ReadonlySet<string> =>
  new Set(['margin', 'at', 'absolutePosition', ...styleMembers, ...own]);

/** Of an item in a list. */
const itemMembers = ['counter', 'listType'];
const headingMembers = [
  'tocItem',
  'tocMargin',
  'outline',
  'outlineText',
  'outlineExpanded',
  'id',
  'outlineParentId',
];
const textMembers = members(
  ...['text', 'fillColor', 'width', 'leastWidth', 'colSpan', 'rowSpan', 'keepNext', 'pageOf'],
  ...itemMembers,
  ...headingMembers,
);
const listMembers = members('ul', 'ol', 'type', 'start', 'markerColor', 'width', ...itemMembers);
const partMembers = members('text');
const stackMembers = members(
  ...['stack', 'pageBreak', 'width', 'frame', 'keepNext', 'colSpan', 'rowSpan', 'fillColor'],
  ...itemMembers,
);
const columnsMembers = members('columns', 'width');
const contentsMembers = members('toc');
const canvasMembers = members('canvas', 'width');
const pictureMembers = ['width', 'height', 'fit', 'maxWidth', 'maxHeight', 'shrinks', ...itemMembers];
const imageMembers = members('image', 'cover', ...pictureMembers);
const svgMembers = members('svg', 'pointer', 'notes', 'options', ...pictureMembers);
const tableMembers = members('table', 'layout', 'width', 'keepNext');
const tableParts = new Set([
  'headerRows',
  'widths',
  'body',
  'keepRows',
  'keptRows',
  'around',
  'carry',
  'wholeRows',
  'align',
]);

function marginsOf({ margin }: Node): { margins?: Margins } {
  if (margin === undefined) return {};
  if (!Array.isArray(margin) || margin.length !== 4) return foreign('no four margins');
  const [left, top, right, bottom] = margin.map(numberOf);
  return { margins: { left: left ?? 0, top: top ?? 0, right: right ?? 0, bottom: bottom ?? 0 } };
}

const nowhere = {};

/** What every box has of its node. */
function placeOf(node: Node): Pick<Box, 'margins' | 'at' | 'fixed' | 'keepsNext'> {
  const { at, absolutePosition: place, keepNext, outline } = node;
  // Cells have none.
  if (
    at === undefined &&
    place === undefined &&
    node.margin === undefined &&
    keepNext === undefined &&
    outline === undefined
  )
    return nowhere;
  return {
    ...marginsOf(node),
    ...(keepNext === true || outline === true ? { keepsNext: true } : {}),
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
  /** The face of an id; undefined for one that our own layout does not write. */
  readonly face: (id: string) => Typeface | undefined;
  /** The size of a picture by its key as it is shown, pixels. */
  readonly picture: (key: string) => { readonly width: number; readonly height: number };
  /** Told of every glyph. */
  readonly user: GlyphUser;
  /** Told of each node that is measured. */
  readonly measured: () => void;
  /** Told of a table of contents, which has numbers of pages. */
  readonly contents: () => void;
  /** Told of cells over several rows. */
  readonly rowSpans: () => void;
}

/**
 * The sections of a definition as boxes.
 * @throws Foreign where something of them is none that our own layout draws.
 */
export function ownSections(nodes: readonly Node[], defaultStyle: Node, tools: BoxTools): readonly Section[] {
  const maker = new BoxMaker(tools, nodes);
  const style = maker.first(defaultStyle);
  return nodes.map((node) => {
    if (!isSection(node)) return foreign('no section');
    const { section, pageSize, pageMargins, followingMargins } = node;
    return {
      size: { width: pageSize.width, height: pageSize.height },
      margins: pageMargins,
      following: followingMargins,
      boxes: section.map((one) => maker.box(one, style)),
    };
  });
}

/** A single node as a box; throws as for sections. */
export function ownBox(node: Node, defaultStyle: Node, tools: BoxTools): Box {
  const maker = new BoxMaker(tools, []);
  return maker.box(node, maker.first(defaultStyle));
}

const nobody: GlyphUser = { use: () => undefined };

class BoxMaker {
  readonly #styles: Styles;
  /** Of the lists around. */
  #markColor: string | undefined;

  constructor(
    private readonly tools: BoxTools,
    private readonly document: readonly Node[],
  ) {
    this.#styles = new Styles(tools.face);
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
      const text = this.#paragraph(node.text, style);
      const place = placeOf(node);
      // Cells are hardly ever anything else.
      if (place === nowhere && node.leastWidth === undefined) return { type: 'text', text };
      const number = typeof node.pageOf === 'string' ? { pageOf: node.pageOf } : {};
      const least = node.leastWidth === undefined ? {} : { leastWidth: numberOf(node.leastWidth) };
      return { type: 'text', ...place, ...least, ...number, ...bookmarkOf(node), text };
    }
    if (node.stack !== undefined) {
      hasOnly(node, stackMembers);
      if (node.pageBreak !== undefined && node.pageBreak !== 'before')
        foreign('a page break behind something');
      const boxes = nodesOf(node.stack).map((one) => this.box(one, style));
      const breaks = node.pageBreak === undefined ? {} : ({ breaksPage: true } as const);
      return { type: 'stack', ...placeOf(node), ...breaks, boxes, ...frameOf(node) };
    }
    if (node.ul !== undefined || node.ol !== undefined) {
      hasOnly(node, listMembers);
      return { ...placeOf(node), ...this.#list(node, style) };
    }
    if (node.columns !== undefined) {
      hasOnly(node, columnsMembers);
      return this.#columnsBox(node, style);
    }
    if (isNode(node.toc)) {
      hasOnly(node, contentsMembers);
      this.tools.contents();
      const boxes = contentsNodes(node.toc, headingsIn(this.document)).map((one) => this.box(one, style));
      return { type: 'contents', ...placeOf(node), boxes };
    }
    if (node.canvas !== undefined) {
      hasOnly(node, canvasMembers);
      const { align } = style;
      return { type: 'art', ...placeOf(node), art: canvasArt(node.canvas), align: sideOf(align) };
    }
    if (typeof node.image === 'string') {
      hasOnly(node, imageMembers);
      const art = pictureArt(node, this.tools.picture(node.image), style.link);
      return { type: 'art', ...placeOf(node), art, align: sideOf(style.align) };
    }
    if (node.svg !== undefined) {
      hasOnly(node, svgMembers);
      const art = svgArt(node, style.family, style.link);
      return { type: 'art', ...placeOf(node), art, align: sideOf(style.align) };
    }
    if (isNode(node.table)) {
      hasOnly(node, tableMembers);
      return this.#table(node, node.table, style);
    }
    return foreign(`a node with ${Object.keys(node).join(', ')}`);
  }

  #list(node: Node, style: Style): ListBox {
    const outer = this.#markColor;
    if (node.markerColor !== undefined) this.#markColor = colorOf(node.markerColor);
    const marks = new ListMarks(node, style, this.#markColor, (text, own) => this.#paragraph(text, own));
    const nodes = nodesOf(node.ol ?? node.ul);
    const items = nodes.map((one) => ({ box: this.box(one, style), mark: marks.next(one) }));
    this.#markColor = outer;
    return { type: 'list', items, indent: marks.indent };
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

  /** A text that is a cell by itself. */
  #plain(text: string, { look, align }: Style, user: GlyphUser): Paragraph {
    this.tools.measured();
    return Paragraph.plain(spaced(text), look, align, user) ?? foreign(lacking);
  }

  #paragraph(text: unknown, style: Style): Paragraph {
    const { user } = this.tools;
    if (typeof text === 'string')
      return Paragraph.plain(spaced(text), style.look, style.align, user) ?? foreign(lacking);
    const parts: TextPart[] = [];
    for (const part of nodesOf(text)) {
      hasOnly(part, partMembers);
      if (typeof part.text !== 'string') return foreign('text in text');
      parts.push({ text: spaced(part.text), look: this.#styles.within(style, part).look });
    }
    return Paragraph.of(parts, style.align, user) ?? foreign(lacking);
  }

  #table(node: Node, table: Node, style: Style): TableBox {
    hasOnly(table, tableParts);
    const { headerRows = 0, widths, body, keepRows, keptRows = [], around = 8, carry, align = [] } = table;
    if (!Array.isArray(body) || !Array.isArray(widths) || !Array.isArray(keptRows)) return foreign('no rows');
    const fillOf = fillsOf(nodeOf(node.layout));
    const rows = this.#rows(body, this.#columnStyles(align, widths.length, style), style, fillOf);
    const look = tableLook(nodeOf(node.layout), numberOf(around));
    const rowSpans = rowSpansOf(body, fillOf, numberOf(headerRows));
    if (rowSpans.length > 0) this.tools.rowSpans();
    return {
      type: 'table',
      ...placeOf(node),
      columns: rows.columns(widths, look),
      look,
      headerRows: numberOf(headerRows),
      rows: body.length,
      keepRows: keepRows === true,
      ...(table.wholeRows === true ? { wholeRows: true } : {}),
      keptRows: keptRows.map(numberOf),
      ...(rowSpans.length === 0 ? {} : { rowSpans }),
      ...(carry === undefined ? {} : { carry: this.#carry(carry, node, table, style) }),
      row: (y) => rows.row(y),
    };
  }

  /** Of texts in the columns of a table. */
  #columnStyles(align: unknown, columns: number, style: Style): readonly Style[] {
    if (!Array.isArray(align)) return foreign('no alignments');
    return Array.from({ length: columns }, (_, x) =>
      align[x] === undefined ? style : this.#styles.within(style, { alignment: align[x] }),
    );
  }

  #rows(
    body: readonly unknown[],
    columns: readonly Style[],
    style: Style,
    fillOf: (row: number) => string | undefined,
  ): OwnRows {
    return new OwnRows(body, columns, fillOf, {
      text: (text, own, isTold) => this.#plain(text, own, isTold ? nobody : this.tools.user),
      cell: (cell, ground) => this.#cell(nodeOf(cell), style, ground),
    });
  }

  #cell(node: Node, style: Style, ground: string | undefined): Cell | undefined {
    if (node._span === true) return undefined;
    const { fillColor: own, colSpan } = node;
    const fill = own === undefined ? ground : colorOf(own);
    return { box: this.box(node, style), fill, span: colSpan === undefined ? 1 : numberOf(colSpan) };
  }

  /** The lines that a table carries over; all that can come are looked at before a page is written. */
  #carry(nodes: unknown, { at }: Node, { widths, align = [] }: Node, style: Style): Carry {
    if (!(nodes instanceof TableCarry) || !Array.isArray(widths)) return foreign('no carried lines');
    // Of lines that look alike only the cells differ.
    const drawn = new Map<string | undefined, TableBox>();
    const columns = this.#columnStyles(align, widths.length, style);
    const boxOf = (line: CarryLine | undefined, given: readonly number[]) => {
      if (line === undefined) return undefined;
      const look = JSON.stringify(line.look);
      const known = drawn.get(look);
      if (known !== undefined) {
        const cells = this.#rows([nodes.drawing.cells(line)], columns, style, () => undefined).row(0);
        return { ...known, row: () => cells };
      }
      const box = this.box(nodes.drawing.line(line, given), style);
      if (box.type !== 'table') return foreign('a carried line without columns');
      drawn.set(look, box);
      return box;
    };
    const samples = nodes.samples().map((node) => {
      const box = this.box(node, style);
      return box.type === 'table' ? box.columns : foreign('a carried line without columns');
    });
    // There may be more than these.
    if (samples.length >= maxSamples) foreign('too many carried lines');
    return {
      line: (which, above, given) => boxOf(nodes.at(which, above), given),
      key: (which, above) => nodes.key(which, above),
      highest: (which, above, given) => boxOf(nodes.highestAt(which, above), given),
      samples,
      refuse: () => {
        throw new RenderFailure(
          'its lines leave no room for rows',
          typeof at === 'string' ? `${at}/carry` : undefined,
        );
      },
    };
  }
}

/** The place of a heading; that of its text in a table of contents is not looked at, for one of those is drawn by pdfmake. */
function bookmarkOf({ outline, id, outlineText, outlineParentId: parent }: Node): { bookmark?: Bookmark } {
  if (outline === undefined) return {};
  if (outline !== true || typeof id !== 'string' || typeof outlineText !== 'string')
    return foreign('a bookmark without title');
  return { bookmark: { id, title: outlineText, parent: typeof parent === 'string' ? parent : undefined } };
}

/** The ground and border of a block. */
function frameOf({ frame }: Node): { frame?: Frame } {
  if (frame === undefined) return {};
  if (!isFrame(frame)) return foreign('no frame');
  const { above, below, keepTogether } = frame;
  return { frame: { above, below, keepTogether, shapes: (width, height) => frameArt(frame, width, height) } };
}

function sideOf(align: Alignment): 'left' | 'center' | 'right' {
  return align === 'justify' ? 'left' : align;
}

const lacking = 'characters that no font has';

/** Tabs are set as spaces. */
function spaced(text: string): string {
  return text.includes('\t') ? text.replaceAll('\t', '    ') : text;
}
