import { type KindRunner, RenderFailure, type RunContext, type RunResult } from '../../kind.js';
import { type PageView, spritePages } from '../../page-view.js';
import { pdfFailure } from '../pdf-tools/pdf-failure.js';
import type { PdfiumDocument } from '../pdf-tools/pdfium.js';
import { encodePage, pageFailureOf, scanOf } from './inputs/pdf.js';
import { wordsOf } from './page-words.js';
import { contentTypes, encode } from './pages/encode.js';
import { previewLimits } from './pages/limits.js';
import { PdfFiles, type PdfToOpen } from './pages/pdf-files.js';
import { pictureSize } from './pages/picture-size.js';
import { sizesFile } from './pages/sizes-file.js';
import { PageFailed } from './pages/source.js';
import { layOut, Sheet } from './sprite.js';

/** Of a small picture on a sheet, milliseconds. */
const smallPictureMs = 1_000;
const spriteQuality = 70;

/** Shows a page of a PDF, or says something of it: for the server itself, which makes the requests. Input 0 is the PDF. */
export const pageViewRunner: KindRunner = createPageViewRunner();

function createPageViewRunner(): KindRunner {
  const files = new PdfFiles();
  return {
    name: 'page_view',
    // Of the server's own making (`work/run/page-viewer.ts`).
    run: (request, context) => run(request as PageView, context, files),
  };
}

async function run(view: PageView, context: RunContext, files: PdfFiles): Promise<RunResult> {
  const pdf = { path: context.inputPath(0), pointer: '', onHeavy: () => context.heavy() };
  const document = await files.open(pdf);
  const { pageCount } = document;
  const page = 'page' in view ? view.page : 'from' in view ? view.from : 1;
  if (page > pageCount) {
    files.giveBack();
    if (pageCount === 0) throw pdfFailure({ is: 'empty' }, '');
    throw new RenderFailure(`The document has ${pageCount} ${pageCount === 1 ? 'page' : 'pages'}.`, '/page');
  }
  try {
    await show(view, { document, files, pdf }, context);
  } catch (error) {
    files.giveBack({ isSpoilt: true });
    throw refusalOf(error, page);
  }
  files.giveBack();
  return { pages: pageCount };
}

interface Opened {
  readonly document: PdfiumDocument;
  readonly files: PdfFiles;
  readonly pdf: PdfToOpen;
}

async function show(view: PageView, opened: Opened, context: RunContext): Promise<void> {
  const { document } = opened;
  const write = (name: string, type: string, bytes: Uint8Array): void => {
    const artifact = context.artifact(name, type);
    artifact.write(bytes);
    artifact.end();
  };
  switch (view.view) {
    case 'sizes':
      return write('pages.json', 'application/json', sizesFile({ unit: 'pt', sizes: sizesOf(document) }));
    case 'text':
      return write('text.json', 'application/json', textFile(document, view.page));
    case 'picture': {
      const { format, page, width } = view;
      const look = { format, width, quality: previewLimits.quality };
      const scan = await scanOf(document, page - 1, look, context);
      if (scan !== undefined) return write(`page.${format}`, contentTypes[format], scan.bytes);
      const drawn = document.draw(page - 1, (size) => pictureSize(size, { width }), previewLimits.pageMs);
      const bytes = await encodePage(drawn, look, context);
      drawn.release();
      return write(`page.${format}`, contentTypes[format], bytes);
    }
    case 'sprite': {
      const { sheet, map } = await drawSprite(opened, view.from);
      write('sprite.webp', contentTypes.webp, await encode(sheet, 'webp', spriteQuality));
      return write('sprite.json', 'application/json', map);
    }
  }
}

function sizesOf(document: PdfiumDocument) {
  return Array.from({ length: document.pageCount }, (_, index) => document.pageSize(index));
}

function textFile(document: PdfiumDocument, page: number): Buffer {
  const { width, height } = document.pageSize(page - 1);
  const words = document.withFlatPage(page - 1, (opened) => wordsOf(opened.glyphs(), opened));
  return Buffer.from(JSON.stringify({ page, unit: 'pt', width, height, ...words }));
}

/** A page that cannot be drawn is left white. */
async function drawSprite(opened: Opened, from: number): Promise<{ sheet: Sheet; map: Buffer }> {
  let { document } = opened;
  const { pageCount } = document;
  const count = Math.min(spritePages, pageCount - from + 1);
  const layout = layOut(Array.from({ length: count }, (_, at) => document.pageSize(from - 1 + at)));
  const sheet = new Sheet(layout);
  for (const [at, place] of layout.places.entries()) {
    try {
      const drawn = document.draw(from - 1 + at, () => place, smallPictureMs);
      sheet.put(place, drawn);
      drawn.release();
    } catch (error) {
      if (!(pageFailureOf(error) instanceof PageFailed)) throw error;
      opened.files.giveBack({ isSpoilt: true });
      document = await opened.files.open(opened.pdf);
    }
  }
  const { width, height, places } = layout;
  const pages = places.map((place, at) => ({ page: from + at, ...place }));
  return { sheet, map: Buffer.from(JSON.stringify({ page_count: pageCount, width, height, pages })) };
}

function refusalOf(error: unknown, page: number): unknown {
  const failure = pageFailureOf(error);
  return failure instanceof PageFailed ? new RenderFailure(`Page ${page} ${failure.message}`) : failure;
}
