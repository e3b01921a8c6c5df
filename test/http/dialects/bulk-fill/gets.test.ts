import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { uuidIds } from '../../../../src/http/dialects/job-ids.js';
import { type FillRig, openFill } from './fill-rig.js';

const route = '/v1/bulkfill/export-jobs';
const hour = 3_600_000;

let rig: FillRig;
beforeEach(async () => {
  rig = await openFill();
});
afterEach(() => rig.close());

const bob = { authorization: 'Bearer bob-token' };

async function completed(): Promise<string> {
  const { job_id: id } = (await rig.create()).json();
  await rig.complete(id);
  return id;
}

describe('a job', () => {
  it('is told as it is, to its owner alone', async () => {
    const { job_id: id } = (await rig.create({}, { 'x-request-id': 'req-1' })).json();
    const queued = await rig.call('GET', `${route}/${id}`);
    expect([queued.status, queued.json()]).toMatchObject([
      200,
      { job_id: id, status: 'queued', request_id: 'req-1' },
    ]);
    expect(queued.headers).toMatchObject({ 'content-type': 'application/json', 'retry-after': '2' });
    expect(queued.headers['x-request-id']).not.toBe('req-1');
    await rig.complete(id);
    const done = await rig.call('GET', `${route}/${id.toUpperCase()}`);
    expect(done.json()).toMatchObject({ job_id: id, status: 'completed', progress: 100 });
    expect(done.headers).not.toHaveProperty('retry-after');
    const foreign = await rig.call('GET', `${route}/${id}`, bob);
    expect([foreign.status, foreign.json().code]).toEqual([404, 'EXPORT_JOB_NOT_FOUND']);
  });

  it.each([
    'nothing',
    uuidIds.of(`job_${'0'.repeat(24)}`),
    '00000000-0000-4000-8000-000000000000',
    '%2e%2e',
    '..%2f..',
    '%00',
    'a'.repeat(200),
  ])('EXPORT_JOB_NOT_FOUND: %s', async (id) => {
    for (const path of [`${route}/${id}`, `${route}/${id}/download`]) {
      const answer = await rig.call('GET', path);
      expect([answer.status, answer.json().code]).toEqual([404, 'EXPORT_JOB_NOT_FOUND']);
    }
  });

  it('of another kind is none of this API', async () => {
    const outcome = await rig.engine.store.list({ owner: 'alice', limit: 1 });
    expect(outcome.jobs).toEqual([]);
    await completed();
    const [job] = await rig.jobs();
    if (job === undefined) throw new Error('no job');
    const other = {
      ...job,
      id: `${job.id.slice(0, -1)}${job.id.endsWith('0') ? '1' : '0'}`,
      kind: 'document',
      status: 'pending' as const,
      rev: 1,
    };
    const { completedAt: _, artifacts: __, expiresAt: ___, ...fresh } = other;
    await rig.engine.store.submit({
      job: { ...fresh, attempt: 0, failures: 0 },
      input: { request: { inline: '' }, inputs: [] },
      limits: { maxPending: 10, maxPendingPerOwner: 10 },
    });
    expect((await rig.call('GET', `${route}/${uuidIds.of(other.id)}`)).status).toBe(404);
    expect((await rig.call('GET', `/api/v1/jobs/${other.id}`)).status).toBe(200);
  });

  it('that was deleted is not found', async () => {
    const id = await completed();
    await rig.http.server.app.inject({
      method: 'DELETE',
      url: `/api/v1/jobs/${uuidIds.jobIdOf(id)}`,
      headers: { authorization: 'Bearer alice-token' },
    });
    expect((await rig.call('GET', `${route}/${id}`)).status).toBe(404);
  });
});

