import type { ErrorCode, ErrorDetails, JobWarning, RowTotals } from '../protocol/job-record.js';
import type { Prepared } from './kind.js';
import type { VirtualFile, VirtualRun } from './virtual-files.js';
import type { EndMessage, FinishedFile } from './wire.js';

export type Outcome =
  | {
      readonly type: 'done';
      readonly files: readonly FinishedFile[];
      readonly virtual?: readonly VirtualFile[];
      /** Of a chunk. */
      readonly runs?: readonly VirtualRun[];
      /** Of the step `prepare`. */
      readonly preparation?: Prepared;
      /** Of a chunk. */
      readonly note?: unknown;
      /** Of a job whose units are rows. */
      readonly rows?: RowTotals;
      readonly pages?: number;
      readonly warnings: readonly JobWarning[];
      /** From the thread taking the task to its answer. */
      readonly runMs: number;
    }
  | {
      readonly type: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
      readonly pointer?: string;
      readonly details?: ErrorDetails;
      readonly rows?: RowTotals;
      /** The code of a fault of the machine that passes: another try may succeed, and this one does not count. */
      readonly fault?: string;
      readonly warnings: readonly JobWarning[];
    }
  /** The signal stopped the task. Its thread is free again by then (or gone, with its successor starting). */
  | { readonly type: 'cancelled' };

/** What a thread has answered. */
export function outcomeOf(message: EndMessage, runMs: number): Outcome {
  if (message.type === 'stopped') return { type: 'cancelled' };
  if (message.type === 'done') {
    const { type, task: _task, heavy: _heavy, themes: _themes, ...done } = message;
    return { type, ...done, runMs };
  }
  const { type, task: _task, heavy: _heavy, ...failed } = message;
  return { type, ...failed };
}
