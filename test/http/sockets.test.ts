import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { auth, body, type Fixture, type FixtureOptions, openHttp, token } from '../helpers/http-fixture.js';
import { type RawAnswer, RawConnection } from '../helpers/raw-http.js';

let http: Fixture;
let url: string;
const connections: RawConnection[] = [];
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.socket.destroy();
  await http.close();
});

async function open(options: FixtureOptions = {}) {
  http = await openHttp(options);
  url = await http.server.listen('127.0.0.1', 0);
}

function connection() {
  const made = new RawConnection(url);
  connections.push(made);
  return made;
}

function expectProblem(answer: RawAnswer, status: number, type: string) {
  expect([answer.status, answer.headers['content-type']]).toEqual([status, 'application/problem+json']);
  const document = JSON.parse(answer.body);
  expect(document).toMatchObject({ status, title: expect.any(String), detail: expect.any(String) });
  expect(document.type.split('/').at(-1)).toBe(type);
  expect(document.request_id).toBe(answer.headers['x-request-id']);
}

const get = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';

function post(text: string, extra = '') {
  return `POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n${extra}Content-Length: ${text.length}\r\n\r\n${text}`;
}

describe('what is not HTTP', () => {
  test.each([
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00', 400, 'malformed-request'],
    ['no request line', 'hello\r\n\r\n', 400, 'malformed-request'],
    ['another version', 'GET / HTTP/3.0\r\nHost: x\r\n\r\n', 400, 'malformed-request'],
    ['an unknown method', 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'malformed-request'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost: x\r\nbroken\r\n\r\n', 400, 'malformed-request'],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      400,
      'malformed-request',
    ],
    [
      'length and chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'malformed-request',
    ],
    [
      'too large headers',
      `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(17_000)}\r\n\r\n`,
      431,
      'headers-too-large',
    ],
    [
      'a much too long address',
      `GET /${'a'.repeat(17_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
      431,
      'headers-too-large',
    ],
    ['a too long address', `GET /${'a'.repeat(9000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414, 'uri-too-long'],
    ['no host', 'GET /healthz HTTP/1.1\r\n\r\n', 400, 'malformed-request'],
    ['two hosts', 'GET /healthz HTTP/1.1\r\nHost: x\r\nHOST: y\r\n\r\n', 400, 'malformed-request'],
    ['two hosts of old', 'GET /healthz HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n', 400, 'malformed-request'],
    [
      'another expectation',
      'POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nExpect: fame\r\nContent-Length: 1\r\n\r\n',
      417,
      'about:blank',
    ],
    ['a broken escape', 'GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'malformed-request'],
    ['an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n', 404, 'not-found'],
    [
      'a whole address',
      'PUT http://a.example/healthz HTTP/1.1\r\nHost: x\r\n\r\n',
      405,
      'method-not-allowed',
    ],
    ['an odd method', 'PROPFIND /api/v1/jobs HTTP/1.1\r\nHost: x\r\n\r\n', 405, 'method-not-allowed'],
    ['a trace', 'TRACE /api/v1/jobs HTTP/1.1\r\nHost: x\r\n\r\n', 405, 'method-not-allowed'],
  ])('%s', async (_what, text, status, type) => {
    await open();
    const peer = connection();
    peer.write(text);
    expectProblem(await peer.next(), status, type);
  });

  test.each(['Idempotency-Key', 'Authorization', 'Content-Type', 'Origin', 'X-API-Key'])(
    'D26 %s twice',
    async (name) => {
      await open();
      const peer = connection();
      const fields = `${name}: a\r\n${name.toLowerCase()}: a\r\nContent-Length: 2`;
      peer.write(`POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n{}`);
      expectProblem(await peer.next(), 400, 'malformed-request');
    },
  );

  test('HTTP/1.0 needs no host', async () => {
    await open();
    const peer = connection();
    peer.write('GET /healthz HTTP/1.0\r\n\r\n');
    expect((await peer.next()).status).toBe(200);
    await peer.closed;
  });
});

test('fields past the thousandth count as well', async () => {
  await open();
  const peer = connection();
  const inner = get.replace('/healthz', '/inner');
  peer.write(
    `GET /api/v1/jobs HTTP/1.1\r\nHost: x\r\n${'a:\r\n'.repeat(1_500)}Authorization: Bearer ${token}\r\nContent-Length: ${inner.length}\r\n\r\n${inner}${get}`,
  );
  expect((await peer.next()).status).toBe(200);
  expect(JSON.parse((await peer.next()).body).status).toBe('ok');
});

test.each([
  ['another expectation', get.replace('\r\n\r\n', '\r\nExpect: fame\r\n\r\n')],
  ['what is not HTTP', 'rubbish\r\n\r\n'],
])('who is refused for %s and never closes is let go of', async (_what, text) => {
  await open();
  const peer = connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true });
  peer.write(text);
  await once(peer.resume(), 'end');
  await expect.poll(() => http.connections()).toBe(0);
  peer.destroy();
});

/** Renders say `slow` once that is let go. */
function slowRender(): () => void {
  let finish = () => {};
  http.service.render = () =>
    new Promise((resolve) => {
      finish = () => resolve([{ name: 'a.pdf', contentType: 'application/pdf', bytes: Buffer.from('slow') }]);
    });
  return () => finish();
}

describe('pipelining', () => {
  test('answers come in the order of the requests', async () => {
    await open();
    const finish = slowRender();
    const peer = connection();
    peer.write(post(body).replace('/jobs', '/render') + get + post(body) + get.replace('healthz', 'nope'));
    await expect.poll(() => http.service.submitted.length).toBe(2);
    finish();
    expect((await peer.next()).body).toBe('slow');
    expect(JSON.parse((await peer.next()).body).status).toBe('ok');
    expect((await peer.next()).status).toBe(201);
    expect((await peer.next()).status).toBe(404);
  });

  test('what is not HTTP is answered after what came before it', async () => {
    await open();
    const finish = slowRender();
    const warnings: Error[] = [];
    const warned = (warning: Error) => warnings.push(warning);
    process.on('warning', warned);
    const peer = connection();
    peer.write(`${post(body).replace('/jobs', '/render')}rubbish\r\n\r\n`);
    await expect.poll(() => http.service.submitted.length).toBe(1);
    // However much of it there is, nothing piles up.
    for (let n = 0; n < 12; n += 1) {
      const heard = once(http.server.app.server, 'clientError');
      peer.write('rubbish\r\n\r\n');
      await heard;
    }
    process.off('warning', warned);
    expect(warnings).toEqual([]);
    finish();
    expect((await peer.next()).body).toBe('slow');
    expectProblem(await peer.next(), 400, 'malformed-request');
    await peer.closed;
  });

  test('a request that is late is refused after the answer to what came before it', async () => {
    await open({ limits: { headersTimeoutMs: 100 } });
    const finish = slowRender();
    const peer = connection();
    const late = once(http.server.app.server, 'clientError');
    peer.write(`${post(body).replace('/jobs', '/render')}GET /healthz HT`);
    await expect.poll(() => http.service.submitted.length).toBe(1);
    await late;
    finish();
    expect((await peer.next()).body).toBe('slow');
    expect((await peer.next()).status).toBe(408);
    await peer.closed;
  });

  test('who leaves is missed also by the requests that wait for their turn', async () => {
    await open({ limits: { maxBodyBytes: 64 * 1024 } });
    const left: string[] = [];
    const renders: string[] = [];
    http.service.render = (signal, { requestId }) => {
      renders.push(requestId);
      signal.addEventListener('abort', () => left.push(requestId));
      return new Promise(() => {});
    };
    const bodies = async () =>
      /budget="bodies"} (\d+)/.exec(await http.registry.getSingleMetricAsString('inkwire_budget_held'))?.[1];
    const large = 'x'.repeat(20_000);
    const peer = connection();
    peer.write(
      post(body, 'X-Request-Id: first\r\n').replace('/jobs', '/render') +
        post(body, 'X-Request-Id: second\r\n').replace('/jobs', '/render') +
        post(body, 'Prefer: wait=60\r\n') +
        post(large).replace('/jobs', '/session'),
    );
    await expect.poll(() => renders).toEqual(['first', 'second']);
    await expect.poll(() => http.service.waiting).toBe(1);
    await expect.poll(bodies).toBe('20000');
    peer.socket.destroy();
    await expect.poll(() => left).toEqual(['first', 'second']);
    await expect.poll(() => http.service.waiting).toBe(0);
    await expect.poll(bodies).toBe('0');
  });
});

