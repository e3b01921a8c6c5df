import { readFile } from 'node:fs/promises';
import Value from 'typebox/value';
import type { KindRunner, RunContext, RunResult } from '../../kind.js';
import { pdfLimits } from './limits.js';
import { warnOfLosses } from './losses.js';
import { openPdf } from './pdf-document.js';
import { pdfFailure } from './pdf-failure.js';
import { createPdfOutput } from './pdf-output.js';
import { mergePlanSchema } from './requests.js';

/**
 * Joins PDFs. Page sizes, rotation, annotations, links within a file and bookmarks are kept; what is not is listed
 * in page-copy.ts. Title, author, subject and keywords are those of the first file.
 */
export const mergeRunner: KindRunner = { name: 'merge', run };

async function run(request: unknown, context: RunContext): Promise<RunResult> {
  const { files, forms } = Value.Parse(mergePlanSchema, request);
  const output = await createPdfOutput(forms ?? 'keep');
  let pagesDone = 0;
  for (const [index, file] of files.entries()) {
    const pointer = `/pdf_files/${index}`;
    const source = await openPdf(await readFile(context.inputPath(file)), pointer, () => context.heavy());
    const pages = pagesDone + source.pages.length;
    if (pages > pdfLimits.pages) throw pdfFailure({ is: 'too-long', pages, limit: pdfLimits.pages }, pointer);
    let copied = 0;
    const losses = output.append(source, source.pages, () => {
      copied += 1;
      // The total is not known before the last file is open, so the ratio goes by files. Writing is the last tenth.
      const ratio = ((index + copied / source.pages.length) / files.length) * 0.9;
      context.progress({ ratio, phase: 'pages', pagesDone: pagesDone + copied });
    });
    warnOfLosses(source, losses, pointer, context);
    pagesDone += copied;
  }
  context.progress({ ratio: 0.9, phase: 'storing', pagesDone, pagesTotal: pagesDone });
  const writer = context.artifact('merged.pdf', 'application/pdf');
  writer.write(await output.save());
  writer.end();
  return { pages: pagesDone };
}
