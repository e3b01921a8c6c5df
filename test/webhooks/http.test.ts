import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AppServer, alice, bob, startAppServer } from '../helpers/app-server.js';
import { startReceiver, type WebhookReceiver } from '../helpers/webhook-receiver.js';

let server: AppServer;
let closed: AppServer;
let receiver: WebhookReceiver;
beforeAll(async () => {
  server = await startAppServer({ INKWIRE_ALLOW_PRIVATE_FETCH: 'true' });
  closed = await startAppServer();
});
afterAll(async () => {
  await server.close();
  await closed.close();
});
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, each looked at by its test
  readonly data: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly body: any;
}

async function ask(
  method: string,
  path: string,
  body?: object,
  { key = alice, at = server, headers = {} }: { key?: string; at?: AppServer; headers?: object } = {},
): Promise<Answer> {
  const answer = await fetch(`${at.url}/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const json = text === '' ? {} : JSON.parse(text);
  return { status: answer.status, headers: answer.headers, data: json.data, body: json };
}

const page = { operations: [{ type: 'add_text', text: 'Hello' }] };
const pointers = (answer: Answer) => answer.body.errors?.map(({ pointer }: { pointer: string }) => pointer);

async function create(path: string, more: object = {}): Promise<{ id: string; etag: string }> {
  const made = await ask('POST', 'webhooks', { url: `${receiver.url}${path}`, ...more });
  expect(made.status).toBe(201);
  receiver.secrets.set(path, made.data.secret);
  return { id: made.data.id, etag: made.headers.get('etag') ?? '' };
}

describe('webhooks over HTTP', () => {
  it('W-1 are made, read, listed, changed and removed by their owner alone', async () => {
    const { id, etag } = await create('/crud', { description: 'orders', tags: ['a'] });
    const read = await ask('GET', `webhooks/${id}`);
    expect(read.data).toMatchObject({
      id,
      status: 'active',
      enabled: true,
      profile: 'standard',
      payload: 'whole',
      tags: ['a'],
      description: 'orders',
      failures: 0,
      events: expect.arrayContaining(['job.completed', 'job.failed']),
      secrets: [{ hint: expect.stringMatching(/^whsec_.{4}…$/) }],
    });
    expect(JSON.stringify(read.data)).not.toContain(receiver.secrets.get('/crud'));
    expect(read.headers.get('etag')).toBe(etag);
    const listed = await ask('GET', 'webhooks?limit=1');
    expect(listed.data.webhooks).toHaveLength(1);
    for (const [method, path] of [
      ['GET', `webhooks/${id}`],
      ['PATCH', `webhooks/${id}`],
      ['DELETE', `webhooks/${id}`],
      ['POST', `webhooks/${id}/test`],
      ['POST', `webhooks/${id}/rotate`],
      ['GET', `webhooks/${id}/deliveries`],
    ] as const) {
      const other = await ask(method, path, method === 'GET' ? undefined : {}, { key: bob });
      expect([method, path, other.status]).toEqual([method, path, 404]);
    }
    expect((await ask('GET', 'webhooks', undefined, { key: bob })).data.webhooks).toEqual([]);
    const changed = await ask(
      'PATCH',
      `webhooks/${id}`,
      { tags: null, enabled: false },
      {
        headers: { 'if-match': etag },
      },
    );
    expect(changed).toMatchObject({ status: 200, data: { status: 'paused', enabled: false } });
    expect(changed.data.tags).toBeUndefined();
    const late = await ask('PATCH', `webhooks/${id}`, { enabled: true }, { headers: { 'if-match': etag } });
    expect(late.status).toBe(412);
    expect((await ask('DELETE', `webhooks/${id}`)).status).toBe(204);
    expect((await ask('GET', `webhooks/${id}`)).status).toBe(404);
    expect((await ask('DELETE', `webhooks/${id}`)).status).toBe(404);
  });

  it('W-2 refuses what is wrong, with a pointer', async () => {
    const url = 'https://example.org/';
    const refused: readonly (readonly [object, string])[] = [
      [{}, '/url'],
      [{ url: 'example.org' }, '/url'],
      [{ url: 'ftp://example.org' }, '/url'],
      [{ url: 'https://user:pass@example.org' }, '/url'],
      [{ url, events: [] }, '/events'],
      [{ url, events: ['job.completed', 'job.nothing'] }, '/events/1'],
      [{ url, tags: [''] }, '/tags/0'],
      [{ url, kinds: ['A B'] }, '/kinds/0'],
      [{ url, groups: [7] }, '/groups/0'],
      [{ url, secret: 'whsec_AAAA' }, '/secret'],
      [{ url, payload: 'some' }, '/payload'],
      [{ url, profile: 'nobody' }, '/profile'],
      [{ url, enabled: 'yes' }, '/enabled'],
      [{ url, evnets: [] }, ''],
    ];
    for (const [body, pointer] of refused) {
      const answer = await ask('POST', 'webhooks', body);
      expect([body, answer.status, pointers(answer)]).toEqual([body, 422, [pointer]]);
    }
    for (const address of [
      'http://127.0.0.1/',
      'http://169.254.169.254/',
      'https://[::1]/',
      'http://example.org:22/',
    ]) {
      const answer = await ask('POST', 'webhooks', { url: address }, { at: closed });
      expect([address, answer.status, pointers(answer)]).toEqual([address, 422, ['/url']]);
    }
    const { id } = await create('/w2');
    expect(pointers(await ask('PATCH', `webhooks/${id}`, { secret: 'x' }))).toEqual(['/secret']);
    expect(pointers(await ask('POST', `webhooks/${id}/replay`, {}))).toEqual(['']);
    expect(pointers(await ask('POST', `webhooks/${id}/replay`, { since: 'monday' }))).toEqual(['/since']);
    expect(pointers(await ask('POST', `webhooks/${id}/replay`, { after: 'nowhere' }))).toEqual(['/after']);
    expect(pointers(await ask('POST', `webhooks/${id}/rotate`, { overlap: 1e9 }))).toEqual(['/overlap']);
    expect(pointers(await ask('POST', `webhooks/${id}/rotate`, { secret: 'whsec_AAAA' }))).toEqual([
      '/secret',
    ]);
  });

  it('W-3 are sent as the public package verifies them, and tell of every delivery', async () => {
    const { id } = await create('/all', { tags: ['w3'] });
    const job = await ask('POST', 'jobs', { ...page, tags: ['w3'], title: 'Ünïcode' });
    await expect.poll(() => receiver.taken.length, { interval: 20, timeout: 20_000 }).toBe(1);
    expect(receiver.taken[0]).toMatchObject({
      type: 'job.completed',
      data: { job: { job_id: job.data.job_id, status: 'completed', title: 'Ünïcode', artifact_count: 1 } },
    });
    const listed = async () => (await ask('GET', `webhooks/${id}/deliveries`)).data.deliveries;
    await expect.poll(listed, { interval: 20 }).toMatchObject([
      {
        id: receiver.taken[0]?.id,
        type: 'job.completed',
        status: 'delivered',
        attempts: 1,
        last_status: 204,
      },
    ]);
    const whole = await ask('GET', `webhooks/${id}/deliveries/${receiver.taken[0]?.id}`);
    expect(JSON.parse(whole.data.body).data.job.job_id).toBe(job.data.job_id);
    expect(whole.data.tries).toMatchObject([{ status: 204 }]);
    const again = await ask('POST', `webhooks/${id}/deliveries/${receiver.taken[0]?.id}/replay`);
    expect(again).toMatchObject({ status: 202, data: { status: 'waiting' } });
    await expect.poll(() => receiver.taken.length, { interval: 20 }).toBe(2);
    expect(receiver.taken[1]?.id).toBe(receiver.taken[0]?.id);
    const range = await ask('POST', `webhooks/${id}/replay`, { since: job.data.created_at });
    expect(range).toMatchObject({ status: 202, data: { from: expect.any(String) } });
    await expect.poll(() => receiver.taken.length, { interval: 20 }).toBe(3);
    const since = await ask('POST', `webhooks/${id}/replay`, { after: receiver.taken[0]?.data.cursor });
    expect(since.status).toBe(202);
    expect(receiver.refused).toEqual([]);
  });

  it('W-4 can be tested, and say what came of it', async () => {
    const { id } = await create('/test');
    const well = await ask('POST', `webhooks/${id}/test`);
    expect(well).toMatchObject({ status: 200, data: { type: 'webhook.test', status: 'delivered' } });
    expect(receiver.taken).toMatchObject([{ type: 'webhook.test', data: { webhook_id: id } }]);
    receiver.answer = () => 503;
    const ill = await ask('POST', `webhooks/${id}/test`);
    expect(ill.data).toMatchObject({ status: 'failed', last_status: 503, attempts: 1 });
  });

  it('W-5 sign with both secrets for the time that they overlap', async () => {
    const { id } = await create('/rotate');
    const rotated = await ask('POST', `webhooks/${id}/rotate`, { overlap: 3_600 });
    expect(rotated.data).toMatchObject({
      secret: expect.stringMatching(/^whsec_/),
      secrets: [{}, { until: expect.any(String) }],
    });
    await ask('POST', `webhooks/${id}/test`);
    receiver.secrets.set('/rotate', rotated.data.secret);
    await ask('POST', `webhooks/${id}/test`);
    expect(receiver.taken).toHaveLength(2);
    expect(receiver.refused).toEqual([]);
  });

  it('W-6 come with a job: of this job alone, once, and again with its retry', async () => {
    const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
    receiver.secrets.set('/job', secret);
    const body = { ...page, webhook: { url: `${receiver.url}/job`, secret, payload: 'reference' } };
    const headers = { 'idempotency-key': `w6-${receiver.url}` };
    const job = await ask('POST', 'jobs', body, { headers });
    const replayed = await ask('POST', 'jobs', body, { headers });
    expect(replayed.data.job_id).toBe(job.data.job_id);
    await expect.poll(() => receiver.taken.length, { interval: 20, timeout: 20_000 }).toBe(1);
    expect(receiver.taken[0]?.data.job).toEqual({
      job_id: job.data.job_id,
      status: 'completed',
      kind: 'document',
      rev: 3,
      url: `/api/v1/jobs/${job.data.job_id}`,
    });
    const deliveries = await ask('GET', `webhooks/${job.data.job_id}/deliveries`);
    expect(deliveries.data.deliveries).toHaveLength(1);
    const owned: { id: string }[] = (await ask('GET', 'webhooks?limit=200')).data.webhooks;
    expect(owned.map(({ id }) => id)).not.toContain(job.data.job_id);
    const retried = await ask('POST', `jobs/${job.data.job_id}/retry`);
    await expect.poll(() => receiver.taken.length, { interval: 20, timeout: 20_000 }).toBe(2);
    expect(receiver.taken[1]?.data.job?.job_id).toBe(retried.data.job_id);
    const plain = await ask('POST', 'jobs', { ...page, webhook: `${receiver.url}/plain` });
    await expect.poll(() => receiver.taken.length, { interval: 20, timeout: 20_000 }).toBe(3);
    expect(receiver.taken[2]).toMatchObject({ path: '/plain', data: { job: { job_id: plain.data.job_id } } });
    expect(receiver.refused).toEqual([]);
  });

  it('W-7 are turned off by 410, and tell what they missed when they are turned on', async () => {
    const { id } = await create('/gone', { tags: ['w7'] });
    receiver.answer = () => 410;
    await ask('POST', 'jobs', { ...page, tags: ['w7'] });
    const status = async () => (await ask('GET', `webhooks/${id}`)).data.status;
    await expect.poll(status, { interval: 20, timeout: 20_000 }).toBe('off');
    const missed = await ask('POST', 'jobs', { ...page, tags: ['w7'] });
    await ask('GET', `jobs/${missed.data.job_id}`, undefined, { headers: { prefer: 'wait=20' } });
    expect((await ask('POST', `webhooks/${id}/replay`, { since: missed.data.created_at })).status).toBe(409);
    receiver.answer = () => undefined;
    expect((await ask('PATCH', `webhooks/${id}`, { enabled: true })).data.status).toBe('active');
    await expect.poll(() => receiver.taken.length, { interval: 20 }).toBe(1);
    expect(receiver.taken[0]?.data.job?.job_id).toBe(missed.data.job_id);
  });

  it('W-8 have figures', async () => {
    const metrics = await (
      await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${alice}` } })
    ).text();
    for (const name of [
      'attempts_total',
      'attempt_seconds',
      'endpoints',
      'waiting',
      'sending',
      'given_up_total',
    ]) {
      expect(metrics).toContain(`inkwire_webhook_${name}`);
    }
    expect(metrics).toContain('inkwire_budget_held{budget="webhooks"}');
    const openapi = (await (await fetch(`${server.url}/openapi.json`)).json()) as { paths: object };
    expect(Object.keys(openapi.paths)).toEqual(
      expect.arrayContaining(['/api/v1/webhooks', '/api/v1/webhooks/{id}/deliveries/{delivery}/replay']),
    );
  });
});
