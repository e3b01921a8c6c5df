import { allocate, type Engine } from './pdfium-engine.js';

/** What readers take where a page says nothing: US Letter, points. */
const letter = [0, 0, 612, 792] as const;

/**
 * Mends a page whose crop box lies outside of its media box, which has no size then: it is shown as a whole, as readers do. An
 * open page does not see it.
 * @returns false when the page has a size already
 */
export function mendCropBox(engine: Engine, page: number): boolean {
  if (engine.FPDF_GetPageWidthF(page) > 0 && engine.FPDF_GetPageHeightF(page) > 0) return false;
  const memory = allocate(engine, 16);
  const at = [memory, memory + 4, memory + 8, memory + 12] as const;
  const isKnown = engine.FPDFPage_GetMediaBox(page, ...at);
  const [left = 0, bottom = 0, right = 0, top = 0] = isKnown
    ? new Float32Array(engine.pdfium.HEAPU8.buffer, memory, 4)
    : letter;
  engine.pdfium.wasmExports.free(memory);
  engine.FPDFPage_SetCropBox(page, left, bottom, right, top);
  return true;
}
