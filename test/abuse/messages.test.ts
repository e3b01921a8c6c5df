import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProblemSlug } from '../../src/protocol/problem.js';
import { openRaw, type RawAnswer, type RawConnection } from '../helpers/raw-connection.js';
import { alice, answerMaxMs, expectProblem, openTarget, type Target } from '../helpers/target.js';

/** Messages that bend or break HTTP: methods, header fields, framing, order, haste and sloth. */

let target: Target;
beforeAll(async () => {
  target = await openTarget({ env: { INKWIRE_REQUEST_TIMEOUT: '5', INKWIRE_MAX_BODY_BYTES: '1048576' } });
});
afterAll(() => target.close());

const body = '{"operations":[{"type":"add_text","text":"x"}]}';
const host = 'Host: localhost';
const key = `Authorization: Bearer ${alice}`;
const json = 'Content-Type: application/json';

function message(first: string, fields: readonly string[], content = ''): string {
  return [first, ...fields, '', content].join('\r\n');
}

const post = (fields: readonly string[], content = ''): string =>
  message('POST /api/v1/jobs HTTP/1.1', [host, key, json, ...fields], content);
const whole = post([`Content-Length: ${body.length}`], body);
const get = (path: string, fields: readonly string[] = []): string =>
  message(`GET ${path} HTTP/1.1`, [host, key, ...fields]);

async function withRaw<T>(use: (raw: RawConnection) => Promise<T>): Promise<T> {
  const raw = await openRaw(target.server.port);
  try {
    return await use(raw);
  } finally {
    raw.destroy();
  }
}

function expectRawProblem(answer: RawAnswer, status: number, slug: ProblemSlug): void {
  expect(answer.status, answer.body).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  const problem = JSON.parse(answer.body) as { type: string; status: number; request_id: string };
  expect(problem.type.split('/').at(-1)).toBe(slug);
  expect(problem.status).toBe(status);
  expect(problem.request_id).toBe(answer.headers.get('x-request-id'));
}

describe('methods and addresses', () => {
  const cases: readonly (readonly [method: string, path: string, status: number, slug: ProblemSlug])[] = [
    ['PUT', '/api/v1/jobs', 405, 'method-not-allowed'],
    ['PATCH', '/api/v1/jobs', 405, 'method-not-allowed'],
    ['DELETE', '/api/v1/jobs', 405, 'method-not-allowed'],
    ['GET', '/api/v1/render', 405, 'method-not-allowed'],
    ['GET', '/api/v1/merge', 405, 'method-not-allowed'],
    ['POST', '/healthz', 405, 'method-not-allowed'],
    ['POST', '/api/v1/capabilities', 405, 'method-not-allowed'],
    ['PUT', '/api/v1/jobs/job_000000000000000000000001/result', 405, 'method-not-allowed'],
    ['TRACE', '/api/v1/jobs', 405, 'method-not-allowed'],
    ['PROPFIND', '/api/v1/jobs', 405, 'method-not-allowed'],
    ['GET', '/api/v1/nothing', 404, 'not-found'],
    ['GET', '/api/v1/jobs/', 404, 'not-found'],
    ['GET', '/API/V1/JOBS', 404, 'not-found'],
    ['GET', '//api/v1/jobs', 404, 'not-found'],
    ['GET', '/api/v1/../../etc/passwd', 404, 'not-found'],
    ['GET', '/api/v1/%2e%2e/%2e%2e/etc/passwd', 404, 'not-found'],
    ['GET', '/%zz', 400, 'malformed-request'],
    ['GET', '/api/v1/jobs/%', 400, 'malformed-request'],
    ['GET', '/api/v1/jobs/%c0%ae', 400, 'malformed-request'],
    ['GET', '/api/v1/jobs/%ed%a0%80', 400, 'malformed-request'],
    ['GET', `/${'a'.repeat(9_000)}`, 414, 'uri-too-long'],
    ['GET', `/healthz?${'a=b&'.repeat(2_500)}`, 414, 'uri-too-long'],
  ];
  it.each(cases)('%s %s', async (method, path, status, slug) => {
    const answer = await target.ask({ method, path });
    expectProblem(answer, status, slug);
    if (status === 405) expect(answer.headers.allow).toMatch(/[A-Z]/);
  });
});

