import {
  type ArtBox,
  type Box,
  type ColumnsBox,
  columnWidths,
  extentOf,
  type Frame,
  type ListBox,
  type ListMark,
  type Section,
  type StackBox,
  type TableBox,
  type TextBox,
} from './boxes.js';
import { Context } from './context.js';
import { Flow } from './flow.js';
import { FollowingRoom, firstHeight, wholeHeight } from './heights.js';
import type { Line, Word } from './line.js';
import { AsideSheet, type Fragment, type Margins, type Sheet, type Size } from './sheet.js';
import { type Placer, TablePlacing } from './table-placing.js';

/** Where the pages go that are laid out. */
export interface Pages {
  /** Begins a page; `number` is from 1. */
  open(size: Size, margins: Margins, number: number): Sheet;
  /** Nothing comes to the page any more. */
  close(sheet: Sheet): void;
  /** Called for every box. */
  placed(): void;
}

/** Called where no line has room for a word, which is broken between letters; `at` is the JSON pointer of its text. */
export type OnBroken = (word: string, at: string | undefined) => void;

/** Places boxes on pages, which are closed as soon as they are finished. */
export class Placing implements Placer {
  readonly flow: Flow;
  /** Of tables around what is placed. */
  depth = 0;
  readonly #context: Context;
  readonly #following = new FollowingRoom();
  #closed = 0;

  constructor(
    private readonly pages: Pages,
    private readonly onBroken: OnBroken = () => undefined,
    /** Called where a page ends within rows that a cell is over: what pdfmake makes of that is not made here. */
    private readonly onCutSpan: () => void = () => {
      throw new Error('a page ends within rows that a cell is over');
    },
  ) {
    this.#context = new Context((size, margins, number) => pages.open(size, margins, number));
    this.flow = new Flow(this.#context);
  }

  sections(sections: readonly Section[]): void {
    for (const { size, margins, following, boxes } of sections) {
      const context = this.#context;
      context.following = following;
      context.addPage(size, margins);
      this.settle();
      this.#following.enter({ type: 'stack', boxes });
      for (const box of boxes) {
        this.box(box);
        this.settle();
      }
    }
    this.#close(this.#context.sheets.length);
  }

  /** Hands on the pages before the present one, where nothing that is begun goes back to them. */
  settle(): void {
    if (!this.flow.isAside && !this.flow.isFramed && this.#context.isPlain) this.#close(this.#context.page);
  }

  cutSpan(): void {
    this.onCutSpan();
  }

  #close(end: number): void {
    const { sheets } = this.#context;
    for (; this.#closed < end; this.#closed++) {
      const sheet = sheets[this.#closed];
      if (sheet !== undefined) this.pages.close(sheet);
      sheets[this.#closed] = undefined;
    }
  }

  /** Room that what follows a box needs to stay with it; 0 where nothing has to. */
  followingRoom(box: Box): number {
    if (box.keepsNext !== true) return 0;
    const after = this.#following.after(box, this.flow.context.width);
    const below = box.fixed === undefined ? (box.margins?.bottom ?? 0) : 0;
    return after === 0 ? 0 : below + after;
  }

  /** A heading does not stand alone at the end of a page: it begins the next one, with what follows it. */
  #keepWithNext(box: Box): void {
    const { flow } = this;
    if (flow.isAtTop) return;
    const needed = this.#following.needed(box, flow.context.width);
    // What fits on no page is broken anyway; in a column or cell a page may have less room than it seems.
    const most = flow.pageHeight * (this.depth === 0 ? 1 : 0.5);
    if (needed > flow.context.room && needed <= most) flow.nextPage();
  }

  box(box: Box): void {
    this.pages.placed();
    const { flow } = this;
    if (box.type === 'stack') this.#following.enter(box);
    if (box.keepsNext === true && box.fixed === undefined) this.#keepWithNext(box);
    const outer = flow.at;
    if (box.at !== undefined) flow.at = box.at;
    if (box.breaksPage === true) flow.nextPage();
    if (box.fixed !== undefined) {
      const { x, y } = box.fixed;
      flow.context.detached(x, y, () => this.#content(box));
    } else if (box.margins === undefined) this.#content(box);
    else this.#spaced(box, box.margins);
    flow.at = outer;
  }

  #spaced(box: Box, { left, top, right, bottom }: Margins): void {
    const { flow } = this;
    if (flow.context.room - top < 0) {
      flow.context.moveDown(flow.context.room);
      flow.nextPage();
    } else flow.context.moveDown(top);
    flow.context.indent(left, right);
    this.#content(box);
    const { context } = flow;
    if (context.room < 0) {
      context.moveDown(context.room);
      flow.nextPage();
    }
    context.indent(-left, -right);
    // A margin below the last thing of a page does not begin another one.
    if (bottom > 0) context.moveDown(context.room < bottom ? Math.max(0, context.room) : bottom);
  }

  #content(box: Box): void {
    switch (box.type) {
      case 'text':
        this.#text(box);
        break;
      case 'stack':
        this.#stack(box);
        break;
      case 'contents':
        for (const inner of box.boxes) this.box(inner);
        break;
      case 'list':
        this.#list(box);
        break;
      case 'columns':
        this.#columns(box);
        break;
      case 'art':
        this.#art(box);
        break;
      case 'table':
        this.#table(box);
        break;
    }
  }

  aside(box: Box): Fragment {
    const onBroken = (word: string, at = this.flow.at) => this.onBroken(word, at);
    const { items, height } = aside(box, this.flow.context.width, onBroken);
    if (!this.flow.isFramed) return { items, height };
    // On the ground of the block that it is in.
    return {
      items: items.map((item) => (item.type === 'ground' ? { ...item, type: 'fill' } : item)),
      height,
    };
  }

  #stack(box: StackBox): void {
    const { frame } = box;
    const draw = () => {
      for (const inner of box.boxes) this.box(inner);
    };
    if (frame === undefined) draw();
    else this.#block(box, frame, draw);
  }

