export interface RowCounts {
  readonly success: number;
  readonly partial: number;
  readonly failed: number;
  /** Overlays and fields of all rows. */
  readonly applied: number;
  readonly skipped: number;
}

/** What is counted of a row. */
type Counted =
  | { readonly status: 'failed' }
  | {
      readonly status: 'success' | 'partial';
      readonly appliedOverlays: number;
      readonly skippedOverlays: number;
    };

const none: RowCounts = { success: 0, partial: 0, failed: 0, applied: 0, skipped: 0 };

export function countRows(rows: Iterable<Counted>): RowCounts {
  const counts = { ...none };
  for (const row of rows) {
    counts[row.status] += 1;
    if (row.status === 'failed') continue;
    counts.applied += row.appliedOverlays;
    counts.skipped += row.skippedOverlays;
  }
  return counts;
}

export function sumOfCounts(all: Iterable<RowCounts>): RowCounts {
  const sum = { ...none };
  for (const { success, partial, failed, applied, skipped } of all) {
    sum.success += success;
    sum.partial += partial;
    sum.failed += failed;
    sum.applied += applied;
    sum.skipped += skipped;
  }
  return sum;
}
