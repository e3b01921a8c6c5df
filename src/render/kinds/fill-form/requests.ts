import { Type } from 'typebox';
import Value from 'typebox/value';
import { isObject } from '../../../protocol/is-object.js';
import { type Kind, type Parsed, type PlanInput, UploadedFile } from '../../kind.js';
import type { FieldMapping, FillPackage, Overlay } from '../bulk-fill/package/package.js';
import { packageLimits, packageSchema } from '../bulk-fill/package/package-schema.js';
import { createInputReader, decodeBase64, type InputReader, readPdf } from '../pdf-tools/pdf-input.js';

const { fields, overlays, flatten, language } = packageSchema.properties;
const pdfMember = Type.String({ contentEncoding: 'base64', description: 'The PDF, base64' });

/** What the back of `read_form` gets. */
export const readFormPlanSchema = Type.Object({ pdf: Type.Integer({ minimum: 0 }) });

/** What a PDF has to be filled. The artifact is `form.json`; docs/PACKAGES.md has its shape. */
export const readFormKind: Kind = {
  name: 'read_form',
  schema: Type.Object({ pdf_file: pdfMember }),
  parse(request) {
    if (!isObject(request)) return notObject();
    const reader = createInputReader();
    const pdf = readPdf(reader, request.pdf_file, '/pdf_file');
    if (reader.issues.length > 0) return { ok: false, issues: reader.issues };
    return { ok: true, plan: { request: { pdf }, inputs: reader.inputs } };
  },
};

/** What a request says itself of what goes where. */
export type Mapping = Pick<FillPackage, 'fields' | 'overlays' | 'flatten' | 'language'>;

/** What the back of `fill_form` gets. Numbers are indexes of inputs. */
export interface FillFormPlan {
  readonly pdf: number;
  readonly package?: number;
  readonly mapping?: Mapping;
  /** By position. */
  readonly row: readonly (string | null)[];
}

const cell = Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]);
const rowLimits = { columns: 1_000, characters: 192 * 1024 } as const;

/** Fills a PDF once: a row of a `bulk_fill` job alone, as `filled.pdf`. Its preview shows where the row comes to lie. */
export const fillFormKind: Kind = {
  name: 'fill_form',
  previewed: true,
  schema: Type.Object({
    pdf_file: pdfMember,
    package_file: Type.Optional(
      Type.String({ contentEncoding: 'base64', description: 'A package, base64, that says what goes where' }),
    ),
    fields: Type.Optional(fields),
    overlays: Type.Optional(overlays),
    flatten,
    language,
    row: Type.Optional(
      Type.Array(cell, {
        maxItems: rowLimits.columns,
        description: 'The values of `column_0`, `column_1`, ...; null for none',
      }),
    ),
  }),
  parse: parseFillForm,
};

const mappingNames = ['fields', 'overlays', 'flatten', 'language'] as const;

function parseFillForm(request: unknown): Parsed {
  if (!isObject(request)) return notObject();
  const reader = createInputReader();
  const pdf = readPdf(reader, request.pdf_file, '/pdf_file');
  const pack = isGiven(request.package_file) ? readPackageFile(reader, request.package_file) : undefined;
  const mapping = readMapping(reader, request);
  if (mapping !== undefined && isGiven(request.package_file)) {
    const message = 'says what goes where, and so do fields, overlays and others';
    reader.issues.push({ pointer: '/package_file', message });
  }
  const row = readRow(reader, request.row);
  if (reader.issues.length > 0 || pdf === undefined) return { ok: false, issues: reader.issues };
  const plan: FillFormPlan = {
    pdf,
    ...(pack === undefined ? {} : { package: pack }),
    ...(mapping === undefined ? {} : { mapping }),
    row,
  };
  return { ok: true, plan: { request: plan, inputs: reader.inputs } };
}

function notObject(): Parsed {
  return { ok: false, issues: [{ pointer: '', message: 'must be an object' }] };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** @returns the index of the input */
function readPackageFile(reader: InputReader, value: unknown): number | undefined {
  const pointer = '/package_file';
  const most = packageLimits.fileBytes;
  let input: PlanInput | undefined;
  if (value instanceof UploadedFile) {
    if (value.sizeBytes <= most) input = { file: value, pointer };
  } else if (typeof value === 'string' && value.length <= (most / 3) * 4 + 4) {
    const bytes = decodeBase64(value);
    if (bytes !== undefined && bytes.length <= most) input = { bytes, pointer };
  }
  if (input !== undefined) return reader.inputs.push(input) - 1;
  reader.issues.push({ pointer, message: `must be a package of at most ${most} bytes, base64` });
  return undefined;
}

function readMapping(reader: InputReader, request: Readonly<Record<string, unknown>>): Mapping | undefined {
  const given = mappingNames.filter((member) => isGiven(request[member]));
  if (given.length === 0) return undefined;
  for (const member of given) {
    const schema = packageSchema.properties[member];
    if (Value.Check(schema, request[member])) continue;
    const [first] = Value.Errors(schema, request[member]);
    const message = first?.message ?? 'is not as it is described';
    reader.issues.push({ pointer: `/${member}${first?.instancePath ?? ''}`, message });
  }
  // Checked just before; with an issue nothing of it is used.
  return {
    fields: (request.fields ?? []) as readonly FieldMapping[],
    overlays: (request.overlays ?? []) as readonly Overlay[],
    ...(typeof request.flatten === 'boolean' ? { flatten: request.flatten } : {}),
    ...(typeof request.language === 'string' ? { language: request.language } : {}),
  };
}

function readRow(reader: InputReader, value: unknown): readonly (string | null)[] {
  if (!isGiven(value)) return [];
  if (!Array.isArray(value) || value.length > rowLimits.columns) {
    reader.issues.push({
      pointer: '/row',
      message: `must be a list of at most ${rowLimits.columns} values`,
    });
    return [];
  }
  return value.map((each: unknown, index) => {
    if (each === null || each === undefined) return null;
    const isValue = typeof each === 'string' || typeof each === 'number' || typeof each === 'boolean';
    const text = isValue ? String(each) : undefined;
    if (text !== undefined && text.length <= rowLimits.characters) return text;
    const message = `must be a text, number or boolean of at most ${rowLimits.characters} characters, or null`;
    reader.issues.push({ pointer: `/row/${index}`, message });
    return null;
  });
}
