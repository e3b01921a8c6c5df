import type { Message } from './message.js';
import type { RowResult } from './segment.js';

/** Counts of a job's rows, as its progress and its manifest tell them. */
export interface RowCounts {
  readonly success: number;
  readonly partial: number;
  readonly failed: number;
  readonly appliedOverlays: number;
  readonly skippedOverlays: number;
}

export function countRows(rows: Iterable<RowResult>): RowCounts {
  const counts = { success: 0, partial: 0, failed: 0, appliedOverlays: 0, skippedOverlays: 0 };
  for (const row of rows) {
    counts[row.status] += 1;
    if (row.status === 'failed') continue;
    counts.appliedOverlays += row.appliedOverlays;
    counts.skippedOverlays += row.skippedOverlays;
  }
  return counts;
}

/**
 * `manifest.json` of an archive, version 2. Every requested row has one result.
 * @param createdAt of the job, in milliseconds since 1970: the only time that stands in an archive
 * @param warnings of the whole job
 */
export function manifestText(
  rows: readonly RowResult[],
  { createdAt, warnings }: { readonly createdAt: number; readonly warnings: readonly Message[] },
): string {
  const { success, partial, failed, appliedOverlays, skippedOverlays } = countRows(rows);
  return JSON.stringify({
    version: 2,
    rows: rows.length,
    timestamp: new Date(createdAt).toISOString(),
    summary: {
      produced_rows: success + partial,
      success_rows: success,
      partial_rows: partial,
      failed_rows: failed,
      applied_overlay_count: appliedOverlays,
      skipped_overlay_count: skippedOverlays,
    },
    warnings,
    row_results: rows.map(resultOf),
  });
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
