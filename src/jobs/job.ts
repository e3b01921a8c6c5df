import type {
  ErrorCode,
  ErrorDetails,
  IndexRange,
  JobStatus,
  JobWarning,
  PageRecord,
  RowTotals,
} from '../protocol/job-record.js';

/** What a job produced, as the store keeps it. */
export type Artifact = Content & {
  readonly run?: undefined;
  readonly name: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Lower-case hex. Of one that is computed from others, nobody has read all bytes: it has a `tag`. */
  readonly sha256?: string;
  /** As strong as a digest: two artifacts of one tag have the same bytes. */
  readonly tag?: string;
  /** For the job's own use: it is in no record and no list, others are cut from it, and later tasks read it. */
  readonly kept?: true;
  /** On the first part of each chunk of a job that is many tasks. */
  readonly chunk?: Chunk;
  /** Of a picture of a page. */
  readonly page?: PageRecord;
  /** Of the document that the job is about, on the artifact with which it becomes known. */
  readonly pageCount?: number;
};

/** Where the bytes of an artifact lie. The job holds every blob that its artifacts name. */
export type Content =
  /** It is a blob. */
  | { readonly blob: string; readonly pieces?: undefined; readonly layout?: undefined }
  /** One behind the other, each in a blob that others are cut from, too. */
  | { readonly pieces: readonly BlobPiece[]; readonly blob?: undefined; readonly layout?: undefined }
  /** More pieces than a record holds: a blob says which bytes of which of these blobs they are (`pieces/layout.ts`). */
  | {
      readonly layout: { readonly blob: string; readonly sources: readonly string[] };
      readonly blob?: undefined;
      readonly pieces?: undefined;
    };

export interface BlobPiece {
  readonly blob: string;
  readonly start: number;
  readonly length: number;
}

/** The artifacts that one `produce` added, and the pictures of pages among them, a bounded number of them. */
export interface Produced extends IndexRange {
  readonly pages?: readonly (PageRecord & { readonly name: string })[];
}

/** A chunk of which all parts are there. */
export interface Chunk {
  readonly units: IndexRange;
  readonly warnings: readonly JobWarning[];
  /** What the kind says of it, for its tally. */
  readonly note?: unknown;
  /** What its own rows came to, where units are rows; `total` is that of the job. */
  readonly rows?: RowTotals;
}

/** The worker that has claimed the job, and until when the claim holds unless the worker extends it. */
export interface Lease {
  readonly worker: string;
  readonly expiresAt: number;
}

