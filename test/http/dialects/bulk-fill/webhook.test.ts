import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  exportWebhook,
  type WebhookContext,
} from '../../../../src/http/dialects/bulk-fill/export-webhook.js';
import { uuidIds } from '../../../../src/http/dialects/job-ids.js';
import type { Job } from '../../../../src/jobs/job.js';
import { claimOf } from '../../../../src/jobs/transition.js';
import { startJobs } from '../../../contracts/jobs-at-hand.js';
import { openRig, type WebhookRig } from '../../../webhooks/rig.js';

const minute = 60_000;
const hour = 60 * minute;
const secret = 's3cret ✓';
const url = 'https://hooks.example/doqlo';

let rig: WebhookRig;
beforeEach(async () => {
  rig = await openRig([exportWebhook]);
});
afterEach(() => rig.close());

const context: WebhookContext = {
  idempotencyKey: 'key-1',
  requestId: 'req-1',
  origin: 'https://docs.example',
};

/** A job that was made with a webhook, running. */
async function started(): Promise<Job> {
  const id = `job_${Date.now().toString(16).padStart(12, '0')}${'0'.repeat(11)}1`;
  await rig.webhooks.createForJob('alice', id, {
    url,
    secret,
    profile: 'bulk-fill',
    context: JSON.stringify(context),
  });
  await rig.submit({ id, kind: 'bulk_fill' });
  const now = Date.now();
  const [job] = await startJobs(rig.engine, { worker: 'w', limit: 1, now, leaseUntil: now + 1e12 });
  if (job === undefined) throw new Error('The job was not started');
  return job;
}

async function complete(job: Job): Promise<void> {
  const result = {
    artifacts: [
      { name: 'rows.zip', contentType: 'application/zip', sizeBytes: 1, sha256: 'a'.repeat(64), blob: 'b' },
    ],
  };
  await rig.engine.store.apply(job.id, { type: 'complete', claim: claimOf(job), result }, Date.now());
  await rig.pass(1);
}

async function fail(
  job: Job,
  code: 'too_many_failed_rows' | 'invalid_input',
  details: object,
): Promise<void> {
  const error = { code, message: 'why', details: details as Readonly<Record<string, string | number>> };
  await rig.engine.store.apply(
    job.id,
    { type: 'fail', claim: claimOf(job), random: 0, ...error },
    Date.now(),
  );
  await rig.pass(1);
}

const bodies = () => rig.received.map(({ text }) => JSON.parse(text));

