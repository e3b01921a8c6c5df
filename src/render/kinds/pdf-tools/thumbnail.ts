import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { Type } from 'typebox';
import Value from 'typebox/value';
import { type KindRunner, RenderFailure, type RunContext, type RunResult } from '../../kind.js';
import { pdfLimits } from './limits.js';
import { pdfFailure } from './pdf-failure.js';
import { type PdfiumDocument, startPdfium } from './pdfium.js';
import { loadPdfiumProgram } from './pdfium-engine.js';

/** What the back gets; there is no front: callers cannot submit it. Input 0 is a PDF of ours. */
const planSchema = Type.Object({
  /** From 1. */
  page: Type.Integer({ minimum: 1 }),
  /** Pixels. */
  width: Type.Integer({ minimum: 1 }),
});

/** Level 6 costs twice as much for some per cent of the bytes. */
const pngLevel = 2;

/** A page of a PDF as a PNG, `page.png`. */
export const thumbnailRunner: KindRunner = createThumbnailRunner();

function createThumbnailRunner(): KindRunner {
  let program: Promise<WebAssembly.Module> | undefined;
  return {
    name: 'thumbnail',
    async run(request, context) {
      program ??= loadPdfiumProgram();
      return run(await program, request, context);
    },
  };
}

async function run(program: WebAssembly.Module, request: unknown, context: RunContext): Promise<RunResult> {
  const { page, width } = Value.Parse(planSchema, request);
  const file = await readFile(context.inputPath(0));
  const { png, pages } = await pagePicture(program, file, { page, width, heavy: () => context.heavy() });
  const writer = context.artifact('page.png', 'image/png');
  writer.write(png);
  writer.end();
  return { pages };
}

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
    const png = await sharp(data, { raw }).png({ compressionLevel: pngLevel }).toBuffer();
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
