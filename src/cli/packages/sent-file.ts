import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { Misuse } from '../arguments.js';
import { fileReason } from '../file-reason.js';
import { type Destination, type Saved, save } from '../save.js';

/** A file as a part of a form. */
export async function sentFile(path: string, type: string): Promise<File> {
  try {
    return new File([new Uint8Array(await readFile(path))], basename(path), { type });
  } catch (error) {
    throw new Misuse(`${path} cannot be read: ${fileReason(error)}.`, 'file');
  }
}

/** Writes what an answer held, as a result is written. */
export function saveAnswer(
  bytes: Uint8Array,
  name: string,
  to: Destination,
  signal: AbortSignal,
): Promise<Saved> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const file = { name, contentType: 'application/octet-stream', size: bytes.length, sha256 };
  const body = Buffer.from(bytes);
  const download = async () => ({ ...file, stream: new Blob([body]).stream(), bytes: async () => body });
  return save({ download }, '', to, signal);
}
