// Made by client/requests/make.mjs from the schemas of the server (npm run client:types). Not to be edited.

/** A request for a job, by its kind; `document` where none is named. */
export type JobRequest =
  | DocumentRequest
  | ReportRequest
  | BulkFillRequest
  | ReadFormRequest
  | FillFormRequest
  | ExtractTextRequest
  | MergeRequest
  | SplitRequest
  | ImageMetadataRequest
  | PreviewRequest;

export interface JobOptions {
  /** What people call it; of a document its title, too */
  readonly title?: string;
  /** Your own key for it */
  readonly reference?: string;
  /** Each is a filter of the listing and a topic of the stream */
  readonly tags?: readonly string[];
  /** Pairs of texts of your own */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Under which the result is downloaded; made from the title otherwise */
  readonly file_name?: string;
  /** Counts and events for jobs that belong together */
  readonly group?: string;
  /** Higher first, among your own jobs */
  readonly priority?: number;
  /** Seconds that the result is kept */
  readonly expires_in?: number;
  /** Seconds that an attempt may run */
  readonly timeout?: number;
  /** Seconds that the job may wait to be started */
  readonly wait_timeout?: number;
  readonly max_attempts?: number;
  /** Is told of the events of this job: its end, unless `events` says otherwise */
  readonly webhook?: string | {
    readonly url: string;
    /** Signs the messages (Standard Webhooks) */
    readonly secret?: string;
    readonly events?: readonly ('job.created' | 'job.started' | 'job.produced' | 'job.requeued' | 'job.completed' | 'job.failed' | 'job.cancelled')[];
    readonly payload?: 'whole' | 'reference';
  };
}

export interface DocumentRequest extends JobOptions {
  readonly kind?: 'document';
  readonly operations: readonly Operation[];
  readonly page_size?: 'A3' | 'A4' | 'A5' | 'Letter' | 'Legal' | 'Tabloid' | PageSize;
  readonly orientation?: 'portrait' | 'landscape';
  readonly author?: string;
  readonly subject?: string;
  readonly keywords?: string;
  /** Names and texts of your own, which the XMP metadata has as `name=text` */
  readonly properties?: Readonly<Record<string, string>>;
  /** BCP 47 language tag; decides the shapes of Han characters */
  readonly language?: string;
  /** Margin on all sides, mm */
  readonly margin_mm?: number;
  readonly margins?: number | Margins;
  /** Font of everything that sets none: family and size */
  readonly fonts?: {
    /** One of: arimo, tinos, cousine, helvetica, times, courier, dejavu-sans, dejavu-serif, dejavu-mono, noto-sans-jp, noto-sans-sc, noto-sans-kr, noto-emoji */
    readonly default?: string;
    /** Points */
    readonly size?: number;
  };
  readonly header?: string | Band;
  readonly footer?: string | Band2;
  readonly first_header?: string | Band3;
  readonly first_footer?: string | Band4;
  readonly watermark?: string | {
    readonly text: string;
    /** #rrggbb */
    readonly color?: string;
    readonly opacity?: number;
    /** Degrees; across the page when absent */
    readonly angle?: number;
    /** Points */
    readonly font_size?: number;
    readonly bold?: boolean;
  };
  readonly encryption?: {
    readonly user_password?: string;
    readonly owner_password?: string;
    readonly permissions?: {
      readonly printing?: 'none' | 'low' | 'high';
      readonly modifying?: boolean;
      readonly copying?: boolean;
      readonly annotating?: boolean;
      readonly filling_forms?: boolean;
      readonly content_accessibility?: boolean;
      readonly document_assembly?: boolean;
    };
  };
  readonly attachments?: readonly ({
    readonly name: string;
    /** base64 */
    readonly content: string;
    readonly content_type?: string;
    readonly description?: string;
  })[];
  /** Not supported yet */
  readonly pdf_a?: false;
}

/** `op` is accepted for `type` */
export interface AddText {
  readonly type: 'add_text';
  readonly text: string;
  /** From the left edge of the page, mm */
  readonly x?: number;
  /** From the top edge of the page, mm */
  readonly y?: number;
  /** Width of the text block, mm */
  readonly width?: number;
  /** Points */
  readonly font_size?: number;
  readonly align?: 'left' | 'center' | 'right' | 'justify';
  /** Bold */
  readonly bold?: boolean;
  /** Italic */
  readonly italic?: boolean;
  /** Underlined */
  readonly underline?: boolean;
  /** #rrggbb */
  readonly color?: string;
  /** Factor of the font size */
  readonly line_height?: number;
  /** http(s), mailto or tel address */
  readonly link?: string;
  /** BCP 47 language tag; decides the shapes of Han characters */
  readonly lang?: string;
  /** Level of a heading: gets a bookmark and a line in the table of contents */
  readonly heading?: number;
  /** It stands on the page of what follows it */
  readonly keep_with_next?: boolean;
  /** Space above, mm */
  readonly space_before?: number;
  /** Space below, mm */
  readonly space_after?: number;
}

/** `op` is accepted for `type` */
export interface SetFont {
  readonly type: 'set_font';
  /** One of: arimo, tinos, cousine, helvetica, times, courier, dejavu-sans, dejavu-serif, dejavu-mono, noto-sans-jp, noto-sans-sc, noto-sans-kr, noto-emoji */
  readonly family?: string;
  /** Any of B, I and U, or empty */
  readonly style?: string;
  /** Points */
  readonly size?: number;
}

/** `op` is accepted for `type` */
export interface AddPage {
  readonly type: 'add_page';
  readonly page_size?: 'A3' | 'A4' | 'A5' | 'Letter' | 'Legal' | 'Tabloid' | PageSize;
  readonly orientation?: 'portrait' | 'landscape';
}

/** A page of its own size */
export interface PageSize {
  readonly width_mm: number;
  readonly height_mm: number;
}

/** `op` is accepted for `type` */
export interface AddImage {
  readonly type: 'add_image';
  /** data: URI, base64, or http(s) address */
  readonly source: string;
  /** From the left edge of the page, mm */
  readonly x?: number;
  /** From the top edge of the page, mm */
  readonly y?: number;
  /** Width, mm */
  readonly width?: number;
  /** Height, mm */
  readonly height?: number;
  /** How the image fills width x height */
  readonly fit?: 'fill' | 'contain' | 'cover';
  readonly align?: 'left' | 'center' | 'right';
  /** http(s), mailto or tel address */
  readonly link?: string;
  /** Space above, mm */
  readonly space_before?: number;
  /** Space below, mm */
  readonly space_after?: number;
}

