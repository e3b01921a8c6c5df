import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { problem } from '../../src/protocol/problem.js';
import { auth, body, type Fixture, json, openHttp } from '../helpers/http-fixture.js';

let http: Fixture;
let id: string;
beforeEach(async () => {
  http = await openHttp();
  const url = '/api/v1/jobs';
  const submitted = await http.server.app.inject({ method: 'POST', url, headers: json, payload: body });
  id = submitted.json().data.job_id;
});
afterEach(() => http.close());

const bob = { authorization: 'Bearer bob-token' };
const call = (method: 'GET' | 'POST', path: string, headers: object = auth, of = id) =>
  http.server.app.inject({ method, url: `/api/v1/jobs/${of}/${path}`, headers: { ...auth, ...headers } });
const slug = (answer: { json(): { type: string } }) => answer.json().type.split('/').at(-1);

describe.each(['cancel', 'retry', 'history'])('%s', (path) => {
  const method = path === 'history' ? 'GET' : 'POST';

  test('of no job, and of somebody else: not found', async () => {
    for (const [headers, of] of [
      [auth, `job_${'f'.repeat(24)}`],
      [auth, 'nonsense'],
      [bob, id],
    ] as const) {
      const answer = await call(method, path, headers, of);
      expect([answer.statusCode, slug(answer)]).toEqual([404, 'not-found']);
    }
  });

  test('needs its scope', async () => {
    const other = path === 'history' ? 'jobs:write' : 'jobs:read';
    const { token } = await http.keys.make({ owner: 'alice', scopes: [other] });
    const answer = await call(method, path, { authorization: `Bearer ${token}` });
    expect([answer.statusCode, slug(answer)]).toEqual([403, 'capability-denied']);
  });
});

describe('POST cancel', () => {
  test('stops what has not ended: 200 with the record after it', async () => {
    const answer = await call('POST', 'cancel');
    expect(answer.statusCode).toBe(200);
    expect(answer.json().data).toMatchObject({ job_id: id, status: 'cancelled', rev: 2 });
    expect(answer.headers).toMatchObject({ etag: 'W/"2-0"', 'cache-control': 'no-store' });
    expect(answer.headers).not.toHaveProperty('retry-after');
  });

  test('may be sent again, and leaves what has ended as it is', async () => {
    await call('POST', 'cancel');
    expect((await call('POST', 'cancel')).json().data).toMatchObject({ status: 'cancelled', rev: 2 });
    http.service.change(id, { status: 'failed' });
    const answer = await call('POST', 'cancel');
    expect([answer.statusCode, answer.json().data.status]).toEqual([200, 'failed']);
    expect(http.service.jobs.has(id)).toBe(true);
  });

  test('is served while the server shuts down; a retry is not', async () => {
    http.server.drain();
    expect((await call('POST', 'cancel')).statusCode).toBe(200);
    expect(slug(await call('POST', 'retry'))).toBe('shutting-down');
  });
});

describe('POST retry', () => {
  test('is answered as a submit is', async () => {
    http.service.change(id, { status: 'failed' });
    const answer = await call('POST', 'retry');
    const { data } = answer.json();
    expect(answer.statusCode).toBe(201);
    expect(data.job_id).not.toBe(id);
    expect(data).toMatchObject({ status: 'pending', rev: 1, events_cursor: 'fake-10' });
    expect(answer.headers).toMatchObject({
      location: `/api/v1/jobs/${data.job_id}`,
      etag: 'W/"1-0"',
      'retry-after': '2',
    });
  });

  test('with an Idempotency-Key makes one job: 201, then 200', async () => {
    http.service.change(id, { status: 'failed' });
    const key = { 'idempotency-key': 'again' };
    const [first, second] = [await call('POST', 'retry', key), await call('POST', 'retry', key)];
    expect([first.statusCode, second.statusCode]).toEqual([201, 200]);
    expect(second.json().data.job_id).toBe(first.json().data.job_id);
    expect((await call('POST', 'retry', { 'idempotency-key': '' })).statusCode).toBe(400);
  });

  test('of a job that has not ended: 409, and when to ask again', async () => {
    const answer = await call('POST', 'retry');
    expect([answer.statusCode, slug(answer)]).toEqual([409, 'job-not-ended']);
  });

  test('says that the input is gone: 410', async () => {
    http.service.refusal = problem('input-gone', 'gone');
    const answer = await call('POST', 'retry');
    expect([answer.statusCode, slug(answer)]).toEqual([410, 'input-gone']);
  });
});

test('GET history is what the service tells, in an envelope', async () => {
  const answer = await call('GET', 'history');
  expect(answer.json().data).toEqual({ events: [{ type: 'job.created', rev: 1 }], complete: true });
  expect(answer.headers['cache-control']).toBe('no-store');
});
