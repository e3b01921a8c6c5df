import { request as send } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { problem } from '../../src/protocol/problem.js';
import { body, type Fixture, json, openHttp, token } from '../helpers/http-fixture.js';
import { RawConnection } from '../helpers/raw-http.js';

let http: Fixture;
beforeEach(async () => {
  http = await openHttp();
});
afterEach(() => http.close());

function post(url: string, headers: object = {}, payload = body) {
  return http.server.app.inject({ method: 'POST', url, headers: { ...json, ...headers }, payload });
}

const pdf = (name: string, text: string) => ({
  name,
  contentType: 'application/pdf',
  bytes: Buffer.from(text),
});
const jsonFile = (name: string, value: unknown) => ({
  name,
  contentType: 'application/json',
  bytes: Buffer.from(JSON.stringify(value)),
});

describe('POST /api/v1/preview', () => {
  const page = { name: 'page.png', contentType: 'image/png', bytes: Buffer.from('picture') };
  const facts = {
    page: 2,
    pages: 3,
    width: 210,
    height: 297,
    areas: [{ x: 1, y: 2, width: 3, height: 4, pointer: '/operations/0' }],
  };

  test('a page as a picture and where everything on it comes from, kept nowhere', async () => {
    http.service.render = async () => [page, jsonFile('preview.json', facts)];
    const answer = await post('/api/v1/preview?page=2&width=300');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.json().data).toEqual({ ...facts, image: Buffer.from('picture').toString('base64') });
    expect(http.service.submitted[0]).toMatchObject({
      owner: 'alice',
      kind: 'document',
      onlyKind: false,
      preview: { page: 2, width: 300 },
    });
    await expect.poll(() => http.service.disposed).toBe(1);
  });

  test('a request of a kind without pages is only checked; warnings come with it', async () => {
    http.service.render = async () => [];
    expect((await post('/api/v1/preview')).json().data).toEqual({});
    const warning = { code: 'unknown_member', message: 'titel is not known', pointer: '/titel' };
    http.service.renderedWarnings = [warning];
    expect((await post('/api/v1/preview')).json().data).toEqual({ warnings: [warning] });
  });

  test('what is wrong is told as for a job, and pages and widths are bounded', async () => {
    http.service.refusal = problem('validation-failed', 'no', {
      errors: [{ pointer: '/operations', message: 'is missing' }],
    });
    const answer = await post('/api/v1/preview');
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors).toEqual([{ pointer: '/operations', message: 'is missing' }]);
    for (const query of ['page=0', 'width=1201', 'width=x'])
      expect((await post(`/api/v1/preview?${query}`)).statusCode).toBe(422);
  });

  test('a caller that leaves stops the render', async () => {
    let stopped = false;
    let started = false;
    http.service.render = (signal) =>
      new Promise((_resolve, reject) => {
        started = true;
        signal.addEventListener('abort', () => {
          stopped = true;
          reject(new Error('stopped'));
        });
      });
    const url = await http.server.listen('127.0.0.1', 0);
    const request = send(`${url}/api/v1/preview`, { method: 'POST', headers: json });
    request.on('error', () => {});
    request.end(body);
    await expect.poll(() => started).toBe(true);
    request.destroy();
    await expect.poll(() => stopped).toBe(true);
  });
});

