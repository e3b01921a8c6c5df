import type { RowTotals } from '../protocol/job-record.js';

/** What a running attempt tells of how far it is. A value: only the latest one matters. */
export interface JobProgress {
  readonly jobId: string;
  readonly owner: string;
  readonly kind: string;
  readonly group?: string;
  readonly tags?: readonly string[];
  readonly attempt: number;
  readonly ratio: number;
  readonly phase: string;
  readonly pagesDone?: number;
  readonly pagesTotal?: number;
  readonly rows?: RowTotals;
}
