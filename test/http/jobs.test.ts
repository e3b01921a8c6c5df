import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { problem } from '../../src/protocol/problem.js';
import { jsonOf } from '../helpers/fake-job-service.js';
import { auth, body, type Fixture, json, openHttp } from '../helpers/http-fixture.js';

let http: Fixture;
beforeEach(async () => {
  http = await openHttp();
});
afterEach(() => http.close());

const bob = { authorization: 'Bearer bob-token' };

function call(
  method: 'GET' | 'POST' | 'DELETE' | 'HEAD',
  url: string,
  headers: object = auth,
  payload?: string,
) {
  return http.server.app.inject({
    method,
    url,
    headers: { ...headers },
    ...(payload === undefined ? {} : { payload }),
  });
}

async function submit(payload = body, headers: object = {}) {
  const answer = await call('POST', '/api/v1/jobs', { ...json, ...headers }, payload);
  return { answer, id: String(answer.json().data?.job_id) };
}

/** Settles when the fake holds an answer back. */
async function held() {
  await expect.poll(() => http.service.waiting).toBeGreaterThan(0);
}

describe('POST /api/v1/jobs', () => {
  test('201 with the record in an envelope', async () => {
    const { answer, id } = await submit();
    expect(answer.statusCode).toBe(201);
    expect(answer.headers).toMatchObject({
      location: `/api/v1/jobs/${id}`,
      'retry-after': '2',
      etag: 'W/"1-0"',
      'cache-control': 'no-store',
      'content-type': 'application/json; charset=utf-8',
      'x-content-type-options': 'nosniff',
    });
    const { data, meta } = answer.json();
    expect(data).toMatchObject({
      job_id: id,
      status: 'pending',
      poll_url: `/api/v1/jobs/${id}`,
      events_cursor: 'fake-10',
    });
    expect(meta).toEqual({
      request_id: answer.headers['x-request-id'],
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      duration_ms: expect.any(Number),
      api_version: 'v1',
    });
  });

  test('hands the bytes on as they came', async () => {
    await submit('{"operations": [ ],\t"x":"ä"}');
    const [request] = http.service.submitted;
    expect(request && jsonOf(request)).toBe('{"operations": [ ],\t"x":"ä"}');
    expect(request).toMatchObject({ owner: 'alice', kind: 'document' });
    expect(request).not.toHaveProperty('idempotencyKey');
  });

  test('the same Idempotency-Key answers 200 with the job of before', async () => {
    const first = await submit(body, { 'idempotency-key': 'k 1' });
    const again = await submit(body, { 'idempotency-key': 'k 1' });
    expect([first.answer.statusCode, again.answer.statusCode]).toEqual([201, 200]);
    expect(again.id).toBe(first.id);
    expect(again.answer.headers.location).toBe(first.answer.headers.location);
    const other = await submit('{}', { 'idempotency-key': 'k 1' });
    expect(other.answer.statusCode).toBe(409);
    expect(other.answer.json().type).toMatch(/\/idempotency-conflict$/);
  });

  test.each(['', 'a'.repeat(256), 'ä', 'a\tb'])('the Idempotency-Key %j is malformed', async (key) => {
    const { answer } = await submit(body, { 'idempotency-key': key });
    expect(answer.statusCode).toBe(400);
    expect(http.service.submitted).toEqual([]);
  });

  test('prints the problems of the service', async () => {
    http.service.refusal = problem('queue-full', 'too many', { retryAfter: 7 });
    const { answer } = await submit();
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('7');
    http.service.refusal = problem('validation-failed', 'bad', {
      errors: [{ pointer: '/operations/0', message: 'm' }],
    });
    const refused = (await submit()).answer;
    expect(refused.json()).toMatchObject({
      status: 422,
      errors: [{ pointer: '/operations/0', message: 'm' }],
    });
  });

  test('Prefer: wait holds the answer until the job has ended', async () => {
    const pending = submit(body, { prefer: 'wait=30' });
    await held();
    http.service.complete('job_000000000000000000000001', []);
    const { answer } = await pending;
    expect(answer.statusCode).toBe(201);
    expect(answer.headers).toMatchObject({
      'preference-applied': 'wait=30',
      vary: 'Prefer',
      etag: 'W/"2-0"',
    });
    expect(answer.headers).not.toHaveProperty('retry-after');
    expect(answer.json().data).toMatchObject({ status: 'completed', events_cursor: 'fake-10' });
  });
});

