import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { makeKey } from '../../src/access/keys.js';
import { openSqliteKeys } from '../../src/engine/sqlite/keys.js';
import { type AppServer, alice, bob, startAppServer } from '../helpers/app-server.js';
import { Caller } from '../helpers/caller.js';
import { endless } from '../helpers/long-documents.js';

const small = { operations: [{ type: 'add_text', text: 'Small' }] };
/** Fails at once: there is no document behind its header. */
const broken = { kind: 'extract_text', pdf_data: btoa('%PDF-1.7 and nothing else') };

interface OverviewBody {
  readonly owner?: string;
  readonly threads: readonly { readonly state: string }[];
  readonly waiting: { readonly by_owner: readonly object[]; readonly jobs?: number };
  readonly hour: { readonly completed: number; readonly failed: number; readonly pages: number };
  readonly spans: readonly object[];
  readonly causes: readonly { readonly error_code: string; readonly failed: number }[];
  readonly failures: readonly { readonly owner: string; readonly job_id: string }[];
  readonly disk?: { readonly free_bytes: number; readonly total_bytes: number };
}

describe('for those who look after many jobs', () => {
  let server: AppServer;
  let caller: Caller;
  let admin: Caller;
  let reader: Caller;
  beforeAll(async () => {
    server = await startAppServer({ INKWIRE_RATE_LIMIT: '0' });
    caller = new Caller(server.url, alice);
    const keys = await openSqliteKeys(server.dataDir);
    const made = async (owner: string, scopes: readonly string[]): Promise<Caller> => {
      const { key, token } = makeKey({ owner, scopes: scopes as never, now: 0 }, (size) =>
        crypto.getRandomValues(new Uint8Array(size)),
      );
      await keys.put(key);
      const one = new Caller(server.url, token);
      // Another process has made it: the server knows it after a moment.
      await vi.waitFor(async () => one.data('/api/v1/jobs'), { timeout: 60_000 });
      return one;
    };
    admin = await made('ops', ['admin']);
    reader = await made('alice', ['jobs:read']);
    await keys.close();
  });
  afterAll(() => server.close());

  const made = async (request: object, from = caller): Promise<string> =>
    (await from.submitted(request)).job_id;

  test('the overview counts what ended, of the own jobs, and of all with the scope admin', async () => {
    await made(small);
    await made(small, new Caller(server.url, bob));
    const failure = await made({ ...broken, title: 'No document' });
    const own = await caller.data<OverviewBody>('/api/v1/overview');
    expect(own).toMatchObject({
      owner: 'alice',
      threads: [{}],
      waiting: { by_owner: [], jobs: 0, running: 0 },
      hour: { completed: 1, failed: 1, cancelled: 0, pages: 1 },
      causes: [{ error_code: 'invalid_input', failed: 1 }],
      failures: [{ owner: 'alice', job_id: failure, title: 'No document' }],
    });
    expect(own.spans).toHaveLength(12);
    expect(own.disk?.total_bytes).toBeGreaterThan(own.disk?.free_bytes ?? 0);
    const all = await admin.data<OverviewBody>('/api/v1/overview');
    expect(all).not.toHaveProperty('owner');
    expect(all.hour).toMatchObject({ completed: 2, failed: 1 });
    expect(await admin.data('/api/v1/overview?owner=*')).not.toHaveProperty('owner');
    expect(await admin.data('/api/v1/overview?owner=bob')).toMatchObject({ owner: 'bob', failures: [] });
    const poor = await reader.data<OverviewBody>('/api/v1/overview');
    expect(poor.waiting).toEqual({ by_owner: [] });
    expect(poor).not.toHaveProperty('disk');
  });

  test('a key with the scope admin has lists, groups and the stream of every owner in one', async () => {
    const second = new Caller(server.url, bob);
    const ids = [
      await made({ ...small, group: 'shared', tags: ['both'] }),
      await made({ ...broken, group: 'shared', tags: ['both'] }, second),
    ].reverse();
    type Listed = { readonly owner: string; readonly job_id: string };
    const listed = async (query: string) => {
      const { jobs } = await admin.data<{ jobs: readonly Listed[] }>(`/api/v1/jobs?owner=*&${query}`);
      return jobs.map(({ owner, job_id }) => [owner, job_id]);
    };
    const both = [
      ['bob', ids[0]],
      ['alice', ids[1]],
    ];
    expect(await listed('tag=both')).toEqual(both);
    expect(await listed('search=shared')).toEqual(both);
    expect((await listed('status=failed&limit=1'))[0]).toEqual(both[0]);
    const { groups } = await admin.data<{ groups: readonly object[] }>('/api/v1/groups?owner=*&limit=2');
    expect(groups).toMatchObject([
      { owner: 'bob', group: 'shared', jobs: 1, failed: 1, progress: 100 },
      { owner: 'alice', group: 'shared', jobs: 1, completed: 1 },
    ]);
    const stream = await admin.data<{ snapshot: { jobs: readonly Listed[] } }>(
      '/api/v1/events?topic=group:shared&owner=*',
      { headers: { accept: 'application/json' } },
    );
    expect(stream.snapshot.jobs.map(({ owner }) => owner)).toEqual(['bob', 'alice']);
    expect((await caller.ask('/api/v1/jobs?owner=*')).status).toBe(403);
  });

  test('the overview shows what a thread does to its owner, and that it is busy to others', async () => {
    const { job_id } = await caller.submit({ ...endless, title: 'Long list' });
    await expect
      .poll(async () => (await caller.data<OverviewBody>('/api/v1/overview')).threads)
      .toMatchObject([{ state: 'busy', owner: 'alice', kind: 'document', job_id, title: 'Long list' }]);
    const other = await new Caller(server.url, bob).data<OverviewBody>('/api/v1/overview');
    expect(other.threads).toEqual([{ state: 'busy' }]);
    await caller.ask(`/api/v1/jobs/${job_id}`, { method: 'DELETE' });
  });

  test('an action on many jobs is begun by a filter, watched, and refused where nothing is chosen', async () => {
    const group = 'to-retry';
    await made({ ...broken, group });
    await made({ ...broken, group });
    await made({ ...small, group });
    const post = (path: string, body?: object, from = caller) =>
      from.ask(`/api/v1/bulk/${path}`, {
        method: 'POST',
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
    const refused = async (path: string, body?: object) => {
      const answer = await post(path, body);
      return [answer.status, ((await answer.json()) as { detail: string }).detail];
    };
    expect(await refused('retry')).toEqual([
      422,
      'The request must say which jobs: by filters in the address, or by "jobs"',
    ]);
    expect((await refused('delete?stauts=failed&group=x'))[0]).toBe(422);
    expect((await refused('delete?group=x', { jobs: ['job_000000000000000000000001'] }))[0]).toBe(422);
    expect((await refused('delete', { jobs: ['x'] }))[0]).toBe(422);
    expect((await refused('delete', { status: 'failed' }))[0]).toBe(422);
    expect((await post('retry?group=x', undefined, reader)).status).toBe(403);
    const begun = await post(`retry?status=failed&group=${group}`);
    expect(begun.status).toBe(202);
    const { data } = (await begun.json()) as { data: { bulk_id: string } };
    await expect
      .poll(() => caller.data(`/api/v1/bulk/${data.bulk_id}`))
      .toMatchObject({ action: 'retry', state: 'ended', done: 2, refused: 0 });
    expect(await caller.data('/api/v1/bulk')).toMatchObject({ bulk: [{ bulk_id: data.bulk_id }] });
    expect((await new Caller(server.url, bob).ask(`/api/v1/bulk/${data.bulk_id}`)).status).toBe(404);
    expect((await caller.ask(`/api/v1/bulk/${data.bulk_id}/stop`, { method: 'POST' })).status).toBe(200);
    const { jobs } = await caller.data<{ jobs: { retry_of?: string }[] }>(`/api/v1/jobs?group=${group}`);
    expect(jobs.filter(({ retry_of }) => retry_of !== undefined)).toHaveLength(2);
  });

  test('the files of a group are one ZIP, with names of their own', async () => {
    const group = 'letters';
    await made({ ...small, group, title: 'Letter' });
    await made({ ...small, group, title: 'Letter' });
    await made({ ...broken, group });
    const answer = await caller.ask(`/api/v1/groups/${group}/files.zip`);
    expect(answer.headers.get('content-type')).toBe('application/zip');
    expect(answer.headers.get('content-disposition')).toContain('letters.zip');
    expect(await listed(Buffer.from(await answer.arrayBuffer()))).toEqual(['Letter.pdf', 'Letter (2).pdf']);
    expect((await caller.ask('/api/v1/groups/none/files.zip')).status).toBe(404);
    expect((await new Caller(server.url, bob).ask(`/api/v1/groups/${group}/files.zip`)).status).toBe(404);
  });

  test('the first file of a group can be read before the last one is made', async () => {
    const group = 'nightly';
    await made({ ...small, group, title: 'First' });
    // The last one waits behind it until the first was read.
    const { job_id: before } = await caller.submit(endless);
    const { job_id } = await caller.submit({ ...small, group, title: 'Last' });
    const answer = await caller.ask(`/api/v1/groups/${group}/files.zip?wait=true`);
    const chunks: Uint8Array[] = [];
    const body = answer.body?.getReader();
    let early: string | undefined;
    for (let read = await body?.read(); read?.done === false; read = await body?.read()) {
      chunks.push(read.value);
      if (early !== undefined || !Buffer.concat(chunks).includes('%%EOF')) continue;
      early = (await caller.data<{ status: string }>(`/api/v1/jobs/${job_id}`)).status;
      await caller.remove(before);
    }
    expect(early).toBe('pending');
    expect(await listed(Buffer.concat(chunks))).toEqual(['First.pdf', 'Last.pdf']);
  });

  /** Names in a ZIP that a strict reader finds whole. */
  async function listed(zip: Buffer): Promise<readonly string[]> {
    if (spawnSync('python3', ['--version']).error !== undefined) return [];
    const folder = await mkdtemp(join(tmpdir(), 'inkwire-files-'));
    const path = join(folder, 'a.zip');
    await writeFile(path, zip);
    const program =
      'import sys, zipfile, json\nz = zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\nprint(json.dumps(z.namelist()))';
    const names: readonly string[] = JSON.parse(execFileSync('python3', ['-c', program, path]).toString());
    await rm(folder, { recursive: true });
    return names;
  }
});
