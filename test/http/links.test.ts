import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { auth, body, type Fixture, json, openHttp } from '../helpers/http-fixture.js';

let http: Fixture;
const id = 'job_000000000000000000000001';
/** The clock of the fixture. */
const start = 1_700_000_100_000;
const bytes = Buffer.from('0123456789');

beforeEach(async () => {
  http = await openHttp();
  await http.server.app.inject({ method: 'POST', url: '/api/v1/jobs', headers: json, payload: body });
});
afterEach(() => http.close());

function complete(): void {
  http.service.complete(
    id,
    [
      { name: 'rechnung.pdf', contentType: 'application/pdf', bytes },
      { name: 'ü log.txt', contentType: 'text/plain', bytes: Buffer.from('log') },
    ],
    start + 3_600_000,
  );
}

const make = (asked?: object, job = id, headers: object = json) =>
  http.server.app.inject({
    method: 'POST',
    url: `/api/v1/jobs/${job}/links`,
    ...(asked === undefined
      ? { headers: auth }
      : { headers: { ...headers }, payload: JSON.stringify(asked) }),
  });
const read = (url: string, method: 'GET' | 'HEAD' = 'GET', headers: Record<string, string> = {}) =>
  http.server.app.inject({ method, url, headers });
const linkOf = async (asked?: object): Promise<string> => (await make(asked)).json().data.url;

describe('a link', () => {
  test('shows the result to whoever has it, without a key, and tells no referrer', async () => {
    complete();
    const made = await make({ expires_in: 60 });
    expect(made.statusCode).toBe(201);
    expect(made.json().data.expires_at).toBe(new Date(start + 60_000).toISOString());
    for (const method of ['GET', 'HEAD'] as const) {
      const answer = await read(made.json().data.url, method);
      expect(answer.statusCode).toBe(200);
      expect(answer.body).toBe(method === 'GET' ? '0123456789' : '');
      expect(answer.headers).toMatchObject({
        'content-type': 'application/pdf',
        'content-disposition': 'inline; filename="rechnung.pdf"',
        'cache-control': 'private, no-cache',
        'referrer-policy': 'no-referrer',
      });
      // An iframe of another origin may show it.
      expect(answer.headers).not.toHaveProperty('x-frame-options');
      expect(`${answer.headers['content-security-policy']}`).not.toContain('frame-ancestors');
    }
    const part = await read(made.json().data.url, 'GET', { range: 'bytes=2-4' });
    expect([part.statusCode, part.body]).toEqual([206, '234']);
  });

  test('is for the artifact that it names, whatever name stands at its end', async () => {
    complete();
    const url = await linkOf({ artifact: 'ü log.txt' });
    expect(url).toMatch(/\/%C3%BC%20log\.txt$/);
    expect((await read(url)).body).toBe('log');
    expect((await read(url.replace(/[^/]*$/, 'rechnung.pdf'))).body).toBe('log');
  });

  test.each(['x', 'ü', '紙'])('is for an artifact whose name is 255 times %s', async (letter) => {
    const name = letter.repeat(255);
    http.service.complete(id, [{ name, contentType: 'text/plain', bytes }], start + 3_600_000);
    const { statusCode, body } = await read(await linkOf({ artifact: name }));
    expect([statusCode, body]).toEqual([200, '0123456789']);
  });

  test('answers 409 until the job has ended', async () => {
    const url = await linkOf();
    const early = await read(url);
    expect([early.statusCode, early.headers['retry-after']]).toEqual([409, '2']);
    complete();
    expect((await read(url)).statusCode).toBe(200);
  });

  test('stands in no line of the log: whoever reads one could use it', async () => {
    const url = await linkOf();
    const [, secret = ''] = /links\/([^/]+)/.exec(url) ?? [];
    // Refused, so that there is a line; it works later.
    expect((await read(url)).statusCode).toBe(409);
    const paths = http.lines.map((line): unknown => JSON.parse(line).path);
    expect(paths).toContain('/api/v1/links/:token/:name');
    expect(http.lines.join()).not.toContain(secret);
  });

  test.each([
    ['GET', '', 404],
    ['GET', '/rechnung.pdf/x', 404],
    ['POST', '/rechnung.pdf', 405],
  ] as const)(
    'stands in no line either where %s with %j behind its token has no route',
    async (method, rest, status) => {
      const [start = '', secret = ''] = /^.*links\/([^/]+)/.exec(await linkOf()) ?? [];
      const { statusCode } = await http.server.app.inject({ method, url: `${start}${rest}` });
      expect(statusCode).toBe(status);
      expect(http.lines.join()).toContain(`"status":${status}`);
      expect(http.lines.join()).not.toContain(secret);
    },
  );

  test('is dead after its time', async () => {
    complete();
    const url = await linkOf({ expires_in: 60 });
    http.tick(59_999);
    expect((await read(url)).statusCode).toBe(200);
    http.tick(1);
    expect((await read(url)).statusCode).toBe(404);
  });

  test('is dead when the job was deleted', async () => {
    complete();
    const url = await linkOf();
    await http.server.app.inject({ method: 'DELETE', url: `/api/v1/jobs/${id}`, headers: json });
    expect((await read(url)).statusCode).toBe(404);
  });

  test('is dead when the key that made it is', async () => {
    complete();
    const { token, key } = await http.keys.make({ owner: 'alice', scopes: ['jobs:read'] });
    const made = await make({}, id, { authorization: `Bearer ${token}`, 'content-type': 'application/json' });
    const { url } = made.json().data;
    expect((await read(url)).statusCode).toBe(200);
    await http.keys.put({ ...key, disabledAt: 1 });
    expect((await read(url)).statusCode).toBe(404);
  });

  test('that was changed stands for nothing', async () => {
    complete();
    const url = await linkOf();
    const [, token = ''] = /links\/([^/]+)/.exec(url) ?? [];
    const [time = '', subject = '', mac = ''] = token.split('.');
    const other = Buffer.from(Buffer.from(subject, 'base64url').toString().replace('0001', '0002')).toString(
      'base64url',
    );
    for (const wrong of [
      `${time}z.${subject}.${mac}`,
      `${time}.${other}.${mac}`,
      `${time}.${subject}.${mac.slice(0, -2)}AA`,
      'x',
      'a'.repeat(4_000),
    ]) {
      const answer = await read(`/api/v1/links/${wrong}/x`);
      expect([wrong.slice(0, 40), answer.statusCode]).toEqual([wrong.slice(0, 40), 404]);
    }
  });

  test.each([
    [{ expires_in: 0 }, '/expires_in'],
    [{ expires_in: 86_401 }, '/expires_in'],
    [{ expires_in: '60' }, '/expires_in'],
    [{ expires_in: 1.5 }, '/expires_in'],
    [{ artifact: 7 }, '/artifact'],
    [{ artifact: 'x'.repeat(256) }, '/artifact'],
    [{ expires: 60 }, ''],
  ])('is not made of %j', async (asked, pointer) => {
    const answer = await make(asked);
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors[0].pointer).toBe(pointer);
  });

  test('is not made of what is no JSON, nor of a job that is not there, nor without a key', async () => {
    const broken = await http.server.app.inject({
      method: 'POST',
      url: `/api/v1/jobs/${id}/links`,
      headers: json,
      payload: '{',
    });
    expect(broken.statusCode).toBe(400);
    expect((await make({}, 'job_000000000000000000000009')).statusCode).toBe(404);
    expect((await make({}, id, {})).statusCode).toBe(401);
  });
});
