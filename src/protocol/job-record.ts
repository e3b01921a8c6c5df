export const jobStatuses = ['pending', 'running', 'completed', 'failed', 'cancelled'] as const;
export type JobStatus = (typeof jobStatuses)[number];

export function isTerminal(status: JobStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

export interface ArtifactRecord {
  readonly name: string;
  readonly content_type: string;
  readonly size_bytes: number;
  /** Lower-case hex SHA-256 of the bytes; not there where the file is computed as it is read. */
  readonly sha256?: string;
  readonly url: string;
  /** Of a picture of a page. */
  readonly page?: PageRecord;
}

/** The page of a document that a picture shows. */
export interface PageRecord {
  /** From 1. */
  readonly number: number;
  /** Pixels of the picture. */
  readonly width: number;
  readonly height: number;
  /** A tiny picture of the page, as a `data:` URL: to be shown until the picture itself is there. */
  readonly placeholder?: string;
}

/** What the latest `job.produced` added: places in the list of artifacts, `to` exclusive. */
export interface ProducedRecord extends IndexRange {
  /** The pictures of pages among them, `maxToldPages` at most. */
  readonly pages?: readonly (PageRecord & { readonly url: string })[];
}

/** Pages of one fact; where more were added, they are in the list of artifacts. */
export const maxToldPages = 100;

/** Artifacts of a record; a job may have many more. */
export const maxListedArtifacts = 100;

/** Numbers from 0 on: `from` up to, and without, `to`. */
export interface IndexRange {
  readonly from: number;
  readonly to: number;
}

/** Rows of a job that makes a file of each. */
export interface RowTotals {
  readonly total: number;
  /** Those of the next three together. */
  readonly done: number;
  readonly success: number;
  /** There is a file, and something was left out of it. */
  readonly partial: number;
  readonly failed: number;
}

/** What is wrong, for programs, in the words of the kind: `reason`, and numbers and texts that belong to it. */
export type ErrorDetails = Readonly<Record<string, string | number>>;

/** Something that a render noticed and that did not stop it, for example a glyph that no font has. */
export interface JobWarning {
  readonly code: string;
  readonly message: string;
  /** JSON pointer (RFC 6901) into the request, where one place is meant. */
  readonly pointer?: string;
}

/** Why a job ended as it did, for programs. */
export const errorCodes = [
  'invalid_input',
  'input_unavailable',
  'too_many_failed_rows',
  'timed_out',
  'out_of_memory',
  'crashed',
  'render_failed',
  'cancelled',
  'expired',
  'storage_failed',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/**
 * The record of a job: the same JSON in a poll, in every event and in a webhook. Times are ISO 8601, sizes bytes. A
 * member that does not apply is left out, never null.
 */
export interface JobRecord {
  /** Whose job it is: only in what tells of every owner (`owner=*`). */
  readonly owner?: string;
  readonly job_id: string;
  readonly status: JobStatus;
  readonly kind: string;
  /** Grows by exactly one with every fact of the job. */
  readonly rev: number;
  readonly created_at: string;
  /** From the first byte of the request to `created_at`: it was sent, read and checked. */
  readonly accept_ms?: number;
  readonly started_at?: string;
  readonly completed_at?: string;
  /** Of a completed job: from `started_at` until the thread was done; then its result was stored. */
  readonly render_ms?: number;
  /** 0..100, never falls within an attempt. */
  readonly progress?: number;
  /** What the render is doing, for a person. */
  readonly message?: string;
  readonly pages_done?: number;
  readonly pages_total?: number;
  /** Of a job that makes a file of each row. */
  readonly rows?: RowTotals;
  /** Starts so far; 0 until the first one. */
  readonly attempt: number;
  readonly priority: number;
  readonly group?: string;
  /** What the job is for people, as its caller gave it. */
  readonly title?: string;
  /** The caller's own key for it. */
  readonly reference?: string;
  readonly tags?: readonly string[];
  /** Pairs of texts by name. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Under which the result is downloaded. */
  readonly file_name?: string;
  /** The job that this one was made from, by `POST /api/v1/jobs/{id}/retry`. */
  readonly retry_of?: string;
  readonly error?: string;
  readonly error_code?: ErrorCode;
  /** JSON pointer (RFC 6901) into the request, where one place of it made the job fail. */
  readonly error_pointer?: string;
  readonly error_details?: ErrorDetails;
  readonly pages?: number;
  readonly size_bytes?: number;
  /** How many artifacts can be had by now, also while the job runs. */
  readonly artifact_count?: number;
  /** The first `maxListedArtifacts` of them; `GET /api/v1/jobs/{id}/artifacts` pages through all. */
  readonly artifacts?: readonly ArtifactRecord[];
  /** Until the attempt ends. */
  readonly produced?: ProducedRecord;
  readonly warnings?: readonly JobWarning[];
  /** When the artifacts go; only on jobs that have ended. */
  readonly expires_at?: string;
  readonly result_url?: string;
  readonly poll_url?: string;
  readonly events_url: string;
}
