import type { Box, Row, TableBox } from './boxes.js';
import { CarriedLines } from './carried.js';
import type { PageChange } from './context.js';
import type { BlockRows, Flow } from './flow.js';
import { firstHeight, highest } from './heights.js';
import { RowGroups } from './row-groups.js';
import { RowSpans } from './row-spans.js';
import type { Fragment } from './sheet.js';
import { columnsOf, headerHeight } from './table-columns.js';

/** What places the content of cells. */
export interface Placer {
  readonly flow: Flow;
  /** Of tables around what is placed. */
  readonly depth: number;
  box(box: Box): void;
  /** Lays a box out by itself, in the width that there is. */
  aside(box: Box): Fragment;
  /** Room that what follows a box needs to stay with it; 0 where nothing has to. */
  followingRoom(box: Box): number;
  /** Hands on the pages that are finished. */
  settle(): void;
  /** Called where a page ends within rows that a cell is over. */
  cutSpan(): void;
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

interface OpenRows extends BlockRows {
  readonly ends: number[];
  /** Number of the first row in the block. */
  readonly first: number;
}

const unbroken: readonly RowBreak[] = [];

/** Of a page: more of it is not given to lines and header rows that every page has. */
const maxCarryShare = 0.6;

/** Share of a page that the repeated rows of a table may take; a higher header is set once, as ordinary rows. */
const maxHeaderShare = 0.4;

/** Places a table row by row; a row may go over pages, and its lines and grounds go with it. */
export class TablePlacing {
  readonly #widths: readonly number[];
  readonly #offsets: readonly number[];
  /** Where the line before each column begins, and that behind the last. */
  readonly #lines: readonly number[];
  readonly #headerRows: number;
  readonly #spans: RowSpans;
  /** The header rows and those that stay with them. */
  #firstBlock = 0;
  /** How far down the pages of the table are used. */
  readonly #bottoms = new Map<number, number>();
  #tableTop = 0;
  /** Left and right. */
  readonly #outerMargins: readonly [number, number];

  constructor(
    private readonly placing: Placer,
    private readonly box: TableBox,
  ) {
    const { margins } = box;
    this.#outerMargins = [margins?.left ?? 0, margins?.right ?? 0];
    const { offsets, widths, lines, room } = columnsOf(box, placing.flow.context.width);
    this.#offsets = offsets;
    this.#widths = widths;
    this.#lines = lines;
    this.#spans = new RowSpans(box);
    const isHigh = box.headerRows > 0 && headerHeight(box, room) > maxHeaderShare * placing.flow.pageHeight;
    this.#headerRows = isHigh ? 0 : box.headerRows;
  }

