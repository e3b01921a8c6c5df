import { RenderFailure } from '../../kind.js';
import { CarriedLines } from '../../layout/carried.js';
import type { BlockRows } from '../../layout/flow.js';
import { firstHeight } from './headings.js';
import { isNode } from './own-nodes.js';
import type { Fragment } from './page-items.js';
import type { PageWriter } from './page-writer.js';
import {
  type Node,
  type PageBreak,
  PdfMakeLayout,
  PdfMakeTableProcessor,
  type TableNode,
  type Writer,
} from './pdfmake.js';

/** How tables go over pages: no header stands alone, and rows stay whole where that is asked for. */

type Row = TableNode['table']['body'][number];

/** Padding and borders of a row that does not say them. */
export const aroundRow = 8;

/** What a row needs at least to begin on a page, as if all columns of a table `room` wide were equal. Points. */
function leastRowHeight(row: Row | undefined, room: number, around: number): number {
  if (row === undefined) return 0;
  const share = Math.max(1, room / row.length);
  return Math.max(0, ...row.map((cell) => firstHeight(cell, share * (cell.colSpan ?? 1)))) + around;
}

/** Of a page: more of it is not given to lines and header rows that every page has. */
const maxCarryShare = 0.6;

/** Groups of more rows fit no page; they are cut where the page ends. */
const maxGroupRows = 200;

interface Group {
  readonly begin: number;
  /** The last row. */
  readonly end: number;
}

/**
 * The group of each row: rows that a cell spans belong together, and those that stay with the next one. A block that began
 * or ended within such a cell would be put together without the page on which the cell is.
 */
function groupsOf(
  body: readonly Row[],
  { keepRows }: TableNode['table'],
  kept: ReadonlySet<number>,
): Group[] {
  const groups: Group[] = [];
  for (let begin = 0; begin < body.length; ) {
    let end = begin;
    let isKept = keepRows === true;
    for (let y = begin; y <= end; y++) {
      for (const { rowSpan } of body[y] ?? []) end = Math.max(end, y + Number(rowSpan ?? 1) - 1);
      if (!kept.has(y)) continue;
      isKept = true;
      end = Math.max(end, y + 1);
    }
    end = Math.min(end, body.length - 1);
    for (let y = begin; y <= end; y++) groups.push(isKept ? { begin, end } : { begin: y, end: y });
    begin = end + 1;
  }
  return groups;
}

/** pdfmake's borders; a cell over several rows that a page cuts gets its lower and upper one, too. */
class RowProcessor extends PdfMakeTableProcessor {
  override drawHorizontalLine(
    line: number,
    writer: Writer,
    y?: number,
    moveDown?: boolean,
    page?: number | null,
  ): void {
    // A line with a place of its own stands where a page ends or begins.
    if (y === undefined) super.drawHorizontalLine(line, writer, y, moveDown, page);
    else
      this.#withSpans(
        () => 0,
        () => super.drawHorizontalLine(line, writer, y, moveDown, page),
      );
  }

  #withSpans(map: (span: number) => number, draw: () => void): void {
    const spans = this.rowSpanData.map(({ rowSpan }) => rowSpan);
    for (const data of this.rowSpanData) data.rowSpan = map(data.rowSpan);
    draw();
    for (const [i, data] of this.rowSpanData.entries()) data.rowSpan = spans[i] ?? 0;
  }

  /** Draws the border below rows that go on on the next page. */
  closePage(line: number, writer: Writer): void {
    const y = writer.context().y - this.layout.hLineWidth(line, this.tableNode);
    this.drawHorizontalLine(line, writer, y, false);
  }

  override endRow(row: number, writer: Writer, breaks: readonly PageBreak[] | undefined): void {
    const [first] = breaks ?? [];
    // The whole row went to the next page: the cells that go through it end with the row above.
    if (row > 0 && first !== undefined && first.prevY - this.rowTopY === this.rowPaddingTop) {
      const y = this.rowTopY - this.topLineWidth;
      this.#withSpans(
        (span) => (span > 0 ? 0 : 1),
        () => super.drawHorizontalLine(row, writer, y, false, first.prevPage),
      );
    }
    super.endRow(row, writer, breaks);
  }
}

