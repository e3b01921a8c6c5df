import { type Problem, problem } from '../protocol/problem.js';

/** Arrays and objects within each other. No document needs as many, and recursive readers behind stay safe. */
export const maxDepth = 48;

const quote = 0x22;
const backslash = 0x5c;
const opening = new Set([0x5b, 0x7b]);
const closing = new Set([0x5d, 0x7d]);

const decoder = new TextDecoder('utf-8', { fatal: true });

export type JsonBody =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly problem: Problem };

/** The object in a body. Depth is bounded before anything is built from it: a few megabytes of `[` cost nothing. */
export function readJsonBody(bytes: Uint8Array): JsonBody {
  if (bytes.length === 0) return malformed('The body is empty; send a JSON object');
  if (tooDeep(bytes)) {
    const errors = [{ pointer: '', message: `must not nest deeper than ${maxDepth} levels` }];
    return { ok: false, problem: problem('validation-failed', 'The body nests too deeply', { errors }) };
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

function tooDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] as number;
    if (inString) {
      if (byte === backslash) index += 1;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (opening.has(byte)) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if (closing.has(byte)) depth -= 1;
  }
  return false;
}