/** `op` is accepted for `type` */
export interface AddTable {
  readonly type: 'add_table';
  readonly html?: string;
  readonly headers?: readonly (string | number | null | Cell)[];
  readonly rows?: readonly (readonly (string | number | null | Cell)[] | Row)[];
  readonly widths?: readonly (number | string)[];
  readonly align?: readonly ('left' | 'center' | 'right' | 'justify')[];
  readonly header_rows?: number;
  /** Rows that fit on a page are not cut, nor those that a cell spans */
  readonly keep_rows?: boolean;
  /** The last row is on the page of what follows the table */
  readonly keep_with_next?: boolean;
  /** Shade every other row */
  readonly zebra?: boolean;
  readonly borders?: 'grid' | 'lines' | 'none';
  readonly cell_padding?: number | Sides;
  /** #rrggbb */
  readonly line_color?: string;
  /** Thickness of its lines, mm */
  readonly line_width?: number;
  /** How rows look */
  readonly header_style?: RowStyle;
  /** How rows look */
  readonly row_style?: RowStyle;
  /** Amounts that are carried over pages (docs/DOCUMENTS.md) */
  readonly carry?: Carry;
  /** Points */
  readonly font_size?: number;
  /** BCP 47 language tag; decides the shapes of Han characters */
  readonly lang?: string;
  /** Space above, mm */
  readonly space_before?: number;
  /** Space below, mm */
  readonly space_after?: number;
}

export interface Cell {
  readonly text: string;
  readonly bold?: boolean;
  readonly italic?: boolean;
  readonly underline?: boolean;
  readonly color?: string;
  readonly background?: string;
  readonly align?: 'left' | 'center' | 'right' | 'justify';
  readonly font_size?: number;
  readonly link?: string;
  readonly colspan?: number;
  readonly rowspan?: number;
}

/** A row with a look of its own */
export interface Row {
  readonly cells: readonly (string | number | null | Cell)[];
  readonly bold?: boolean;
  readonly italic?: boolean;
  readonly underline?: boolean;
  /** #rrggbb */
  readonly color?: string;
  /** #rrggbb */
  readonly background?: string;
  /** Points */
  readonly font_size?: number;
  readonly align?: 'left' | 'center' | 'right' | 'justify';
  /** Line above the row, mm; 0 for none */
  readonly line_above?: number;
  /** Line below the row, mm; 0 for none */
  readonly line_below?: number;
  /** The row is on the page of the next one, where both fit on a page */
  readonly keep_with_next?: boolean;
}

/** Between the text of a cell and its edges, mm */
export interface Sides {
  readonly top?: number;
  readonly right?: number;
  readonly bottom?: number;
  readonly left?: number;
}

/** How rows look */
export interface RowStyle {
  readonly bold?: boolean;
  readonly italic?: boolean;
  readonly underline?: boolean;
  /** #rrggbb */
  readonly color?: string;
  /** #rrggbb */
  readonly background?: string;
  /** Points */
  readonly font_size?: number;
  readonly align?: 'left' | 'center' | 'right' | 'justify';
  /** Line above the row, mm; 0 for none */
  readonly line_above?: number;
  /** Line below the row, mm; 0 for none */
  readonly line_below?: number;
}

/** Amounts that are carried over pages (docs/DOCUMENTS.md) */
export interface Carry {
  readonly start?: number | string | null;
  /** What each of `rows` adds: exact decimals */
  readonly values?: readonly (number | string | null)[];
  /** How the amount is written */
  readonly format?: AmountFormat;
  /** Line where a page ends; "{carried}" stands for the amount. Or a line for each place between two rows */
  readonly forward?: readonly (string | number | null | Cell)[] | Row | readonly (readonly (string | number | null | Cell)[] | Row)[];
  /** Line where the next page begins; "{carried}" stands for the amount. Or a line for each place between two rows */
  readonly brought?: readonly (string | number | null | Cell)[] | Row | readonly (readonly (string | number | null | Cell)[] | Row)[];
}

/** How the amount is written */
export interface AmountFormat {
  readonly decimals?: number;
  readonly group?: string;
  readonly point?: string;
}

/** `op` is accepted for `type` */
export interface AddHtml {
  readonly type: 'add_html';
  readonly html: string;
  /** BCP 47 language tag; decides the shapes of Han characters */
  readonly lang?: string;
  /** Space above, mm */
  readonly space_before?: number;
  /** Space below, mm */
  readonly space_after?: number;
}

/** `op` is accepted for `type` */
export interface AddList {
  readonly type: 'add_list';
  readonly items: readonly (string | ListItem)[];
  /** Numbered */
  readonly ordered?: boolean;
  readonly start?: number;
  readonly style?: 'disc' | 'circle' | 'square' | 'none' | 'decimal' | 'lower-alpha' | 'upper-alpha' | 'lower-roman' | 'upper-roman';
  /** Points */
  readonly font_size?: number;
  /** #rrggbb */
  readonly color?: string;
  /** BCP 47 language tag; decides the shapes of Han characters */
  readonly lang?: string;
  /** Space above, mm */
  readonly space_before?: number;
  /** Space below, mm */
  readonly space_after?: number;
}

export interface ListItem {
  readonly text: string;
  readonly items?: readonly unknown[];
  readonly ordered?: boolean;
}

/** `op` is accepted for `type` */
export interface AddLink {
  readonly type: 'add_link';
  /** http(s), mailto or tel address */
  readonly url: string;
  readonly text?: string;
  /** From the left edge of the page, mm */
  readonly x?: number;
  /** From the top edge of the page, mm */
  readonly y?: number;
  /** Width of the clickable area, mm */
  readonly width?: number;
  /** Height of the clickable area, mm */
  readonly height?: number;
  /** Points */
  readonly font_size?: number;
  /** #rrggbb */
  readonly color?: string;
  readonly align?: 'left' | 'center' | 'right' | 'justify';
}

/** `op` is accepted for `type` */
export interface AddToc {
  readonly type: 'add_toc';
  /** Line above the table of contents */
  readonly title?: string;
  /** Points */
  readonly font_size?: number;
}

/** `op` is accepted for `type` */
export interface AddLine {
  readonly type: 'add_line';
  /** Start, mm */
  readonly x1?: number;
  /** Start, mm */
  readonly y1?: number;
  /** End, mm */
  readonly x2?: number;
  /** End, mm */
  readonly y2?: number;
  /** Thickness of the line, mm */
  readonly line_width?: number;
  /** #rrggbb */
  readonly color?: string;
  /** Length of a dash, mm */
  readonly dash?: number;
  /** Space above, mm */
  readonly space_before?: number;
  /** Space below, mm */
  readonly space_after?: number;
}

