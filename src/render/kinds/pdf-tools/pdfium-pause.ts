import { addCallbacks } from './pdfium-callbacks.js';
import { allocate, type Engine } from './pdfium-engine.js';

/** Drawing a page takes longer than it may. The document and its other pages are not touched by it. */
export class PageTooSlow extends Error {}

/** What the engine asks between the objects of a page, whether it is to stop. */
export interface PauseTest {
  /** `IFSDK_PAUSE` of fpdf_progressive.h. */
  readonly pointer: number;
  /** `performance.now()` at which it is to stop. */
  until: number;
}

/** The answers of fpdf_progressive.h. */
const toBeContinued = 1;
const pauseVersion = 1;

/** Bitmap, page, x, y, width, height, rotation, flags. */
export type DrawCall = Parameters<Engine['FPDF_RenderPageBitmap']>;

export function createPauseTest(engine: Engine): PauseTest {
  const pointer = allocate(engine, 12);
  const test: PauseTest = { pointer, until: Number.POSITIVE_INFINITY };
  const answer = (): number => (performance.now() > test.until ? 1 : 0);
  const [isOver = 0] = addCallbacks(engine, [{ takes: 1, gives: true, answer }]);
  const [version, asks, data] = [pointer, pointer + 4, pointer + 8];
  engine.pdfium.setValue(version, pauseVersion, 'i32');
  engine.pdfium.setValue(asks, isOver, 'i32');
  engine.pdfium.setValue(data, 0, 'i32');
  return test;
}

/** @returns false when the budget was over before the page was drawn */
export function renderWithin(engine: Engine, test: PauseTest, place: DrawCall, budgetMs: number): boolean {
  test.until = performance.now() + budgetMs;
  const status = engine.FPDF_RenderPageBitmap_Start(...place, test.pointer);
  engine.FPDF_RenderPage_Close(place[1]);
  return status !== toBeContinued;
}
