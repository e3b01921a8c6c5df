import type { Fetched, Progress } from './kind.js';
import type { FinishedFile, RunMessage, Step } from './wire.js';

/** What the pool has a thread do, and what it tells whoever wants it done. */
export interface Task {
  readonly kind: string;
  /** Waiting tasks of different owners take turns; those of one owner run in their order. */
  readonly owner: string;
  /** Left out, it belongs to no job. */
  readonly jobId?: string;
  readonly request: RunMessage['request'];
  readonly inputPaths: readonly string[];
  readonly fetched: Readonly<Record<string, Fetched>>;
  /** Left out, the whole job. */
  readonly step?: Step;
  /** Paths of the job's parts, by name. */
  readonly parts?: Readonly<Record<string, string>>;
  readonly asidePrefix: string;
  /** Counted from when a thread takes the task, without time in which this process stood. */
  readonly timeoutMs: number;
  readonly memoryRetry: boolean;
  /** Goes before tasks that are not urgent, but not again and again before another owner's: a caller waits for it. */
  readonly urgent: boolean;
  /** Stops the task, waiting or running. */
  readonly signal: AbortSignal;
  /** A thread takes the task, in this very step. */
  readonly onStart?: () => void;
  readonly onProgress: (progress: Progress) => void;
  /** A part lies complete, and belongs to the listener; without one it is left where it is. */
  readonly onPart?: (file: FinishedFile) => void;
}
