import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Caller } from '../helpers/caller.js';
import { type RunningServer, startServer } from '../helpers/server.js';

/** Fails at once: there is no document behind its header. */
const broken = { kind: 'extract_text', pdf_data: btoa('%PDF-1.7 and nothing else'), group: 'night' };
/** `npm run crash:actions` does 5,000, with ten kills. */
const count = Number(process.env.ACTION_JOBS ?? 120);
const kills = Number(process.env.ACTION_KILLS ?? 3);

interface Listed {
  readonly jobs: readonly { readonly job_id: string; readonly retry_of?: string }[];
  readonly next_cursor?: string;
}
interface Bulk {
  readonly bulk_id: string;
  readonly state: string;
  readonly done: number;
  readonly refused: number;
}

let dataDir: string;
let server: RunningServer;
const env = { INKWIRE_LOG_LEVEL: 'warn', INKWIRE_WORKERS: '1', INKWIRE_RATE_LIMIT: '0' };
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'inkwire-bulk-'));
  server = await startServer({ dataDir, env });
});
afterAll(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** Of all of it, and of each of its steps. */
const inTime = { timeout: 240_000 + count * 100 };

test('an action on many jobs goes on after kill -9, and does each job once', inTime, async () => {
  const caller = () => new Caller(server.url, '');
  const ids: string[] = [];
  const submits = Array.from({ length: 16 }, async () => {
    for (let mine = ids.push(''); mine <= count; mine = ids.push(''))
      ids[mine - 1] = (await caller().post<{ job_id: string }>('/api/v1/jobs', broken)).job_id;
  });
  await Promise.all(submits);
  ids.length = count;
  await expect
    .poll(async () => (await caller().data<{ failed: number }>('/api/v1/groups/night')).failed, inTime)
    .toBe(count);
  const { bulk_id } = await caller().post<Bulk>('/api/v1/bulk/retry?status=failed&group=night', {});
  const bulk = () => caller().data<Bulk>(`/api/v1/bulk/${bulk_id}`);
  const retries = async () => {
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const query = cursor === undefined ? '' : `&cursor=${cursor}`;
      const page = await caller().data<Listed>(`/api/v1/jobs?group=night&limit=200${query}`);
      found.push(...page.jobs.flatMap(({ retry_of }) => (retry_of === undefined ? [] : [retry_of])));
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    return found;
  };
  for (let kill = 0; kill < kills; kill += 1) {
    const { done: before } = await bulk();
    const goesOn = async () => {
      const { state, done } = await bulk();
      return state === 'ended' || done > before;
    };
    await expect.poll(goesOn, inTime).toBe(true);
    await server.kill();
    server = await startServer({ dataDir, env });
  }
  await expect.poll(async () => (await bulk()).state, inTime).not.toBe('running');
  expect(await bulk()).toMatchObject({ state: 'ended', done: count, refused: 0 });
  expect((await retries()).sort()).toEqual([...ids].sort());
  expect(await caller().data('/api/v1/bulk')).toMatchObject({
    bulk: [{ bulk_id, chosen: { group: 'night' } }],
  });
});
