import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { uuidIds } from '../../../../src/http/dialects/job-ids.js';
import { token } from '../../../helpers/http-fixture.js';
import {
  type FillOptions,
  type FillRig,
  formOf,
  formType,
  type Headers,
  openFill,
  wholeForm,
} from './fill-rig.js';

const route = '/v1/bulkfill/export-jobs';
const hour = 3_600_000;

let rig: FillRig;
async function open(options: FillOptions = {}): Promise<void> {
  await rig?.close();
  rig = await openFill(options);
}
beforeEach(async () => {
  rig = await openFill();
});
afterEach(() => rig.close());

/** The answer to a create that is held back until its job has ended. */
async function awaited(end: (jobId: string) => Promise<void>, ...more: Parameters<FillRig['create']>) {
  const before = (await rig.jobs()).length;
  const answer = rig.create(...more);
  const jobs = await rig.untilJobs(before + 1);
  await end(jobs.at(-1)?.id ?? '');
  return answer;
}

describe('a create', () => {
  it('answers 202 with the queued job when it does not end within the window', async () => {
    const answer = await rig.create({}, { 'x-request-id': 'req-1' });
    expect(answer.status).toBe(202);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'x-request-id': 'req-1',
      'cache-control': 'no-store',
      'retry-after': '2',
    });
    const job = answer.json();
    expect(job).toEqual({
      job_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      status: 'queued',
      created_at: '2026-11-29T09:00:00.000Z',
      completed_at: null,
      reused_result: false,
      result: { download_url: null, download_expires_at: null },
      request_id: 'req-1',
      progress: 0,
      events_url: expect.stringMatching(
        /^http:\/\/localhost(:80)?\/api\/v1\/jobs\/job_[0-9a-f]{24}\/events$/,
      ),
    });
    expect(answer.headers.location).toBe(`${route}/${job.job_id}`);
  });

  it('says processing for a job that is at work', async () => {
    const key = { 'idempotency-key': 'k' };
    const { job_id: id } = (await rig.create({}, key)).json();
    await rig.start(id);
    const again = await rig.create({}, key);
    expect([again.status, again.json().status]).toEqual([202, 'processing']);
  });

  it('answers 200 with the completed job when it ends within the window', async () => {
    await open({ waitMs: 60_000 });
    const answer = await awaited((id) => rig.complete(id));
    expect(answer.status).toBe(200);
    const job = answer.json();
    expect(job).toMatchObject({
      status: 'completed',
      completed_at: '2026-11-29T09:00:00.000Z',
      progress: 100,
      rows: { total: 3, done: 3, success: 3, partial: 0, failed: 0 },
      result: { download_expires_at: '2026-11-29T15:00:00.000Z' },
    });
    expect(job.result.download_url).toMatch(
      new RegExp(`^http://localhost(:80)?${route}/${job.job_id}/download$`),
    );
  });

  it('answers 200 with the failed job when it fails within the window, and nests the error', async () => {
    await open({ waitMs: 60_000 });
    const details = {
      reason: 'FAILED_ROW_THRESHOLD_EXCEEDED',
      input_row_count: 3,
      failed_row_percent: 33.3333,
    };
    const answer = await awaited((id) => rig.fail(id, { code: 'too_many_failed_rows', details }));
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({
      status: 'failed',
      error: {
        code: 'FAILED_ROW_THRESHOLD_EXCEEDED',
        message: 'why',
        details: { failure_class: 'threshold_failed', input_row_count: 3, failed_row_percent: 33.3333 },
      },
    });
  });

  it('answers 202 with the job as it is when the window is over', async () => {
    await open({ waitMs: 20 });
    const answer = await rig.create();
    expect([answer.status, answer.json().status]).toEqual([202, 'queued']);
  });

  it('does not wait in webhook mode, and leaves the result out', async () => {
    await open({ waitMs: 60_000 });
    const answer = await rig.create({
      delivery_mode: 'webhook',
      webhook_url: 'https://hooks.example/x',
      webhook_secret: 's3cret',
    });
    expect(answer.status).toBe(202);
    expect(answer.json()).not.toHaveProperty('result');
    expect([...rig.webhooks.values()]).toMatchObject([
      { url: 'https://hooks.example/x', secret: 's3cret', profile: 'bulk-fill' },
    ]);
  });

  it('makes no webhook in response mode', async () => {
    expect((await rig.create({ delivery_mode: 'response' })).status).toBe(202);
    expect((await rig.create({ csv_file: 'x' })).status).toBe(202);
    expect(rig.webhooks.size).toBe(0);
  });

  it('INVALID_WEBHOOK_TARGET: an address that is not public', async () => {
    for (const url of ['https://127.0.0.1/', 'https://localhost/', 'https://[::1]/', 'https://10.1.2.3/']) {
      const webhook = { delivery_mode: 'webhook', webhook_url: url, webhook_secret: 's' };
      const answer = await rig.create(webhook);
      expect([answer.status, answer.json().code]).toEqual([400, 'INVALID_WEBHOOK_TARGET']);
    }
    expect(await rig.jobs()).toEqual([]);
  });

  it('is a job of the server: the native API has it, with what was asked for and without the secret', async () => {
    const webhook = {
      delivery_mode: 'webhook',
      webhook_url: 'https://hooks.example/x',
      webhook_secret: 's3cret',
    };
    await rig.create({ ...webhook, filename_columns: '["column_1"]' });
    const [job] = await rig.jobs();
    const native = await rig.call('GET', `/api/v1/jobs/${job?.id}`);
    expect(native.json().data).toMatchObject({ kind: 'bulk_fill', status: 'pending' });
    const request = await rig.call('GET', `/api/v1/jobs/${job?.id}/request`);
    expect(request.json().data.request).toMatchObject({
      kind: 'bulk_fill',
      rows_format: 'csv',
      max_failed_percent: 10,
      file_name_columns: ['column_1'],
    });
    expect(request.body).not.toContain('s3cret');
  });
});