describe('GET /api/v1/jobs/{id}', () => {
  test('the record, with its ETag; Retry-After only while it has not ended', async () => {
    const { id } = await submit();
    const first = await call('GET', `/api/v1/jobs/${id}`);
    expect(first.headers).toMatchObject({
      etag: 'W/"1-0"',
      'retry-after': '2',
      vary: 'Prefer',
      'cache-control': 'no-store',
    });
    http.service.complete(id, []);
    const last = await call('GET', `/api/v1/jobs/${id}`);
    expect(last.headers.etag).toBe('W/"2-0"');
    expect(last.headers).not.toHaveProperty('retry-after');
    expect(last.json().data).toMatchObject({ status: 'completed', result_url: `/api/v1/jobs/${id}/result` });
  });

  test.each(['W/"1-0"', '"1-0"', '"x", "1-0"', '*'])(
    'If-None-Match: %s is 304 without a body',
    async (tags) => {
      const { id } = await submit();
      const answer = await call('GET', `/api/v1/jobs/${id}`, { ...auth, 'if-none-match': tags });
      expect([answer.statusCode, answer.body]).toEqual([304, '']);
      expect(answer.headers).toMatchObject({ etag: 'W/"1-0"', 'retry-after': '2' });
    },
  );

  test('Prefer: wait with If-None-Match holds until the record changes', async () => {
    const { id } = await submit();
    const pending = call('GET', `/api/v1/jobs/${id}`, {
      ...auth,
      prefer: 'wait=9',
      'if-none-match': 'W/"1-0"',
    });
    await held();
    http.service.change(id, { status: 'running', attempt: 1 });
    const answer = await pending;
    expect(answer.statusCode).toBe(200);
    expect(answer.json().data.status).toBe('running');
    expect(answer.headers['preference-applied']).toBe('wait=9');
  });

  test('Prefer: wait alone holds until the end', async () => {
    const { id } = await submit();
    const pending = call('GET', `/api/v1/jobs/${id}`, { ...auth, prefer: 'wait=9' });
    await held();
    http.service.change(id, { status: 'running', attempt: 1 });
    http.service.change(id, { status: 'failed', error: { code: 'crashed', message: 'm' } });
    expect((await pending).json().data.status).toBe('failed');
  });

  test('does not hold what the caller does not know, nor what has ended', async () => {
    const { id } = await submit();
    const known = { ...auth, prefer: 'wait=9', 'if-none-match': '"0-0"' };
    expect((await call('GET', `/api/v1/jobs/${id}`, known)).statusCode).toBe(200);
    http.service.complete(id, []);
    expect((await call('GET', `/api/v1/jobs/${id}`, { ...auth, prefer: 'wait=9' })).statusCode).toBe(200);
    expect(http.service.waiting).toBe(0);
  });

  test('a job that is deleted in the meantime is not found', async () => {
    const { id } = await submit();
    const pending = call('GET', `/api/v1/jobs/${id}`, {
      ...auth,
      prefer: 'wait=9',
      'if-none-match': '"1-0"',
    });
    await held();
    const job = http.service.jobs.get(id);
    http.service.change(id, {});
    http.service.jobs.delete(id);
    expect(job).toBeDefined();
    expect((await pending).statusCode).toBe(404);
  });

  test('the caller leaving ends the wait', async () => {
    const { id } = await submit();
    const url = await http.server.listen('127.0.0.1', 0);
    const controller = new AbortController();
    const pending = fetch(`${url}/api/v1/jobs/${id}`, {
      headers: { ...auth, prefer: 'wait=60' },
      signal: controller.signal,
    });
    await held();
    controller.abort();
    await expect(pending).rejects.toThrow();
    await expect.poll(() => http.service.waiting).toBe(0);
  });

  test('past the bound nothing is held', async () => {
    const small = await openHttp({ limits: { maxHeldRequests: 0 } });
    await small.server.app.inject({ method: 'POST', url: '/api/v1/jobs', headers: json, payload: body });
    const url = '/api/v1/jobs/job_000000000000000000000001';
    const answer = await small.server.app.inject({ url, headers: { ...auth, prefer: 'wait=60' } });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).not.toHaveProperty('preference-applied');
    await small.close();
  });
});

