import type { UploadedFile } from '../../../render/kind.js';
import type { FormPart } from '../../../work/service.js';
import { type BulkRefusal, refusal } from './refusals.js';

/** What a caller asks for when a job is created. */
export interface CreateRequest {
  readonly pdf: UploadedFile;
  readonly package: UploadedFile;
  readonly rows: { readonly file: UploadedFile; readonly format: 'csv' | 'json' };
  /** 0 to 100. */
  readonly maxFailedPercent: number;
  readonly delivery:
    | { readonly mode: 'response' }
    | { readonly mode: 'webhook'; readonly url: string; readonly secret: string };
  /** Positions of the columns that name the files. */
  readonly nameColumns: readonly number[];
}

export type CreateParsed =
  | { readonly ok: true; readonly create: CreateRequest }
  | { readonly ok: false; readonly refusal: BulkRefusal };

export interface CreateLimits {
  readonly maxPdfBytes: number;
}

/** Parts that are files, whatever a client calls them: none of them is held in memory. */
export const fileParts: ReadonlySet<string> = new Set(['pdf', 'doqlo_file', 'rows_json', 'csv_file']);
const textParts: ReadonlySet<string> = new Set([
  'max_failed_row_percent',
  'delivery_mode',
  'webhook_url',
  'webhook_secret',
  'filename_columns',
]);

const keyShape = /^[A-Za-z0-9._:-]{1,128}$/;
const maxNameColumns = 3;
const columnName = /^column_(0|[1-9][0-9]{0,5})$/;
/** Fractions are allowed, as decimals. */
const percentShape = /^[0-9]{1,3}(\.[0-9]{1,12})?$/;
const maxSecretLength = 256;
const maxUrlLength = 2_048;

/** @param field `Idempotency-Key`; where it comes twice its values stand in one text with a comma, which is no key */
export function idempotencyKeyOf(
  field: string | readonly string[] | undefined,
): { readonly ok: true; readonly key: string } | { readonly ok: false; readonly refusal: BulkRefusal } {
  if (typeof field === 'string' && keyShape.test(field)) return { ok: true, key: field };
  const message = 'One Idempotency-Key is needed: 1 to 128 letters, digits and ._:-';
  return { ok: false, refusal: refusal('INVALID_IDEMPOTENCY_KEY', message) };
}

/** Reads the parts of a form. What lies in files is judged by their first bytes alone. */
export function parseCreate(form: readonly FormPart[], limits: CreateLimits): CreateParsed {
  try {
    return { ok: true, create: read(form, limits) };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, refusal: error.refusal };
    throw error;
  }
}

class Refused extends Error {
  constructor(readonly refusal: BulkRefusal) {
    super(refusal.message);
  }
}

function refuse(...words: Parameters<typeof refusal>): never {
  throw new Refused(refusal(...words));
}

function read(form: readonly FormPart[], limits: CreateLimits): CreateRequest {
  const texts = new Map<string, string>();
  const files = new Map<string, UploadedFile>();
  for (const part of form) {
    const { name } = part;
    if (texts.has(name) || files.has(name)) refuse('INVALID_REQUEST', `The part "${name}" comes twice`);
    if ('file' in part && fileParts.has(name)) files.set(name, part.file);
    else if ('text' in part && textParts.has(name)) texts.set(name, part.text);
    else refuse('INVALID_REQUEST', unfit(name));
  }
  return {
    pdf: pdfOf(files.get('pdf'), limits),
    package: packageOf(files.get('doqlo_file')),
    rows: rowsOf(files),
    maxFailedPercent: percentOf(texts.get('max_failed_row_percent')),
    delivery: deliveryOf(texts),
    nameColumns: nameColumnsOf(texts.get('filename_columns')),
  };
}

function unfit(name: string): string {
  if (fileParts.has(name)) return `The part "${name}" is not a file`;
  return textParts.has(name) ? `The part "${name}" is a file` : `There is no part "${name.slice(0, 64)}"`;
}

