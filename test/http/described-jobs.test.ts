import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JobRecord } from '../../src/protocol/job-record.js';
import { type AppServer, alice, bob, startAppServer } from '../helpers/app-server.js';
import { Caller } from '../helpers/caller.js';

interface Page {
  readonly jobs: readonly JobRecord[];
  readonly next_cursor?: string;
}

describe('jobs that are described', () => {
  let server: AppServer;
  let caller: Caller;
  beforeAll(async () => {
    server = await startAppServer();
    caller = new Caller(server.url, alice);
  });
  afterAll(() => server.close());

  const described = {
    title: 'Rechnung 17 — Müller & Söhne',
    reference: 'INV-17',
    tags: ['invoice', 'a & b'],
    metadata: { customer: '4711', 'cost centre': 'Köln/5' },
    file_name: 'Rechnung 17.pdf',
  };
  const found = async (query: string, by = caller) =>
    (await by.data<Page>(`/api/v1/jobs?${query}`)).jobs.map(({ job_id }) => job_id);
  const problem = async (query: string) => {
    const response = await caller.ask(`/api/v1/jobs?${query}`);
    const { type, errors } = (await response.json()) as { type: string; errors: { pointer: string }[] };
    return [response.status, type.split('/').at(-1), errors[0]?.pointer];
  };

  test('say so in the answer, the record, the listing and every event', async () => {
    const job = await caller.submitted(described);
    expect(job).toMatchObject(described);
    expect(await caller.data(`/api/v1/jobs/${job.job_id}`)).toMatchObject(described);
    const { events } = await caller.data<{ events: { job: JobRecord }[] }>(
      `/api/v1/jobs/${job.job_id}/history`,
    );
    expect(events).toHaveLength(3);
    for (const event of events) expect(event.job).toMatchObject(described);
    const plain = await caller.submitted({ tags: [], metadata: {}, title: '' });
    for (const name of [...Object.keys(described), 'retry_of']) expect(plain).not.toHaveProperty(name);
  });

  test('are found by each of it, and by all of it', async () => {
    const tag = 'found & kept';
    const one = await caller.submitted({ ...described, tags: [tag, 'x'] });
    const two = await caller.submitted({ ...described, tags: [tag], reference: 'INV-18', group: 'q-3' });
    const of = (query: string) => found(`${new URLSearchParams({ tag })}&${query}`);
    expect(await of('')).toEqual([two.job_id, one.job_id]);
    expect(await of('reference=INV-18')).toEqual([two.job_id]);
    expect(await of('tag=x')).toEqual([one.job_id]);
    expect(await of('tag=x&tag=y')).toEqual([]);
    expect(await of('metadata.customer=4711&metadata.cost%20centre=K%C3%B6ln%2F5')).toHaveLength(2);
    expect(await of('metadata.customer=4712')).toEqual([]);
    expect(await of('search=MULLER%20sohne%20rechnung')).toHaveLength(2);
    expect(await of('search=q')).toEqual([two.job_id]);
    expect(await of(`search=${one.job_id.slice(0, 20)}`)).toContain(one.job_id);
    expect(await of('search=doc&status=completed&kind=document&group=q-3')).toEqual([two.job_id]);
    expect(await of('search=')).toHaveLength(2);
    const first = await caller.data<Page>(`/api/v1/jobs?search=rechnung&tag=found+%26+kept&limit=1`);
    expect(first.jobs.map(({ job_id }) => job_id)).toEqual([two.job_id]);
    expect(await of(`search=rechnung&cursor=${first.next_cursor}`)).toEqual([one.job_id]);
    expect(await found(`search=rechnung`, new Caller(server.url, bob))).toEqual([]);
  });

  test('a filter that cannot be is refused with a pointer', async () => {
    const slug = 'validation-failed';
    expect(await problem('reference=')).toEqual([422, slug, '/reference']);
    expect(await problem(`reference=${'r'.repeat(129)}`)).toEqual([422, slug, '/reference']);
    expect(await problem('reference=a&reference=b')).toEqual([422, slug, '/reference']);
    expect(await problem(`search=${'s'.repeat(257)}`)).toEqual([422, slug, '/search']);
    const words = Array.from({ length: 17 }, (_, n) => `w${n}`).join('+');
    expect(await problem(`search=${words}`)).toEqual([422, slug, '/search']);
    expect(await problem('metadata.a=1&metadata.a=2')).toEqual([422, slug, '/metadata.a']);
    const tags = Array.from({ length: 11 }, (_, n) => `tag=${n}`).join('&');
    expect(await problem(tags)).toEqual([422, slug, '/tag']);
    expect(await found('metadata.__proto__=x')).toEqual([]);
    expect(await found('tag=%00&metadata.%00=%00')).toEqual([]);
  });

  test('a title that breaks a rule of the job is one defect of a document', async () => {
    const body = JSON.stringify({ title: 7, operations: [{ type: 'add_text', text: 'x' }] });
    const headers = { 'content-type': 'application/json' };
    const response = await caller.ask('/api/v1/jobs', { method: 'POST', body, headers });
    expect(response.status).toBe(422);
    const { errors } = (await response.json()) as { errors: { pointer: string }[] };
    expect(errors.map(({ pointer }) => pointer)).toEqual(['/title']);
  });

  test('a retry has the description of the job, and names it', async () => {
    const job = await caller.submitted(described);
    const again = await caller.post<JobRecord>(`/api/v1/jobs/${job.job_id}/retry`, {});
    expect(again).toMatchObject({ ...described, retry_of: job.job_id });
    const third = await caller
      .post<JobRecord>(`/api/v1/jobs/${again.job_id}/retry`, {}, { prefer: 'wait=60' })
      .catch(() => undefined);
    // The retry may not have ended yet.
    if (third !== undefined) expect(third.retry_of).toBe(again.job_id);
    expect(await caller.submitted({ retry_of: job.job_id })).not.toHaveProperty('retry_of');
  });

  test('a result is downloaded under the name that the job gives it, or its title', async () => {
    const nameOf = async (path: string) => {
      const response = await caller.ask(path, { method: 'HEAD' });
      return response.headers.get('content-disposition');
    };
    const job = await caller.submitted(described);
    expect(await nameOf(`/api/v1/jobs/${job.job_id}/result`)).toBe('inline; filename="Rechnung 17.pdf"');
    expect(await nameOf(`/api/v1/jobs/${job.job_id}/artifacts/document.pdf`)).toBe(
      'inline; filename="Rechnung 17.pdf"',
    );
    const titled = await caller.submitted({ title: 'Süd "1"/2' });
    expect(await nameOf(`/api/v1/jobs/${titled.job_id}/result`)).toBe(
      `inline; filename="S_d 1 2.pdf"; filename*=UTF-8''S%C3%BCd%201%202.pdf`,
    );
    const plain = await caller.submitted();
    expect(await nameOf(`/api/v1/jobs/${plain.job_id}/result`)).toBe('inline; filename="document.pdf"');
  });
});