describe('owners are walls', () => {
  test.each([
    ['GET', ''],
    ['GET', '/result'],
    ['HEAD', '/result'],
    ['GET', '/artifacts/a.pdf'],
    ['GET', '/request'],
    ['DELETE', ''],
  ] as const)('%s /jobs/{id}%s of somebody else is not found, as an unknown one', async (method, path) => {
    const { id } = await submit();
    http.service.complete(id, [{ name: 'a.pdf', contentType: 'application/pdf', bytes: Buffer.from('x') }]);
    const theirs = await call(method, `/api/v1/jobs/${id}${path}`, bob);
    const unknown = await call(method, `/api/v1/jobs/job_${'f'.repeat(24)}${path}`, bob);
    const odd = await call(method, `/api/v1/jobs/..%2f..%00${path}`, bob);
    expect([theirs.statusCode, unknown.statusCode, odd.statusCode]).toEqual([404, 404, 404]);
    if (method !== 'HEAD') expect(theirs.json().detail).toBe(unknown.json().detail);
    expect(http.service.jobs.has(id)).toBe(true);
  });
});

describe('the rest of a job', () => {
  test('DELETE cancels, then deletes; 204 without a body', async () => {
    const { id } = await submit();
    const cancelled = await call('DELETE', `/api/v1/jobs/${id}`, json);
    expect([cancelled.statusCode, cancelled.body]).toEqual([204, '']);
    expect((await call('GET', `/api/v1/jobs/${id}`)).json().data.status).toBe('cancelled');
    expect((await call('DELETE', `/api/v1/jobs/${id}`)).statusCode).toBe(204);
    expect((await call('GET', `/api/v1/jobs/${id}`)).statusCode).toBe(404);
    expect((await call('DELETE', `/api/v1/jobs/${id}`)).statusCode).toBe(404);
  });

  test('GET /request is what was submitted, and says what of it is left out', async () => {
    const { id } = await submit();
    const request = () => call('GET', `/api/v1/jobs/${id}/request`);
    expect((await request()).json().data).toEqual({ job_id: id, request: JSON.parse(body), left_out: [] });
    http.service.leftOut = [{ pointer: '/a~1b', sizeBytes: 70_000 }];
    expect((await request()).json().data.left_out).toEqual([{ pointer: '/a~1b', size_bytes: 70_000 }]);
  });
});

describe('GET /api/v1/jobs', () => {
  test('newest first, in pages', async () => {
    for (let count = 0; count < 5; count += 1) await submit();
    const ids: string[] = [];
    let cursor = '';
    do {
      const answer = await call('GET', `/api/v1/jobs?limit=2${cursor && `&cursor=${cursor}`}`);
      const { data } = answer.json();
      ids.push(...data.jobs.map((job: { job_id: string }) => job.job_id.slice(-1)));
      cursor = data.next_cursor ?? '';
    } while (cursor !== '');
    expect(ids).toEqual(['5', '4', '3', '2', '1']);
  });

  test.each([
    ['status=pending', 1],
    ['status=completed', 1],
    ['kind=document', 2],
    ['kind=merge', 0],
    ['group=g', 1],
    ['created_after=2023-11-14T22:13:19Z', 2],
    ['created_after=2023-11-14T22:13:20Z', 0],
    ['created_before=2023-11-14T23:13:21%2B01:00', 2],
  ])('?%s', async (query, count) => {
    const { id } = await submit();
    await submit('{"group":"g"}');
    http.service.complete(id, []);
    const answer = await call('GET', `/api/v1/jobs?${query}`);
    expect(answer.statusCode).toBe(200);
    expect(answer.json().data.jobs).toHaveLength(count);
    expect((await call('GET', '/api/v1/jobs', bob)).json().data).toEqual({ jobs: [] });
  });

  test.each([
    ['limit=0', '/limit'],
    ['limit=201', '/limit'],
    ['limit=x', '/limit'],
    ['limit=1&limit=2', '/limit'],
    ['status=done', '/status'],
    ['created_after=yesterday', '/created_after'],
    ['created_after=2023-13-14T22:13:19Z', '/created_after'],
    ['group=', '/group'],
    ['cursor=', '/cursor'],
  ])('?%s is 422 with a pointer', async (query, pointer) => {
    const answer = await call('GET', `/api/v1/jobs?${query}`);
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors[0]).toEqual({ pointer, message: expect.any(String) });
  });
});
