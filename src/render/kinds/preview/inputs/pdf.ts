import { readFile } from 'node:fs/promises';
import { RenderFailure, type RunContext } from '../../../kind.js';
import { pdfLimits } from '../../pdf-tools/limits.js';
import { pdfFailure } from '../../pdf-tools/pdf-failure.js';
import { type PdfiumDocument, startPdfium } from '../../pdf-tools/pdfium.js';
import type { DrawnPage } from '../../pdf-tools/pdfium-drawing.js';
import { loadPdfiumProgram } from '../../pdf-tools/pdfium-engine.js';
import { PageTooSlow } from '../../pdf-tools/pdfium-pause.js';
import { encode, placeholderOf } from '../pages/encode.js';
import { previewLimits } from '../pages/limits.js';
import { type PictureSize, pictureSize } from '../pages/picture-size.js';
import type { PreviewRequest } from '../pages/plan.js';
import { type Drawer, type OpenDrawer, PageFailed, type PagePicture, type Reader } from '../pages/source.js';

let program: Promise<WebAssembly.Module> | undefined;

/** Read and compiled once per thread. */
export function pdfiumProgram(): Promise<WebAssembly.Module> {
  program ??= loadPdfiumProgram();
  return program;
}

async function openPdf(
  file: Uint8Array,
  { password = '' }: PreviewRequest,
  context: RunContext,
): Promise<PdfiumDocument> {
  const pdfium = await startPdfium(await pdfiumProgram(), pdfLimits.pictureMemoryBytes, () =>
    context.heavy(),
  );
  return pdfium.open(file, '/input', password);
}

export const readPdf: Reader = async (path, request, context) => {
  const document = await openPdf(await readFile(path), request, context);
  try {
    const { pageCount } = document;
    if (pageCount === 0) throw pdfFailure({ is: 'empty' }, '/input');
    const sizes = Array.from({ length: pageCount }, (_, index) => document.pageSize(index));
    return { source: { drawnBy: 'pdf', file: { input: request.input } }, unit: 'pt', sizes };
  } finally {
    document.close();
  }
};

export const openPdfDrawer: OpenDrawer = async (_source, path, request, context) => {
  const file = await readFile(path);
  return new PdfDrawer(request, await openPdf(file, request, context), () => openPdf(file, request, context));
};

class PdfDrawer implements Drawer {
  #document: PdfiumDocument | undefined;

  constructor(
    private readonly request: PreviewRequest,
    document: PdfiumDocument,
    private readonly reopen: () => Promise<PdfiumDocument>,
  ) {
    this.#document = document;
  }

  async draw(index: number): Promise<PagePicture> {
    this.#document ??= await this.reopen();
    const { drawn, size } = this.#draw(this.#document, index);
    const { format, quality } = this.request;
    try {
      const [bytes, placeholder] = await Promise.all([encode(drawn, format, quality), placeholderOf(drawn)]);
      const { width, height } = drawn;
      return { width, height, bytes, placeholder, ...reduced(size) };
    } finally {
      drawn.release();
    }
  }

  #draw(document: PdfiumDocument, index: number): { readonly drawn: DrawnPage; readonly size: PictureSize } {
    let size: PictureSize | undefined;
    const pixels = (page: PictureSize): PictureSize => {
      size = pictureSize(page, this.request);
      return size;
    };
    try {
      const drawn = document.draw(index, pixels, previewLimits.pageMs);
      return { drawn, size: size ?? drawn };
    } catch (error) {
      // What the page has done to the engine is nothing for the next one.
      this.#document = undefined;
      throw failureOf(error);
    }
  }

  close(): void {
    this.#document?.close();
  }
}

function reduced({ reducedDpi }: PictureSize): Pick<PagePicture, 'remark'> {
  if (reducedDpi === undefined) return {};
  const message = `is drawn with ${reducedDpi} dots for an inch, since a picture has ${previewLimits.side} pixels a side at most`;
  return { remark: { code: 'page_reduced', message } };
}

function failureOf(error: unknown): unknown {
  if (error instanceof PageTooSlow)
    return new PageFailed('page_too_slow', `takes longer to draw than ${previewLimits.pageMs / 1000} s`);
  if (error instanceof RenderFailure)
    return new PageFailed('page_broken', `cannot be drawn: ${error.message}`);
  return error;
}
