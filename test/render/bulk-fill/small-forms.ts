import { crc32 } from 'node:zlib';
import { expect } from 'vitest';
import type { FillPackage, Value } from '../../../src/render/kinds/bulk-fill/package/package.js';
import { type Template, TemplateBuilder } from '../../../src/render/kinds/bulk-fill/template/compile.js';
import { type FilledRow, rowFiller } from '../../../src/render/kinds/bulk-fill/template/row-filler.js';
import { openSource, type Repair, type Source } from '../../../src/render/kinds/bulk-fill/template/source.js';
import type { TemplateImage } from '../../../src/render/kinds/bulk-fill/template/template-image.js';
import { differing, noReaders } from './readers.js';

/** An object of a PDF: what stands between `obj` and `endobj`. */
export type PdfObjects = ReadonlyMap<number, string>;

export function stream(content: string, entries = ''): string {
  return `<<${entries}/Length ${Buffer.byteLength(content, 'latin1')}>>\nstream\n${content}\nendstream`;
}

/** Writes a PDF by hand, with a classic table or with one in a stream. */
export function writePdf(
  objects: PdfObjects,
  more: { readonly trailer?: string; readonly head?: string; readonly xref?: 'stream' } = {},
): Buffer {
  let text = `${more.head ?? ''}%PDF-1.7\n`;
  const places = new Map<number, number>();
  for (const [number, body] of objects) {
    places.set(number, text.length);
    text += `${number} 0 obj\n${body}\nendobj\n`;
  }
  const size = Math.max(...objects.keys()) + 1;
  const start = text.length;
  if (more.xref === 'stream') {
    places.set(size, start);
    let table = '';
    for (let number = 0; number <= size; number++) {
      const place = places.get(number);
      table += String.fromCharCode(place === undefined ? 0 : 1, (place ?? 0) >> 8, (place ?? 0) & 255);
    }
    const entries = `/Type/XRef/W[1 2 0]/Size ${size + 1}/Root 1 0 R${more.trailer ?? ''}`;
    text += `${size} 0 obj\n${stream(table, entries)}\nendobj\nstartxref\n${start}\n%%EOF\n`;
    return Buffer.from(text, 'latin1');
  }
  text += `xref\n0 ${size}\n0000000000 65535 f \n`;
  for (let number = 1; number < size; number++) {
    const place = places.get(number);
    text += place === undefined ? '0000000000 00000 f \n' : `${String(place).padStart(10, '0')} 00000 n \n`;
  }
  text += `trailer\n<</Size ${size}/Root 1 0 R${more.trailer ?? ''}>>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(text, 'latin1');
}

export interface SmallForm {
  /** Fields from object 10 on; `{page}` stands for their page. */
  readonly fields?: readonly string[];
  /** Objects beside, which fields may name. */
  readonly more?: readonly (readonly [number, string])[];
  /** Which objects are annotations, if not all fields. */
  readonly annotations?: readonly number[];
  readonly page?: string;
  readonly form?: string;
  readonly catalog?: string;
  readonly content?: string;
}

export const helvetica = '<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>';

/** A page of 300 x 200 with a form. */
export function smallForm(form: SmallForm): PdfObjects {
  const { fields = [], more = [], page = '/MediaBox[0 0 300 200]' } = form;
  const refs = fields.map((_, index) => index + 10);
  const annotations = form.annotations ?? refs;
  const list = (numbers: readonly number[]) => numbers.map((number) => `${number} 0 R`).join(' ');
  const acroForm = form.form ?? '/DA(/Helv 12 Tf 0 g)';
  return new Map([
    [1, `<</Type/Catalog/Pages 2 0 R/AcroForm 4 0 R${form.catalog ?? ''}>>`],
    [2, '<</Type/Pages/Kids[3 0 R]/Count 1>>'],
    [
      3,
      `<</Type/Page/Parent 2 0 R${page}/Resources<</Font<</F1 5 0 R>>>>/Contents 6 0 R/Annots[${list(annotations)}]>>`,
    ],
    [4, `<</Fields[${list(refs)}]/DR<</Font<</Helv 5 0 R/CoBo 7 0 R>>>>${acroForm}>>`],
    [5, helvetica],
    [6, stream(form.content ?? 'BT /F1 10 Tf 10 185 Td (Printed text) Tj ET')],
    [7, '<</Type/Font/Subtype/Type1/BaseFont/Courier-Bold/Encoding/WinAnsiEncoding>>'],
    ...fields.map((field, index): [number, string] => [index + 10, field]),
    ...more.map(([number, body]): [number, string] => [number, body]),
  ]);
}

/** A text field that is its own widget. */
export function textField(name: string, rect: string, more = ''): string {
  return `<</Type/Annot/Subtype/Widget/FT/Tx/T(${name})/Rect[${rect}]/F 4${more}>>`;
}

export function pack(source: Source, more: Partial<FillPackage>): FillPackage {
  const { sha256, pages } = source;
  return {
    format: 'inkwire-package',
    version: 1,
    source: { sha256, page_count: pages.length },
    overlays: [],
    fields: [],
    ...more,
  };
}

export interface Filled {
  readonly pdf: Buffer;
  readonly row: FilledRow;
  readonly template: Template;
  readonly codes: readonly string[];
  readonly jobCodes: readonly string[];
}

export async function opened(pdf: Uint8Array, repair?: Repair): Promise<Source> {
  const source = await openSource(pdf, repair);
  if ('refused' in source) throw new Error(`${source.refused}: ${source.message}`);
  return source;
}

type FillMore = Partial<FillPackage> & {
  readonly images?: ReadonlyMap<string, TemplateImage>;
  readonly repair?: Repair;
  /** Of columns that are no fields. */
  readonly row?: readonly string[];
};

const looked = new Set<string>();

/** Every source that a test fills is also written with nothing filled, once, and has to look as before. */
async function looksTheSame(pdf: Uint8Array, except: boolean): Promise<void> {
  if (noReaders || except) return;
  const { sha256 } = await opened(pdf);
  if (looked.has(sha256)) return;
  looked.add(sha256);
  const { pdf: written } = await fillOnly(pdf, {}, {});
  expect(await differing(pdf, written, 0), 'pixels that are not those of the source').toBe(0);
}

/** Fills one row; fields by name have columns in their order. */
export async function fill(
  pdf: Uint8Array,
  values: Readonly<Record<string, string>>,
  more: FillMore & { readonly looksOtherwise?: true } = {},
): Promise<Filled> {
  const { looksOtherwise, ...rest } = more;
  await looksTheSame(pdf, looksOtherwise === true);
  return fillOnly(pdf, values, rest);
}

async function fillOnly(
  pdf: Uint8Array,
  values: Readonly<Record<string, string>>,
  { images = new Map(), repair, row = [], ...more }: FillMore,
): Promise<Filled> {
  const source = await opened(pdf, repair);
  const fields = Object.keys(values).map((name, index): { name: string; value: Value } => ({
    name,
    value: { column: `column_${index}` },
  }));
  const builder = new TemplateBuilder({ source, pack: pack(source, { fields, ...more }), images });
  const cells = [...Object.values(values), ...row];
  builder.add(cells);
  const template = builder.compile();
  const program = JSON.parse(JSON.stringify(template.program));
  const filled = rowFiller({ length: template.prefix.length, crc32: crc32(template.prefix) }, program)(
    cells,
    0,
  );
  return {
    pdf: Buffer.concat([template.prefix, filled.tail]),
    row: filled,
    template,
    codes: filled.warnings.map(({ code }) => code),
    jobCodes: template.warnings.map(({ code }) => code),
  };
}
