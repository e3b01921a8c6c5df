import { readFile } from 'node:fs/promises';
import { unlessAborted } from '../../client/sdk/backoff.js';
import type { JobRequest } from '../../client/sdk/types.js';
import { Misuse } from './arguments.js';
import { fileReason } from './file-reason.js';
import type { Shell } from './terminal.js';
import { readable } from './text-width.js';

/** Larger than any body that a server can be configured to take. */
const maxBytes = 1024 ** 3;

export type ReadDocument =
  | { readonly ok: true; readonly document: JobRequest }
  | { readonly ok: false; readonly message: string };

/** A request from a file. @param path `-` for the standard input */
export async function readDocument(
  path: string,
  { input, interrupted }: Pick<Shell, 'input' | 'interrupted'>,
): Promise<JobRequest> {
  // The input may never bring a byte: a signal has to end the wait.
  const text = path === '-' ? await unlessAborted(readAll(input), interrupted) : await readText(path);
  const read = parseDocument(text, path === '-' ? 'the standard input' : path);
  if (!read.ok) throw new Misuse(read.message, 'file');
  return read.document;
}

/** @param name of the file, for the message */
export function parseDocument(text: string, name: string): ReadDocument {
  const refuse = (message: string): ReadDocument => ({ ok: false, message: `${readable(name)} ${message}` });
  if (text.trim() === '') return refuse('is empty; it must hold a JSON object.');
  let value: unknown;
  try {
    // Editors of one operating system begin a file with a mark that JSON does not know.
    value = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    return refuse(`is not valid JSON: ${placeOf(error, text)}`);
  }
  if (!isObject(value)) return refuse('must hold a JSON object, such as {"operations":[...]}.');
  return { ok: true, document: value };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Misuse(`${path} cannot be read: ${fileReason(error)}.`, 'file');
  }
}

async function readAll(input: Shell['input']): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Misuse('The standard input is larger than any request may be.', 'file');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What the engine says, with line and column where it names a position. */
function placeOf(error: unknown, text: string): string {
  const said = readable(error instanceof Error ? error.message : String(error)).slice(0, 200);
  const message = said.replace(/ is not valid JSON$/, '');
  const at = Number(/at position (\d+)/.exec(message)?.[1] ?? Number.NaN);
  if (Number.isNaN(at) || /\(line \d+/.test(message)) return `${message}.`;
  const before = text.slice(0, at).split('\n');
  return `${message} (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}).`;
}

function isObject(value: unknown): value is JobRequest {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