describe('the order of a create', () => {
  it('is key, rate, then the body, then its idempotency: a replay can be 429', async () => {
    await open({ limits: { ratePerKey: 2 } });
    const key = { 'idempotency-key': 'k' };
    expect((await rig.create({}, key)).status).toBe(202);
    expect((await rig.create({}, key)).status).toBe(202);
    const limited = await rig.create({}, key);
    expect(limited.status).toBe(429);
    expect(limited.json()).toMatchObject({ code: 'RATE_LIMITED', retry_after_seconds: expect.any(Number) });
    expect(Number(limited.headers['retry-after'])).toBe(limited.json().retry_after_seconds);
    // Without a key nothing else is judged.
    expect((await rig.create({}, { authorization: undefined })).json().code).toBe(
      'BF_EXPORT_API_KEY_REQUIRED',
    );
  });

  it('is key and rate before the body and the idempotency key are looked at', async () => {
    await open({ limits: { ratePerKey: 1 } });
    const wrong = { authorization: 'Bearer doqlo_bfexp_nobody.secret' };
    expect((await rig.create({ pdf: undefined }, wrong)).json().code).toBe('BF_EXPORT_API_KEY_INVALID');
    await rig.create();
    for (const [parts, headers] of [
      [{ pdf: undefined }, {}],
      [{}, { 'idempotency-key': undefined }],
      [{}, { 'content-type': 'text/plain' }],
    ] as const)
      expect((await rig.create(parts, headers)).json().code).toBe('RATE_LIMITED');
  });

  it('parses before it looks for the key: a body that cannot be read is 400, not 409', async () => {
    const key = { 'idempotency-key': 'k' };
    await rig.create({}, key);
    expect((await rig.create({ max_failed_row_percent: 'x' }, key)).json().code).toBe('INVALID_THRESHOLD');
    expect((await rig.create({ max_failed_row_percent: '11' }, key)).status).toBe(409);
  });

  it('looks at what is in the files after that, and never again for a replay', async () => {
    const key = { 'idempotency-key': 'k' };
    await rig.create({}, key);
    expect(rig.checks()).toBe(1);
    rig.check = { ok: false, code: 'INVALID_CSV', message: 'no' };
    expect((await rig.create({}, key)).status).toBe(202);
    expect((await rig.create({ csv_file: 'other' }, key)).status).toBe(409);
    expect(rig.checks()).toBe(1);
    expect((await rig.create({ csv_file: 'other' })).status).toBe(400);
  });
});

