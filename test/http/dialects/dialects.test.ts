import { afterEach, describe, expect, test } from 'vitest';
import type { Dialect } from '../../../src/http/dialects/dialect.js';
import { DialectRegistry } from '../../../src/http/dialects/dialect-registry.js';
import { uuidIds } from '../../../src/http/dialects/job-ids.js';
import type { OpenApiDocument } from '../../../src/http/docs/openapi.js';
import {
  auth,
  body,
  dialectsAtHand,
  type Fixture,
  type FixtureOptions,
  json,
  openHttp,
  token,
} from '../../helpers/http-fixture.js';
import { RawConnection } from '../../helpers/raw-http.js';
import { postbox } from './postbox/postbox.js';

/** A dialect is one folder: `postbox` is passed to the server, and nothing else knows of it. */

let http: Fixture;
const connections: RawConnection[] = [];
afterEach(async () => {
  for (const { socket } of connections.splice(0)) socket.destroy();
  await http.close();
});

async function open(options: FixtureOptions = {}): Promise<void> {
  http = await openHttp({ dialects: [...dialectsAtHand, postbox], ...options });
}

type Method = 'GET' | 'POST' | 'PUT' | 'OPTIONS';

function call(method: Method, url: string, headers: object = {}, payload?: string) {
  return http.server.app.inject({
    method,
    url,
    headers: { ...headers },
    ...(payload === undefined ? {} : { payload }),
  });
}

const key = { 'x-postbox-key': token };
const form = { ...key, 'content-type': 'multipart/form-data; boundary=b' };

function letter(text = body): string {
  return `--b\r\ncontent-disposition: form-data; name="request"\r\n\r\n${text}\r\n--b--\r\n`;
}

interface Raw {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** Fails unless the refusal is in the form of postbox, with what every refusal has. */
function expectRefusal(answer: Raw, status: number): void {
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([
    status,
    'application/vnd.postbox+json',
  ]);
  expect(JSON.parse(answer.body)).toEqual({ statusCode: status, message: expect.any(String) });
  expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'x-request-id': expect.any(String) });
  expect(answer.headers).not.toHaveProperty('www-authenticate');
}

describe('a job of another dialect', () => {
  test('is posted in its form, under its id, and is a job like all others', async () => {
    await open();
    const posted = await call('POST', '/post/letters', form, letter());
    expect(posted.statusCode).toBe(202);
    const { letter: id } = posted.json();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(http.service.submitted).toMatchObject([{ owner: 'alice', kind: 'document' }]);
    expect(http.service.submitted.map((request) => request.body)).toEqual([
      { form: [{ name: 'request', text: body }] },
    ]);
    const jobId = uuidIds.jobIdOf(id);
    expect((await call('GET', `/api/v1/jobs/${jobId}`, auth)).json().data.job_id).toBe(jobId);
    expect((await call('GET', `/post/letters/${id}`, key)).json()).toEqual({ letter: id, status: 'pending' });
    await call('POST', `/api/v1/jobs/${jobId}/cancel`, auth);
    expect((await call('GET', `/post/letters/${id}`, key)).json().status).toBe('cancelled');
  });

  test('is waited for by the same wait, which ends when the server drains', async () => {
    await open();
    const id = `job_${'1'.padStart(24, '0')}`;
    const first = call('POST', '/post/letters?wait=60', form, letter());
    await expect.poll(() => http.service.waiting).toBe(1);
    http.service.complete(id, []);
    expect((await first).json().status).toBe('completed');
    const second = call('POST', '/post/letters?wait=60', form, letter());
    await expect.poll(() => http.service.waiting).toBe(1);
    http.server.drain();
    expect((await second).json().status).toBe('pending');
  });

  test("has its owner's walls", async () => {
    await open();
    const { letter: id } = (await call('POST', '/post/letters', form, letter())).json();
    expectRefusal(await call('GET', `/post/letters/${id}`, { 'x-postbox-key': 'bob-token' }), 404);
  });
});

describe('its bodies', () => {
  test('are read by its own parsers, which other routes do not have', async () => {
    await open();
    const native = { ...auth, 'content-type': 'multipart/form-data; boundary=b' };
    const refused = await call('POST', '/api/v1/render', native, letter());
    expect([refused.statusCode, refused.headers['content-type']]).toEqual([415, 'application/problem+json']);
    expectRefusal(await call('POST', '/post/letters', { ...key, 'content-type': 'text/plain' }, 'x'), 415);
  });

  test('do not count against the memory of all bodies where they are streams', async () => {
    await open({ limits: { maxBodyBytes: 150_000, bodyBudgetBytes: 300_000 } });
    const url = await http.server.listen('127.0.0.1', 0);
    const large = new RawConnection(url);
    connections.push(large);
    const fields = Object.entries({ ...json, 'content-length': '150000' });
    const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    large.write(`POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\n${head}\r\n${'x'.repeat(149_000)}`);
    const held = () => http.registry.getSingleMetricAsString('inkwire_budget_held');
    await expect.poll(held).toContain('{budget="bodies"} 149000');
    const text = JSON.stringify({ operations: 'x'.repeat(100_000) });
    expect((await call('POST', '/api/v1/jobs', json, text)).statusCode).toBe(503);
    expect((await call('POST', '/post/letters', form, letter(text))).statusCode).toBe(202);
  });
});

