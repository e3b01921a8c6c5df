import type { Readable } from 'node:stream';
import type { Job } from '../jobs/job.js';
import type { Position } from '../protocol/cursor.js';
import type { GroupRecord } from '../protocol/fact.js';
import type { JobRecord, JobStatus } from '../protocol/job-record.js';
import type { Problem } from '../protocol/problem.js';

/** What the job engine offers to everything that speaks to callers: HTTP routes, dialects, the gateway. */

export type Answer<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly problem: Problem };

export interface SubmitRequest {
  readonly owner: string;
  /** The body as it came: JSON, UTF-8. */
  readonly body: Uint8Array;
  /** The kind when the body names none; a body that names another one is refused when `onlyKind` is set. */
  readonly kind: string;
  readonly onlyKind?: boolean;
  readonly idempotencyKey?: string;
  readonly requestId: string;
}

export interface Submitter {
  /**
   * Accepts a job. When this resolves with `ok`, the job and its input are durable.
   * `created` is false when the idempotency key had already made the job.
   */
  submit(
    request: SubmitRequest,
  ): Promise<Answer<{ created: boolean; record: JobRecord; version: string; position: Position }>>;
}

export interface JobView {
  readonly record: JobRecord;
  /** Changes whenever the record does (progress included): the ETag of a poll, without quotes. */
  readonly version: string;
}

export interface ListRequest {
  readonly owner: string;
  readonly status?: JobStatus;
  readonly kind?: string;
  readonly group?: string;
  readonly createdAfter?: number;
  readonly createdBefore?: number;
  /** As `next` of the page before. */
  readonly cursor?: string;
  /** 1..200 */
  readonly limit: number;
}

export interface Reader {
  /** Undefined for an unknown id and for somebody else's. */
  view(owner: string, id: string): Promise<JobView | undefined>;
  /**
   * The view as soon as its version is not `version` any more, or as it is after `waitMs`, or when the signal fires.
   * With no `version`, waits for the job's end.
   */
  wait(owner: string, id: string, options: WaitOptions): Promise<JobView | undefined>;
  list(request: ListRequest): Promise<Answer<{ jobs: readonly JobRecord[]; next?: string }>>;
  group(owner: string, group: string): Promise<GroupRecord | undefined>;
  /** The job with its artifacts, for serving a result. */
  job(owner: string, id: string): Promise<Job | undefined>;
  /** The request as it was submitted, as JSON text; large binary members are left out. */
  input(owner: string, id: string): Promise<string | undefined>;
  /** Bytes `start`..`end` (inclusive) of an artifact's blob. */
  read(blob: string, range?: { readonly start: number; readonly end: number }): Promise<Readable>;
}

export interface WaitOptions {
  readonly version?: string;
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

export interface Remover {
  /**
   * Pending and running jobs are cancelled (a running thread is stopped), ended ones are deleted with their result.
   * False when there is no such job of this owner.
   */
  remove(owner: string, id: string): Promise<boolean>;
}

export interface InstantFile {
  readonly name: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly path: string;
}

/** Work without a job: rendered at once on the same pool, kept nowhere. */
export interface Instant {
  /**
   * @param signal fires when the caller has gone: the thread is stopped
   * The files are there until `dispose` is called, which the caller must do.
   */
  run(
    request: Omit<SubmitRequest, 'idempotencyKey'> & { readonly signal: AbortSignal },
  ): Promise<Answer<{ files: readonly InstantFile[]; pages?: number; dispose: () => Promise<void> }>>;
}

/** Whether new work can be taken, and what the pool and the store look like. */
export interface Readiness {
  /** Empty when everything can take work; otherwise the name of each failing check with its reason. */
  check(): Promise<{ readonly ready: boolean; readonly checks: Readonly<Record<string, string>> }>;
}

export interface JobService extends Submitter, Reader, Remover, Instant, Readiness {}