describe('what is found in the files', () => {
  it.each([
    ['UNREADABLE_PDF', 422],
    ['ENCRYPTED_PDF', 422],
    ['XFA_FORM', 422],
    ['TOO_MANY_ROWS', 422],
    ['NO_ROWS', 422],
    ['INVALID_CSV', 400],
    ['INVALID_ROWS', 400],
    ['INVALID_PACKAGE', 400],
    ['SOURCE_PDF_TOO_LARGE', 413],
  ] as const)('%s is %i and makes no job', async (code, status) => {
    rig.check = { ok: false, code, message: 'why' };
    const answer = await rig.create();
    expect([answer.status, answer.json()]).toEqual([status, { code, message: 'why' }]);
    expect(await rig.jobs()).toEqual([]);
    expect(await rig.http.aside()).toEqual([]);
  });

  it('INVALID_CSV names row, line, column and byte', async () => {
    const place = { row: 2, line: 7, column: 3, offset: 41 };
    rig.check = { ok: false, code: 'INVALID_CSV', message: 'why', place };
    expect((await rig.create()).json()).toEqual({
      code: 'INVALID_CSV',
      message: 'why',
      row: 2,
      line: 7,
      column: 3,
      byte_offset: 41,
    });
  });

  it('a refused create leaves its key free', async () => {
    const key = { 'idempotency-key': 'k' };
    rig.check = { ok: false, code: 'NO_ROWS', message: 'why' };
    expect((await rig.create({}, key)).status).toBe(422);
    rig.check = { ok: true, rows: 3 };
    expect((await rig.create({ csv_file: 'a' }, key)).status).toBe(202);
  });
});

describe('a form', () => {
  it.each([
    ['MISSING_PDF', { pdf: undefined }],
    ['MISSING_PACKAGE', { doqlo_file: undefined }],
    ['ROWS_INPUT_REQUIRED', { csv_file: undefined }],
    ['ROWS_INPUT_REQUIRED', { rows_json: '[]' }],
    ['INVALID_THRESHOLD', { max_failed_row_percent: undefined }],
    ['INVALID_DELIVERY_MODE', { delivery_mode: 'post' }],
    ['INVALID_WEBHOOK_TARGET', { delivery_mode: 'webhook' }],
    ['INVALID_FILENAME_COLUMNS', { filename_columns: 'column_0' }],
    ['TOO_MANY_FILENAME_COLUMNS', { filename_columns: '["column_0","column_1","column_2","column_3"]' }],
    ['INVALID_REQUEST', { unknown: 'x' }],
    ['INVALID_REQUEST', { max_failed_row_percent: ['1', '2'] }],
  ])('%s is 400 in the flat form', async (code, parts) => {
    const answer = await rig.create(parts);
    expect([answer.status, answer.json()]).toEqual([400, { code, message: expect.any(String) }]);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-request-id': expect.any(String),
    });
    expect(await rig.http.aside()).toEqual([]);
  });

  it.each([
    ['no key', { 'idempotency-key': undefined }],
    ['a key of 129 characters', { 'idempotency-key': 'x'.repeat(129) }],
    ['a key with a space', { 'idempotency-key': 'a b' }],
  ])('INVALID_IDEMPOTENCY_KEY: %s', async (_what, headers) => {
    const answer = await rig.create({}, headers);
    expect([answer.status, answer.json().code]).toEqual([400, 'INVALID_IDEMPOTENCY_KEY']);
  });

  it('of another type is 415, one that is cut off 400, one that is too large 413', async () => {
    const post = async (headers: object, payload: string | Buffer) => {
      const answer = await rig.http.server.app.inject({
        method: 'POST',
        url: route,
        headers: { authorization: `Bearer ${token}`, 'idempotency-key': 'k', ...headers },
        payload,
      });
      return [answer.statusCode, answer.json().code];
    };
    expect(await post({ 'content-type': 'application/json' }, '{}')).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    expect(await post({ 'content-type': 'text/plain' }, 'x')).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    const form = formOf(wholeForm);
    expect(await post({ 'content-type': formType }, form.subarray(0, -20))).toEqual([400, 'INVALID_REQUEST']);
    const large = formOf({ ...wholeForm, csv_file: 'x'.repeat(600_000) });
    expect(await post({ 'content-type': formType }, large)).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    expect(await rig.http.aside()).toEqual([]);
  });
});

