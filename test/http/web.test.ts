import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readStaticFiles } from '../../src/http/reply/static-files.js';
import { type Fixture, type FixtureOptions, openHttp } from '../helpers/http-fixture.js';

const script = `export const lines = ${JSON.stringify(Array.from({ length: 200 }, (_, n) => `line ${n}`))};`;
const page = '<!doctype html><title>Live</title>';
let folder: string;
let http: Fixture | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inkwire-web-'));
});
afterEach(async () => {
  await http?.close();
  http = undefined;
  await rm(folder, { recursive: true, force: true });
});

const read = (path = '') => readStaticFiles(pathToFileURL(join(folder, path, '/')));

async function built(options: FixtureOptions = {}): Promise<void> {
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), page);
  await writeFile(join(folder, 'client.js'), script);
  await writeFile(join(folder, 'client-download.js'), script);
  await writeFile(join(folder, 'client-batch.js'), 'export {};');
  await writeFile(join(folder, 'pages.js'), script);
  await writeFile(join(folder, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  await writeFile(join(folder, 'assets/page-1a.js'), script);
  await writeFile(join(folder, 'assets/page-1a.js.map'), '{}');
  await writeFile(join(folder, 'assets/mark-1a.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  http = await openHttp({ ...options, web: await read() });
}

function call(url: string, headers: object = {}, method: 'GET' | 'HEAD' = 'GET') {
  if (http === undefined) throw new Error('Not open');
  return http.server.app.inject({ method, url, headers: { ...headers } });
}

describe('the live page', () => {
  test('is served to everybody, runs its own scripts alone and talks to its own server alone', async () => {
    await built();
    const answer = await call('/');
    expect([answer.statusCode, answer.body]).toEqual([200, page]);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    const policy = String(answer.headers['content-security-policy']).split('; ');
    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
      ]),
    );
    expect(policy.join()).not.toMatch(/unsafe|https?:|\*/);
  });

  test('its assets are kept for good, since their names change with their bytes', async () => {
    await built();
    const answer = await call('/assets/page-1a.js');
    expect(answer.body).toBe(script);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
    });
    // A worker is held to the policy of its script.
    expect(answer.headers).not.toHaveProperty('content-security-policy');
    expect((await call('/assets/mark-1a.svg')).headers['content-security-policy']).toMatch(/sandbox/);
  });

  test.each(['none.js', 'page-1a.js.map', '..%2findex.html', '%2e%2e%2fclient.js', 'a/b.js'])(
    '/assets/%s is not found',
    async (name) => {
      await built();
      expect((await call(`/assets/${name}`)).statusCode).toBe(404);
    },
  );

  test('has an icon, where browsers look for one', async () => {
    await built();
    expect((await call('/favicon.ico')).headers['content-type']).toBe('image/svg+xml');
  });
});

describe('the client for browsers', () => {
  // The second is a part that the first loads when it is needed; the third is the viewer of pages.
  test.each(['/client.js', '/client-download.js', '/pages.js'])(
    '%s may be loaded by every page, whatever the origins of the API are',
    async (path) => {
      await built({ corsOrigins: ['https://known.example'] });
      const answer = await call(path, { origin: 'https://elsewhere.example' });
      expect(answer.body).toBe(script);
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': '*',
        'cross-origin-resource-policy': 'cross-origin',
        'cache-control': 'no-cache',
        vary: 'Origin, Accept-Encoding',
      });
    },
  );
});

describe('the form of a file', () => {
  test.each([
    ['', undefined],
    ['identity', undefined],
    ['gzip', 'gzip'],
    ['gzip, deflate, br, zstd', 'br'],
    ['br;q=0.5, gzip', 'gzip'],
    ['br;q=0, gzip;q=0', undefined],
    ['*', 'br'],
    ['*;q=0', undefined],
    ['br;q=0, *', 'gzip'],
    ['identity;q=1, br;q=0.5', undefined],
    ['BR', 'br'],
    ['br;q=much', undefined],
  ])('Accept-Encoding %j gets %s, with its length', async (accepted, coding) => {
    await built();
    const answer = await call('/client.js', { 'accept-encoding': accepted });
    expect(answer.headers['content-encoding']).toBe(coding);
    const bytes = answer.rawPayload;
    expect(answer.headers['content-length']).toBe(String(bytes.length));
    const text =
      coding === 'br' ? brotliDecompressSync(bytes) : coding === 'gzip' ? gunzipSync(bytes) : bytes;
    expect(text.toString()).toBe(script);
    if (coding !== undefined) expect(bytes.length).toBeLessThan(script.length / 2);
  });

  test('is packed once, with the first request for it, however many come together', async () => {
    await built();
    const file = (await read()).get('client.js');
    const [one, other] = await Promise.all([file?.packed?.('br'), file?.packed?.('br')]);
    expect(one).toBeInstanceOf(Buffer);
    expect(other).toBe(one);
    expect(await file?.packed?.('br')).toBe(one);
    expect(await file?.packed?.('gzip')).not.toBe(one);
  });

  test('has an ETag of its own, which is asked about instead of the bytes', async () => {
    await built();
    const tags: string[] = [];
    for (const coding of ['identity', 'gzip', 'br']) {
      const { headers } = await call('/client.js', { 'accept-encoding': coding });
      const tag = String(headers.etag);
      expect(tag).toMatch(/^"[0-9a-f]{64}[a-z-]*"$/);
      const again = await call('/client.js', { 'accept-encoding': coding, 'if-none-match': tag });
      expect([again.statusCode, again.body, again.headers.etag]).toEqual([304, '', tag]);
      tags.push(tag);
    }
    expect(new Set(tags).size).toBe(3);
    const other = await call('/client.js', { 'accept-encoding': 'br', 'if-none-match': String(tags[1]) });
    expect(other.statusCode).toBe(200);
  });

  test('HEAD is GET without the bytes', async () => {
    await built();
    for (const url of ['/', '/client.js', '/assets/page-1a.js']) {
      const [got, head] = [await call(url), await call(url, {}, 'HEAD')];
      expect(head.body).toBe('');
      for (const name of ['etag', 'content-length', 'content-type', 'cache-control', 'vary'])
        expect(head.headers[name], name).toBe(got.headers[name]);
    }
  });
});

describe('a server of which only the server was compiled', () => {
  test('shows the way to the documentation, and says how to build the client', async () => {
    http = await openHttp({ web: await read('not-there') });
    expect((await call('/')).body).toContain('href="/docs"');
    const client = await call('/client.js');
    expect([client.statusCode, client.json().detail]).toEqual([
      404,
      expect.stringContaining('npm run build'),
    ]);
    expect((await call('/favicon.ico')).statusCode).toBe(204);
  });
});

test('a folder that is too large stops the start', async () => {
  await writeFile(join(folder, 'large.js'), Buffer.alloc(33 * 1024 * 1024));
  await expect(read()).rejects.toThrow(/larger than/);
});
