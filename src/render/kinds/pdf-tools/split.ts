import { readFile } from 'node:fs/promises';
import Value from 'typebox/value';
import { type KindRunner, RenderFailure, type RunContext, type RunResult } from '../../kind.js';
import { chunkRanges } from './chunk-ranges.js';
import { pdfLimits } from './limits.js';
import { warnOfLosses } from './losses.js';
import { openPdf } from './pdf-document.js';
import { createPdfOutput } from './pdf-output.js';
import { splitPlanSchema } from './requests.js';

/** Cuts a PDF. Every chunk is a document of its own, with what page-copy.ts keeps and no page that is not in it. */
export const splitRunner: KindRunner = { name: 'split', run };

async function run(request: unknown, context: RunContext): Promise<RunResult> {
  const { file, splitAtPages, maxPagesPerChunk, forms } = Value.Parse(splitPlanSchema, request);
  const source = await openPdf(await readFile(context.inputPath(file)), '/pdf_data', () => context.heavy());
  const pagesTotal = source.pages.length;
  const outside = splitAtPages.findIndex((point) => point >= pagesTotal);
  if (outside !== -1) {
    throw new RenderFailure(`is past the last page, ${pagesTotal - 1}`, `/split_at_pages/${outside}`);
  }
  const ranges = chunkRanges(pagesTotal, splitAtPages, maxPagesPerChunk);
  if (ranges.length > pdfLimits.chunks) {
    throw new RenderFailure(
      `makes ${ranges.length} files; the limit is ${pdfLimits.chunks}`,
      '/split_at_pages',
    );
  }

  const digits = Math.max(3, String(ranges.length).length);
  const chunks = ranges.map((_, index) => `chunk-${String(index + 1).padStart(digits, '0')}.pdf`);
  const list = context.artifact('split.json', 'application/json');
  const counts = ranges.map(({ from, to }) => to - from);
  list.write(Buffer.from(JSON.stringify({ chunk_page_counts: counts, chunks })));
  list.end();

  let pagesDone = 0;
  let [signatures, unflattened, unreadable] = [0, 0, 0];
  for (const [index, { from, to }] of ranges.entries()) {
    const output = await createPdfOutput(forms ?? 'keep');
    const losses = output.append(source, source.pages.slice(from, to), () => {
      pagesDone += 1;
      context.progress({ ratio: pagesDone / pagesTotal, phase: 'pages', pagesDone, pagesTotal });
    });
    signatures += losses.signatures;
    unflattened += losses.unflattened;
    unreadable += losses.unreadable;
    const writer = context.artifact(chunks[index] ?? '', 'application/pdf');
    writer.write(await output.save());
    writer.end();
  }
  warnOfLosses(source, { renamings: [], signatures, unflattened, unreadable }, '/pdf_data', context);
  return { pages: pagesTotal };
}
