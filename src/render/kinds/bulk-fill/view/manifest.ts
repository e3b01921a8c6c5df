import { GrowingBytes } from '../../../../pieces/growing-bytes.js';
import type { Message } from './message.js';
import type { RowCounts } from './row-counts.js';
import type { RowResult } from './segment.js';

/** As much is made at once. */
const partBytes = 256 * 1024;

interface ManifestFacts {
  readonly counts: RowCounts;
  /** Of the job, in milliseconds since 1970: the only time that stands in an archive. */
  readonly createdAt: number;
  /** Of the whole job. */
  readonly warnings: readonly Message[];
}

/**
 * `manifest.json` of an archive, version 2, in parts, each in memory that the next one takes: every requested row has one result.
 */
export function* manifestParts(
  rows: Iterable<RowResult>,
  { counts, createdAt, warnings }: ManifestFacts,
): Generator<Buffer> {
  const { success, partial, failed, applied, skipped } = counts;
  const top = {
    version: 2,
    rows: success + partial + failed,
    timestamp: new Date(createdAt).toISOString(),
    summary: {
      produced_rows: success + partial,
      success_rows: success,
      partial_rows: partial,
      failed_rows: failed,
      applied_overlay_count: applied,
      skipped_overlay_count: skipped,
    },
    warnings,
  };
  const bytes = new GrowingBytes();
  bytes.text(`${JSON.stringify(top).slice(0, -1)},"row_results":[`);
  let index = 0;
  for (const row of rows) {
    bytes.text(`${index === 0 ? '' : ','}${JSON.stringify(resultOf(row, index))}`);
    index += 1;
    if (bytes.length < partBytes) continue;
    yield bytes.bytes;
    bytes.clear();
  }
  bytes.text(']}');
  yield bytes.bytes;
}

function resultOf(row: RowResult, index: number): object {
  const isFailed = row.status === 'failed';
  return {
    row_number: index + 1,
    status: row.status,
    file_name: isFailed ? null : row.fileName,
    applied_overlay_count: isFailed ? 0 : row.appliedOverlays,
    skipped_overlay_count: isFailed ? 0 : row.skippedOverlays,
    warnings: isFailed ? [] : row.warnings,
    error: isFailed ? row.error : null,
  };
}
