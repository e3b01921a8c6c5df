import sharp from 'sharp';
import { PdfiumBound } from '../../../src/render/kinds/pdf-tools/pdfium-bound.js';
import {
  allocate,
  type Engine,
  loadPdfiumProgram,
  startEngine,
} from '../../../src/render/kinds/pdf-tools/pdfium-engine.js';

/** What a person does to a field: types a text over what stands there, clicks, or takes an option by its place. */
export type Deed =
  | { readonly is: 'typed'; readonly text: string }
  | { readonly is: 'clicked' }
  | { readonly is: 'taken'; readonly option: number };

export interface DoneField {
  /** Left, bottom, right, top in points of the page. */
  readonly place: readonly [number, number, number, number];
  readonly deed: Deed;
}

/** A page in grey. */
export interface Shown {
  readonly data: Buffer;
  readonly height: number;
}

/**
 * The first page of a form as PDFium shows it after it was filled in PDFium, as in Chromium's viewer; without
 * `fields` it is shown as it is.
 */
export async function pageTyped(
  pdf: Uint8Array,
  fields: readonly DoneField[],
  width: number,
): Promise<Shown> {
  const engine = await startEngine(await loadPdfiumProgram(), new PdfiumBound(1 << 28, () => undefined));
  const memory = allocate(engine, pdf.length);
  engine.pdfium.HEAPU8.set(pdf, memory);
  const document = engine.FPDF_LoadMemDocument(memory, pdf.length, '');
  const filling = engine.PDFiumExt_OpenFormFillInfo();
  const form = engine.PDFiumExt_InitFormFillEnvironment(document, filling);
  const page = engine.FPDF_LoadPage(document, 0);
  engine.FORM_OnAfterLoadPage(page, form);
  for (const field of fields) done(engine, form, page, field);
  engine.FORM_ForceToKillFocus(form);
  const height = Math.round((width * engine.FPDF_GetPageHeightF(page)) / engine.FPDF_GetPageWidthF(page));
  const bitmap = engine.FPDFBitmap_Create(width, height, 0);
  engine.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xffffffff);
  engine.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, 0);
  engine.FPDF_SetFormFieldHighlightAlpha(form, 0);
  engine.FPDF_FFLDraw(form, bitmap, page, 0, 0, width, height, 0, 0);
  const at = engine.FPDFBitmap_GetBuffer(bitmap);
  const pixels = Buffer.from(engine.pdfium.HEAPU8.slice(at, at + width * height * 4));
  const data = await sharp(pixels, { raw: { width, height, channels: 4 } })
    .removeAlpha()
    .greyscale()
    .raw()
    .toBuffer();
  return { data, height };
}

function done(engine: Engine, form: number, page: number, { place, deed }: DoneField): void {
  const [left, bottom, right, top] = place;
  const [x, y] = [(left + right) / 2, (bottom + top) / 2];
  engine.FORM_OnMouseMove(form, page, 0, x, y);
  engine.FORM_OnLButtonDown(form, page, 0, x, y);
  engine.FORM_OnLButtonUp(form, page, 0, x, y);
  if (deed.is === 'typed') {
    engine.FORM_SelectAllText(form, page);
    const text = Buffer.from(`${deed.text}\0`, 'utf16le');
    const memory = allocate(engine, text.length);
    engine.pdfium.HEAPU8.set(text, memory);
    engine.FORM_ReplaceSelection(form, page, memory);
  } else if (deed.is === 'taken') engine.FORM_SetIndexSelected(form, page, deed.option, true);
  engine.FORM_ForceToKillFocus(form);
}