/** `op` is accepted for `type` */
export interface AddRect {
  readonly type: 'add_rect';
  /** Left edge, mm */
  readonly x: number;
  /** Top edge, mm */
  readonly y: number;
  /** Width, mm */
  readonly width: number;
  /** Height, mm */
  readonly height: number;
  /** Thickness of the line, mm */
  readonly line_width?: number;
  /** #rrggbb */
  readonly color?: string;
  /** #rrggbb */
  readonly fill?: string;
  /** Corner radius, mm */
  readonly radius?: number;
  readonly opacity?: number;
}

/** `op` is accepted for `type` */
export interface AddQr {
  readonly type: 'add_qr';
  readonly value: string;
  /** From the left edge of the page, mm */
  readonly x?: number;
  /** From the top edge of the page, mm */
  readonly y?: number;
  /** Side of the code, mm, without its quiet zone of four modules; else 30, or what modules of 0.33 mm need */
  readonly size?: number;
  /** Error correction */
  readonly ecc?: 'L' | 'M' | 'Q' | 'H';
  /** #rrggbb */
  readonly color?: string;
  readonly align?: 'left' | 'center' | 'right';
  /** Space above, mm */
  readonly space_before?: number;
  /** Space below, mm */
  readonly space_after?: number;
}

/** `op` is accepted for `type` */
export interface AddBarcode {
  readonly type: 'add_barcode';
  readonly symbology: 'code128' | 'code39' | 'code93' | 'codabar' | 'ean13' | 'ean8' | 'upca' | 'itf14' | 'interleaved2of5' | 'gs1-128' | 'datamatrix' | 'gs1datamatrix' | 'pdf417' | 'azteccode';
  readonly value: string;
  /** From the left edge of the page, mm */
  readonly x?: number;
  /** From the top edge of the page, mm */
  readonly y?: number;
  /** Width of the code without its quiet zones; else modules of 0.33 mm, of a square matrix 0.5 mm, mm */
  readonly width?: number;
  /** Height, the text under the bars counted, mm */
  readonly height?: number;
  /** Print the value under the bars */
  readonly show_text?: boolean;
  /** #rrggbb */
  readonly color?: string;
  readonly align?: 'left' | 'center' | 'right';
  /** Space above, mm */
  readonly space_before?: number;
  /** Space below, mm */
  readonly space_after?: number;
}

/** `op` is accepted for `type` */
export interface AddSvg {
  readonly type: 'add_svg';
  readonly svg: string;
  /** From the left edge of the page, mm */
  readonly x?: number;
  /** From the top edge of the page, mm */
  readonly y?: number;
  /** Width, mm */
  readonly width?: number;
  /** Height, mm */
  readonly height?: number;
  readonly align?: 'left' | 'center' | 'right';
  /** Space above, mm */
  readonly space_before?: number;
  /** Space below, mm */
  readonly space_after?: number;
}

/** `op` is accepted for `type` */
export interface AddColumns {
  readonly type: 'add_columns';
  readonly columns: readonly Column[];
  /** Space between two columns, mm */
  readonly gap?: number;
  /** Space above, mm */
  readonly space_before?: number;
  /** Space below, mm */
  readonly space_after?: number;
}

export interface Column {
  readonly width?: number | string;
  /** Operations, but for add_page, add_page_break and add_toc */
  readonly operations: readonly unknown[];
}

/** `op` is accepted for `type` */
export interface AddBlock {
  readonly type: 'add_block';
  /** Operations, but for add_page, add_page_break and add_toc */
  readonly operations: readonly unknown[];
  /** From the left edge of the page, mm */
  readonly x?: number;
  /** From the top edge of the page, mm */
  readonly y?: number;
  /** Width; else all there is, mm */
  readonly width?: number;
  readonly padding?: number | Sides2;
  /** #rrggbb */
  readonly fill?: string;
  /** #rrggbb */
  readonly border_color?: string;
  readonly border_width?: number | Sides3;
  /** Corner radius, mm */
  readonly radius?: number;
  /** It is not cut where it fits on a page */
  readonly keep_together?: boolean;
  /** It stands on the page of what follows it */
  readonly keep_with_next?: boolean;
  /** Space above, mm */
  readonly space_before?: number;
  /** Space below, mm */
  readonly space_after?: number;
}

/** Between its edges and what is in it, mm */
export interface Sides2 {
  readonly top?: number;
  readonly right?: number;
  readonly bottom?: number;
  readonly left?: number;
}

/** Thickness of its border, mm; 0.2 where it has a colour */
export interface Sides3 {
  readonly top?: number;
  readonly right?: number;
  readonly bottom?: number;
  readonly left?: number;
}

/** `op` is accepted for `type` */
export interface AddSpacer {
  readonly type: 'add_spacer';
  /** Height, mm */
  readonly height: number;
}

/** `op` is accepted for `type` */
export interface AddPageBreak {
  readonly type: 'add_page_break';
}

export type Operation =
  | AddText
  | SetFont
  | AddPage
  | AddImage
  | AddTable
  | AddHtml
  | AddList
  | AddLink
  | AddToc
  | AddLine
  | AddRect
  | AddQr
  | AddBarcode
  | AddSvg
  | AddColumns
  | AddBlock
  | AddSpacer
  | AddPageBreak;

/** Margins of the sides; those left out are `margin_mm`. A header or footer that needs more gets it */
export interface Margins {
  /** Above, mm */
  readonly top?: number;
  /** Right, mm */
  readonly right?: number;
  /** Below, mm */
  readonly bottom?: number;
  /** Left, mm */
  readonly left?: number;
}

/** Text at the top of every page */
export interface Band {
  /** {page} and {pages} stand for the numbers */
  readonly text?: string;
  readonly left?: string;
  readonly center?: string;
  readonly right?: string;
  readonly align?: 'left' | 'center' | 'right' | 'justify';
  /** Points */
  readonly font_size?: number;
  /** #rrggbb */
  readonly color?: string;
  /** A line between it and the content */
  readonly line?: boolean;
  /** In the place of texts: operations, in whose texts and cells {page} and {pages} stand for the numbers */
  readonly operations?: readonly unknown[];
}

/** Text at the bottom of every page */
export interface Band2 {
  /** {page} and {pages} stand for the numbers */
  readonly text?: string;
  readonly left?: string;
  readonly center?: string;
  readonly right?: string;
  readonly align?: 'left' | 'center' | 'right' | 'justify';
  /** Points */
  readonly font_size?: number;
  /** #rrggbb */
  readonly color?: string;
  /** A line between it and the content */
  readonly line?: boolean;
  /** In the place of texts: operations, in whose texts and cells {page} and {pages} stand for the numbers */
  readonly operations?: readonly unknown[];
}

/** At the top of the first page, in the place of `header`; nothing where it is empty */
export interface Band3 {
  /** {page} and {pages} stand for the numbers */
  readonly text?: string;
  readonly left?: string;
  readonly center?: string;
  readonly right?: string;
  readonly align?: 'left' | 'center' | 'right' | 'justify';
  /** Points */
  readonly font_size?: number;
  /** #rrggbb */
  readonly color?: string;
  /** A line between it and the content */
  readonly line?: boolean;
  /** In the place of texts: operations, in whose texts and cells {page} and {pages} stand for the numbers */
  readonly operations?: readonly unknown[];
}

