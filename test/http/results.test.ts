import { get } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digest } from '../helpers/fake-job-service.js';
import { auth, body, type Fixture, json, openHttp } from '../helpers/http-fixture.js';

let http: Fixture;
const id = 'job_000000000000000000000001';
const bytes = Buffer.from('0123456789');
const etag = `"${digest(bytes)}"`;
const base = `/api/v1/jobs/${id}`;

beforeEach(async () => {
  http = await openHttp();
  await http.server.app.inject({ method: 'POST', url: '/api/v1/jobs', headers: json, payload: body });
});
afterEach(() => http.close());

function complete() {
  http.service.complete(
    id,
    [
      { name: 'résumé.pdf', contentType: 'application/pdf', bytes },
      { name: 'log.svg', contentType: 'image/svg+xml', bytes: Buffer.from('<svg/>') },
      { name: 'empty.txt', contentType: 'text/plain', bytes: Buffer.alloc(0) },
    ],
    1_700_000_160_000,
  );
}

function call(method: 'GET' | 'HEAD', url: string, headers: object = {}) {
  return http.server.app.inject({ method, url, headers: { ...auth, ...headers } });
}

describe('the result', () => {
  test.each(['GET', 'HEAD'] as const)('%s', async (method) => {
    complete();
    const answer = await call(method, `${base}/result`);
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toBe(method === 'GET' ? '0123456789' : '');
    expect(answer.headers).toMatchObject({
      'content-type': 'application/pdf',
      'content-length': '10',
      etag,
      'accept-ranges': 'bytes',
      'cache-control': 'private, max-age=60, immutable',
      'content-disposition': 'inline; filename="r_sum_.pdf"; filename*=UTF-8\'\'r%C3%A9sum%C3%A9.pdf',
      'repr-digest': `sha-256=:${Buffer.from(digest(bytes), 'hex').toString('base64')}:`,
      'x-content-type-options': 'nosniff',
    });
    expect(http.service.opened).toHaveLength(method === 'GET' ? 1 : 0);
  });

  test('other artifacts are found by name; what could run scripts is never shown', async () => {
    complete();
    const answer = await call('GET', `${base}/artifacts/log.svg`);
    expect(answer.body).toBe('<svg/>');
    expect(answer.headers['content-disposition']).toBe('attachment; filename="log.svg"');
    expect(answer.headers['content-security-policy']).toMatch(/sandbox/);
    expect((await call('GET', `${base}/artifacts/r%C3%A9sum%C3%A9.pdf`)).body).toBe('0123456789');
    expect((await call('GET', `${base}/artifacts/none`)).statusCode).toBe(404);
    const empty = await call('GET', `${base}/artifacts/empty.txt`);
    expect([empty.statusCode, empty.headers['content-length'], empty.body]).toEqual([200, '0', '']);
  });

  test.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['bytes=0-0,5-6', 200, '0123456789', undefined],
    ['bytes=10-', 416, undefined, 'bytes */10'],
    ['lines=1-2', 200, '0123456789', undefined],
  ])('Range: %s is %i', async (range, status, text, contentRange) => {
    complete();
    const answer = await call('GET', `${base}/result`, { range });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-range']).toBe(contentRange);
    if (text !== undefined) {
      expect(answer.body).toBe(text);
      expect(answer.headers['content-length']).toBe(String(text.length));
      expect(answer.headers.etag).toBe(etag);
    } else {
      expect(answer.json().type).toMatch(/range-not-satisfiable$/);
    }
  });

  test.each([
    [etag, 206],
    ['"other"', 200],
    [`W/${etag}`, 200],
    ['Wed, 21 Oct 2015 07:28:00 GMT', 200],
  ])('If-Range: %s is %i', async (ifRange, status) => {
    complete();
    const answer = await call('GET', `${base}/result`, { range: 'bytes=1-2', 'if-range': ifRange });
    expect(answer.statusCode).toBe(status);
  });

  test('HEAD ignores Range', async () => {
    complete();
    const answer = await call('HEAD', `${base}/result`, { range: 'bytes=1-2' });
    expect([answer.statusCode, answer.headers['content-length']]).toEqual([200, '10']);
  });

  test('conditions are judged before anything is opened', async () => {
    complete();
    const same = await call('GET', `${base}/result`, { 'if-none-match': etag, range: 'bytes=99-' });
    expect([same.statusCode, same.body, same.headers.etag]).toEqual([304, '', etag]);
    expect((await call('GET', `${base}/result`, { 'if-match': '"other"' })).statusCode).toBe(412);
    expect((await call('GET', `${base}/result`, { 'if-match': etag })).statusCode).toBe(200);
    expect(http.service.opened).toHaveLength(1);
  });

  test.each(['pending', 'running', 'failed', 'cancelled'] as const)('of a %s job is 409', async (status) => {
    http.service.change(id, { status });
    for (const path of ['result', 'artifacts/x.pdf']) {
      const answer = await call('GET', `${base}/${path}`);
      expect(answer.statusCode).toBe(409);
      expect(answer.json().type).toMatch(/job-not-completed$/);
      expect(answer.json().detail).toContain(status);
    }
  });

  test('past its retention is 410', async () => {
    complete();
    http.service.change(id, { expired: true });
    const answer = await call('GET', `${base}/result`);
    expect([answer.statusCode, answer.headers['cache-control']]).toEqual([410, 'no-store']);
  });

  test('that goes while it is asked for is 410 or 404, never 500', async () => {
    complete();
    const { read } = http.service;
    http.service.read = async (blob, range) => {
      http.service.blobs.clear();
      http.service.change(id, { expired: true });
      return read.call(http.service, blob, range);
    };
    const answer = await call('GET', `${base}/result`);
    expect(answer.statusCode).toBe(410);
    expect(answer.headers).not.toHaveProperty('etag');
  });

  test('D22 whose file the operator has lost is 410 with a name of its own, and told in the log', async () => {
    complete();
    http.service.blobs.clear();
    const answer = await call('GET', `${base}/result`);
    expect(answer.statusCode).toBe(410);
    expect(answer.json()).toMatchObject({ type: expect.stringMatching(/result-missing$/), status: 410 });
    expect(answer.body).not.toContain('blob');
    expect(http.lines.join('')).toContain('no such blob');
  });

  test('a caller that leaves in the middle leaves nothing open', async () => {
    http.service.complete(id, [
      { name: 'big.pdf', contentType: 'application/pdf', bytes: Buffer.alloc(64 * 1024 * 1024) },
    ]);
    const url = await http.server.listen('127.0.0.1', 0);
    await new Promise<void>((resolve) => {
      const request = get(`${url}${base}/result`, { headers: auth }, (answer) => {
        answer.once('data', () => {
          request.destroy();
          resolve();
        });
        answer.on('error', () => {});
      });
      request.on('error', () => {});
    });
    const [stream] = http.service.opened;
    await expect.poll(() => stream?.destroyed).toBe(true);
    expect(stream?.readableEnded).toBe(false);
  });

  test('a caller that leaves before it is opened leaves nothing open', async () => {
    complete();
    const { read } = http.service;
    let go = () => {};
    const asked = new Promise<void>((resolve) => {
      http.service.read = async (blob, range) => {
        resolve();
        await new Promise<void>((open) => {
          go = open;
        });
        return read.call(http.service, blob, range);
      };
    });
    const url = await http.server.listen('127.0.0.1', 0);
    const request = get(`${url}${base}/result`, { headers: auth });
    request.on('error', () => {});
    await asked;
    request.destroy();
    await expect.poll(() => http.connections()).toBe(0);
    go();
    await expect.poll(() => http.service.opened[0]?.destroyed).toBe(true);
    expect(http.service.opened).toHaveLength(1);
  });
});