describe('types and encodings of bodies', () => {
  const types: readonly (readonly [type: string | undefined])[] = [
    ['text/plain'],
    ['text/json'],
    ['application/xml'],
    ['application/x-www-form-urlencoded'],
    ['multipart/mixed; boundary=x'],
    ['application/jsonp'],
    ['application/json, text/html'],
    ['application/json; charset=utf-16'],
    ['application/json; charset="iso-8859-1"'],
    ['application/json;CHARSET=UTF-7'],
    ['application/json; charset=utf-8; charset=utf-16le'],
    ['garbage'],
    ['/'],
    [`application/json${'x'.repeat(5_000)}`],
    [undefined],
  ];
  it.each(types)('Content-Type: %s', async (type) => {
    const answer = await target.ask({ path: '/api/v1/jobs', body, headers: { 'content-type': type } });
    expectProblem(answer, 415, 'unsupported-media-type');
  });

  it.each([['multipart/form-data'], ['multipart/form-data; boundary='], ['multipart/form-data; boundary=x']])(
    'Content-Type: %s, and no form',
    async (type) => {
      const answer = await target.ask({ path: '/api/v1/jobs', body, headers: { 'content-type': type } });
      expectProblem(answer, 400, 'malformed-request');
    },
  );

  it('Content-Type: multipart/form-data where no form is taken', async () => {
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    const answer = await target.ask({ path: '/api/v1/render', body, headers });
    expectProblem(answer, 415, 'unsupported-media-type');
  });

  it.each(['gzip', 'br', 'deflate, gzip', 'identity, gzip', '\tx-unknown'])(
    'Content-Encoding: %s',
    async (encoding) => {
      const answer = await target.ask({
        path: '/api/v1/jobs',
        body,
        headers: { 'content-encoding': encoding },
      });
      expectProblem(answer, 415, 'unsupported-media-type');
    },
  );

  it.each(['application/json', 'Application/JSON;charset="UTF-8"', 'application/json; charset=utf8'])(
    'Content-Type: %s is taken',
    async (type) => {
      const answer = await target.ask({ path: '/api/v1/jobs', body, headers: { 'content-type': type } });
      expect(answer.status).toBe(201);
    },
  );

  it.each(['/api/v1/jobs', '/api/v1/render', '/api/v1/merge', '/api/v1/split', '/api/v1/extract-text'])(
    'POST %s without a body',
    async (path) => {
      expectProblem(await target.ask({ method: 'POST', path }), 400, 'malformed-json');
    },
  );
});

