import { afterEach, describe, expect, test } from 'vitest';
import { StoreFailed } from '../../src/engine/engine.js';
import { problem } from '../../src/protocol/problem.js';
import {
  auth,
  body,
  type Fixture,
  type FixtureOptions,
  json,
  openHttp,
  token,
} from '../helpers/http-fixture.js';
import { RawConnection } from '../helpers/raw-http.js';

let http: Fixture;
afterEach(() => http.close());

async function open(options: FixtureOptions = {}) {
  http = await openHttp(options);
  return http;
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS' | 'HEAD' | 'PATCH';

function call(method: Method, url: string, headers: object = {}, payload?: string) {
  return http.server.app.inject({
    method,
    url,
    headers: { ...headers },
    ...(payload === undefined ? {} : { payload }),
  });
}

function slug(answer: { json(): { type?: string } }): string | undefined {
  return answer.json().type?.split('/').at(-1);
}

const huge = { 'content-length': '999999999' };

describe('the order of checks', () => {
  test.each([
    ['size before the key', { ...huge, authorization: 'Bearer wrong' }, 413],
    ['size before the rate', { ...huge, ...auth }, 413],
    ['the key before the type', { 'content-type': 'text/plain' }, 401],
    ['the key before the idempotency key', { 'idempotency-key': '' }, 401],
    ['idempotency before the body', { ...json, 'idempotency-key': '' }, 400],
  ])('%s', async (_what, headers, status) => {
    await open();
    expect((await call('POST', '/api/v1/jobs', headers, 'x')).statusCode).toBe(status);
    expect(http.service.submitted).toEqual([]);
  });

  test('permission before the rate, the rate before the body', async () => {
    await open({ limits: { ratePerKey: 1 } });
    const { token: limited } = await http.keys.make({ scopes: ['jobs:write'] });
    const headers = { authorization: `Bearer ${limited}`, 'content-type': 'application/json' };
    expect((await call('POST', '/api/v1/render', headers, body)).statusCode).toBe(403);
    expect((await call('POST', '/api/v1/jobs', headers, body)).statusCode).toBe(201);
    expect((await call('POST', '/api/v1/render', headers, body)).statusCode).toBe(403);
    expect((await call('POST', '/api/v1/jobs', headers, '')).statusCode).toBe(429);
  });

  test('refusals can be read across origins, and carry the request id', async () => {
    await open({ corsOrigins: ['https://a.example'] });
    const headers = { origin: 'https://a.example', 'x-request-id': 'r-1' };
    const answer = await call('GET', '/api/v1/jobs', headers);
    expect(answer.statusCode).toBe(401);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': 'https://a.example',
      'x-request-id': 'r-1',
    });
    expect(answer.json().request_id).toBe('r-1');
    const large = await call('POST', '/api/v1/jobs', { ...headers, ...huge });
    expect(large.statusCode).toBe(413);
    expect(large.headers['access-control-allow-origin']).toBe('https://a.example');
    expect((await call('OPTIONS', '/api/v1/jobs', { ...headers, ...huge })).statusCode).toBe(413);
  });

  test('a body is not asked of who has no key', async () => {
    await open();
    const url = await http.server.listen('127.0.0.1', 0);
    const head = (key: string, length: number) =>
      `POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\nExpect: 100-continue\r\n\r\n`;
    const stranger = new RawConnection(url);
    stranger.write(head('nobody', 10));
    expect((await stranger.next()).status).toBe(401);
    await stranger.closed;
    const large = new RawConnection(url);
    large.write(head(token, 1_000_000_000));
    expect((await large.next()).status).toBe(413);
    await large.closed;
    const known = new RawConnection(url);
    known.write(head(token, 2));
    expect((await known.next()).status).toBe(100);
    known.write('{}');
    expect((await known.next()).status).toBe(201);
    known.socket.destroy();
  });
});

