import type { Piece } from '../../../src/pieces/pieces.js';
import type { ArchiveSource } from '../../../src/render/kinds/bulk-fill/view/archive.js';

/** Reads bytes of the files that an archive is made of. */
export interface ArchiveFiles {
  /** Read often: it may be held. */
  prefix(start: number, length: number): Promise<Uint8Array>;
  segment(segment: number, start: number, length: number): Promise<Uint8Array>;
}

/** Small pieces are handed on together, large ones in parts. */
const chunkBytes = 256 * 1024;

/** The bytes of pieces, in chunks of about 256 KiB. */
export async function* readPieces(
  pieces: Iterable<Piece<ArchiveSource>>,
  files: ArchiveFiles,
): AsyncGenerator<Uint8Array> {
  let gathered: Uint8Array[] = [];
  let bytes = 0;
  for (const { source, start, length } of pieces) {
    for (let at = 0; at < length; ) {
      const part = Math.min(length - at, chunkBytes - bytes);
      gathered.push(await read(source, start + at, part, files));
      at += part;
      bytes += part;
      if (bytes < chunkBytes) continue;
      yield joined(gathered);
      gathered = [];
      bytes = 0;
    }
  }
  if (bytes > 0) yield joined(gathered);
}

async function read(
  source: ArchiveSource,
  start: number,
  length: number,
  files: ArchiveFiles,
): Promise<Uint8Array> {
  if (source.type === 'bytes') return source.bytes.subarray(start, start + length);
  if (source.type === 'prefix') return files.prefix(start, length);
  return files.segment(source.segment, start, length);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  return first !== undefined && parts.length === 1 ? first : Buffer.concat(parts);
}