describe('bodies', () => {
  test('too large by its length: 413 at once, and the connection can be used on', async () => {
    await open({ limits: { maxBodyBytes: 1024 } });
    const peer = connection();
    const large = 'x'.repeat(2000);
    peer.write(post(large).slice(0, -2000));
    expectProblem(await peer.next(), 413, 'payload-too-large');
    peer.write(large + get);
    expect((await peer.next()).status).toBe(200);
  });

  test('too large by far: the connection is closed', async () => {
    await open({ limits: { maxBodyBytes: 1024 } });
    const peer = connection();
    peer.write(post('x'.repeat(5000)).slice(0, -5000));
    const answer = await peer.next();
    expectProblem(answer, 413, 'payload-too-large');
    expect(answer.headers.connection).toBe('close');
    await peer.closed;
  });

  test('in chunks it is cut at the limit', async () => {
    await open({ limits: { maxBodyBytes: 1024 } });
    const peer = connection();
    const chunk = `400\r\n${'x'.repeat(1024)}\r\n`;
    peer.write(post('').replace('Content-Length: 0', 'Transfer-Encoding: chunked') + chunk);
    peer.write(chunk);
    expectProblem(await peer.next(), 413, 'payload-too-large');
    expect(http.service.submitted).toEqual([]);
  });

  test('in chunks within the limit it is taken', async () => {
    await open();
    const peer = connection();
    peer.write(`${post('').replace('Content-Length: 0', 'Transfer-Encoding: chunked')}2\r\n{}\r\n0\r\n\r\n`);
    expect((await peer.next()).status).toBe(201);
  });

  test('broken chunks are malformed', async () => {
    await open();
    const peer = connection();
    peer.write(`${post('').replace('Content-Length: 0', 'Transfer-Encoding: chunked')}zz\r\n`);
    expectProblem(await peer.next(), 400, 'malformed-request');
    await peer.closed;
    expect(http.service.submitted).toEqual([]);
  });

  test('a caller that leaves in the middle of its body is no failure', async () => {
    await open();
    const peer = connection();
    peer.write(post(body).slice(0, -5));
    await new Promise<void>((resolve) => http.server.app.server.once('request', () => resolve()));
    peer.socket.destroy();
    await peer.closed;
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const failed = http.lines.filter((line) => JSON.parse(line).level >= 50);
    expect(failed).toEqual([]);
    expect(http.service.submitted).toEqual([]);
  });
});

