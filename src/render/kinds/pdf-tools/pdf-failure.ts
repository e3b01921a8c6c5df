import { RenderFailure } from '../../kind.js';

/**
 * What can be wrong with a PDF that a caller sends. Each case has its own message, so that the caller knows what to
 * fix.
 */
export type PdfDefect =
  | { readonly is: 'truncated' }
  | { readonly is: 'encrypted' }
  | { readonly is: 'broken'; readonly detail: string }
  /** It would unpack to more than that, or its engine need more than that, MiB. */
  | { readonly is: 'too-heavy'; readonly limitMb: number }
  | { readonly is: 'empty' }
  | { readonly is: 'too-long'; readonly pages: number; readonly limit: number };

export function pdfFailure(defect: PdfDefect, pointer: string): RenderFailure {
  return new RenderFailure(wording(defect), pointer);
}

function wording(defect: PdfDefect): string {
  switch (defect.is) {
    case 'truncated':
      return 'the PDF is truncated: its end is missing';
    case 'encrypted':
      return 'the PDF is encrypted: it does not open without a password';
    case 'broken':
      return `the PDF is broken: ${defect.detail}`;
    case 'too-heavy':
      return `the PDF needs more memory than reading it may take: the limit is ${defect.limitMb} MiB`;
    case 'empty':
      return 'the PDF has no pages';
    case 'too-long':
      return `the PDF makes ${defect.pages} pages together; the limit is ${defect.limit}`;
  }
}

/**
 * A whole PDF ends with `startxref`; a file that was cut has objects after the last one, or none at all. Engines
 * rebuild such files from what is left and would drop pages without a word, so it is asked before they see it. Other
 * text behind the end is harmless.
 */
export function isTruncated(file: Buffer): boolean {
  const end = file.lastIndexOf('startxref', undefined, 'latin1');
  if (end === -1) return true;
  for (let at = file.indexOf(' obj', end, 'latin1'); at !== -1; at = file.indexOf(' obj', at + 4, 'latin1')) {
    if (objectHead.test(file.toString('latin1', Math.max(end, at - headChars), at + 5))) return true;
  }
  return false;
}

/** `12 0 obj` at the start of a line, or right behind the mark of the end. */
const objectHead = /(?:[\r\n]|%%EOF)\s*\d{1,10} \d{1,5} obj(?:[\s<[(/]|$)/;
const headChars = 32;
