import { PdfiumBound, PdfUnread } from './pdfium-bound.js';
import { mendCropBox } from './pdfium-boxes.js';
import { type DrawnPage, drawPage } from './pdfium-drawing.js';
import { allocate, type Engine, startEngine } from './pdfium-engine.js';
import { provideFonts } from './pdfium-fonts.js';
import { createPage, type PdfiumPage } from './pdfium-page.js';
import { createPauseTest, type PauseTest } from './pdfium-pause.js';
import { raiseText } from './pdfium-rows.js';
import { jpegOfPage, mayBeScan } from './pdfium-scan.js';

/**
 * PDFium through its raw functions: the package's own classes never close a page that is not rendered, and offer
 * text without places.
 */
export interface Pdfium {
  /** Throws `RenderFailure` at `pointer` for a file that PDFium does not open with this password, or without one. */
  open(file: Uint8Array, pointer: string, password?: string): PdfiumDocument;
}

export interface PageSize {
  readonly width: number;
  readonly height: number;
}

export interface PdfiumDocument {
  readonly pageCount: number;
  /** As shown (cropped and turned), points; of a page that is not looked into. Not finite where the page says nonsense. */
  pageSize(index: number): PageSize;
  /** The JPEG file that page `index` is, where it is nothing else; a copy. */
  jpegOf(index: number): Buffer | undefined;
  /**
   * Draws page `index`; after a failure there are no more pages.
   * @param pixels of the picture, by the size of the page in points
   * @param budgetMs throws `PageTooSlow` when drawing takes longer
   */
  draw(index: number, pixels: (page: PageSize) => PageSize, budgetMs: number): DrawnPage;
  /** Opens page `index`, hands it to `read` and closes it; after a failure there are no more pages. For pictures. */
  withPage<Result>(index: number, read: (page: PdfiumPage) => Result): Result;
  /**
   * The same, with what its fields and annotations show as a part of its content, which is where the engine looks for
   * text.
   */
  withFlatPage<Result>(index: number, read: (page: PdfiumPage) => Result): Result;
  /** The document written anew, as the engine has understood it. */
  saved(): Uint8Array;
  /** Gives the memory back. Once. */
  close(): void;
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
  const engine = await startEngine(program, bound);
  provideFonts(engine);
  const pause = createPauseTest(engine);
  return {
    open(file, pointer, password = '') {
      bound.admit(file.length, pointer);
      return openDocument(engine, pause, { file, password }, bound);
    },
  };
}

/** FPDF_GetLastError: 4 a password is needed, 5 a security scheme that is not known. */
const passwordErrors: ReadonlySet<number> = new Set([4, 5]);

