import { allocate, type Engine } from './pdfium-engine.js';
import { type DrawCall, PageTooSlow, type PauseTest, renderWithin } from './pdfium-pause.js';
import { packGray } from './raster.js';

/**
 * A page that was drawn, in the engine's own memory: whoever has it asks nothing else of the engine until `release`, which is
 * called once.
 */
export interface DrawnPage {
  readonly width: number;
  readonly height: number;
  /** Three channels are red, green and blue; one is gray, where no pixel has a colour. */
  readonly channels: 1 | 3;
  /** Row by row. */
  readonly data: Uint8Array;
  release(): void;
}

/** Format and flags of fpdfview.h. */
const bgr = 2;
const withAnnotations = 0x01;
const reverseOrder = 0x10;

export interface DrawablePage {
  readonly page: number;
  readonly form: number;
  readonly pause: PauseTest;
}

/**
 * Draws an open page on white, with its annotations and the fields of its form, without a channel for transparency.
 * @param columns, rows pixels, whole and at least 1
 * @param budgetMs throws `PageTooSlow` when drawing takes longer
 */
export function drawPage(
  engine: Engine,
  { page, form, pause }: DrawablePage,
  columns: number,
  rows: number,
  budgetMs: number | undefined,
): DrawnPage {
  const bytes = columns * rows * 3;
  const memory = allocate(engine, bytes);
  const release = (): void => engine.pdfium.wasmExports.free(memory);
  const bitmap = engine.FPDFBitmap_CreateEx(columns, rows, bgr, memory, columns * 3);
  try {
    if (bitmap === 0) throw new Error(`PDFium has no memory for ${columns} x ${rows} pixels`);
    engine.FPDFBitmap_FillRect(bitmap, 0, 0, columns, rows, 0xffffffff);
    const place: DrawCall = [bitmap, page, 0, 0, columns, rows, 0, withAnnotations | reverseOrder];
    if (budgetMs === undefined) engine.FPDF_RenderPageBitmap(...place);
    else if (!renderWithin(engine, pause, place, budgetMs)) throw new PageTooSlow();
    engine.FPDF_FFLDraw(form, ...place);
    const rgb = engine.pdfium.HEAPU8.subarray(memory, memory + bytes);
    const channels = packGray(rgb) ? 1 : 3;
    return {
      width: columns,
      height: rows,
      channels,
      data: rgb.subarray(0, columns * rows * channels),
      release,
    };
  } catch (error) {
    release();
    throw error;
  } finally {
    if (bitmap !== 0) engine.FPDFBitmap_Destroy(bitmap);
  }
}