/** At the bottom of the first page, in the place of `footer`; nothing where it is empty */
export interface Band4 {
  /** {page} and {pages} stand for the numbers */
  readonly text?: string;
  readonly left?: string;
  readonly center?: string;
  readonly right?: string;
  readonly align?: 'left' | 'center' | 'right' | 'justify';
  /** Points */
  readonly font_size?: number;
  /** #rrggbb */
  readonly color?: string;
  /** A line between it and the content */
  readonly line?: boolean;
  /** In the place of texts: operations, in whose texts and cells {page} and {pages} stand for the numbers */
  readonly operations?: readonly unknown[];
}

export interface ReportRequest extends JobOptions {
  readonly kind: 'report';
  readonly design: string | Design;
  /** Of the stored design; the latest when left out */
  readonly version?: number;
  /** Values for the parameters of the design */
  readonly params?: Readonly<Record<string, unknown>>;
  /** Language tag, instead of the locale of the design */
  readonly locale?: string;
  /** Instead of the currency of the design */
  readonly currency?: string;
}

export interface Design {
  /** What people call it */
  readonly label?: string;
  /** Of numbers, dates and texts, such as "de-AT"; may be an expression */
  readonly locale?: string;
  /** Three letters, such as "EUR"; may be an expression */
  readonly currency?: string;
  readonly params?: readonly DesignParam[];
  /** Values to try it with, by name */
  readonly samples?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Texts for t(), by language and key */
  readonly texts?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Values by name; under the name of a parameter with rows, columns that its rows get */
  readonly compute?: Readonly<Record<string, string | number | boolean | null | Readonly<Record<string, string | number | boolean | null>>>>;
  /** Lists by name, for $use */
  readonly blocks?: Readonly<Record<string, readonly unknown[]>>;
  readonly page_size?: 'A3' | string | 'A4' | 'A5' | 'Letter' | 'Legal' | 'Tabloid' | DesignPageSize;
  readonly orientation?: 'portrait' | string | 'landscape';
  readonly title?: string;
  readonly author?: string;
  readonly subject?: string;
  readonly keywords?: string;
  /** Names and texts of your own, which the XMP metadata has as `name=text` */
  readonly properties?: Readonly<Record<string, string>>;
  /** BCP 47 language tag; decides the shapes of Han characters */
  readonly language?: string;
  /** Margin on all sides, mm */
  readonly margin_mm?: number | string;
  readonly margins?: number | string | DesignMargins;
  /** Font of everything that sets none: family and size */
  readonly fonts?: {
    /** One of: arimo, tinos, cousine, helvetica, times, courier, dejavu-sans, dejavu-serif, dejavu-mono, noto-sans-jp, noto-sans-sc, noto-sans-kr, noto-emoji */
    readonly default?: string;
    /** Points */
    readonly size?: number | string;
  };
  readonly header?: string | DesignBand;
  readonly footer?: string | DesignBand2;
  readonly first_header?: string | DesignBand3;
  readonly first_footer?: string | DesignBand4;
  readonly watermark?: string | {
    readonly text: string;
    /** #rrggbb */
    readonly color?: string;
    readonly opacity?: number | string;
    /** Degrees; across the page when absent */
    readonly angle?: number | string;
    /** Points */
    readonly font_size?: number | string;
    readonly bold?: boolean | string;
  };
  readonly encryption?: {
    readonly user_password?: string;
    readonly owner_password?: string;
    readonly permissions?: {
      readonly printing?: 'none' | string | 'low' | 'high';
      readonly modifying?: boolean | string;
      readonly copying?: boolean | string;
      readonly annotating?: boolean | string;
      readonly filling_forms?: boolean | string;
      readonly content_accessibility?: boolean | string;
      readonly document_assembly?: boolean | string;
    };
  };
  readonly attachments?: readonly ({
    readonly name: string;
    /** base64 */
    readonly content: string;
    readonly content_type?: string;
    readonly description?: string;
  } | DesignIf | DesignFor | DesignLet | DesignUse)[] | string;
  readonly operations: DesignOperations;
}

export type DesignParam = {
    readonly name: string;
    readonly type: 'text' | 'number' | 'date' | 'boolean' | 'image' | 'array' | 'collection' | 'object';
    readonly label?: string;
    readonly description?: string;
    /** The members of its objects */
    readonly spec?: readonly DesignParam[];
  };

/** A page of its own size */
export interface DesignPageSize {
  readonly width_mm: number | string;
  readonly height_mm: number | string;
}

/** Margins of the sides; those left out are `margin_mm`. A header or footer that needs more gets it */
export interface DesignMargins {
  /** Above, mm */
  readonly top?: number | string;
  /** Right, mm */
  readonly right?: number | string;
  /** Below, mm */
  readonly bottom?: number | string;
  /** Left, mm */
  readonly left?: number | string;
}

/** Text at the top of every page */
export interface DesignBand {
  /** {page} and {pages} stand for the numbers */
  readonly text?: string;
  readonly left?: string;
  readonly center?: string;
  readonly right?: string;
  readonly align?: 'left' | string | 'center' | 'right' | 'justify';
  /** Points */
  readonly font_size?: number | string;
  /** #rrggbb */
  readonly color?: string;
  /** A line between it and the content */
  readonly line?: boolean | string;
  /** In the place of texts: operations, in whose texts and cells {page} and {pages} stand for the numbers */
  readonly operations?: readonly (unknown | string | DesignIf | DesignFor | DesignLet | DesignUse)[] | string;
}

/** One list or the other */
export interface DesignIf {
  readonly '$if': string | number | boolean | null;
  readonly then?: readonly unknown[];
  readonly else?: readonly unknown[];
}

/** A list for each entry of another; brings $number, $index, $first and $last */
export interface DesignFor {
  /** Such as "item in items" */
  readonly '$for': string;
  readonly do: readonly unknown[];
  readonly empty?: readonly unknown[];
}

/** Names for values in a list */
export interface DesignLet {
  readonly '$let': Readonly<Record<string, string | number | boolean | null>>;
  readonly do: readonly unknown[];
}

/** A block */
export interface DesignUse {
  /** Name of a block */
  readonly '$use': string;
}

