import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { PDFiumModule } from '@hyzyla/pdfium';
import { PdfiumBound, PdfUnread } from './pdfium-bound.js';
import { type Box, type Glyph, hundredths } from './text-layout.js';

/**
 * PDFium through its raw functions: the package's own classes never close a page that is not rendered, and offer
 * text without places.
 */
export interface Pdfium {
  /** Throws `RenderFailure` at `pointer` for a file that PDFium does not open. */
  open(file: Uint8Array, pointer: string): PdfiumDocument;
}

export interface PdfiumDocument {
  readonly pageCount: number;
  /** Opens page `index`, hands it to `read` and closes it; after a failure there are no more pages. For pictures. */
  withPage<Result>(index: number, read: (page: PdfiumPage) => Result): Result;
  /**
   * The same, with what its fields and annotations show as a part of its content, which is where the engine looks for
   * text.
   */
  withFlatPage<Result>(index: number, read: (page: PdfiumPage) => Result): Result;
  /** Gives the memory back. Once. */
  close(): void;
}

export interface PdfiumPage {
  /** As shown, millimetres. */
  readonly width: number;
  readonly height: number;
  /** Lines end with `\n`. */
  text(): string;
  glyphs(): readonly Glyph[];
  /** The page on white, with its annotations and the fields of its form: RGBA, row by row. Pixels, whole and at least 1. */
  picture(width: number, height: number): Buffer;
}

type Base = Awaited<ReturnType<typeof PDFiumModule>>;

/** Functions that the WebAssembly module exports and that the package's types leave out. Numbers are pointers. */
interface Engine extends Base {
  _FPDFPage_Flatten(page: number, usage: number): number;
  _FPDF_PageToDevice(
    page: number,
    ...place: [
      x: number,
      y: number,
      w: number,
      h: number,
      turn: number,
      px: number,
      py: number,
      dx: number,
      dy: number,
    ]
  ): number;
  _FPDFText_GetUnicode(textPage: number, index: number): number;
  _FPDFText_IsGenerated(textPage: number, index: number): number;
  _FPDFText_GetFontSize(textPage: number, index: number): number;
  _FPDFText_GetMatrix(textPage: number, index: number, matrix: number): number;
  _FPDFText_GetLooseCharBox(textPage: number, index: number, rectangle: number): number;
}

const needed = [
  '_FPDFPage_Flatten',
  '_FPDFDOC_InitFormFillEnvironment',
  '_FPDFDOC_ExitFormFillEnvironment',
  '_FORM_OnAfterLoadPage',
  '_FORM_OnBeforeClosePage',
  '_FPDF_FFLDraw',
  '_FPDF_PageToDevice',
  '_FPDFText_GetUnicode',
  '_FPDFText_IsGenerated',
  '_FPDFText_GetFontSize',
  '_FPDFText_GetMatrix',
  '_FPDFText_GetLooseCharBox',
];

function isEngine(module: Base): module is Engine {
  return needed.every((name) => typeof Reflect.get(module, name) === 'function');
}

/** Reads the program of the engine and compiles it, to start instances from. */
export async function loadPdfiumProgram(): Promise<WebAssembly.Module> {
  return WebAssembly.compile(
    await readFile(createRequire(import.meta.url).resolve('@hyzyla/pdfium/pdfium.wasm')),
  );
}

/**
 * Starts an instance, some 10 ms. One job gets one: WebAssembly memory grows and never shrinks, so this is how it
 * comes back, and a file that upsets the engine spoils nothing for the next owner's.
 * @param memoryBytes what it may take beside the file; no limit of a thread counts the memory of WebAssembly
 * @param onHeavy it has taken much of it
 */
export async function startPdfium(
  program: WebAssembly.Module,
  memoryBytes: number,
  onHeavy: () => void,
): Promise<Pdfium> {
  const bound = new PdfiumBound(memoryBytes, onHeavy);
  const module = await PDFiumModule({
    locateFile: () => '',
    instantiateWasm: (imports, done) => {
      const instance = new WebAssembly.Instance(
        program,
        bound.imports(imports, () => instance.exports),
      );
      // The types say that it takes the module.
      Reflect.apply(done, undefined, [instance]);
      return instance.exports;
    },
    // It would write on the server's standard error what becomes a failure of the job.
    ...{ print: () => undefined, printErr: () => undefined },
  });
  if (!isEngine(module)) throw new Error('the PDFium build lacks a function');
  module._FPDF_InitLibraryWithConfig({});
  return {
    open(file, pointer) {
      bound.admit(file.length, pointer);
      return openDocument(module, file, bound);
    },
  };
}

