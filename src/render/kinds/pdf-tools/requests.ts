import { Type } from 'typebox';
import { isObject } from '../../../protocol/is-object.js';
import { type Kind, type Parsed, UploadedFile } from '../../kind.js';
import { pdfLimits } from './limits.js';
import { createInputReader, type InputReader, readPdf, readWhole } from './pdf-input.js';

/** What the back gets. Without `pageIndex` every page is read. */
export const extractTextPlanSchema = Type.Object({
  file: Type.Integer({ minimum: 0 }),
  pageIndex: Type.Optional(Type.Integer({ minimum: 0 })),
  includeFormatting: Type.Boolean(),
});

/**
 * Text of a PDF. The artifact is `text.json`: `{ text, page_count, pages_processed }`, pages divided by an empty line.
 * With `include_formatting` it has `pages` as well (see text-layout.ts for the shape).
 */
export const extractTextKind: Kind = {
  name: 'extract_text',
  schema: Type.Object({
    pdf_data: Type.String({ description: 'The PDF, base64', contentEncoding: 'base64' }),
    page_index: Type.Optional(
      Type.Integer({ minimum: 0, description: '0-based; all pages where it is absent' }),
    ),
    include_formatting: Type.Optional(
      Type.Boolean({ default: false, description: 'Adds blocks and lines with their place and font size' }),
    ),
  }),
  parse: parseExtractText,
};

function parseExtractText(request: unknown): Parsed {
  if (!isObject(request)) return { ok: false, issues: [{ pointer: '', message: 'must be an object' }] };
  const reader = createInputReader();
  const file = readPdf(reader, request.pdf_data, '/pdf_data');
  const pageIndex = readWhole(reader, request.page_index, '/page_index', 0);
  const formatting = request.include_formatting ?? false;
  if (typeof formatting !== 'boolean') {
    reader.issues.push({ pointer: '/include_formatting', message: 'must be true or false' });
  }
  if (reader.issues.length > 0) return { ok: false, issues: reader.issues };
  const plan = { file, ...(pageIndex === undefined ? {} : { pageIndex }), includeFormatting: formatting };
  return { ok: true, plan: { request: plan, inputs: reader.inputs } };
}

/** Left out for `keep`. */
const formsSchema = Type.Optional(Type.Literal('flatten'));

const formsMember = Type.Optional(
  Type.Union([Type.Literal('keep'), Type.Literal('flatten')], {
    default: 'keep',
    description: '`flatten`: form fields become a part of their page and cannot be filled any more',
  }),
);

/** What becomes of form fields, as a member of the plan; absent and null are `keep`. */
function readForms(reader: InputReader, value: unknown): { readonly forms?: 'flatten' } {
  if (value === 'flatten') return { forms: value };
  if (value !== undefined && value !== null && value !== 'keep') {
    reader.issues.push({ pointer: '/forms', message: 'must be "keep" or "flatten"' });
  }
  return {};
}

/** What the back gets: indexes of inputs in the order of the result. Input `i` is `/pdf_files/i` of the request. */
export const mergePlanSchema = Type.Object({
  files: Type.Array(Type.Integer({ minimum: 0 })),
  forms: formsSchema,
});

/** Joins PDFs in order into `merged.pdf`. */
export const mergeKind: Kind = {
  name: 'merge',
  schema: Type.Object({
    pdf_files: Type.Array(Type.String({ contentEncoding: 'base64' }), {
      minItems: 1,
      maxItems: pdfLimits.files,
      description: 'The PDFs, base64, in the order of the result',
    }),
    forms: formsMember,
  }),
  parse: parseMerge,
};

