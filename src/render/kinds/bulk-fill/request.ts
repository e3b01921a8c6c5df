import { Type } from 'typebox';
import { isObject } from '../../../protocol/is-object.js';
import { type Issue, type Kind, type Parsed, type PlanInput, UploadedFile } from '../../kind.js';
import { symbologyNames } from '../document/codes.js';
import { decodeBase64 } from '../pdf-tools/pdf-input.js';
import type { BulkFillBounds } from './bounds.js';
import { mappingMembers, readMapping } from './mapping.js';
import { isFontFile } from './package/package-fonts.js';
import { packageLimits } from './package/package-schema.js';
import type { BulkFillPlan, RowsPlan } from './plan.js';
import { RowTally } from './tally.js';
import { isColumn } from './template/value-parts.js';

/** Bounds of a request; past one of them it is refused. */
export const requestLimits = {
  rowsBytes: 256 * 1024 * 1024,
  nameColumns: 3,
  columnNameLength: 200,
} as const;

const file = (description: string) => Type.String({ contentEncoding: 'base64', description });

const schema = Type.Object({
  pdf_file: file('The PDF to fill, base64'),
  rows_file: Type.Optional(file('The rows, base64: CSV, or JSON as `rows`. Needed where there is no `rows`')),
  rows: Type.Optional(
    Type.Array(Type.Object({}, { additionalProperties: true }), {
      description:
        'The rows: objects whose members are texts, numbers or booleans, by the names of columns; with a package by `column_0`, `column_1`, ...',
    }),
  ),
  rows_format: Type.Optional(
    Type.Union([Type.Literal('csv'), Type.Literal('json')], {
      description: 'Of `rows_file`; left out, a file that begins with `[` is JSON',
    }),
  ),
  header: Type.Optional(
    Type.Boolean({ default: false, description: 'The first row of the CSV names the columns' }),
  ),
  package_file: Type.Optional(file('A package that says what goes where, base64')),
  ...mappingMembers,
  file_name_columns: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: requestLimits.columnNameLength }), {
      maxItems: requestLimits.nameColumns,
      description: 'Columns whose values the name of a row’s file has',
    }),
  ),
  max_failed_percent: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 100,
      default: 100,
      description: 'The job fails as soon as more of all rows than this have failed',
    }),
  ),
});

/** Fills one PDF with many rows: a PDF of each, a ZIP of all and `manifest.json`. See docs/BULK-FILL.md. */
export function bulkFillKind(bounds: BulkFillBounds): Kind {
  return {
    name: 'bulk_fill',
    attempts: 'chunked',
    schema,
    parse: (request) => parse(request, bounds),
    tally: (plan) => new RowTally(plan as RowsPlan),
  };
}

/** Reads one request, and gathers what is wrong with it. */
class RequestReader {
  readonly issues: Issue[] = [];
  readonly inputs: PlanInput[] = [];

  refuse(pointer: string, message: string): undefined {
    this.issues.push({ pointer, message });
    return undefined;
  }

  /** @returns the index of the input */
  file(value: unknown, pointer: string, maxBytes: number): number | undefined {
    if (value instanceof UploadedFile) {
      if (value.sizeBytes === 0) return this.refuse(pointer, 'must not be empty');
      if (value.sizeBytes > maxBytes) return this.refuse(pointer, tooLarge(maxBytes));
      return this.inputs.push({ file: value, pointer }) - 1;
    }
    if (typeof value !== 'string') return this.refuse(pointer, 'must be a file: an upload, or base64');
    if (value === '') return this.refuse(pointer, 'must not be empty');
    if ((value.length / 4) * 3 - 2 > maxBytes) return this.refuse(pointer, tooLarge(maxBytes));
    const bytes = decodeBase64(value);
    return bytes === undefined
      ? this.refuse(pointer, 'must be base64 (RFC 4648 section 4, padded, no line breaks, no data: prefix)')
      : this.bytes(bytes, pointer);
  }

  bytes(bytes: Uint8Array, pointer: string): number {
    return this.inputs.push({ bytes, pointer }) - 1;
  }

  headOf(input: number | undefined): string {
    const found = input === undefined ? undefined : this.inputs[input];
    if (found === undefined) return '';
    if ('file' in found) return Buffer.from(found.file.head).toString('latin1');
    return 'bytes' in found ? Buffer.from(found.bytes.subarray(0, 1024)).toString('latin1') : '';
  }
}

function tooLarge(maxBytes: number): string {
  return `must not be larger than ${maxBytes} bytes`;
}

