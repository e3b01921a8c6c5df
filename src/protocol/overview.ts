import type { QueueAnswer } from './queue.js';

/** The answer of `GET /api/v1/overview`, of which the page and the command line show the same. */
export interface OverviewAnswer {
  /** ISO 8601, as all times here. */
  readonly at: string;
  /** From when on is counted what ended. */
  readonly since: string;
  /** Left out: of every owner. */
  readonly owner?: string;
  readonly queue: QueueAnswer;
  readonly threads: readonly OverviewThread[];
  readonly waiting: {
    readonly by_owner: readonly { readonly owner: string; readonly jobs: number }[];
    readonly jobs?: number;
    readonly running?: number;
    readonly oldest_seconds?: number;
  };
  readonly pages_per_second: number;
  readonly minute: OverviewCounts;
  readonly hour: OverviewCounts;
  readonly spans: readonly (OverviewCounts & { readonly at: string })[];
  readonly causes: readonly { readonly error_code: string; readonly failed: number }[];
  readonly failures: readonly OverviewFailure[];
  readonly disk?: { readonly free_bytes: number; readonly total_bytes: number };
}

/** What a render thread does; of work that the caller may not see, only that there is some. */
export interface OverviewThread {
  readonly state: 'starting' | 'idle' | 'busy';
  readonly owner?: string;
  readonly kind?: string;
  readonly job_id?: string;
  readonly title?: string;
  readonly for_ms?: number;
  readonly progress?: number;
  readonly pages_done?: number;
  readonly pages_total?: number;
}

/** What ended in a span of time. */
export interface OverviewCounts {
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Of completed jobs. */
  readonly pages: number;
}

/** A job that has failed. */
export interface OverviewFailure {
  readonly owner: string;
  readonly job_id: string;
  readonly kind: string;
  readonly title?: string;
  readonly group?: string;
  readonly error_code?: string;
  readonly error?: string;
  readonly at: string;
}