describe('X-Request-Id', () => {
  it('is the one of the request, or a new one, in every answer', async () => {
    const { job_id: id } = (await rig.create()).json();
    const job = `${route}/${id}`;
    const asked = [
      (headers: Headers) => rig.create({}, { 'idempotency-key': 'k', ...headers }),
      (headers: Headers) => rig.create({ pdf: undefined }, headers),
      (headers: Headers) => rig.create({}, { 'idempotency-key': undefined, ...headers }),
      (headers: Headers) => rig.create({}, { authorization: undefined, ...headers }),
      (headers: Headers) => rig.create({}, { 'content-type': 'text/plain', ...headers }),
      (headers: Headers) => rig.call('GET', job, headers),
      (headers: Headers) => rig.call('GET', `${job}/download`, headers),
      (headers: Headers) => rig.call('GET', `${route}/none`, headers),
      (headers: Headers) => rig.call('POST', '/v1/bulkfill/usage', headers),
      (headers: Headers) => rig.call('GET', '/v1/bulkfill/usage', headers),
    ];
    const statuses = new Set<number>();
    for (const ask of asked) {
      const [own, made] = [await ask({ 'x-request-id': 'req-9' }), await ask({})];
      statuses.add(own.status);
      expect(own.headers['x-request-id']).toBe('req-9');
      expect(made.headers['x-request-id']).toMatch(/^\S{8,}$/);
    }
    expect([...statuses].sort()).toEqual([200, 202, 400, 401, 404, 405, 409, 415]);
    await rig.complete(id);
    for (const range of [{}, { range: 'bytes=0-1' }, { range: 'bytes=99999-' }]) {
      const answer = await rig.call('GET', `${job}/download`, { 'x-request-id': 'req-9', ...range });
      expect(answer.headers['x-request-id']).toBe('req-9');
    }
  });
});

