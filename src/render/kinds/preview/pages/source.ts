import type { ChunkContext, RunContext } from '../../../kind.js';
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

export interface Found {
  readonly source: Source;
  /** Of `sizes`: points of a page of paper, or pixels. */
  readonly unit: 'pt' | 'px';
  /** Of every page, as it is shown. */
  readonly sizes: readonly PageSize[];
  /** The PDF itself, where nobody has sent it: it becomes an artifact of the job, for the text of its pages. */
  readonly document?: string;
}

/** Makes of an input what pages are drawn from. Rejects with `RenderFailure` at `/input` for what cannot be read. */
export type Reader = (path: string, request: PreviewRequest, context: RunContext) => Promise<Found>;

/** A picture of a page, encoded. */
export interface PagePicture extends PageSize {
  readonly bytes: Uint8Array;
  /** A `data:` URL. */
  readonly placeholder?: string;
  /** A word on how it was drawn. */
  readonly remark?: { readonly code: string; readonly message: string };
}

/** Draws pages, one after the other. */
export interface Drawer {
  /** Page `index`, from 0. Rejects with `PageFailed` for a page that cannot be drawn, after which others can. */
  draw(index: number): Promise<PagePicture>;
  close(): void;
}

export type OpenDrawer = (
  source: Source,
  path: string,
  request: PreviewRequest,
  context: ChunkContext,
) => Promise<Drawer>;

/** A page has no picture; the others of the document have. The message is a sentence of ours, without text of the file. */
export class PageFailed extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}
