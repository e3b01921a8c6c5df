import { describe, expect, it } from 'vitest';
import {
  deliveryEndOf,
  type ExportView,
  exportJobOf,
} from '../../../../src/http/dialects/bulk-fill/export-job.js';
import type { JobRecord } from '../../../../src/protocol/job-record.js';

const completedAt = Date.UTC(2026, 10, 29, 9, 0, 0);
const hour = 3_600_000;

function recordOf(more: Partial<JobRecord>): JobRecord {
  return {
    job_id: 'job_1',
    status: 'pending',
    kind: 'bulk_fill',
    rev: 1,
    created_at: '2026-11-29T08:59:00.000Z',
    attempt: 1,
    priority: 0,
    events_url: '/api/v1/jobs/job_1/events',
    ...more,
  };
}

const view: ExportView = {
  jobId: 'abc',
  requestId: 'req-1',
  origin: 'https://docs.example',
  now: completedAt,
};

const completed = recordOf({
  status: 'completed',
  completed_at: new Date(completedAt).toISOString(),
  progress: 100,
  result_url: '/api/v1/jobs/job_1/result',
});

describe('the record of an export job', () => {
  it('is queued, with all that there is to tell', () => {
    expect(exportJobOf(recordOf({}), view)).toEqual({
      job_id: 'abc',
      status: 'queued',
      created_at: '2026-11-29T08:59:00.000Z',
      completed_at: null,
      reused_result: false,
      result: { download_url: null, download_expires_at: null },
      request_id: 'req-1',
      progress: 0,
      events_url: 'https://docs.example/api/v1/jobs/job_1/events',
    });
  });

  it.each([
    ['pending', 'queued'],
    ['running', 'processing'],
    ['completed', 'completed'],
    ['failed', 'failed'],
    ['cancelled', 'failed'],
  ] as const)('says of a job that is %s: %s', (status, told) => {
    expect(exportJobOf(recordOf({ status }), view).status).toBe(told);
  });

  it('tells progress and rows while the job runs', () => {
    const rows = { total: 10, done: 4, success: 2, partial: 1, failed: 1 };
    const job = exportJobOf(recordOf({ status: 'running', progress: 40, rows }), view);
    expect(job).toMatchObject({ progress: 40, rows, completed_at: null });
  });

  it('has an address for 6 hours; then it is null, and the job stays completed', () => {
    const at = (now: number) => exportJobOf(completed, { ...view, now });
    const download = 'https://docs.example/v1/bulkfill/export-jobs/abc/download';
    const expires = '2026-11-29T15:00:00.000Z';
    expect(at(completedAt).result).toEqual({ download_url: download, download_expires_at: expires });
    expect(at(completedAt + 6 * hour - 1).result?.download_url).toBe(download);
    expect(at(completedAt + 6 * hour)).toMatchObject({
      status: 'completed',
      result: { download_url: null, download_expires_at: expires },
    });
    expect(deliveryEndOf(completed)).toBe(completedAt + 6 * hour);
    expect(deliveryEndOf(recordOf({ status: 'failed', completed_at: completed.created_at }))).toBeUndefined();
  });

  it('has no address once the server has cleaned up', () => {
    const { result_url: _gone, ...cleaned } = completed;
    expect(exportJobOf(cleaned, view).result?.download_url).toBeNull();
  });

  it('leaves the result out of the answer to a create in webhook mode', () => {
    expect('result' in exportJobOf(completed, { ...view, withoutResult: true })).toBe(false);
  });

  it('says that a result was there before', () => {
    expect(exportJobOf(completed, view).reused_result).toBe(false);
    expect(exportJobOf({ ...completed, attempt: 0 }, view).reused_result).toBe(true);
    expect(exportJobOf(recordOf({ attempt: 0 }), view).reused_result).toBe(false);
  });

  it('nests the error of a job that failed, with details where there are some', () => {
    const failed = recordOf({ status: 'failed', error_code: 'timed_out', error: 'too slow', progress: 0 });
    expect(exportJobOf(failed, view).error).toEqual({ code: 'TIMED_OUT', message: 'too slow' });
    const details = { input_row_count: 5, failed_row_percent: 20 };
    const message = 'Too many rows failed';
    const past = recordOf({
      status: 'failed',
      error_code: 'too_many_failed_rows',
      error: message,
      error_details: details,
    });
    expect(exportJobOf(past, view).error).toEqual({
      code: 'FAILED_ROW_THRESHOLD_EXCEEDED',
      message,
      details: { failure_class: 'threshold_failed', ...details },
    });
    const unread = recordOf({
      status: 'failed',
      error_code: 'invalid_input',
      error: 'x',
      error_details: { reason: 'UNREADABLE_PDF' },
    });
    expect(exportJobOf(unread, view).error).toEqual({ code: 'UNREADABLE_PDF', message: 'x' });
    const cancelled = exportJobOf(recordOf({ status: 'cancelled' }), view);
    expect(cancelled.error).toEqual({ code: 'CANCELLED', message: 'The job was cancelled' });
    expect(cancelled.progress).toBe(0);
    const rows = { total: 8, done: 3, success: 3, partial: 0, failed: 0 };
    expect(exportJobOf(recordOf({ status: 'cancelled', rows }), view).progress).toBe(37);
    expect('error' in exportJobOf(completed, view)).toBe(false);
  });
});