describe('an idempotency key', () => {
  const key = { 'idempotency-key': 'K.1:a_b-c' };

  it('makes one job: the same body gives its current state, while it runs and when it has failed', async () => {
    const first = await rig.create({}, { ...key, 'x-request-id': 'req-1' });
    const { job_id: id } = first.json();
    const second = await rig.create({}, { ...key, 'x-request-id': 'req-2' });
    // The id of the request that made the job is the job's; that of this one is in the header.
    expect([second.status, second.json()]).toEqual([202, first.json()]);
    expect(second.headers['x-request-id']).toBe('req-2');
    await rig.fail(id);
    const last = await rig.create({}, key);
    expect([last.status, last.json().status, last.json().job_id]).toEqual([200, 'failed', id]);
    expect((await rig.jobs()).length).toBe(1);
  });

  it('of a completed job gives 200, in webhook mode without the result', async () => {
    const webhook = { delivery_mode: 'webhook', webhook_url: 'https://hooks.example/x', webhook_secret: 's' };
    const { job_id: id } = (await rig.create(webhook, key)).json();
    await rig.complete(id);
    const again = await rig.create(webhook, key);
    expect([again.status, again.json().status]).toEqual([200, 'completed']);
    expect(again.json()).not.toHaveProperty('result');
    expect((await rig.call('GET', `${route}/${id}`)).json().result.download_url).toContain(id);
    expect(rig.webhooks.size).toBe(1);
  });

  it.each([
    ['another PDF', { pdf: '%PDF-1.7 other' }],
    ['another package', { doqlo_file: 'PK\u0003\u0004other' }],
    ['other rows', { csv_file: 'x' }],
    ['rows of another format', { csv_file: undefined, rows_json: 'Ada,London\n' }],
    ['another threshold', { max_failed_row_percent: '10.5' }],
    ['names of files', { filename_columns: '["column_0"]' }],
    ['another delivery', { delivery_mode: 'webhook', webhook_url: 'https://a.example', webhook_secret: 's' }],
  ])('IDEMPOTENCY_KEY_PAYLOAD_MISMATCH: %s', async (_what, parts) => {
    await rig.create({}, key);
    const answer = await rig.create(parts, key);
    expect([answer.status, answer.json().code]).toEqual([409, 'IDEMPOTENCY_KEY_PAYLOAD_MISMATCH']);
    expect((await rig.jobs()).length).toBe(1);
    expect(await rig.http.aside()).toEqual([]);
  });

  it.each([
    ['another address', { webhook_url: 'https://hooks.example/y' }],
    ['another secret', { webhook_secret: 't' }],
    ['a response', { delivery_mode: undefined, webhook_url: undefined, webhook_secret: undefined }],
  ])('IDEMPOTENCY_KEY_PAYLOAD_MISMATCH: in the place of a webhook %s', async (_what, parts) => {
    const webhook = { delivery_mode: 'webhook', webhook_url: 'https://hooks.example/x', webhook_secret: 's' };
    await rig.create(webhook, key);
    const answer = await rig.create({ ...webhook, ...parts }, key);
    expect([answer.status, answer.json().code]).toEqual([409, 'IDEMPOTENCY_KEY_PAYLOAD_MISMATCH']);
  });

  it('takes bodies that mean the same for equal', async () => {
    await rig.create({}, key);
    const same = { max_failed_row_percent: '10.0', delivery_mode: 'response', filename_columns: '[]' };
    expect((await rig.create(same, key)).status).toBe(202);
    expect((await rig.jobs()).length).toBe(1);
  });

  it('is of one owner, and by case', async () => {
    await rig.create({}, key);
    expect((await rig.create({}, { 'idempotency-key': 'k.1:a_b-c' })).status).toBe(202);
    expect((await rig.create({ csv_file: 'x' }, { ...key, authorization: 'Bearer bob-token' })).status).toBe(
      202,
    );
    expect((await rig.jobs()).length).toBe(2);
  });

  it('is another one than the same key of the native API', async () => {
    await rig.create({}, { 'idempotency-key': 'k' });
    const answer = await rig.http.server.app.inject({
      method: 'POST',
      url: '/api/v1/jobs',
      headers: {
        authorization: `Bearer ${token}`,
        'idempotency-key': 'k',
        'content-type': 'application/json',
      },
      payload: '{"kind":"bulk_fill"}',
    });
    expect(answer.statusCode).toBe(201);
  });

  it('holds for 24 hours', async () => {
    await rig.create({}, key);
    rig.tick(24 * hour - 1);
    expect((await rig.create({ csv_file: 'x' }, key)).status).toBe(409);
    rig.tick(1);
    expect((await rig.create({ csv_file: 'x' }, key)).status).toBe(202);
  });

  it('sent many times at once makes one job', async () => {
    const answers = await Promise.all(Array.from({ length: 4 }, () => rig.create({}, key)));
    expect(new Set(answers.map((answer) => answer.json().job_id)).size).toBe(1);
    expect((await rig.jobs()).length).toBe(1);
    expect(await rig.http.aside()).toEqual([]);
  });
});