  /** A block is not begun where nothing of it has room, and is one piece where that is asked for. */
  #block(box: StackBox, frame: Frame, draw: () => void): void {
    const { flow } = this;
    const { width } = flow.context;
    const whole = frame.keepTogether ? wholeHeight(box, width) - (box.margins?.bottom ?? 0) : 0;
    // What is put together aside has no parts: a block that is higher than a page is laid out on its pages, from the
    // top of one, so that it is one piece if its columns turn out to be lower than they seem.
    const isHigh = whole > flow.pageHeight && !flow.isAside;
    if (!frame.keepTogether || isHigh) {
      const needed = isHigh ? flow.pageHeight : firstHeight(box, width);
      if (!flow.isAtTop && needed > flow.context.room && needed <= flow.pageHeight) flow.nextPage();
      flow.framed(frame, draw);
      return;
    }
    const { lead } = flow;
    const following = this.followingRoom(box);
    flow.beginBlock();
    flow.framed(frame, draw);
    flow.lead = following;
    flow.endBlock();
    flow.lead = lead;
  }

  #list({ items, indent }: ListBox): void {
    const { flow } = this;
    flow.context.indent(indent, 0);
    let next: ListMark | undefined;
    const mark = (line: Line) => {
      const { context, at } = flow;
      const left = context.x - indent;
      if (next?.type === 'art') context.sheet.art(next.art, left, context.y, at);
      else if (next !== undefined) {
        const x = left + shiftOf(next.line, next.align, context.width);
        context.sheet.line(next.line, x, context.y + (line.ascent - next.line.ascent), at);
      }
      next = undefined;
    };
    flow.listenToLines(mark, () => {
      for (const item of items) {
        next = item.mark;
        this.box(item.box);
      }
    });
    flow.context.indent(-indent, 0);
  }

  #columns({ columns, gap, margins }: ColumnsBox): void {
    this.depth++;
    const { context } = this.flow;
    const widths = columnWidths(columns, context.width - (columns.length - 1) * gap);
    context.beginColumns(this.depth === 1 ? [margins?.left ?? 0, margins?.right ?? 0] : undefined);
    for (const [i, { box }] of columns.entries()) {
      context.column(widths[i] ?? 0, i === 0 ? 0 : gap);
      this.box(box);
    }
    context.endColumns();
    this.depth--;
    if (this.depth === 0) this.flow.context.forgetOuterMargins();
  }

  #table(box: TableBox): void {
    this.depth++;
    new TablePlacing(this, box).place();
    this.depth--;
    if (this.depth === 0) this.flow.context.forgetOuterMargins();
  }

  #text({ text, bookmark, pageOf }: TextBox): void {
    const { flow } = this;
    const lines = text.lines(flow.context.width);
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i];
      if (line === undefined) break;
      const { context } = flow;
      if (line.broken !== undefined) this.onBroken(line.broken, flow.at);
      if (line.height > context.room && context.y > context.sheet.margins.top) flow.nextPage();
      const isNamed = i === 0 && (bookmark !== undefined || pageOf !== undefined);
      const marked = isNamed
        ? {
            ...line,
            ...(bookmark === undefined ? {} : { bookmark }),
            ...(pageOf === undefined ? {} : { pageOf }),
          }
        : line;
      flow.line(marked, shiftOf(line, text.align, flow.context.width));
    }
  }

  #art(box: ArtBox): void {
    const { art, align } = box;
    const { width } = this.flow.context;
    // Its margins count twice, as pdfmake has it.
    const spare = width - extentOf(box).minWidth;
    this.flow.art(art.shrunk?.(width) ?? art, align === 'right' ? spare : align === 'center' ? spare / 2 : 0);
  }
}

/** Lays a box out by itself, in a column without end. */
export function aside(box: Box, width: number, onBroken?: OnBroken): Fragment {
  const sheet = new AsideSheet(width);
  const pages = { open: () => sheet, close: () => undefined, placed: () => undefined };
  const placing = new Placing(pages, onBroken);
  placing.flow.context.addPage({ width, height: Number.POSITIVE_INFINITY }, sheet.margins);
  placing.box(box);
  return sheet.fragment(placing.flow.context.y);
}

/** How far a line begins from the left; the words of a justified one are moved apart. */
function shiftOf(line: Line, align: string, room: number): number {
  const spare = room - line.width;
  if (align === 'right') return spare;
  if (align === 'center') return spare / 2;
  if (align === 'justify' && line.isSpread !== true && !line.isLast && line.words.length > 1)
    moveApart(line.words, spare);
  return 0;
}

function moveApart(words: readonly Word[], spare: number): void {
  const gap = spare / (words.length - 1);
  for (const [i, word] of words.entries()) {
    if (i === 0) continue;
    word.x += i * gap;
    word.shift = gap;
  }
}
