import { type Issue, type PlanInput, UploadedFile } from '../../../kind.js';
import type { FormatHint } from './identified.js';

/** A file that a request gives, as the front of a kind reads it. */
export interface GivenFile {
  readonly input: PlanInput;
  readonly hint: FormatHint;
}

export const maxFileBytes = 100 * 1024 * 1024;

export type GivenFileAnswer =
  | { readonly ok: true; readonly file: GivenFile }
  | { readonly ok: false; readonly issue: Issue };

/** The member may be an upload, an http(s) address, a `data:` URI, or base64. What the file is its back finds out. */
export function readGivenFile(value: unknown, pointer: string): GivenFileAnswer {
  const refuse = (message: string): GivenFileAnswer => ({ ok: false, issue: { pointer, message } });
  const given = (input: PlanInput, hint: FormatHint = {}): GivenFileAnswer => ({
    ok: true,
    file: { input, hint },
  });
  if (value instanceof UploadedFile) {
    const { sizeBytes, contentType, fileName = '' } = value;
    if (sizeBytes === 0) return refuse('must not be empty');
    if (sizeBytes > maxFileBytes) return refuse(tooLarge);
    return given({ file: value, pointer }, hintOf(contentType, fileName));
  }
  if (value === undefined || value === null) return refuse('is required');
  if (value === '') return refuse('must not be empty');
  if (typeof value !== 'string') return refuse(notAFile);
  if (/^https?:\/\//i.test(value)) {
    if (!URL.canParse(value)) return refuse('is no address that can be read');
    const url = new URL(value);
    // Of the file; the caller knows no type of it.
    const address = { url: value, accept: ['*/*'], maxBytes: maxFileBytes };
    return given({ ...address, pointer }, hintOf('', url.pathname));
  }
  if (/^data:/i.test(value)) return readDataUri(value, pointer);
  if (/^[a-z][a-z0-9+.-]*:/i.test(value)) return refuse(notAFile);
  if ((value.length / 4) * 3 > maxFileBytes * 1.05) return refuse(tooLarge);
  const bytes = decodeBase64(value);
  if (bytes === undefined) return refuse(notAFile);
  return bytes.length > maxFileBytes ? refuse(tooLarge) : given({ bytes, pointer });
}

const notAFile = 'must be a file, an http(s) address, a data URI or base64';
const tooLarge = `must not be larger than ${maxFileBytes} bytes`;

function readDataUri(uri: string, pointer: string): GivenFileAnswer {
  const refuse = (message: string): GivenFileAnswer => ({ ok: false, issue: { pointer, message } });
  const comma = uri.indexOf(',');
  if (comma === -1 || comma > 1_000) return refuse('is a data URI without data');
  const type = uri.slice('data:'.length, comma);
  const data = uri.slice(comma + 1);
  if ((data.length / 4) * 3 > maxFileBytes * 1.05) return refuse(tooLarge);
  const bytes = /;\s*base64\s*$/i.test(type) ? decodeBase64(unescaped(data) ?? data) : textOf(data);
  if (bytes === undefined) return refuse('is a data URI whose data cannot be read');
  if (bytes.length > maxFileBytes) return refuse(tooLarge);
  if (bytes.length === 0) return refuse('is empty');
  return { ok: true, file: { input: { bytes, pointer }, hint: hintOf(type, '') } };
}

function textOf(data: string): Buffer | undefined {
  const text = unescaped(data);
  return text === undefined ? undefined : Buffer.from(text);
}

function unescaped(data: string): string | undefined {
  try {
    return data.includes('%') ? decodeURIComponent(data) : data;
  } catch {
    return undefined;
  }
}

function hintOf(contentType: string, fileName: string): FormatHint {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase();
  return type === 'text/csv' || /\.(csv|tsv)$/i.test(fileName) ? { isCsv: true } : {};
}

/** Of RFC 4648, either alphabet, with or without line breaks and padding. */
function decodeBase64(text: string): Buffer | undefined {
  const plain = /\s/.test(text) ? text.replace(/\s+/g, '') : text;
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(plain)) return undefined;
  const bytes = Buffer.from(plain, 'base64');
  return bytes.length === 0 ? undefined : bytes;
}