/** A table with a node for each cell, in rows of its own: pdfmake puts into them what it makes of them. */
export function withCells(node: unknown): unknown {
  if (!isNode(node) || !isNode(node.table) || !Array.isArray(node.table.body)) return node;
  const { body, align = [] } = node.table;
  const alignments: readonly unknown[] = Array.isArray(align) ? align : [];
  const nodeOf = (cell: unknown, x: number): unknown => {
    if (typeof cell !== 'string') return cell;
    return alignments[x] === undefined ? { text: cell } : { alignment: alignments[x], text: cell };
  };
  node.table.body = body.map((row: readonly unknown[]) => row.map(nodeOf));
  return node;
}

function isTable(node: Node): node is TableNode {
  return typeof node.table === 'object' && node.table !== null;
}

/** pdfmake's layout of tables, row by row. */
export class RowLayout extends PdfMakeLayout {
  declare writer: PageWriter;

  /** Room, points, that what follows a node needs to stay with it; 0 where nothing has to. */
  followingRoom(_node: Node): number {
    return 0;
  }

  /** Columns that are as wide as their words have room for the lines that are carried over, too. */
  widenForLines({ table }: TableNode): void {
    const { docPreprocessor, docMeasure } = this;
    for (const sample of table.carry?.samples() ?? []) {
      const measured = docMeasure.measureNode(docPreprocessor.preprocessNode(sample));
      if (!isTable(measured)) continue;
      for (const [x, { _minWidth, _maxWidth }] of measured.table.widths.entries()) {
        const column = table.widths[x];
        if (column === undefined) continue;
        column._minWidth = Math.max(column._minWidth, _minWidth);
        column._maxWidth = Math.max(column._maxWidth, _maxWidth);
      }
    }
  }

  override processTable(node: TableNode): void {
    this.nestedLevel++;
    const { writer } = this;
    const { table } = node;
    const { body } = table;
    const following = this.followingRoom(node);
    const groups = new Groups(node, following > 0);
    const first = table.headerRows > 0 ? groups.kept(table.headerRows) : 0;
    // A header that is kept with whole rows is in one block with them.
    if (first > 0) table.keepWithHeaderRows = first;
    const outer = { lead: writer.lead, carried: writer.carried };
    writer.lead =
      table.keepWithHeaderRows === undefined
        ? leastRowHeight(body[table.headerRows], writer.context().availableWidth, table.around ?? aroundRow)
        : 0;
    const processor = new RowProcessor(node);
    processor.beginTable(writer);
    const carrying = this.#carrying(node);
    writer.carried = carrying;
    const tell = (y: number, end: number) => {
      writer.following = end === body.length ? following : 0;
      carrying?.block(y - table.headerRows, end - table.headerRows, end === body.length);
    };
    let rows: OpenRows | undefined;
    // pdfmake has begun a block for the header and the rows with it.
    if (table.keepWithHeaderRows !== undefined) {
      rows = this.#openRows(processor, table.headerRows, 0);
      tell(table.headerRows, processor.rowsWithoutPageBreak);
    }
    let last = -1;
    for (const y of body.keys()) {
      if (y > last && y >= processor.rowsWithoutPageBreak) {
        const size = groups.kept(y, following > 0);
        last = size > 0 ? y + size - 1 : y;
        rows = undefined;
        if (size > 0) {
          tell(y, last + 1);
          writer.beginUnbreakableBlock();
          rows = this.#openRows(processor, 0, y);
        }
      }
      this.#row(processor, node, y);
      if (rows !== undefined && writer.rows === rows) rows.ends.push(writer.context().y);
      if (y === last && rows !== undefined) this.#commit(processor, rows.first);
    }
    processor.endTable(writer);
    writer.lead = outer.lead;
    writer.carried = outer.carried;
    writer.following = 0;
    this.nestedLevel--;
    if (this.nestedLevel === 0) writer.context().resetMarginXTopParent();
  }

