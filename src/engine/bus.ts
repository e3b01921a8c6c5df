import type { RowTotals } from '../protocol/job-record.js';
import type { Fact } from './engine.js';

/**
 * A message that the log has grown to `last`. It carries either every fact after `after` up to `last`, or none when the
 * sender does not have them at hand. A reader that has everything up to `after` may take the facts from the hint
 * instead of reading the log. Only the follower (`follow/`) listens to hints; every other part listens to the follower.
 */
export interface Hint {
  readonly epoch: string;
  readonly after: number;
  readonly last: number;
  readonly facts: readonly Fact[];
}

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

/** Lossy by contract. Listeners are called in the order of subscription and must not throw. */
export interface Bus {
  /** Returns what ends the subscription. */
  onHint(listener: (hint: Hint) => void): () => void;
  publishProgress(progress: JobProgress): void;
  onProgress(listener: (progress: JobProgress) => void): () => void;
}
