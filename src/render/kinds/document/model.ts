/** What the front hands to the back: parts of a request after the check, all of it plain JSON. */

export type Align = 'left' | 'center' | 'right' | 'justify';

export interface RunStyle {
  /** False takes it away from what the block has by itself. */
  readonly bold?: boolean;
  readonly italic?: boolean;
  /** False takes it away from a link. */
  readonly underline?: boolean;
  readonly strike?: true;
  readonly code?: true;
  readonly sup?: true;
  readonly sub?: true;
  /** `#rrggbb` */
  readonly color?: string;
  readonly background?: string;
  /** Points. */
  readonly size?: number;
  /** Factor of the font size of the operation, where there is no `size`. */
  readonly scale?: number;
  readonly link?: string;
}

/** Text in one style; `\n` is a line break. */
export interface Run extends RunStyle {
  readonly text: string;
}

/** Font size of a heading by level, as a factor of the text around it. */
export const headingScale = [2, 1.5, 1.25, 1.1, 1, 0.9] as const;

export interface Cell {
  readonly runs: readonly Run[];
  /** What is more than a text, in the place of `runs`. */
  readonly blocks?: readonly Block[];
  readonly header?: true;
  readonly colspan?: number;
  readonly rowspan?: number;
  readonly align?: Align;
  readonly background?: string;
}

/** A rectangle of cells. A plain string is a cell without style; null is covered by a span that began above or left. */
export interface Grid {
  readonly columns: number;
  /** Rows that repeat on every page. */
  readonly headerRows: number;
  readonly rows: readonly GridRow[];
  readonly caption?: readonly Run[];
  /** Of each row that has a look of its own, by its place among `rows`. */
  readonly looks?: readonly (RowLook | null)[];
}

export type GridRow = readonly (Cell | string | null)[];

/** What a row has instead of the table. Sizes are points, lines mm. */
export interface RowLook {
  readonly bold?: boolean;
  readonly italic?: boolean;
  readonly underline?: boolean;
  /** `#rrggbb` */
  readonly color?: string;
  readonly background?: string;
  readonly font_size?: number;
  readonly align?: Align;
  readonly line_above?: number;
  readonly line_below?: number;
  /** The row is on the page of the next one. */
  readonly keep_with_next?: boolean;
}

export type Block =
  | { readonly type: 'paragraph'; readonly runs: readonly Run[]; readonly align?: Align }
  | {
      readonly type: 'heading';
      readonly level: number;
      readonly runs: readonly Run[];
      readonly align?: Align;
    }
  | {
      readonly type: 'list';
      readonly marks: ListMarks;
      /** Of the marks: points, or a factor of the operation's font size. */
      readonly style: Pick<RunStyle, 'color' | 'size' | 'scale'>;
      readonly items: readonly ListEntry[];
    }
  | { readonly type: 'table'; readonly grid: Grid }
  | { readonly type: 'quote'; readonly blocks: readonly Block[] }
  | { readonly type: 'pre'; readonly runs: readonly Run[]; readonly align?: Align }
  | HtmlImage
  | { readonly type: 'rule' };

export type ListMarks =
  | 'disc'
  | 'circle'
  | 'square'
  | 'decimal'
  | 'lower-alpha'
  | 'upper-alpha'
  | 'lower-roman'
  | 'upper-roman'
  | 'none';

/** `value` is what an ordered list counts; `marks` differs from those of the list. */
export interface ListEntry {
  readonly blocks: readonly Block[];
  readonly value?: number;
  readonly marks?: ListMarks;
}

/** A picture on a line of its own. Sizes are points, or a share of the page's width or height. */
export interface HtmlImage {
  readonly type: 'image';
  readonly source: ImageSource;
  readonly width?: DrawnLength;
  readonly height?: DrawnLength;
  readonly align?: Align;
  readonly link?: string;
}

/** Points, or a share (1 is all) of the room that there is. */
export type DrawnLength = number | { readonly share: number };

/** A drawing after the check. */
export interface SvgDrawing {
  /** Its markup from behind `<svg` on, without the members that follow. */
  readonly rest: string;
  readonly width?: DrawnLength;
  readonly height?: DrawnLength;
  readonly viewBox?: readonly [x: number, y: number, width: number, height: number];
  /** Warnings: what of it the engine does not draw. */
  readonly notes: readonly string[];
}

/** Where the bytes of an image are. Sizes are pixels. */
export type ImageSource =
  | {
      readonly from: 'blob';
      readonly blob: number;
      readonly format: RasterFormat;
      readonly width: number;
      readonly height: number;
    }
  | { readonly from: 'base64'; readonly base64: string; readonly format: RasterFormat }
  | { readonly from: 'svg'; readonly svg: SvgDrawing }
  | { readonly from: 'url'; readonly url: string };

export type RasterFormat = 'png' | 'jpeg' | 'gif' | 'webp';