/** Text at the bottom of every page */
export interface DesignBand2 {
  /** {page} and {pages} stand for the numbers */
  readonly text?: string;
  readonly left?: string;
  readonly center?: string;
  readonly right?: string;
  readonly align?: 'left' | string | 'center' | 'right' | 'justify';
  /** Points */
  readonly font_size?: number | string;
  /** #rrggbb */
  readonly color?: string;
  /** A line between it and the content */
  readonly line?: boolean | string;
  /** In the place of texts: operations, in whose texts and cells {page} and {pages} stand for the numbers */
  readonly operations?: readonly (unknown | string | DesignIf | DesignFor | DesignLet | DesignUse)[] | string;
}

/** At the top of the first page, in the place of `header`; nothing where it is empty */
export interface DesignBand3 {
  /** {page} and {pages} stand for the numbers */
  readonly text?: string;
  readonly left?: string;
  readonly center?: string;
  readonly right?: string;
  readonly align?: 'left' | string | 'center' | 'right' | 'justify';
  /** Points */
  readonly font_size?: number | string;
  /** #rrggbb */
  readonly color?: string;
  /** A line between it and the content */
  readonly line?: boolean | string;
  /** In the place of texts: operations, in whose texts and cells {page} and {pages} stand for the numbers */
  readonly operations?: readonly (unknown | string | DesignIf | DesignFor | DesignLet | DesignUse)[] | string;
}

/** At the bottom of the first page, in the place of `footer`; nothing where it is empty */
export interface DesignBand4 {
  /** {page} and {pages} stand for the numbers */
  readonly text?: string;
  readonly left?: string;
  readonly center?: string;
  readonly right?: string;
  readonly align?: 'left' | string | 'center' | 'right' | 'justify';
  /** Points */
  readonly font_size?: number | string;
  /** #rrggbb */
  readonly color?: string;
  /** A line between it and the content */
  readonly line?: boolean | string;
  /** In the place of texts: operations, in whose texts and cells {page} and {pages} stand for the numbers */
  readonly operations?: readonly (unknown | string | DesignIf | DesignFor | DesignLet | DesignUse)[] | string;
}

export type DesignOperations = readonly DesignOperation[];

export interface DesignAddText {
  readonly type: 'add_text';
  readonly text: string;
  /** From the left edge of the page, mm */
  readonly x?: number | string;
  /** From the top edge of the page, mm */
  readonly y?: number | string;
  /** Width of the text block, mm */
  readonly width?: number | string;
  /** Points */
  readonly font_size?: number | string;
  readonly align?: 'left' | string | 'center' | 'right' | 'justify';
  /** Bold */
  readonly bold?: boolean | string;
  /** Italic */
  readonly italic?: boolean | string;
  /** Underlined */
  readonly underline?: boolean | string;
  /** #rrggbb */
  readonly color?: string;
  /** Factor of the font size */
  readonly line_height?: number | string;
  /** http(s), mailto or tel address */
  readonly link?: string;
  /** BCP 47 language tag; decides the shapes of Han characters */
  readonly lang?: string;
  /** Level of a heading: gets a bookmark and a line in the table of contents */
  readonly heading?: number | string;
  /** It stands on the page of what follows it */
  readonly keep_with_next?: boolean | string;
  /** Space above, mm */
  readonly space_before?: number | string;
  /** Space below, mm */
  readonly space_after?: number | string;
}

export interface DesignSetFont {
  readonly type: 'set_font';
  /** One of: arimo, tinos, cousine, helvetica, times, courier, dejavu-sans, dejavu-serif, dejavu-mono, noto-sans-jp, noto-sans-sc, noto-sans-kr, noto-emoji */
  readonly family?: string;
  /** Any of B, I and U, or empty */
  readonly style?: string;
  /** Points */
  readonly size?: number | string;
}

export interface DesignAddPage {
  readonly type: 'add_page';
  readonly page_size?: 'A3' | string | 'A4' | 'A5' | 'Letter' | 'Legal' | 'Tabloid' | DesignPageSize;
  readonly orientation?: 'portrait' | string | 'landscape';
}

export interface DesignAddImage {
  readonly type: 'add_image';
  /** data: URI, base64, or http(s) address */
  readonly source: string;
  /** From the left edge of the page, mm */
  readonly x?: number | string;
  /** From the top edge of the page, mm */
  readonly y?: number | string;
  /** Width, mm */
  readonly width?: number | string;
  /** Height, mm */
  readonly height?: number | string;
  /** How the image fills width x height */
  readonly fit?: 'fill' | string | 'contain' | 'cover';
  readonly align?: 'left' | string | 'center' | 'right';
  /** http(s), mailto or tel address */
  readonly link?: string;
  /** Space above, mm */
  readonly space_before?: number | string;
  /** Space below, mm */
  readonly space_after?: number | string;
}

export interface DesignAddTable {
  readonly type: 'add_table';
  readonly html?: string;
  readonly headers?: readonly (string | number | null | DesignCell | DesignIf | DesignFor | DesignLet | DesignUse)[] | string;
  readonly rows?: readonly (readonly (string | number | null | DesignCell | DesignIf | DesignFor | DesignLet | DesignUse)[] | string | DesignRow | DesignIf | DesignFor | DesignLet | DesignUse)[] | string;
  readonly widths?: readonly (number | string | DesignIf | DesignFor | DesignLet | DesignUse)[] | string;
  readonly align?: readonly ('left' | string | 'center' | 'right' | 'justify' | DesignIf | DesignFor | DesignLet | DesignUse)[] | string;
  readonly header_rows?: number | string;
  /** Rows that fit on a page are not cut, nor those that a cell spans */
  readonly keep_rows?: boolean | string;
  /** The last row is on the page of what follows the table */
  readonly keep_with_next?: boolean | string;
  /** Shade every other row */
  readonly zebra?: boolean | string;
  readonly borders?: 'grid' | string | 'lines' | 'none';
  readonly cell_padding?: number | string | DesignSides;
  /** #rrggbb */
  readonly line_color?: string;
  /** Thickness of its lines, mm */
  readonly line_width?: number | string;
  /** How rows look */
  readonly header_style?: DesignRowStyle;
  /** How rows look */
  readonly row_style?: DesignRowStyle;
  readonly carry?: DesignCarry | {
    /** The amount before the first row; 0 when left out */
    readonly start?: string | number | boolean | null;
    /** What a pass of the `$for` in the rows adds */
    readonly add: string | number | boolean | null;
    /** The row at the end of a page, with $carried */
    readonly forward?: readonly unknown[] | Readonly<Record<string, unknown>>;
    /** The row at the top of the next page, with $carried */
    readonly brought?: readonly unknown[] | Readonly<Record<string, unknown>>;
  };
  /** Points */
  readonly font_size?: number | string;
  /** BCP 47 language tag; decides the shapes of Han characters */
  readonly lang?: string;
  /** Space above, mm */
  readonly space_before?: number | string;
  /** Space below, mm */
  readonly space_after?: number | string;
}