describe('framing', () => {
  const cases: readonly (readonly [
    name: string,
    bytes: string | Uint8Array,
    status: number,
    slug: ProblemSlug,
  ])[] = [
    ['no HTTP at all', 'hello\r\n\r\n', 400, 'malformed-request'],
    ['TLS', Buffer.from('16030100a5010000a10303', 'hex'), 400, 'malformed-request'],
    ['HTTP/0.9', 'GET /healthz\r\n\r\n', 400, 'malformed-request'],
    ['HTTP/2 as text', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'malformed-request'],
    ['HTTP/1.2', message('GET /healthz HTTP/1.2', [host]), 400, 'malformed-request'],
    ['HTTP/9.9', message('GET /healthz HTTP/9.9', [host]), 400, 'malformed-request'],
    ['HTTP/1.1x', message('GET /healthz HTTP/1.1x', [host]), 400, 'malformed-request'],
    ['an unknown method', message('BREW /healthz HTTP/1.1', [host]), 400, 'malformed-request'],
    ['a method in lower case', message('get /healthz HTTP/1.1', [host]), 400, 'malformed-request'],
    ['NUL in the address', message('GET /heal\0thz HTTP/1.1', [host]), 400, 'malformed-request'],
    ['a space in the address', message('GET /heal thz HTTP/1.1', [host]), 400, 'malformed-request'],
    ['no Host', message('GET /healthz HTTP/1.1', []), 400, 'malformed-request'],
    ['NUL in a field', message('GET /healthz HTTP/1.1', [host, 'X-A: a\0b']), 400, 'malformed-request'],
    [
      'a space before the colon',
      message('GET /healthz HTTP/1.1', [host, 'X-A : b']),
      400,
      'malformed-request',
    ],
    ['a folded field', message('GET /healthz HTTP/1.1', [host, 'X-A: a', ' b']), 400, 'malformed-request'],
    ['a field without a name', message('GET /healthz HTTP/1.1', [host, ': b']), 400, 'malformed-request'],
    ['bare line feeds', 'GET /healthz HTTP/1.1\nHost: localhost\n\n', 400, 'malformed-request'],
    [
      '20 KB of one field',
      message('GET /healthz HTTP/1.1', [host, `X-A: ${'a'.repeat(20_000)}`]),
      431,
      'headers-too-large',
    ],
    [
      '30 KB of many fields',
      message('GET /healthz HTTP/1.1', [host, ...Array(2_000).fill(`X-A: ${'b'.repeat(12)}`)]),
      431,
      'headers-too-large',
    ],
    ['20 KB of address', message(`GET /${'a'.repeat(20_000)} HTTP/1.1`, [host]), 431, 'headers-too-large'],
    [
      'Content-Length and Transfer-Encoding',
      post([`Content-Length: 4`, 'Transfer-Encoding: chunked'], '0\r\n\r\nGET /x HTTP/1.1\r\n\r\n'),
      400,
      'malformed-request',
    ],
    [
      'Transfer-Encoding and Content-Length',
      post(['Transfer-Encoding: chunked', 'Content-Length: 4'], '0\r\n\r\n'),
      400,
      'malformed-request',
    ],
    [
      'two Content-Lengths',
      post(['Content-Length: 5', 'Content-Length: 6'], 'xxxxxx'),
      400,
      'malformed-request',
    ],
    ['Content-Length: 5, 6', post(['Content-Length: 5, 6'], 'xxxxxx'), 400, 'malformed-request'],
    ['Content-Length: -1', post(['Content-Length: -1']), 400, 'malformed-request'],
    ['Content-Length: +1', post(['Content-Length: +1'], 'x'), 400, 'malformed-request'],
    ['Content-Length: 0x2', post(['Content-Length: 0x2'], '{}'), 400, 'malformed-request'],
    ['Content-Length: 1e1', post(['Content-Length: 1e1'], '{}'), 400, 'malformed-request'],
    ['Content-Length of 30 digits', post([`Content-Length: ${'9'.repeat(30)}`]), 400, 'malformed-request'],
    ['Transfer-Encoding: gzip', post(['Transfer-Encoding: gzip'], 'xx'), 400, 'malformed-request'],
    [
      'Transfer-Encoding: chunked, identity',
      post(['Transfer-Encoding: chunked, identity'], '0\r\n\r\n'),
      400,
      'malformed-request',
    ],
    [
      'Transfer-Encoding: xchunked',
      post(['Transfer-Encoding: xchunked'], '0\r\n\r\n'),
      400,
      'malformed-request',
    ],
    [
      'a chunk of no size',
      post(['Transfer-Encoding: chunked'], '\r\nx\r\n0\r\n\r\n'),
      400,
      'malformed-request',
    ],
    [
      'a chunk of size g',
      post(['Transfer-Encoding: chunked'], 'g\r\nx\r\n0\r\n\r\n'),
      400,
      'malformed-request',
    ],
    [
      'a chunk of size -1',
      post(['Transfer-Encoding: chunked'], '-1\r\nx\r\n0\r\n\r\n'),
      400,
      'malformed-request',
    ],
    [
      'a chunk of size 2^64',
      post(['Transfer-Encoding: chunked'], '10000000000000000\r\nx\r\n'),
      400,
      'malformed-request',
    ],
    [
      'a chunk that is longer than it says',
      post(['Transfer-Encoding: chunked'], '1\r\nxx\r\n0\r\n\r\n'),
      400,
      'malformed-request',
    ],
    [
      'chunks with a bare line feed',
      post(['Transfer-Encoding: chunked'], '2\n{}\r\n0\r\n\r\n'),
      400,
      'malformed-request',
    ],
    [
      '20 KB of chunk extension',
      post(['Transfer-Encoding: chunked'], `2;${'a'.repeat(20_000)}\r\n{}\r\n`),
      413,
      'payload-too-large',
    ],
    ['1 MB and one byte announced', post(['Content-Length: 1048577']), 413, 'payload-too-large'],
    [
      '1 MB and more in chunks',
      post(['Transfer-Encoding: chunked'], `180000\r\n${'x'.repeat(0x180000)}\r\n0\r\n\r\n`),
      413,
      'payload-too-large',
    ],
  ];
  it.each(cases)('%s', async (_name, bytes, status, slug) => {
    await withRaw(async (raw) => {
      raw.send(bytes);
      expectRawProblem(await raw.next(), status, slug);
    });
  });

  it('lets nothing that hides behind an ambiguous message be read as a request', async () => {
    await withRaw(async (raw) => {
      const hidden = message('DELETE /healthz HTTP/1.1', [host]);
      raw.send(post(['Content-Length: 5', 'Transfer-Encoding: chunked'], `0\r\n\r\n${hidden}`));
      expectRawProblem(await raw.next(), 400, 'malformed-request');
      await raw.closed;
      await expect(raw.next()).rejects.toThrow('ended');
    });
  });

  it('takes HTTP/1.0 without a Host', async () => {
    await withRaw(async (raw) => {
      raw.send('GET /healthz HTTP/1.0\r\n\r\n');
      expect((await raw.next()).status).toBe(200);
      await raw.closed;
    });
  });

  it('takes one-byte chunks, extensions and trailers', async () => {
    await withRaw(async (raw) => {
      const chunks = [...body].map((byte) => `1;a="b"\r\n${byte}\r\n`).join('');
      raw.send(post(['Transfer-Encoding: chunked'], `${chunks}0\r\nX-Trailer: 1\r\n\r\n`));
      expect((await raw.next()).status).toBe(201);
    });
  });

  it('does not switch to HTTP/2 or another protocol when asked', async () => {
    await withRaw(async (raw) => {
      const fields = [
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABkAAQAAP__',
      ];
      raw.send(get('/healthz', fields));
      expect((await raw.next()).status).toBe(200);
    });
  });
});

