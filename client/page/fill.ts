import type { JobRecord } from '../../src/protocol/job-record.js';
import type { Http } from '../sdk/http.js';
import type { Inkwire } from '../sdk/inkwire.js';
import type { SubmittedJob } from '../sdk/types.js';
import type { PreviewAnswer } from './preview.js';

/** Filling a PDF with many rows: what the view asks the server, and what it holds meanwhile. */

export interface FieldPlace {
  /** From 0. */
  readonly page: number;
  /** Points on the page as it is shown. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface FormField {
  readonly name: string;
  readonly kind: 'text' | 'checkbox' | 'radio' | 'dropdown' | 'list';
  readonly places: readonly FieldPlace[];
  readonly options?: readonly { readonly value: string; readonly label: string }[];
  readonly max_length?: number;
  readonly multiline?: true;
}

export interface FormFacts {
  readonly sha256: string;
  readonly page_count: number;
  readonly title?: string;
  readonly pages: readonly { readonly width: number; readonly height: number }[];
  readonly fields: readonly FormField[];
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
}

export type Value = { readonly static: string } | { readonly column: string } | { readonly template: string };

/** As a package has it; what this page does not know of one stays in it. */
export interface Overlay {
  readonly type: 'text' | 'qr' | 'barcode' | 'checkmark' | 'image';
  readonly page: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly value?: Value;
  /** Of a picture that all rows have: its name in the package. */
  readonly image?: string;
  readonly size?: number;
  readonly symbology?: string;
  readonly align?: 'left' | 'center' | 'right';
  readonly color?: string;
  readonly shrink?: boolean;
  readonly rotate?: number;
}

export interface Mapping {
  readonly fields: readonly { readonly name: string; readonly value: Value }[];
  readonly overlays: readonly Overlay[];
  readonly flatten?: boolean;
  readonly language?: string;
}

/** Columns whose values may be in the name of a row's file. */
export const maxNameColumns = 3;

/** The file as the requests of this server have it. */
export async function base64Of(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = '';
  // Arguments of a call are limited.
  for (let at = 0; at < bytes.length; at += 32_768)
    text += String.fromCharCode(...bytes.subarray(at, at + 32_768));
  return btoa(text);
}

export function readForm(http: Http, pdf: string, signal: AbortSignal): Promise<FormFacts> {
  const body = { kind: 'read_form', pdf_file: pdf };
  const call = { body, headers: { accept: 'application/json' }, signal };
  return http.ask('POST', '/api/v1/render', call, async (response) => (await response.json()) as FormFacts);
}

/** What goes where: as it is, or in a package, in base64, that has pictures and fonts of it. */
export type Placing = Mapping | { readonly package_file: string };

/** A page of one row, filled. */
export function previewRow(
  http: Http,
  request: Placing & { readonly pdf_file: string; readonly row: readonly string[] },
  page: number,
  signal: AbortSignal,
): Promise<PreviewAnswer> {
  const body = { kind: 'fill_form', ...request };
  return http.json('POST', '/api/v1/preview', { query: { page, width: 1_000 }, body, signal });
}

export interface PackageRequest extends Mapping {
  /** Base64, as are pictures and fonts. */
  readonly pdf: string;
  readonly title?: string;
  /** By their names below `images/`. */
  readonly images?: Readonly<Record<string, string>>;
  /** By their names below `fonts/`. */
  readonly fonts?: Readonly<Record<string, string>>;
}

/** The package as a file. */
export function buildPackage(http: Http, request: PackageRequest): Promise<Blob> {
  return http.ask('POST', '/api/v1/packages', { body: request }, (response) => response.blob());
}

/** What a package holds. */
export interface HeldPackage extends Mapping {
  readonly source: { readonly sha256: string; readonly page_count: number };
  readonly files: readonly { readonly name: string }[];
}

export async function inspectPackage(http: Http, file: Blob): Promise<HeldPackage> {
  return http.json('POST', '/api/v1/packages/inspect', { body: { package: await base64Of(file) } });
}

export interface FillRun {
  readonly pdf: File;
  readonly rows: File;
  readonly hasHeader: boolean;
  /** Positions of the columns that are in the names of the files. */
  readonly nameColumns: readonly number[];
  /** What goes where, or a package that says it. */
  readonly placing: Mapping | Blob;
}

export function startFill(client: Inkwire, run: FillRun): Promise<SubmittedJob> {
  const { pdf, rows, hasHeader, nameColumns, placing } = run;
  const form = new FormData();
  const request = {
    kind: 'bulk_fill',
    ...(placing instanceof Blob ? {} : placing),
    rows_format: 'csv',
    header: hasHeader,
    ...(nameColumns.length === 0
      ? {}
      : { file_name_columns: nameColumns.map((column) => `column_${column}`) }),
    title: `${pdf.name}, ${rows.name}`.slice(0, 200),
  };
  form.append('request', JSON.stringify(request));
  form.append('pdf_file', pdf, pdf.name);
  form.append('rows_file', rows, rows.name);
  if (placing instanceof Blob) form.append('package_file', placing, 'form.doqlo');
  return client.submit(form, { strict: true });
}

/** What `manifest.json` says of a row. */
export interface RowResult {
  readonly row_number: number;
  readonly status: 'success' | 'partial' | 'failed';
  readonly file_name: string | null;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  readonly error: { readonly code: string; readonly message: string } | null;
}

export async function readManifest(
  client: Inkwire,
  record: JobRecord,
  signal: AbortSignal,
): Promise<readonly RowResult[]> {
  const file = await client.download(record.job_id, { artifact: 'manifest.json', signal });
  const text = new TextDecoder().decode(await file.bytes());
  return (JSON.parse(text) as { readonly row_results: readonly RowResult[] }).row_results;
}

/** Why a row is not as it was meant, in one line. */
export function reasonsOf({ error, warnings }: RowResult, names: readonly string[]): string {
  const all = [...(error === null ? [] : [error]), ...warnings];
  return all.map(({ message }) => withNames(message, names)).join('; ');
}

/** A message of the server, which counts overlays, with the names that this page has for them. */
export function withNames(message: string, names: readonly string[]): string {
  return message.replace(/\boverlay (\d+)\b/g, (words, index: string) => names[Number(index)] ?? words);
}