export interface DesignCell {
  readonly text: string;
  readonly bold?: boolean | string;
  readonly italic?: boolean | string;
  readonly underline?: boolean | string;
  readonly color?: string;
  readonly background?: string;
  readonly align?: 'left' | string | 'center' | 'right' | 'justify';
  readonly font_size?: number | string;
  readonly link?: string;
  readonly colspan?: number | string;
  readonly rowspan?: number | string;
}

/** A row with a look of its own */
export interface DesignRow {
  readonly cells: readonly (string | number | null | DesignCell | DesignIf | DesignFor | DesignLet | DesignUse)[] | string;
  readonly bold?: boolean | string;
  readonly italic?: boolean | string;
  readonly underline?: boolean | string;
  /** #rrggbb */
  readonly color?: string;
  /** #rrggbb */
  readonly background?: string;
  /** Points */
  readonly font_size?: number | string;
  readonly align?: 'left' | string | 'center' | 'right' | 'justify';
  /** Line above the row, mm; 0 for none */
  readonly line_above?: number | string;
  /** Line below the row, mm; 0 for none */
  readonly line_below?: number | string;
  /** The row is on the page of the next one, where both fit on a page */
  readonly keep_with_next?: boolean | string;
}

/** Between the text of a cell and its edges, mm */
export interface DesignSides {
  readonly top?: number | string;
  readonly right?: number | string;
  readonly bottom?: number | string;
  readonly left?: number | string;
}

/** How rows look */
export interface DesignRowStyle {
  readonly bold?: boolean | string;
  readonly italic?: boolean | string;
  readonly underline?: boolean | string;
  /** #rrggbb */
  readonly color?: string;
  /** #rrggbb */
  readonly background?: string;
  /** Points */
  readonly font_size?: number | string;
  readonly align?: 'left' | string | 'center' | 'right' | 'justify';
  /** Line above the row, mm; 0 for none */
  readonly line_above?: number | string;
  /** Line below the row, mm; 0 for none */
  readonly line_below?: number | string;
}

/** Amounts that are carried over pages (docs/DOCUMENTS.md) */
export interface DesignCarry {
  readonly start?: number | string | null;
  /** What each of `rows` adds: exact decimals */
  readonly values?: readonly (number | string | null | DesignIf | DesignFor | DesignLet | DesignUse)[] | string;
  /** How the amount is written */
  readonly format?: DesignAmountFormat;
  /** Line where a page ends; "{carried}" stands for the amount. Or a line for each place between two rows */
  readonly forward?: readonly (string | number | null | DesignCell | DesignIf | DesignFor | DesignLet | DesignUse)[] | string | DesignRow | readonly (readonly (string | number | null | DesignCell | DesignIf | DesignFor | DesignLet | DesignUse)[] | string | DesignRow | DesignIf | DesignFor | DesignLet | DesignUse)[];
  /** Line where the next page begins; "{carried}" stands for the amount. Or a line for each place between two rows */
  readonly brought?: readonly (string | number | null | DesignCell | DesignIf | DesignFor | DesignLet | DesignUse)[] | string | DesignRow | readonly (readonly (string | number | null | DesignCell | DesignIf | DesignFor | DesignLet | DesignUse)[] | string | DesignRow | DesignIf | DesignFor | DesignLet | DesignUse)[];
}

/** How the amount is written */
export interface DesignAmountFormat {
  readonly decimals?: number | string;
  readonly group?: string;
  readonly point?: string;
}

export interface DesignAddHtml {
  readonly type: 'add_html';
  readonly html: string;
  /** BCP 47 language tag; decides the shapes of Han characters */
  readonly lang?: string;
  /** Space above, mm */
  readonly space_before?: number | string;
  /** Space below, mm */
  readonly space_after?: number | string;
}

export interface DesignAddList {
  readonly type: 'add_list';
  readonly items: readonly (string | DesignListItem | DesignIf | DesignFor | DesignLet | DesignUse)[] | string;
  /** Numbered */
  readonly ordered?: boolean | string;
  readonly start?: number | string;
  readonly style?: 'disc' | string | 'circle' | 'square' | 'none' | 'decimal' | 'lower-alpha' | 'upper-alpha' | 'lower-roman' | 'upper-roman';
  /** Points */
  readonly font_size?: number | string;
  /** #rrggbb */
  readonly color?: string;
  /** BCP 47 language tag; decides the shapes of Han characters */
  readonly lang?: string;
  /** Space above, mm */
  readonly space_before?: number | string;
  /** Space below, mm */
  readonly space_after?: number | string;
}

export interface DesignListItem {
  readonly text: string;
  readonly items?: readonly (unknown | string | DesignIf | DesignFor | DesignLet | DesignUse)[] | string;
  readonly ordered?: boolean | string;
}

export interface DesignAddLink {
  readonly type: 'add_link';
  /** http(s), mailto or tel address */
  readonly url: string;
  readonly text?: string;
  /** From the left edge of the page, mm */
  readonly x?: number | string;
  /** From the top edge of the page, mm */
  readonly y?: number | string;
  /** Width of the clickable area, mm */
  readonly width?: number | string;
  /** Height of the clickable area, mm */
  readonly height?: number | string;
  /** Points */
  readonly font_size?: number | string;
  /** #rrggbb */
  readonly color?: string;
  readonly align?: 'left' | string | 'center' | 'right' | 'justify';
}

export interface DesignAddToc {
  readonly type: 'add_toc';
  /** Line above the table of contents */
  readonly title?: string;
  /** Points */
  readonly font_size?: number | string;
}

export interface DesignAddLine {
  readonly type: 'add_line';
  /** Start, mm */
  readonly x1?: number | string;
  /** Start, mm */
  readonly y1?: number | string;
  /** End, mm */
  readonly x2?: number | string;
  /** End, mm */
  readonly y2?: number | string;
  /** Thickness of the line, mm */
  readonly line_width?: number | string;
  /** #rrggbb */
  readonly color?: string;
  /** Length of a dash, mm */
  readonly dash?: number | string;
  /** Space above, mm */
  readonly space_before?: number | string;
  /** Space below, mm */
  readonly space_after?: number | string;
}

export interface DesignAddRect {
  readonly type: 'add_rect';
  /** Left edge, mm */
  readonly x: number | string;
  /** Top edge, mm */
  readonly y: number | string;
  /** Width, mm */
  readonly width: number | string;
  /** Height, mm */
  readonly height: number | string;
  /** Thickness of the line, mm */
  readonly line_width?: number | string;
  /** #rrggbb */
  readonly color?: string;
  /** #rrggbb */
  readonly fill?: string;
  /** Corner radius, mm */
  readonly radius?: number | string;
  readonly opacity?: number | string;
}

