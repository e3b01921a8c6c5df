import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { readLayout } from '../../../src/pieces/layout.js';
import { piecesBetween } from '../../../src/pieces/pieces.js';
import { type ArchiveSegment, makeArchive } from '../../../src/render/kinds/bulk-fill/view/archive.js';
import { rowFileName } from '../../../src/render/kinds/bulk-fill/view/file-name.js';
import { Prefix, readSegmentHead, SegmentBuilder } from '../../../src/render/kinds/bulk-fill/view/segment.js';
import type { SegmentHead } from '../../../src/render/kinds/bulk-fill/view/segment-head.js';

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
      crc32(tailOf(row), prefix.crc32),
    );
  }
  return Buffer.concat(builder.build().parts);
}

export interface Made {
  readonly sizeBytes: number;
  readonly tag: string;
  /** `manifest.json` as it was handed out. */
  readonly manifest: Buffer;
  /** The bytes `start` to before `end` of the archive. */
  between(start: number, end: number): Generator<Buffer>;
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
  const manifest: Uint8Array[] = [];
  const headers: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  const layout: Uint8Array[] = [];
  const archive = makeArchive({
    prefixBytes: prefix.length,
    segments: segments.map(archiveSegment),
    lost,
    createdAt,
    warnings: [{ code: 'REPAIRED', message: 'The PDF was repaired' }],
    // Its memory is used again.
    onManifest: (part) => manifest.push(Uint8Array.from(part)),
    onHeaders: (part) => headers.push(Uint8Array.from(part)),
    onDirectory: (part) => directory.push(Uint8Array.from(part)),
    onLayout: (part) => layout.push(Uint8Array.from(part)),
  });
  const own = [headers, directory].map((parts) => Buffer.concat(parts));
  const sources = [Buffer.concat(layout), prefix, ...own, ...segments];
  const { offsets, piece } = readLayout(sources[0] ?? prefix);
  return {
    sizeBytes: archive.sizeBytes,
    tag: archive.tag,
    manifest: Buffer.concat(manifest),
    *between(start, end) {
      for (const { source, start: from, length } of piecesBetween(offsets, piece, start, end))
        yield sources[source]?.subarray(from, from + length) ?? Buffer.alloc(0);
    },
  };
}

export function archiveSegment(bytes: Buffer): ArchiveSegment {
  const { from, counts } = readSegmentHead(bytes);
  const to = from + counts.success + counts.partial + counts.failed;
  return { from, to, counts: () => counts, head: () => readSegmentHead(bytes) };
}

/** What the manifest says of the rows of a segment. */
export function resultsOf({ results }: SegmentHead): readonly RowInManifest[] {
  return JSON.parse(`[${results.toString()}]`);
}

export interface RowInManifest {
  readonly row_number: number;
  readonly status: string;
  readonly file_name: string | null;
  readonly applied_overlay_count: number;
  readonly skipped_overlay_count: number;
  readonly warnings: readonly { readonly code: string; readonly details?: object }[];
  readonly error: { readonly code: string } | null;
}

export function bytesOf(made: Made, start = 0, end = made.sizeBytes): Buffer {
  return Buffer.concat([...made.between(start, end)]);
}
