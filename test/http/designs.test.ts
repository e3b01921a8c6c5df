import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { letter } from '../helpers/designs-fixture.js';
import { auth, type Fixture, json, openHttp } from '../helpers/http-fixture.js';

let http: Fixture;
beforeAll(async () => {
  http = await openHttp();
});
afterAll(() => http.close());
/** Designs of their own for each test. */
let id: string;
let count = 0;
beforeEach(() => {
  count += 1;
  id = `letter-${count}`;
});

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';
function call(method: Method, url: string, payload?: unknown, headers: object = {}) {
  return http.server.app.inject({
    method,
    url,
    headers: { ...(payload === undefined ? auth : json), ...headers },
    ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
  });
}

const put = (value: unknown, headers: object = {}) => call('PUT', `/api/v1/designs/${id}`, value, headers);
const bob = { authorization: 'Bearer bob-token' };

describe('PUT /api/v1/designs/{id}', () => {
  test('makes the next version', async () => {
    const first = await put(letter('one'));
    expect([first.statusCode, first.json().data]).toEqual([201, { id, version: 1 }]);
    expect(first.headers).toMatchObject({
      location: `/api/v1/designs/${id}/versions/1`,
      etag: expect.stringMatching(/^"1-[0-9a-f]{16}"$/),
    });
    expect((await put(letter('two'))).json().data).toEqual({ id, version: 2 });
  });

  test('answers 200 when the design is equal to the latest version', async () => {
    await put(letter());
    const again = await put(letter());
    expect([again.statusCode, again.json().data]).toEqual([200, { id, version: 1 }]);
    expect(again.headers).not.toHaveProperty('location');
  });

  test('refuses a design with faults, each with its pointer and column', async () => {
    const answer = await put({ ...letter('{{1 +}}'), colour: 'red' });
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors).toEqual([
      { pointer: '/colour', message: expect.any(String) },
      { pointer: '/operations/0/text', message: expect.stringMatching(/^column \d+: /) },
    ]);
    expect((await call('GET', `/api/v1/designs/${id}`)).statusCode).toBe(404);
  });

  test('with If-Match does not overwrite what somebody else has stored', async () => {
    const { etag } = (await put(letter('one'))).headers;
    expect((await put(letter('two'), { 'if-match': etag })).statusCode).toBe(201);
    const late = await put(letter('three'), { 'if-match': etag });
    expect([late.statusCode, late.json().type]).toEqual([412, expect.stringMatching(/precondition-failed$/)]);
    expect((await put(letter('four'), { 'if-match': '*' })).json().data.version).toBe(3);
    expect((await put(letter('five'), { 'if-none-match': '*' })).statusCode).toBe(412);
  });

  test('with If-Match needs that there is one, with If-None-Match that there is none', async () => {
    expect((await put(letter(), { 'if-match': '*' })).statusCode).toBe(412);
    expect((await put(letter(), { 'if-none-match': '*' })).statusCode).toBe(201);
  });

  test.each(['x'.repeat(65), 'a%2Fb', '%C3%BC', 'a%20b'])('refuses the id %s', async (bad) => {
    const answer = await call('PUT', `/api/v1/designs/${bad}`, letter());
    expect([answer.statusCode, answer.json().errors]).toEqual([
      422,
      [expect.objectContaining({ pointer: '/id' })],
    ]);
  });

  test.each([
    ['', 400],
    ['{', 400],
    ['[]', 422],
  ])('refuses the body %j', async (payload, status) => {
    const answer = await http.server.app.inject({
      method: 'PUT',
      url: `/api/v1/designs/${id}`,
      headers: json,
      payload,
    });
    expect(answer.statusCode).toBe(status);
  });
});

