import { createRequire } from 'node:module';
import type { PdfFont } from '../../fonts/pdfkit.js';
import type { PdfSecurity } from './encryption.js';
import type { CollectedNames } from './name-tree.js';
import type {
  CarryNodes,
  Fragment,
  Inline,
  Line,
  OutlineItem,
  PageItem,
  Picture,
  Vector,
  Watermark,
} from './page-items.js';

/**
 * The parts of pdfmake that the engine is put together from. pdfmake's own entry keeps its settings in a singleton and
 * builds its document class itself; taking the parts instead leaves no state between documents and lets pages leave as
 * they are drawn. This file is the only one that takes pdfmake untyped.
 */

/** A node of a document definition. pdfmake keeps its own notes in it while it works. */
export interface Node {
  [key: string]: unknown;
}

export interface TextNode extends Node {
  _inlines?: Inline[];
}

export interface PageSize {
  readonly width: number;
  readonly height: number;
  readonly orientation?: 'portrait' | 'landscape';
}

export interface Margins {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Page {
  readonly pageSize: PageSize;
  readonly pageMargins: Margins;
  readonly items: readonly PageItem[];
  readonly watermark?: Watermark;
}

export interface Context {
  readonly pages: Page[];
  page: number;
  x: number;
  y: number;
  availableHeight: number;
  availableWidth: number;
  getCurrentPage(): Page | null;
  moveTo(x: number, y: number): void;
  moveDown(offset: number): boolean;
  pageMargins: Margins;
  initializePage(): void;
  addPage(size: PageSize, margins?: Margins | null, custom?: object): Page;
  addListener(event: 'pageAdded', listener: (page: Page) => void): void;
  resetMarginXTopParent(): void;
}

export interface Writer {
  context(): Context;
  /** Contexts below the present one: of blocks that are put together aside. */
  readonly contextStack: readonly Context[];
  /** Blocks that are begun and not committed. */
  transactionLevel: number;
  pushContext(contextOrWidth?: Context | number, height?: number): void;
  popContext(): void;
  moveToNextPage(orientation?: string): void;
  addPage(size: PageSize, orientation: string | null | undefined, margins: Margins): void;
  setMaxListeners(count: number): void;
  addLine(line: Line, keepsPosition?: boolean, index?: number): unknown;
  addCanvas(node: Node, index?: number): unknown;
  addImage(image: Node & Picture, index?: number): unknown;
  addSVG(image: Node & Picture, index?: number): unknown;
  addVector(
    vector: Vector,
    ignoreX?: boolean,
    ignoreY?: boolean,
    index?: number | null,
    page?: number | null,
  ): unknown;
  commitUnbreakableBlock(x?: number, y?: number): void;
  pushToRepeatables(block: Fragment): void;
  readonly repeatables: Fragment[];
  currentBlockToRepeatable(): Fragment;
  beginUnbreakableBlock(width?: number, height?: number): void;
  addFragment(block: Fragment, ownX?: boolean, ownY?: boolean, keepsPosition?: boolean): unknown;
  addListener(event: 'pageChanged', listener: () => void): void;
  removeListener(event: 'pageChanged', listener: () => void): void;
}

export interface Preprocessor {
  preprocessNode(node: unknown, sectionAllowed?: boolean): Node;
  preprocessDocument(content: unknown): Node;
}

export interface Measurer {
  textInlines: TextInlines;
  measureNode(node: Node): Node;
  measureDocument(node: Node): Node;
}

/** A piece of text with a style of its own, or plain. */
export type TextPart = string | (Node & { readonly text?: unknown });

/** A text in words, with the width of its longest word and of its longest line. */
export interface Paragraph {
  readonly items: Inline[];
  readonly minWidth: number;
  readonly maxWidth: number;
}

export interface TextInlines {
  buildInlines(text: TextPart | readonly TextPart[], stack: StyleStack): Paragraph;
  measure(words: Inline[], stack: StyleStack): Inline[];
  widthOfText(text: string, inline: Inline): number;
}

export interface StyleStack {
  /** Nodes, outermost first; a string is a style by name. */
  readonly styleOverrides: readonly (Record<string, unknown> | string)[];
  readonly defaultStyle: Record<string, unknown>;
  getProperty(name: string): unknown;
}

export interface TableNode extends Node {
  readonly table: {
    readonly widths: {
      width: number | string;
      _minWidth: number;
      _maxWidth: number;
      readonly _calcWidth?: number;
    }[];
    readonly body: TableCell[][];
    headerRows: number;
    /** Rows that stay on one page with the header. */
    keepWithHeaderRows?: number;
    /** Ours, not pdfmake's: rows that fit a page are not cut. */
    readonly keepRows?: boolean;
    /** Rows that stay on the page of the next one. */
    readonly keptRows?: readonly number[];
    /** Padding and borders of a row, points. */
    readonly around?: number;
    readonly carry?: CarryNodes;
  };
  _offsets: { readonly total: number; readonly offsets: readonly number[] };
  readonly positions: unknown[];
  readonly _breaksBySpan?: PageBreak[];
}

export type TableCell = TextNode & { readonly colSpan?: number; readonly rowSpan?: number };

/** A row that went on on the next page: where it ended and where it begins, points from the top. */
export interface PageBreak {
  readonly prevPage: number;
  readonly prevY: number;
  readonly y: number;
}

/** Draws the borders and fills of a table. */
export interface TableProcessor {
  readonly tableNode: TableNode;
  readonly headerRows: number;
  /** The header rows and those that stay with them. */
  readonly rowsWithoutPageBreak: number;
  readonly rowSpanData: { rowSpan: number }[];
  /** Of the row in work, points. */
  readonly rowTopY: number;
  readonly rowPaddingTop: number;
  readonly topLineWidth: number;
  readonly layout: { hLineWidth(line: number, node: TableNode): number };
  beginTable(writer: Writer): void;
  beginRow(row: number, writer: Writer): void;
  endRow(row: number, writer: Writer, breaks: readonly PageBreak[] | undefined): void;
  endTable(writer: Writer): void;
  drawHorizontalLine(
    line: number,
    writer: Writer,
    y?: number,
    moveDown?: boolean,
    page?: number | null,
  ): void;
}

export interface SectionNode extends Node {
  section: Node;
  pageSize: PageSize;
  pageMargins?: Margins;
  /** Of its pages after the first one. */
  followingMargins?: Margins;
}

export interface LayoutBuilder {
  pageSize: PageSize;
  pageMargins: Margins;
  writer: Writer;
  docPreprocessor: Preprocessor;
  docMeasure: Measurer;
  linearNodeList: Node[];
  /** Of tables and columns around what is laid out. */
  nestedLevel: number;
  svgMeasure: object;
  registerTableLayouts(layouts: object): void;
  layoutDocument(
    content: unknown,
    document: PdfDocument,
    styles: object,
    defaultStyle: object,
    background: undefined,
    header: unknown,
    footer: unknown,
    watermark: unknown,
  ): Page[];
  tryLayoutDocument(...all: Parameters<LayoutBuilder['layoutDocument']>): {
    pages: Page[];
    linearNodeList: Node[];
  };
  addHeadersAndFooters(header: unknown, footer: unknown): void;
  addDynamicRepeatable(
    node: unknown,
    place: (
      size: PageSize,
      margins: Margins,
    ) => { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
    name: 'header' | 'footer',
  ): void;
  addWatermark(watermark: unknown, document: PdfDocument, defaultStyle: object): void;
  processNode(node: Node, verticalAlignment?: boolean): void;
  processTable(node: TableNode): void;
  processVerticalContainer(node: Node): void;
  processRow(row: {
    readonly marginX: readonly number[];
    readonly dontBreakRows: boolean;
    readonly rowsWithoutPageBreak: number;
    readonly cells: readonly TableCell[];
    readonly widths: TableNode['table']['widths'];
    readonly gaps: readonly number[];
    readonly tableBody: readonly TableCell[][];
    readonly tableNode: TableNode;
    readonly rowIndex: number;
  }): { readonly positions: readonly unknown[]; readonly pageBreaks: PageBreak[] };
  _findSameRowPageBreakByRowSpanData(
    breaks: readonly PageBreak[] | null,
    page: number,
    row: number,
  ): PageBreak | null | undefined;
  _getPageBreakListBySpan(node: TableNode, page: number, row: number): PageBreak | null;
  processImage(node: Node): void;
  processSVG(node: Node): void;
  processCanvas(node: Node): void;
  processSection(node: SectionNode): void;
  buildNextLine(node: TextNode): Line | null;
}

export interface Renderer {
  pdfDocument: PdfDocument;
  renderPages(pages: readonly Page[]): void;
  renderVector(vector: Vector): void;
  renderImage(image: Node): void;
  renderSVG(node: Node): void;
  renderWatermark(page: { readonly watermark: Watermark }): void;
}

/** Sizes are pixels as they are stored. */
export interface PdfImage {
  /** The name by which a page draws it. */
  readonly label: string;
  /** As EXIF counts them; from 5 on it stands on its side. */
  readonly orientation?: number;
  readonly width: number;
  readonly height: number;
  /** Once it is written. */
  readonly obj: object | null;
  embed(document: PdfDocument): void;
}

/** An object of the file, written by its `end`. */
export interface PdfReference {
  readonly data: Record<string, unknown>;
  write(bytes: Uint8Array): void;
  end(): void;
}

/** A page of pdfkit, as far as it is written to. */
export interface DrawnPage {
  readonly annotations: object[];
  /** Fonts by the names that its operators have for them. */
  readonly fonts: Record<string, object>;
  write(operators: string): void;
  readonly content: PdfReference & { compress: boolean; buffer: Uint8Array[] };
}

export interface PdfDocument {
  page: DrawnPage;
  readonly outline: OutlineItem;
  /** Names a place of the present page; lengths as for `text`. */
  addNamedDestination(name: string, type: 'XYZ', x: number, y: number, zoom: null): void;
  addContent(operator: string | Uint8Array): this;
  flushPages(): void;
  fonts: Record<string, Record<string, string>>;
  _font: PdfFont;
  _fontCount: number;
  /** Each is asked to write itself when the document ends. */
  _fontFamilies: Record<string, PdfFont | { finalize(): void }>;
  _imageRegistry: Record<string, PdfImage>;
  _imageCount: number;
  _offset: number;
  /** Null where the document is not encrypted. */
  _security: PdfSecurity | null;
  /** The catalog. */
  readonly _root: {
    readonly data: Record<string, unknown> & {
      readonly Names: { readonly data: Record<string, CollectedNames | object> };
    };
  };
  font(source: string, family?: string | number, size?: number): this;
  fontSize(size: number): this;
  /** In the present font and size, points. */
  widthOfString(text: string): number;
  text(text: string, x: number, y: number, options: object): this;
  fillColor(color: string, opacity: number): this;
  /** Of fills and strokes, 0..1. */
  opacity(share: number): this;
  save(): this;
  restore(): this;
  transform(a: number, b: number, c: number, d: number, x: number, y: number): this;
  openImage(source: Uint8Array | string): PdfImage;
  /** Makes an area lead to an address; lengths as for `text`. */
  link(x: number, y: number, width: number, height: number, address: string): this;
  /** Makes an area lead to a place of the document, by its name. */
  goTo(x: number, y: number, width: number, height: number, name: string): this;
  /** An area in the points of the page: left, bottom, right, top. */
  _convertRect(x: number, y: number, width: number, height: number): [number, number, number, number];
  provideFont(family: string, bold: boolean, italics: boolean): PdfFont;
  provideImage(key: string): PdfImage;
  addPage(options: object): this;
  file(content: Uint8Array, options: object): unknown;
  /** Entries of the document's information dictionary. */
  info: Record<string, unknown>;
  /** Writes `info` into the XMP packet. */
  _addInfo(): void;
  /** Adds to the XMP packet, as it is. */
  appendXML(xml: string): void;
  ref(data?: Record<string, unknown>): PdfReference;
  push(chunk: Uint8Array | null): boolean;
  _write(bytes: Uint8Array | string): void;
  end(): void;
}

type PdfDocumentClass = new (
  fonts: object,
  images: object,
  patterns: object,
  attachments: object,
  options: object,
  virtualFiles: null,
  localAccess: (path: unknown) => boolean,
) => PdfDocument;

const require = createRequire(import.meta.url);
function load<T>(part: string): T {
  return (require(`pdfmake/js/${part}.js`) as { default: T }).default;
}

export const PdfMakeDocument = load<PdfDocumentClass>('PDFDocument');
export const PdfMakeLayout =
  load<new (size: PageSize, margins: Margins, svg: object) => LayoutBuilder>('LayoutBuilder');
export const PdfMakeRenderer = load<new (document: PdfDocument) => Renderer>('Renderer');
export const PdfMakeContext = load<new () => Context>('DocumentContext');
export const PdfMakeWriter = load<new (context: Context) => Writer>('PageElementWriter');
export const PdfMakeTableProcessor = load<new (node: TableNode) => TableProcessor>('TableProcessor');
export const PdfMakeLine = load<new (maxWidth: number) => Line>('Line');
export const PdfMakeTextBreaker =
  load<new () => { getBreaks(parts: readonly TextPart[], stack: StyleStack): Inline[] }>('TextBreaker');
export const PdfMakeTextInlines = load<new (document: PdfDocument | null) => TextInlines>('TextInlines');
/** Named table looks; the table of contents uses one of them. */
export const pdfMakeTableLayouts = (require('pdfmake/js/tableLayouts.js') as { tableLayouts: object })
  .tableLayouts;
export interface SvgMeasure {
  measureSVG(svg: PdfMakeSvg): { width?: number | undefined; height?: number | undefined };
  writeDimensions(svg: PdfMakeSvg, size: { width: number; height: number }): string;
}
/** A drawing with its own size in points, which a measure of our own takes in the place of markup. */
export interface SizedSvg {
  readonly rest: string;
  readonly width: number;
  readonly height: number;
  readonly viewBox: readonly number[] | undefined;
}
export type PdfMakeSvg = string | SizedSvg;
export const PdfMakeSvgMeasure = load<new () => SvgMeasure>('SVGMeasure');
