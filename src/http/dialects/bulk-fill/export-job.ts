import { isTerminal, type JobRecord, type RowTotals } from '../../../protocol/job-record.js';

const thresholdExceeded = 'FAILED_ROW_THRESHOLD_EXCEEDED';
const hour = 3_600_000;
/** How long an archive can be downloaded; the job's own retention, after which it is gone, is longer. */
export const deliveryMs = 6 * hour;

/** A job as this dialect tells it. Times are ISO 8601. */
export interface ExportJob {
  readonly job_id: string;
  readonly status: 'queued' | 'processing' | 'completed' | 'failed';
  readonly created_at: string;
  readonly completed_at: string | null;
  readonly reused_result: boolean;
  readonly result?: { readonly download_url: string | null; readonly download_expires_at: string | null };
  readonly error?: ExportError;
  readonly request_id: string;
  /** 0..100 */
  readonly progress: number;
  readonly rows?: RowTotals;
  readonly events_url: string;
}

export interface ExportError {
  readonly code: string;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What an answer says of a job beside its record. */
export interface ExportView {
  /** Of the job, as this dialect writes it. */
  readonly jobId: string;
  readonly requestId: string;
  /** In an answer to a create in webhook mode there is no result, since the webhook brings it. */
  readonly withoutResult?: boolean;
  /** Of the server as the caller reached it, without a slash at the end. */
  readonly origin: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const statuses = {
  pending: 'queued',
  running: 'processing',
  completed: 'completed',
  failed: 'failed',
  // This dialect knows no other end, and no way to cancel: somebody did it through another one.
  cancelled: 'failed',
} as const;

/** Pure. */
export function exportJobOf(record: JobRecord, view: ExportView): ExportJob {
  const { jobId, requestId } = view;
  const { rows } = record;
  const isEnded = isTerminal(record.status);
  return {
    job_id: jobId,
    status: statuses[record.status],
    created_at: record.created_at,
    completed_at: isEnded ? (record.completed_at ?? null) : null,
    reused_result: isReused(record),
    ...(view.withoutResult === true ? {} : { result: resultOf(record, view) }),
    ...(statuses[record.status] === 'failed' ? { error: errorOf(record) } : {}),
    request_id: requestId,
    progress: progressOf(record),
    ...(rows === undefined ? {} : { rows }),
    events_url: `${view.origin}${record.events_url}`,
  };
}

/** Of a job that has ended early: as far as its rows were. */
function progressOf({ status, progress, rows }: JobRecord): number {
  if (status === 'completed') return 100;
  if (!isTerminal(status)) return progress ?? 0;
  return rows === undefined || rows.total === 0 ? 0 : Math.floor((100 * rows.done) / rows.total);
}

/** A job that was completed without an attempt has the result of another one. */
export function isReused({ status, attempt }: JobRecord): boolean {
  return status === 'completed' && attempt === 0;
}

/** Until when the archive of a completed job can be downloaded, in milliseconds since 1970; undefined where there is none. */
export function deliveryEndOf({ status, completed_at: completedAt }: JobRecord): number | undefined {
  if (status !== 'completed' || completedAt === undefined) return undefined;
  return Date.parse(completedAt) + deliveryMs;
}

/** Once the delivery is over, the address is gone and the job is as completed as before. */
function resultOf(record: JobRecord, { jobId, origin, now }: ExportView): NonNullable<ExportJob['result']> {
  const end = deliveryEndOf(record);
  if (end === undefined) return { download_url: null, download_expires_at: null };
  const isThere = now < end && record.result_url !== undefined;
  return {
    download_url: isThere ? `${origin}/v1/bulkfill/export-jobs/${jobId}/download` : null,
    download_expires_at: new Date(end).toISOString(),
  };
}

/** Past its threshold a job fails with what was counted; every other reason is told by its code alone. */
function errorOf(record: JobRecord): ExportError {
  const { status, error_code: code = 'crashed', error_details: details } = record;
  if (status === 'cancelled') return { code: 'CANCELLED', message: record.error ?? 'The job was cancelled' };
  const message = record.error ?? 'The job failed';
  const { reason, ...counts } = details ?? {};
  if (code === 'too_many_failed_rows')
    return { code: thresholdExceeded, message, details: { failure_class: 'threshold_failed', ...counts } };
  return { code: typeof reason === 'string' ? reason : code.toUpperCase(), message };
}