/** FPDF_GetLastError: 4 a password is needed, 5 a security scheme that is not known. */
const passwordErrors: ReadonlySet<number> = new Set([4, 5]);

function openDocument(engine: Engine, file: Uint8Array, bound: PdfiumBound): PdfiumDocument {
  const { document, memory, form } = bound.call(() => openFile(engine, file));
  const unreadable = (index: number) =>
    new PdfUnread({ is: 'broken', detail: `page ${index} cannot be read` });

  /** Opens a page; fields get the look of their value, where the file has none. */
  function load(index: number): number {
    const page = engine._FPDF_LoadPage(document, index);
    if (page === 0) throw unreadable(index);
    engine._FORM_OnAfterLoadPage(page, form.handle);
    return page;
  }

  function close(page: number): void {
    engine._FORM_OnBeforeClosePage(page, form.handle);
    engine._FPDF_ClosePage(page);
  }

  function read<Result>(
    index: number,
    page: number,
    flat: boolean,
    use: (page: PdfiumPage) => Result,
  ): Result {
    const textPage = engine._FPDFText_LoadPage(page);
    if (textPage === 0) throw unreadable(index);
    const scratch = allocate(engine, 32);
    const result = use(createPage(engine, { page, textPage, scratch, form: form.handle, flat }));
    engine.wasmExports.free(scratch);
    engine._FPDFText_ClosePage(textPage);
    close(page);
    return result;
  }

  return {
    pageCount: bound.call(() => engine._FPDF_GetPageCount(document)),
    withPage: (index, use) => bound.call(() => read(index, load(index), false, use)),
    withFlatPage: (index, use) =>
      bound.call(() => {
        const page = load(index);
        if (engine._FPDFPage_Flatten(page, forScreen) !== flattened) return read(index, page, false, use);
        // An open page does not see what was added to it.
        close(page);
        return read(index, load(index), true, use);
      }),
    close() {
      // After a failure the instance has no further use: what it holds goes with it.
      if (bound.hasFailed) return;
      form.close();
      engine._FPDF_CloseDocument(document);
      engine.wasmExports.free(memory);
    },
  };
}

function openFile(engine: Engine, file: Uint8Array) {
  const memory = allocate(engine, file.length);
  engine.HEAPU8.set(file, memory);
  const document = engine._FPDF_LoadMemDocument(memory, file.length, 0);
  if (document === 0) {
    const isEncrypted = passwordErrors.has(engine._FPDF_GetLastError());
    throw new PdfUnread(isEncrypted ? { is: 'encrypted' } : { is: 'broken', detail: 'it cannot be read' });
  }
  return { document, memory, form: startForm(engine, document) };
}

/** Usage and answer of fpdf_flatten.h. */
const forScreen = 0;
const flattened = 1;

/** Without this environment fields are no part of pictures. Its scripts do not run: the build has no engine for them. */
function startForm(engine: Engine, document: number) {
  // FPDF_FORMFILLINFO: version 1, and no call back.
  const settings = allocate(engine, formSettingsBytes);
  engine.HEAPU8.fill(0, settings, settings + formSettingsBytes);
  engine.HEAPU8[settings] = 1;
  const handle = engine._FPDFDOC_InitFormFillEnvironment(document, settings);
  return {
    handle,
    close() {
      engine._FPDFDOC_ExitFormFillEnvironment(handle);
      engine.wasmExports.free(settings);
    },
  };
}

/** More than any version of the structure has. */
const formSettingsBytes = 512;

const mmPerPoint = 25.4 / 72;
/** Format and flags of fpdfview.h. */
const bgra = 4;
const withAnnotations = 0x01;
const reverseOrder = 0x10;
/** PDFium places in whole device units; this many to a point keep a thousandth. */
const unitsPerPoint = 1000;

interface OpenPage {
  readonly page: number;
  readonly textPage: number;
  /** 32 bytes of the engine's memory for answers. */
  readonly scratch: number;
  readonly form: number;
  /** Fields and annotations were made a part of the content. */
  readonly flat: boolean;
}