describe('pipelined requests', () => {
  it('are answered in order', async () => {
    await withRaw(async (raw) => {
      const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
      const bytes = ids.map((id, index) =>
        index % 2 === 0
          ? get('/api/v1/jobs?limit=200', [`X-Request-Id: ${id}`])
          : post([`Content-Length: ${body.length}`, `X-Request-Id: ${id}`], body),
      );
      raw.send(bytes.join(''));
      for (const [index, id] of ids.entries()) {
        const answer = await raw.next();
        expect(answer.headers.get('x-request-id')).toBe(id);
        expect(answer.status).toBe(index % 2 === 0 ? 200 : 201);
      }
    });
  });

  it('are answered up to the one that is broken, which ends the connection', async () => {
    await withRaw(async (raw) => {
      raw.send(`${whole}${get('/healthz')}BROKEN\r\n\r\n${get('/healthz')}`);
      expect((await raw.next()).status).toBe(201);
      expect((await raw.next()).status).toBe(200);
      expectRawProblem(await raw.next(), 400, 'malformed-request');
      await raw.closed;
    });
  });

  it('are served after a refused body was taken in', async () => {
    await withRaw(async (raw) => {
      raw.send(`${post(['Content-Length: 1048577'], 'x'.repeat(1_048_577))}${get('/healthz')}`);
      expectRawProblem(await raw.next(), 413, 'payload-too-large');
      expect((await raw.next()).status).toBe(200);
    });
  });

  it('may be five hundred', async () => {
    await withRaw(async (raw) => {
      raw.send(get('/healthz').repeat(500));
      for (let index = 0; index < 500; index += 1) expect((await raw.next()).status).toBe(200);
    });
  });
});

