import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBulkFill } from '../../../../src/http/dialects/bulk-fill/bulk-fill.js';
import { cooldownOf, type Ended, remembered } from '../../../../src/http/dialects/bulk-fill/cooldown.js';
import { uuidIds } from '../../../../src/http/dialects/job-ids.js';
import { standardBounds } from '../../../../src/render/kinds/bulk-fill/bounds.js';
import { type FillRig, openFill } from './fill-rig.js';

const minute = 60_000;
const ok = (at: number): Ended => ({ at, failed: false });
const bad = (at: number): Ended => ({ at, failed: true });
const list = (count: number, make: (at: number) => Ended, from = 0): Ended[] =>
  Array.from({ length: count }, (_, index) => make(from + index));

let rig: FillRig;
beforeEach(async () => {
  rig = await openFill({ rowsPerMonth: 10 });
});
afterEach(() => rig.close());

async function created(): Promise<string> {
  const answer = await rig.create({ csv_file: `${Math.random()}` });
  if (answer.status !== 202) throw new Error(answer.body);
  return answer.json().job_id;
}

describe('a cooldown', () => {
  it('begins with five failures in a row, and ends five minutes after the last of them', () => {
    expect(cooldownOf(list(4, bad), 10)).toBeUndefined();
    expect(cooldownOf(list(5, bad), 10)).toEqual({
      code: 'REPEATED_FAILED_JOBS_COOLDOWN',
      until: 4 + 5 * minute,
    });
    expect(cooldownOf([...list(5, bad), ok(5)], 10)).toBeUndefined();
    expect(cooldownOf([bad(0), ok(1), ...list(4, bad, 2)], 10)).toBeUndefined();
    expect(cooldownOf(list(5, bad), 4 + 5 * minute)).toBeUndefined();
  });

  it('begins where more than half of twenty jobs of an hour have failed', () => {
    const mixed = (failures: number) => [...list(failures, bad), ...list(20 - failures, ok, failures)];
    expect(cooldownOf(mixed(10), 100)).toBeUndefined();
    expect(cooldownOf(mixed(11), 100)).toEqual({ code: 'HIGH_FAIL_RATIO_COOLDOWN', until: 10 + 15 * minute });
    expect(cooldownOf(mixed(11).slice(1), 100)).toBeUndefined();
    expect(cooldownOf(mixed(11), 10 + 15 * minute)).toBeUndefined();
    const old = [...list(10, bad), ...list(9, ok, 61 * minute), bad(62 * minute)];
    expect(cooldownOf(old, 62 * minute)).toBeUndefined();
  });

  it('remembers a hundred jobs of the last hour', () => {
    expect(remembered(list(100, ok), bad(100))).toHaveLength(100);
    expect(remembered([ok(0), ok(2)], bad(60 * minute))).toEqual([ok(2), bad(60 * minute)]);
  });

  it('REPEATED_FAILED_JOBS_COOLDOWN: 429 with Retry-After, on creates alone', async () => {
    for (let count = 0; count < 5; count += 1)
      await rig.fail(await created(), { code: 'too_many_failed_rows' });
    const refused = await rig.create();
    expect(refused.status).toBe(429);
    expect(refused.json()).toEqual({
      code: 'REPEATED_FAILED_JOBS_COOLDOWN',
      message: expect.any(String),
      retry_after_seconds: 300,
    });
    expect(refused.headers['retry-after']).toBe('300');
    const [job] = await rig.jobs();
    expect((await rig.call('GET', '/v1/bulkfill/usage')).status).toBe(200);
    const exported = `/v1/bulkfill/export-jobs/${uuidIds.of(job?.id ?? '')}`;
    expect((await rig.call('GET', exported)).status).toBe(200);
    expect((await rig.call('GET', `${exported}/download`)).status).toBe(409);
    expect((await rig.call('GET', `/api/v1/jobs/${job?.id}`)).status).toBe(200);
    // Owners are judged each for itself.
    expect((await rig.create({}, { authorization: 'Bearer bob-token' })).status).toBe(202);
    rig.tick(5 * minute);
    expect((await rig.create()).status).toBe(202);
  });

  it('HIGH_FAIL_RATIO_COOLDOWN: 429 with Retry-After', async () => {
    // Never five failures in a row: eleven of twenty.
    for (let count = 0; count < 20; count += 1) {
      const id = await created();
      if (count % 5 === 4 || count % 5 === 1 || count === 18)
        await rig.complete(id, { total: 0, done: 0, success: 0 });
      else await rig.fail(id);
    }
    const refused = await rig.create();
    expect([refused.status, refused.json(), refused.headers['retry-after']]).toEqual([
      429,
      { code: 'HIGH_FAIL_RATIO_COOLDOWN', message: expect.any(String), retry_after_seconds: 900 },
      '900',
    ]);
    rig.tick(15 * minute);
    expect((await rig.create()).status).toBe(202);
  });

  it('is judged before the key: a replay can be 429', async () => {
    const key = { 'idempotency-key': 'k' };
    const { job_id: id } = (await rig.create({}, key)).json();
    await rig.fail(id);
    for (let count = 0; count < 4; count += 1) await rig.fail(await created());
    expect((await rig.create({}, key)).json().code).toBe('REPEATED_FAILED_JOBS_COOLDOWN');
  });

  it('does not count what the server is to blame for, nor what was cancelled', async () => {
    for (const code of ['crashed', 'timed_out', 'out_of_memory', 'storage_failed', 'render_failed'] as const)
      await rig.fail(await created(), { code });
    const id = await created();
    await rig.call('POST', `/api/v1/jobs/${uuidIds.jobIdOf(id)}/cancel`);
    expect((await rig.call('GET', `/v1/bulkfill/export-jobs/${id}`)).json().error.code).toBe('CANCELLED');
    expect((await rig.create()).status).toBe(202);
  });

  it('is not got round by deleting the jobs', async () => {
    for (let count = 0; count < 5; count += 1) {
      const id = await created();
      await rig.fail(id);
      await rig.http.server.app.inject({
        method: 'DELETE',
        url: `/api/v1/jobs/${uuidIds.jobIdOf(id)}`,
        headers: { authorization: 'Bearer alice-token' },
      });
    }
    expect((await rig.create()).status).toBe(429);
  });
});