function createPage(engine: Engine, { page, textPage, scratch, form, flat }: OpenPage): PdfiumPage {
  const width = engine._FPDF_GetPageWidth(page);
  const height = engine._FPDF_GetPageHeight(page);
  const count = Math.max(0, engine._FPDFText_CountChars(textPage));
  // A view is made for every read: the engine's memory moves when it grows.
  const floats = () => new Float32Array(engine.HEAPU8.buffer, scratch, 6);

  function toPage(x: number, y: number): readonly [number, number] {
    const [w, h] = [Math.round(width * unitsPerPoint), Math.round(height * unitsPerPoint)];
    engine._FPDF_PageToDevice(page, 0, 0, w, h, 0, x, y, scratch, scratch + 4);
    const answer = new Int32Array(engine.HEAPU8.buffer, scratch, 2);
    const scale = mmPerPoint / unitsPerPoint;
    return [(answer[0] ?? 0) * scale, (answer[1] ?? 0) * scale];
  }

  function box(index: number): Box | undefined {
    if (engine._FPDFText_IsGenerated(textPage, index) === 1) return undefined;
    if (engine._FPDFText_GetLooseCharBox(textPage, index, scratch) === 0) return undefined;
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
    const size = engine._FPDFText_GetFontSize(textPage, index);
    if (engine._FPDFText_GetMatrix(textPage, index, scratch) === 0) return hundredths(size);
    const [, , c = 0, d = 1] = floats();
    return hundredths(size * Math.hypot(c, d));
  }

  /**
   * The engine puts a space, not a line end, between the texts of two fields, wherever they are. Sideways text is
   * judged across its lines.
   */
  function isLineEnd(index: number): boolean {
    if (!flat || engine._FPDFText_IsGenerated(textPage, index) !== 1) return false;
    if (engine._FPDFText_GetUnicode(textPage, index) !== 0x20) return false;
    if (engine._FPDFText_GetMatrix(textPage, index - 1, scratch) === 0) return false;
    const [a = 1, b = 0] = floats();
    const [before, behind] = [index - 1, index + 1].map((at) => {
      if (engine._FPDFText_GetLooseCharBox(textPage, at, scratch) === 0) return undefined;
      const [left = 0, top = 0, right = 0, bottom = 0] = floats();
      return Math.abs(a) >= Math.abs(b) ? [bottom, top] : [left, right];
    });
    if (before === undefined || behind === undefined) return false;
    return Math.max(...before) <= Math.min(...behind) || Math.max(...behind) <= Math.min(...before);
  }

  function textOf(from: number, to: number): string {
    const memory = allocate(engine, (to - from + 1) * 2);
    try {
      const units = engine._FPDFText_GetText(textPage, from, to - from, memory);
      const bytes = engine.HEAPU8.subarray(memory, memory + Math.max(0, units - 1) * 2);
      return readable(new TextDecoder('utf-16le').decode(bytes));
    } finally {
      engine.wasmExports.free(memory);
    }
  }

  function picture(columns: number, rows: number): Buffer {
    const bitmap = engine._FPDFBitmap_CreateEx(columns, rows, bgra, 0, columns * 4);
    if (bitmap === 0) throw new Error(`PDFium has no memory for ${columns} x ${rows} pixels`);
    try {
      engine._FPDFBitmap_FillRect(bitmap, 0, 0, columns, rows, 0xffffffff);
      const flags = withAnnotations | reverseOrder;
      engine._FPDF_RenderPageBitmap(bitmap, page, 0, 0, columns, rows, 0, flags);
      engine._FPDF_FFLDraw(form, bitmap, page, 0, 0, columns, rows, 0, flags);
      const start = engine._FPDFBitmap_GetBuffer(bitmap);
      // A copy: the engine's memory goes.
      return Buffer.from(engine.HEAPU8.subarray(start, start + columns * rows * 4));
    } finally {
      engine._FPDFBitmap_Destroy(bitmap);
    }
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
        const unit = isLineEnd(index) ? '\n' : codePoint(engine._FPDFText_GetUnicode(textPage, index));
        const text = readable(unit);
        return { text, fontSize: fontSize(index), ...(found === undefined ? {} : { box: found }) };
      });
    },
    picture,
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

function allocate(engine: Engine, bytes: number): number {
  const memory = engine.wasmExports.malloc(bytes);
  if (memory === 0) throw new Error(`PDFium has no memory for ${bytes} bytes`);
  return memory;
}
