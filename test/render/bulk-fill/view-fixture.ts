import { createHash } from 'node:crypto';
import { Archive } from '../../../src/render/kinds/bulk-fill/view/archive.js';
import { rowFileName } from '../../../src/render/kinds/bulk-fill/view/file-name.js';
import { Prefix, readSegmentHead, SegmentBuilder } from '../../../src/render/kinds/bulk-fill/view/segment.js';
import type { ArchiveFiles } from './read-pieces.js';
import { readPieces } from './read-pieces.js';

export const createdAt = Date.UTC(2026, 10, 29, 9, 0, 0, 123);

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What stands for a row's tail. */
export const tailOf = (row: number): Buffer => Buffer.from(`tail of row ${row} ${'.'.repeat(row % 50)}\n`);

/** The rows `from` to before `to`; every seventh failed, every fifth partial. */
export function segmentOf(prefix: Prefix, from: number, to: number): Buffer {
  const builder = new SegmentBuilder(prefix, from);
  for (let row = from; row < to; row += 1) {
    if (row % 7 === 6) {
      builder.failed({ code: 'ROW_TOO_LARGE', message: 'The row is too large' });
      continue;
    }
    const isPartial = row % 5 === 4;
    builder.made(
      {
        status: isPartial ? 'partial' : 'success',
        fileName: rowFileName(row + 1, [`Łódź ${row}`]),
        appliedOverlays: 2,
        skippedOverlays: isPartial ? 1 : 0,
        warnings: isPartial ? [{ code: 'NATIVE_FIELD_MISSING', message: 'There is no such field' }] : [],
      },
      tailOf(row),
    );
  }
  return Buffer.concat(builder.parts());
}

export interface Made {
  readonly archive: Archive;
  readonly files: ArchiveFiles;
  readonly prefix: Buffer;
}

/** An archive of so many rows, whose segments come in any order. */
export function archiveOf(
  rows: number,
  {
    prefix = Buffer.from('%PDF-1.7 prefix\n'),
    chunk = 10,
    order = (list: number[]) => list,
    lost = [] as { from: number; to: number }[],
  } = {},
): Made {
  const state = new Prefix(prefix);
  const starts = order(Array.from({ length: Math.ceil(rows / chunk) }, (_, at) => at * chunk));
  const kept = starts.filter((from) => !lost.some((range) => range.from === from));
  const segments = kept.map((from) => segmentOf(state, from, Math.min(rows, from + chunk)));
  const archive = new Archive({
    prefixBytes: prefix.length,
    segments: segments.map((bytes) => readSegmentHead(bytes)),
    lost,
    createdAt,
    warnings: [{ code: 'REPAIRED', message: 'The PDF was repaired' }],
  });
  const files: ArchiveFiles = {
    prefix: async (start, length) => prefix.subarray(start, start + length),
    segment: async (at, start, length) => segments[at]?.subarray(start, start + length) ?? Buffer.alloc(0),
  };
  return { archive, files, prefix };
}

export async function bytesOf({ archive, files }: Made, start = 0, end = archive.sizeBytes): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readPieces(archive.between(start, end), files)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
