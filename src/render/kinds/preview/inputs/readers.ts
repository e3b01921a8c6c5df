import { readFile } from 'node:fs/promises';
import type { RunContext } from '../../../kind.js';
import { previewLimits } from '../pages/limits.js';
import type { PdfFiles } from '../pages/pdf-files.js';
import type { PreviewRequest } from '../pages/plan.js';
import type { Drawer, Found, Source } from '../pages/source.js';
import type { Identified } from './identified.js';
import { measureImage } from './image.js';
import { openImageDrawer } from './image-drawer.js';
import { officePdf } from './office.js';
import { PdfDrawer, pdfOf, readPdfSizes } from './pdf.js';
import { refuseInput } from './refusals.js';
import { videoFrame } from './video.js';

/** Makes of every input what pages are drawn from: a PDF, or an image. */

const pointer = '/input';
/** Where nobody asks for another one: the first frames of a video are often black. */
const defaultTimeMs = 1_000;

/** What a task reads and draws with. */
export interface Task {
  readonly context: RunContext;
  readonly files: PdfFiles;
}

/** Rejects with `RenderFailure` at `/input` for what cannot be read. */
export async function readInput(
  found: Identified,
  path: string,
  request: PreviewRequest,
  { context, files }: Task,
): Promise<Found> {
  switch (found.family) {
    case 'pdf': {
      const sizes = await readPdfSizes(files, pdfOf(path, request, context));
      const fetched = request.isFetched === true ? { document: path } : {};
      return { source: { drawnBy: 'pdf', file: { input: request.input } }, ...sizes, ...fetched };
    }
    case 'image': {
      const file = { input: request.input };
      return imageFound(await measureImage(context, { source: { path }, format: found.format, pointer }), {
        file,
        format: found.format,
      });
    }
    case 'office':
    case 'text': {
      const pdf = await officePdf(context, { path, document: found, pointer }, pagesToMake(request));
      const sizes = await readPdfSizes(files, pdfOf(pdf, request, context));
      const prepared = await keep(context, 'document.pdf', 'application/pdf', await readFile(pdf));
      const isCut = request.pages === undefined && sizes.sizes.length > previewLimits.pages;
      return { source: { drawnBy: 'pdf', file: { prepared } }, ...sizes, isCut, document: pdf };
    }
    case 'video': {
      const time = request.timeMs ?? defaultTimeMs;
      const { png, isPastEnd } = await videoFrame(
        context,
        { path, format: found.format, pointer },
        time,
        previewLimits.side,
      );
      if (isPastEnd)
        context.warn({
          code: 'video_shorter',
          message: 'The video ends before this time: its last frame is shown',
          pointer: '/time',
        });
      const prepared = await keep(context, 'frame.png', 'image/png', png);
      const size = await measureImage(context, { source: { bytes: png }, format: 'png', pointer });
      return imageFound(size, { file: { prepared }, format: 'png' });
    }
    case 'refused':
      throw refuseInput(found.refusal, pointer);
  }
}

export function openDrawer(
  source: Source,
  path: string,
  request: PreviewRequest,
  { context, files }: Task,
): Drawer {
  return source.drawnBy === 'pdf'
    ? new PdfDrawer(files, pdfOf(path, request, context), request, context)
    : openImageDrawer(source, path, request, context);
}

function imageFound(
  { width, height, pages, memoryMb }: Awaited<ReturnType<typeof measureImage>>,
  { file, format }: Pick<Extract<Source, { drawnBy: 'image' }>, 'file' | 'format'>,
): Found {
  const sizes = Array.from({ length: pages }, () => ({ width, height }));
  return { source: { drawnBy: 'image', file, format, pages, memoryMb }, unit: 'px', sizes };
}

/** A sheet may have thousands of pages: of those behind the last one that is drawn, one is made, so that it is missed. */
function pagesToMake({ pages }: PreviewRequest): string {
  if (pages === undefined) return `1-${previewLimits.pages + 1}`;
  const last = Math.max(...pages.map(({ to = previewLimits.namedPages }) => to));
  return `1-${Math.min(last, previewLimits.namedPages)}`;
}

/** For the other tasks of the attempt. */
async function keep(context: RunContext, name: string, type: string, bytes: Uint8Array): Promise<string> {
  const writer = context.artifact(name, type);
  writer.write(bytes);
  writer.end();
  return name;
}