describe('authentication', () => {
  test.each([
    ['no header', {}, 'Bearer'],
    ['another scheme', { authorization: 'Basic YTpi' }, 'Bearer'],
    ['no token', { authorization: 'Bearer' }, 'Bearer'],
    ['two tokens', { authorization: 'Bearer a b' }, 'Bearer'],
    ['an unknown token', { authorization: 'Bearer nope' }, 'Bearer error="invalid_token"'],
    ['an unknown key', { authorization: 'Bearer npk_live_12345678_x' }, 'Bearer error="invalid_token"'],
    [
      'a key in another case',
      { authorization: `Bearer ${token.toUpperCase()}` },
      'Bearer error="invalid_token"',
    ],
  ])('%s is 401', async (_what, headers, challenge) => {
    await open();
    const answer = await call('GET', '/api/v1/jobs', headers);
    expect([answer.statusCode, slug(answer)]).toEqual([401, 'unauthorized']);
    expect(answer.headers['www-authenticate']).toBe(challenge);
  });

  test('the scheme may be written in any case', async () => {
    await open();
    expect((await call('GET', '/api/v1/jobs', { authorization: `bearer   ${token}` })).statusCode).toBe(200);
  });

  test.each(['api_key', 'apikey', 'key', 'access_token', 'token'])(
    'a key in ?%s= is refused, and says so',
    async (name) => {
      await open();
      const answer = await call('GET', `/api/v1/jobs?limit=1&${name}=${token}`);
      expect(answer.statusCode).toBe(401);
      expect(answer.json().detail).toMatch(/never accepted in an address/);
      expect(http.lines.join('')).not.toContain(token);
      expect(answer.body).not.toContain(token);
    },
  );

  test('disabled and expired keys stop at once', async () => {
    await open();
    const { token: mine, key } = await http.keys.make({ expiresAt: 1_700_000_200_000 });
    const headers = { authorization: `Bearer ${mine}` };
    expect((await call('GET', '/api/v1/jobs', headers)).statusCode).toBe(200);
    http.tick(100_000);
    expect((await call('GET', '/api/v1/jobs', headers)).json().detail).toMatch(/expired/);
    await http.keys.put({ ...key, disabledAt: 1 });
    expect((await call('GET', '/api/v1/jobs', headers)).json().detail).toMatch(/disabled/);
  });

  test('without any key localhost is served, and no other name', async () => {
    await open({ configured: [], development: true });
    const { statusCode } = await call(
      'POST',
      '/api/v1/jobs',
      { 'content-type': 'application/json', host: 'localhost:8080' },
      body,
    );
    expect(statusCode).toBe(201);
    expect(http.service.submitted[0]?.owner).toBe('anonymous');
    expect((await call('GET', '/api/v1/jobs', { host: 'evil.example' })).statusCode).toBe(401);
    expect((await call('GET', '/healthz', { host: 'evil.example' })).statusCode).toBe(200);
  });
});

describe('permission', () => {
  const id = `job_${'0'.repeat(24)}`;
  const routes = [
    ['POST', '/api/v1/jobs', 'jobs:write'],
    ['DELETE', `/api/v1/jobs/${id}`, 'jobs:write'],
    ['GET', '/api/v1/jobs', 'jobs:read'],
    ['GET', `/api/v1/jobs/${id}`, 'jobs:read'],
    ['GET', `/api/v1/jobs/${id}/request`, 'jobs:read'],
    ['GET', `/api/v1/jobs/${id}/result`, 'jobs:read'],
    ['HEAD', `/api/v1/jobs/${id}/result`, 'jobs:read'],
    ['GET', `/api/v1/jobs/${id}/artifacts/a`, 'jobs:read'],
    ['GET', '/api/v1/groups/g', 'jobs:read'],
    ['POST', '/api/v1/render', 'render'],
    ['POST', '/api/v1/extract-text', 'tools'],
    ['POST', '/api/v1/merge', 'tools'],
    ['POST', '/api/v1/split', 'tools'],
    ['GET', '/metrics', 'metrics'],
  ] as const;

  test.each(routes)('%s %s needs %s', async (method, url, scope) => {
    await open();
    const others = (['jobs:read', 'jobs:write', 'render', 'tools', 'metrics'] as const).filter(
      (one) => one !== scope,
    );
    const without = await http.keys.make({ scopes: others });
    const withIt = await http.keys.make({ scopes: [scope] });
    const refused = await call(method, url, { authorization: `Bearer ${without.token}` });
    expect(refused.statusCode).toBe(403);
    if (method !== 'HEAD') {
      expect(slug(refused)).toBe('capability-denied');
      expect(refused.json().detail).toContain(scope);
    }
    const allowed = await call(method, url, { authorization: `Bearer ${withIt.token}` });
    expect([401, 403]).not.toContain(allowed.statusCode);
    expect((await call(method, url)).statusCode).toBe(401);
  });

  test('capabilities need a key and no scope', async () => {
    await open();
    const { token: bare } = await http.keys.make({ scopes: [] });
    expect((await call('GET', '/api/v1/capabilities')).statusCode).toBe(401);
    expect((await call('GET', '/api/v1/capabilities', { authorization: `Bearer ${bare}` })).statusCode).toBe(
      200,
    );
  });

  test.each(['/', '/docs', '/openapi.json', '/healthz', '/readyz'])(
    'GET and HEAD %s need no key',
    async (url) => {
      await open();
      expect((await call('GET', url)).statusCode).toBe(200);
      const head = await call('HEAD', url);
      expect([head.statusCode, head.body]).toEqual([200, '']);
    },
  );

  test('metrics may be opened', async () => {
    await open({ metricsOpen: true });
    await call('GET', '/healthz');
    const answer = await call('GET', '/metrics');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(answer.body).toContain(
      'inkwire_http_requests_total{method="GET",route="/healthz",status="200"} 1',
    );
  });
});

