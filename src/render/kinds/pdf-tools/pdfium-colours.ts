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
 * Whether an open page may be drawn with one byte a pixel, in less time and with the same pixels: nothing of it can have a
 * colour, and it has no text that is seen. The engine sets text on whole pixels then, where it otherwise knows thirds of them.
 * What is not known for certain is a reason against it.
 */
export function isGrayPicture(engine: Engine, page: number): boolean {
  const count = engine.FPDFPage_CountObjects(page);
  if (count > maxObjects || !hasPlainAnnotations(engine, page)) return false;
  const scratch = allocate(engine, scratchBytes);
  let left = maxObjects;

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
        return engine.FPDFTextObj_GetTextRenderMode(object) === invisible;
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
    for (let at = 0; at < count; at += 1) if (!isGray(engine.FPDFPage_GetObject(page, at), 0)) return false;
    return true;
  } finally {
    engine.pdfium.wasmExports.free(scratch);
  }
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
