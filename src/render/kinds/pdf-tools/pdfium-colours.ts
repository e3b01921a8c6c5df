import { allocate, type Engine } from './pdfium-engine.js';

/** Values of fpdf_edit.h and fpdf_annot.h. */
const [text, path, image, form] = [1, 2, 3, 5];
const deviceGray = 1;
const linkAnnotation = 2;
/** What the engine says of the colour of a pattern. */
const patternGray = 0xbf;
/** Looking at more objects costs more than it saves. */
const maxObjects = 5_000;
const maxDepth = 4;
const scratchBytes = 32;

/** Text of this mode is there to be found, over the picture of a scan. */
const invisible = 3;

/**
 * What of an open page can have a colour.
 * - `nothing`, and no text is seen: it may be drawn with one byte a pixel, in less time and with the same pixels.
 * - `no text`, and nothing else: with one byte the engine would set it on whole pixels, where it otherwise knows thirds of them.
 * - `something`, or it is not known for certain that nothing has one.
 */
export type Colours = 'nothing' | 'no text' | 'something';

export function coloursOf(engine: Engine, page: number): Colours {
  const count = engine.FPDFPage_CountObjects(page);
  if (count > maxObjects || !hasPlainAnnotations(engine, page)) return 'something';
  const scratch = allocate(engine, scratchBytes);
  let left = maxObjects;
  let hasText = false;

  function isGrayColor(known: boolean): boolean {
    const [red, green, blue] = new Uint32Array(engine.pdfium.HEAPU8.buffer, scratch, 3);
    return known && red === green && green === blue && red !== patternGray;
  }

  function hasGrayColors(object: number): boolean {
    const at = [scratch, scratch + 4, scratch + 8, scratch + 12] as const;
    return (
      isGrayColor(engine.FPDFPageObj_GetFillColor(object, ...at)) &&
      isGrayColor(engine.FPDFPageObj_GetStrokeColor(object, ...at))
    );
  }

  function isGrayImage(object: number): boolean {
    if (!engine.FPDFImageObj_GetImageMetadata(object, page, scratch)) return false;
    return new Int32Array(engine.pdfium.HEAPU8.buffer, scratch, 6)[5] === deviceGray;
  }

  function isGray(object: number, depth: number): boolean {
    left -= 1;
    if (left < 0 || engine.FPDFPageObj_HasTransparency(object)) return false;
    switch (engine.FPDFPageObj_GetType(object)) {
      case text:
        if (engine.FPDFTextObj_GetTextRenderMode(object) === invisible) return true;
        hasText = true;
        return hasGrayColors(object) && !isDrawn(engine, object, scratch);
      case path:
        return hasGrayColors(object);
      case image:
        return isGrayImage(object);
      case form: {
        const inner = engine.FPDFFormObj_CountObjects(object);
        if (depth >= maxDepth || inner > left) return false;
        for (let at = 0; at < inner; at += 1)
          if (!isGray(engine.FPDFFormObj_GetObject(object, at), depth + 1)) return false;
        return true;
      }
      default:
        return false;
    }
  }

  try {
    for (let at = 0; at < count; at += 1)
      if (!isGray(engine.FPDFPage_GetObject(page, at), 0)) return 'something';
    return hasText ? 'no text' : 'nothing';
  } finally {
    engine.pdfium.wasmExports.free(scratch);
  }
}

/** Whether the glyphs of a text are drawings, which have colours of their own: its font is in the file, and is no font program. */
function isDrawn(engine: Engine, text: number, scratch: number): boolean {
  const font = engine.FPDFTextObj_GetFont(text);
  if (engine.FPDFFont_GetIsEmbedded(font) !== 1) return false;
  const hasProgram = engine.FPDFFont_GetFontData(font, 0, 0, scratch);
  return !hasProgram || new Uint32Array(engine.pdfium.HEAPU8.buffer, scratch, 1)[0] === 0;
}

/** Links draw nothing. */
export function hasPlainAnnotations(engine: Engine, page: number): boolean {
  const count = engine.FPDFPage_GetAnnotCount(page);
  if (count > maxObjects) return false;
  for (let at = 0; at < count; at += 1) {
    const annotation = engine.FPDFPage_GetAnnot(page, at);
    const isLink = annotation !== 0 && engine.FPDFAnnot_GetSubtype(annotation) === linkAnnotation;
    if (annotation !== 0) engine.FPDFPage_CloseAnnot(annotation);
    if (!isLink) return false;
  }
  return true;
}