describe('POST /api/v1/render', () => {
  test('raw bytes of the document, kept nowhere', async () => {
    const answer = await post('/api/v1/render');
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toBe('%PDF-1.7 rendered');
    expect(answer.headers).toMatchObject({
      'content-type': 'application/pdf',
      'content-length': '17',
      'content-disposition': 'inline; filename="document.pdf"',
      'cache-control': 'no-store',
    });
    expect(http.service.submitted[0]).toMatchObject({ owner: 'alice', kind: 'document', onlyKind: false });
    await expect.poll(() => http.service.disposed).toBe(1);
  });

  test('warnings are a header in ASCII, as many as fit, and none is left out without a word', async () => {
    expect((await post('/api/v1/render')).headers).not.toHaveProperty('inkwire-warnings');
    const warning = { code: 'missing_glyph', message: 'No font has 한 "\n"', pointer: '/operations/0/text' };
    http.service.renderedWarnings = [warning];
    const one = String((await post('/api/v1/render')).headers['inkwire-warnings']);
    expect(one).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(one)).toEqual([warning]);
    http.service.renderedWarnings = Array.from({ length: 100 }, () => ({
      ...warning,
      message: '한'.repeat(600),
    }));
    const many = String((await post('/api/v1/render')).headers['inkwire-warnings']);
    expect(many.length).toBeLessThan(4_200);
    const told: unknown = JSON.parse(many);
    expect(told).toEqual([
      { ...warning, message: '한'.repeat(500) },
      { code: 'more_warnings', message: '99 more warnings' },
    ]);
  });

  test('problems of the service are printed', async () => {
    http.service.refusal = problem('render-failed', 'an image is broken');
    expect((await post('/api/v1/render')).statusCode).toBe(422);
    http.service.refusal = problem('queue-full', 'later');
    expect((await post('/api/v1/render')).headers['retry-after']).toBe('1');
  });

  test('504 past the limit; what comes late is thrown away', async () => {
    await http.close();
    http = await openHttp({ limits: { renderTimeoutMs: 5 } });
    let finish = () => {};
    let stopped: AbortSignal | undefined;
    http.service.render = (signal) => {
      stopped = signal;
      return new Promise((resolve) => {
        finish = () => resolve([pdf('a.pdf', 'late')]);
      });
    };
    const answer = await post('/api/v1/render');
    expect(answer.statusCode).toBe(504);
    expect(answer.json().type).toMatch(/request-timeout$/);
    expect(stopped?.aborted).toBe(true);
    expect(http.service.disposed).toBe(0);
    finish();
    await expect.poll(() => http.service.disposed).toBe(1);
  });

  test('a caller that leaves stops the render', async () => {
    let stopped = false;
    let started = false;
    http.service.render = (signal) =>
      new Promise((_resolve, reject) => {
        started = true;
        signal.addEventListener('abort', () => {
          stopped = true;
          reject(new Error('stopped'));
        });
      });
    const url = await http.server.listen('127.0.0.1', 0);
    const request = send(`${url}/api/v1/render`, { method: 'POST', headers: json });
    request.on('error', () => {});
    request.end(body);
    await expect.poll(() => started).toBe(true);
    request.destroy();
    await expect.poll(() => stopped).toBe(true);
  });

  test('a caller that leaves during the download leaves no file', async () => {
    http.service.render = async () => [{ ...pdf('a.pdf', ''), bytes: Buffer.alloc(32 * 1024 * 1024) }];
    const url = await http.server.listen('127.0.0.1', 0);
    const request = send(`${url}/api/v1/render`, { method: 'POST', headers: json }, (answer) => {
      answer.on('error', () => {});
      answer.once('data', () => request.destroy());
    });
    request.on('error', () => {});
    request.end(body);
    await expect.poll(() => http.service.disposed).toBe(1);
  });

  test('a failure is 500 and tells nothing', async () => {
    http.service.failure = new Error('secret path /etc/x');
    const answer = await post('/api/v1/render');
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('secret');
  });
});

