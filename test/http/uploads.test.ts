import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { problem } from '../../src/protocol/problem.js';
import { LoopTurns } from '../../src/shares/loop-turns.js';
import type { FormPart, SubmitRequest } from '../../src/work/service.js';
import { type Fixture, type FixtureOptions, openHttp } from '../helpers/http-fixture.js';
import { type RawAnswer, RawConnection } from '../helpers/raw-http.js';

/** What comes over the socket of a caller that follows no rules but those that a test tells it. */

let http: Fixture;
let url = '';
const connections: RawConnection[] = [];

async function open(options: FixtureOptions = {}): Promise<void> {
  http = await openHttp(options);
  url = await http.server.listen('127.0.0.1', 0);
}

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.socket.destroy();
  await http.close();
});

function connect(): RawConnection {
  const connection = new RawConnection(url);
  connections.push(connection);
  return connection;
}

const boundary = 'x-y-z';
const form = `multipart/form-data; boundary=${boundary}`;

function head(length: number | 'chunked', more: Readonly<Record<string, string>> = {}): string {
  const fields: Readonly<Record<string, string>> = {
    Host: 'localhost',
    Authorization: 'Bearer alice-token',
    'Content-Type': form,
    ...(length === 'chunked' ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': String(length) }),
    ...more,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /api/v1/jobs HTTP/1.1\r\n${lines.join('')}\r\n`;
}

async function send(body: string | Buffer, more: Readonly<Record<string, string>> = {}): Promise<RawAnswer> {
  const connection = connect();
  const bytes = Buffer.from(body);
  connection.write(head(bytes.length, more));
  connection.write(bytes);
  const answer = await connection.next();
  // Whatever was in the body, the next request on the connection is read from its beginning.
  connection.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  expect((await connection.next()).status).toBe(200);
  return answer;
}

/** A part; with a file name a file. */
function part(name: string, value: string, fileName?: string, more = ''): string {
  const file = fileName === undefined ? '' : `; filename="${fileName}"`;
  return `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n${more}\r\n${value}\r\n`;
}

const end = `--${boundary}--\r\n`;

interface Told {
  readonly status: number;
  readonly slug?: string;
  readonly detail?: string;
  readonly pointer?: string;
}

function told({ status, body, headers }: RawAnswer): Told {
  const document = JSON.parse(body);
  if (status < 400) return { status };
  expect(headers['content-type']).toBe('application/problem+json');
  return { status, slug: String(document.type).split('/').at(-1) ?? '', detail: document.detail };
}

function formOf(request: SubmitRequest | undefined): readonly FormPart[] {
  if (request === undefined || !('form' in request.body)) throw new Error('no form was submitted');
  return request.body.form;
}

/** The parts of the last submit, with the bytes that their files had at that moment. */
function watchSubmits(): readonly (readonly [name: string, value: string])[][] {
  const seen: (readonly [string, string])[][] = [];
  const submit = http.service.submit.bind(http.service);
  vi.spyOn(http.service, 'submit').mockImplementation(async (request) => {
    const parts = formOf(request).map(async (one) => {
      const text = 'text' in one ? one.text : await readFile(one.file.path, 'latin1');
      return [one.name, text] as const;
    });
    seen.push(await Promise.all(parts));
    return submit(request);
  });
  return seen;
}

const left = () => http.aside();

describe('a form of POST /api/v1/jobs', () => {
  test('is its parts in order: files on the disk with what is known of them, the others as text', async () => {
    await open();
    const seen = watchSubmits();
    const content = `%PDF-1.7\r\n--${boundary.slice(0, -1)}\r\n\0\xff binary`;
    const type = 'Content-Type: application/pdf\r\n';
    const body = Buffer.from(
      part('kind', 'merge') +
        part('pdf_files', content, 'C:\\\\docs\\\\a b.pdf', type) +
        part('request', '{"group":"g"}', 'request.json', 'Content-Type: application/json\r\n') +
        part('pdf_files', content, undefined, type) +
        part('empty', '') +
        end,
      'latin1',
    );
    const answer = await send(body);
    expect([answer.status, answer.headers.location]).toEqual([
      201,
      expect.stringMatching(/^\/api\/v1\/jobs\//),
    ]);
    expect(seen).toEqual([
      [
        ['kind', 'merge'],
        ['pdf_files', content],
        ['request', '{"group":"g"}'],
        ['pdf_files', content],
        ['empty', ''],
      ],
    ]);
    const bytes = Buffer.from(content, 'latin1');
    const [, first, , second] = formOf(http.service.submitted[0]);
    const file = {
      sizeBytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      contentType: 'application/pdf',
      head: Uint8Array.from(bytes),
    };
    expect(first).toMatchObject({ file: { ...file, fileName: 'a b.pdf' } });
    expect(second).toMatchObject({ file: { ...file, fileName: undefined } });
    expect(await left()).toEqual([]);
  });

  test('may come in the smallest pieces, chunked, with a preamble and an epilogue', async () => {
    await open();
    const seen = watchSubmits();
    const content = 'a\r\n--x-y-\r\n-\r\n--x-y-Z';
    const body = `preamble\r\n${part('pdf_data', content, 'a')}${part('t', 'ü')}${end}epilogue`;
    const connection = connect();
    connection.write(head('chunked'));
    for (const byte of Buffer.from(body)) {
      connection.write(Buffer.concat([Buffer.from('1\r\n'), Buffer.from([byte]), Buffer.from('\r\n')]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    connection.write('0\r\n\r\n');
    expect((await connection.next()).status).toBe(201);
    expect(seen).toEqual([
      [
        ['pdf_data', content],
        ['t', 'ü'],
      ],
    ]);
  });

  test('is for the routes that take it; the others take JSON alone', async () => {
    await open();
    for (const path of ['/api/v1/merge', '/api/v1/render', '/api/v1/tickets']) {
      const headers = { authorization: 'Bearer alice-token', 'content-type': form };
      const answer = await http.server.app.inject({ method: 'POST', url: path, headers, payload: end });
      expect([path, answer.statusCode]).toEqual([path, path === '/api/v1/tickets' ? 404 : 415]);
    }
    for (const type of ['multipart/mixed; boundary=x', 'application/x-www-form-urlencoded', 'text/plain'])
      expect(told(await send('x', { 'Content-Type': type }))).toMatchObject({ status: 415 });
    expect(told(await send(part('a', 'b') + end, { 'Content-Encoding': 'gzip' }))).toMatchObject({
      status: 415,
      slug: 'unsupported-media-type',
    });
    expect(http.service.submitted).toEqual([]);
  });

  test('leaves no file when the job is refused, fails, or was made before', async () => {
    await open();
    const body = part('pdf_data', 'x', 'a.pdf') + end;
    http.service.refusal = problem('validation-failed', 'no');
    expect(told(await send(body))).toMatchObject({ status: 422 });
    http.service.refusal = undefined;
    http.service.failure = new Error('defect');
    expect(told(await send(body))).toMatchObject({ status: 500 });
    http.service.failure = undefined;
    expect(told(await send(body, { 'Idempotency-Key': '' }))).toMatchObject({ status: 400 });
    expect(told(await send(body))).toMatchObject({ status: 201 });
    expect(await left()).toEqual([]);
  });

  test('is asked for when the caller waits for that, and not before it is known', async () => {
    await open({ limits: { maxUploads: 1 } });
    const body = part('pdf_data', 'x', 'a.pdf') + end;
    const patient = connect();
    patient.write(head(body.length, { Expect: '100-continue' }));
    expect((await patient.next()).status).toBe(100);
    const second = connect();
    second.write(head(body.length, { Expect: '100-continue' }));
    expect(told(await second.next())).toMatchObject({ status: 503, slug: 'queue-full' });
    patient.write(body);
    expect((await patient.next()).status).toBe(201);
    const stranger = connect();
    stranger.write(head(body.length, { Expect: '100-continue', Authorization: 'Bearer nobody' }));
    expect((await stranger.next()).status).toBe(401);
  });
});

describe('a broken form is refused with 400, and leaves nothing', () => {
  const whole = part('kind', 'split') + part('pdf_data', 'content', 'a.pdf');
  const broken = async (body: string, headers?: Readonly<Record<string, string>>): Promise<void> => {
    await open();
    const answer = told(await send(Buffer.from(body, 'latin1'), headers));
    expect(answer).toMatchObject({ status: 400, slug: 'malformed-request', detail: expect.any(String) });
    expect(http.service.submitted).toEqual([]);
    expect(await left()).toEqual([]);
  };

  test.each([
    ['no boundary', 'multipart/form-data'],
    ['an empty boundary', 'multipart/form-data; boundary='],
    ['another boundary', 'multipart/form-data; boundary=q'],
  ])('%s in its type', (_what, type) => broken(whole + end, { 'Content-Type': type }));

  test.each([
    ['empty', ''],
    ['of no parts', end],
    ['without its last boundary', whole],
    ['cut in a part', whole.slice(0, -20)],
    ['cut in the header of a part', whole.slice(0, 30)],
    ['cut in its last boundary', whole + end.slice(0, -5)],
    ['of garbage', randomBytes(4096).toString('latin1')],
    [
      'with a part without a name',
      `${whole}--${boundary}\r\nContent-Disposition: form-data\r\n\r\nx\r\n${end}`,
    ],
    ['with a part with an empty name', whole + part('', 'x') + end],
    [
      'with a part without a disposition',
      `${whole}--${boundary}\r\nContent-Type: text/plain\r\n\r\nx\r\n${end}`,
    ],
    ['with a part of another disposition', whole + part('x', 'y').replace('form-data', 'attachment') + end],
    ['with a part without header fields', `${whole}--${boundary}\r\n\r\nx\r\n${end}`],
    [
      'with a part whose header does not end',
      `${whole}--${boundary}\r\nContent-Disposition: form-data; name="a"\r\n${end}`,
    ],
    ['with a part of nothing', `${whole}--${boundary}\r\n${end}`],
    ['with a line break in a name', whole + part('a\nb', 'x') + end],
    ['with NUL in a name', whole + part('a\0b', 'x') + end],
    ['with NUL in a file name', whole + part('a', 'x', 'b\0.pdf') + end],
    ['with the name of something that every object has', whole + part('__proto__', 'x') + end],
    ['with a part in base64', whole + part('a', 'eA==', 'f', 'Content-Transfer-Encoding: base64\r\n') + end],
    ['with text that is no UTF-8', `${whole}${part('a', '\xff')}${end}`],
  ])('%s', (_what, body) => broken(body));

  test('no byte more or less makes anything but a refusal or another form, at once', async () => {
    await open();
    const body = part('a', 'b') + part('pdf_data', '%PDF', 'a.pdf') + end;
    const inject = http.server.app.inject.bind(http.server.app);
    const statuses = new Set<number>();
    for (let at = 0; at < body.length; at += 1) {
      for (const changed of [
        body.slice(0, at),
        body.slice(0, at) + body.slice(at + 1),
        `${body.slice(0, at)}\r${body.slice(at)}`,
      ]) {
        const headers = { authorization: 'Bearer alice-token', 'content-type': form };
        const { statusCode } = await inject({
          method: 'POST',
          url: '/api/v1/jobs',
          headers,
          payload: changed,
        });
        statuses.add(statusCode);
      }
    }
    expect([...statuses].sort()).toEqual([201, 400]);
    expect(await left()).toEqual([]);
  });
});

describe('bounds of a form', () => {
  const kilobytes = (count: number): string => 'x'.repeat(count * 1024);

  test('413 when it is announced to be too large, before any of it is read', async () => {
    await open();
    const connection = connect();
    connection.write(head(1024 * 1024 + 1));
    expect(told(await connection.next())).toEqual({
      status: 413,
      slug: 'payload-too-large',
      detail: 'The body may have 1048576 bytes.',
    });
    // JSON has its own bound.
    const json = connect();
    json.write(head(64 * 1024 + 1, { 'Content-Type': 'application/json' }));
    expect(told(await json.next())).toMatchObject({ status: 413, detail: 'The body may have 65536 bytes.' });
  });

  test.each([
    [
      'in its files',
      part('a', kilobytes(400), 'a') + part('b', kilobytes(400), 'b') + part('c', kilobytes(400), 'c'),
    ],
    ['before its parts', kilobytes(1100)],
    ['in a part that is none', `--${boundary}\r\nX: y\r\n\r\n${kilobytes(1100)}\r\n`],
  ])('413 when it is too large %s, and did not say so', async (_where, body) => {
    await open();
    const connection = connect();
    connection.write(head('chunked'));
    const bytes = body + end;
    connection.write(`${bytes.length.toString(16)}\r\n${bytes}\r\n0\r\n\r\n`);
    expect(told(await connection.next())).toEqual({
      status: 413,
      slug: 'payload-too-large',
      detail: 'An upload may have 1048576 bytes.',
    });
    expect(await left()).toEqual([]);
  });

  test('413 for one file, for all text, and for the number of parts', async () => {
    await open();
    expect(told(await send(part('a', kilobytes(512), 'a') + end)).status).toBe(201);
    expect(told(await send(part('a', `${kilobytes(512)}x`, 'a') + part('b', 'c') + end))).toMatchObject({
      status: 413,
      detail: 'A file of an upload may have 524288 bytes.',
    });
    const text = part('a', kilobytes(64)) + part('b', kilobytes(63));
    expect(told(await send(text + part('c', kilobytes(1)) + end)).status).toBe(201);
    expect(told(await send(`${text}${part('c', `${kilobytes(1)}x`)}${end}`))).toMatchObject({
      status: 413,
      detail: expect.stringContaining('text parts'),
    });
    const small = Array.from({ length: 1000 }, (_, n) => part(`p${n}`, 'x')).join('');
    expect(told(await send(small + end)).status).toBe(201);
    expect(told(await send(small + part('p', 'x') + end))).toMatchObject({
      status: 413,
      detail: 'A form may have 1000 parts.',
    });
    const files = Array.from({ length: 10_000 }, (_, n) => part(`p${n}`, '', 'f')).join('');
    expect(files.length).toBeLessThan(1024 * 1024);
    expect(told(await send(files + end))).toMatchObject({
      status: 413,
      detail: 'A form may have 1000 parts.',
    });
    expect(await left()).toEqual([]);
  });

  test('text is whole however long it may be: 2 MiB of it are neither cut nor parsed', async () => {
    const mib = 1024 * 1024;
    await open({ limits: { maxUploadBytes: 8 * mib, maxFormTextBytes: 4 * mib } });
    const seen = watchSubmits();
    const text = `[${'1,'.repeat(mib - 1)}1]`;
    const type = 'Content-Type: application/json\r\n';
    expect(told(await send(part('rows', text, undefined, type) + end)).status).toBe(201);
    expect(seen[0]?.[0]?.[1] === text).toBe(true);
  });

  test('422 for names that are too long', async () => {
    await open();
    expect(told(await send(part('a'.repeat(128), 'x', 'f'.repeat(255)) + end)).status).toBe(201);
    expect(told(await send(part('a'.repeat(129), 'x') + end))).toMatchObject({
      status: 422,
      slug: 'validation-failed',
    });
    expect(told(await send(part('a', 'x', 'f'.repeat(256)) + end))).toMatchObject({ status: 422 });
    const long = part('a', 'x', 'f', `X-Long: ${kilobytes(9)}\r\n`);
    expect([201, 400]).toContain(told(await send(long + end)).status);
  });

  test('503 with a time past the uploads of one owner, or of all, until one of them is over', async () => {
    await open({ limits: { maxUploads: 3, maxUploadsPerOwner: 2 } });
    const body = part('pdf_data', 'x', 'a.pdf') + end;
    const under = {
      alice: { Authorization: 'Bearer alice-token' },
      bob: { Authorization: 'Bearer bob-token' },
    };
    const begin = async (owner: 'alice' | 'bob'): Promise<RawConnection> => {
      const connection = connect();
      connection.write(head(body.length, under[owner]) + body.slice(0, -4));
      return connection;
    };
    const own = await begin('alice');
    await begin('alice');
    await vi.waitFor(async () => expect(await left()).toHaveLength(2));
    const refused = await send(body, under.alice);
    expect(told(refused)).toEqual({
      status: 503,
      slug: 'queue-full',
      detail: '2 of your uploads are under way; send this one again in a moment',
    });
    expect(refused.headers['retry-after']).toBe('2');
    const spaced = { ...under.alice, 'Content-Type': form.replace(';', '\t ;') };
    expect(told(await send(body, spaced))).toMatchObject({ status: 503 });
    await begin('bob');
    await vi.waitFor(async () => expect(await left()).toHaveLength(3));
    expect(told(await send(body, under.bob))).toMatchObject({ detail: expect.stringMatching(/^3 uploads/) });
    // JSON is none.
    const json = { ...under.bob, 'Content-Type': 'application/json' };
    expect(told(await send('{"operations":[]}', json)).status).toBe(201);
    own.write(body.slice(-4));
    expect((await own.next()).status).toBe(201);
    expect(told(await send(body, under.bob)).status).toBe(201);
  });

  test('where all places are taken the newest of the owner with most gives way to another', async () => {
    await open({ limits: { maxUploads: 3, maxUploadsPerOwner: 3 } });
    const body = part('pdf_data', 'x', 'a.pdf') + end;
    const own: RawConnection[] = [];
    for (let count = 1; count <= 3; count += 1) {
      const connection = connect();
      own.push(connection);
      connection.write(head(body.length) + body.slice(0, -4));
      await vi.waitFor(async () => expect(await left()).toHaveLength(count));
    }
    expect(told(await send(body, { Authorization: 'Bearer bob-token' }))).toMatchObject({ status: 201 });
    const [first, second, newest] = own;
    expect(told((await newest?.next()) as RawAnswer)).toMatchObject({ status: 503, slug: 'queue-full' });
    for (const connection of [first, second]) {
      connection?.write(body.slice(-4));
      expect((await connection?.next())?.status).toBe(201);
    }
    await vi.waitFor(async () => expect(await left()).toEqual([]));
  });

  test('a place is free as soon as the form is read, though the answer is held back', async () => {
    await open({ limits: { maxUploads: 1 } });
    const body = part('pdf_data', 'x', 'a.pdf') + end;
    const waiting = connect();
    waiting.write(head(body.length, { Prefer: 'wait=60' }) + body);
    await vi.waitFor(() => expect(http.service.waiting).toBe(1));
    expect(told(await send(body)).status).toBe(201);
    const [first] = http.service.jobs.keys();
    http.service.complete(String(first), []);
    expect((await waiting.next()).status).toBe(201);
  });

  test('a form is not counted as memory, JSON is', async () => {
    const mib = 1024 * 1024;
    await open({ limits: { maxUploadBytes: 1024 * mib, maxUploads: 100, maxUploadsPerOwner: 100 } });
    // Together they announce more than all bodies may have in memory.
    for (let n = 0; n < 4; n += 1) connect().write(head(400 * mib) + part('a', 'x', 'a'));
    await vi.waitFor(async () => expect(await left()).toHaveLength(4));
    expect(told(await send(part('a', 'x', 'a') + end)).status).toBe(201);
  });
});

describe('an upload that is slow or cut', () => {
  test('leaves no file, and no place taken, when its caller goes', async () => {
    await open({ limits: { maxUploads: 1 } });
    const body = part('a', 'whole', 'a') + part('b', 'begun', 'b');
    for (const leave of ['end', 'resetAndDestroy'] as const) {
      const connection = connect();
      connection.write(head(10_000) + body);
      await vi.waitFor(async () => expect(await left()).toHaveLength(2));
      connection.socket[leave]();
      await vi.waitFor(async () => expect(await left()).toEqual([]));
    }
    expect(told(await send(part('a', 'x', 'a') + end)).status).toBe(201);
    expect(http.service.submitted).toHaveLength(1);
    expect(http.lines.filter((line) => /"level":50/.test(line))).toEqual([]);
  });

  test('takes no place when its caller goes before its turn, though nothing of it is read', async () => {
    const turns = new LoopTurns(5);
    const waiting: (() => void)[] = [];
    const run = turns.run.bind(turns);
    turns.run = (_owner, step) => waiting.push(step);
    await open({ limits: { maxUploads: 1 }, turns });
    let gone = 0;
    http.server.app.server.on('request', (_request, response) => response.once('close', () => (gone += 1)));
    const connection = connect();
    // Refused before the body is asked for.
    connection.write(head(10_000, { 'Idempotency-Key': 'ä' }) + part('a', 'begun', 'a'));
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    connection.socket.resetAndDestroy();
    await vi.waitFor(() => expect(gone).toBe(1));
    turns.run = run;
    for (const step of waiting) step();
    expect(told(await send(part('a', 'x', 'a') + end)).status).toBe(201);
  });

  test('408 when it takes longer than a request may, and leaves no file', async () => {
    await open({ limits: { requestTimeoutMs: 300, headersTimeoutMs: 300 } });
    const connection = connect();
    connection.write(head(10_000) + part('a', 'begun', 'a'));
    expect((await connection.next()).status).toBe(408);
    await vi.waitFor(async () => expect(await left()).toEqual([]));
  });

  test('goes on when it stalls for longer than the parser may take', async () => {
    await open({ limits: { parserTimeoutMs: 50 } });
    const seen = watchSubmits();
    const body = part('a', 'x', 'a') + end;
    const connection = connect();
    connection.write(head(body.length) + body.slice(0, -4));
    await new Promise((resolve) => setTimeout(resolve, 200));
    connection.write(body.slice(-4));
    expect((await connection.next()).status).toBe(201);
    expect(seen).toEqual([[['a', 'x']]]);
  });

  test('503 when the disk cannot take it, told to the operator', async () => {
    await open({ blobs: { aside: () => '/nonexistent/file', discard: async () => undefined } });
    const answer = await send(part('a', 'x'.repeat(200_000), 'a') + end);
    expect(told(answer)).toMatchObject({ status: 503, slug: 'storage-unavailable' });
    expect(answer.headers['retry-after']).toBe('10');
    expect(answer.body).not.toContain('nonexistent');
    expect(http.lines.join()).toMatch(/an upload could not be written/);
  });
});