describe('time', () => {
  test('slow header fields are 408', async () => {
    await open({ limits: { headersTimeoutMs: 50, requestTimeoutMs: 60 } });
    const peer = connection();
    peer.write('GET /healthz HTTP/1.1\r\nHost:');
    expectProblem(await peer.next(), 408, 'about:blank');
    await peer.closed;
  });

  test('a slow body is 408', async () => {
    await open({ limits: { headersTimeoutMs: 50, requestTimeoutMs: 60 } });
    const peer = connection();
    peer.write(post(body).slice(0, -5));
    expectProblem(await peer.next(), 408, 'about:blank');
    await peer.closed;
    expect(http.service.submitted).toEqual([]);
  });

  test('a request that was on its way while the process stood has the time again', async () => {
    let stoodMs = 60_000;
    let looks = 0;
    await open({
      limits: { headersTimeoutMs: 50, requestTimeoutMs: 60 },
      stoodMs() {
        looks += 1;
        return stoodMs;
      },
    });
    const peers = [connection(), connection()];
    peers[0]?.write('GET /healthz HTTP/1.1\r\nHost:');
    peers[1]?.write(post(body).slice(0, -5));
    // Node looks at its connections at least as often as the shortest of these times.
    await expect.poll(() => looks).toBeGreaterThan(12);
    peers[0]?.write(' x\r\n\r\n');
    expect((await peers[0]?.next())?.status).toBe(200);
    stoodMs = 0;
    const answer = await peers[1]?.next();
    expect(answer?.status).toBe(408);
  });

  test('an idle connection whose next request came while the process stood is kept, once', async () => {
    let stoodMs = 0;
    await open({ limits: { keepAliveTimeoutMs: 30 }, stoodMs: () => stoodMs });
    const peer = connection();
    peer.write(get);
    await peer.next();
    stoodMs = 65_000;
    const looks = new Promise<void>((resolve) => http.server.app.server.once('timeout', () => resolve()));
    await looks;
    peer.write(get);
    expect((await peer.next()).status).toBe(200);
    await peer.closed;
  });

  test('an idle connection is closed', async () => {
    await open({ limits: { keepAliveTimeoutMs: 10 } });
    const peer = connection();
    peer.write(get);
    const answer = await peer.next();
    expect(answer.headers.connection).toBe('keep-alive');
    await peer.closed;
  });
});

