import type { Frame } from './boxes.js';
import type { CarriedRows } from './carried.js';
import { Context, type PageChange } from './context.js';
import type { RowEnds } from './cutting.js';
import type { Line } from './line.js';
import { type Art, AsideSheet, type Fragment, lowest, type Mark, place, type Sheet } from './sheet.js';
import { sheetCutter } from './sheet-cutting.js';

/** Rows that are drawn again at the top of every page. */
export interface Repeated extends Fragment {
  readonly x: number;
  readonly pages: Set<number>;
}

/** Rows that are put together aside, to be placed as one block. */
export interface BlockRows extends RowEnds {
  /** Draws a border where the rows are cut. */
  close(): void;
}

/** Less than decides whether something fits, points. */
const rounding = 0.01;

/** Of a page: more of it is not kept free above and below the content of blocks that go over it. */
const maxAroundShare = 0.9;

const loose: BlockRows = { ends: [], headerRows: 0, close: () => undefined };

/** Places lines and blocks one below the other and goes to the next page where one has no room. Lengths are points. */
export class Flow {
  context: Context;
  /** JSON pointer of what is being placed. */
  at: string | undefined;
  /** Room that the header rows which are placed next need below them on their page. */
  lead = 0;
  /** Room that the block which is placed next needs below it: what follows stays with it. */
  following = 0;
  /** The rows in the block that is put together. */
  rows: BlockRows | undefined;
  carried: CarriedRows<Fragment> | undefined;
  /** Whether a block that is higher than a page is being placed. */
  cutting = false;
  /** What the frames in work keep free at the top and bottom of every page that they go over to. */
  around = { above: 0, below: 0 };
  readonly #outer: Context[] = [];
  readonly #repeated: Repeated[] = [];
  readonly #listeners: ((change: PageChange) => void)[] = [];
  /** Called where a line is placed, the outermost first. */
  readonly #lineListeners: ((line: Line) => void)[] = [];
  /** Of frames in work: where on each page their own things begin. */
  readonly #frames: Map<Sheet, Mark>[] = [];
  #header: Repeated | undefined;
  /** Blocks that are begun and not placed. */
  #depth = 0;
  #blockX = 0;

  constructor(context: Context) {
    this.context = context;
  }

  /** Whether something is being put together aside. */
  get isAside(): boolean {
    return this.#outer.length > 0;
  }

  /** Where pages are filled, whatever is put together aside. */
  get outermost(): Context {
    return this.#outer[0] ?? this.context;
  }

  /** Whether frames are begun, which are drawn on all their pages at last. */
  get isFramed(): boolean {
    return this.#frames.length > 0;
  }

  listen(listener: (change: PageChange) => void): void {
    this.#listeners.push(listener);
  }

  /** Takes the latest listener away. */
  unlisten(): void {
    this.#listeners.pop();
  }

  nextPage(): void {
    const carried = !this.isAside && this.carried?.begun === true ? this.carried : undefined;
    this.#force(carried?.forward());
    const { context } = this;
    const { page, end } = context.nextPage();
    for (const rows of this.#repeated) {
      if (!rows.pages.has(context.page)) {
        rows.pages.add(context.page);
        place(rows, context.sheet, rows.x, context.y, this.at);
      }
      context.moveDown(rows.height);
    }
    const begin = context.y;
    for (const listener of this.#listeners) listener({ page, end, begin });
    if (!this.isAside) context.room -= this.around.below;
    this.#force(carried?.brought());
  }

  /** Places what room was held back for. */
  #force(block: Fragment | undefined): void {
    if (block === undefined) return;
    this.context.room = Math.max(this.context.room, block.height);
    this.#put(block);
  }

