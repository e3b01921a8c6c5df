import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findProgram } from '../../src/render/program-sandbox.js';
import { type AppServer, alice, bob, startAppServer } from '../helpers/app-server.js';
import { Caller } from '../helpers/caller.js';
import { endless } from '../helpers/long-documents.js';
import { eventually } from '../helpers/real-time.js';
import { makePdf } from '../render/pdf-tools-fixture.js';

/** What a page or a client asks of a whole server, with real threads and a real store. */
describe('a running server', () => {
  let server: AppServer;
  let caller: Caller;
  beforeAll(async () => {
    server = await startAppServer();
    caller = new Caller(server.url, alice);
  });
  afterAll(() => server.close());

  const page = (id: string, query = '') => caller.ask(`/api/v1/jobs/${id}/thumbnail${query}`);

  test('shows the pages of a document, and says which are none', async () => {
    const { job_id: id } = await caller.submitted({ operations: [{ type: 'add_text', text: 'Hello' }] });
    const answer = await page(id, '?width=300');
    expect(answer.headers.get('content-type')).toBe('image/png');
    const png = Buffer.from(await answer.arrayBuffer());
    expect(await sharp(png).metadata()).toMatchObject({ format: 'png', width: 300 });
    const past = await page(id, '?page=2');
    expect([past.status, await past.json()]).toMatchObject([404, { detail: 'The document has 1 page.' }]);
  });

  test('says what guards external programs, their versions and missing fonts, and removes what those of a killed server left', async () => {
    const capabilities = () =>
      caller.data<{
        program_guard: string;
        programs: Readonly<Record<string, boolean>>;
        program_versions?: Readonly<Record<string, string>>;
        missing_fonts?: readonly string[];
      }>('/api/v1/capabilities');
    // On a busy machine the programs take longer than a caller waits for them.
    await eventually('the programs have said their versions', async () => {
      return (await capabilities()).program_versions !== undefined;
    });
    const {
      program_guard: guard,
      programs,
      program_versions: versions = {},
      missing_fonts: fonts = [],
    } = await capabilities();
    expect(Object.keys(programs).sort()).toEqual(['ffmpeg', 'ffprobe', 'soffice']);
    expect(programs.ffmpeg).toBe(findProgram('ffmpeg') !== undefined);
    expect(['bubblewrap', 'unshare', 'none: refused']).toContain(guard);
    const there = Object.keys(programs).filter(
      (name) => programs[name] === true && guard !== 'none: refused',
    );
    expect(Object.keys(versions).sort()).toEqual(there.sort());
    for (const version of Object.values(versions)) expect(version).toMatch(/\d+\.\d+/);
    for (const name of fonts) expect(name).toMatch(/^[A-Z][A-Za-z ]+$/);
    const dataDir = await mkdtemp(join(tmpdir(), 'inkwire-left-'));
    await mkdir(join(dataDir, 'programs', 'run-killed', 'out'), { recursive: true });
    const next = await startAppServer({}, dataDir);
    const names = await readdir(dataDir);
    await next.close();
    await rm(dataDir, { recursive: true });
    expect(names).toContain('inkwire.db');
    expect(names).not.toContain('programs');
  });

  test('obeys an option that was changed between two starts', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'inkwire-changed-'));
    for (const limit of [7, 8]) {
      const next = await startAppServer({ INKWIRE_MAX_PENDING_PER_OWNER: String(limit) }, dataDir);
      const { limits } = await new Caller(next.url, alice).data<{ limits: unknown }>('/api/v1/capabilities');
      await next.close();
      expect(limits).toMatchObject({ max_pending_per_owner: limit });
    }
    await rm(dataDir, { recursive: true });
  });

  test('does not let a caller submit what it makes for itself', async () => {
    const submit = caller.post('/api/v1/jobs', { kind: 'thumbnail', page: 1, width: 100 });
    await expect(submit).rejects.toThrow(/422.*must be one of: document/);
  });

  test('tries a job with a file again, which has a file of its own', async () => {
    const file = Buffer.from(await makePdf({ pages: [{ size: [300, 400] }, { size: [300, 400] }] }));
    const body = { kind: 'split', pdf_data: file.toString('base64') };
    const { job_id: id } = await caller.post<{ job_id: string }>('/api/v1/jobs', body, { prefer: 'wait=60' });
    const retry = (of: string) =>
      caller.data<{ job_id: string; status: string; events_cursor: string }>(`/api/v1/jobs/${of}/retry`, {
        method: 'POST',
        headers: { prefer: 'wait=60' },
      });
    const again = await retry(id);
    expect(again).toMatchObject({ status: 'completed', events_cursor: expect.any(String) });
    await caller.remove(id);
    expect(await retry(again.job_id)).toMatchObject({ status: 'completed' });
    expect((await page(again.job_id)).status).toBe(200);
  });

  test('tells the request of a job so that it can be sent again', async () => {
    const image = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#123456' } })
      .png()
      .toBuffer();
    // Noise, which no compression makes smaller.
    const noise = {
      width: 200,
      height: 200,
      channels: 3,
      background: '#000',
      noise: { type: 'gaussian' },
    } as const;
    const large = await sharp({ create: noise }).png().toBuffer();
    const rows = Array.from({ length: 3_000 }, (_, n) => [String(n), { text: 'item', bold: true }]);
    const small = { type: 'add_image', source: `data:image/png;base64,${image.toString('base64')}` };
    const body = { operations: [small, { type: 'add_table', headers: ['#', 'Item'], rows }], group: 'again' };
    const submit = async (request: object) => {
      const options = { prefer: 'wait=60' };
      return caller.post<{ job_id: string; pages: number }>('/api/v1/jobs', request, options);
    };
    const requestOf = (id: string) =>
      caller.data<{ request: object; left_out: object[] }>(`/api/v1/jobs/${id}/request`);
    const first = await submit(body);
    const told = await requestOf(first.job_id);
    const source = image.toString('base64');
    const operations = [{ ...small, source }, body.operations[1]];
    expect(told).toMatchObject({ left_out: [], request: { kind: 'document', group: 'again', operations } });
    const again = await submit(told.request);
    expect(again).toMatchObject({ status: 'completed', pages: first.pages });
    expect((await requestOf(again.job_id)).request).toEqual(told.request);

    const { job_id: id } = await submit({ operations: [{ ...small, source: large.toString('base64') }] });
    expect(await requestOf(id)).toMatchObject({
      left_out: [{ pointer: '/operations/0/source', size_bytes: large.length }],
    });
    const other = new Caller(server.url, bob);
    expect((await other.ask(`/api/v1/jobs/${id}/request`)).status).toBe(404);
  });

  test('tells the past of a job with the cursors of the stream', async () => {
    const job = await caller.submitted();
    const path = `/api/v1/jobs/${job.job_id}/history`;
    const { events, complete } = await caller.data<{ events: { id: string }[]; complete: boolean }>(path);
    const after = `/api/v1/events?topic=job:${job.job_id}&after=${events[0]?.id}&wait=0`;
    const polled = await caller.data<{ events: object[] }>(after, {
      headers: { accept: 'application/json' },
    });
    expect(complete).toBe(true);
    expect(events[0]?.id).toBe(job.events_cursor);
    expect(polled.events).toEqual(events.slice(1));
  });

  test('stops a job, and leaves it as it is from then on', async () => {
    const { job_id: id } = await caller.submit({ ...endless, group: 'stopped' });
    const cancel = () => caller.data<{ status: string }>(`/api/v1/jobs/${id}/cancel`, { method: 'POST' });
    const stopped = await cancel();
    expect(stopped.status).toBe('cancelled');
    expect(await cancel()).toEqual(stopped);
    const other = new Caller(server.url, bob);
    expect((await other.ask(`/api/v1/jobs/${id}/cancel`, { method: 'POST' })).status).toBe(404);
    const { groups } = await caller.data<{ groups: object[] }>('/api/v1/groups?limit=1');
    expect(groups).toEqual([await caller.data('/api/v1/groups/stopped')]);
    expect(groups[0]).toMatchObject({ cancelled: 1, progress: 100 });
    const bad = await caller.ask('/api/v1/groups?cursor=Z');
    expect([bad.status, await bad.json()]).toMatchObject([422, { errors: [{ pointer: '/cursor' }] }]);
  });

  test('P-36 tells progress to a long-poll that asks for it', async () => {
    const job = await caller.submit(endless);
    const accept = { headers: { accept: 'application/json' } };
    let after = job.events_cursor;
    const told: number[] = [];
    while (told.length < 3) {
      const query = `topic=job:${job.job_id}&after=${after}&wait=20&progress_ms=20`;
      const answer = await caller.data<{
        cursor: string;
        events: readonly { type: string }[];
        progress: readonly { type: string; job: { job_id: string; progress: number } }[];
      }>(`/api/v1/events?${query}`, accept);
      expect(answer.events.map(({ type }) => type)).not.toContain('job.completed');
      told.push(...answer.progress.map(({ job: { progress } }) => progress));
      after = answer.cursor;
    }
    expect(told).toEqual([...told].sort((a, b) => a - b));
    await caller.ask(`/api/v1/jobs/${job.job_id}/cancel`, { method: 'POST' });
  });
});
