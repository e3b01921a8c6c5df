import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { headBytes } from '../../render/kind.js';

/** What was written, in the words of `UploadedFile`. */
export interface WrittenFile {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly head: Uint8Array;
}

/** The file cannot be written: a fault of the machine, not of the upload. */
export class UploadNotWritten extends Error {
  override readonly name = 'UploadNotWritten';

  constructor(cause: unknown) {
    super('an upload cannot be written', { cause });
  }
}

/**
 * Writes chunks to a new file as they come, one in memory at a time; the next one is asked for when it is written.
 * Rejects with `UploadNotWritten`, or with what the chunks reject with; the file is the caller's to remove in any case.
 */
export async function writePart(chunks: AsyncIterable<Uint8Array>, path: string): Promise<WrittenFile> {
  const file = await open(path, 'wx', 0o600).catch(notWritten);
  const hash = createHash('sha256');
  const head: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of chunks) {
      if (sizeBytes < headBytes) head.push(chunk.slice(0, headBytes - sizeBytes));
      sizeBytes += chunk.length;
      hash.update(chunk);
      await file.writeFile(chunk).catch(notWritten);
    }
  } finally {
    await file.close().catch(notWritten);
  }
  return { sizeBytes, sha256: hash.digest('hex'), head: Uint8Array.from(Buffer.concat(head)) };
}

function notWritten(error: unknown): never {
  throw new UploadNotWritten(error);
}
