import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authOf } from '../../client/sdk/auth.js';
import { runBatch } from '../../client/sdk/batch.js';
import { download } from '../../client/sdk/download.js';
import { Http } from '../../client/sdk/http.js';
import { Inkwire } from '../../client/sdk/inkwire.js';
import { Jobs } from '../../client/sdk/jobs.js';
import type { DocumentRequest, GroupProgress, JobRequest } from '../../client/sdk/types.js';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { type FaultProxy, openFaultProxy } from '../helpers/fault-proxy.js';

let server: AppServer;
let proxy: FaultProxy;
let client: Inkwire;

beforeAll(async () => {
  server = await startAppServer({ INKWIRE_MAX_PENDING_PER_OWNER: '4' });
  proxy = await openFaultProxy(server.port);
  client = new Inkwire({ url: server.url, key: alice });
});

afterAll(async () => {
  client?.close();
  await proxy?.close();
  await server?.close();
});

const name = () => `g-${randomBytes(6).toString('hex')}`;
const page = (text: string): DocumentRequest => ({ operations: [{ type: 'add_text', text }] });

/** What the compiler would refuse. */
const unchecked = (request: unknown) => request as JobRequest;

/** Requests alone, whose waits are short. */
function quick(url: string, fetch = globalThis.fetch): Http {
  const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.min(ms, 10)));
  return new Http({ url, auth: authOf({ key: alice }), fetch, random: Math.random, sleep });
}

/** Submits jobs that take long until one more is refused. Resolves with their ids. */
async function fillQueue(): Promise<string[]> {
  const rows = Array.from({ length: 20_000 }, (_, row) => [String(row), `Item ${row}`]);
  const body = JSON.stringify({ operations: [{ type: 'add_table', headers: ['#', 'Item'], rows }] });
  const headers = { authorization: `Bearer ${alice}`, 'content-type': 'application/json' };
  const ids: string[] = [];
  for (;;) {
    const answer = await fetch(`${server.url}/api/v1/jobs`, { method: 'POST', headers, body });
    if (answer.status === 503) return ids;
    expect(answer.status).toBe(201);
    const { data } = (await answer.json()) as { data: { job_id: string } };
    ids.push(data.job_id);
  }
}

/** A completed job with a result of some 100 kB that does not compress. */
async function large(): Promise<string> {
  const content = randomBytes(80_000).toString('base64');
  const attachments = [{ name: 'noise.bin', content }];
  const job = await client.submit({ ...page('x'), attachments });
  const { status, error } = await client.waitFor(job.job_id);
  expect([status, error]).toEqual(['completed', undefined]);
  return job.job_id;
}

describe('jobs', () => {
  it('are submitted, found, repeated by their key, and removed', async () => {
    const group = name();
    const job = await client.submit({ ...page('one'), group }, { idempotencyKey: group });
    expect((await client.submit({ ...page('one'), group }, { idempotencyKey: group })).job_id).toBe(
      job.job_id,
    );
    const ended = await client.waitFor(job.job_id);
    expect(ended.status).toBe('completed');
    expect(await client.get(job.job_id)).toEqual(ended);
    expect((await client.list({ group })).jobs).toEqual([ended]);
    expect(await client.group(group)).toMatchObject({ group, jobs: 1, completed: 1, progress: 100 });
    expect((await client.groups()).map((found) => found.group)).toContain(group);
    expect(await client.request(job.job_id)).toMatchObject(page('one'));
    const { events, complete } = await client.history(job.job_id);
    expect(complete).toBe(true);
    expect(events.map(({ type }) => type)).toEqual(['job.created', 'job.started', 'job.completed']);
    await client.remove(job.job_id);
    await expect(client.get(job.job_id)).rejects.toMatchObject({ slug: 'not-found', status: 404 });
  });

  it('are cancelled once for all, and made again', async () => {
    const job = await client.submit(page('two'));
    const cancelled = await client.cancel(job.job_id);
    expect(['cancelled', 'completed']).toContain(cancelled.status);
    expect((await client.cancel(job.job_id)).status).toBe(cancelled.status);
    const again = await client.retry(job.job_id);
    expect(again.job_id).not.toBe(job.job_id);
    expect((await client.waitFor(again.job_id)).status).toBe('completed');
    const image = await client.thumbnail(again.job_id, { width: 64 });
    expect(image.type).toBe('image/png');
    expect(image.size).toBeGreaterThan(50);
  });

  it('that are wrong are refused with the place of the defect', async () => {
    const error = await client
      .submit(unchecked({ operations: [{ type: 'nonsense' }] }))
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ slug: 'validation-failed', status: 422, retryable: false });
    expect(error).toHaveProperty('errors.0.pointer');
  });

  it('need a key', async () => {
    const stranger = new Inkwire({ url: server.url });
    await expect(stranger.list()).rejects.toMatchObject({ slug: 'unauthorized' });
    expect(await client.ticket(['jobs'])).toMatchObject({ ticket: expect.any(String) });
    expect(await client.capabilities()).toHaveProperty('operations');
  });
});

