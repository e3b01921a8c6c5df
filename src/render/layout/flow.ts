import { Context, type PageChange } from './context.js';
import { type Art, AsideSheet, type Fragment, place } from './sheet.js';
import type { Line } from './text.js';

/** Rows that are drawn again at the top of every page. */
export interface Repeated extends Fragment {
  readonly x: number;
  readonly pages: Set<number>;
}

/** Less than decides whether something fits, points. */
const rounding = 0.01;

/** Places lines and blocks one below the other and goes to the next page where one has no room. */
export class Flow {
  context: Context;
  /** JSON pointer of what is being placed. */
  at: string | undefined;
  readonly #outer: Context[] = [];
  readonly #repeated: Repeated[] = [];
  readonly #listeners: ((change: PageChange) => void)[] = [];
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

  listen(listener: (change: PageChange) => void): void {
    this.#listeners.push(listener);
  }

  /** Takes the latest listener away. */
  unlisten(): void {
    this.#listeners.pop();
  }

  nextPage(): void {
    const { context } = this;
    const { page, end } = context.nextPage();
    for (const rows of this.#repeated) {
      if (rows.pages.has(context.page)) context.moveDown(rows.height);
      else {
        rows.pages.add(context.page);
        place(rows, context.sheet, rows.x, context.y, this.at);
        context.moveDown(rows.height);
      }
    }
    const begin = context.y;
    for (const listener of this.#listeners) listener({ page, end, begin });
  }

  line(line: Line, x: number): void {
    if (this.context.room < line.height) this.nextPage();
    const { context } = this;
    // A line that is higher than the page is placed where it is.
    if (context.room < line.height) context.room = line.height;
    context.sheet.line(line, context.x + x, context.y, this.at);
    context.moveDown(line.height);
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

  /** What the block has so far. */
  get block(): Fragment {
    const { sheet, y } = this.context;
    if (!(sheet instanceof AsideSheet)) throw new Error('no block is begun');
    return sheet.fragment(y);
  }

  /** The block as rows that are drawn again at the place where they stand across. */
  blockToRepeat(): Repeated {
    return { ...this.block, x: this.#blockX, pages: new Set() };
  }

  /** Places the block; `lead` is the room that it needs below it on its page. */
  endBlock(lead: number): void {
    if (--this.#depth > 0) return;
    const { block } = this;
    const outer = this.#outer.pop();
    if (outer === undefined) throw new Error('no block is begun');
    this.context = outer;
    const needed = block.height + lead;
    if (needed > outer.room + rounding && needed <= this.#wholePage() + rounding) this.nextPage();
    const beyond = block.height - outer.room;
    if (beyond > 0 && beyond <= rounding) outer.room = block.height;
    if (block.height > outer.room) this.nextPage();
    outer.room = Math.max(outer.room, block.height);
    place(block, outer.sheet, outer.x, outer.y, this.at);
    outer.moveDown(block.height);
  }

  /** Room for content on an empty page, below the rows that it repeats. */
  #wholePage(): number {
    const { size, margins } = this.context.sheet;
    const repeated = this.#repeated.reduce((sum, { height }) => sum + height, 0);
    return size.height - margins.top - margins.bottom - repeated;
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
