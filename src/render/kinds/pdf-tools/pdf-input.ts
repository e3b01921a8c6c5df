import { type Issue, type PlanInput, UploadedFile } from '../../kind.js';
import { pdfLimits } from './limits.js';

/** A reader of one request: collects issues and the PDFs that it found. Lives for one `parse`. */
export interface InputReader {
  readonly issues: Issue[];
  readonly inputs: PlanInput[];
}

export function createInputReader(): InputReader {
  return { issues: [], inputs: [] };
}

/** Makes the PDF at `pointer` the next input. Answers the input's index, nothing where there was an issue. */
export function readPdf(reader: InputReader, value: unknown, pointer: string): number | undefined {
  if (value instanceof UploadedFile) {
    const defect = defectOf(value);
    if (defect === undefined) return reader.inputs.push({ file: value, pointer }) - 1;
    reader.issues.push({ pointer, message: defect });
    return undefined;
  }
  const decoded = decodePdf(value);
  if (typeof decoded !== 'string') return reader.inputs.push({ bytes: decoded, pointer }) - 1;
  reader.issues.push({ pointer, message: decoded });
  return undefined;
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
  return hasHeader(bytes) ? bytes : noHeader;
}

function defectOf({ sizeBytes, head }: UploadedFile): string | undefined {
  if (sizeBytes === 0) return 'must not be empty';
  if (sizeBytes > pdfLimits.fileBytes) return `must not be larger than ${pdfLimits.fileBytes} bytes`;
  return hasHeader(head) ? undefined : noHeader;
}

const noHeader = 'is not a PDF: it has no %PDF- header';

/** The header may come late: readers look for it in the first 1024 bytes (ISO 32000-1, annex H, note 13). */
function hasHeader(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 1024)).includes(
    '%PDF-',
    0,
    'latin1',
  );
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
