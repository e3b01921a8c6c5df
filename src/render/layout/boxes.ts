import type { CarriedSource } from './carried.js';
import type { Bookmark, Line } from './line.js';
import type { Art, Margins, Stroke } from './sheet.js';
import type { Alignment, Paragraph } from './text.js';

/** What our own layout takes: content that is measured, before it has a place. Lengths are points. */

interface Placed {
  readonly margins?: Margins;
  /** JSON pointer of the operation that it is of. */
  readonly at?: string;
  /** A place on the page, out of the flow. */
  readonly fixed?: { readonly x: number; readonly y: number };
  /** It begins a page. */
  readonly breaksPage?: true;
  /** It is on the page of what follows it. */
  readonly keepsNext?: true;
}

export type Box = TextBox | StackBox | ContentsBox | ListBox | ColumnsBox | TableBox | ArtBox;

export interface TextBox extends Placed {
  readonly type: 'text';
  readonly text: Paragraph;
  /** It takes so much across although there is less in it. */
  readonly leastWidth?: number;
  /** Its first line is the place. */
  readonly bookmark?: Bookmark;
  /** It is the number of the page with the bookmark of this id. */
  readonly pageOf?: string;
}

export interface StackBox extends Placed {
  readonly type: 'stack';
  readonly boxes: readonly Box[];
  readonly frame?: Frame;
}

/** A table of contents. Nothing that stays with the next thing looks into it. */
export interface ContentsBox extends Placed {
  readonly type: 'contents';
  readonly boxes: readonly Box[];
}

export interface ListBox extends Placed {
  readonly type: 'list';
  readonly items: readonly ListItem[];
  /** Between the marks and the items: how far these are indented. */
  readonly indent: number;
}

export interface ListItem {
  readonly box: Box;
  readonly mark: ListMark | undefined;
}

/** What stands before the first line of an item. */
export type ListMark =
  | { readonly type: 'line'; readonly line: Line; readonly align: Alignment }
  | { readonly type: 'art'; readonly art: Art };

/** The ground and border of a block, and how far its content keeps away from them on every page that it takes. */
export interface Frame {
  readonly above: number;
  readonly below: number;
  readonly keepTogether: boolean;
  /** Each is below the one before it. */
  shapes(width: number, height: number): readonly Art[];
}

export interface ColumnsBox extends Placed {
  readonly type: 'columns';
  readonly columns: readonly (Column & { readonly box: Box })[];
  /** Between two of them. */
  readonly gap: number;
}

export interface ArtBox extends Placed {
  readonly type: 'art';
  readonly art: Art;
  readonly align: 'left' | 'center' | 'right';
}

export interface Column {
  /** Points of its content, as much as it needs, or a share of what is left. */
  readonly width: number | 'auto' | '*';
  readonly minWidth: number;
  readonly maxWidth: number;
}

export interface Cell {
  readonly box: Box;
  readonly fill: string | undefined;
  /** Columns that it is in, from its own one on. */
  readonly span: number;
}

/** A cell over several rows: its place, and how many columns and rows it is in. */
export interface RowSpan {
  readonly x: number;
  readonly y: number;
  readonly span: number;
  readonly rows: number;
  /** Of its part in a row. */
  fill(row: number): string | undefined;
}

/** By column; undefined in those that a cell before or above is in, too. */
export type Row = readonly (Cell | undefined)[];

/** Lines and paddings of a table. */
export interface TableLook {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  /** Left of the first column and right of the last one, where it is another. */
  readonly outer?: number;
  /** Padding and lines of a row, about. */
  readonly around: number;
  /** The lines between columns; a width of 0 for none. */
  readonly columnLine: Stroke;
  /** The line above a row, or below the last one. */
  rowLine(row: number): Stroke;
}

export interface TableBox extends Placed {
  readonly type: 'table';
  readonly columns: readonly Column[];
  readonly look: TableLook;
  readonly headerRows: number;
  readonly rows: number;
  /** Rows that fit a page are not cut. */
  readonly keepRows: boolean;
  /** No row is cut but one that is higher than a page. */
  readonly wholeRows?: true;
  /** Rows that are on the page of the next one. */
  readonly keptRows: readonly number[];
  readonly carry?: Carry;
  /** The cells over several rows, where there are any. */
  readonly rowSpans?: readonly RowSpan[];
  /** The cells of a row; those of a long table are made anew each time, so that it takes no room. */
  row(row: number): Row;
}

/** The lines that a table carries over. */
export interface Carry extends CarriedSource<Box> {
  /** Columns of the lines that differ, which those of the table are as wide as. */
  readonly samples: readonly (readonly Column[])[];
  /** Called where the lines leave no room for rows. */
  refuse(): never;
}

/** A part of a document whose pages are alike. */
export interface Section {
  readonly size: { readonly width: number; readonly height: number };
  readonly margins: Margins;
  /** Of its pages after the first one. */
  readonly following: Margins;
  readonly boxes: readonly Box[];
}

export interface Extent {
  readonly minWidth: number;
  readonly maxWidth: number;
}

/** Margins counted. */
export function extentOf(box: Box): Extent {
  if (box.type === 'text' && box.margins === undefined && box.leastWidth === undefined) return box.text;
  const { left = 0, right = 0 } = box.margins ?? {};
  const { minWidth, maxWidth } = innerExtent(box);
  // Rounded as pdfmake does it: a line may have exactly the room that it needs.
  const around = left + right;
  return { minWidth: minWidth + around, maxWidth: maxWidth + around };
}

