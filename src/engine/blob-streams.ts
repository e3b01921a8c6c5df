import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';

/** Both ends inclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const wholeMaxBytes = 64 * 1024;

/** Bytes of a file. Rejects when it is not there. */
export async function streamOfFile(path: string, range?: ByteRange): Promise<Readable> {
  const handle = await open(path, 'r');
  let closes = true;
  try {
    const length = range === undefined ? (await handle.stat()).size : range.end - range.start + 1;
    if (length > wholeMaxBytes) {
      const stream = handle.createReadStream(range);
      closes = false;
      return stream;
    }
    // A stream costs several times what reading a small file does.
    const bytes = Buffer.allocUnsafe(length);
    const { bytesRead } = await handle.read(bytes, 0, length, range?.start ?? 0);
    return streamOfBytes(bytes.subarray(0, bytesRead));
  } finally {
    if (closes) await handle.close();
  }
}

/** A stream that holds all of its bytes from the beginning: who wants them at once calls `read`. */
export function streamOfBytes(bytes: Uint8Array, range?: ByteRange): Readable {
  const stream = new Readable({ read: () => undefined });
  stream.push(range === undefined ? bytes : bytes.subarray(range.start, range.end + 1));
  stream.push(null);
  return stream;
}