export interface DesignAddQr {
  readonly type: 'add_qr';
  readonly value: string;
  /** From the left edge of the page, mm */
  readonly x?: number | string;
  /** From the top edge of the page, mm */
  readonly y?: number | string;
  /** Side of the code, mm, without its quiet zone of four modules; else 30, or what modules of 0.33 mm need */
  readonly size?: number | string;
  /** Error correction */
  readonly ecc?: 'L' | string | 'M' | 'Q' | 'H';
  /** #rrggbb */
  readonly color?: string;
  readonly align?: 'left' | string | 'center' | 'right';
  /** Space above, mm */
  readonly space_before?: number | string;
  /** Space below, mm */
  readonly space_after?: number | string;
}

export interface DesignAddBarcode {
  readonly type: 'add_barcode';
  readonly symbology: 'code128' | string | 'code39' | 'code93' | 'codabar' | 'ean13' | 'ean8' | 'upca' | 'itf14' | 'interleaved2of5' | 'gs1-128' | 'datamatrix' | 'gs1datamatrix' | 'pdf417' | 'azteccode';
  readonly value: string;
  /** From the left edge of the page, mm */
  readonly x?: number | string;
  /** From the top edge of the page, mm */
  readonly y?: number | string;
  /** Width of the code without its quiet zones; else modules of 0.33 mm, of a square matrix 0.5 mm, mm */
  readonly width?: number | string;
  /** Height, the text under the bars counted, mm */
  readonly height?: number | string;
  /** Print the value under the bars */
  readonly show_text?: boolean | string;
  /** #rrggbb */
  readonly color?: string;
  readonly align?: 'left' | string | 'center' | 'right';
  /** Space above, mm */
  readonly space_before?: number | string;
  /** Space below, mm */
  readonly space_after?: number | string;
}

export interface DesignAddSvg {
  readonly type: 'add_svg';
  readonly svg: string;
  /** From the left edge of the page, mm */
  readonly x?: number | string;
  /** From the top edge of the page, mm */
  readonly y?: number | string;
  /** Width, mm */
  readonly width?: number | string;
  /** Height, mm */
  readonly height?: number | string;
  readonly align?: 'left' | string | 'center' | 'right';
  /** Space above, mm */
  readonly space_before?: number | string;
  /** Space below, mm */
  readonly space_after?: number | string;
}

export interface DesignAddColumns {
  readonly type: 'add_columns';
  readonly columns: readonly (DesignColumn | DesignIf | DesignFor | DesignLet | DesignUse)[] | string;
  /** Space between two columns, mm */
  readonly gap?: number | string;
  /** Space above, mm */
  readonly space_before?: number | string;
  /** Space below, mm */
  readonly space_after?: number | string;
}

export interface DesignColumn {
  readonly width?: number | string;
  /** Operations, but for add_page, add_page_break and add_toc */
  readonly operations: readonly (unknown | string | DesignIf | DesignFor | DesignLet | DesignUse)[] | string;
}

export interface DesignAddBlock {
  readonly type: 'add_block';
  readonly operations: DesignOperations;
  /** From the left edge of the page, mm */
  readonly x?: number | string;
  /** From the top edge of the page, mm */
  readonly y?: number | string;
  /** Width; else all there is, mm */
  readonly width?: number | string;
  readonly padding?: number | string | DesignSides2;
  /** #rrggbb */
  readonly fill?: string;
  /** #rrggbb */
  readonly border_color?: string;
  readonly border_width?: number | string | DesignSides3;
  /** Corner radius, mm */
  readonly radius?: number | string;
  /** It is not cut where it fits on a page */
  readonly keep_together?: boolean | string;
  /** It stands on the page of what follows it */
  readonly keep_with_next?: boolean | string;
  /** Space above, mm */
  readonly space_before?: number | string;
  /** Space below, mm */
  readonly space_after?: number | string;
}

/** Between its edges and what is in it, mm */
export interface DesignSides2 {
  readonly top?: number | string;
  readonly right?: number | string;
  readonly bottom?: number | string;
  readonly left?: number | string;
}

/** Thickness of its border, mm; 0.2 where it has a colour */
export interface DesignSides3 {
  readonly top?: number | string;
  readonly right?: number | string;
  readonly bottom?: number | string;
  readonly left?: number | string;
}

export interface DesignAddSpacer {
  readonly type: 'add_spacer';
  /** Height, mm */
  readonly height: number | string;
}

export interface DesignAddPageBreak {
  readonly type: 'add_page_break';
}

/** One list or the other */
export interface DesignIf2 {
  readonly '$if': string | number | boolean | null;
  readonly then?: DesignOperations;
  readonly else?: DesignOperations;
}

/** A list for each entry of another; brings $number, $index, $first and $last */
export interface DesignFor2 {
  /** Such as "item in items" */
  readonly '$for': string;
  readonly do: DesignOperations;
  readonly empty?: DesignOperations;
}

/** Names for values in a list */
export interface DesignLet2 {
  readonly '$let': Readonly<Record<string, string | number | boolean | null>>;
  readonly do: DesignOperations;
}

export type DesignOperation =
  | DesignAddText
  | DesignSetFont
  | DesignAddPage
  | DesignAddImage
  | DesignAddTable
  | DesignAddHtml
  | DesignAddList
  | DesignAddLink
  | DesignAddToc
  | DesignAddLine
  | DesignAddRect
  | DesignAddQr
  | DesignAddBarcode
  | DesignAddSvg
  | DesignAddColumns
  | DesignAddBlock
  | DesignAddSpacer
  | DesignAddPageBreak
  | DesignIf2
  | DesignFor2
  | DesignLet2
  | DesignUse;

