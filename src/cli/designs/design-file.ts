import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { lineOf, mapJson, spanOf } from '../../protocol/json-map.js';
import { type CompiledDesign, compileDesign, DesignRefused } from '../../render/kinds/report/design.js';
import { Misuse } from '../arguments.js';
import { fileReason } from '../file-reason.js';
import { readable } from '../text-width.js';

/** Something that is wrong in a file of JSON. */
export interface FileFault {
  /** From 1. */
  readonly line: number;
  /** UTF-16 units from the start of the line, from 1. */
  readonly column: number;
  /** JSON pointer; left out where the text is no JSON. */
  readonly pointer?: string;
  readonly message: string;
}

export type ReadDesignFile =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>>; readonly design: CompiledDesign }
  | { readonly ok: false; readonly faults: readonly FileFault[] };

/** Reads and checks the design in a file. Throws `Misuse` for a file that cannot be read. */
export async function readDesignFile(path: string): Promise<ReadDesignFile> {
  return checkDesignText(await textOfFile(path));
}

export async function textOfFile(path: string): Promise<string> {
  try {
    // Editors of one operating system begin a file with a mark that JSON does not know.
    return (await readFile(path, 'utf8')).replace(/^\ufeff/, '');
  } catch (error) {
    throw new Misuse(`${path} cannot be read: ${fileReason(error)}.`, 'file');
  }
}

export function checkDesignText(text: string): ReadDesignFile {
  const map = mapJson(text);
  if (map.error !== undefined) {
    const { at, message } = map.error;
    return { ok: false, faults: [{ ...placeIn(text, at), message }] };
  }
  const value: unknown = JSON.parse(text);
  if (!isMembers(value)) {
    return { ok: false, faults: [{ line: 1, column: 1, pointer: '', message: 'must be an object' }] };
  }
  try {
    // It freezes what it keeps, and the value is still to be sent.
    return { ok: true, value, design: compileDesign(JSON.parse(text)) };
  } catch (error) {
    if (!(error instanceof DesignRefused)) throw error;
    const faults = error.faults.map(({ pointer, column, message }): FileFault => {
      const { from, to } = spanOf(map, pointer);
      const literal = map.tokens.find(
        (token) => token.type === 'string' && token.to === to && token.from >= from,
      );
      const at = column === undefined || literal === undefined ? from : offsetIn(text, literal.from, column);
      return { ...placeIn(text, at), pointer, message };
    });
    return { ok: false, faults };
  }
}

/** One line for each, as compilers write them, so that editors lead to the place. */
export function faultLines(path: string, faults: readonly FileFault[]): readonly string[] {
  return faults.map(({ line, column, pointer, message }) => {
    const where = pointer === undefined || pointer === '' ? '' : `${readable(pointer)} `;
    return `${readable(path)}:${line}:${column}: ${where}${readable(message)}`;
  });
}

/** Of the n-th character, from 1, of a JSON text that begins at `from` with its quote: an escape is one character. */
function offsetIn(text: string, from: number, column: number): number {
  let at = from + 1;
  for (let left = column - 1; left > 0 && at < text.length && text[at] !== '"'; left--) {
    if (text[at] !== '\\') at++;
    else at += text[at + 1] === 'u' ? 6 : 2;
  }
  return at;
}

function placeIn(text: string, at: number): { line: number; column: number } {
  return { line: lineOf(text, at) + 1, column: at - text.lastIndexOf('\n', at - 1) };
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `invoice.json` and `invoice.design.json` are the design `invoice`. */
export function idOfFile(path: string): string {
  return basename(path).replace(/(\.design)?\.json$/i, '');
}
