import { createHmac } from 'node:crypto';
import { isObject } from '../../../protocol/is-object.js';
import { isTerminal, type JobRecord } from '../../../protocol/job-record.js';
import type { Payload, WebhookProfile } from '../../../webhooks/profile.js';
import { uuidIds } from '../job-ids.js';
import { type ExportJob, exportJobOf } from './export-job.js';

/** What a webhook tells beside the record of its job: fixed when the job is made. */
export interface WebhookContext {
  readonly idempotencyKey: string;
  readonly requestId: string;
  /** Of the server as the caller reached it. */
  readonly origin: string;
}

const minute = 60_000;
const completed = 'bulkfill.export_job.completed';
const failed = 'bulkfill.export_job.failed';

/**
 * Webhooks of this API: one message, at the end of the job. Further attempts are counted from the first that failed; each is
 * signed anew, with its own time.
 */
export const exportWebhook: WebhookProfile = {
  name: 'bulk-fill',
  events: ['job.completed', 'job.failed', 'job.cancelled'],
  defaultEvents: ['job.completed', 'job.failed', 'job.cancelled'],
  schedule: {
    delaysMs: [minute, 5 * minute, 30 * minute, 60 * minute, 120 * minute],
    from: 'first-failure',
    jitter: 0,
    retryAfterMaxMs: 0,
  },
  timeoutMs: 10_000,
  endsOnGone: false,
  payload({ fact, id, context }) {
    const about = context === undefined ? undefined : contextOf(context);
    // An endpoint of the owner's own that names this profile has no job of this API behind it.
    if (about === undefined) return undefined;
    const record = JSON.parse(fact.record) as JobRecord;
    return isTerminal(record.status) ? payloadOf(record, { ...about, eventId: id, at: fact.at }) : undefined;
  },
  headers({ id, type, timestamp, body, secrets: [secret = ''] }) {
    const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
    return {
      'content-type': 'application/json',
      'user-agent': 'Doqlo-Webhook/1.0',
      'x-doqlo-event': type,
      'x-doqlo-event-id': id,
      'x-doqlo-timestamp': String(timestamp),
      'x-doqlo-signature': `v1=${signature}`,
    };
  },
};

interface Event extends WebhookContext {
  readonly eventId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

function payloadOf(record: JobRecord, { idempotencyKey, requestId, origin, eventId, at }: Event): Payload {
  const jobId = uuidIds.of(record.job_id);
  const job = exportJobOf(record, { jobId, requestId, origin, now: at });
  const type = job.status === 'completed' ? completed : failed;
  const body = {
    event: type,
    event_id: eventId,
    occurred_at: new Date(at).toISOString(),
    job_id: jobId,
    status: job.status,
    idempotency_key: idempotencyKey,
    request_id: requestId,
    reused_result: job.reused_result,
    ...endOf(job),
  };
  return { type, body: JSON.stringify(body) };
}

function endOf({ job_id: jobId, result, error }: ExportJob): object {
  if (error === undefined) return { delivery_id: `delivery_${jobId}`, ...result };
  const { code, message, details } = error;
  return {
    error_code: code,
    error_message: message,
    // Only a threshold failure has some.
    ...(details === undefined ? {} : { error_details: details }),
  };
}

function contextOf(text: string): WebhookContext | undefined {
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) return undefined;
  const { idempotencyKey, requestId, origin } = value;
  if (typeof idempotencyKey !== 'string' || typeof requestId !== 'string' || typeof origin !== 'string')
    return undefined;
  return { idempotencyKey, requestId, origin };
}
