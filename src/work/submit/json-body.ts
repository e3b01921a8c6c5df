import { type Problem, problem } from '../../protocol/problem.js';

/** Arrays and objects within each other. No document needs as many, and recursive readers behind stay safe. */
export const maxDepth = 48;
/**
 * Commas and brackets outside of texts, which is about how many values there are. Twice what the largest table of
 * styled cells needs. A value of two bytes takes fifty once it is read: without this bound a body could cost a
 * gigabyte.
 */
export const maxValues = 4_000_000;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
/** `[` and `]`; with this bit they are `{` and `}`. */
const opening = 0x5b;
const closing = 0x5d;
const curly = 0x20;

const decoder = new TextDecoder('utf-8', { fatal: true });

export type JsonBody =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly problem: Problem };

/** The object in a body. Its shape is bounded before anything is built from it: a few megabytes of `[` cost nothing. */
export function readJsonBody(bytes: Uint8Array): JsonBody {
  if (bytes.length === 0) return malformed('The body is empty; send a JSON object');
  const message = jsonExcess(bytes);
  if (message !== undefined) {
    const detail = 'The body nests too deeply or holds too much';
    return {
      ok: false,
      problem: problem('validation-failed', detail, { errors: [{ pointer: '', message }] }),
    };
  }
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (error) {
    return malformed(error instanceof SyntaxError ? `${error.message}` : 'The body is not valid UTF-8');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const errors = [{ pointer: '', message: 'must be an object' }];
    return { ok: false, problem: problem('validation-failed', 'The body must be a JSON object', { errors }) };
  }
  return { ok: true, value: value as Readonly<Record<string, unknown>> };
}

function malformed(detail: string): JsonBody {
  return { ok: false, problem: problem('malformed-json', detail.slice(0, 300)) };
}

/** Why a text of JSON is too much to be read, whether it is valid or not; undefined when it is not. */
export function jsonExcess(bytes: Uint8Array): string | undefined {
  if (isHarmless(bytes)) return undefined;
  let depth = 0;
  let values = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index];
    if (byte === quote) index = endOfText(bytes, index + 1);
    else if (byte === comma) values += 1;
    else if (byte === opening || byte === (opening | curly)) {
      values += 1;
      depth += 1;
      if (depth > maxDepth) return `must not nest deeper than ${maxDepth} levels`;
    } else if (byte === closing || byte === (closing | curly)) depth -= 1;
    if (values > maxValues) return `must not hold more than ${maxValues} values`;
  }
  return undefined;
}

/** Whether it has too few characters, and too few of them that open anything, to be too much: most bodies, at a tenth of the cost. */
function isHarmless(bytes: Uint8Array): boolean {
  if (bytes.length > maxValues) return false;
  let openings = 0;
  for (const byte of [opening, opening | curly]) {
    for (let at = bytes.indexOf(byte); at !== -1; at = bytes.indexOf(byte, at + 1)) {
      openings += 1;
      if (openings > maxDepth) return false;
    }
  }
  return true;
}

/** Index of the quote that ends a text, or past the end. */
function endOfText(bytes: Uint8Array, start: number): number {
  let index = start;
  while (index < bytes.length && bytes[index] !== quote) index += bytes[index] === backslash ? 2 : 1;
  return index;
}