function parseMerge(request: unknown): Parsed {
  if (!isObject(request)) return { ok: false, issues: [{ pointer: '', message: 'must be an object' }] };
  const given = request.pdf_files;
  const refused = (message: string): Parsed => ({ ok: false, issues: [{ pointer: '/pdf_files', message }] });
  if (given === undefined || given === null) return refused('is required');
  if (!Array.isArray(given)) return refused('must be a list of PDFs in base64');
  if (given.length === 0) return refused('must hold at least one PDF');
  if (given.length > pdfLimits.files) return refused(`must not hold more than ${pdfLimits.files} PDFs`);
  // Judged before decoding.
  const bytes = given.reduce<number>((sum, file: unknown) => sum + bytesOf(file), 0);
  if (bytes > pdfLimits.totalBytes) {
    return refused(`must not be larger than ${pdfLimits.totalBytes} bytes together when decoded`);
  }
  const reader = createInputReader();
  const files = given.map((file: unknown, index) => readPdf(reader, file, `/pdf_files/${index}`));
  const forms = readForms(reader, request.forms);
  if (reader.issues.length > 0) return { ok: false, issues: reader.issues };
  return { ok: true, plan: { request: { files, ...forms }, inputs: reader.inputs } };
}

/** Of a file, or of what a text of base64 is decoded to: four characters are three bytes. */
function bytesOf(value: unknown): number {
  if (value instanceof UploadedFile) return value.sizeBytes;
  return typeof value === 'string' ? (value.length / 4) * 3 : 0;
}

/** What the back gets. Points stay as the caller sent them, so that a refusal can point at one. */
export const splitPlanSchema = Type.Object({
  file: Type.Integer({ minimum: 0 }),
  splitAtPages: Type.Array(Type.Integer({ minimum: 0 })),
  maxPagesPerChunk: Type.Optional(Type.Integer({ minimum: 1 })),
  forms: formsSchema,
});

/**
 * Cuts a PDF. The first artifact is `split.json`: `{ chunk_page_counts: number[], chunks: string[] }`, the artifact
 * names `chunk-001.pdf`, ... in page order; see chunk-ranges.ts for where the cuts are.
 */
export const splitKind: Kind = {
  name: 'split',
  schema: Type.Object({
    pdf_data: Type.String({ description: 'The PDF, base64', contentEncoding: 'base64' }),
    split_at_pages: Type.Optional(
      Type.Array(Type.Integer({ minimum: 0 }), {
        maxItems: pdfLimits.splitPoints,
        description: '0-based pages that begin a new file; empty or absent: every page its own file',
      }),
    ),
    max_pages_per_chunk: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Longer files are cut again; 0 or absent: no bound' }),
    ),
    forms: formsMember,
  }),
  parse: parseSplit,
};

function parseSplit(request: unknown): Parsed {
  if (!isObject(request)) return { ok: false, issues: [{ pointer: '', message: 'must be an object' }] };
  const reader = createInputReader();
  const file = readPdf(reader, request.pdf_data, '/pdf_data');
  const splitAtPages = readPoints(reader, request.split_at_pages);
  const most = readWhole(reader, request.max_pages_per_chunk, '/max_pages_per_chunk', 0);
  const forms = readForms(reader, request.forms);
  if (reader.issues.length > 0) return { ok: false, issues: reader.issues };
  const plan = { file, splitAtPages, ...(most ? { maxPagesPerChunk: most } : {}), ...forms };
  return { ok: true, plan: { request: plan, inputs: reader.inputs } };
}

function readPoints(reader: InputReader, value: unknown): readonly number[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    reader.issues.push({ pointer: '/split_at_pages', message: 'must be a list of 0-based page numbers' });
    return [];
  }
  if (value.length > pdfLimits.splitPoints) {
    const message = `must not hold more than ${pdfLimits.splitPoints} entries`;
    reader.issues.push({ pointer: '/split_at_pages', message });
    return [];
  }
  return value.flatMap((entry: unknown, index) => {
    const pointer = `/split_at_pages/${index}`;
    if (entry === undefined || entry === null)
      reader.issues.push({ pointer, message: 'must be a page number' });
    const point = readWhole(reader, entry, pointer, 0);
    return point === undefined ? [] : [point];
  });
}