export interface BulkFillRequest extends JobOptions {
  readonly kind: 'bulk_fill';
  /** The PDF to fill, base64 */
  readonly pdf_file: string;
  /** The rows, base64: CSV, or JSON as `rows`. Needed where there is no `rows` */
  readonly rows_file?: string;
  /** The rows: objects whose members are texts, numbers or booleans, by the names of columns; with a package by `column_0`, `column_1`, ... */
  readonly rows?: readonly (Readonly<Record<string, unknown>>)[];
  /** Of `rows_file`; left out, a file that begins with `[` is JSON */
  readonly rows_format?: 'csv' | 'json';
  /** The first row of the CSV names the columns. Default: false */
  readonly header?: boolean;
  /** A package that says what goes where, base64 */
  readonly package_file?: string;
  readonly fields?: readonly ({
    readonly name: string;
    readonly value: {
      readonly static: string;
    } | {
      readonly column: string;
    } | {
      readonly template: string;
    };
  })[];
  readonly overlays?: readonly ({
    readonly page: number;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly rotate?: number;
    readonly type: 'text';
    readonly value: {
      readonly static: string;
    } | {
      readonly column: string;
    } | {
      readonly template: string;
    };
    /** A font of the package, by its file or family, or a family of the server */
    readonly font?: string;
    readonly style?: 'normal' | 'bold' | 'italics' | 'bolditalics';
    readonly size?: number;
    readonly color?: string;
    readonly align?: 'left' | 'center' | 'right';
    readonly multiline?: boolean;
    readonly shrink?: boolean;
  } | {
    readonly page: number;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly rotate?: number;
    readonly type: 'qr';
    readonly value: {
      readonly static: string;
    } | {
      readonly column: string;
    } | {
      readonly template: string;
    };
    readonly correction?: 'L' | 'M' | 'Q' | 'H';
    readonly color?: string;
  } | {
    readonly page: number;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly rotate?: number;
    readonly type: 'barcode';
    readonly value: {
      readonly static: string;
    } | {
      readonly column: string;
    } | {
      readonly template: string;
    };
    readonly symbology: string;
    readonly color?: string;
  } | {
    readonly page: number;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly rotate?: number;
    readonly type: 'image';
    readonly image: string;
  } | {
    readonly page: number;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly rotate?: number;
    readonly type: 'image';
    readonly value: {
      readonly column: string;
    } | {
      readonly template: string;
    };
  } | {
    readonly page: number;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly rotate?: number;
    readonly type: 'checkmark';
    readonly value: {
      readonly static: string;
    } | {
      readonly column: string;
    } | {
      readonly template: string;
    };
    readonly color?: string;
  })[];
  readonly flatten?: boolean;
  readonly language?: string;
  /** Columns whose values the name of a row’s file has */
  readonly file_name_columns?: readonly string[];
  /** The job fails as soon as more of all rows than this have failed. Default: 100 */
  readonly max_failed_percent?: number;
}

export interface ReadFormRequest extends JobOptions {
  readonly kind: 'read_form';
  /** The PDF, base64 */
  readonly pdf_file: string;
}

export interface FillFormRequest extends JobOptions {
  readonly kind: 'fill_form';
  /** The PDF, base64 */
  readonly pdf_file: string;
  /** A package, base64, that says what goes where */
  readonly package_file?: string;
  readonly fields?: readonly ({
    readonly name: string;
    readonly value: {
      readonly static: string;
    } | {
      readonly column: string;
    } | {
      readonly template: string;
    };
  })[];
  readonly overlays?: readonly ({
    readonly page: number;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly rotate?: number;
    readonly type: 'text';
    readonly value: {
      readonly static: string;
    } | {
      readonly column: string;
    } | {
      readonly template: string;
    };
    /** A font of the package, by its file or family, or a family of the server */
    readonly font?: string;
    readonly style?: 'normal' | 'bold' | 'italics' | 'bolditalics';
    readonly size?: number;
    readonly color?: string;
    readonly align?: 'left' | 'center' | 'right';
    readonly multiline?: boolean;
    readonly shrink?: boolean;
  } | {
    readonly page: number;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly rotate?: number;
    readonly type: 'qr';
    readonly value: {
      readonly static: string;
    } | {
      readonly column: string;
    } | {
      readonly template: string;
    };
    readonly correction?: 'L' | 'M' | 'Q' | 'H';
    readonly color?: string;
  } | {
    readonly page: number;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly rotate?: number;
    readonly type: 'barcode';
    readonly value: {
      readonly static: string;
    } | {
      readonly column: string;
    } | {
      readonly template: string;
    };
    readonly symbology: string;
    readonly color?: string;
  } | {
    readonly page: number;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly rotate?: number;
    readonly type: 'image';
    readonly image: string;
  } | {
    readonly page: number;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly rotate?: number;
    readonly type: 'image';
    readonly value: {
      readonly column: string;
    } | {
      readonly template: string;
    };
  } | {
    readonly page: number;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly rotate?: number;
    readonly type: 'checkmark';
    readonly value: {
      readonly static: string;
    } | {
      readonly column: string;
    } | {
      readonly template: string;
    };
    readonly color?: string;
  })[];
  readonly flatten?: boolean;
  readonly language?: string;
  /** The values of `column_0`, `column_1`, ...; null for none */
  readonly row?: readonly (string | number | boolean | null)[];
}

export interface ExtractTextRequest extends JobOptions {
  readonly kind: 'extract_text';
  /** The PDF, base64 */
  readonly pdf_data: string;
  /** 0-based; all pages where it is absent */
  readonly page_index?: number;
  /** Adds blocks and lines with their place and font size. Default: false */
  readonly include_formatting?: boolean;
}

export interface MergeRequest extends JobOptions {
  readonly kind: 'merge';
  /** The PDFs, base64, in the order of the result */
  readonly pdf_files: readonly string[];
  /** `flatten`: form fields become a part of their page and cannot be filled any more. Default: "keep" */
  readonly forms?: 'keep' | 'flatten';
}

export interface SplitRequest extends JobOptions {
  readonly kind: 'split';
  /** The PDF, base64 */
  readonly pdf_data: string;
  /** 0-based pages that begin a new file; empty or absent: every page its own file */
  readonly split_at_pages?: readonly number[];
  /** Longer files are cut again; 0 or absent: no bound */
  readonly max_pages_per_chunk?: number;
  /** `flatten`: form fields become a part of their page and cannot be filled any more. Default: "keep" */
  readonly forms?: 'keep' | 'flatten';
}

export interface ImageMetadataRequest extends JobOptions {
  readonly kind: 'image_metadata';
  /** The image: an http(s) address, a data URI, or base64; or an upload */
  readonly input: string;
}

export interface PreviewRequest extends JobOptions {
  readonly kind: 'preview';
  /** The file: an http(s) address, a data: URL, base64, or a part of a form. PDF; images as JPEG, PNG, GIF, BMP, TIFF, WebP, SVG and AVIF; with LibreOffice documents as DOC, DOCX, XLS, XLSX, PPT, PPTX, ODT, ODS, ODP, RTF, text and CSV; with FFmpeg videos as MP4, MOV, M4V, 3GP, AVI, WMV, FLV, WebM and OGV. */
  readonly input: string;
  /** Default: "png" */
  readonly format?: 'png' | 'jpg' | 'webp' | 'gif' | 'jpeg';
  /** Pages from 1, such as `1-3,7,12-`. Without it all pages, 500 at most */
  readonly pages?: string;
  /** The page that is drawn before all others */
  readonly first_page?: number;
  /** Pixels that a picture has at most; its shape is that of the page */
  readonly width?: number;
  /** Likewise */
  readonly height?: number;
  /** Pixels for an inch, where no width or height is asked for: 150 */
  readonly dpi?: number;
  /** Of JPEG and WebP: 85 */
  readonly quality?: number;
  /** Of the frame of a video, seconds: 1 */
  readonly time?: number;
  readonly password?: string;
}