describe('the archive', () => {
  it('is a ZIP with ETag and ranges', async () => {
    const id = await completed();
    const path = `${route}/${id}/download`;
    const whole = await rig.call('GET', path);
    expect(whole.status).toBe(200);
    expect(whole.headers).toMatchObject({
      'content-type': 'application/zip',
      'content-disposition': `attachment; filename="bulk-fill-${id}.zip"`,
      'accept-ranges': 'bytes',
      'content-length': String(whole.body.length),
      'cache-control': 'private, max-age=21600, immutable',
      etag: expect.stringMatching(/^"[0-9a-f]{64}"$/),
    });
    const etag = String(whole.headers.etag);
    const part = await rig.call('GET', path, { range: 'bytes=3-9' });
    expect([part.status, part.body]).toEqual([206, whole.body.slice(3, 10)]);
    expect(part.headers['content-range']).toBe(`bytes 3-9/${whole.body.length}`);
    expect((await rig.call('GET', path, { 'if-none-match': etag })).status).toBe(304);
    expect((await rig.call('GET', path, { range: 'bytes=3-9', 'if-range': '"other"' })).status).toBe(200);
    const beyond = await rig.call('GET', path, { range: 'bytes=9999-' });
    expect([beyond.status, beyond.json().code]).toEqual([416, 'RANGE_NOT_SATISFIABLE']);
    const head = await rig.call('HEAD', path);
    expect([head.status, head.body, head.headers.etag]).toEqual([200, '', etag]);
    expect((await rig.call('GET', path, bob)).status).toBe(404);
  });

  it('EXPORT_JOB_NOT_COMPLETED: 409 before the end, with a word when to ask again, and after a failure', async () => {
    const { job_id: id } = (await rig.create()).json();
    const path = `${route}/${id}/download`;
    const early = await rig.call('GET', path);
    expect([early.status, early.json().code, early.headers['retry-after']]).toEqual([
      409,
      'EXPORT_JOB_NOT_COMPLETED',
      '2',
    ]);
    await rig.fail(id);
    const failed = await rig.call('GET', path);
    expect([failed.status, failed.json().code]).toEqual([409, 'EXPORT_JOB_NOT_COMPLETED']);
    expect(failed.headers).not.toHaveProperty('retry-after');
  });

  it('EXPORT_DELIVERY_EXPIRED: is there for six hours; then the job is completed without an address', async () => {
    const id = await completed();
    const path = `${route}/${id}/download`;
    rig.tick(6 * hour - 1);
    expect((await rig.call('GET', path)).status).toBe(200);
    rig.tick(1);
    const gone = await rig.call('GET', path);
    expect([gone.status, gone.json().code]).toEqual([410, 'EXPORT_DELIVERY_EXPIRED']);
    expect((await rig.call('GET', `${route}/${id}`)).json()).toMatchObject({
      status: 'completed',
      result: { download_url: null, download_expires_at: '2026-11-29T15:00:00.000Z' },
    });
  });

  it('is cleaned up after 24 hours, and the record stays', async () => {
    const id = await completed();
    const sweep = { limit: 100, logTtlMs: 1e12, logMaxFacts: 1e6, recordTtlMs: 1e12 };
    rig.tick(24 * hour - 1);
    expect(await rig.engine.store.sweep({ ...sweep, now: rig.now() })).toMatchObject({ removed: [] });
    rig.tick(1);
    const { removed } = await rig.engine.store.sweep({ ...sweep, now: rig.now() });
    expect(removed.length).toBeGreaterThan(0);
    expect((await rig.call('GET', `${route}/${id}`)).json()).toMatchObject({
      status: 'completed',
      result: { download_url: null },
    });
    expect((await rig.call('GET', `${route}/${id}/download`)).json().code).toBe('EXPORT_DELIVERY_EXPIRED');
  });
});

describe('what the server refuses by itself', () => {
  it('has the flat form on all paths of the API', async () => {
    for (const [method, path, status, code] of [
      ['GET', '/v1/bulkfill/nothing', 404, 'EXPORT_JOB_NOT_FOUND'],
      ['GET', route, 405, 'METHOD_NOT_ALLOWED'],
      ['POST', '/v1/bulkfill/usage', 405, 'METHOD_NOT_ALLOWED'],
    ] as const) {
      const answer = await rig.call(method, path);
      expect([answer.status, answer.json()]).toEqual([status, { code, message: expect.any(String) }]);
    }
  });

  it.each([
    ['BF_EXPORT_API_KEY_REQUIRED', 401, undefined],
    ['BF_EXPORT_API_KEY_INVALID', 401, 'Bearer doqlo_bfexp_nobody.secret'],
    ['BF_EXPORT_API_KEY_REQUIRED', 401, 'Basic YTpi'],
  ])('%s: %i for %s', async (code, status, authorization) => {
    for (const answer of [
      await rig.create({}, { authorization }),
      await rig.call('GET', `${route}/x`, { authorization }),
      await rig.call('GET', '/v1/bulkfill/usage', { authorization }),
    ]) {
      expect([answer.status, answer.json().code]).toEqual([status, code]);
    }
  });

  it('BF_EXPORT_API_KEY_REVOKED, _EXPIRED and _INACTIVE: 403 for keys that do not hold any more', async () => {
    const { keys } = rig.http;
    const of = async (token: string) => {
      const answer = await rig.call('GET', '/v1/bulkfill/usage', { authorization: `Bearer ${token}` });
      return [answer.status, answer.status === 200 ? undefined : answer.json().code];
    };
    const good = await keys.make();
    expect(await of(good.token)).toEqual([200, undefined]);
    const revoked = await keys.make();
    await keys.put({ ...revoked.key, disabledAt: 1 });
    expect(await of(revoked.token)).toEqual([403, 'BF_EXPORT_API_KEY_REVOKED']);
    const old = await keys.make({ expiresAt: 1 });
    expect(await of(old.token)).toEqual([403, 'BF_EXPORT_API_KEY_EXPIRED']);
    const other = await keys.make({ scopes: ['metrics'] });
    expect(await of(other.token)).toEqual([403, 'BF_EXPORT_API_KEY_INACTIVE']);
  });
});
