import { RenderFailure } from '../../kind.js';
import { pdfLimits } from './limits.js';
import { startPdfium } from './pdfium.js';
import { loadPdfiumProgram } from './pdfium-engine.js';

/**
 * A file that others cannot read, as PDFium has understood it: it rebuilds tables of places, finds pages in broken trees
 * and passes over what is no object. Undefined where PDFium does not open it either.
 */
export async function repairPdf(file: Uint8Array, onHeavy: () => void): Promise<Uint8Array | undefined> {
  const pdfium = await startPdfium(await loadPdfiumProgram(), pdfLimits.pictureMemoryBytes, onHeavy);
  try {
    const document = pdfium.open(file, '');
    try {
      return document.pageCount === 0 ? undefined : document.saved();
    } finally {
      document.close();
    }
  } catch (error) {
    if (error instanceof RenderFailure) return undefined;
    throw error;
  }
}
