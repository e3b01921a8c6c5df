import type { Message } from './message.js';

/** A row of which there is a PDF. */
export interface MadeRow {
  readonly status: 'success' | 'partial';
  readonly fileName: string;
  readonly appliedOverlays: number;
  readonly skippedOverlays: number;
  readonly warnings: readonly Message[];
}

/** A row of which there is none. */
export interface FailedRow {
  readonly status: 'failed';
  readonly error: Message;
}

/**
 * What `row_results` of a manifest says of a row, as JSON.
 * @param row from 0
 */
export function resultText(result: MadeRow | FailedRow, row: number): string {
  const isFailed = result.status === 'failed';
  return JSON.stringify({
    row_number: row + 1,
    status: result.status,
    file_name: isFailed ? null : result.fileName,
    applied_overlay_count: isFailed ? 0 : result.appliedOverlays,
    skipped_overlay_count: isFailed ? 0 : result.skippedOverlays,
    warnings: isFailed ? [] : result.warnings,
    error: isFailed ? result.error : null,
  });
}
