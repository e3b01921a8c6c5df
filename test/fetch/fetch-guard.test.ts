import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createServer as createPlainServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createAddressRule } from '../../src/fetch/addresses.js';
import { createFetchGuard, type FetchGuard, type FetchGuardOptions } from '../../src/fetch/fetch-guard.js';
import { testCertificate, testKey } from './tls-fixture.js';

const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(10_000, 7)]);
const accept = ['image/png', 'image/svg+xml'];

let folder: string;
const closers: (() => Promise<unknown>)[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inkwire-fetch-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

let count = 0;
function sink(): string {
  count += 1;
  return join(folder, `file-${count}`);
}

/** Every name is this machine's unless a test says otherwise, and only a test's own rule closes an address. */
function makeGuard(options: Partial<FetchGuardOptions> = {}): FetchGuard {
  const guard = createFetchGuard({
    allowPrivate: true,
    timeoutMs: 60_000,
    idleMs: 60_000,
    resolve: async () => ['127.0.0.1'],
    ...options,
  });
  closers.push(() => guard.close());
  return guard;
}

async function listen(
  server: Server | ReturnType<typeof createPlainServer>,
  host = '127.0.0.1',
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  closers.push(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  );
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

const serve = (listener: RequestListener) => listen(createServer(listener));
const servePng = () => serve((_, response) => response.end(png));

async function fetchFrom(listener: RequestListener, options: Partial<FetchGuardOptions> = {}) {
  const port = await serve(listener);
  const path = sink();
  const answer = await makeGuard(options).fetch(`http://img.test:${port}/a.png`, { accept, sink: path });
  if (!answer.ok) expect(existsSync(path)).toBe(false);
  return answer;
}

describe('a file that may be fetched', () => {
  it.each([`content-length: ${80_008}\r\n`, ''])(
    'comes whole from a server that closes while the sink makes it wait (%j)',
    async (length) => {
      const path = sink();
      // It cannot be opened before somebody reads it.
      execFileSync('mkfifo', [path]);
      const body = Buffer.concat([png.subarray(0, 8), Buffer.alloc(80_000, 7)]);
      const server = createPlainServer();
      const sent = new Promise<void>((resolve) => {
        server.once('connection', (socket) => {
          socket.once('data', () => {
            socket.write(`HTTP/1.1 200 OK\r\n${length}connection: close\r\n\r\n`);
            socket.end(body, resolve);
          });
        });
      });
      const port = await listen(server);
      const answer = makeGuard().fetch(`http://img.test:${port}/a.png`, { accept, sink: path });
      await sent;
      // Enough turns for the client to see the end of the connection.
      for (let turn = 0; turn < 100; turn++) await nextTurn();
      const [read, outcome] = await Promise.all([readFile(path), answer]);
      expect(outcome).toMatchObject({ ok: true, contentType: 'image/png', bytes: body.length });
      expect(read.equals(body)).toBe(true);
    },
  );

  it('is written to the sink, with the type that its bytes have', async () => {
    const path = sink();
    const port = await serve((_, response) => response.setHeader('content-type', 'text/plain').end(png));
    const answer = await makeGuard().fetch(`http://img.test:${port}/a`, { accept, sink: path });
    expect(answer).toEqual({ ok: true, contentType: 'image/png', bytes: png.length, path });
    expect(readFileSync(path).equals(png)).toBe(true);
  });

  it('may be shorter than what the type is told by', async () => {
    expect(await fetchFrom((_, response) => response.end('<svg/>'))).toMatchObject({
      contentType: 'image/svg+xml',
      bytes: 6,
    });
  });

  it('is unpacked although identity was asked for', async () => {
    for (const [encoding, packed] of [
      ['gzip', gzipSync(png)],
      ['br', brotliCompressSync(png)],
    ] as const) {
      const answer = await fetchFrom((_, response) =>
        response.setHeader('content-encoding', encoding).end(packed),
      );
      expect(answer).toMatchObject({ ok: true, bytes: png.length });
    }
  });

  it('is asked for without anything of ours, and past every proxy of the environment', async () => {
    vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:1');
    vi.stubEnv('http_proxy', 'http://127.0.0.1:1');
    vi.stubEnv('NODE_USE_ENV_PROXY', '1');
    let seen: string[] = [];
    const answer = await fetchFrom((request, response) => {
      seen = Object.keys(request.headers).sort();
      expect(request.headers['accept-encoding']).toBe('identity');
      response.end(png);
    });
    vi.unstubAllEnvs();
    expect(answer.ok).toBe(true);
    expect(seen).toEqual(['accept', 'accept-encoding', 'connection', 'host', 'user-agent']);
  });
});

describe('addresses', () => {
  it.each([
    ['scheme', 'file:///etc/passwd'],
    ['userinfo', 'http://a:b@example.com/'],
    ['address', 'http://127.0.0.1/'],
    ['address', 'http://2130706433/'],
    ['address', 'http://[::ffff:127.0.0.1]/'],
    ['address', 'http://localhost./'],
    ['address', 'http://example.com:8080/'],
  ])('%s: %s is refused by check and by fetch, and no name is resolved', async (reason, url) => {
    const resolve = vi.fn(async () => ['1.1.1.1']);
    const guard = makeGuard({ allowPrivate: false, resolve });
    expect(guard.check(url)).toMatchObject({ ok: false, reason, retry: false });
    expect(await guard.fetch(url, { accept, sink: sink() })).toMatchObject({
      ok: false,
      reason,
      retry: false,
    });
    expect(resolve).not.toHaveBeenCalled();
  });

  it.each([
    [['10.0.0.1']],
    [['1.1.1.1', '127.0.0.1']],
    [['::ffff:10.0.0.1']],
    [['64:ff9b::a00:1']],
    [['fe80::1%eth0']],
    [['169.254.169.254']],
    [['rubbish']],
  ])('a name with the addresses %j is refused, and the message names none of them', async (addresses) => {
    const guard = makeGuard({ allowPrivate: false, resolve: async () => addresses });
    expect(guard.check('http://img.test/')).toBeUndefined();
    const answer = await guard.fetch('http://img.test/', { accept, sink: sink() });
    expect(answer).toMatchObject({ ok: false, reason: 'address', message: 'img.test may not be reached' });
  });

  it('a name is resolved once, and the connection goes to what was checked (DNS rebinding)', async () => {
    const port = await servePng();
    const resolve = vi.fn<(host: string) => Promise<string[]>>();
    resolve.mockResolvedValueOnce(['127.0.0.1']).mockResolvedValue(['10.0.0.1']);
    const forbids = (address: string) => address !== '127.0.0.1';
    const answer = await makeGuard({ resolve, forbids }).fetch(`http://img.test:${port}/`, {
      accept,
      sink: sink(),
    });
    expect(answer.ok).toBe(true);
    expect(resolve).toHaveBeenCalledTimes(1);
  });

  it('a name is resolved and judged anew for every redirect', async () => {
    const resolve = vi.fn<(host: string) => Promise<string[]>>();
    resolve.mockResolvedValueOnce(['127.0.0.1']).mockResolvedValue(['10.0.0.1']);
    const answer = await fetchFrom((_, response) => response.writeHead(302, { location: '/again' }).end(), {
      resolve,
      forbids: (address) => address !== '127.0.0.1',
    });
    expect(answer).toMatchObject({ reason: 'address' });
    expect(resolve).toHaveBeenCalledTimes(2);
  });

  it('a literal address is connected to without a resolver, IPv6 too', async (context) => {
    const server = createServer((_, response) => response.end(png));
    const port = await listen(server, '::1').catch(() => undefined);
    if (port === undefined) return context.skip();
    const resolve = vi.fn(async () => []);
    const answer = await makeGuard({ resolve }).fetch(`http://[::1]:${port}/`, { accept, sink: sink() });
    expect(answer.ok).toBe(true);
    expect(resolve).not.toHaveBeenCalled();
  });

  it('the next address is tried where the first does not answer', async () => {
    const port = await servePng();
    const guard = makeGuard({ resolve: async () => ['127.0.0.2', '::1', '127.0.0.1'] });
    expect((await guard.fetch(`http://img.test:${port}/`, { accept, sink: sink() })).ok).toBe(true);
  });

  it.each([
    ['ENOTFOUND', false],
    ['EAI_AGAIN', true],
  ])('a name that cannot be resolved (%s) is worth another try: %s', async (code, retry) => {
    const resolve = () => Promise.reject(Object.assign(new Error('no'), { code }));
    const answer = await makeGuard({ resolve }).fetch('http://img.test/', { accept, sink: sink() });
    expect(answer).toMatchObject({ reason: 'dns', retry });
  });

  it('a name without addresses is refused', async () => {
    const answer = await makeGuard({ resolve: async () => [] }).fetch('http://img.test/', {
      accept,
      sink: sink(),
    });
    expect(answer).toMatchObject({ reason: 'dns' });
  });

  it('a defect of the resolver is not taken for an answer', async () => {
    const guard = makeGuard({ resolve: () => Promise.reject(new TypeError('bug')) });
    await expect(guard.fetch('http://img.test/', { accept, sink: sink() })).rejects.toThrow('bug');
  });
});

describe('TLS', () => {
  async function secure(listener: RequestListener) {
    const names: unknown[] = [];
    const server = createSecureServer({ key: testKey, cert: testCertificate }, listener);
    server.on('secureConnection', (socket) => names.push(socket.servername));
    return { port: await listen(server), names };
  }

  it('checks the name, not the address: SNI and certificate', async () => {
    const { port, names } = await secure((_, response) => response.end(png));
    const guard = makeGuard({ ca: testCertificate });
    expect(await guard.fetch(`https://img.test:${port}/`, { accept, sink: sink() })).toMatchObject({
      ok: true,
    });
    expect(await guard.fetch(`https://img.test.:${port}/`, { accept, sink: sink() })).toMatchObject({
      ok: true,
    });
    expect(names).toEqual(['img.test', 'img.test']);
    const other = await guard.fetch(`https://other.test:${port}/`, { accept, sink: sink() });
    expect(other).toMatchObject({ reason: 'network', message: expect.stringContaining('ALTNAME') });
  });

  it('trusts no certificate that is self-signed', async () => {
    const { port } = await secure((_, response) => response.end(png));
    const answer = await makeGuard().fetch(`https://img.test:${port}/`, { accept, sink: sink() });
    expect(answer).toMatchObject({ reason: 'network' });
  });

  it('does not go on from https to http', async () => {
    const open = await servePng();
    const location = `http://img.test:${open}/`;
    const { port } = await secure((_, response) => response.writeHead(302, { location }).end());
    const guard = makeGuard({ ca: testCertificate });
    const answer = await guard.fetch(`https://img.test:${port}/`, { accept, sink: sink() });
    expect(answer).toMatchObject({ reason: 'redirects', message: expect.stringContaining('https to http') });
  });

  it('goes on from http to https', async () => {
    const { port } = await secure((_, response) => response.end(png));
    const location = `https://img.test:${port}/`;
    const answer = await fetchFrom((_, response) => response.writeHead(301, { location }).end(), {
      ca: testCertificate,
    });
    expect(answer.ok).toBe(true);
  });
});

describe('redirects', () => {
  it('are followed, relative ones too', async () => {
    const answer = await fetchFrom((request, response) => {
      if (request.url === '/b/c.png') response.end(png);
      else response.writeHead(307, { location: 'b/c.png' }).end();
    });
    expect(answer.ok).toBe(true);
  });

  it.each([
    ['address', 'http://127.0.0.1:1/'],
    ['address', 'http://0x7f000001:1/'],
    ['address', 'http://169.254.169.254/latest/meta-data/'],
    ['address', '//[::1]:1/'],
    ['scheme', 'file:///etc/passwd'],
    ['userinfo', 'http://a:b@img.test/'],
    ['status', 'http://['],
  ])('%s: to %s are refused', async (reason, location) => {
    const port = await serve((_, response) => response.writeHead(302, { location }).end());
    // The rule lets the first hop come to this machine; every later one is judged as on the internet.
    const real = createAddressRule(false);
    const forbids = vi.fn(real).mockReturnValueOnce(false);
    const guard = makeGuard({ forbids });
    const answer = await guard.fetch(`http://img.test:${port}/`, { accept, sink: sink() });
    expect(answer).toMatchObject({ ok: false, reason });
  });

  it('are counted', async () => {
    let asked = 0;
    const listener: RequestListener = (_, response) => {
      asked += 1;
      response.writeHead(302, { location: `/${asked}` }).end();
    };
    expect(await fetchFrom(listener, { maxRedirects: 3 })).toMatchObject({
      reason: 'redirects',
      retry: false,
    });
    expect(asked).toBe(4);
  });
});

describe('bounds', () => {
  it('a body that says that it is too large is not read', async () => {
    const answer = await fetchFrom(
      (_, response) => void response.writeHead(200, { 'content-length': 1001 }).write(png.subarray(0, 10)),
      { maxBytes: 1000 },
    );
    expect(answer).toMatchObject({ reason: 'too-large', retry: false });
  });

  it('an endless body is cut', async () => {
    let gone = false;
    const answer = await fetchFrom(
      (_, response) => {
        response.on('close', () => {
          gone = true;
        });
        response.write(png);
        const more = () => {
          while (!response.destroyed && response.write(png));
        };
        response.on('drain', more);
        more();
      },
      { maxBytes: 300_000 },
    );
    expect(answer).toMatchObject({ reason: 'too-large' });
    await vi.waitFor(() => expect(gone).toBe(true), { timeout: 20_000 });
  });

  it('a body that unpacks to too much is cut (gzip bomb)', async () => {
    const bomb = gzipSync(Buffer.concat([png, Buffer.alloc(50_000_000)]));
    expect(bomb.length).toBeLessThan(100_000);
    const answer = await fetchFrom(
      (_, response) => response.setHeader('content-encoding', 'gzip').end(bomb),
      {
        maxBytes: 100_000,
      },
    );
    expect(answer).toMatchObject({ reason: 'too-large' });
  });

  it('a body that is large only while it is packed is cut (endless empty gzip members)', async () => {
    const nothing = Buffer.concat(Array(1000).fill(gzipSync('')));
    const answer = await fetchFrom(
      (_, response) => {
        response.setHeader('content-encoding', 'gzip');
        const more = () => {
          while (!response.destroyed && response.write(nothing));
        };
        response.on('drain', more);
        more();
      },
      { maxBytes: 100_000, timeoutMs: 60_000 },
    );
    expect(answer).toMatchObject({ reason: 'too-large' });
  });

  it.each(['gzip, gzip', 'zstd', 'nonsense'])('the encoding %s is refused', async (encoding) => {
    const answer = await fetchFrom((_, response) =>
      response.setHeader('content-encoding', encoding).end(png),
    );
    expect(answer).toMatchObject({ reason: 'type' });
  });

  it('a body that is not packed as it says is refused', async () => {
    const answer = await fetchFrom((_, response) => response.setHeader('content-encoding', 'gzip').end(png));
    expect(answer).toMatchObject({ reason: 'network' });
  });

  it('a body that stands still is given up', async () => {
    const answer = await fetchFrom((_, response) => void response.write(png), { idleMs: 60 });
    expect(answer).toMatchObject({
      reason: 'timeout',
      retry: true,
      message: expect.stringContaining('nothing'),
    });
  });

  it('a body that keeps coming is not given up for standing still', async () => {
    const answer = await fetchFrom(
      (_, response) => {
        let pieces = 0;
        const timer = setInterval(() => {
          response.write(png.subarray(pieces * 500, (pieces + 1) * 500));
          pieces += 1;
          if (pieces < 14) return;
          clearInterval(timer);
          response.end();
        }, 400);
      },
      // Less than all of it takes, and much more than from one piece to the next: the machine may be busy.
      { idleMs: 5_000 },
    );
    expect(answer).toMatchObject({ ok: true, bytes: 7_000 });
  });

  it('a body that drips is given up (slowloris)', async () => {
    const answer = await fetchFrom(
      (_, response) => {
        const drip = setInterval(() => response.write(png.subarray(0, 1)), 10);
        response.on('close', () => clearInterval(drip));
      },
      { timeoutMs: 150 },
    );
    expect(answer).toMatchObject({ reason: 'timeout', message: expect.stringContaining('150') });
  });

  it.each([
    ['no answer at all', ''],
    ['headers without end', 'HTTP/1.1 200 OK\r\nA: b\r\n'],
  ])('%s is given up', async (_, text) => {
    const port = await listen(
      createPlainServer(
        (socket) =>
          void socket
            .on('error', () => undefined)
            .resume()
            .write(text),
      ),
    );
    const answer = await makeGuard({ idleMs: 60 }).fetch(`http://img.test:${port}/`, {
      accept,
      sink: sink(),
    });
    expect(answer).toMatchObject({ reason: 'timeout' });
  });

  it('a resolver that never answers is given up', async () => {
    const guard = makeGuard({ idleMs: 40, resolve: () => new Promise(() => undefined) });
    expect(await guard.fetch('http://img.test/', { accept, sink: sink() })).toMatchObject({
      reason: 'timeout',
    });
  });

  it('headers that are too large are refused', async () => {
    const text = `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(100_000)}\r\n\r\n`;
    const port = await listen(
      createPlainServer(
        (socket) =>
          void socket
            .on('error', () => undefined)
            .resume()
            .write(text),
      ),
    );
    const answer = await makeGuard().fetch(`http://img.test:${port}/`, { accept, sink: sink() });
    expect(answer).toMatchObject({ reason: 'network' });
  });
});

describe('answers that are none', () => {
  it.each([
    ['HTML', '<html></html>'],
    ['nothing', ''],
    ['a type that was not asked for', 'GIF89a'],
  ])('%s is refused by its bytes, whatever the server says', async (_, body) => {
    const answer = await fetchFrom((_request, response) =>
      response.setHeader('content-type', 'image/png').end(body),
    );
    expect(answer).toMatchObject({ reason: 'type', retry: false });
  });

  it.each([
    [404, false],
    [403, false],
    [204, false],
    [206, false],
    [304, false],
    [429, true],
    [500, true],
    [503, true],
  ])('status %i is refused; another try can help: %s', async (status, retry) => {
    const answer = await fetchFrom((_, response) => response.writeHead(status).end());
    expect(answer).toMatchObject({ reason: 'status', retry });
  });

  it('a connection that breaks off is refused', async () => {
    const answer = await fetchFrom((_, response) => {
      response.writeHead(200, { 'content-length': 100_000 });
      response.write(png, () => response.destroy());
    });
    expect(answer).toMatchObject({ reason: 'network', retry: true });
  });

  it('a port where nobody listens is refused', async () => {
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const answer = await makeGuard().fetch(`http://img.test:${port}/`, { accept, sink: sink() });
    expect(answer).toMatchObject({ reason: 'network', retry: true });
  });
});

describe('the end', () => {
  it('comes when the caller says so, also before the beginning', async () => {
    const caller = new AbortController();
    const port = await serve((_, response) => {
      response.write(png);
      caller.abort();
    });
    const guard = makeGuard();
    const order = { accept, sink: sink(), signal: caller.signal };
    expect(await guard.fetch(`http://img.test:${port}/`, order)).toMatchObject({ reason: 'cancelled' });
    expect(await guard.fetch(`http://img.test:${port}/`, order)).toMatchObject({ reason: 'cancelled' });
    expect(existsSync(order.sink)).toBe(false);
  });

  it('comes with close, which may be called twice', async () => {
    const { promise: asked, resolve } = withResolver();
    const port = await serve((_, response) => {
      response.write(png);
      resolve();
    });
    const guard = makeGuard();
    const answer = guard.fetch(`http://img.test:${port}/`, { accept, sink: sink() });
    await asked;
    await Promise.all([guard.close(), guard.close()]);
    expect(await answer).toMatchObject({ reason: 'cancelled' });
    expect(await guard.fetch('http://img.test/', { accept, sink: sink() })).toMatchObject({
      reason: 'cancelled',
    });
  });

  it('a sink that cannot be written is a defect, not a refusal', async () => {
    const port = await servePng();
    const missing = join(folder, 'missing', 'file');
    await expect(makeGuard().fetch(`http://img.test:${port}/`, { accept, sink: missing })).rejects.toThrow(
      'written',
    );
  });
});

function withResolver(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
