import { coloursOf } from './pdfium-colours.js';
import { allocate, type Engine } from './pdfium-engine.js';
import { type DrawCall, PageTooSlow, type PauseTest, renderWithin } from './pdfium-pause.js';
import { meanGray, packGray } from './raster.js';

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

/** Formats and flags of fpdfview.h. */
const gray = 1;
const bgr = 2;
const withAnnotations = 0x01;
/** Text lies on thirds of a pixel without it as well; the engine then makes one shade of each three, pixel by pixel. */
const thirds = 0x02;
const reverseOrder = 0x10;
/** Where all channels become one their order means nothing, and the engine sets text faster in its own. */
const orders = { nothing: 0, 'no text': thirds, something: reverseOrder } as const;

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
  const colours = coloursOf(engine, page);
  const isGray = colours === 'nothing';
  const stride = isGray ? columns : columns * 3;
  const bytes = stride * rows;
  const memory = allocate(engine, bytes);
  const release = (): void => engine.pdfium.wasmExports.free(memory);
  const bitmap = engine.FPDFBitmap_CreateEx(columns, rows, isGray ? gray : bgr, memory, stride);
  try {
    if (bitmap === 0) throw new Error(`PDFium has no memory for ${columns} x ${rows} pixels`);
    engine.pdfium.HEAPU8.fill(0xff, memory, memory + bytes);
    const flags = withAnnotations | orders[colours];
    const place: DrawCall = [bitmap, page, 0, 0, columns, rows, 0, flags];
    if (budgetMs === undefined) engine.FPDF_RenderPageBitmap(...place);
    else if (!renderWithin(engine, pause, place, budgetMs)) throw new PageTooSlow();
    engine.FPDF_FFLDraw(form, ...place);
    const pixels = engine.pdfium.HEAPU8.subarray(memory, memory + bytes);
    if (colours === 'no text') meanGray(pixels);
    const channels = colours !== 'something' || packGray(pixels) ? 1 : 3;
    return {
      width: columns,
      height: rows,
      channels,
      data: pixels.subarray(0, columns * rows * channels),
      release,
    };
  } catch (error) {
    release();
    throw error;
  } finally {
    if (bitmap !== 0) engine.FPDFBitmap_Destroy(bitmap);
  }
}
