import type { Margins, Sheet, Size } from './sheet.js';

/** A place on a page and the room that there is from it. Lengths are points. */
interface Place {
  page: number;
  x: number;
  y: number;
  /** Room down to the end of the page, and across. */
  room: number;
  width: number;
}

/** Where columns beside each other begin, and how far down they have come. */
class Snapshot implements Place {
  page: number;
  x: number;
  y: number;
  room: number;
  width: number;
  /** Where the lowest of them has come to; the page is -1 where that does not matter. */
  bottomPage: number;
  bottomY: number;
  bottomRoom: number;

  constructor(
    { page, x, y, room, width }: Place,
    readonly lastColumnWidth: number,
    hasBottom: boolean,
  ) {
    this.page = page;
    this.x = x;
    this.y = y;
    this.room = room;
    this.width = width;
    this.bottomPage = hasBottom ? page : -1;
    this.bottomY = y;
    this.bottomRoom = room;
  }

  note({ page, y, room }: Place): void {
    if (page < this.bottomPage || (page === this.bottomPage && y <= this.bottomY)) return;
    this.bottomPage = page;
    this.bottomY = y;
    this.bottomRoom = room;
  }
}

/** Where the content of a cell over several rows ends. */
export interface Ending extends Place {
  readonly lastColumnWidth: number;
}

/** What the end of a page is told of. */
export interface PageChange {
  readonly page: number;
  /** How far down the page is used. */
  readonly end: number;
  /** Where the next one begins. */
  readonly begin: number;
}

/** Where the layout is: as pdfmake counts it, so that what it breaks is broken here. */
export class Context implements Place {
  /** A page that is finished is undefined. */
  readonly sheets: (Sheet | undefined)[] = [];
  page = -1;
  x = 0;
  y = 0;
  room = 0;
  width = 0;
  /** Margins of the pages after the first one of a section. */
  following: Margins | undefined;
  #margins: Margins = { left: 0, top: 0, right: 0, bottom: 0 };
  readonly #snapshots: Snapshot[] = [];
  #lastColumnWidth = 0;
  /** Left and right margin of the outermost columns. */
  #outerMargins: readonly [number, number] | undefined;

  constructor(private readonly open: (size: Size, margins: Margins, number: number) => Sheet) {}

  get sheet(): Sheet {
    const sheet = this.sheets[this.page];
    if (sheet === undefined) throw new Error('there is no page');
    return sheet;
  }

  addPage(size: Size, margins?: Margins): void {
    if (margins !== undefined) {
      this.#margins = margins;
      this.x = margins.left;
      this.width = size.width - margins.left - margins.right;
    } else if (this.following !== undefined) this.#margins = this.following;
    this.page = this.sheets.length;
    this.sheets.push(this.open(size, this.#margins, this.page + 1));
    this.#beginPage();
  }

  #beginPage(): void {
    const { size, margins } = this.sheet;
    this.#margins = margins;
    this.y = margins.top;
    this.room = size.height - margins.top - margins.bottom;
    const width = size.width - margins.left - margins.right;
    const [outermost] = this.#snapshots;
    if (outermost === undefined) this.width = width;
    else {
      const [left, right] = this.#outerMargins ?? [0, 0];
      outermost.width = width - left - right;
    }
  }

  /** Goes to the next page, which may be there already: other columns have come to it. */
  nextPage(): Omit<PageChange, 'begin'> {
    const { page, y } = this;
    const beside = this.#snapshots.at(-1);
    const end = beside === undefined || beside.bottomPage < 0 ? y : Math.max(y, beside.bottomY);
    if (page + 1 < this.sheets.length) {
      this.page++;
      this.#beginPage();
    } else {
      const { width } = this;
      const { size } = this.sheet;
      this.addPage({ width: size.width, height: size.height });
      this.width = width;
    }
    return { page, end };
  }

  moveDown(length: number): void {
    this.y += length;
    this.room -= length;
  }

  indent(left: number, right: number): void {
    this.x += left;
    this.width -= left + right;
  }

  beginColumns(outerMargins: readonly [number, number] | undefined): void {
    this.#snapshots.push(new Snapshot(this, this.#lastColumnWidth, true));
    this.#lastColumnWidth = 0;
    if (outerMargins !== undefined) this.#outerMargins = outerMargins;
  }

  /** `gap` is between the end of the column before and the begin of this one; `counts`: how far down that one has come. */
  column(width: number, gap: number, counts = true): void {
    const saved = this.#snapshots.at(-1);
    if (saved === undefined) return;
    if (counts) saved.note(this);
    this.page = saved.page;
    this.x += this.#lastColumnWidth + gap;
    this.y = saved.y;
    this.width = width;
    this.room = saved.room;
    this.#lastColumnWidth = width;
  }

  /** Where the present column has come to. */
  get ending(): Ending {
    const { page, x, y, room, width } = this;
    return { page, x, y, room, width, lastColumnWidth: this.#lastColumnWidth };
  }

  /** Goes on in the present column where that of a row above has ended. */
  resume({ page, x, y, room, width, lastColumnWidth }: Ending): void {
    Object.assign(this, { page, x, y, room, width });
    this.#lastColumnWidth = lastColumnWidth;
  }

  /** Goes on below the lowest column; `counts`: also below the last one. */
  endColumns(counts = true): void {
    const saved = this.#snapshots.pop();
    if (saved === undefined) return;
    if (counts) saved.note(this);
    this.x = saved.x;
    this.y = saved.bottomY;
    this.page = saved.bottomPage;
    this.width = saved.width;
    this.room = saved.bottomRoom;
    this.#lastColumnWidth = saved.lastColumnWidth;
  }

  forgetOuterMargins(): void {
    this.#outerMargins = undefined;
  }

  /** Nothing is begun that goes back to an earlier page. */
  get isPlain(): boolean {
    return this.#snapshots.length === 0;
  }

  /** Draws something at a fixed place; the flow goes on where it was. */
  detached(x: number, y: number, draw: () => void): void {
    this.#snapshots.push(new Snapshot(this, this.#lastColumnWidth, false));
    this.x = x;
    this.y = y;
    const { size } = this.sheet;
    this.width = size.width - x - this.#margins.right;
    this.room = unbounded;
    if (this.width < 1) this.width = Math.max(1, size.width - x);
    draw();
    const saved = this.#snapshots.pop();
    if (saved === undefined) return;
    this.x = saved.x;
    this.y = saved.y;
    this.width = saved.width;
    this.room = saved.room;
    this.page = saved.page;
    this.#lastColumnWidth = saved.lastColumnWidth;
  }
}

/** More than any page is high: what has a fixed place does not break. */
const unbounded = 1e7;
