import type { Engine } from './pdfium-engine.js';

/** A value of fpdf_edit.h. */
const text = 1;
/** Of a row of pixels. */
const raised = 0.2;
/** Of more objects nobody sees where each stands. */
const maxObjects = 5_000;

/**
 * Moves the text of an open page up by a part of a row of the picture that is drawn next. The engine sets glyphs on the nearest row, others
 * round down: so both come to the same row more often, and what is drawn is as near to where the page says (docs/DECISIONS.md). Rules and
 * pictures stay where they are, and so does text of a page that is turned.
 * @param rows of the picture
 */
export function raiseText(engine: Engine, page: number, rows: number): void {
  const count = engine.FPDFPage_CountObjects(page);
  if (count > maxObjects || engine.FPDFPage_GetRotation(page) !== 0) return;
  const up = (raised * engine.FPDF_GetPageHeightF(page)) / rows;
  for (let at = 0; at < count; at += 1) {
    const object = engine.FPDFPage_GetObject(page, at);
    if (engine.FPDFPageObj_GetType(object) === text) engine.FPDFPageObj_Transform(object, 1, 0, 0, 1, 0, up);
  }
}
