import type { PdfFont } from '../../fonts/pdfkit.js';
import type { CarriedSource } from '../../layout/carried.js';

/** What pdfmake's layout places on pages. Lengths are points, places from the upper left corner. */

export interface Inline {
  text: string;
  width: number;
  /** Known once it is measured. */
  font?: PdfFont;
  fontSize?: number;
  noWrap?: boolean;
  noNewLine?: boolean;
  lineEnd?: boolean;
  height?: number;
  leadingCut?: number;
  trailingCut?: number;
  /** Of its characters (UAX #9), where any of its paragraph runs from right to left; odd ones do. */
  levels?: Uint8Array;
  /** Of its paragraph. */
  baseLevel?: number;
  [key: string]: unknown;
}

export interface Line {
  /** From the corner of the page once it is placed. */
  x?: number;
  y?: number;
  inlines: Inline[];
  lastLineInParagraph: boolean;
  readonly maxWidth: number;
  /** It ends where the text has a line end. */
  readonly newLineForced?: boolean;
  /** Of all words, spaces at the ends of the line included. */
  inlineWidths: number;
  leadingCut: number;
  /** White space at the end, which takes no room; below zero: what the line needs more when it ends here. */
  trailingCut: number;
  addInline(inline: Inline): void;
  getHeight(): number;
  getAscenderHeight(): number;
  getWidth(): number;
  getAvailableWidth(): number;
  clone(): Line;
  hasEnoughSpaceForInline(inline: Inline, next: readonly Inline[]): boolean;
}

/** A shape on a page. A line has the members with numbers, a rectangle the others. */
export interface Vector {
  readonly [member: string]: unknown;
  readonly x: number;
  readonly y: number;
  readonly w?: number;
  readonly h?: number;
  readonly x1?: number;
  readonly y1?: number;
  readonly x2?: number;
  readonly y2?: number;
}

/** A picture or drawing on a page. */
export interface Picture {
  readonly x?: number;
  readonly y?: number;
  readonly _width?: number;
  readonly _height?: number;
  /** What it is cut to. */
  readonly cover?: { readonly width: number; readonly height: number };
}

/** What is on a page as the layout places it. */
export type PageItem =
  | { readonly type: 'line'; readonly item: Line }
  | { readonly type: 'vector'; readonly item: Vector }
  | { readonly type: 'image' | 'svg'; readonly item: Picture };

/** What was put together aside; places are from its corner, points. */
export interface Fragment {
  readonly items: readonly PageItem[];
  readonly height: number;
}

type Drawable = Record<string, unknown>;

/** The lines that a table carries over, as nodes. */
export interface CarryNodes extends CarriedSource<Drawable> {
  /** Tables of the lines that differ, in columns as wide as they need. */
  samples(): readonly Drawable[];
}

/** A watermark after the layout. Lengths are points. */
export interface Watermark {
  readonly text: string;
  readonly font: PdfFont;
  readonly fontSize: number;
  readonly _size: {
    readonly size: { readonly width: number; readonly height: number };
    /** Of the box around it as it is turned. */
    readonly rotatedSize: { readonly width: number; readonly height: number };
  };
}

export interface OutlineItem {
  /** Adds one below it that leads to the present page. */
  addItem(title: string, options: { readonly expanded: boolean }): OutlineItem;
}