  place(): void {
    const { box, placing } = this;
    const { flow } = placing;
    const headerRows = this.#headerRows;
    const following = placing.followingRoom(box);
    const groups = new RowGroups(box, this.#spans, following > 0);
    const withHeader = headerRows > 0 ? groups.kept(headerRows) : 0;
    const outer = { lead: flow.lead, carried: flow.carried };
    flow.lead = withHeader > 0 || box.wholeRows === true ? 0 : this.#leastHeight(headerRows);
    this.#firstBlock = headerRows + withHeader;
    const begun = headerRows > 0;
    if (begun) {
      flow.beginBlock();
      this.#rowLine(0);
    }
    const carrying = this.#carrying();
    flow.carried = carrying;
    const tell = (first: number, end: number) => {
      flow.following = end === box.rows ? following : 0;
      carrying?.block(first - headerRows, end - headerRows, end === box.rows);
    };
    let rows: OpenRows | undefined;
    if (withHeader > 0) {
      rows = this.#openRows(headerRows, 0);
      tell(headerRows, this.#firstBlock);
    }
    let last = -1;
    for (let y = 0; y < box.rows; y++) {
      if (y > last && y >= this.#firstBlock) {
        const size = groups.kept(y, following > 0);
        last = size > 0 ? y + size - 1 : y;
        rows = undefined;
        if (size > 0) {
          tell(y, last + 1);
          flow.beginBlock();
          rows = this.#openRows(0, y);
        }
      }
      const { page } = flow.context;
      this.#row(y);
      if (flow.context.page !== page && this.#isSpanned(y)) placing.cutSpan();
      if (begun) this.#endHeader(y);
      if (rows !== undefined && flow.rows === rows) rows.ends.push(flow.context.y);
      if (y === last && rows !== undefined) this.#endRows(rows.first);
      if (placing.depth === 1) placing.settle();
    }
    if (begun) flow.endRepeat();
    flow.lead = outer.lead;
    flow.carried = outer.carried;
    flow.following = 0;
  }

  #isSpanned(y: number): boolean {
    return !this.#spans.isEmpty && (this.#spans.joins(y) || this.#spans.joins(y - 1));
  }

  /** Lines that are carried over; none in what is put together aside within something that is. */
  #carrying(): CarriedLines<Box, Fragment> | undefined {
    const { box, placing } = this;
    const { carry } = box;
    if (carry === undefined) return undefined;
    const carrying = new CarriedLines(carry, this.#widths, (line) => placing.aside(line));
    carrying.block(0, 0, false);
    const { size, margins } = placing.flow.outermost.sheet;
    if (carrying.within + carrying.above > maxCarryShare * (size.height - margins.top - margins.bottom))
      carry.refuse();
    return carrying;
  }

  #header: ReturnType<Flow['blockToRepeat']> | undefined;

  /** Places the header with the rows that stay with it, behind the last one of them. */
  #endHeader(y: number): void {
    const { flow } = this.placing;
    if (y === this.#headerRows - 1) this.#header = flow.blockToRepeat();
    if (this.#header === undefined || (y !== this.#firstBlock - 1 && y !== this.box.rows - 1)) return;
    flow.endBlock();
    flow.repeat(this.#header);
    this.#header = undefined;
  }

  /** Tells the flow of the rows in the outermost block; what stands in a cell is cut with its row. */
  #openRows(headerRows: number, first: number): OpenRows {
    const { flow } = this.placing;
    const line = first + headerRows + 1;
    const close = () => this.#rowLine(line, flow.context.y - this.box.look.rowLine(line).width);
    const rows = { ends: [], headerRows, first, close };
    if (flow.isAside) flow.rows = rows;
    return rows;
  }

  /** Rows without a header that go to the next page get a border above them, as they have one below. */
  #endRows(first: number): void {
    const { flow } = this.placing;
    flow.listen(() => {
      if (this.#headerRows === 0 && (first > 0 || flow.cutting)) this.#rowLine(first);
    });
    flow.endBlock();
    flow.unlisten();
  }

  /** What a row needs at least to begin on a page, as if all columns were equal. */
  #leastHeight(row: number): number {
    const { box, placing } = this;
    if (row >= box.rows) return 0;
    const cells = box.row(row);
    const share = Math.max(1, placing.flow.context.width / cells.length);
    return (
      highest(cells, share * cells.length, (cell, width) => firstHeight(cell.box, width)) + box.look.around
    );
  }

  /** What the row in work keeps free at the end of a page, and above its content on the next one. */
  #reserved = 0;
  #above = 0;
  readonly #beginPage = (): void => {
    const { context } = this.placing.flow;
    context.room -= this.#reserved;
    context.moveDown(this.#above);
  };

  #row(row: number): void {
    const { box, placing } = this;
    const { flow } = placing;
    const { look } = box;
    if (box.wholeRows === true) flow.beginBlock();
    const above = look.rowLine(row).width;
    const below = look.rowLine(row + 1).width;
    const hasHeader = this.#headerRows > 0;
    const reserved = below + look.bottom;
    this.#reserved = reserved;
    this.#above = look.top + (hasHeader ? 0 : above);
    flow.listen(this.#beginPage);
    if (row === 0 && !hasHeader) {
      this.#tableTop = flow.context.y;
      flow.context.moveDown(above);
    }
    const top = flow.context.y;
    flow.context.room -= reserved;
    flow.context.moveDown(look.top);
    const cells = box.row(row);
    const breaks = this.#cells(row, cells);
    flow.unlisten();
    flow.context.moveDown(look.bottom);
    flow.context.room += reserved;
    this.#frame(row, cells, top, breaks);
    this.#rowLine(row + 1);
    if (box.wholeRows === true) flow.endBlock();
  }

  #cells(row: number, cells: Row): readonly RowBreak[] {
    const { placing } = this;
    const { flow } = placing;
    let breaks: RowBreak[] | undefined;
    const note = ({ page, end, begin }: PageChange) => {
      breaks ??= [];
      const known = breaks.find((one) => one.page === page);
      if (known === undefined) breaks.push({ page, end, begin });
      else {
        known.end = Math.max(known.end, end);
        known.begin = Math.min(known.begin, begin);
      }
    };
    flow.context.beginColumns(placing.depth === 1 ? this.#outerMargins : undefined);
    flow.listen(note);
    let { page: lowest, y: bottom } = flow.context;
    const spans = this.#spans;
    let counts = true;
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i];
      if (cell === undefined && (spans.isEmpty || spans.over(row, i) === undefined)) continue;
      flow.context.column(this.#widthOf(i, cell?.span ?? 1), this.#offsets[i] ?? 0, counts);
      counts = true;
      if (cell === undefined) {
        const ending = spans.endingAt(row, i);
        if (ending !== undefined) flow.context.resume(ending);
        continue;
      }
      placing.box(cell.box);
      const own = spans.isEmpty ? undefined : spans.from(row, i);
      if (own !== undefined) {
        // Its lower end is that of its last row.
        spans.end(own, flow.context.ending);
        counts = false;
      }
      const { page, y } = flow.context;
      if (page !== lowest) this.#noteBottom(page, y);
      else if (y > bottom) bottom = y;
    }
    this.#noteBottom(lowest, bottom);
    flow.unlisten();
    flow.context.endColumns(counts);
    if (breaks === undefined) return unbroken;
    for (const one of breaks) one.end = Math.max(one.end, this.#bottoms.get(one.page) ?? one.end);
    return breaks;
  }

  #noteBottom(page: number, y: number): void {
    this.#bottoms.set(page, Math.max(this.#bottoms.get(page) ?? 0, y));
  }

  /** Of a cell that is in so many columns from `i` on. */
  #widthOf(i: number, span: number): number {
    let width = this.#widths[i] ?? 0;
    for (let x = i + 1; x < i + span; x++) width += (this.#widths[x] ?? 0) + (this.#offsets[x] ?? 0);
    return width;
  }

  /** Lines and grounds of a row on all pages that it is on. */
  #frame(row: number, cells: Row, top: number, breaks: readonly RowBreak[]): void {
    const { context } = this.placing.flow;
    const { look } = this.box;
    const { page, y } = context;
    const hasHeader = this.#headerRows > 0;
    const [first] = breaks;
    if (first === undefined && y - top !== look.top) {
      if (row === 0 && !hasHeader) this.#rowLine(0, this.#tableTop);
      this.#piece(row, cells, top, y, look.rowLine(row).width);
      return;
    }
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

  #piece(row: number, cells: Row, top: number, bottom: number, above: number): void {
    const { flow } = this.placing;
    const { context, at, groundMark } = flow;
    const { sheet, x } = context;
    const { columnLine, rowLine } = this.box.look;
    const below = rowLine(row + 1).width;
    for (let i = 0, span = 1; i < this.#lines.length; i += span) {
      const left = this.#lines[i] ?? 0;
      const line = x + (left + columnLine.width / 2);
      if (columnLine.width > 0) sheet.stroke(line, top - above, line, bottom + below, columnLine, at);
      const cell = cells[i];
      const over = cell === undefined && !this.#spans.isEmpty ? this.#spans.over(row, i) : undefined;
      span = cell?.span ?? over?.span ?? 1;
      const fill = cell?.fill ?? over?.fill(row);
      if (fill === undefined) continue;
      const end = this.#lines[i + span] ?? 0;
      const box = {
        x: x + (left + columnLine.width / 2),
        y: top - above / 2,
        width: end + columnLine.width / 2 - (left + columnLine.width / 2),
        height: bottom + below / 2 - (top - above / 2),
      };
      if (groundMark === undefined) sheet.ground(box, fill, at);
      else sheet.fill(box, fill, at, groundMark);
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
    const above = row > 0 ? this.box.row(row - 1) : undefined;
    const below = row < this.box.rows ? this.box.row(row) : undefined;
    const spans = this.#spans;
    for (let i = 0; i + 1 < this.#lines.length; ) {
      // A line with a place of its own stands where a page ends or begins.
      if (y === undefined && !spans.isEmpty && spans.over(row, i) !== undefined) {
        i++;
        continue;
      }
      const spanAbove = above?.[i]?.span ?? (spans.isEmpty ? undefined : spans.over(row - 1, i)?.span) ?? 1;
      const end = i + (spanAbove > 1 ? spanAbove : (below?.[i]?.span ?? 1));
      const left = this.#lines[i] ?? 0;
      const right = this.#lines[end] ?? 0;
      i = end;
      if (right > left) context.sheet.stroke(context.x + left, middle, context.x + right, middle, look, at);
    }
    if (y === undefined) context.moveDown(look.width);
  }
}
