/** What the front hands to the back: parts of a request after the check, all of it plain JSON. */

export type Align = 'left' | 'center' | 'right' | 'justify';

export interface RunStyle {
  readonly bold?: true;
  readonly italic?: true;
  readonly underline?: true;
  readonly strike?: true;
  readonly code?: true;
  readonly sup?: true;
  readonly sub?: true;
  /** `#rrggbb` */
  readonly color?: string;
  readonly background?: string;
  /** Points. */
  readonly size?: number;
  readonly link?: string;
}

/** Text in one style; `\n` is a line break. */
export interface Run extends RunStyle {
  readonly text: string;
}

export interface Cell {
  readonly runs: readonly Run[];
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
  readonly rows: readonly (readonly (Cell | string | null)[])[];
  readonly caption?: readonly Run[];
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
      readonly ordered: boolean;
      readonly start?: number;
      readonly items: readonly Block[][];
    }
  | { readonly type: 'table'; readonly grid: Grid }
  | { readonly type: 'quote'; readonly blocks: readonly Block[] }
  | { readonly type: 'pre'; readonly text: string }
  | { readonly type: 'rule' };

/** Where the bytes of an image are. Sizes are pixels. */
export type ImageSource =
  | {
      readonly from: 'blob';
      readonly blob: number;
      readonly format: RasterFormat;
      readonly width: number;
      readonly height: number;
    }
  | { readonly from: 'svg'; readonly svg: string }
  | { readonly from: 'url'; readonly url: string };

export type RasterFormat = 'png' | 'jpeg' | 'gif' | 'webp';