describe('refusals on its paths are in its form', () => {
  test('no key is 412, a wrong one 401, whatever stands in Authorization', async () => {
    await open();
    expectRefusal(await call('POST', '/post/letters', auth, ''), 412);
    expectRefusal(await call('POST', `/post/letters?key=${token}`, {}, ''), 412);
    expectRefusal(await call('POST', '/post/letters', { ...auth, 'x-postbox-key': 'wrong' }, ''), 401);
    const native = await call('GET', '/api/v1/jobs', key);
    expect([native.statusCode, native.headers['www-authenticate']]).toEqual([401, 'Bearer']);
  });

  test('a key that does not have the scope is 403', async () => {
    await open();
    const { token: reader } = await http.keys.make({ scopes: ['jobs:read'] });
    expectRefusal(await call('POST', '/post/letters', { ...form, 'x-postbox-key': reader }, letter()), 403);
  });

  test.each(['/post', '/post/', '/post/nothing', '/post/letters/a/b'])('404 at %s', async (url) => {
    await open();
    expectRefusal(await call('GET', url, key), 404);
  });

  test('405, with what is allowed', async () => {
    await open();
    const answer = await call('PUT', '/post/letters', key);
    expectRefusal(answer, 405);
    expect(answer.headers.allow).toBe('POST, OPTIONS');
  });

  test('413 by the limit of its route, 400 for an address that cannot be read', async () => {
    await open();
    expectRefusal(await call('POST', '/post/letters', { ...form, 'content-length': '200001' }, ''), 413);
    expectRefusal(await call('GET', '/post/%zz', key), 400);
  });

  test('429 and 503 say when to come back', async () => {
    await open({ limits: { ratePerKey: 2 } });
    http.service.refusal = { slug: 'queue-full', detail: 'Full', retryAfter: 7 };
    const full = await call('POST', '/post/letters', form, letter());
    expectRefusal(full, 503);
    expect(full.headers['retry-after']).toBe('7');
    http.server.drain();
    expectRefusal(await call('POST', '/post/letters', form, letter()), 503);
    const limited = await call('POST', '/post/letters', form, letter());
    expectRefusal(limited, 429);
    expect(limited.headers).toMatchObject({ 'retry-after': '30', 'x-ratelimit-limit': '2' });
  });

  test('a failure is 500, and tells nothing', async () => {
    await open();
    http.service.failure = new Error('the disk said no');
    const answer = await call('POST', '/post/letters', form, letter());
    expectRefusal(answer, 500);
    expect(answer.body).not.toContain('disk');
  });

  test.each([
    ['a body that is late', 408, 'Content-Length: 9\r\n\r\n--b'],
    ['a body that is no HTTP', 400, 'Transfer-Encoding: chunked\r\n\r\nzz\r\n'],
    ['another expectation', 417, 'Expect: fame\r\nContent-Length: 1\r\n\r\n'],
  ])('%s is %i', async (_what, status, rest) => {
    await open();
    const peer = new RawConnection(await http.server.listen('127.0.0.1', 0));
    connections.push(peer);
    // From here on the clock of a request begins with its first byte, which the header fields share.
    peer.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await peer.next();
    http.server.app.server.requestTimeout = status === 408 ? 1 : 0;
    const fields = Object.entries(form).map(([name, value]) => `${name}: ${value}\r\n`);
    peer.write(`POST /post/letters HTTP/1.1\r\nHost: x\r\n${fields.join('')}${rest}`);
    const answer = await peer.next();
    expectRefusal({ ...answer, statusCode: answer.status }, status);
    await peer.closed;
  });

  test('a path is judged as the router reads it', async () => {
    await open();
    expectRefusal(await call('GET', '/p%6Fst/letters/1', auth), 412);
    expectRefusal(await call('GET', '/p%6fst/nothing', key), 404);
    const native = await call('GET', '/post%2Fletters', key);
    expect(native.headers['content-type']).toBe('application/problem+json');
  });

  test('other paths are not: a prefix is whole segments', async () => {
    await open();
    for (const url of ['/postal', '/nothing', '/api/v1/nothing', '/'])
      expect((await call('PUT', url)).headers['content-type']).toBe('application/problem+json');
  });
});