describe('rate limits', () => {
  test('of a key, beside other gateways: the part of this one', async () => {
    await open({ limits: { ratePerKey: 4 }, gateways: () => 2 });
    const answers = [await call('GET', '/api/v1/jobs', auth), await call('GET', '/api/v1/jobs', auth)];
    expect(answers.map(({ headers }) => headers.ratelimit)).toEqual(['"key";r=1;t=30', '"key";r=0;t=60']);
    expect((await call('GET', '/api/v1/jobs', auth)).statusCode).toBe(429);
  });

  test('of a key: 429 with all headers, and back in time', async () => {
    await open({ limits: { ratePerKey: 2 } });
    const first = await call('GET', '/api/v1/jobs', auth);
    expect(first.headers).toMatchObject({
      'ratelimit-policy': '"key";q=2;w=60',
      ratelimit: '"key";r=1;t=30',
      'x-ratelimit-limit': '2',
      'x-ratelimit-remaining': '1',
      'x-ratelimit-reset': '30',
    });
    await call('GET', '/api/v1/jobs', auth);
    const refused = await call('GET', '/api/v1/jobs', auth);
    expect([refused.statusCode, slug(refused)]).toEqual([429, 'client-rate-exceeded']);
    expect(refused.headers).toMatchObject({
      'retry-after': '30',
      'x-ratelimit-remaining': '0',
      ratelimit: '"key";r=0;t=60',
    });
    expect((await call('GET', '/api/v1/jobs', { authorization: 'Bearer bob-token' })).statusCode).toBe(200);
    http.tick(30_000);
    expect((await call('GET', '/api/v1/jobs', auth)).statusCode).toBe(200);
  });

  test('of an address: keys, wrong keys and public pages together, but not the probes', async () => {
    await open({ limits: { ratePerIp: 3 } });
    expect((await call('GET', '/docs')).headers['ratelimit-policy']).toBe('"ip";q=3;w=60');
    await call('GET', '/api/v1/jobs', { authorization: 'Bearer wrong' });
    await call('GET', '/nowhere');
    const refused = await call('GET', '/api/v1/jobs', auth);
    expect([refused.statusCode, slug(refused)]).toEqual([429, 'ip-rate-exceeded']);
    expect((await call('GET', '/api/v1/jobs', { authorization: 'Bearer wrong' })).statusCode).toBe(429);
    const probe = await call('GET', '/readyz');
    expect(probe.statusCode).toBe(200);
    expect(probe.headers).not.toHaveProperty('ratelimit');
  });

  test('off, they say nothing', async () => {
    await open();
    expect(Object.keys((await call('GET', '/api/v1/jobs', auth)).headers).join()).not.toMatch(/ratelimit/);
  });

  test('the address comes from trusted proxies only', async () => {
    await open({ limits: { ratePerIp: 1 }, trustedProxies: ['127.0.0.0/8'] });
    const from = (address: string) => call('GET', '/docs', { 'x-forwarded-for': address });
    expect((await from('10.0.0.1')).statusCode).toBe(200);
    expect((await from('10.0.0.2')).statusCode).toBe(200);
    expect((await from('6.6.6.6, 10.0.0.2')).statusCode).toBe(429);
    expect((await from('10.0.0.2, 127.0.0.9')).statusCode).toBe(429);
    await http.close();
    await open({ limits: { ratePerIp: 1 } });
    expect((await from('10.0.0.1')).statusCode).toBe(200);
    expect((await from('10.0.0.2')).statusCode).toBe(429);
  });
});

