import type { ProgressEvent as AnyProgressEvent, ResetReason } from '../../src/protocol/event.js';
import type { FactType, GroupRecord } from '../../src/protocol/fact.js';
import type { JobRecord as AnyJobRecord, ErrorCode } from '../../src/protocol/job-record.js';

/** It waits for its first attempt, or for the next one. */
export interface PendingJob extends AnyJobRecord {
  readonly status: 'pending';
  readonly poll_url: string;
}

export interface RunningJob extends AnyJobRecord {
  readonly status: 'running';
  readonly started_at: string;
  readonly progress: number;
  readonly poll_url: string;
}

/**
 * There is a result. One that has expired since (`expires_at` lies in the past) keeps this status in a record that is asked for
 * later, and its result answers with `result-expired`.
 */
export interface CompletedJob extends AnyJobRecord {
  readonly status: 'completed';
  readonly completed_at: string;
  readonly progress: 100;
  readonly result_url: string;
}

export interface FailedJob extends AnyJobRecord {
  readonly status: 'failed';
  readonly completed_at: string;
  readonly error: string;
  readonly error_code: ErrorCode;
}

export interface CancelledJob extends AnyJobRecord {
  readonly status: 'cancelled';
  readonly completed_at: string;
}

/** As `job.expired` tells it: the record stays, its files have gone. */
export interface ExpiredJob extends AnyJobRecord {
  readonly status: EndedJob['status'];
  readonly completed_at: string;
  readonly result_url?: never;
}

/** A job at its end. */
export type EndedJob = CompletedJob | FailedJob | CancelledJob;

/** A job; `status` says which of them. */
export type JobRecord = PendingJob | RunningJob | EndedJob;

/** A job as its submit answers: with the cursor at which its first event sits. */
export type SubmittedJob = JobRecord & { readonly events_cursor: string };

/** The record that each fact of a job carries. */
interface JobOfFact {
  'job.created': PendingJob;
  'job.started': RunningJob;
  'job.produced': RunningJob;
  'job.requeued': PendingJob;
  'job.completed': CompletedJob;
  'job.failed': FailedJob;
  'job.cancelled': CancelledJob;
  'job.expired': ExpiredJob;
  'job.deleted': JobRecord | ExpiredJob;
}

type JobFactType = Exclude<FactType, 'group.completed'>;

/** A fact of a job, with the record after it; its `type` says which one. */
export type JobFact = {
  [Type in JobFactType]: {
    /** The cursor of this fact. */
    readonly id: string;
    readonly type: Type;
    readonly at: string;
    readonly job: JobOfFact[Type];
  };
}[JobFactType];

/** Every job of a group has ended. */
export interface GroupFact {
  readonly id: string;
  readonly type: 'group.completed';
  readonly at: string;
  readonly group: GroupRecord;
}

/** A value, not a fact: without a cursor. */
export interface ProgressEvent extends AnyProgressEvent {
  readonly job: RunningJob;
}

/** The records of all matching jobs, newest first, in one part or several (P-18). */
export interface SnapshotItem {
  readonly type: 'snapshot';
  readonly jobs: readonly JobRecord[];
  /** The first part: what came before it is void. */
  readonly first: boolean;
  /** Another part follows. */
  readonly more: boolean;
  /** In the last part: there are more jobs than a snapshot holds; list the others. */
  readonly truncated: boolean;
}

/** The cursor could not be honoured (P-20): drop what you believe; a snapshot follows. */
export interface ResetItem {
  readonly type: 'reset';
  readonly reason: ResetReason;
}

/** What a subscription to topics gives, in order; facts once each. */
export type StreamItem = SnapshotItem | ResetItem | JobFact | GroupFact | ProgressEvent;

/** A fact of a job that may have been made from the record: then it has no `id`. */
type ToldFact<Fact extends JobFact> = Fact extends JobFact
  ? Omit<Fact, 'id'> & { readonly id?: string | undefined }
  : never;

/**
 * What a watch of one job gives. It ends after the fact that ended the job. Where that fact was before the watch
 * began, it is made from the record: then it has no `id`.
 */
export type WatchItem =
  | { readonly type: 'snapshot'; readonly job: JobRecord }
  | ResetItem
  | ProgressEvent
  | ToldFact<JobFact>;
