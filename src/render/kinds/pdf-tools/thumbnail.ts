import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { Type } from 'typebox';
import Value from 'typebox/value';
import { type KindRunner, RenderFailure, type RunContext, type RunResult } from '../../kind.js';
import { pdfLimits } from './limits.js';
import { pdfFailure } from './pdf-failure.js';
import { loadPdfiumProgram, type PdfiumDocument, startPdfium } from './pdfium.js';

/** What the back gets; there is no front: callers cannot submit it. Input 0 is a PDF of ours. */
const planSchema = Type.Object({
  /** From 1. */
  page: Type.Integer({ minimum: 1 }),
  /** Pixels. */
  width: Type.Integer({ minimum: 1 }),
});

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
  const pdfium = await startPdfium(program, pdfLimits.pictureMemoryBytes, () => context.heavy());
  const document = pdfium.open(await readFile(context.inputPath(0)), '');
  try {
    const picture = draw(document, page, width);
    const raw = { width: picture.width, height: picture.height, channels: 4 } as const;
    const png = await sharp(picture.pixels, { raw }).removeAlpha().png({ compressionLevel: 6 }).toBuffer();
    const writer = context.artifact('page.png', 'image/png');
    writer.write(png);
    writer.end();
    return { pages: document.pageCount };
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
    return { width, height, pixels: opened.picture(width, height) };
  });
}