describe('CORS', () => {
  const origin = 'https://app.example';
  const preflight = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization',
  };

  test('a preflight of a listed origin needs no key', async () => {
    await open({ corsOrigins: [origin] });
    const answer = await call('OPTIONS', '/api/v1/jobs', { origin, ...preflight });
    expect(answer.statusCode).toBe(204);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, HEAD, POST, OPTIONS',
      'access-control-allow-headers': expect.stringMatching(/Authorization.*Idempotency-Key.*Last-Event-ID/),
      vary: 'Origin',
    });
  });

  test('answers expose the headers that clients need, and never allow credentials', async () => {
    await open({ corsOrigins: [origin] });
    const answer = await call('GET', '/api/v1/jobs', { ...auth, origin });
    expect(answer.headers['access-control-allow-origin']).toBe(origin);
    expect(answer.headers['access-control-expose-headers']).toMatch(
      /ETag.*Inkwire-Warnings.*Location.*Retry-After.*X-Request-Id/,
    );
    expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
  });

  test.each([['https://evil.example'], ['null'], ['https://app.example.evil'], ['http://app.example']])(
    '%s is not allowed',
    async (other) => {
      await open({ corsOrigins: [origin] });
      for (const method of ['GET', 'OPTIONS'] as const) {
        const answer = await call(method, '/api/v1/jobs', { ...auth, origin: other, ...preflight });
        expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
        expect(answer.headers).not.toHaveProperty('access-control-allow-methods');
        expect(answer.headers.vary).toBe('Origin');
      }
    },
  );

  test('* is every origin, still without credentials', async () => {
    await open({ corsOrigins: ['*'] });
    const answer = await call('GET', '/api/v1/jobs', { ...auth, origin: 'https://x.example' });
    expect(answer.headers['access-control-allow-origin']).toBe('*');
    expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
  });

  test('Vary names the preference as well', async () => {
    await open({ corsOrigins: [origin] });
    await call('POST', '/api/v1/jobs', json, body);
    const answer = await call('GET', `/api/v1/jobs/job_${'1'.padStart(24, '0')}`, { ...auth, origin });
    expect(answer.headers.vary).toBe('Origin, Prefer');
  });
});