describe('the quota', () => {
  const used = async () => (await rig.call('GET', '/v1/bulkfill/usage')).json();

  it('counts the requested rows of completed jobs, failed ones among them', async () => {
    const rows = { total: 7, done: 7, success: 4, partial: 2, failed: 1 };
    await rig.complete(await created(), rows);
    expect(await used()).toEqual({
      period: '2026-11',
      period_start: '2026-11-01T00:00:00.000Z',
      period_end: '2026-12-01T00:00:00.000Z',
      rows: { used: 7, limit: 10, remaining: 3 },
    });
  });

  it('QUOTA_EXCEEDED: 429 when the job has more rows than are left', async () => {
    await rig.complete(await created(), { total: 8, done: 8, success: 8 });
    const refused = await rig.create();
    expect(refused.status).toBe(429);
    expect(refused.json()).toEqual({
      code: 'QUOTA_EXCEEDED',
      message: expect.any(String),
      retry_after_seconds: (39 * 3_600_000) / 1000,
      used_rows: 8,
      limit_rows: 10,
      requested_rows: 3,
    });
    rig.check = { ok: true, rows: 2 };
    expect((await rig.create()).status).toBe(202);
  });

  it('does not concern a replay', async () => {
    const key = { 'idempotency-key': 'k' };
    const { job_id: id } = (await rig.create({}, key)).json();
    await rig.complete(id, { total: 10, done: 10, success: 10 });
    expect((await rig.create({}, key)).json()).toMatchObject({ job_id: id, status: 'completed' });
  });

  it('costs nothing for jobs that failed, queries and downloads', async () => {
    await rig.fail(await created(), { code: 'too_many_failed_rows' });
    const id = await created();
    await rig.complete(id, { total: 4, done: 4, success: 4 });
    for (let count = 0; count < 3; count += 1)
      expect((await rig.call('GET', `/v1/bulkfill/export-jobs/${id}/download`)).status).toBe(200);
    expect((await used()).rows).toEqual({ used: 4, limit: 10, remaining: 6 });
  });

  it('does not depend on the delivery mode, and counts a result that was there before', async () => {
    const webhook = { delivery_mode: 'webhook', webhook_url: 'https://hooks.example/x', webhook_secret: 's' };
    const { job_id: id } = (await rig.create(webhook)).json();
    await rig.complete(id);
    expect((await used()).rows.used).toBe(3);
    expect((await rig.create(webhook)).json().reused_result).toBe(true);
    expect((await used()).rows.used).toBe(6);
  });

  it('begins anew with the month', async () => {
    await rig.complete(await created(), { total: 10, done: 10, success: 10 });
    expect((await used()).rows.used).toBe(10);
    rig.tick(39 * 3_600_000);
    expect(await used()).toMatchObject({ period: '2026-12', rows: { used: 0, remaining: 10 } });
    await rig.complete(await created(), { total: 2, done: 2, success: 2 });
    expect((await used()).rows.used).toBe(2);
  });

  it('counts each job once, however often and wherever it is counted', async () => {
    const ids = await Promise.all([created(), created(), created()]);
    for (const id of ids) await rig.complete(id, { total: 1, done: 1, success: 1 });
    const both = await Promise.all(Array.from({ length: 5 }, used));
    expect(both.map(({ rows }) => rows.used)).toEqual([3, 3, 3, 3, 3]);
    // Another node over the same store: it counts from the place of the first.
    const other = createBulkFill({ waitMs: 0, rowsPerMonth: 10, bounds: standardBounds });
    expect(other.prefixes).toEqual(['/v1/bulkfill']);
    expect((await used()).rows.used).toBe(3);
  });

  it('is not known where there is none', async () => {
    await rig.close();
    rig = await openFill();
    expect((await used()).rows).toEqual({ used: 0, limit: null, remaining: null });
  });
});