function openDocument(
  engine: Engine,
  pause: PauseTest,
  given: GivenFile,
  bound: PdfiumBound,
): PdfiumDocument {
  const { document, memory, form } = bound.call(() => openFile(engine, given));
  let scans: boolean | undefined;
  const unreadable = (index: number) =>
    new PdfUnread({ is: 'broken', detail: `page ${index + 1} cannot be read` });

  function sizeOf(index: number): PageSize {
    const size = sizeAsItSays(index);
    if (size.width > 0 && size.height > 0) return size;
    const page = engine.FPDF_LoadPage(document, index);
    if (page === 0) return size;
    mendCropBox(engine, page);
    engine.FPDF_ClosePage(page);
    return sizeAsItSays(index);
  }

  function sizeAsItSays(index: number): PageSize {
    const memory = allocate(engine, 8);
    const isKnown = engine.FPDF_GetPageSizeByIndexF(document, index, memory);
    const [width = 0, height = 0] = new Float32Array(engine.pdfium.HEAPU8.buffer, memory, 2);
    engine.pdfium.wasmExports.free(memory);
    return isKnown ? { width, height } : { width: Number.NaN, height: Number.NaN };
  }

  /** Opens a page; fields get the look of their value, where the file has none. */
  function load(index: number): number {
    let page = engine.FPDF_LoadPage(document, index);
    if (page === 0) throw unreadable(index);
    if (mendCropBox(engine, page)) {
      engine.FPDF_ClosePage(page);
      page = engine.FPDF_LoadPage(document, index);
    }
    engine.FORM_OnAfterLoadPage(page, form.handle);
    return page;
  }

  function close(page: number): void {
    engine.FORM_OnBeforeClosePage(page, form.handle);
    engine.FPDF_ClosePage(page);
  }

  function read<Result>(
    index: number,
    page: number,
    flat: boolean,
    use: (page: PdfiumPage) => Result,
  ): Result {
    const textPage = engine.FPDFText_LoadPage(page);
    if (textPage === 0) throw unreadable(index);
    const scratch = allocate(engine, 32);
    const result = use(createPage(engine, { page, textPage, scratch, form: form.handle, pause, flat }));
    engine.pdfium.wasmExports.free(scratch);
    engine.FPDFText_ClosePage(textPage);
    close(page);
    return result;
  }

  return {
    pageCount: bound.call(() => engine.FPDF_GetPageCount(document)),
    pageSize: (index) => bound.call(() => sizeOf(index)),
    jpegOf(index) {
      scans ??= mayBeScan(given.file);
      if (!scans) return undefined;
      return bound.call(() => {
        const page = load(index);
        const jpeg = jpegOfPage(engine, page);
        close(page);
        return jpeg;
      });
    },
    draw: (index, pixels, budgetMs) =>
      bound.call(() => {
        const page = load(index);
        const size = { width: engine.FPDF_GetPageWidthF(page), height: engine.FPDF_GetPageHeightF(page) };
        const { width, height } = pixels(size);
        raiseText(engine, page, height);
        const drawn = drawPage(engine, { page, form: form.handle, pause }, width, height, budgetMs);
        close(page);
        return drawn;
      }),
    withPage: (index, use) => bound.call(() => read(index, load(index), false, use)),
    withFlatPage: (index, use) =>
      bound.call(() => {
        const page = load(index);
        if (engine.FPDFPage_Flatten(page, forScreen) !== flattened) return read(index, page, false, use);
        // An open page does not see what was added to it.
        close(page);
        return read(index, load(index), true, use);
      }),
    saved: () => bound.call(() => save(engine, document)),
    close() {
      // After a failure the instance has no further use: what it holds goes with it.
      if (bound.hasFailed) return;
      form.close();
      engine.FPDF_CloseDocument(document);
      engine.pdfium.wasmExports.free(memory);
    },
  };
}

interface GivenFile {
  readonly file: Uint8Array;
  readonly password: string;
}

function openFile(engine: Engine, { file, password }: GivenFile) {
  const memory = allocate(engine, file.length);
  engine.pdfium.HEAPU8.set(file, memory);
  const document = engine.FPDF_LoadMemDocument(memory, file.length, password);
  if (document === 0) {
    const isEncrypted = passwordErrors.has(engine.FPDF_GetLastError());
    throw new PdfUnread(isEncrypted ? { is: 'encrypted' } : { is: 'broken', detail: 'it cannot be read' });
  }
  return { document, memory, form: startForm(engine, document) };
}

function save(engine: Engine, document: number): Uint8Array {
  const writer = engine.PDFiumExt_OpenFileWriter();
  engine.PDFiumExt_SaveAsCopy(document, writer);
  const size = engine.PDFiumExt_GetFileWriterSize(writer);
  const memory = allocate(engine, Math.max(1, size));
  engine.PDFiumExt_GetFileWriterData(writer, memory, size);
  const file = engine.pdfium.HEAPU8.slice(memory, memory + size);
  engine.pdfium.wasmExports.free(memory);
  engine.PDFiumExt_CloseFileWriter(writer);
  return file;
}

/** Usage and answer of fpdf_flatten.h. */
const forScreen = 0;
const flattened = 1;

/** Without this environment fields are no part of pictures. Its scripts do not run: the build has no engine for them. */
function startForm(engine: Engine, document: number) {
  // FPDF_FORMFILLINFO: version 1, and no call back.
  const settings = allocate(engine, formSettingsBytes);
  engine.pdfium.HEAPU8.fill(0, settings, settings + formSettingsBytes);
  engine.pdfium.HEAPU8[settings] = 1;
  const handle = engine.FPDFDOC_InitFormFillEnvironment(document, settings);
  return {
    handle,
    close() {
      engine.FPDFDOC_ExitFormFillEnvironment(handle);
      engine.pdfium.wasmExports.free(settings);
    },
  };
}

/** More than any version of the structure has. */
const formSettingsBytes = 512;
