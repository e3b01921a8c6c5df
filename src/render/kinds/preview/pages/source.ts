import type { ImageFormat } from '../../../picture-call.js';
import type { PageSize } from '../../pdf-tools/pdfium.js';
import type { PreviewRequest } from './plan.js';

/** What pages are drawn from: found in `prepare`, opened anew by every chunk. */

/** Where the file lies, for any task of the attempt. */
export type SourceFile =
  | { readonly input: PreviewRequest['input'] }
  /** An artifact of `prepare`. */
  | { readonly prepared: string };

/** Plain data. */
export type Source =
  | { readonly drawnBy: 'pdf'; readonly file: SourceFile }
  /** As it was measured. */
  | {
      readonly drawnBy: 'image';
      readonly file: SourceFile;
      readonly format: ImageFormat;
      readonly pages: number;
      readonly memoryMb: number;
    };

/** Of every page, as it is shown: points of a page of paper, or pixels. */
export interface PageSizes {
  readonly unit: 'pt' | 'px';
  readonly sizes: readonly PageSize[];
}

export interface Found extends PageSizes {
  /** The document has more pages, which were not made. */
  readonly isCut?: boolean;
  readonly source: Source;
  /** Path of the PDF itself, where nobody has sent it: it becomes an artifact of the job, for the text of its pages. */
  readonly document?: string;
}

/** A picture of a page, encoded. */
export interface PagePicture extends PageSize {
  readonly bytes: Uint8Array;
  /** A `data:` URL. */
  readonly placeholder?: string;
  /** A word on how it was drawn; the message goes on after "Page 7". */
  readonly remark?: { readonly code: string; readonly message: string };
}

/** A page that is drawn, and may still be encoded. */
export interface EncodedPage {
  /** Rejects with `PageFailed` for a page of which no picture can be made. */
  readonly picture: Promise<PagePicture>;
}

/** Draws pages, one after the other. */
export interface Drawer {
  /**
   * Page `index`, from 0. Resolves when the next one may be asked for; of two pages before that one the picture must have settled.
   * Rejects with `PageFailed` for a page that cannot be drawn, after which others can.
   */
  draw(index: number): Promise<EncodedPage>;
  /** After the last picture has settled. */
  close(): void;
}

/** A page has no picture; the others of the document have. The message goes on after "Page 7", without text of the file. */
export class PageFailed extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}