describe('GET /api/v1/designs', () => {
  test('gives the latest version, with its number and time', async () => {
    await put(letter('one'));
    const { headers } = await put(letter('two'));
    const answer = await call('GET', `/api/v1/designs/${id}`);
    expect(answer.json().data).toEqual({
      id,
      version: 2,
      created_at: '2023-11-14T22:15:00.000Z',
      design: letter('two'),
    });
    expect(answer.headers.etag).toBe(headers.etag);
    const known = await call('GET', `/api/v1/designs/${id}`, undefined, { 'if-none-match': headers.etag });
    expect([known.statusCode, known.body]).toEqual([304, '']);
  });

  test('gives a version by its number', async () => {
    await put(letter('one'));
    await put(letter('two'));
    expect((await call('GET', `/api/v1/designs/${id}/versions/1`)).json().data).toMatchObject({
      version: 1,
      design: letter('one'),
    });
    for (const wrong of ['3', '0', '01', 'latest', '1e0', '-1'])
      expect((await call('GET', `/api/v1/designs/${id}/versions/${wrong}`)).statusCode, wrong).toBe(404);
  });

  test('lists them in pages, an owner its own', async () => {
    for (const name of ['z1', 'z2', 'z3']) await call('PUT', `/api/v1/designs/${name}`, letter(), bob);
    const page = await call('GET', '/api/v1/designs?limit=2', undefined, bob);
    expect(page.json().data).toEqual({
      designs: ['z1', 'z2'].map((name) => ({
        id: name,
        label: 'Letter',
        version: 1,
        created_at: expect.any(String),
        shipped: false,
      })),
      next_cursor: 'z2',
    });
    const rest = await call('GET', '/api/v1/designs?limit=2&cursor=z2', undefined, bob);
    expect(rest.json().data).toMatchObject({ designs: [{ id: 'z3' }] });
    expect(rest.json().data).not.toHaveProperty('next_cursor');
    expect((await call('GET', '/api/v1/designs/z1')).statusCode).toBe(404);
  });
});

describe('PUT of a shipped design', () => {
  test('follows on the shipped one, whose conditions hold', async () => {
    await http.library.designs.ship(new Map([['base', letter()]]));
    const path = '/api/v1/designs/base';
    const etag = String((await call('GET', path)).headers.etag);
    const status = async (body: object, conditions: Readonly<Record<string, string>>) =>
      (await call('PUT', path, body, conditions)).statusCode;
    expect(await status(letter('own'), { 'if-none-match': '*' })).toBe(412);
    expect(await status(letter(), { 'if-match': etag })).toBe(200);
    const stored = await call('PUT', path, letter('own'), { 'if-match': etag });
    expect([stored.statusCode, stored.json().data]).toEqual([201, { id: 'base', version: 2 }]);
    expect(await status(letter('more'), { 'if-match': etag })).toBe(412);
    expect((await call('GET', `${path}/versions/1`)).headers.etag).toBe(etag);
    expect((await call('DELETE', path)).statusCode).toBe(204);
    await http.library.designs.ship(new Map());
  });
});

describe('DELETE /api/v1/designs/{id}', () => {
  test('retires it', async () => {
    const { etag } = (await put(letter())).headers;
    expect((await call('DELETE', `/api/v1/designs/${id}`, undefined, { 'if-match': '"x"' })).statusCode).toBe(
      412,
    );
    expect((await call('DELETE', `/api/v1/designs/${id}`, undefined, { 'if-match': etag })).statusCode).toBe(
      204,
    );
    for (const path of [id, `${id}/versions/1`])
      expect((await call('GET', `/api/v1/designs/${path}`)).statusCode).toBe(404);
    expect((await call('DELETE', `/api/v1/designs/${id}`)).statusCode).toBe(404);
  });

  test('of a shipped design is refused', async () => {
    await http.library.designs.ship(new Map([['shipped', letter()]]));
    const answer = await call('DELETE', '/api/v1/designs/shipped');
    expect([answer.statusCode, answer.json().type]).toEqual([
      403,
      expect.stringMatching(/capability-denied$/),
    ]);
    expect((await call('GET', '/api/v1/designs/shipped')).statusCode).toBe(200);
    await http.library.designs.ship(new Map());
  });
});