function parse(request: unknown, bounds: BulkFillBounds): Parsed {
  if (!isObject(request)) return { ok: false, issues: [{ pointer: '', message: 'must be an object' }] };
  const reader = new RequestReader();
  const pdf = reader.file(request.pdf_file, '/pdf_file', bounds.source.fileBytes);
  // Readers look for it in the first kilobyte (ISO 32000-1, annex H, note 13).
  // Without the dash it is one that can be repaired.
  if (pdf !== undefined && !reader.headOf(pdf).includes('%PDF'))
    reader.refuse('/pdf_file', 'is not a PDF: it has no %PDF header');
  const rows = readRows(reader, request);
  const pack = readPackage(reader, request);
  const mapping = readMapping(request, reader.issues);
  if (mapping !== undefined && pack !== undefined) {
    reader.refuse('/package_file', 'says what goes where, and so do fields, overlays and others');
  }
  refuseFiles(reader, mapping);
  refuseSymbologies(reader, mapping);
  const header = readHeader(reader, request.header, rows?.format);
  const hasNames = header || rows?.format === 'json';
  const isMapped = mapping?.fields !== undefined || mapping?.overlays !== undefined;
  if (!isGiven(request.package_file) && rows !== undefined && !isMapped && !hasNames)
    reader.refuse('/fields', 'is needed: or a package, or columns with the names of fields');
  const nameColumns = readNameColumns(reader, request.file_name_columns);
  const arePositional = rows?.format === 'csv' ? !header : pack !== undefined;
  for (const [index, name] of nameColumns.entries())
    if (rows !== undefined && arePositional && !isColumn(name))
      reader.refuse(
        `/file_name_columns/${index}`,
        'must be column_0, column_1, ...: the rows have no other names',
      );
  const maxFailedPercent = readPercent(reader, request.max_failed_percent);
  if (reader.issues.length > 0 || pdf === undefined || rows === undefined)
    return { ok: false, issues: reader.issues };
  const plan: BulkFillPlan = {
    pdf,
    rows,
    ...(pack === undefined ? {} : { package: pack }),
    ...(mapping === undefined ? {} : { mapping }),
    header,
    nameColumns,
    maxFailedPercent,
    bounds,
  };
  return { ok: true, plan: { request: plan, inputs: reader.inputs } };
}

/** Pictures and files of fonts lie in a package; an entry that is not as described has been refused already. */
function refuseFiles(reader: RequestReader, mapping: ReturnType<typeof readMapping>): void {
  if (!Array.isArray(mapping?.overlays)) return;
  for (const [index, overlay] of mapping.overlays.entries()) {
    if (!isObject(overlay)) continue;
    if (overlay.type === 'image' && overlay.image !== undefined)
      reader.refuse(`/overlays/${index}/type`, 'needs a package_file: pictures lie in a package');
    if (typeof overlay.font === 'string' && isFontFile(overlay.font))
      reader.refuse(`/overlays/${index}/font`, 'needs a package_file: files of fonts lie in a package');
  }
}

/** In a package they are skipped in each row: it may be made for a server that knows more. */
function refuseSymbologies(reader: RequestReader, mapping: ReturnType<typeof readMapping>): void {
  if (!Array.isArray(mapping?.overlays)) return;
  for (const [index, overlay] of mapping.overlays.entries()) {
    if (!isObject(overlay) || overlay.type !== 'barcode' || typeof overlay.symbology !== 'string') continue;
    if (!symbologyNames.some((name) => name === overlay.symbology))
      reader.refuse(`/overlays/${index}/symbology`, `must be one of ${symbologyNames.join(', ')}`);
  }
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function readRows(
  reader: RequestReader,
  { rows, rows_file: rowsFile, rows_format: format }: Readonly<Record<string, unknown>>,
): BulkFillPlan['rows'] | undefined {
  if (isGiven(format) && format !== 'csv' && format !== 'json')
    return reader.refuse('/rows_format', 'must be "csv" or "json"');
  if (isGiven(rows) === isGiven(rowsFile))
    return reader.refuse('/rows_file', 'is needed, or rows, and not both of them');
  if (isGiven(rows)) {
    if (!Array.isArray(rows)) return reader.refuse('/rows', 'must be a list of rows');
    if (format === 'csv') return reader.refuse('/rows_format', 'must not be "csv" beside rows');
    const pointer = '/rows';
    return { input: reader.bytes(Buffer.from(JSON.stringify(rows)), pointer), format: 'json', pointer };
  }
  const pointer = '/rows_file';
  const input = reader.file(rowsFile, pointer, requestLimits.rowsBytes);
  if (input === undefined) return undefined;
  if (format === 'csv' || format === 'json') return { input, format, pointer };
  // Behind a byte order mark, which may be there.
  const isJson = /^(?:\xef\xbb\xbf)?\s*\[/.test(reader.headOf(input));
  return { input, format: isJson ? 'json' : 'csv', pointer };
}

function readPackage(
  reader: RequestReader,
  { package_file: given }: Readonly<Record<string, unknown>>,
): number | undefined {
  if (!isGiven(given)) return undefined;
  const input = reader.file(given, '/package_file', packageLimits.fileBytes);
  if (input !== undefined && !reader.headOf(input).startsWith('PK'))
    return reader.refuse('/package_file', 'is no package: it is no ZIP');
  return input;
}

function readHeader(reader: RequestReader, header: unknown, format: 'csv' | 'json' | undefined): boolean {
  if (!isGiven(header) || header === false) return false;
  if (header !== true) reader.refuse('/header', 'must be true or false');
  else if (format === 'json')
    reader.refuse('/header', 'is of CSV: rows of JSON name their columns themselves');
  return true;
}

function readNameColumns(reader: RequestReader, given: unknown): readonly string[] {
  if (!isGiven(given)) return [];
  const { nameColumns, columnNameLength } = requestLimits;
  const pointer = '/file_name_columns';
  if (!Array.isArray(given) || given.length > nameColumns) {
    reader.refuse(pointer, `must be a list of at most ${nameColumns} columns`);
    return [];
  }
  return given.flatMap((name: unknown, index) => {
    if (typeof name === 'string' && name !== '' && name.length <= columnNameLength) return [name];
    reader.refuse(
      `${pointer}/${index}`,
      `must be the name of a column, of at most ${columnNameLength} characters`,
    );
    return [];
  });
}

function readPercent(reader: RequestReader, given: unknown): number {
  if (!isGiven(given)) return 100;
  if (typeof given === 'number' && given >= 0 && given <= 100) return given;
  reader.refuse('/max_failed_percent', 'must be a number from 0 to 100');
  return 100;
}
