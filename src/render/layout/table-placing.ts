import { type Box, type Cell, columnWidths, fitted, offsetsOf, type TableBox } from './boxes.js';
import type { PageChange } from './context.js';
import type { Flow } from './flow.js';
import { firstHeight } from './heights.js';

/** What places the content of cells. */
export interface Placer {
  readonly flow: Flow;
  /** Of tables around what is placed. */
  readonly depth: number;
  /** Of the content of a page. */
  readonly pageHeight: number;
  box(box: Box): void;
  /** Hands on the pages that are finished. */
  settle(): void;
}

/** A row that goes on on the next page. */
interface RowBreak {
  readonly page: number;
  end: number;
  begin: number;
}

/** A part of a row on one page. */
interface Piece {
  readonly page: number;
  readonly top: number;
  readonly bottom: number;
}

/** Share of a page that the repeated rows of a table may take; a higher header is set once, as ordinary rows. */
const maxHeaderShare = 0.4;

/** Places a table row by row; a row may go over pages, and its lines and grounds go with it. */
export class TablePlacing {
  readonly #widths: readonly number[];
  readonly #offsets: readonly number[];
  /** Where the line before each column begins, and that behind the last. */
  readonly #lines: readonly number[];
  readonly #headerRows: number;
  /** How far down the pages of the table are used. */
  readonly #bottoms = new Map<number, number>();
  #tableTop = 0;

  constructor(
    private readonly placing: Placer,
    private readonly box: TableBox,
  ) {
    const { look } = box;
    const { offsets, widths, room } = columnsOf(box, placing.flow.context.width);
    this.#offsets = offsets;
    this.#widths = widths;
    const lines = [0];
    let left = 0;
    for (const width of this.#widths) {
      left += look.left + look.right + look.columnLine.width + width;
      lines.push(left);
    }
    this.#lines = lines;
    const isHigh = box.headerRows > 0 && headerHeight(box, room) > maxHeaderShare * placing.pageHeight;
    this.#headerRows = isHigh ? 0 : box.headerRows;
  }

  place(): void {
    const { box, placing } = this;
    const { flow } = placing;
    const headerRows = this.#headerRows;
    let y = 0;
    if (headerRows > 0) {
      const lead = this.#leastHeight(headerRows);
      flow.beginBlock();
      this.#rowLine(0);
      for (; y < headerRows; y++) this.#row(y);
      const header = flow.blockToRepeat();
      flow.endBlock(lead);
      flow.repeat(header);
    }
    for (; y < box.rows; y++) {
      this.#row(y);
      if (placing.depth === 1) placing.settle();
    }
    if (headerRows > 0) flow.endRepeat();
  }

