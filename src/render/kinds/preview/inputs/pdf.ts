import { RenderFailure, type RunContext } from '../../../kind.js';
import { pdfFailure } from '../../pdf-tools/pdf-failure.js';
import type { PdfiumDocument } from '../../pdf-tools/pdfium.js';
import type { DrawnPage } from '../../pdf-tools/pdfium-drawing.js';
import { PageTooSlow } from '../../pdf-tools/pdfium-pause.js';
import { encode, isQuick, type Pixels, placeholderOf } from '../pages/encode.js';
import { previewLimits } from '../pages/limits.js';
import type { PdfFiles, PdfToOpen } from '../pages/pdf-files.js';
import { type PictureSize, pictureSize } from '../pages/picture-size.js';
import type { PictureFormat, PreviewRequest } from '../pages/plan.js';
import {
  type Drawer,
  type EncodedPage,
  PageFailed,
  type PagePicture,
  type PageSizes,
} from '../pages/source.js';
import { encodeAside } from './image.js';
import { drawScan } from './scan.js';

/** A PDF as a request has it. */
export function pdfOf(path: string, { password }: PreviewRequest, context: RunContext): PdfToOpen {
  return {
    path,
    pointer: '/input',
    onHeavy: () => context.heavy(),
    ...(password === undefined ? {} : { password }),
  };
}

/** Rejects with `RenderFailure` for a file that has no pages. */
export async function readPdfSizes(files: PdfFiles, pdf: PdfToOpen): Promise<PageSizes> {
  const document = await files.open(pdf);
  try {
    const { pageCount } = document;
    if (pageCount === 0) throw pdfFailure({ is: 'empty' }, pdf.pointer);
    return { unit: 'pt', sizes: Array.from({ length: pageCount }, (_, index) => document.pageSize(index)) };
  } finally {
    files.giveBack();
  }
}

type Look = Pick<PreviewRequest, 'quality' | 'width' | 'height' | 'dpi'> & { readonly format: PictureFormat };

/** Of the pixels of a page that is encoded while the next one is drawn, which takes the memory of the engine: A4 with 200 dpi and colours. */
const copiedMaxBytes = 16 * 1024 * 1024;

/** Draws pages of a PDF, for a task. */
export class PdfDrawer implements Drawer {
  readonly #files: PdfFiles;
  readonly #pdf: PdfToOpen;
  readonly #look: Look;
  /** Of pixels that are encoded already. */
  readonly #buffers: ArrayBufferLike[] = [];
  readonly #context: Pick<RunContext, 'picture'>;

  constructor(files: PdfFiles, pdf: PdfToOpen, look: Look, context: Pick<RunContext, 'picture'>) {
    this.#context = context;
    this.#files = files;
    this.#pdf = pdf;
    this.#look = look;
  }

  async draw(index: number): Promise<EncodedPage> {
    const document = await this.#files.open(this.#pdf);
    const scan = await this.#guarded(() => scanOf(document, index, this.#look, this.#context));
    if (scan !== undefined) return { picture: Promise.resolve(scan) };
    const { drawn, size } = await this.#draw(document, index);
    const isCopied = drawn.data.length <= copiedMaxBytes;
    const pixels = isCopied ? this.#copyOf(drawn) : drawn;
    if (isCopied) drawn.release();
    const picture = this.#encoded(pixels, size).finally(() => {
      if (isCopied) this.#buffers.push(pixels.data.buffer);
      else drawn.release();
    });
    // The engine is asked for nothing else while its memory is read.
    if (!isCopied) await picture;
    return { picture };
  }

  async #encoded(pixels: Pixels, size: PictureSize): Promise<PagePicture> {
    const made = encodePage(pixels, this.#look, this.#context);
    const [bytes, placeholder] = await Promise.all([made, placeholderOf(pixels)]);
    const { width, height } = pixels;
    return { width, height, bytes, placeholder, ...reduced(size) };
  }

  #copyOf({ width, height, channels, data }: DrawnPage): Pixels {
    const kept = this.#buffers.pop();
    const buffer = kept !== undefined && kept.byteLength >= data.length ? kept : new ArrayBuffer(data.length);
    const copy = new Uint8Array(buffer, 0, data.length);
    copy.set(data);
    return { width, height, channels, data: copy };
  }

  #draw(
    document: PdfiumDocument,
    index: number,
  ): Promise<{ readonly drawn: DrawnPage; readonly size: PictureSize }> {
    let size: PictureSize | undefined;
    const pixels = (page: PictureSize): PictureSize => {
      size = pictureSize(page, this.#look);
      return size;
    };
    return this.#guarded(() => {
      const drawn = document.draw(index, pixels, previewLimits.pageMs);
      return { drawn, size: size ?? drawn };
    });
  }

  async #guarded<Result>(act: () => Result | Promise<Result>): Promise<Result> {
    try {
      return await act();
    } catch (error) {
      // What the page has done to the engine is nothing for the next one.
      this.#files.giveBack({ isSpoilt: true });
      throw pageFailureOf(error);
    }
  }

  close(): void {
    this.#files.giveBack();
  }
}

/** The file of a page that was drawn. Rejects with `PageFailed`. */
export async function encodePage(
  drawn: Pixels,
  { format, quality }: Pick<Look, 'format' | 'quality'>,
  context: Pick<RunContext, 'picture'>,
): Promise<Buffer> {
  if (isQuick(drawn, format)) return encode(drawn, format, quality);
  return encodeAside(context, drawn, format, quality).catch((error: unknown) => {
    throw pageFailureOf(error);
  });
}

/** A page that is one JPEG file; undefined for every other one. */
export async function scanOf(
  document: PdfiumDocument,
  index: number,
  look: Look,
  context: Pick<RunContext, 'picture'>,
): Promise<PagePicture | undefined> {
  const jpeg = document.jpegOf(index);
  if (jpeg === undefined) return undefined;
  const size = pictureSize(document.pageSize(index), look);
  const picture = await drawScan(jpeg, size, look, context);
  return picture && { ...picture, ...reduced(size) };
}

function reduced({ reducedDpi }: PictureSize): Pick<PagePicture, 'remark'> {
  if (reducedDpi === undefined) return {};
  const message = `is drawn with ${reducedDpi} dots for an inch, since a picture has ${previewLimits.side} pixels a side at most`;
  return { remark: { code: 'page_reduced', message } };
}

/** Of what drawing a page has thrown. */
export function pageFailureOf(error: unknown): unknown {
  if (error instanceof PageTooSlow)
    return new PageFailed('page_too_slow', `takes longer to draw than ${previewLimits.pageMs / 1000} s`);
  if (error instanceof RenderFailure)
    return new PageFailed('page_broken', `cannot be drawn: ${error.message}`);
  return error;
}
