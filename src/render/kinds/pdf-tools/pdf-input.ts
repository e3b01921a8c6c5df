import type { Binary, Issue } from '../../kind.js';
import { pdfLimits } from './limits.js';

/** A reader of one request: collects issues and the PDFs that it decoded. Lives for one `parse`. */
export interface InputReader {
  readonly issues: Issue[];
  readonly blobs: Uint8Array[];
  readonly binaries: Binary[];
}

export function createInputReader(): InputReader {
  return { issues: [], blobs: [], binaries: [] };
}

/** Decodes the PDF at `pointer` into the next blob. Answers the blob's index, nothing where there was an issue. */
export function readPdf(reader: InputReader, value: unknown, pointer: string): number | undefined {
  const decoded = decodePdf(value);
  if (typeof decoded === 'string') {
    reader.issues.push({ pointer, message: decoded });
    return undefined;
  }
  const blob = reader.blobs.push(decoded) - 1;
  reader.binaries.push({ pointer, blob });
  return blob;
}

/** A whole number of at least `least`; absent and null are nothing. */
export function readWhole(
  reader: InputReader,
  value: unknown,
  pointer: string,
  least: number,
): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
  reader.issues.push({ pointer, message: `must be a whole number of at least ${least}` });
  return undefined;
}

/** Answers the bytes or what is wrong. The size is judged before anything is decoded. */
function decodePdf(value: unknown): Uint8Array | string {
  if (value === undefined || value === null) return 'is required';
  if (typeof value !== 'string') return 'must be a PDF in base64';
  if (value === '') return 'must not be empty';
  if ((value.length / 4) * 3 - 2 > pdfLimits.fileBytes) {
    return `must not be larger than ${pdfLimits.fileBytes} bytes when decoded`;
  }
  const bytes = decodeBase64(value);
  if (bytes === undefined) {
    return 'must be base64 (RFC 4648 section 4, padded, no line breaks, no data: prefix)';
  }
  if (bytes.length > pdfLimits.fileBytes) {
    return `must not be larger than ${pdfLimits.fileBytes} bytes when decoded`;
  }
  // The header may come late: readers look for it in the first 1024 bytes (ISO 32000-1, annex H, note 13).
  if (bytes.subarray(0, 1024).indexOf('%PDF-', 0, 'latin1') === -1)
    return 'is not a PDF: it has no %PDF- header';
  return bytes;
}

/**
 * Strict base64. `Buffer.from` skips what it does not know and stops at the first `=`, so a length that is not the
 * expected one means a foreign character; the URL alphabet, loose trailing bits and characters past ASCII (of which
 * only the low byte is looked at) have to be sought.
 */
export function decodeBase64(text: string): Buffer | undefined {
  if (text.length % 4 !== 0 || text.includes('-') || text.includes('_')) return undefined;
  if (Buffer.byteLength(text) !== text.length) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== (text.length / 4) * 3 - padding) return undefined;
  if (padding > 0 && bytes.subarray(-(3 - padding)).toString('base64') !== text.slice(-4)) return undefined;
  return bytes;
}