  /** What a row needs at least to begin on a page, as if all columns were equal. */
  #leastHeight(row: number): number {
    const { box, placing } = this;
    if (row >= box.rows) return 0;
    const cells = box.row(row);
    const share = Math.max(1, placing.flow.context.width / cells.length);
    return Math.max(0, ...cells.map((cell) => firstHeight(cell.box, share))) + box.look.around;
  }

  #row(row: number): void {
    const { box, placing } = this;
    const { flow } = placing;
    const { look } = box;
    const above = look.rowLine(row).width;
    const below = look.rowLine(row + 1).width;
    const hasHeader = this.#headerRows > 0;
    const reserved = below + look.bottom;
    flow.listen(() => {
      flow.context.room -= reserved;
      flow.context.moveDown(look.top + (hasHeader ? 0 : above));
    });
    if (row === 0 && !hasHeader) {
      this.#tableTop = flow.context.y;
      flow.context.moveDown(above);
    }
    const top = flow.context.y;
    flow.context.room -= reserved;
    flow.context.moveDown(look.top);
    const cells = box.row(row);
    const breaks = this.#cells(cells);
    flow.unlisten();
    flow.context.moveDown(look.bottom);
    flow.context.room += reserved;
    this.#frame(row, cells, top, breaks);
    this.#rowLine(row + 1);
  }

  #cells(cells: readonly Cell[]): RowBreak[] {
    const { placing, box } = this;
    const { flow } = placing;
    const breaks: RowBreak[] = [];
    const note = ({ page, end, begin }: PageChange) => {
      const known = breaks.find((one) => one.page === page);
      if (known === undefined) breaks.push({ page, end, begin });
      else {
        known.end = Math.max(known.end, end);
        known.begin = Math.min(known.begin, begin);
      }
    };
    const { left = 0, right = 0 } = box.margins ?? {};
    flow.context.beginColumns(placing.depth === 1 ? [left, right] : undefined);
    flow.listen(note);
    for (const [i, { box: content }] of cells.entries()) {
      flow.context.column(this.#widths[i] ?? 0, this.#offsets[i] ?? 0);
      placing.box(content);
      const { page, y } = flow.context;
      this.#bottoms.set(page, Math.max(this.#bottoms.get(page) ?? 0, y));
    }
    flow.unlisten();
    flow.context.endColumns();
    for (const one of breaks) one.end = Math.max(one.end, this.#bottoms.get(one.page) ?? one.end);
    return breaks;
  }

  /** Lines and grounds of a row on all pages that it is on. */
  #frame(row: number, cells: readonly Cell[], top: number, breaks: readonly RowBreak[]): void {
    const { context } = this.placing.flow;
    const { look } = this.box;
    const { page, y } = context;
    const hasHeader = this.#headerRows > 0;
    const [first] = breaks;
    const pieces: Piece[] = [];
    let begin = { page: first?.page ?? page, top };
    for (const one of breaks) {
      pieces.push({ ...begin, bottom: one.end });
      begin = { page: one.page + 1, top: one.begin };
    }
    pieces.push({ ...begin, bottom: y });
    const [start] = pieces;
    // Nothing of the row is on the page on which it should have begun.
    const isMoved = start !== undefined && start.bottom - start.top === look.top;
    if (row === 0 && !isMoved && !hasHeader) {
      if (first !== undefined) context.page = first.page;
      this.#rowLine(0, this.#tableTop);
      context.page = page;
    }
    for (const [i, piece] of pieces.entries()) {
      if (i === 0 && isMoved) continue;
      context.page = piece.page;
      const goesOn = i < pieces.length - 1;
      const isBare = i > 0 && !hasHeader;
      const bottom = goesOn ? piece.bottom + look.bottom : piece.bottom;
      if (goesOn) this.#cutLine(row + 1, bottom);
      if (isBare) this.#cutLine(row, piece.top);
      this.#piece(row, cells, piece.top, bottom, isBare ? 0 : look.rowLine(row).width);
    }
    context.page = page;
  }

  #piece(row: number, cells: readonly Cell[], top: number, bottom: number, above: number): void {
    const { context, at } = this.placing.flow;
    const { sheet, x } = context;
    const { columnLine, rowLine } = this.box.look;
    const below = rowLine(row + 1).width;
    for (const [i, left] of this.#lines.entries()) {
      const line = x + (left + columnLine.width / 2);
      if (columnLine.width > 0) sheet.stroke(line, top - above, line, bottom + below, columnLine, at);
      const fill = cells[i]?.fill;
      if (fill === undefined) continue;
      const box = {
        x: x + (left + columnLine.width / 2),
        y: top - above / 2,
        width: (this.#lines[i + 1] ?? 0) + columnLine.width / 2 - (left + columnLine.width / 2),
        height: bottom + below / 2 - (top - above / 2),
      };
      sheet.ground(box, fill, at);
    }
  }

  /** A line where a page cuts a row; pdfmake takes its width off the room of the page that the row ends on. */
  #cutLine(row: number, y: number): void {
    this.#rowLine(row, y);
    this.placing.flow.context.room -= this.box.look.rowLine(row).width;
  }

  /** The line above a row, at `y` or where the table has come to. */
  #rowLine(row: number, y?: number): void {
    const { context, at } = this.placing.flow;
    const look = this.box.look.rowLine(row);
    if (look.width === 0) return;
    const middle = (y ?? context.y) + look.width / 2;
    for (let i = 0; i + 1 < this.#lines.length; i++) {
      const [left, right] = [this.#lines[i] ?? 0, this.#lines[i + 1] ?? 0];
      if (right > left) context.sheet.stroke(context.x + left, middle, context.x + right, middle, look, at);
    }
    if (y === undefined) context.moveDown(look.width);
  }
}

/** The columns of a table that is `width` wide: what stands before the content of each, its width, and the room of all. */
function columnsOf(box: TableBox, width: number) {
  const { offsets, total } = offsetsOf(box);
  const room = width - total;
  return { offsets, room, widths: columnWidths(fitted(box.columns, room), room) };
}

/** Height of the header rows of a table that is `width` wide, whose cells are texts. */
export function headerHeightOf(box: TableBox, width: number): number {
  const { widths } = columnsOf(box, width);
  const { look } = box;
  let height = look.rowLine(0).width;
  for (let row = 0; row < box.headerRows; row++) {
    const heights = box.row(row).map(({ box: content }, i) => {
      if (content.type !== 'text') return 0;
      return content.text.lines(widths[i] ?? 0).reduce((sum, line) => sum + line.height, 0);
    });
    height += look.top + Math.max(0, ...heights) + look.bottom + look.rowLine(row + 1).width;
  }
  return height;
}

/** About the height of the header rows, rather too much: as if all columns had the same width. */
function headerHeight(box: TableBox, room: number): number {
  const share = Math.max(1, room / box.columns.length);
  let sum = 0;
  for (let row = 0; row < box.headerRows; row++) {
    const heights = box.row(row).map(({ box: content }) => {
      if (content.type !== 'text') return 0;
      const { width, ends, height } = content.text.extent;
      return (Math.ceil(width / share) + ends) * height;
    });
    sum += Math.max(0, ...heights) + box.look.around;
  }
  return sum;
}