  #put(block: Fragment): void {
    const { context } = this;
    place(block, context.sheet, context.x, context.y, this.at);
    context.moveDown(block.height);
  }

  line(line: Line, x: number): void {
    if (this.context.room < line.height) this.nextPage();
    const { context } = this;
    // A line that is higher than the page is placed where it is.
    if (context.room < line.height) context.room = line.height;
    context.sheet.line(line, context.x + x, context.y, this.at);
    for (const listener of this.#lineListeners) listener(line);
    context.moveDown(line.height);
  }

  /** Calls `listener` with each line while `draw` is at work, before the place goes on below it. */
  listenToLines(listener: (line: Line) => void, draw: () => void): void {
    this.#lineListeners.push(listener);
    draw();
    this.#lineListeners.pop();
  }

  /** A picture or shape that begins the next page where it has no room on this one. */
  art(art: Art, x: number): void {
    const { context } = this;
    if (context.room < art.height && !context.sheet.isEmpty) this.nextPage();
    if (context.room < art.height) context.room = art.height;
    context.sheet.art(art, context.x + x, context.y, this.at);
    context.moveDown(art.height);
  }

  beginBlock(): void {
    if (this.#depth++ > 0) return;
    const { context } = this;
    this.#blockX = context.x;
    const aside = new Context((size) => new AsideSheet(size.width));
    this.#outer.push(context);
    this.context = aside;
    aside.addPage({ width: context.width, height: Number.POSITIVE_INFINITY }, none);
  }

  /** What the block has so far, as rows that are drawn again at the place where they stand across. */
  blockToRepeat(): Repeated {
    const { sheet, y } = this.context;
    if (!(sheet instanceof AsideSheet)) throw new Error('no block is begun');
    this.#header = { ...sheet.fragment(y), x: this.#blockX, pages: new Set() };
    return this.#header;
  }

  endBlock(): void {
    if (--this.#depth > 0) return;
    const { sheet, y } = this.context;
    const outer = this.#outer.pop();
    if (outer === undefined || !(sheet instanceof AsideSheet)) throw new Error('no block is begun');
    this.context = outer;
    this.#place(sheet.fragment(y));
  }

  #place(block: Fragment): void {
    const { context, carried } = this;
    const [rows, lead] = [this.rows ?? loose, this.rows === undefined ? this.lead : this.following];
    this.rows = undefined;
    const below = carried?.below ?? 0;
    const whole = block.height + below;
    const needed = whole + lead;
    if (needed > context.room + rounding && needed <= this.#wholePage() + rounding) this.nextPage();
    const beyond = block.height - context.room;
    if (beyond > 0 && beyond <= rounding) context.room = block.height;
    if (whole <= Math.max(context.room, this.#wholePage()) + (below > 0 ? rounding : 0)) {
      if (block.height > context.room) this.nextPage();
      const fits = block.height <= context.room;
      if (fits) this.#put(block);
      if (carried !== undefined) carried.begun = true;
      if (fits) return;
    }
    this.#placeCut(block, rows);
    if (carried !== undefined) carried.begun = true;
  }

  /** Places a block over as many pages as it takes. */
  #placeCut(block: Fragment, rows: BlockRows): void {
    const { context, carried } = this;
    const header = rows.headerRows > 0 ? this.#header : undefined;
    let rest = block;
    let known: RowEnds = rows;
    let tried = false;
    // A line below the block is no higher than one within it, or the rest might fit and yet not be placed.
    const below = carried?.below ?? 0;
    const within = Math.max(below, carried?.within ?? 0);
    while (rest.height > context.room - below) {
      const cut = sheetCutter.cut(rest, context.room - within, known, tried);
      if (cut.useful || tried) {
        context.room = Math.max(context.room, cut.upper.height);
        this.#put(cut.upper);
        rows.close();
        if (carried !== undefined) {
          carried.begun = true;
          // Its amounts would not be among those of a page that has all of its words.
          if (!cut.goesOn) {
            this.#endCut(header);
            return;
          }
        }
        if (header !== undefined && !this.cutting) this.repeat(header);
        this.cutting = true;
        [rest, known, tried] = [cut.lower, cut.rows, false];
      } else tried = true;
      this.nextPage();
    }
    this.#put(rest);
    this.#endCut(header);
  }

  #endCut(header: Repeated | undefined): void {
    if (header !== undefined && this.cutting) this.#repeated.pop();
    this.cutting = false;
  }

  /** Height of the content of an empty page, below the rows that it repeats. */
  #wholePage(): number {
    const { size, margins } = this.context.sheet;
    const repeated = this.#repeated.reduce((sum, { height }) => sum + height, this.carried?.above ?? 0);
    return size.height - margins.top - margins.bottom - repeated - this.around.below;
  }

  /** Room on an empty page for what is in the frames that are begun. */
  get pageHeight(): number {
    const { size, margins } = this.context.sheet;
    return size.height - margins.top - margins.bottom - this.around.above - this.around.below;
  }

  /** Whether nothing stands above on the page but the frames that it is in. */
  get isAtTop(): boolean {
    return this.context.y <= this.context.sheet.margins.top + this.around.above;
  }

  /** Where the grounds of cells lie: of those in a frame, on the ground of the frame. */
  get groundMark(): Mark | undefined {
    const starts = this.#frames.at(-1);
    return starts === undefined ? undefined : (starts.get(this.context.sheet) ?? lowest);
  }

  /** Lays out what is in a frame, which is drawn behind it on each page that it takes. */
  framed(frame: Frame, draw: () => void): void {
    const { context } = this;
    const begin = { page: context.page, top: context.y, left: context.x, width: context.width };
    const starts = new Map([[context.sheet, context.sheet.mark()]]);
    this.#frames.push(starts);
    const outer = this.around;
    const own = this.#onPages(frame);
    this.around = { above: outer.above + own.above, below: outer.below + own.below };
    // Above the header rows of a table within, below those of one around.
    this.#repeated.push({ items: [], height: own.above, x: 0, pages: new Set() });
    context.room -= frame.below;
    context.moveDown(frame.above);
    draw();
    context.room += context.page === begin.page ? frame.below : own.below;
    context.moveDown(frame.below);
    this.#repeated.pop();
    this.around = outer;
    this.#frames.pop();
    for (let number = begin.page; number <= context.page; number++) {
      const sheet = context.sheets[number];
      if (sheet === undefined) continue;
      const top = number === begin.page ? begin.top : sheet.margins.top + outer.above;
      const end = sheet.size.height - sheet.margins.bottom - outer.below;
      const bottom = number === context.page ? context.y : end;
      for (const shape of frame.shapes(begin.width, Math.max(0, bottom - top)))
        sheet.art(shape, begin.left, top, this.at, starts.get(sheet) ?? lowest);
    }
  }

  /** What a frame keeps free on a page that it goes over to: there is always some room left for its content. */
  #onPages({ above, below }: Frame): { above: number; below: number } {
    if (this.isAside || above + below === 0) return { above, below };
    const { size, margins } = this.context.sheet;
    const most = maxAroundShare * (size.height - margins.top - margins.bottom);
    const left = Math.max(0, most - this.around.above - this.around.below);
    const share = Math.min(1, left / (above + below));
    return { above: above * share, below: below * share };
  }

  /** Rows to be drawn on every page until they are taken away. */
  repeat(rows: Repeated): void {
    const { context } = this;
    const fits = context.room + rows.height > 0 && rows.height < context.sheet.size.height / 2;
    this.#repeated.push(fits ? rows : { ...rows, items: [], height: 0 });
  }

  endRepeat(): void {
    this.#repeated.pop();
  }
}

const none = { left: 0, top: 0, right: 0, bottom: 0 };