function pdfOf(file: UploadedFile | undefined, { maxPdfBytes }: CreateLimits): UploadedFile {
  if (file === undefined || file.sizeBytes === 0) refuse('MISSING_PDF', 'The part "pdf" is the PDF to fill');
  if (file.sizeBytes > maxPdfBytes)
    refuse('SOURCE_PDF_TOO_LARGE', `A source PDF may have ${maxPdfBytes} bytes`);
  // Readers look for it in the first kilobyte.
  if (!Buffer.from(file.head).includes('%PDF')) refuse('UNREADABLE_PDF', 'The part "pdf" is no PDF');
  return file;
}

function packageOf(file: UploadedFile | undefined): UploadedFile {
  if (file === undefined || file.sizeBytes === 0)
    refuse('MISSING_PACKAGE', 'The part "doqlo_file" is the package that says what goes where');
  if (Buffer.from(file.head).toString('latin1', 0, 2) !== 'PK')
    refuse('INVALID_PACKAGE', 'The part "doqlo_file" is no package');
  return file;
}

function rowsOf(files: ReadonlyMap<string, UploadedFile>): CreateRequest['rows'] {
  const json = files.get('rows_json');
  const csv = files.get('csv_file');
  if (json !== undefined && csv === undefined) return { file: json, format: 'json' };
  if (csv !== undefined && json === undefined) return { file: csv, format: 'csv' };
  return refuse('ROWS_INPUT_REQUIRED', 'Exactly one of the parts "rows_json" and "csv_file" is needed');
}

function percentOf(text: string | undefined): number {
  const percent = percentShape.test(text ?? '') ? Number(text) : Number.NaN;
  if (percent >= 0 && percent <= 100) return percent;
  const what = text === undefined ? 'is needed: a number' : 'is a number';
  return refuse('INVALID_THRESHOLD', `The part "max_failed_row_percent" ${what} from 0 to 100`);
}

function deliveryOf(texts: ReadonlyMap<string, string>): CreateRequest['delivery'] {
  const mode = texts.get('delivery_mode') ?? 'response';
  const url = texts.get('webhook_url');
  const secret = texts.get('webhook_secret');
  if (mode === 'response') {
    if (url === undefined && secret === undefined) return { mode };
    return refuse('INVALID_WEBHOOK_TARGET', 'A webhook is only called with delivery_mode "webhook"');
  }
  if (mode !== 'webhook') return refuse('INVALID_DELIVERY_MODE', 'delivery_mode is "response" or "webhook"');
  if (url === undefined || !isWebhookUrl(url))
    return refuse('INVALID_WEBHOOK_TARGET', 'webhook_url is a public address that begins with https://');
  if (secret === undefined || secret === '' || secret.length > maxSecretLength)
    return refuse('INVALID_WEBHOOK_TARGET', `webhook_secret is a text of 1 to ${maxSecretLength} characters`);
  return { mode, url, secret };
}

/** Whether the address is a public one is judged where it is looked up. */
function isWebhookUrl(text: string): boolean {
  if (text.length > maxUrlLength || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return protocol === 'https:' && username === '' && password === '';
}

function nameColumnsOf(text: string | undefined): readonly number[] {
  if (text === undefined) return [];
  const names = listOf(text);
  if (names === undefined) return refuse('INVALID_FILENAME_COLUMNS', 'filename_columns is a JSON array');
  if (names.length > maxNameColumns)
    refuse('TOO_MANY_FILENAME_COLUMNS', `filename_columns has at most ${maxNameColumns} columns`);
  return names.map((name) => {
    const position = typeof name === 'string' ? columnName.exec(name)?.[1] : undefined;
    return position === undefined
      ? refuse('INVALID_FILENAME_COLUMNS', 'filename_columns holds names such as "column_0"')
      : Number(position);
  });
}

function listOf(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
