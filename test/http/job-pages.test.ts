import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { problem } from '../../src/protocol/problem.js';
import { digest } from '../helpers/fake-job-service.js';
import { auth, body, type Fixture, json, openHttp } from '../helpers/http-fixture.js';

let http: Fixture;
const id = 'job_000000000000000000000001';
const pdf = Buffer.from('%PDF-1.7');
const second = Buffer.from('%PDF-1.6');
const files = [
  { name: 'split.json', contentType: 'application/json', bytes: Buffer.from('{}') },
  { name: 'chunk-001.pdf', contentType: 'application/pdf', bytes: pdf },
  { name: 'chunk-002.pdf', contentType: 'application/pdf', bytes: second },
];

beforeEach(async () => {
  http = await openHttp();
  await http.server.app.inject({ method: 'POST', url: '/api/v1/jobs', headers: json, payload: body });
});
afterEach(() => http.close());

const call = (path: string, headers: object = {}) =>
  http.server.app.inject({
    method: 'GET',
    url: `/api/v1/jobs/${id}/${path}`,
    headers: { ...auth, ...headers },
  });
const slug = (answer: { json(): { type: string } }) => answer.json().type.split('/').at(-1);

describe('the pages of the PDFs of a job', () => {
  test.each([
    ['pages.json', { view: 'sizes' }, 'application/json'],
    ['pages/7/text.json', { view: 'text', page: 7 }, 'application/json'],
    ['pages/7.png', { view: 'picture', page: 7, width: 960, format: 'png' }, 'image/png'],
    ['pages/7.jpg?width=100', { view: 'picture', page: 7, width: 160, format: 'jpg' }, 'image/jpeg'],
    ['pages/7.jpeg?width=160', { view: 'picture', page: 7, width: 160, format: 'jpg' }, 'image/jpeg'],
    ['pages/7.webp?width=9999', { view: 'picture', page: 7, width: 2560, format: 'webp' }, 'image/webp'],
    ['pages/sprite.webp', { view: 'sprite', from: 1 }, 'image/webp'],
    ['pages/sprite.json?from=51', { view: 'sprite', from: 51 }, 'application/json'],
  ])('%s is a view of the first PDF, to be cached as long as the job keeps it', async (path, view, type) => {
    http.service.complete(id, files, 1_700_000_160_000);
    const answer = await call(path);
    expect(answer.statusCode).toBe(200);
    expect(http.service.picturesAsked).toMatchObject([{ view, content: { blob: `blob-${digest(pdf)}` } }]);
    expect(answer.headers).toMatchObject({
      'content-type': type,
      'cache-control': 'private, max-age=60, immutable',
    });
    const etag = String(answer.headers.etag);
    expect(etag).toContain(digest(pdf));
    const again = await call(path, { 'if-none-match': etag });
    expect([again.statusCode, again.body]).toEqual([304, '']);
    expect(http.service.picturesAsked).toHaveLength(1);
  });

  test('the sheet and its map are two files of one view, each with an ETag of its own', async () => {
    http.service.complete(id, files);
    const [sheet, map] = [await call('pages/sprite.webp'), await call('pages/sprite.json')];
    expect([sheet.body, map.body]).toEqual(['sheet', 'map']);
    expect(sheet.headers.etag).not.toBe(map.headers.etag);
  });

  test('are those of an artifact that is named', async () => {
    http.service.complete(id, files);
    expect((await call('pages/1.png?artifact=chunk-002.pdf')).statusCode).toBe(200);
    expect(http.service.picturesAsked[0]?.content.blob).toBe(`blob-${digest(second)}`);
    for (const name of ['split.json', 'none.pdf'])
      expect(slug(await call(`pages/1.png?artifact=${name}`))).toBe('not-found');
  });

  test('are those of the PDF that was sent in, where the job has made none', async () => {
    expect(slug(await call('pages.json'))).toBe('not-found');
    http.service.sentPdf = { content: { blob: 'blob-sent' }, tag: 'f'.repeat(64) };
    const answer = await call('pages.json');
    expect(answer.statusCode).toBe(200);
    expect(http.service.picturesAsked[0]?.content.blob).toBe('blob-sent');
    // The job may still make one.
    expect(answer.headers['cache-control']).toBe('private, no-cache');
  });

  test.each([
    'pages/0.png',
    'pages/1.bmp',
    'pages/1.png?width=0',
    'pages/1.png?width=x',
    'pages/x/text.json',
  ])('%s is refused with a pointer', async (path) => {
    http.service.complete(id, files);
    expect((await call(path)).statusCode).toBe(422);
    expect(http.service.picturesAsked).toEqual([]);
  });

  test('are refused where the job is not there, has no result any more, or the page cannot be had', async () => {
    const other = await http.server.app.inject({
      method: 'GET',
      url: '/api/v1/jobs/job_000000000000000000000009/pages.json',
      headers: auth,
    });
    expect(slug(other)).toBe('not-found');
    http.service.complete(id, files);
    http.service.refusal = problem('not-found', 'The document has 4 pages.');
    expect((await call('pages/5.png')).json().detail).toBe('The document has 4 pages.');
  });
});