describe('pages in development mode', () => {
  const server = { host: 'localhost:8080' };
  const own = 'http://localhost:8080';
  const ask = (headers: Readonly<Record<string, string>>, method: 'GET' | 'POST' = 'GET') =>
    call(method, method === 'GET' ? '/api/v1/jobs' : '/api/v1/jobs/job_1/retry', { ...server, ...headers });

  test.each([
    ['http://localhost:5173'],
    ['http://127.0.0.1:3000'],
    ['https://app.localhost'],
    ['http://[::1]:5173'],
    [own],
  ])('%s, a page that this machine serves, may read answers', async (page) => {
    await open({ configured: [], development: true });
    const answer = await ask({ origin: page, 'sec-fetch-site': 'cross-site' });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).toMatchObject({ 'access-control-allow-origin': page, vary: 'Origin' });
    const asked = await call('OPTIONS', '/api/v1/jobs', {
      ...server,
      origin: page,
      'access-control-request-method': 'POST',
    });
    expect(asked.headers['access-control-allow-origin']).toBe(page);
  });

  test.each([
    ['https://evil.example'],
    ['http://localhost.evil.example:8080'],
    ['http://127.0.0.1.evil.example'],
    ['http://evil.example:8080'],
    ['null'],
    [''],
    ['file://'],
    ['chrome-extension://localhost'],
  ])('D25 a request from a page of %s is refused, and does nothing', async (page) => {
    await open({ configured: [], development: true });
    for (const method of ['GET', 'POST'] as const) {
      const answer = await ask({ origin: page }, method);
      expect([answer.statusCode, slug(answer)]).toEqual([403, 'capability-denied']);
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    }
    expect(http.service.submitted).toEqual([]);
  });

  test('D25 so is one without an origin that the browser calls cross-site', async () => {
    await open({ configured: [], development: true });
    expect((await ask({ 'sec-fetch-site': 'cross-site' }, 'POST')).statusCode).toBe(403);
    for (const site of ['same-origin', 'same-site', 'none']) {
      expect((await ask({ 'sec-fetch-site': site })).statusCode).toBe(200);
    }
    expect((await ask({})).statusCode).toBe(200);
  });

  test('listed origins are served as before, and with * every one', async () => {
    await open({ configured: [], development: true, corsOrigins: ['https://a.example'] });
    const answer = await ask({ origin: 'https://a.example', 'sec-fetch-site': 'cross-site' });
    expect(answer.headers['access-control-allow-origin']).toBe('https://a.example');
    expect((await ask({ origin: 'https://b.example' })).statusCode).toBe(403);
    await http.close();
    await open({ configured: [], development: true, corsOrigins: ['*'] });
    expect((await ask({ origin: 'https://b.example' })).statusCode).toBe(200);
    expect((await ask({ 'sec-fetch-site': 'cross-site' })).statusCode).toBe(200);
  });

  test('from the first key on only the key counts, and only listed origins may read', async () => {
    await open({ configured: [], development: true });
    const { token: mine } = await http.keys.make();
    const answer = await ask({
      authorization: `Bearer ${mine}`,
      origin: 'http://localhost:5173',
      'sec-fetch-site': 'cross-site',
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });
});

describe('methods and paths', () => {
  test.each([
    ['PUT', '/api/v1/jobs', 'POST, GET, HEAD, OPTIONS'],
    ['POST', '/api/v1/jobs/x', 'GET, HEAD, DELETE, OPTIONS'],
    ['GET', '/api/v1/render', 'POST, OPTIONS'],
    ['DELETE', '/healthz', 'GET, HEAD, OPTIONS'],
    ['PATCH', '/api/v1/jobs/x/result', 'GET, HEAD, OPTIONS'],
  ] as const)('%s %s is 405', async (method, url, allow) => {
    await open();
    const answer = await call(method, url, { 'content-type': 'text/weird' }, 'x');
    expect([answer.statusCode, slug(answer)]).toEqual([405, 'method-not-allowed']);
    expect(answer.headers.allow?.split(', ').sort()).toEqual(allow.split(', ').sort());
  });

  test.each([
    '/api/v1/nope',
    '/api/v2/jobs',
    '/api/v1/jobs/',
    '/api/v1/jobs/x/y',
    '/API/v1/jobs',
    '//api/v1/jobs',
    '/favicon.png',
  ])('%s is 404', async (url) => {
    await open();
    for (const method of ['GET', 'POST', 'OPTIONS'] as const) {
      const answer = await call(method, url, json, method === 'POST' ? '{' : undefined);
      expect([answer.statusCode, slug(answer)]).toEqual([404, 'not-found']);
    }
  });

  test('OPTIONS tells the methods', async () => {
    await open();
    const answer = await call('OPTIONS', '/api/v1/jobs/x');
    expect([answer.statusCode, answer.headers.allow]).toEqual([204, 'GET, HEAD, DELETE, OPTIONS']);
  });
});

describe('bodies', () => {
  test.each([
    ['application/json', 201],
    ['application/json; charset=utf-8', 201],
    ['application/json;charset="UTF-8"', 201],
    ['Application/JSON', 201],
    ['application/json; charset=latin1', 415],
    ['application/json; charset=utf-16', 415],
    ['text/json', 415],
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['multipart/mixed; boundary=x', 415],
    ['application/jsonp', 415],
    ['nonsense', 415],
    ['', 415],
  ])('Content-Type %j is %i', async (type, status) => {
    await open();
    const answer = await call('POST', '/api/v1/jobs', { ...auth, 'content-type': type }, body);
    expect(answer.statusCode).toBe(status);
    if (status === 415) expect(slug(answer)).toBe('unsupported-media-type');
  });

  test.each(['gzip', 'br'])('Content-Encoding %s is 415', async (encoding) => {
    await open();
    expect(
      (await call('POST', '/api/v1/jobs', { ...json, 'content-encoding': encoding }, body)).statusCode,
    ).toBe(415);
  });

  test.each(['/api/v1/jobs', '/api/v1/render', '/api/v1/merge'])(
    '%s without a body is malformed-json',
    async (url) => {
      await open();
      for (const headers of [json, auth]) {
        const answer = await call('POST', url, headers);
        expect([answer.statusCode, slug(answer)]).toEqual([400, 'malformed-json']);
      }
    },
  );
});

describe('shutting down', () => {
  test('new work is refused, what is here can be read, and held answers are given', async () => {
    await open();
    await call('POST', '/api/v1/jobs', json, body);
    const url = `/api/v1/jobs/job_${'1'.padStart(24, '0')}`;
    const held = call('GET', url, { ...auth, prefer: 'wait=60' });
    await expect.poll(() => http.service.waiting).toBe(1);
    http.server.drain();
    http.server.drain();
    expect((await held).statusCode).toBe(200);
    for (const path of ['/api/v1/jobs', '/api/v1/render', '/api/v1/split']) {
      const refused = await call('POST', path, json, body);
      expect([refused.statusCode, slug(refused)]).toEqual([503, 'shutting-down']);
      expect(refused.headers).toMatchObject({ 'retry-after': '5', connection: 'close' });
    }
    expect((await call('GET', url, auth)).statusCode).toBe(200);
    const ready = await call('GET', '/readyz');
    expect([ready.statusCode, ready.json().status]).toEqual([503, 'unready']);
    expect((await call('GET', '/healthz')).statusCode).toBe(200);
  });

  test('close waits for answers, not for idle and silent connections', async () => {
    await open();
    const url = await http.server.listen('127.0.0.1', 0);
    const idle = new RawConnection(url);
    idle.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await idle.next();
    const silent = new RawConnection(url);
    let finish = () => {};
    http.service.render = () =>
      new Promise((resolve) => {
        finish = () =>
          resolve([{ name: 'a.pdf', contentType: 'application/pdf', bytes: Buffer.from('done') }]);
      });
    const busy = fetch(`${url}/api/v1/render`, { method: 'POST', headers: json, body });
    await expect.poll(() => http.service.submitted.length).toBe(1);
    const closing = http.server.close();
    await idle.closed;
    await silent.closed;
    finish();
    expect(await (await busy).text()).toBe('done');
    await closing;
    await http.server.close();
  });

  test('close is safe before listen', async () => {
    await open();
    await http.server.close();
  });
});

describe('probes and capabilities', () => {
  test('healthz', async () => {
    await open();
    expect((await call('GET', '/healthz')).json()).toEqual({
      status: 'ok',
      version: '1.2.3',
      uptime_seconds: 5,
    });
  });

  test('readyz follows the service, also when it fails', async () => {
    await open();
    expect((await call('GET', '/readyz')).json()).toEqual({ status: 'ready', checks: { store: 'ok' } });
    http.service.ready = false;
    const unready = await call('GET', '/readyz');
    expect([unready.statusCode, unready.json()]).toEqual([
      503,
      { status: 'unready', checks: { store: 'cannot write' } },
    ]);
    http.service.failure = new Error('secret');
    const failed = await call('GET', '/readyz');
    expect(failed.statusCode).toBe(503);
    expect(failed.body).not.toContain('secret');
  });

  test('capabilities', async () => {
    await open();
    expect((await call('GET', '/api/v1/capabilities', auth)).json().data).toEqual({
      auth: 'key',
      caller: { owner: 'alice', key_id: expect.stringMatching(/^env-/), scopes: ['*'] },
      capabilities: [{ name: 'render', tier: 'core', enabled: true }],
      operations: ['add_text'],
      fonts: [{ family: 'helvetica' }],
      dialects: ['connect', 'report-flow', 'bulk-fill', 'filelens'],
      program_guard: 'bubblewrap',
      programs: {},
      program_versions: {},
      missing_fonts: [],
      limits: { max_body_bytes: 65536 },
    });
  });

  test('who has no key finds out from them whether one is needed', async () => {
    await open();
    const refused = await call('GET', '/api/v1/capabilities');
    expect([refused.statusCode, slug(refused)]).toEqual([401, 'unauthorized']);
    // Nothing but `Bearer`: another scheme would make browsers ask by themselves.
    expect(refused.headers['www-authenticate']).toBe('Bearer');
    const known = (await call('GET', '/api/v1/capabilities', auth)).json().data;
    expect(known).toMatchObject({ auth: 'key', caller: { owner: 'alice', scopes: ['*'] } });
    const { token: mine, key } = await http.keys.make({ scopes: ['jobs:read', 'metrics'] });
    const limited = await call('GET', '/api/v1/capabilities', { authorization: `Bearer ${mine}` });
    expect(limited.json().data.caller).toEqual({
      owner: 'carol',
      key_id: key.kid,
      scopes: ['jobs:read', 'metrics'],
    });
    await http.close();
    await open({ configured: [], development: true });
    const answer = await call('GET', '/api/v1/capabilities');
    expect([answer.statusCode, answer.json().data.auth]).toEqual([200, 'none']);
    expect(answer.json().data.caller).toMatchObject({ owner: 'anonymous', scopes: ['*', 'operate'] });
    // From the first key on it is needed, without a restart.
    await http.keys.make();
    expect((await call('GET', '/api/v1/capabilities')).statusCode).toBe(401);
  });
});

describe('logs', () => {
  test('one line for an answer that is a success, at debug: its job has a line of its own', async () => {
    await open();
    await call('POST', '/api/v1/jobs', json, body);
    expect(http.lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request')).toEqual([]);
    await http.close();
    await open({ logLevel: 'debug' });
    await call('POST', '/api/v1/jobs', json, body);
    expect(http.lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request')).toMatchObject([
      { status: 201, owner: 'alice', path: '/api/v1/jobs' },
    ]);
  });

  test('one line for an answer that refuses, without query, headers and body', async () => {
    await open();
    http.service.refusal = problem('validation-failed', 'wrong');
    const headers = { ...json, cookie: 'c00kie', 'x-request-id': 'req-7' };
    await call('POST', '/api/v1/jobs?ticket=t1cket', headers, '{"operations":"s3cret"}');
    const lines = http.lines.map((line) => JSON.parse(line)).filter((line) => line.msg === 'request');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      request_id: 'req-7',
      method: 'POST',
      path: '/api/v1/jobs',
      status: 422,
      duration_ms: expect.any(Number),
      owner: 'alice',
    });
    expect(http.lines.join('')).not.toMatch(/t1cket|c00kie|s3cret|alice-token/);
  });

  test.each([
    ['the store', new StoreFailed('SQLITE_FULL', 'the disk is full', { unavailable: true })],
    ['the disk', Object.assign(new Error('the disk is full'), { code: 'ENOSPC', syscall: 'write' })],
  ])('D8 a bad moment of %s is told as one that passes', async (_what, failure) => {
    await open();
    http.service.failure = failure;
    const answer = await call('POST', '/api/v1/jobs', json, body);
    expect([answer.statusCode, slug(answer)]).toEqual([503, 'storage-unavailable']);
    expect(answer.headers['retry-after']).toBe('2');
    expect(answer.body).not.toContain('full');
    expect(http.lines.join('')).toContain('the disk is full');
  });

  test('a defect is logged with its request id, and not told', async () => {
    await open();
    http.service.failure = new Error('the disk said no');
    const answer = await call('POST', '/api/v1/jobs', json, body);
    expect([answer.statusCode, slug(answer)]).toEqual([500, 'internal-error']);
    expect(answer.body).not.toContain('disk');
    const line = http.lines.map((text) => JSON.parse(text)).find((one) => one.err !== undefined);
    expect(line).toMatchObject({
      request_id: answer.json().request_id,
      err: { message: 'the disk said no' },
    });
  });
});
