import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sessionLifeMs } from '../../src/access/sessions.js';
import { auth, body, type Fixture, json, openHttp } from '../helpers/http-fixture.js';

let http: Fixture;
beforeEach(async () => {
  http = await openHttp();
});
afterEach(() => http.close());

const host = { host: 'docs.example.org' };
const own = { ...host, origin: 'https://docs.example.org' };

type Method = 'GET' | 'POST' | 'DELETE';
const ask = (method: Method, url: string, headers: Record<string, string>, payload?: string) =>
  http.server.app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
const signIn = (headers: Record<string, string> = {}) =>
  ask('POST', '/api/v1/session', { ...own, ...auth, ...headers });
const cookieOf = (answer: { headers: Record<string, unknown> }): string =>
  /^[^;]*/.exec(`${answer.headers['set-cookie']}`)?.[0] ?? '';
const statusWith = async (headers: Record<string, string>, method: Method = 'GET', url = '/api/v1/jobs') =>
  (await ask(method, url, headers)).statusCode;

describe('a session', () => {
  test('stands in the place of the key that it was made with, for 12 hours', async () => {
    const made = await signIn();
    expect(made.statusCode).toBe(201);
    expect(made.headers['cache-control']).toBe('no-store');
    const cookie = cookieOf(made);
    const who = await ask('GET', '/api/v1/capabilities', { ...host, cookie });
    expect(who.json().data.caller).toMatchObject({ owner: 'alice', scopes: ['*'] });
    const submitted = await ask(
      'POST',
      '/api/v1/jobs',
      { ...own, cookie, 'content-type': 'application/json' },
      body,
    );
    expect(submitted.statusCode).toBe(201);
    http.tick(sessionLifeMs - 1);
    expect(await statusWith({ ...host, cookie })).toBe(200);
    http.tick(1);
    const over = await ask('GET', '/api/v1/jobs', { ...host, cookie });
    expect([over.statusCode, over.json().detail]).toEqual([
      401,
      'The session is over. Sign in again with an API key.',
    ]);
  });

  test('is a cookie that no script reads and no other site sends, and over TLS no plain connection', async () => {
    const plain = `${(await signIn()).headers['set-cookie']}`;
    expect(plain).toMatch(
      /^inkwire_session_[\w-]{8}=[\w.-]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    );
    const secure = `${(await signIn({ 'x-forwarded-proto': 'https' })).headers['set-cookie']}`;
    expect(secure).toMatch(/; SameSite=Strict; Secure$/);
  });

  test('is stored by its digest alone', async () => {
    const token = cookieOf(await signIn()).split('=')[1] ?? '';
    const page = await http.library.engine.library.versions({
      owner: `@sessions-${token.split('.')[0]}`,
      collection: 'sessions',
      name: token,
      limit: 1,
    });
    expect(page.versions).toEqual([]);
  });

  test('ends with its key, has the scopes of the key as they are now, and ends where the owner is another one', async () => {
    const { token, key } = await http.keys.make({ owner: 'carol', scopes: ['*'] });
    const cookie = cookieOf(await signIn({ authorization: `Bearer ${token}` }));
    expect(await statusWith({ ...host, cookie })).toBe(200);
    await http.keys.put({ ...key, scopes: ['render'] });
    expect(await statusWith({ ...host, cookie })).toBe(403);
    await http.keys.put({ ...key, owner: 'dave' });
    expect(await statusWith({ ...host, cookie })).toBe(401);
    await http.keys.put({ ...key, disabledAt: 1 });
    expect(await statusWith({ ...host, cookie })).toBe(401);
    await http.keys.put({ ...key, expiresAt: 1_700_000_100_001 });
    expect(await statusWith({ ...host, cookie })).toBe(200);
    http.tick(1);
    expect(await statusWith({ ...host, cookie })).toBe(401);
  });

  test('is ended by signing out, for whoever has its cookie; also where there is none', async () => {
    const cookie = cookieOf(await signIn());
    const other = cookieOf(await signIn());
    const out = await ask('DELETE', '/api/v1/session', { ...own, cookie });
    expect(out.statusCode).toBe(204);
    expect(out.headers['set-cookie']).toMatch(/^inkwire_session_[\w-]{8}=; Path=\/; Max-Age=0;/);
    expect(await statusWith({ ...host, cookie })).toBe(401);
    expect(await statusWith({ ...host, cookie: other })).toBe(200);
    expect(await statusWith(own, 'DELETE', '/api/v1/session')).toBe(204);
  });

  test('is used by pages of this server alone', async () => {
    const cookie = cookieOf(await signIn());
    const get = (headers: Record<string, string>) => statusWith({ ...host, cookie, ...headers });
    expect(await get({ origin: 'https://evil.example' })).toBe(403);
    // The same site, and so no matter of the cookie.
    expect(await get({ origin: 'https://docs.example.org:8443' })).toBe(403);
    expect(await get({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await get({ 'sec-fetch-site': 'same-site' })).toBe(403);
    for (const site of ['same-origin', 'none']) expect(await get({ 'sec-fetch-site': site })).toBe(200);
  });

  test.each([
    ['of another origin', { origin: 'https://evil.example' }, 403],
    ['of no page that is known', {}, 403],
    ['that was typed', { 'sec-fetch-site': 'none' }, 403],
    ['of another name of the site', { 'sec-fetch-site': 'same-site' }, 403],
    ['of the server', { 'sec-fetch-site': 'same-origin' }, 201],
  ])('a change %s: %j', async (_of, headers: Record<string, string>, status) => {
    const cookie = cookieOf(await signIn());
    const sent = { ...host, cookie, ...headers, 'content-type': 'application/json' };
    expect((await ask('POST', '/api/v1/jobs', sent, body)).statusCode).toBe(status);
    if (status === 403) {
      expect(await statusWith(sent, 'DELETE', '/api/v1/session')).toBe(403);
      expect(await statusWith({ ...sent, ...auth }, 'POST', '/api/v1/session')).toBe(403);
    }
  });

  test('makes no further session, yields to a key, and is none for other dialects', async () => {
    const cookie = cookieOf(await signIn());
    expect(await statusWith({ ...own, cookie }, 'POST', '/api/v1/session')).toBe(401);
    const both = await ask('GET', '/api/v1/capabilities', {
      ...host,
      cookie,
      authorization: 'Bearer bob-token',
    });
    expect(both.json().data.caller.owner).toBe('bob');
    expect(await statusWith({ ...host, cookie }, 'GET', '/v1/bulkfill/usage')).toBe(401);
  });
});

describe('the scope admin', () => {
  const url = '/api/v1/jobs';
  async function admin(scopes: readonly string[] = ['admin']): Promise<Record<string, string>> {
    const { token } = await http.keys.make({ owner: 'ops', scopes: scopes as never });
    return { authorization: `Bearer ${token}` };
  }

  test('reads what another owner has', async () => {
    const made = await ask('POST', url, json, body);
    const id: string = made.json().data.job_id;
    const headers = await admin();
    const ids = (answer: { json(): { data: { jobs: { job_id: string }[] } } }) =>
      answer.json().data.jobs.map(({ job_id }) => job_id);
    expect(ids((await ask('GET', url, headers)) as never)).toEqual([]);
    expect(ids((await ask('GET', `${url}?owner=alice`, headers)) as never)).toEqual([id]);
    expect(await statusWith(headers, 'GET', `${url}/${id}`)).toBe(404);
    expect(await statusWith(headers, 'GET', `${url}/${id}?owner=alice`)).toBe(200);
    expect((await ask('GET', `${url}?owner=alice`, headers)).headers).not.toHaveProperty('inkwire-warnings');
  });

  test('changes nothing there, and is no other scope', async () => {
    const id: string = (await ask('POST', url, json, body)).json().data.job_id;
    const headers = await admin(['admin', '*']);
    expect(await statusWith(headers, 'POST', `${url}/${id}/cancel?owner=alice`)).toBe(403);
    expect(await statusWith(headers, 'DELETE', `${url}/${id}?owner=alice`)).toBe(403);
    expect(await statusWith(headers, 'POST', `/api/v1/tickets?owner=alice`)).toBe(404);
    expect(await statusWith(await admin(), 'POST', `${url}/${id}/cancel`)).toBe(403);
    expect((await ask('GET', `${url}/${id}`, auth)).json().data.status).toBe('pending');
  });

  test('asks for lists of every owner, and for nothing else of all', async () => {
    const id: string = (await ask('POST', url, json, body)).json().data.job_id;
    const headers = await admin();
    for (const path of [url, '/api/v1/groups']) {
      const address = `${path}?owner=*`;
      const answer = await ask('GET', address, { ...headers, accept: 'application/json' });
      expect(answer.statusCode, path).toBe(200);
      expect(answer.headers).not.toHaveProperty('inkwire-warnings');
      const { token } = await http.keys.make({ owner: 'carol', scopes: ['*'] });
      const other = await ask('GET', address, {
        authorization: `Bearer ${token}`,
        accept: 'application/json',
      });
      expect(other.statusCode, path).toBe(403);
      expect(other.json().detail).toBe('Only a key with the scope admin reads what other owners have.');
    }
    const one = await ask('GET', `${url}/${id}?owner=%2A`, headers);
    expect(one.statusCode).toBe(422);
    expect(one.json()).toMatchObject({ errors: [{ pointer: '/owner' }] });
    expect(await statusWith(headers, 'POST', `${url}/${id}/cancel?owner=*`)).toBe(422);
  });

  test('has to be given by name: no key with every scope has it', async () => {
    const { token } = await http.keys.make({ owner: 'carol', scopes: ['*'] });
    expect(await statusWith({ authorization: `Bearer ${token}` }, 'GET', `${url}?owner=alice`)).toBe(403);
    expect(await statusWith(auth, 'GET', `${url}?owner=alice`)).toBe(200);
    expect(await statusWith(await admin(), 'GET', `${url}?owner=%40server`)).toBe(422);
  });
});