describe('connections', () => {
  test('are limited by address, and counted back', async () => {
    await open({ limits: { connectionsPerIp: 2 } });
    const [first, second] = [connection(), connection()];
    for (const peer of [first, second]) {
      peer.write(get);
      expect((await peer.next()).status).toBe(200);
    }
    const third = connection();
    third.write(get);
    const refused = await third.next();
    expectProblem(refused, 429, 'ip-rate-exceeded');
    expect(refused.headers).toMatchObject({ connection: 'close', 'retry-after': '1' });
    await third.closed;
    first.socket.destroy();
    await first.closed;
    await expect.poll(() => http.connections()).toBe(1);
    const fourth = connection();
    fourth.write(get);
    expect((await fourth.next()).status).toBe(200);
  });

  test('one too many that says nothing is refused unheard, soon', async () => {
    // With a limit of header fields that is far off: it would be told of that.
    await open({ limits: { connectionsPerIp: 1, headersTimeoutMs: 60_000, requestTimeoutMs: 60_000 } });
    const first = connection();
    first.write(get);
    await first.next();
    const second = connection();
    const refused = await second.next();
    expectProblem(refused, 429, 'ip-rate-exceeded');
    expect(refused.headers['retry-after']).toBe('1');
    await second.closed;
  });

  test('of a trusted proxy are not', async () => {
    await open({ limits: { connectionsPerIp: 1 }, trustedProxies: ['127.0.0.1'] });
    for (const peer of [connection(), connection(), connection()]) {
      peer.write(get);
      expect((await peer.next()).status).toBe(200);
    }
  });
});

test('no bytes make a 500', async () => {
  await open();
  const odd = [
    '%00',
    '%ff',
    '..',
    '%2e%2e',
    '%2f',
    '%E0%A4%A',
    '{}',
    '?a[b]=c',
    '?__proto__=1',
    '?limit[]=1',
    '#x',
    '%0d%0a',
    'constructor',
    ';a=b',
  ];
  for (const path of odd) {
    for (const base of [
      '/',
      '/api/v1/jobs',
      '/api/v1/jobs/',
      '/api/v1/groups/',
      `/api/v1/jobs/job_${'0'.repeat(24)}/artifacts/`,
    ]) {
      for (const method of ['GET', 'DELETE', 'POST', 'HEAD']) {
        const peer = connection();
        peer.write(
          `${method} ${base}${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${auth.authorization}\r\nPrefer: wait=0,,;\r\nRange: bytes=--\r\nIf-None-Match: "\r\nConnection: close\r\n\r\n`,
        );
        const { status } = method === 'HEAD' ? { status: 0 } : await peer.next();
        expect(status, `${method} ${base}${path}`).toBeLessThan(500);
        peer.socket.destroy();
      }
    }
  }
  expect(http.lines.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
});