describe('the artifacts of a job', () => {
  const url = `${base}/artifacts`;
  const names = (text: string): readonly string[] =>
    JSON.parse(text).data.artifacts.map(({ name }: { name: string }) => name);

  test('are listed in their order, a page at a time', async () => {
    complete();
    const first = await call('GET', `${url}?limit=2`);
    expect(first.headers['cache-control']).toBe('no-store');
    expect(JSON.parse(first.body).data).toMatchObject({ artifact_count: 3, next_from: 2 });
    expect(names(first.body)).toEqual(['résumé.pdf', 'log.svg']);
    const second = await call('GET', `${url}?limit=2&from=2`);
    expect(names(second.body)).toEqual(['empty.txt']);
    expect(JSON.parse(second.body).data).not.toHaveProperty('next_from');
    expect(JSON.parse(second.body).data.artifacts[0]).toMatchObject({
      size_bytes: 0,
      url: `${base}/artifacts/empty.txt`,
    });
  });

  test('can be had while the job runs, and its result cannot', async () => {
    http.service.start(id, [{ name: 'row 1.pdf', contentType: 'application/pdf', bytes }]);
    expect((await call('GET', `${url}/row%201.pdf`)).body).toBe('0123456789');
    expect(names((await call('GET', url)).body)).toEqual(['row 1.pdf']);
    expect((await call('GET', `${base}/result`)).statusCode).toBe(409);
    expect((await call('GET', `${url}/row%202.pdf`)).statusCode).toBe(409);
  });

  test('of nobody, of another owner and of a job without any are not there', async () => {
    expect((await call('GET', '/api/v1/jobs/job_00000000000000000000000f/artifacts')).statusCode).toBe(404);
    expect(names((await call('GET', url)).body)).toEqual([]);
    expect((await call('GET', `${url}?limit=0`)).statusCode).toBe(422);
    expect((await call('GET', `${url}?from=-1`)).statusCode).toBe(422);
  });
});
