import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { problem } from '../../src/protocol/problem.js';
import { digest } from '../helpers/fake-job-service.js';
import { auth, body, type Fixture, json, openHttp } from '../helpers/http-fixture.js';
import { RawConnection } from '../helpers/raw-http.js';

let http: Fixture;
const id = 'job_000000000000000000000001';
const pdf = Buffer.from('%PDF-1.7');
const files = [
  { name: 'split.json', contentType: 'application/json', bytes: Buffer.from('{}') },
  { name: 'chunk-001.pdf', contentType: 'application/pdf', bytes: pdf },
];

beforeEach(async () => {
  http = await openHttp();
  await http.server.app.inject({ method: 'POST', url: '/api/v1/jobs', headers: json, payload: body });
});
afterEach(() => http.close());

const call = (query = '', headers: object = {}, method: 'GET' | 'HEAD' = 'GET') =>
  http.server.app.inject({
    method,
    url: `/api/v1/jobs/${id}/thumbnail${query}`,
    headers: { ...auth, ...headers },
  });
const slug = (answer: { json(): { type: string } }) => answer.json().type.split('/').at(-1);

describe('GET thumbnail', () => {
  test('is a page of the first PDF, to be cached for as long as the result lives', async () => {
    http.service.complete(id, files, 1_700_000_160_000);
    const answer = await call('?page=2&width=480');
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toBe('page 2, 480 px');
    expect(answer.headers).toMatchObject({
      'content-type': 'image/png',
      'content-length': '14',
      etag: `"${digest(pdf)}-2-480"`,
      'cache-control': 'private, max-age=60, immutable',
    });
    expect(http.service.picturesAsked[0]?.content.blob).toBe(`blob-${digest(pdf)}`);
    expect((await call()).body).toBe('page 1, 240 px');
  });

  test('is not made for who has it', async () => {
    http.service.complete(id, files);
    const answer = await call('', { 'if-none-match': `"x", "${digest(pdf)}-1-240"` });
    expect([answer.statusCode, answer.body]).toEqual([304, '']);
    expect(answer.headers.etag).toBe(`"${digest(pdf)}-1-240"`);
    expect(http.service.picturesAsked).toEqual([]);
    expect((await call('?page=2', { 'if-none-match': `"${digest(pdf)}-1-240"` })).statusCode).toBe(200);
  });

  test('is not drawn for who has left while the job was looked up', async () => {
    http.service.complete(id, files);
    const url = await http.server.listen('127.0.0.1', 0);
    const look = http.service.job.bind(http.service);
    let find = () => {};
    const found = new Promise<void>((resolve) => {
      find = resolve;
    });
    let asked = false;
    http.service.job = async (...which) => {
      asked = true;
      await found;
      return look(...which);
    };
    let gone = false;
    http.server.app.server.on('request', (_request, response) => response.once('close', () => (gone = true)));
    const peer = new RawConnection(url);
    peer.write(
      `GET /api/v1/jobs/${id}/thumbnail HTTP/1.1\r\nHost: x\r\nAuthorization: ${auth.authorization}\r\n\r\n`,
    );
    await expect.poll(() => asked).toBe(true);
    peer.socket.destroy();
    await expect.poll(() => gone).toBe(true);
    find();
    await expect.poll(() => http.service.picturesAsked.length).toBe(1);
    expect(http.service.picturesAsked[0]?.signal.aborted).toBe(true);
  });

  test('HEAD says the same without the picture', async () => {
    http.service.complete(id, files);
    const answer = await call('', {}, 'HEAD');
    expect([answer.statusCode, answer.body]).toEqual([200, '']);
    expect(answer.headers).toMatchObject({ 'content-type': 'image/png', 'content-length': '14' });
  });

  test.each([
    ['page=0', '/page'],
    ['page=1.5', '/page'],
    ['width=15', '/width'],
    ['width=1201', '/width'],
    ['width=wide', '/width'],
  ])('?%s is 422 with a pointer', async (query, pointer) => {
    http.service.complete(id, files);
    const answer = await call(`?${query}`);
    expect([answer.statusCode, slug(answer)]).toEqual([422, 'validation-failed']);
    expect(answer.json().errors[0].pointer).toBe(pointer);
  });

  test('is refused as the result is', async () => {
    expect(slug(await call())).toBe('job-not-completed');
    http.service.complete(id, files.slice(0, 1));
    expect([(await call()).statusCode, (await call()).json().detail]).toEqual([
      404,
      'The job has no PDF among its artifacts.',
    ]);
    http.service.complete(id, files);
    http.service.change(id, { expired: true });
    expect([(await call()).statusCode, slug(await call())]).toEqual([410, 'result-expired']);
    expect((await call('', { authorization: 'Bearer bob-token' })).statusCode).toBe(404);
  });

  test('prints the problems of the service', async () => {
    http.service.complete(id, files);
    http.service.refusal = problem('queue-full', 'too many', { retryAfter: 1 });
    const answer = await call();
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1']);
    expect(answer.headers).not.toHaveProperty('etag');
  });
});
