import { readFileSync } from 'node:fs';
import Value from 'typebox/value';
import type { IndexRange } from '../../../protocol/job-record.js';
import {
  type ChunkContext,
  type ChunkedRunner,
  type Prepared,
  RenderFailure,
  type RunContext,
  type RunResult,
} from '../../kind.js';
import { identify } from './inputs/identify.js';
import { openDrawer, readInput } from './inputs/readers.js';
import { drawPages } from './pages/draw-pages.js';
import { contentTypes } from './pages/encode.js';
import { previewLimits } from './pages/limits.js';
import { countOf, firstOf, pagesOf, pagesOfUnits, unitOf } from './pages/page-ranges.js';
import { PdfFiles } from './pages/pdf-files.js';
import { type PictureFormat, type PreviewRequest, previewPlanSchema } from './pages/plan.js';
import { sizesFile } from './pages/sizes-file.js';
import { type Found, PageFailed, type PagePicture, type Source, type SourceFile } from './pages/source.js';

/** As many as take some hundred milliseconds. */
const pagesPerChunk = 8;

/** What the chunks get of `prepare`. */
interface PreviewPlan {
  readonly request: PreviewRequest;
  readonly source: Source;
  readonly pageCount: number;
  /** From 0. */
  readonly pages: readonly IndexRange[];
}

export const previewRunner: ChunkedRunner = createPreviewRunner();

function createPreviewRunner(): ChunkedRunner {
  const files = new PdfFiles();
  return {
    name: 'preview',
    warm: () => files.warm(),
    practise: () => files.practise(),
    prepare: (request, context) => prepare(Value.Parse(previewPlanSchema, request), context, files),
    chunk: (units, context) => chunk(units, context, files),
    finish,
  };
}

async function prepare(request: PreviewRequest, context: RunContext, files: PdfFiles): Promise<Prepared> {
  const path = context.inputPath(request.input);
  const format = await identify(path, { isCsv: request.isCsv === true });
  const { source, ...found } = await readInput(format, path, request, { context, files });
  const pageCount = found.sizes.length;
  // The first of all parts: a viewer has the shape of the whole document before it has a page.
  const part = context.part('pages.json', 'application/json', { pageCount });
  part.write(sizesFile(found));
  part.end();
  if (found.document !== undefined) tellDocument(found.document, context);
  const pages = choosePages(request, found, context);
  const first = unitOf(pages, (request.firstPage ?? 0) - 1) ?? 0;
  const plan: PreviewPlan = { request, source, pageCount, pages };
  return {
    units: countOf(pages),
    unitsPerChunk: pagesPerChunk,
    first,
    plan,
    unitsArePages: true,
    finishReadsNames: true,
  };
}

/** A PDF that nobody has sent: its pages can be looked at, and their text read, as those of a PDF that was. */
function tellDocument(path: string, context: RunContext): void {
  const part = context.part('document.pdf', 'application/pdf');
  part.write(readFileSync(path));
  part.end();
}

function choosePages(
  { pages, firstPage }: PreviewRequest,
  { sizes, isCut = false }: Pick<Found, 'sizes' | 'isCut'>,
  context: RunContext,
) {
  const pageCount = sizes.length;
  const named = pagesOf(pages ?? [{ from: 1 }], pageCount);
  if (named.length === 0) {
    throw new RenderFailure(`names none of the pages of the document, which has ${pageCount}`, '/pages');
  }
  const most = pages === undefined ? previewLimits.pages : previewLimits.namedPages;
  const chosen = firstOf(named, most);
  if (countOf(named) > most) {
    const count = isCut ? `more than ${most}` : pageCount;
    const message = `The document has ${count} pages, of which the first ${most} are drawn; \`pages\` names others`;
    context.warn({ code: 'pages_left_out', message });
  }
  if (firstPage !== undefined && unitOf(chosen, firstPage - 1) === undefined)
    context.warn({
      code: 'first_page_not_drawn',
      message: 'is none of the pages that are drawn',
      pointer: '/first_page',
    });
  return chosen;
}

async function chunk(units: IndexRange, context: ChunkContext, files: PdfFiles): Promise<void> {
  const { request, source, pages } = planOf(context);
  const drawer = openDrawer(source, placeOf(source.file, context), request, { context, files });
  const indexes = pagesOfUnits(pages, units);
  let done = 0;
  try {
    await drawPages(drawer, indexes, (index, page) => {
      done += 1;
      tellPage(index, page, done === indexes.length, context, request);
      context.progress({ ratio: done / indexes.length, phase: 'pages' });
    });
  } finally {
    drawer.close();
  }
}

function tellPage(
  index: number,
  drawn: PagePicture | PageFailed,
  isLast: boolean,
  context: ChunkContext,
  { format }: PreviewRequest,
): void {
  const number = index + 1;
  if (drawn instanceof PageFailed) {
    context.warn({ code: drawn.code, message: `Page ${number} ${drawn.message}` });
    return;
  }
  const { width, height, bytes, placeholder, remark } = drawn;
  if (remark !== undefined) context.warn({ code: remark.code, message: `Page ${number} ${remark.message}` });
  const page = { number, width, height, ...(placeholder === undefined ? {} : { placeholder }) };
  const given = [pictureName(number, format), contentTypes[format], { page }] as const;
  // Pages are told of as they come; the artifact says that the chunk is done.
  const writer = isLast ? context.artifact(...given) : context.part(...given);
  writer.write(bytes);
  writer.end();
}

/** Makes `preview.json`: which pages have a picture. Their sizes stand beside them in the list of artifacts. */
async function finish(lost: readonly IndexRange[], context: ChunkContext): Promise<RunResult> {
  const { request, pageCount, pages } = planOf(context);
  const made = new Set(context.parts);
  for (const index of lost.flatMap((units) => pagesOfUnits(pages, units)))
    context.warn({ code: 'page_lost', message: `Page ${index + 1} ends the engine that draws it` });
  const numbers = pagesOfUnits(pages, { from: 0, to: countOf(pages) }).map((index) => index + 1);
  const drawn = numbers.filter((number) => made.has(pictureName(number, request.format)));
  if (drawn.length === 0) throw new RenderFailure('no page of the document can be drawn', '/input');
  const result = context.artifact('preview.json', 'application/json');
  const pictures = drawn.map((page) => ({ page, name: pictureName(page, request.format) }));
  const missing = numbers.filter((number) => !made.has(pictureName(number, request.format)));
  result.write(Buffer.from(JSON.stringify({ page_count: pageCount, pictures, missing })));
  result.end();
  return { pages: pageCount };
}

function pictureName(number: number, format: PictureFormat): string {
  return `page-${number}.${format}`;
}

/** Of our own making, by `prepare`. */
function planOf({ plan }: ChunkContext): PreviewPlan {
  return plan as PreviewPlan;
}

function placeOf(file: SourceFile, context: ChunkContext): string {
  return 'prepared' in file ? context.preparedPath(file.prepared) : context.inputPath(file.input);
}