describe('an equal body under another key', () => {
  it('is completed at once under a new job_id, with the files of the first', async () => {
    const { job_id: first } = (await rig.create()).json();
    await rig.complete(first);
    rig.tick(hour);
    const answer = await rig.create();
    expect(answer.status).toBe(200);
    const job = answer.json();
    expect(job).toMatchObject({
      status: 'completed',
      reused_result: true,
      created_at: '2026-11-29T10:00:00.000Z',
      completed_at: '2026-11-29T10:00:00.000Z',
      rows: { total: 3, done: 3, success: 3, partial: 0, failed: 0 },
      // Its own six hours.
      result: { download_expires_at: '2026-11-29T16:00:00.000Z' },
    });
    expect(job.job_id).not.toBe(first);
    const [one, other] = await Promise.all(
      [first, job.job_id].map((id) => rig.call('GET', `${route}/${id}/download`)),
    );
    expect([other?.status, other?.body]).toEqual([200, one?.body]);
    expect(other?.headers.etag).toBe(one?.headers.etag);
    expect((await rig.call('GET', `${route}/${first}`)).json().reused_result).toBe(false);
  });

  it('has the files as long as they live, also when the delivery of the first is over', async () => {
    const { job_id: first } = (await rig.create()).json();
    await rig.complete(first);
    rig.tick(7 * hour);
    expect((await rig.call('GET', `${route}/${first}/download`)).status).toBe(410);
    const answer = await rig.create();
    expect(answer.json()).toMatchObject({
      reused_result: true,
      result: { download_expires_at: '2026-11-29T22:00:00.000Z' },
    });
    expect((await rig.call('GET', `${route}/${answer.json().job_id}/download`)).status).toBe(200);
  });

  it('holds the files after the first job was deleted', async () => {
    const { job_id: first } = (await rig.create()).json();
    await rig.complete(first);
    const { job_id: second } = (await rig.create()).json();
    await rig.http.server.app.inject({
      method: 'DELETE',
      url: `/api/v1/jobs/${uuidIds.jobIdOf(first)}`,
      headers: { authorization: `Bearer ${token}` },
    });
    expect((await rig.call('GET', `${route}/${second}/download`)).status).toBe(200);
  });

  it('does not wait for its webhook either', async () => {
    const webhook = { delivery_mode: 'webhook', webhook_url: 'https://hooks.example/x', webhook_secret: 's' };
    const { job_id: first } = (await rig.create(webhook)).json();
    await rig.complete(first);
    const answer = await rig.create(webhook);
    expect([answer.status, answer.json().reused_result]).toEqual([200, true]);
    expect(answer.json()).not.toHaveProperty('result');
    expect(rig.webhooks.size).toBe(2);
  });

  it('is made anew where the first has failed, still runs, is of another owner, or has no files any more', async () => {
    const ofBob = { authorization: 'Bearer bob-token' };
    const { job_id: failed } = (await rig.create()).json();
    expect((await rig.create()).json().status).toBe('queued');
    await rig.fail(failed);
    const { job_id: made } = (await rig.create()).json();
    await rig.complete(made);
    expect((await rig.create({}, ofBob)).json().status).toBe('queued');
    expect((await rig.create({ csv_file: 'x' })).json().status).toBe('queued');
    rig.tick(24 * hour);
    await rig.engine.store.sweep({
      limit: 100,
      logTtlMs: 1e12,
      logMaxFacts: 1e6,
      recordTtlMs: 1e12,
      now: rig.now(),
    });
    expect((await rig.create()).json()).toMatchObject({ status: 'queued', reused_result: false });
  });
});
