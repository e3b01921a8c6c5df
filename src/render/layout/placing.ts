import {
  type ArtBox,
  type Box,
  type ColumnsBox,
  columnWidths,
  extentOf,
  type Section,
  type StackBox,
  type TableBox,
  type TextBox,
} from './boxes.js';
import { Context } from './context.js';
import { Flow } from './flow.js';
import { AsideSheet, type Fragment, type Margins, type Sheet, type Size } from './sheet.js';
import { type Placer, TablePlacing } from './table-placing.js';
import type { Line, Word } from './text.js';

/** Where the pages go that are laid out. */
export interface Pages {
  /** Begins a page; `number` is from 1. */
  open(size: Size, margins: Margins, number: number): Sheet;
  /** Nothing comes to the page any more. */
  close(sheet: Sheet): void;
  /** Called for every box. */
  placed(): void;
}

/** Places boxes on pages, which are closed as soon as they are finished. */
export class Placing implements Placer {
  readonly flow: Flow;
  /** Of tables around what is placed. */
  depth = 0;
  readonly #context: Context;
  #closed = 0;

  constructor(private readonly pages: Pages) {
    this.#context = new Context((size, margins, number) => pages.open(size, margins, number));
    this.flow = new Flow(this.#context);
  }

  sections(sections: readonly Section[]): void {
    for (const { size, margins, following, boxes } of sections) {
      const context = this.#context;
      context.following = following;
      context.addPage(size, margins);
      this.settle();
      for (const box of boxes) {
        this.box(box);
        this.settle();
      }
    }
    this.#close(this.#context.sheets.length);
  }

  /** Hands on the pages before the present one, where nothing that is begun goes back to them. */
  settle(): void {
    if (!this.flow.isAside && this.#context.isPlain) this.#close(this.#context.page);
  }

  #close(end: number): void {
    const { sheets } = this.#context;
    for (; this.#closed < end; this.#closed++) {
      const sheet = sheets[this.#closed];
      if (sheet !== undefined) this.pages.close(sheet);
      sheets[this.#closed] = undefined;
    }
  }

  /** Height of the content of a page. */
  get pageHeight(): number {
    const { size, margins } = this.flow.context.sheet;
    return size.height - margins.top - margins.bottom;
  }

  box(box: Box): void {
    this.pages.placed();
    const { flow } = this;
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

  #stack({ boxes }: StackBox): void {
    for (const box of boxes) this.box(box);
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

  #text({ text }: TextBox): void {
    const { flow } = this;
    const { width } = flow.context;
    for (const line of text.lines(width)) {
      const { context } = flow;
      if (line.height > context.room && context.y > context.sheet.margins.top) flow.nextPage();
      flow.line(line, shiftOf(line, text.align, flow.context.width));
    }
  }

  #art(box: ArtBox): void {
    const { art, align } = box;
    // Its margins count twice, as pdfmake has it.
    const spare = this.flow.context.width - extentOf(box).minWidth;
    this.flow.art(art, align === 'right' ? spare : align === 'center' ? spare / 2 : 0);
  }
}

/** Lays a box out by itself, in a column without end. */
export function aside(box: Box, width: number): Fragment {
  const sheet = new AsideSheet(width);
  const placing = new Placing({ open: () => sheet, close: () => undefined, placed: () => undefined });
  placing.flow.context.addPage({ width, height: Number.POSITIVE_INFINITY }, sheet.margins);
  placing.box(box);
  return sheet.fragment(placing.flow.context.y);
}

/** How far a line begins from the left; the words of a justified one are moved apart. */
function shiftOf(line: Line, align: string, room: number): number {
  const spare = room - line.width;
  if (align === 'right') return spare;
  if (align === 'center') return spare / 2;
  if (align === 'justify' && !line.isLast && line.words.length > 1) moveApart(line.words, spare);
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