describe('PDF tools', () => {
  test('extract-text answers with text.json', async () => {
    const text = { text: 'Grüße', page_count: 3, pages_processed: 3 };
    http.service.render = async () => [jsonFile('text.json', text)];
    const answer = await post('/api/v1/extract-text');
    expect(answer.json().data).toEqual(text);
    expect(http.service.submitted[0]).toMatchObject({ kind: 'extract_text', onlyKind: true });
    expect(http.service.disposed).toBe(1);
  });

  test('merge answers in base64', async () => {
    http.service.render = async () => [pdf('merged.pdf', '%PDF-m')];
    const answer = await post('/api/v1/merge');
    const pdf_data = Buffer.from('%PDF-m').toString('base64');
    expect(answer.json().data).toEqual({ pdf_data, page_count: 3, size_bytes: 6 });
  });

  test('merge answers in bytes to who asks for a PDF', async () => {
    http.service.render = async () => [pdf('merged.pdf', '%PDF-m')];
    const answer = await post('/api/v1/merge', { accept: 'application/pdf' });
    expect(answer.headers['content-type']).toBe('application/pdf');
    expect(answer.body).toBe('%PDF-m');
    await expect.poll(() => http.service.disposed).toBe(1);
  });

  test('split answers with the parts in the order of split.json', async () => {
    http.service.render = async () => [
      jsonFile('split.json', { chunks: ['chunk-001.pdf', 'chunk-002.pdf'], chunk_page_counts: [2, 1] }),
      pdf('chunk-002.pdf', 'two'),
      pdf('chunk-001.pdf', 'one'),
    ];
    const answer = await post('/api/v1/split');
    const chunks = ['one', 'two'].map((text) => Buffer.from(text).toString('base64'));
    expect(answer.json().data).toEqual({ chunks, chunk_page_counts: [2, 1] });
    expect(http.service.disposed).toBe(1);
  });

  test('warnings are in the answer and in the header, also beside bytes', async () => {
    const warning = { code: 'fields_renamed', message: 'a is a_2', pointer: '/pdf_files/1' };
    const files: Readonly<Record<string, readonly ReturnType<typeof pdf>[]>> = {
      merge: [pdf('merged.pdf', '%PDF-m')],
      split: [
        jsonFile('split.json', { chunks: ['chunk-001.pdf'], chunk_page_counts: [1] }),
        pdf('chunk-001.pdf', 'one'),
      ],
      'extract-text': [jsonFile('text.json', { text: '', page_count: 1, pages_processed: 1 })],
    };
    http.service.renderedWarnings = [warning];
    for (const [route, made] of Object.entries(files)) {
      http.service.render = async () => [...made];
      const answer = await post(`/api/v1/${route}`);
      expect(answer.json().data.warnings).toEqual([warning]);
      expect(JSON.parse(String(answer.headers['inkwire-warnings']))).toEqual([warning]);
    }
    http.service.render = async () => [pdf('merged.pdf', '%PDF-m')];
    const raw = await post('/api/v1/merge', { accept: 'application/pdf' });
    expect(JSON.parse(String(raw.headers['inkwire-warnings']))).toEqual([warning]);
  });

  test('files that are not what the route knows are a defect, and go all the same', async () => {
    http.service.render = async () => [];
    expect((await post('/api/v1/split')).statusCode).toBe(500);
    expect(http.service.disposed).toBe(1);
  });
});

describe('work for waiting callers that would find no place', () => {
  const paths = [
    '/api/v1/render',
    '/api/v1/preview',
    '/api/v1/designs/preview',
    '/api/v1/designs/dsn_0/preview',
    '/api/v1/extract-text',
    '/api/v1/merge',
    '/api/v1/split',
    '/api/v1/packages',
  ];

  test.each(paths)('is refused before its body is read: %s', async (path) => {
    http.service.noPlace = problem('queue-full', 'All places are taken', { retryAfter: 7 });
    const caller = new RawConnection(await http.server.listen('127.0.0.1', 0));
    caller.write(
      `POST ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 30000\r\n\r\n',
    );
    const { status, headers } = await caller.next();
    expect([status, headers['retry-after']]).toEqual([503, '7']);
    expect(http.service.submitted).toEqual([]);
    caller.socket.destroy();
  });

  test('who is refused so can go on with the connection', async () => {
    const caller = new RawConnection(await http.server.listen('127.0.0.1', 0));
    const post =
      `POST /api/v1/render HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    http.service.noPlace = problem('queue-full', 'All places are taken', { retryAfter: 1 });
    caller.write(post);
    expect((await caller.next()).status).toBe(503);
    http.service.noPlace = undefined;
    http.service.render = async () => [pdf('a.pdf', '%PDF-1.7')];
    caller.write(post);
    expect((await caller.next()).status).toBe(200);
    caller.socket.destroy();
  });
});
