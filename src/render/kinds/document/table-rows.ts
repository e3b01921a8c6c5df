import { firstHeight } from './headings.js';
import type { BlockRows, PageWriter } from './page-writer.js';
import {
  type PageBreak,
  PdfMakeLayout,
  PdfMakeTableProcessor,
  type TableNode,
  type Writer,
} from './pdfmake.js';

/** How tables go over pages: no header stands alone, and rows stay whole where that is asked for. */

type Row = TableNode['table']['body'][number];

/** Padding and borders of a row. */
const aroundRow = 8;

/** What a row needs at least to begin on a page, as if all columns of a table `room` wide were equal. Points. */
function leastRowHeight(row: Row | undefined, room: number): number {
  if (row === undefined) return 0;
  const share = Math.max(1, room / row.length);
  return Math.max(0, ...row.map((cell) => firstHeight(cell, share * (cell.colSpan ?? 1)))) + aroundRow;
}

/** Groups of more rows fit no page; they are cut where the page ends. */
const maxGroupRows = 200;

/** The last row of each row's group: rows that a cell spans belong together. */
function groupEnds(body: readonly Row[]): number[] {
  const ends: number[] = [];
  let end = -1;
  let begin = 0;
  for (const [y, row] of body.entries()) {
    if (y > end) {
      ends.fill(end, begin);
      begin = y;
      end = y;
    }
    ends.push(end);
    for (const { rowSpan } of row) end = Math.max(end, y + Number(rowSpan ?? 1) - 1);
  }
  return ends.fill(end, begin);
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

/** pdfmake's layout of tables, row by row. */
export class RowLayout extends PdfMakeLayout {
  declare writer: PageWriter;

  override processTable(node: TableNode): void {
    this.nestedLevel++;
    const { writer } = this;
    const { table } = node;
    const { body, headerRows } = table;
    const ends = table.keepRows === true ? groupEnds(body) : undefined;
    // A header that is kept with whole rows is in one block with them.
    const first = headerRows > 0 && ends !== undefined ? groupSize(ends, headerRows) : 0;
    if (first > 0 && first <= maxGroupRows) table.keepWithHeaderRows = first;
    const outer = writer.lead;
    writer.lead =
      table.keepWithHeaderRows === undefined
        ? leastRowHeight(body[headerRows], writer.context().availableWidth)
        : 0;
    const processor = new RowProcessor(node);
    processor.beginTable(writer);
    let rows: OpenRows | undefined;
    // pdfmake has begun a block for the header and the rows with it.
    if (table.keepWithHeaderRows !== undefined) rows = this.#openRows(processor, headerRows, 0);
    let last = -1;
    for (const y of body.keys()) {
      if (ends !== undefined && y > last && y >= processor.rowsWithoutPageBreak) {
        last = ends[y] ?? y;
        if (groupSize(ends, y) <= maxGroupRows) {
          writer.beginUnbreakableBlock();
          rows = this.#openRows(processor, 0, y);
        } else rows = undefined;
      }
      this.#row(processor, node, y);
      if (rows !== undefined && writer.rows === rows) rows.ends.push(writer.context().y);
      if (y === last && rows !== undefined) this.#commit(processor, rows.first);
    }
    processor.endTable(writer);
    writer.lead = outer;
    this.nestedLevel--;
    if (this.nestedLevel === 0) writer.context().resetMarginXTopParent();
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

function groupSize(ends: readonly number[], first: number): number {
  return ends[first] === undefined ? 0 : ends[first] - first + 1;
}

interface OpenRows extends BlockRows {
  readonly ends: number[];
  /** Number of the first row in the block. */
  readonly first: number;
}
