import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { Blobs } from '../../src/engine/blobs.js';
import { UploadedFile } from '../../src/render/kind.js';

/** A file as a form has brought it: complete, and aside. */
export async function uploaded(blobs: Blobs, text: string): Promise<UploadedFile> {
  const path = blobs.aside();
  await writeFile(path, text);
  const sha256 = createHash('sha256').update(text).digest('hex');
  const head = Buffer.from(text);
  return new UploadedFile({
    path,
    sha256,
    sizeBytes: head.length,
    fileName: 'a',
    contentType: 'text/plain',
    head,
  });
}