/** A job as the engine keeps it. Times are milliseconds since 1970. Immutable: a change makes another value. */
export interface Job {
  readonly id: string;
  readonly owner: string;
  readonly kind: string;
  readonly group?: string;
  /** What the caller said of the job, so that people find it; unchanged while the job is there. */
  readonly title?: string;
  readonly reference?: string;
  readonly tags?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly fileName?: string;
  /** The job whose input and options this one has. */
  readonly retryOf?: string;
  /** -10..10, higher first; compared within one owner only. */
  readonly priority: number;
  readonly status: JobStatus;
  /** 1 when created; one more with every fact. */
  readonly rev: number;
  /** Attempts so far: starts, and claims whose inputs could not be had. */
  readonly attempt: number;
  /**
   * Claims so far, those that were given back before a thread took the job included: together with `id` the identity of
   * a claim. Left out before the first one.
   */
  readonly claims?: number;
  /**
   * Attempts that ended in a failure which another attempt may not meet again. Interruptions and releases do not count.
   */
  readonly failures: number;
  /** Attempts whose worker disappeared. */
  readonly interruptions?: number;
  readonly maxAttempts: number;
  readonly createdAt: number;
  /** Milliseconds from the begin of its request to `createdAt`. */
  readonly acceptMs?: number;
  readonly startedAt?: number;
  /** Milliseconds of the attempt that completed it until its thread was done. */
  readonly renderMs?: number;
  readonly completedAt?: number;
  /** Time of the latest fact, where none of the times above says it: most rows of a store need not grow for it. */
  readonly changedAt?: number;
  /** Not claimed before. */
  readonly readyAt: number;
  /** Fails as `expired` when it has not started by then. */
  readonly waitDeadline: number;
  /** How long it may wait, once it waits anew; before, its deadline tells. */
  readonly waitMs?: number;
  /** An attempt that takes longer is stopped and fails as `timed_out`. */
  readonly runTimeoutMs: number;
  /** How long a result is kept. */
  readonly resultTtlMs: number;
  /** Of a job that is claimed: one that runs, or a pending one that a worker has taken ahead. */
  readonly lease?: Lease;
  readonly error?: JobError;
  /** All artifacts, or the first `maxListedArtifacts` when `artifactCount` is set. */
  readonly artifacts?: readonly Artifact[];
  /**
   * How many artifacts there are, when the store keeps them as parts: those that were made before the end, and those of
   * a job with too many for `artifacts`.
   */
  readonly artifactCount?: number;
  /** How many more the store keeps for the job's own use. */
  readonly keptCount?: number;
  /** The artifacts that the latest `produce` added; until the attempt ends. */
  readonly produced?: Produced;
  /** The artifact that is the result, when it is not the first one. */
  readonly result?: Artifact;
  readonly warnings?: readonly JobWarning[];
  /** What was found in the request when it was accepted, and did not stop it. */
  readonly remarks?: readonly JobWarning[];
  readonly pages?: number;
  /** Of a job that is of rows: until it has ended, those of its parts. */
  readonly rows?: RowTotals;
  /** When the artifacts go; set when completed, and at another end when there are some. */
  readonly expiresAt?: number;
  /** True once the result went. */
  readonly expired?: boolean;
  /** The next attempt gets the raised memory limit: the last one ran out of memory. */
  readonly memoryRetry?: boolean;
  /** The last command that came with a name (`Store.apply`): a repeat of it is known. */
  readonly lastOperation?: string;
  /** `X-Request-Id` of the submit, for the logs. */
  readonly requestId?: string;
  /** `traceparent` of the span that accepted it, where spans are told. */
  readonly trace?: string;
  /** `tracestate` of the request that asked for it, where there is a `trace`. */
  readonly traceState?: string;
}

export interface JobError {
  readonly code: ErrorCode;
  readonly message: string;
  /** The place in the request that made the attempt fail. */
  readonly pointer?: string;
  /** For programs, in the kind's own words. */
  readonly details?: ErrorDetails;
}

/** What a caller says of a job, so that people find it. */
export type JobDescription = Pick<Job, 'title' | 'reference' | 'tags' | 'metadata' | 'fileName'>;

/** Time of the job's latest fact. */
export function latestChangeOf({ createdAt, startedAt = 0, completedAt = 0, changedAt = 0 }: Job): number {
  return Math.max(createdAt, startedAt, completedAt, changedAt);
}

/** How long a job may wait to be started, whenever that begins. */
export function waitMsOf({ waitMs, waitDeadline, createdAt }: Job): number {
  return waitMs ?? waitDeadline - createdAt;
}

/** The change of a job that goes back to the queue. Its limit is one of waiting to be started: where a thread has had it, it waits anew. */
export function waitAnew(job: Job, change: Partial<Job> & Pick<Job, 'readyAt'>): Partial<Job> {
  if (job.status !== 'running') return change;
  const waitMs = waitMsOf(job);
  return { ...change, waitMs, waitDeadline: change.readyAt + waitMs };
}

/** How many artifacts can be had. */
export function artifactCountOf(job: Job): number {
  return job.artifactCount ?? job.artifacts?.length ?? 0;
}

/** What `/result` serves, once the job is completed. */
export function resultOf(job: Job): Artifact | undefined {
  return job.result ?? job.artifacts?.[0];
}

/**
 * `job_` and 24 hex digits: 12 of the time, so that ids sort by age and stay together in an index, 12 of chance.
 * @param random 6 bytes from a cryptographic source
 */
export function jobId(now: number, random: Uint8Array): string {
  let id = jobIdFloor(now);
  for (const byte of random.subarray(0, 6)) id += (byte + 0x100).toString(16).slice(1);
  return id;
}

/** What sorts before every id of this millisecond and after every id of an earlier one. */
export function jobIdFloor(now: number): string {
  return `job_${Math.max(0, now).toString(16).padStart(12, '0')}`;
}

/** The time that an id was made of. */
export function timeOfJobId(id: string): number {
  return Number.parseInt(id.slice(4, 16), 16);
}
