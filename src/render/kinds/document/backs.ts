import type { JobWarning } from '../../../protocol/job-record.js';
import type { FontRegistry } from '../../fonts/registry.js';
import type { Segment } from '../../fonts/segments.js';
import type { Area, Stops } from '../../kind.js';
import type { BandPair, Bands } from './bands.js';
import type { InkwireDocument } from './pdf-document.js';
import type { Margins, Node, PageSize } from './pdfmake.js';

/** What a document is drawn from, by whichever back. */

/** A document in pdfmake's terms, and what goes around it. Lengths are points. */
export interface Definition {
  /** The content, between margins that leave room for header and footer. */
  readonly content: (margins: (size: PageSize, isFirst: boolean) => Margins) => readonly Node[];
  readonly pageSize: PageSize;
  /** What the caller asked for; header and footer may need more. */
  readonly margins: Margins;
  readonly defaultStyle: Node;
  readonly bands: BandPair;
  /** Those of the first page. */
  readonly firstBands: BandPair;
  /** Asked for after the content, so that what its characters lack is told after that. */
  readonly watermark: () => WatermarkText | undefined;
  readonly info: Readonly<Record<string, string | Date>>;
  /** For the XMP packet alone. */
  readonly properties?: Readonly<Record<string, string>>;
  readonly language?: string;
  readonly encryption?: object;
  readonly files: readonly { readonly content: Uint8Array; readonly options: object }[];
}

export interface WatermarkText {
  readonly text: string;
  readonly bold: boolean;
  /** The text in pieces that one family can show each. */
  readonly parts: readonly Segment[];
  /** Points; as large as the page has room for when left out. */
  readonly fontSize?: number;
  readonly [look: string]: unknown;
}

export interface Sink {
  write(bytes: Uint8Array): void;
  /** Share of the layout done, 0..1. */
  layout(ratio: number): void;
  pages(done: number, total: number): void;
  /** Share of the content that is on pages, 0..1, where pages are finished before their number is known. */
  placed(ratio: number, pages: number): void;
  warn(warning: JobWarning): void;
  /** Where the task may be stopped meanwhile. */
  readonly stops?: Stops | undefined;
  /** Where somebody asks for it: told of the place of every part. */
  readonly area?: (area: Area) => void;
}

/** A document with its nodes, which both backs take; neither changes those that it does not draw. */
export interface Composed {
  readonly definition: Definition;
  readonly bands: Bands;
  readonly content: readonly Node[];
  readonly watermark: WatermarkText | undefined;
}

/** What of a document a back does not draw; it has drawn nothing then. */
export interface Declined {
  readonly declined: string;
}

/** Draws pages; returns their number where it draws such a document. */
export type Back = (
  composed: Composed,
  document: InkwireDocument,
  registry: FontRegistry,
  sink: Sink,
) => number | Declined;
