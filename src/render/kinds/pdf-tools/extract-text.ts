import { readFile } from 'node:fs/promises';
import Value from 'typebox/value';
import { type KindRunner, RenderFailure, type RunContext, type RunResult } from '../../kind.js';
import { pdfLimits } from './limits.js';
import { isTruncated, pdfFailure } from './pdf-failure.js';
import { type PdfiumDocument, startPdfium } from './pdfium.js';
import { loadPdfiumProgram } from './pdfium-engine.js';
import { extractTextPlanSchema } from './requests.js';
import { hundredths, layText, type TextPage } from './text-layout.js';

/** Reads the text of a PDF. A file that opens with the empty password is read as any viewer would show it. */
export const extractTextRunner: KindRunner = {
  name: 'extract_text',
  async warm() {
    await loadPdfiumProgram();
  },
  run: async (request, context) => run(await loadPdfiumProgram(), request, context),
};

async function run(program: WebAssembly.Module, request: unknown, context: RunContext): Promise<RunResult> {
  const { file, pageIndex, includeFormatting } = Value.Parse(extractTextPlanSchema, request);
  const bytes = await readFile(context.inputPath(file));
  if (isTruncated(bytes)) throw pdfFailure({ is: 'truncated' }, '/pdf_data');
  const pdfium = await startPdfium(program, pdfLimits.textMemoryBytes, () => context.heavy());
  const document = pdfium.open(bytes, '/pdf_data');
  try {
    const indexes = chooseIndexes(document.pageCount, pageIndex);
    const { texts, pages } = readPages(document, indexes, includeFormatting, context);
    const result = {
      text: texts.join('\n\n'),
      page_count: document.pageCount,
      pages_processed: indexes.length,
      ...(includeFormatting ? { pages } : {}),
    };
    const writer = context.artifact('text.json', 'application/json');
    writer.write(Buffer.from(JSON.stringify(result)));
    writer.end();
    return { pages: document.pageCount };
  } finally {
    document.close();
  }
}

function chooseIndexes(pageCount: number, pageIndex: number | undefined): readonly number[] {
  if (pageCount === 0) throw pdfFailure({ is: 'empty' }, '/pdf_data');
  if (pageIndex === undefined) {
    if (pageCount <= pdfLimits.pages) return Array.from({ length: pageCount }, (_, index) => index);
    throw pdfFailure({ is: 'too-long', pages: pageCount, limit: pdfLimits.pages }, '/pdf_data');
  }
  if (pageIndex < pageCount) return [pageIndex];
  throw new RenderFailure(`is past the last page, ${pageCount - 1}`, '/page_index');
}

function readPages(
  document: PdfiumDocument,
  indexes: readonly number[],
  includeFormatting: boolean,
  context: RunContext,
) {
  const texts: string[] = [];
  const pages: TextPage[] = [];
  let characters = 0;
  for (const [done, index] of indexes.entries()) {
    document.withFlatPage(index, (page) => {
      const text = page.text().trimEnd();
      characters += text.length;
      if (characters > pdfLimits.textCharacters) {
        const message = `the PDF has more text than ${pdfLimits.textCharacters} characters`;
        throw new RenderFailure(message, '/pdf_data');
      }
      texts.push(text);
      if (!includeFormatting) return;
      const [width, height] = [hundredths(page.width), hundredths(page.height)];
      pages.push({ page_index: index, width, height, blocks: layText(page.glyphs()) });
    });
    const pagesDone = done + 1;
    const ratio = pagesDone / indexes.length;
    context.progress({ ratio, phase: 'pages', pagesDone, pagesTotal: indexes.length });
  }
  return { texts, pages };
}