function innerExtent(box: Box): Extent {
  switch (box.type) {
    case 'text': {
      const { text, leastWidth = 0 } = box;
      if (leastWidth === 0) return text;
      return {
        minWidth: Math.max(text.minWidth, leastWidth),
        maxWidth: Math.max(text.maxWidth, leastWidth),
      };
    }
    case 'art':
      return { minWidth: box.art.width, maxWidth: box.art.width };
    case 'contents':
      return { minWidth: 0, maxWidth: 0 };
    case 'stack':
      return box.boxes.reduce<Extent>(
        (most, one) => {
          const { minWidth, maxWidth } = extentOf(one);
          return {
            minWidth: Math.max(most.minWidth, minWidth),
            maxWidth: Math.max(most.maxWidth, maxWidth),
          };
        },
        { minWidth: 0, maxWidth: 0 },
      );
    case 'list': {
      let [minWidth, maxWidth] = [0, 0];
      for (const { box: item } of box.items) {
        const extent = extentOf(item);
        minWidth = Math.max(minWidth, extent.minWidth);
        maxWidth = Math.max(maxWidth, extent.maxWidth);
      }
      return { minWidth: minWidth + box.indent, maxWidth: maxWidth + box.indent };
    }
    case 'columns': {
      const gaps = box.gap * Math.max(0, box.columns.length - 1);
      const { minWidth, maxWidth } = extentOfColumns(box.columns);
      return { minWidth: minWidth + gaps, maxWidth: maxWidth + gaps };
    }
    case 'table': {
      const around = offsetsOf(box).total;
      const { minWidth, maxWidth } = extentOfColumns(box.columns);
      return { minWidth: minWidth + around, maxWidth: maxWidth + around };
    }
  }
}

/** What stands between the contents of columns, before the first and behind the last one. */
export function offsetsOf({ columns, look }: Pick<TableBox, 'columns' | 'look'>): {
  readonly offsets: readonly number[];
  readonly total: number;
} {
  const offsets: number[] = [];
  let total = 0;
  let before = 0;
  for (let i = 0; i < columns.length; i++) {
    const offset = before + look.columnLine.width + (i === 0 ? (look.outer ?? look.left) : look.left);
    offsets.push(offset);
    total += offset;
    before = look.right;
  }
  return { offsets, total: total + (look.outer ?? before) + look.columnLine.width };
}

function extentOfColumns(columns: readonly Column[]): Extent {
  let [min, max, shareMin, shareMax, shares] = [0, 0, 0, 0, 0];
  for (const { width, minWidth, maxWidth } of columns) {
    if (width === '*') {
      shareMin = Math.max(shareMin, minWidth);
      shareMax = Math.max(shareMax, maxWidth);
      shares++;
    } else {
      min += typeof width === 'number' && width !== 0 ? width : minWidth;
      max += typeof width === 'number' && width !== 0 ? width : maxWidth;
    }
  }
  return { minWidth: min + shares * shareMin, maxWidth: max + shares * shareMax };
}

/** Widths of columns that have `room` together, by the rules for automatic tables of HTML. */
export function columnWidths(columns: readonly Column[], given: number): number[] {
  let room = given;
  let [autoMin, autoMax, shareMin, shareMax, shares] = [0, 0, 0, 0, 0];
  for (const { width, minWidth, maxWidth } of columns) {
    if (width === 'auto') {
      autoMin += minWidth;
      autoMax += maxWidth;
    } else if (width === '*') {
      shareMin = Math.max(shareMin, minWidth);
      shareMax = Math.max(shareMax, maxWidth);
      shares++;
    } else room -= width;
  }
  const [least, most] = [autoMin + shareMin * shares, autoMax + shareMax * shares];
  const widths = columns.map(({ width, minWidth, maxWidth }) => {
    if (typeof width === 'number') return width;
    if (least >= room) return width === '*' ? shareMin : minWidth;
    if (width === '*') return 0;
    return most < room ? maxWidth : minWidth + ((maxWidth - minWidth) * (room - least)) / (most - least);
  });
  if (least >= room || shares === 0) return widths;
  let left = room;
  for (const [i, { width }] of columns.entries()) if (width === 'auto') left -= widths[i] ?? 0;
  return widths.map((width, i) => (columns[i]?.width === '*' ? left / shares : width));
}

/** Columns whose longest words do not fit beside each other get narrower ones, in which they are broken. */
export function fitted<C extends Column>(columns: readonly C[], room: number): readonly C[] {
  const least = columns.map(({ width, minWidth }) => (typeof width === 'number' ? width : minWidth));
  const sum = least.reduce((total, width) => total + width, 0);
  if (sum <= room || room <= 0) return shared(columns, room - sum);
  // Narrow columns keep their width as long as they need less than an equal share of what is left.
  const order = least.map((_, i) => i).sort((a, b) => (least[a] ?? 0) - (least[b] ?? 0));
  const widths: number[] = [];
  let left = room;
  for (const [done, i] of order.entries()) {
    const width = Math.min(least[i] ?? 0, left / (order.length - done));
    left -= width;
    widths[i] = width;
  }
  return columns.map((column, i) => ({ ...column, width: widths[i] ?? 0 }));
}

/** A column of an equal share that is too narrow for its longest word is as wide as that; the others share what is left. */
function shared<C extends Column>(columns: readonly C[], spare: number): readonly C[] {
  if (!columns.some(({ width }) => width === '*')) return columns;
  const shares = columns
    .filter(({ width }) => width === '*')
    .sort((one, other) => other.minWidth - one.minWidth);
  const [widest] = shares;
  let left = shares.reduce((sum, { minWidth }) => sum + minWidth, spare);
  if (widest === undefined || widest.minWidth * shares.length <= left) return columns;
  const widths = new Map<C, number>();
  for (const [done, column] of shares.entries()) {
    const width = Math.max(column.minWidth, left / (shares.length - done));
    widths.set(column, width);
    left -= width;
  }
  return columns.map((column) => ({ ...column, width: widths.get(column) ?? column.width }));
}
