import { hasPlainAnnotations } from './pdfium-colours.js';
import { allocate, type Engine } from './pdfium-engine.js';

/** Values of fpdf_edit.h. */
const [text, image] = [1, 3];
const invisible = 3;
const [deviceGray, deviceRgb] = [1, 2];
const maxObjects = 5_000;
const filter = 'DCTDecode';
const scratchBytes = 64;
/** Points by which the picture may miss the edges of the page. */
const tolerance = 1;

/**
 * What an image of the file may have beside its pixels, which only the engine knows how to show. Streams stand in a file as they
 * are, so that its bytes tell whether any image has it.
 */
const besidePixels = ['/SMask', '/Mask', '/Decode[', '/Decode [', '/ColorTransform'];

/** Whether pages of a file may be JPEG files, with nothing beside their pixels. */
export function mayBeScan(file: Uint8Array): boolean {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  return (
    bytes.includes(filter, 0, 'latin1') && besidePixels.every((name) => !bytes.includes(name, 0, 'latin1'))
  );
}

/**
 * The JPEG file that an open page is, as most scanners write them: one picture, upright, from edge to edge, perhaps with text that is not seen.
 * Undefined for every other page. It is a copy.
 */
export function jpegOfPage(engine: Engine, page: number): Buffer | undefined {
  const count = engine.FPDFPage_CountObjects(page);
  if (count > maxObjects || engine.FPDFPage_GetRotation(page) !== 0) return undefined;
  let picture = 0;
  for (let at = 0; at < count; at += 1) {
    const object = engine.FPDFPage_GetObject(page, at);
    const type = engine.FPDFPageObj_GetType(object);
    if (type === text && engine.FPDFTextObj_GetTextRenderMode(object) === invisible) continue;
    if (type !== image || picture !== 0) return undefined;
    picture = object;
  }
  if (picture === 0 || engine.FPDFPageObj_HasTransparency(picture)) return undefined;
  if (!hasPlainAnnotations(engine, page)) return undefined;
  const scratch = allocate(engine, scratchBytes);
  try {
    const isFit = isJpeg(engine, page, picture, scratch) && fills(engine, page, picture, scratch);
    return isFit ? bytesOf(engine, picture) : undefined;
  } finally {
    engine.pdfium.wasmExports.free(scratch);
  }
}

function isJpeg(engine: Engine, page: number, picture: number, scratch: number): boolean {
  if (engine.FPDFImageObj_GetImageFilterCount(picture) !== 1) return false;
  const length = engine.FPDFImageObj_GetImageFilter(picture, 0, scratch, scratchBytes);
  const name = Buffer.from(engine.pdfium.HEAPU8.slice(scratch, scratch + Math.max(0, length - 1)));
  if (name.toString('latin1') !== filter) return false;
  if (!engine.FPDFImageObj_GetImageMetadata(picture, page, scratch)) return false;
  const space = new Int32Array(engine.pdfium.HEAPU8.buffer, scratch, 6)[5];
  return space === deviceRgb || space === deviceGray;
}

/** Whether it lies upright from edge to edge of the page as it is shown. */
function fills(engine: Engine, page: number, picture: number, scratch: number): boolean {
  if (!engine.FPDFPageObj_GetMatrix(picture, scratch)) return false;
  const [a = 0, b = 1, c = 1, d = 0, e = 0, f = 0] = new Float32Array(
    engine.pdfium.HEAPU8.buffer,
    scratch,
    6,
  );
  if (a <= 0 || d <= 0 || Math.abs(b) > 0.01 || Math.abs(c) > 0.01) return false;
  const [width, height] = [engine.FPDF_GetPageWidthF(page), engine.FPDF_GetPageHeightF(page)];
  const shown = (x: number, y: number) => {
    // PDFium places in whole units: tenths of a point here.
    const size = [Math.round(width * 10), Math.round(height * 10)] as const;
    engine.FPDF_PageToDevice(page, 0, 0, ...size, 0, x, y, scratch, scratch + 4);
    const [left = 0, top = 0] = new Int32Array(engine.pdfium.HEAPU8.buffer, scratch, 2);
    return [left / 10, top / 10] as const;
  };
  const [left, bottom] = shown(e, f);
  const [right, top] = shown(e + a, f + d);
  const misses = [left, top, right - width, bottom - height];
  return misses.every((miss) => Math.abs(miss) <= tolerance);
}

function bytesOf(engine: Engine, picture: number): Buffer | undefined {
  const length = engine.FPDFImageObj_GetImageDataRaw(picture, 0, 0);
  if (length === 0) return undefined;
  const memory = allocate(engine, length);
  engine.FPDFImageObj_GetImageDataRaw(picture, memory, length);
  const { buffer } = engine.pdfium.HEAPU8.slice(memory, memory + length);
  engine.pdfium.wasmExports.free(memory);
  return Buffer.from(buffer);
}