describe('header fields', () => {
  it.each(['', 'a b', 'a\tb', 'x'.repeat(129), 'ä', '../x', '"><script>'])(
    'X-Request-Id %j is replaced',
    async (id) => {
      const answer = await target.ask({
        path: '/healthz',
        headers: { 'x-request-id': Buffer.from(id).toString('latin1') },
      });
      expect(answer.status).toBe(200);
      expect(answer.headers['x-request-id']).toMatch(/^[\w-]{21}$/);
    },
  );

  const bad = ['', 'x'.repeat(256), 'a\tb', 'schlüssel'];
  it.each(bad)('Idempotency-Key %j is malformed-request', async (value) => {
    const headers = { 'idempotency-key': Buffer.from(value).toString('latin1') };
    expectProblem(await target.ask({ path: '/api/v1/jobs', body, headers }), 400, 'malformed-request');
  });

  it('Idempotency-Key twice is refused, since nobody knows which is meant', async () => {
    const headers = { 'idempotency-key': ['a', 'b'] };
    expectProblem(await target.ask({ path: '/api/v1/jobs', body, headers }), 400, 'malformed-request');
  });

  it('Idempotency-Key of 255 printable characters is taken', async () => {
    const headers = { 'idempotency-key': '~'.repeat(255) };
    expect((await target.ask({ path: '/api/v1/jobs', body, headers })).status).toBe(201);
    expect((await target.ask({ path: '/api/v1/jobs', body, headers })).status).toBe(200);
  });

  const expectations: readonly (readonly [value: string])[] = [['200-ok'], ['100-continued'], ['garbage']];
  it.each(expectations)('Expect: %s fails', async (value) => {
    await withRaw(async (raw) => {
      raw.send(post([`Content-Length: ${body.length}`, `Expect: ${value}`], body));
      expect((await raw.next()).status).toBe(417);
    });
  });

  it('Expect: 100-continue is answered once the body is wanted', async () => {
    await withRaw(async (raw) => {
      raw.send(post([`Content-Length: ${body.length}`, 'Expect: 100-continue']));
      expect((await raw.next()).status).toBe(100);
      raw.send(body);
      expect((await raw.next()).status).toBe(201);
    });
  });

  it.each([
    [
      'no key',
      message('POST /api/v1/jobs HTTP/1.1', [host, json, 'Content-Length: 9', 'Expect: 100-continue']),
      401,
    ],
    ['a body too large', post(['Content-Length: 9999999', 'Expect: 100-continue']), 413],
    [
      'no such address',
      message('POST /nothing HTTP/1.1', [host, key, 'Content-Length: 9', 'Expect: 100-continue']),
      404,
    ],
  ] as const)(
    'Expect: 100-continue with %s is refused without asking for the body',
    async (_name, bytes, status) => {
      await withRaw(async (raw) => {
        raw.send(bytes);
        expect((await raw.next()).status).toBe(status);
      });
    },
  );
});

describe('callers that are slow or leave', () => {
  const late: readonly (readonly [name: string, bytes: string])[] = [
    ['a request line', 'GET /heal'],
    ['header fields', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: '],
    ['a body', post([`Content-Length: ${body.length}`], body.slice(0, 5))],
    ['a chunk', post(['Transfer-Encoding: chunked'], 'ff\r\n{"op')],
  ];
  // All at once: each waits for the deadline of the server, five seconds.
  it.concurrent.each(late)('%s that never ends is answered with 408', async (_name, bytes) => {
    await withRaw(async (raw) => {
      raw.send(bytes);
      const answer = await raw.next();
      expect(answer.status).toBe(408);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      await raw.closed;
    });
  });

  it('may leave at any point', async () => {
    const prefixes = [1, 10, 60, 150, whole.length - 1].map((length) => whole.slice(0, length));
    await Promise.all(
      prefixes.map((prefix) =>
        withRaw(async (raw) => {
          raw.send(prefix);
          raw.destroy();
          await raw.closed;
        }),
      ),
    );
    expect((await target.ask({ path: '/healthz' })).status).toBe(200);
  });

  it('may leave before their answer, two hundred times', async () => {
    const render = message(
      'POST /api/v1/render HTTP/1.1',
      [host, key, json, `Content-Length: ${body.length}`],
      body,
    );
    for (let index = 0; index < 200; index += 1) {
      const raw = await openRaw(target.server.port);
      raw.send(index % 2 === 0 ? render : get('/api/v1/jobs?limit=200'));
      raw.destroy();
      await raw.closed;
    }
    const answer = await target.ask({ path: '/api/v1/render', body });
    expect(answer.status).toBe(200);
  });

  it('may hold three hundred connections open and say nothing', async () => {
    const silent = await Promise.all(Array.from({ length: 300 }, () => openRaw(target.server.port)));
    const answer = await target.ask({ path: '/readyz' });
    expect(answer.status).toBe(200);
    expect(answer.processorMs).toBeLessThan(answerMaxMs);
    for (const raw of silent) raw.destroy();
  });
});

it('is unharmed, and nothing of a key stands in the log', async () => {
  // Who leaves a render stops its thread.
  await target.expectUnharmed({ maxRespawns: 200 });
  expect(target.server.log()).not.toContain(alice);
});