describe('pages of other origins', () => {
  const origin = 'https://app.example';
  const preflight = { origin, 'access-control-request-method': 'POST' };

  test('may send and read its headers on its paths, and read its refusals', async () => {
    await open({ corsOrigins: [origin] });
    const asked = await call('OPTIONS', '/post/letters', preflight);
    expect([asked.statusCode, asked.headers['access-control-allow-headers']]).toEqual([
      204,
      'Accept, Content-Type, X-Postbox-Key, X-Request-Id',
    ]);
    const refused = await call('POST', '/post/letters', { origin }, '');
    expectRefusal(refused, 412);
    expect(refused.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-expose-headers': expect.stringMatching(/^RateLimit,.*, X-Letter, .*X-Request-Id$/),
    });
    const native = await call('OPTIONS', '/api/v1/jobs', preflight);
    expect(native.headers['access-control-allow-headers']).not.toContain('Postbox');
  });
});

describe('what the server says of itself', () => {
  test('capabilities list it', async () => {
    await open();
    expect((await call('GET', '/api/v1/capabilities', auth)).json().data.dialects).toEqual([
      'connect',
      'report-flow',
      'bulk-fill',
      'filelens',
      'postbox',
    ]);
  });

  test('OpenAPI has its operations, its way to show a key, and its statuses', async () => {
    await open();
    const document: OpenApiDocument = (await call('GET', '/openapi.json')).json();
    expect(document.tags.map(({ name }) => name)).toEqual([
      'jobs',
      'results',
      'pages',
      'events',
      'webhooks',
      'render',
      'designs',
      'pdf tools',
      'packages',
      'report flow',
      'bulk fill',
      'previews',
      'letters',
      'server',
    ]);
    const post = document.paths['/post/letters']?.post;
    expect(post).toMatchObject({
      tags: ['letters'],
      security: [{ postbox: [] }],
      requestBody: { content: { 'multipart/form-data': {} } },
    });
    expect(Object.keys(post?.responses ?? {})).toEqual(expect.arrayContaining(['202', '401', '412', '429']));
    expect(post?.responses['412']).toMatchObject({
      description: expect.stringContaining('unauthorized'),
      content: { 'application/vnd.postbox+json': { schema: { required: ['statusCode', 'message'] } } },
    });
    expect(document.components.securitySchemes).toEqual({
      key: { type: 'http', scheme: 'bearer' },
      appkey: { type: 'apiKey', in: 'header', name: 'appkey' },
      bulkFillKey: { type: 'http', scheme: 'bearer' },
      previewKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      postbox: { type: 'apiKey', in: 'header', name: 'X-Postbox-Key' },
    });
    const native = document.paths['/api/v1/jobs']?.post;
    expect(native?.security).toEqual([{ key: [] }]);
    expect(native?.responses).not.toHaveProperty('412');
  });
});

describe('the list of dialects', () => {
  const other = (change: Partial<Dialect>): Dialect => ({ ...postbox, routes: () => undefined, ...change });

  test.each([
    ['a name', other({ prefixes: ['/other'], docs: { ...postbox.docs, security: {} } })],
    ['a prefix', other({ name: 'other' })],
    ['a security scheme', other({ name: 'other', prefixes: ['/other'] })],
  ])('two cannot claim %s', async (_what, second) => {
    await open();
    expect(() => new DialectRegistry([...dialectsAtHand, postbox, second])).toThrow(/Two dialects claim/);
  });

  test('where one lies within another, it has its paths', async () => {
    await open();
    const docs = { ...postbox.docs, security: {} };
    const inner = other({ name: 'inner', prefixes: ['/post/inner'], docs });
    const registry = new DialectRegistry([...dialectsAtHand, postbox, inner]);
    const nameAt = (path: string) => registry.of(path).name;
    expect(['/post', '/post/inner', '/post/inner/a', '/post/innermost', '/'].map(nameAt)).toEqual([
      'postbox',
      'inner',
      'inner',
      'postbox',
      'connect',
    ]);
  });

  test.each([
    ['a route outside of its prefixes', '/elsewhere', 'letters'],
    ['a tag that it does not list', '/post/x', 'parcels'],
  ])('%s is a defect that ends the start', async (_what, url, tag) => {
    await open();
    const docs = { id: 'x', summary: 'x', tag, answers: {} };
    const wrong = other({ routes: (app) => app.get(url, { config: { docs } }, () => 'x') });
    await expect(openHttp({ dialects: [...dialectsAtHand, wrong] })).rejects.toThrow(/dialect postbox/);
  });
});
