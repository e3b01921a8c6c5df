import { describe, expect, it } from 'vitest';
import { Inkwire } from '../../client/sdk/client.js';
import { Jobs, randomName } from '../../client/sdk/jobs.js';
import { broken, data, refusal, scripted } from './scripted-http.js';

const id = 'job_0123456789abcdef01234567';

/** Asks once; tells the answer and what was sent. */
async function firstSignal(call: (jobs: Jobs) => Promise<unknown>, answer: unknown = 'the answer') {
  const { http, sent } = scripted([data(answer)]);
  const result = await call(new Jobs(http));
  const [first] = sent;
  const path = first?.url.slice('http://server'.length);
  return { result, request: `${first?.method} ${path}`, headers: first?.headers };
}

describe('calls', () => {
  it.each<[string, (jobs: Jobs) => Promise<unknown>]>([
    [`POST /api/v1/jobs`, (jobs) => jobs.submit({ operations: [] })],
    [`GET /api/v1/jobs/${id}`, (jobs) => jobs.get(id)],
    [`GET /api/v1/jobs?status=running&limit=5`, (jobs) => jobs.list({ status: 'running', limit: 5 })],
    [
      `GET /api/v1/jobs?search=a+b&reference=R%2F1&tag=x&tag=y+z&metadata.k=v`,
      (jobs) => jobs.list({ search: 'a b', reference: 'R/1', tag: ['x', 'y z'], metadata: { k: 'v' } }),
    ],
    [`GET /api/v1/jobs?tag=x`, (jobs) => jobs.list({ tag: 'x' })],
    [`POST /api/v1/jobs/${id}/cancel`, (jobs) => jobs.cancel(id)],
    [`POST /api/v1/jobs/${id}/retry`, (jobs) => jobs.retry(id)],
    [`GET /api/v1/jobs/${id}/history`, (jobs) => jobs.history(id)],
    [`GET /api/v1/groups/a%3Ab`, (jobs) => jobs.group('a:b')],
    [`GET /api/v1/capabilities`, (jobs) => jobs.capabilities()],
    [`POST /api/v1/tickets`, (jobs) => jobs.ticket(['jobs'])],
  ])('%s', async (request, call) => {
    expect(await firstSignal(call)).toMatchObject({ request, result: 'the answer' });
  });

  it('the request of a job and the groups are taken out of their answers', async () => {
    const request = { job_id: id, request: { title: 'x' } };
    expect(await firstSignal((jobs) => jobs.request(id), request)).toMatchObject({
      request: `GET /api/v1/jobs/${id}/request`,
      result: { title: 'x' },
    });
    expect((await firstSignal((jobs) => jobs.groups(), { groups: [] })).result).toEqual([]);
  });

  it('a thumbnail is the image', async () => {
    const { http, sent } = scripted([new Response('png', { headers: { 'content-type': 'image/png' } })]);
    const image = await new Jobs(http).thumbnail(id, { page: 2 });
    expect([image.type, await image.text()]).toEqual(['image/png', 'png']);
    expect(sent[0]?.url).toBe(`http://server/api/v1/jobs/${id}/thumbnail?page=2`);
  });

  it('an id cannot lead out of its path', async () => {
    expect((await firstSignal((jobs) => jobs.get('../keys?x'))).request).toBe(
      'GET /api/v1/jobs/..%2Fkeys%3Fx',
    );
  });
});

describe('calls that are sent again', () => {
  it('a submit and a retry keep their idempotency key, made up where none is given', async () => {
    for (const call of [(jobs: Jobs) => jobs.submit({ operations: [] }), (jobs: Jobs) => jobs.retry(id)]) {
      const { http, sent } = scripted([broken(), data({})]);
      await call(new Jobs(http));
      expect(sent[0]?.headers['idempotency-key']).toMatch(/^[0-9a-z]{10,28}$/);
      expect(sent[1]).toEqual(sent[0]);
    }
    const given = await firstSignal((jobs) => jobs.submit({ operations: [] }, { idempotencyKey: 'mine' }));
    expect(given.headers?.['idempotency-key']).toBe('mine');
  });

  it('a form is sent as it is, and again when its answer was lost', async () => {
    const form = new FormData();
    form.append('kind', 'merge');
    form.append('pdf_files', new Blob(['%PDF-']), 'a.pdf');
    const { http, sent } = scripted([broken(), data({ kind: 'merge' })]);
    expect(await new Jobs(http).submit(form)).toEqual({ kind: 'merge' });
    expect(sent[0]?.headers['content-type']).toBeUndefined();
    expect(sent.map(({ body }) => body)).toEqual([form, form]);
  });

  it('a cancel and a ticket are asked for again', async () => {
    for (const call of [(jobs: Jobs) => jobs.cancel(id), (jobs: Jobs) => jobs.ticket()]) {
      const { http } = scripted([broken(), data('done')]);
      expect(await call(new Jobs(http))).toBe('done');
    }
  });

  it('a removal whose answer was lost is not: it might delete what the first one cancelled', async () => {
    const { http, sent } = scripted([broken(), refusal('not-found', 404)]);
    await expect(new Jobs(http).remove(id)).rejects.toMatchObject({ slug: 'network-error' });
    expect(sent).toHaveLength(1);
  });
});

it('made-up names differ', () => {
  expect(new Set(Array.from({ length: 100 }, randomName)).size).toBe(100);
});

describe('a client that looks at another owner', () => {
  it.each<[string, (inkwire: Inkwire) => Promise<unknown>]>([
    ['jobs', (inkwire) => inkwire.get(id)],
    ['designs', (inkwire) => inkwire.designs.get('invoice')],
    ['links', (inkwire) => inkwire.link(id)],
    ['previews', (inkwire) => inkwire.preview({ operations: [] })],
  ])('names it where it asks for %s', async (_what, call) => {
    const asked: URL[] = [];
    const inkwire = new Inkwire({
      url: 'http://server',
      key: 'k',
      owner: 'acme',
      fetch: async (address) => {
        asked.push(new URL(String(address)));
        return Response.json({}, { status: 404 });
      },
    });
    await expect(call(inkwire)).rejects.toMatchObject({ status: 404 });
    expect(asked.map(({ searchParams }) => searchParams.get('owner'))).toEqual(['acme']);
    inkwire.close();
  });
});