describe('previews', () => {
  const lastRun = () => {
    const request = http.service.submitted.at(-1);
    if (request === undefined) throw new Error('Nothing was run');
    const { body } = request;
    if ('parsed' in body)
      return { ...request, inputs: body.parsed.inputs, planned: JSON.parse(body.parsed.request) };
    if (!('plan' in body)) throw new Error('No plan was run');
    const { inputs, request: planned } = body.plan;
    return { ...request, inputs, planned };
  };

  test('of a draft are drawn from the design in the body, and nothing is stored', async () => {
    const answer = await call('POST', '/api/v1/designs/preview', {
      design: letter(),
      params: { name: 'Bo' },
    });
    expect([answer.statusCode, answer.headers['content-type'], answer.body]).toEqual([
      200,
      'application/pdf',
      '%PDF-1.7 rendered',
    ]);
    expect(lastRun()).toMatchObject({
      kind: 'report',
      planned: { params: { name: 'Bo' }, design: { value: letter() } },
    });
    expect(lastRun()).not.toHaveProperty('preview');
  });

  test('of a stored design are drawn from its latest version', async () => {
    await put(letter('one'));
    await put(letter('two'));
    const answer = await call('POST', `/api/v1/designs/${id}/preview`, {
      sample: 'ann',
      params: { count: 3 },
    });
    expect(answer.statusCode).toBe(200);
    const { inputs, planned } = lastRun();
    expect(planned).toMatchObject({ params: { name: 'Ann', count: 3 }, design: { input: 0 } });
    expect(inputs).toEqual([
      { blob: (await http.library.designs.get('alice', id))?.blob, pointer: '/design' },
    ]);
  });

  test.each([
    ['?page=2&width=300', {}, { page: 2, width: 300 }],
    ['?page=1', {}, { page: 1, width: 1000 }],
    ['', { accept: 'image/png' }, { page: 1, width: 1000 }],
    ['', { accept: 'image/png;q=0.5, application/pdf' }, undefined],
    ['', { accept: '*/*' }, undefined],
  ])('with %s and %j are a picture of a page where that is asked for', async (query, headers, preview) => {
    await call('POST', `/api/v1/designs/preview${query}`, { design: letter() }, headers);
    expect(Reflect.get(lastRun(), 'preview')).toEqual(preview);
  });

  test('of the first page of a version, with its first sample, may be kept for good', async () => {
    await put(letter('one'));
    await put(letter('two'));
    const url = `/api/v1/designs/${id}/versions/1/thumbnail`;
    const answer = await call('GET', `${url}?width=120`);
    expect([answer.statusCode, answer.headers['cache-control']]).toEqual([
      200,
      'private, max-age=31536000, immutable',
    ]);
    expect(lastRun()).toMatchObject({
      preview: { page: 1, width: 120 },
      planned: { params: { name: 'Ann' } },
      inputs: [{ blob: (await http.library.designs.get('alice', id, 1))?.blob }],
    });
    const runs = http.service.submitted.length;
    const etag = String(answer.headers.etag);
    const known = await call('GET', `${url}?width=120`, undefined, { 'if-none-match': etag });
    expect([known.statusCode, known.headers.etag, http.service.submitted.length]).toEqual([304, etag, runs]);
    expect((await call('GET', url)).headers.etag).not.toBe(etag);
    expect((await call('GET', `/api/v1/designs/${id}/versions/3/thumbnail`)).statusCode).toBe(404);
    expect((await call('GET', `/api/v1/designs/${id}/versions/x/thumbnail`)).statusCode).toBe(404);
    expect((await call('GET', url, undefined, bob)).statusCode).toBe(404);
  });

  test('refuse what is wrong with its place', async () => {
    const refused = async (body: object, url = '/api/v1/designs/preview') => {
      const answer = await call('POST', url, body);
      return [
        answer.statusCode,
        (answer.json().errors ?? []).map(({ pointer }: { pointer: string }) => pointer),
      ];
    };
    expect(await refused({})).toEqual([422, ['/design']]);
    expect(await refused({ design: letter('{{x}}') })).toEqual([422, ['/design/operations/0/text']]);
    expect(await refused({ design: letter(), params: { count: '12' } })).toEqual([422, ['/params/count']]);
    expect(await refused({ design: letter(), params: [] })).toEqual([422, ['/params']]);
    expect(await refused({ design: letter(), sample: 'bob' })).toEqual([422, ['/sample']]);
    expect(await refused({ design: letter(), locale: '-' })).toEqual([422, ['/locale']]);
    expect(await refused({}, `/api/v1/designs/${id}/preview`)).toEqual([404, []]);
  });

  test('stop their work when the caller leaves', async () => {
    const { render } = http.service;
    let begin: (signal: AbortSignal) => void = () => undefined;
    const started = new Promise<AbortSignal>((resolve) => {
      begin = resolve;
    });
    http.service.render = async (signal) => {
      begin(signal);
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      return [];
    };
    const base = await http.server.listen('127.0.0.1', 0);
    const leaving = new AbortController();
    const answer = fetch(`${base}/api/v1/designs/preview`, {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ design: letter() }),
      signal: leaving.signal,
    }).catch((error: Error) => error.name);
    const signal = await started;
    expect(signal.aborted).toBe(false);
    leaving.abort();
    expect(await answer).toBe('AbortError');
    await new Promise((resolve) =>
      signal.aborted ? resolve(true) : signal.addEventListener('abort', resolve),
    );
    http.service.render = render;
  });
});
