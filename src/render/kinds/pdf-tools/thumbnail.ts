import sharp from 'sharp';
import { RenderFailure } from '../../kind.js';
import { pdfLimits } from './limits.js';
import { pdfFailure } from './pdf-failure.js';
import { type PdfiumDocument, startPdfium } from './pdfium.js';

/** Level 6 costs twice as much for some per cent of the bytes. */
const pngLevel = 2;

export interface PicturePlace {
  /** From 1. */
  readonly page: number;
  /** Pixels; less where the page would be too high. */
  readonly width: number;
  /** Called when much memory was taken. */
  readonly heavy: () => void;
}

export interface PagePicture {
  readonly png: Buffer;
  /** Of the whole document. */
  readonly pages: number;
  /** Of the page as it is shown, millimetres. */
  readonly widthMm: number;
  readonly heightMm: number;
}

/** A page of a PDF without a password. Rejects with `RenderFailure` at `/page` past the last one. */
export async function pagePicture(
  program: WebAssembly.Module,
  file: Uint8Array,
  { page, width, heavy }: PicturePlace,
): Promise<PagePicture> {
  const pdfium = await startPdfium(program, pdfLimits.pictureMemoryBytes, heavy);
  const document = pdfium.open(file, '');
  try {
    const { raster, widthMm, heightMm } = draw(document, page, width);
    const { data, ...raw } = raster;
    const png = await sharp(data, { raw })
      .toColourspace(raw.channels === 1 ? 'b-w' : 'srgb')
      .png({ compressionLevel: pngLevel })
      .toBuffer();
    return { png, pages: document.pageCount, widthMm, heightMm };
  } finally {
    document.close();
  }
}

function draw(document: PdfiumDocument, page: number, wanted: number) {
  const { pageCount } = document;
  if (pageCount === 0) throw pdfFailure({ is: 'empty' }, '');
  if (page > pageCount) {
    throw new RenderFailure(`The document has ${pageCount} ${pageCount === 1 ? 'page' : 'pages'}.`, '/page');
  }
  return document.withPage(page - 1, (opened) => {
    const shape = opened.height / opened.width;
    const width = Math.max(1, Math.min(wanted, Math.floor(pdfLimits.pictureHeight / shape)));
    const height = Math.max(1, Math.min(pdfLimits.pictureHeight, Math.round(width * shape)));
    return { raster: opened.raster(width, height), widthMm: opened.width, heightMm: opened.height };
  });
}