describe('webhooks of export jobs', () => {
  it('tell a completed job once, at its end', async () => {
    const job = await started();
    await rig.pass(hour);
    expect(rig.received).toEqual([]);
    const endedAt = Date.now();
    await complete(job);
    const jobId = uuidIds.of(job.id);
    expect(bodies()).toEqual([
      {
        event: 'bulkfill.export_job.completed',
        event_id: expect.stringMatching(/^msg_/),
        occurred_at: new Date(endedAt).toISOString(),
        job_id: jobId,
        status: 'completed',
        idempotency_key: 'key-1',
        request_id: 'req-1',
        reused_result: false,
        delivery_id: `delivery_${jobId}`,
        download_url: `https://docs.example/v1/bulkfill/export-jobs/${jobId}/download`,
        download_expires_at: new Date(endedAt + 6 * hour).toISOString(),
      },
    ]);
    expect(rig.received[0]?.url).toBe(url);
    await rig.pass(24 * hour);
    expect(rig.received).toHaveLength(1);
  });

  it('say that a result was there before', async () => {
    const former = await started();
    await complete(former);
    await rig.pass(1);
    const id = `${former.id.slice(0, -1)}${former.id.endsWith('2') ? '1' : '2'}`;
    const of = { url, secret, profile: 'bulk-fill', context: JSON.stringify(context) };
    await rig.webhooks.createForJob('alice', id, of);
    await rig.submit({ id, kind: 'bulk_fill' }, former.id);
    await rig.pass(1);
    expect(bodies()).toMatchObject([{ reused_result: false }, { status: 'completed', reused_result: true }]);
  });

  it('tell why a job has failed, with details past the threshold alone', async () => {
    const details = { reason: 'FAILED_ROW_THRESHOLD_EXCEEDED', input_row_count: 10, failed_row_percent: 20 };
    const job = await started();
    await fail(job, 'too_many_failed_rows', details);
    expect(bodies()).toEqual([
      {
        event: 'bulkfill.export_job.failed',
        event_id: expect.any(String),
        occurred_at: expect.any(String),
        job_id: uuidIds.of(job.id),
        status: 'failed',
        idempotency_key: 'key-1',
        request_id: 'req-1',
        reused_result: false,
        error_code: 'FAILED_ROW_THRESHOLD_EXCEEDED',
        error_message: 'why',
        error_details: { failure_class: 'threshold_failed', input_row_count: 10, failed_row_percent: 20 },
      },
    ]);
  });

  it('tell other failures by code and message', async () => {
    await fail(await started(), 'invalid_input', { reason: 'UNREADABLE_PDF' });
    const [body] = bodies();
    expect(body).toMatchObject({ error_code: 'UNREADABLE_PDF', error_message: 'why' });
    expect(body).not.toHaveProperty('error_details');
    expect(body).not.toHaveProperty('download_url');
  });

  it('tell a job that was cancelled as failed', async () => {
    const job = await started();
    await rig.cancel(job);
    await rig.pass(1);
    expect(bodies()).toMatchObject([{ event: 'bulkfill.export_job.failed', error_code: 'CANCELLED' }]);
  });

  it('are signed: v1=, HMAC-SHA256 over time, a dot and the raw body, the secret as text', async () => {
    await complete(await started());
    const [message] = rig.received;
    const time = message?.headers['x-doqlo-timestamp'] ?? '';
    expect(time).toMatch(/^\d{10}$/);
    expect(Number(time)).toBe(Math.floor((message?.at ?? 0) / 1000));
    const hmac = createHmac('sha256', secret).update(`${time}.${message?.text}`).digest('hex');
    expect(message?.headers).toEqual({
      'content-type': 'application/json',
      'user-agent': 'Doqlo-Webhook/1.0',
      'x-doqlo-event': 'bulkfill.export_job.completed',
      'x-doqlo-event-id': JSON.parse(message?.text ?? '{}').event_id,
      'x-doqlo-timestamp': time,
      'x-doqlo-signature': `v1=${hmac}`,
    });
  });

  it.each([
    ['a failure', 500],
    ['a refusal', 400],
    ['410, which ends nothing here', 410],
    ['a redirect', 302],
    ['no answer', 0],
  ])(
    'are sent at once, then 1, 5, 30, 60 and 120 minutes after the first attempt: %s',
    async (_what, status) => {
      rig.receiver = () => status;
      await complete(await started());
      await rig.pass(48 * hour);
      const first = rig.received[0]?.at ?? 0;
      expect(rig.received.map(({ at }) => at - first)).toEqual(
        [0, 1, 5, 30, 60, 120].map((minutes) => minutes * minute),
      );
    },
  );

  it.each([200, 201, 202, 204, 299])('end with any 2xx: %i', async (status) => {
    rig.receiver = () => status;
    await complete(await started());
    await rig.pass(48 * hour);
    expect(rig.received).toHaveLength(1);
  });

  it('have 10 s for each attempt', async () => {
    await complete(await started());
    expect(rig.received).toMatchObject([{ timeoutMs: 10_000 }]);
  });

  it('are signed anew with each attempt, under the same event id and with the same body', async () => {
    rig.receiver = () => (rig.received.length < 3 ? 503 : 202);
    await complete(await started());
    await rig.pass(48 * hour);
    expect(rig.received).toHaveLength(3);
    const of = (name: string) => new Set(rig.received.map(({ headers }) => headers[name]));
    expect(of('x-doqlo-event-id').size).toBe(1);
    expect(of('x-doqlo-timestamp').size).toBe(3);
    expect(of('x-doqlo-signature').size).toBe(3);
    expect(new Set(rig.received.map(({ text }) => text)).size).toBe(1);
  });

  it('do not come sooner or later because the receiver says so', async () => {
    rig.receiver = () => ({ status: 503, retryAfter: '3000' });
    await complete(await started());
    await rig.pass(5 * minute);
    expect(rig.received).toHaveLength(3);
  });

  it('go on after a restart, and change nothing of the job', async () => {
    rig.receiver = () => 500;
    const job = await started();
    await complete(job);
    rig.receiver = () => 204;
    await rig.restart();
    await rig.pass(hour);
    expect(rig.received).toHaveLength(2);
    expect(await rig.engine.store.get('alice', job.id)).toMatchObject({ status: 'completed' });
  });

  it('of an endpoint that no create has made say nothing', async () => {
    await rig.create({ url: 'https://b.example/', profile: 'bulk-fill', secret: 'x' });
    await rig.job({ kind: 'bulk_fill' });
    await rig.pass(hour);
    expect(rig.received).toEqual([]);
  });
});
