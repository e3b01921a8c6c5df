/**
 * What can be said of a job for ever. A fact is durable, ordered and never skipped; each one raises the job's `rev` by
 * one and carries the whole record (`JobRecord`) as it was after the change.
 */
export const factTypes = [
  'job.created',
  'job.started',
  /** A running job has made artifacts durable that can be had at once; the record says which. */
  'job.produced',
  /** An attempt ended without a result and the job waits for the next one. */
  'job.requeued',
  'job.completed',
  'job.failed',
  'job.cancelled',
  /** The result is gone, the record stays. */
  'job.expired',
  /** The record is gone, too. */
  'job.deleted',
  /** Every job of a group has ended; carries the group's record instead of a job's. */
  'group.completed',
] as const;
export type FactType = (typeof factTypes)[number];

/** Whether a job has come to its end with this: nothing but `job.expired` and `job.deleted` follows. */
export function isTerminalFact(type: FactType): boolean {
  return type === 'job.completed' || type === 'job.failed' || type === 'job.cancelled';
}

/** Whether there is nothing left to wait for: the job has ended, or is gone. */
export function endsJob(type: FactType): boolean {
  return type === 'job.deleted' || isTerminalFact(type);
}

/**
 * Whether the running attempt of a job is over with this, and so is its progress (P-4). Other facts leave it running.
 */
export function endsAttempt(type: FactType): boolean {
  return type === 'job.requeued' || endsJob(type);
}

export interface GroupRecord {
  /** Only in what tells of every owner. */
  readonly owner?: string;
  readonly group: string;
  readonly jobs: number;
  readonly pending: number;
  readonly running: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
}