  /** @throws RenderFailure when header rows and lines leave no room for rows. */
  #carrying({ table, at }: TableNode): CarriedLines<Node, Fragment> | undefined {
    if (table.carry === undefined || this.writer.contextStack.length > 1) return undefined;
    const widths = table.widths.map(({ _calcWidth: width = 0 }) => width);
    const carrying = new CarriedLines(table.carry, widths, (node) => this.#aside(node));
    carrying.block(0, 0, false);
    const page = (this.writer.contextStack[0] ?? this.writer.context()).getCurrentPage();
    const room = page === null ? 0 : page.pageSize.height - page.pageMargins.top - page.pageMargins.bottom;
    if (carrying.within + carrying.above > maxCarryShare * room)
      throw new RenderFailure(
        'its lines leave no room for rows',
        typeof at === 'string' ? `${at}/carry` : undefined,
      );
    return carrying;
  }

  #aside(node: Node): Fragment {
    const { writer, docPreprocessor, docMeasure } = this;
    const measured = docMeasure.measureNode(docPreprocessor.preprocessNode(node));
    return writer.aside(() => this.processNode(measured));
  }

  #row(processor: RowProcessor, node: TableNode, y: number): void {
    const { writer } = this;
    const { table, _margin: margin, _offsets: offsets } = node;
    processor.beginRow(y, writer);
    const { page } = writer.context();
    const { positions, pageBreaks } = this.processRow({
      marginX: Array.isArray(margin) ? [margin[0], margin[2]] : [0, 0],
      dontBreakRows: false,
      rowsWithoutPageBreak: processor.rowsWithoutPageBreak,
      cells: table.body[y] ?? [],
      widths: table.widths,
      gaps: offsets.offsets,
      tableBody: table.body,
      tableNode: node,
      rowIndex: y,
    });
    for (const position of positions) node.positions.push(position);
    if (pageBreaks.length === 0) {
      const bySpan = this._findSameRowPageBreakByRowSpanData(node._breaksBySpan ?? null, page, y);
      const found = bySpan && this._getPageBreakListBySpan(node, bySpan.prevPage, y);
      if (found) pageBreaks.push(found);
    }
    processor.endRow(y, writer, pageBreaks);
  }

  /** Tells the writer of the rows in the outermost block; what stands in a cell is cut with its row. */
  #openRows(processor: RowProcessor, headerRows: number, first: number): OpenRows {
    const { writer } = this;
    const line = first + headerRows + 1;
    const rows = { ends: [], headerRows, first, close: () => processor.closePage(line, writer) };
    if (writer.contextStack.length === 1) writer.rows = rows;
    return rows;
  }

  /** Rows without a header that go to the next page get a border above them, as they have one below. */
  #commit(processor: RowProcessor, first: number): void {
    const { writer } = this;
    const close = () => {
      if (processor.headerRows === 0 && (first > 0 || writer.cutting))
        processor.drawHorizontalLine(first, writer);
    };
    writer.addListener('pageChanged', close);
    writer.commitUnbreakableBlock();
    writer.removeListener('pageChanged', close);
  }
}

/** Rows that are put together aside, so that they stay on one page. */
class Groups {
  readonly #groups: readonly Group[] | undefined;
  readonly #keepRows: boolean;
  readonly #rows: number;

  /** `lastIsKept`: something has to stay with the last row. */
  constructor({ table }: TableNode, lastIsKept: boolean) {
    const { body, keepRows = false } = table;
    const kept = new Set(table.keptRows);
    if (lastIsKept) kept.add(body.length - 1);
    this.#groups = keepRows || kept.size > 0 ? groupsOf(body, table, kept) : undefined;
    this.#keepRows = keepRows;
    this.#rows = body.length;
  }

  /** How many rows from `first` on are one block; 0 where the page may cut them. `lastIsKept`: the last row is one, too. */
  kept(first: number, lastIsKept = false): number {
    if (first >= this.#rows) return 0;
    const { begin, end } = this.#groups?.[first] ?? { begin: first, end: first };
    const size = end - first + 1;
    const isKept = this.#keepRows || size > 1 || (lastIsKept && end === this.#rows - 1);
    // What is left of a group that is cut is none.
    return isKept && end - begin < maxGroupRows ? size : 0;
  }
}

interface OpenRows extends BlockRows {
  readonly ends: number[];
  /** Number of the first row in the block. */
  readonly first: number;
}
