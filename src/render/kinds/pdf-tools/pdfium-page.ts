import { drawPage } from './pdfium-drawing.js';
import { allocate, type Engine } from './pdfium-engine.js';
import type { PauseTest } from './pdfium-pause.js';
import type { Raster } from './raster.js';
import { type Box, type Glyph, hundredths } from './text-layout.js';

export interface PdfiumPage {
  /** As shown, millimetres. */
  readonly width: number;
  readonly height: number;
  /** Lines end with `\n`. */
  text(): string;
  glyphs(): readonly Glyph[];
  /**
   * The page on white, with its annotations and the fields of its form. Pixels, whole and at least 1.
   * @param budgetMs throws `PageTooSlow` when drawing takes longer
   */
  raster(width: number, height: number, budgetMs?: number): Raster;
}

const mmPerPoint = 25.4 / 72;
/** PDFium places in whole device units; this many to a point keep a thousandth. */
const unitsPerPoint = 1000;

export interface OpenPage {
  readonly page: number;
  readonly textPage: number;
  /** 32 bytes of the engine's memory for answers. */
  readonly scratch: number;
  readonly form: number;
  readonly pause: PauseTest;
  /** Fields and annotations were made a part of the content. */
  readonly flat: boolean;
}

export function createPage(
  engine: Engine,
  { page, textPage, scratch, form, pause, flat }: OpenPage,
): PdfiumPage {
  const width = engine.FPDF_GetPageWidth(page);
  const height = engine.FPDF_GetPageHeight(page);
  const count = Math.max(0, engine.FPDFText_CountChars(textPage));
  // A view is made for every read: the engine's memory moves when it grows.
  const floats = () => new Float32Array(engine.pdfium.HEAPU8.buffer, scratch, 6);

  function toPage(x: number, y: number): readonly [number, number] {
    const [w, h] = [Math.round(width * unitsPerPoint), Math.round(height * unitsPerPoint)];
    engine.FPDF_PageToDevice(page, 0, 0, w, h, 0, x, y, scratch, scratch + 4);
    const answer = new Int32Array(engine.pdfium.HEAPU8.buffer, scratch, 2);
    const scale = mmPerPoint / unitsPerPoint;
    return [(answer[0] ?? 0) * scale, (answer[1] ?? 0) * scale];
  }

  function box(index: number): Box | undefined {
    if (engine.FPDFText_IsGenerated(textPage, index) === 1) return undefined;
    if (!engine.FPDFText_GetLooseCharBox(textPage, index, scratch)) return undefined;
    const [left = 0, top = 0, right = 0, bottom = 0] = floats();
    const [x1, y1] = toPage(left, top);
    const [x2, y2] = toPage(right, bottom);
    return {
      left: Math.min(x1, x2),
      top: Math.min(y1, y2),
      right: Math.max(x1, x2),
      bottom: Math.max(y1, y2),
    };
  }

  /** The size that is set, times what the text matrix makes of it: many producers set 1 and scale. */
  function fontSize(index: number): number {
    const size = engine.FPDFText_GetFontSize(textPage, index);
    if (!engine.FPDFText_GetMatrix(textPage, index, scratch)) return hundredths(size);
    const [, , c = 0, d = 1] = floats();
    return hundredths(size * Math.hypot(c, d));
  }

  /**
   * The engine puts a space, not a line end, between the texts of two fields, wherever they are. Sideways text is
   * judged across its lines.
   */
  function isLineEnd(index: number): boolean {
    if (!flat || engine.FPDFText_IsGenerated(textPage, index) !== 1) return false;
    if (engine.FPDFText_GetUnicode(textPage, index) !== 0x20) return false;
    if (!engine.FPDFText_GetMatrix(textPage, index - 1, scratch)) return false;
    const [a = 1, b = 0] = floats();
    const [before, behind] = [index - 1, index + 1].map((at) => {
      if (!engine.FPDFText_GetLooseCharBox(textPage, at, scratch)) return undefined;
      const [left = 0, top = 0, right = 0, bottom = 0] = floats();
      return Math.abs(a) >= Math.abs(b) ? [bottom, top] : [left, right];
    });
    if (before === undefined || behind === undefined) return false;
    return Math.max(...before) <= Math.min(...behind) || Math.max(...behind) <= Math.min(...before);
  }

  function textOf(from: number, to: number): string {
    const memory = allocate(engine, (to - from + 1) * 2);
    try {
      const units = engine.FPDFText_GetText(textPage, from, to - from, memory);
      const bytes = engine.pdfium.HEAPU8.subarray(memory, memory + Math.max(0, units - 1) * 2);
      return readable(new TextDecoder('utf-16le').decode(bytes));
    } finally {
      engine.pdfium.wasmExports.free(memory);
    }
  }

  function raster(columns: number, rows: number, budgetMs?: number): Raster {
    const { release, data, ...size } = drawPage(engine, { page, form, pause }, columns, rows, budgetMs);
    const copy = Buffer.from(data);
    release();
    return { ...size, data: copy };
  }

  return {
    width: width * mmPerPoint,
    height: height * mmPerPoint,
    text() {
      const lines: string[] = [];
      let start = 0;
      for (let index = 1; flat && index + 1 < count; index++) {
        if (!isLineEnd(index)) continue;
        lines.push(textOf(start, index));
        start = index + 1;
      }
      if (start < count) lines.push(textOf(start, count));
      return lines.join('\n');
    },
    glyphs() {
      return Array.from({ length: count }, (_, index) => {
        const found = box(index);
        const unit = isLineEnd(index) ? '\n' : codePoint(engine.FPDFText_GetUnicode(textPage, index));
        const text = readable(unit);
        return { text, fontSize: fontSize(index), ...(found === undefined ? {} : { box: found }) };
      });
    },
    raster,
  };
}

function codePoint(unit: number): string {
  return unit > 0 && unit <= 0x10ffff ? String.fromCodePoint(unit) : '';
}

/** PDFium writes U+0002 or U+FFFE for a hyphen at the end of a line, and NUL for a glyph without a meaning. */
function readable(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll('\u0002', '-')
    .replaceAll('\ufffe', '-')
    .replaceAll('\0', '');
}