describe('a download through a network that breaks', () => {
  it('has all its bytes, with the digest of the record', async () => {
    const id = await large();
    const straight = await (await client.download(id)).bytes();
    const { artifacts = [] } = await client.get(id);
    let cuts = 0;
    // Each connection brings a little more than its headers, the last one all.
    proxy.faults = () => (cuts++ < 6 ? { cutAt: 9_000 } : {});
    const seen: number[] = [];
    const file = await download(quick(proxy.url), id, { onProgress: ({ bytes }) => seen.push(bytes) });
    expect(file).toMatchObject({ sha256: artifacts[0]?.sha256, size: straight.length });
    expect(Buffer.compare(await file.bytes(), straight)).toBe(0);
    expect(cuts).toBeGreaterThan(6);
    expect(seen.at(-1)).toBe(straight.length);
    expect(straight.length).toBeGreaterThan(80_000);
  });

  it('ends with digest-mismatch when a byte was changed on the way', async () => {
    const id = await large();
    let passed = 0;
    proxy.faults = () => ({
      change: (bytes) => {
        const changed = Buffer.from(bytes);
        // Far behind the headers.
        if (passed < 50_000 && passed + bytes.length >= 50_000)
          changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 1, changed.length - 1);
        passed += bytes.length;
        return changed;
      },
    });
    // Connections of before do not lie.
    proxy.cutAll();
    const file = await download(quick(proxy.url), id);
    const size = file.bytes().then((bytes) => bytes.length);
    await expect(size).rejects.toMatchObject({ slug: 'digest-mismatch' });
  });

  it('of a job without a result rejects at once', async () => {
    const cut = Buffer.from('%PDF-1.7\n%%EOF').toString('base64');
    const job = await client.submit({ kind: 'split', pdf_data: cut });
    expect((await client.waitFor(job.job_id)).status).toBe('failed');
    const failed = client.download(job.job_id);
    await expect(failed).rejects.toMatchObject({ slug: 'job-not-completed' });
  });
});

describe('a batch', () => {
  const documents = Array.from({ length: 20 }, (_, index) => page(`page ${index}`));

  it('is made once, however often it is run under its name', async () => {
    const batch = name();
    // Full, however quick this machine is, until the first document was refused.
    const before = await fillQueue();
    let refusals = 0;
    const http = quick(server.url, async (...request) => {
      const answer = await fetch(...request);
      if (answer.status === 503) refusals += 1;
      if (refusals > 0) await Promise.all(before.splice(0).map((id) => client.remove(id)));
      return answer;
    });
    const jobs = new Jobs(http);
    const parts = {
      submit: jobs.submit.bind(jobs),
      get: jobs.get.bind(jobs),
      subscribe: client.subscribe.bind(client),
      waitFor: client.waitFor.bind(client),
    };
    const progress: number[] = [];
    const first = await runBatch(
      documents,
      { name: batch, onProgress: (told) => progress.push(told.progress) },
      parts,
    );
    // Those that were refused came back.
    expect(refusals).toBeGreaterThan(0);
    expect(first).toMatchObject({ name: batch, completed: 20, failed: 0 });
    expect(progress.at(-1)).toBe(100);
    const second = await runBatch(documents, { name: batch }, parts);
    const ids = ({ outcomes }: typeof first) => outcomes.map(({ job }) => job?.job_id);
    expect(ids(second)).toEqual(ids(first));
    expect(await client.group(batch)).toMatchObject({ jobs: 20, completed: 20 });
  });

  it('that was aborted goes on where it was', async () => {
    const batch = name();
    const stop = new AbortController();
    const options = { name: batch, concurrency: 3 };
    const running = client.runBatch(documents, {
      ...options,
      signal: stop.signal,
      onDocument: ({ index }) => {
        if (index === 5) stop.abort('enough');
      },
    });
    await expect(running).rejects.toBe('enough');
    const { jobs } = await client.group(batch);
    expect(jobs).toBeLessThan(20);
    expect(await client.runBatch(documents, options)).toMatchObject({ completed: 20, failed: 0 });
    expect(await client.group(batch)).toMatchObject({ jobs: 20 });
  });

  it('hands out each document as it ends, with documents of other groups and wrong ones among them', async () => {
    const [batch, other] = [name(), name()];
    const sizes = new Map<number, number>();
    const given = [page('a'), { ...page('b'), group: other }, unchecked({ operations: 'none' })];
    const { outcomes, completed, failed } = await client.runBatch(given, {
      name: batch,
      async onDocument({ index, job }) {
        if (job !== undefined) sizes.set(index, (await (await client.download(job.job_id)).bytes()).length);
      },
    });
    expect([completed, failed]).toEqual([2, 1]);
    expect([...sizes.keys()].toSorted()).toEqual([0, 1]);
    expect(outcomes[2]).toMatchObject({ error: { slug: 'validation-failed' } });
    expect(await client.group(other)).toMatchObject({ jobs: 1 });
  });
});

describe('a watch of a group', () => {
  it('tells its way to the end', async () => {
    const group = name();
    const jobs = await Promise.all([1, 2, 3].map((n) => client.submit({ ...page(`${n}`), group })));
    const seen: GroupProgress[] = [];
    for await (const state of client.watchGroup(group)) seen.push(state);
    expect(seen.at(-1)).toMatchObject({ group, jobs: jobs.length, completed: 3, progress: 100 });
    expect(new Set(seen.map((state) => JSON.stringify(state))).size).toBe(seen.length);
  });

  it('of no group is refused', async () => {
    await expect(client.watchGroup('no-such-group')[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      slug: 'not-found',
    });
  });
});
