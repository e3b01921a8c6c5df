import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { InkwireError } from '../../client/sdk/error.js';
import { broken, data, type Reply, refusal, scripted } from './scripted-http.js';

async function errorOf(call: Promise<unknown>): Promise<InkwireError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InkwireError);
  if (!(error instanceof InkwireError)) throw new Error('not reached');
  return error;
}

describe('what is sent', () => {
  it('has the key, the query without what is undefined, and JSON', async () => {
    const { http, sent } = scripted([data(1), data(2)]);
    await http.json('POST', '/x', { body: { a: 1 } });
    await http.json('GET', '/y', { query: { a: 'b c', limit: 2, not: undefined } });
    expect(sent[0]).toMatchObject({ method: 'POST', url: 'http://server/x', body: '{"a":1}' });
    expect(sent[0]?.headers).toMatchObject({
      authorization: 'Bearer k1',
      'content-type': 'application/json',
    });
    expect(sent[1]).toMatchObject({ url: 'http://server/y?a=b+c&limit=2', body: undefined });
    expect(sent[1]?.headers).not.toHaveProperty('content-type');
  });

  it('a query may hold a name twice', async () => {
    const { http, sent } = scripted([data(1)]);
    await http.json('GET', '/y', {
      query: [
        ['topic', 'a:b'],
        ['topic', 'c'],
      ],
    });
    expect(sent[0]?.url).toBe('http://server/y?topic=a%3Ab&topic=c');
  });
});

describe('answers', () => {
  it('the data of the envelope is taken, also when it is empty', async () => {
    expect(await scripted([data({ a: 1 })]).http.json('GET', '/')).toEqual({ a: 1 });
    expect(await scripted([data(null)]).http.json('GET', '/')).toBeNull();
  });

  it.each([
    ['a page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
    ['other JSON', () => new Response('{"hello":1}')],
    ['JSON that is no object', () => new Response('null')],
    ['nothing', () => new Response(null, { status: 204 })],
  ])('%s in place of an envelope is unexpected, and not asked for again', async (_what, reply) => {
    const { http, sent } = scripted([reply]);
    expect((await errorOf(http.json('GET', '/'))).slug).toBe('unexpected-answer');
    expect(sent).toHaveLength(1);
  });

  it('a refusal comes with all that it says', async () => {
    const { http } = scripted([refusal('not-found', 404)]);
    expect(await errorOf(http.json('GET', '/'))).toMatchObject({
      slug: 'not-found',
      status: 404,
      message: 'because of not-found',
      retryable: false,
      requestId: 'req-1',
    });
  });

  it('a foreign refusal is unexpected, with its status', async () => {
    const { http } = scripted([new Response('<h1>Forbidden</h1>', { status: 403 })]);
    expect(await errorOf(http.json('GET', '/'))).toMatchObject({ slug: 'unexpected-answer', status: 403 });
  });
});

describe('sending again', () => {
  const twice = (first: Reply) => scripted([first, data('done')]);

  it.each([
    ['a broken connection', () => broken()],
    ['a full queue', () => refusal('queue-full', 503)],
    ['a shutdown', () => refusal('shutting-down', 503)],
    ['a rate limit', () => refusal('client-rate-exceeded', 429)],
    ['a fault of the server', () => refusal('internal-error', 500)],
    ['a proxy without a server', () => new Response('bad gateway', { status: 502 })],
    ['an answer that broke off', () => brokenBody()],
  ])('a GET is sent again after %s', async (_what, first) => {
    const { http, sent } = twice(first());
    expect(await http.json('GET', '/')).toBe('done');
    expect(sent).toHaveLength(2);
  });

  it.each(['not-found', 'validation-failed', 'job-not-completed'])('%s is final', async (slug) => {
    const { http, sent } = scripted([refusal(slug, slug === 'not-found' ? 404 : 409)]);
    expect((await errorOf(http.json('GET', '/'))).slug).toBe(slug);
    expect(sent).toHaveLength(1);
  });

  it('a POST is sent again only with an idempotency key, with the same one and the same body', async () => {
    expect((await errorOf(twice(broken()).http.json('POST', '/', { body: {} }))).slug).toBe('network-error');
    const { http, sent } = twice(broken());
    expect(await http.json('POST', '/', { body: { a: 1 }, headers: { 'idempotency-key': 'x' } })).toBe(
      'done',
    );
    expect(sent[0]).toEqual(sent[1]);
  });

  it('five times in all, with a random wait whose bound doubles', async () => {
    const { http, sent, slept } = scripted(Array.from({ length: 6 }, broken));
    const error = await errorOf(http.json('GET', '/'));
    expect(error).toMatchObject({ slug: 'network-error', status: 0, retryable: true });
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(sent).toHaveLength(5);
    expect(slept).toEqual([250, 500, 1000, 2000]);
  });

  it('in a page of another origin the error names what a browser does not tell apart', async () => {
    const told = async (origin: string): Promise<string> => {
      vi.stubGlobal('location', { origin });
      const { http } = scripted(Array.from({ length: 5 }, broken));
      const { message } = await errorOf(http.json('GET', '/')).finally(() => vi.unstubAllGlobals());
      return message;
    };
    expect(await told('https://shop.example')).toMatch(
      /^No answer came from .*INKWIRE_CORS_ORIGINS.*shop\.example/,
    );
    expect(await told('http://server')).toBe('No answer came from http://server.');
    expect(
      (await errorOf(scripted(Array.from({ length: 5 }, broken)).http.json('GET', '/'))).message,
    ).not.toContain('CORS');
  });

  it('Retry-After is honoured, up to a minute, with half a second of chance at most', async () => {
    const replies = ['3', '86400', '1'].map((seconds) =>
      refusal('queue-full', 503, { 'retry-after': seconds }),
    );
    const { http, slept } = scripted([...replies, data(1)]);
    await http.json('GET', '/');
    expect(slept).toEqual([3250, 60_250, 1250]);
  });

  it.each([
    ['a lost answer', broken],
    ['a fault of the server', () => refusal('internal-error', 500)],
    ['a proxy that lost the server', () => new Response('bad gateway', { status: 502 })],
    ['a 503 that is not of this server', () => new Response('upstream reset', { status: 503 })],
  ])(
    'a DELETE is not sent again after %s: it may delete what the first one cancelled',
    async (_what, first) => {
      const { http, sent } = twice(first());
      expect(await errorOf(http.send('DELETE', '/'))).toMatchObject({ retryable: true });
      expect(sent).toHaveLength(1);
    },
  );

  it.each([
    ['client-rate-exceeded', 429],
    ['shutting-down', 503],
  ])('a DELETE that was refused with %s is sent again, and a plain POST, too', async (slug, status) => {
    for (const method of ['DELETE', 'POST'] as const) {
      const { http, sent } = twice(refusal(slug, status));
      expect(await http.json(method, '/')).toBe('done');
      expect(sent).toHaveLength(2);
    }
  });

  it('nothing is sent again that must not be', async () => {
    const { http, sent } = twice(refusal('client-rate-exceeded', 429));
    expect((await errorOf(http.json('GET', '/', { retry: false }))).slug).toBe('client-rate-exceeded');
    expect(sent).toHaveLength(1);
  });

  it.each([
    ['an idempotency key', { 'idempotency-key': 'März €' }],
    ['an API key', { authorization: 'Bearer schlüssel€' }],
  ])('%s that no header can hold is refused at once, and not sent', async (_what, headers) => {
    const { http, sent } = scripted([]);
    expect(await errorOf(http.json('POST', '/', { headers }))).toMatchObject({
      slug: 'malformed-request',
      retryable: false,
    });
    expect(sent).toHaveLength(0);
  });

  it('an address that is none is refused at once', async () => {
    const { http, sent } = scripted([], { url: '127.0.0.1:8080' });
    expect((await errorOf(http.json('GET', '/'))).slug).toBe('malformed-request');
    expect(sent).toHaveLength(0);
  });
});

describe('a refused key', () => {
  it('a key function is asked for another one, once, whatever the method', async () => {
    let firstSignal = 0;
    const key = () => `k${++firstSignal}`;
    const { http, sent, slept } = scripted([refusal('unauthorized', 401), data('done')], { key });
    expect(await http.json('POST', '/')).toBe('done');
    expect(sent.map(({ headers }) => headers.authorization)).toEqual(['Bearer k1', 'Bearer k2']);
    expect(slept).toEqual([]);
    const useless = scripted([refusal('unauthorized', 401), refusal('unauthorized', 401)], { key });
    expect((await errorOf(useless.http.json('GET', '/'))).slug).toBe('unauthorized');
    expect(useless.sent).toHaveLength(2);
  });

  it('a key text is refused for good', async () => {
    const { http, sent } = scripted([refusal('unauthorized', 401)]);
    expect((await errorOf(http.json('GET', '/'))).slug).toBe('unauthorized');
    expect(sent).toHaveLength(1);
  });
});

describe('an abort', () => {
  it('rejects at once while the key function is asked, first or again, and leaves nothing on the signal', async () => {
    const reason = new Error('the user left');
    for (const given of [[], ['k1']]) {
      const leaving = new AbortController();
      const key = () =>
        given.shift() ?? new Promise<string>(() => queueMicrotask(() => leaving.abort(reason)));
      const { http } = scripted([refusal('unauthorized', 401)], { key });
      await expect(http.json('GET', '/', { signal: leaving.signal })).rejects.toBe(reason);
      expect(getEventListeners(leaving.signal, 'abort')).toHaveLength(0);
    }
  });

  it('before, while asking and while waiting rejects with the reason of the signal', async () => {
    const reason = new Error('the user left');
    const before = scripted([]);
    await expect(before.http.json('GET', '/', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(before.sent).toHaveLength(0);

    const asking = new AbortController();
    const while_ = scripted([
      () => {
        asking.abort(reason);
        throw new DOMException('aborted', 'AbortError');
      },
    ]);
    // Also where nothing is sent again.
    await expect(while_.http.json('POST', '/', { signal: asking.signal })).rejects.toBe(reason);

    const waiting = new AbortController();
    const refused = scripted([
      () => {
        queueMicrotask(() => waiting.abort(reason));
        return refusal('queue-full', 503);
      },
    ]);
    await expect(refused.http.json('GET', '/', { signal: waiting.signal })).rejects.toBe(reason);
  });
});

function brokenBody(): Response {
  return new Response(
    new ReadableStream({
      pull(controller) {
        controller.error(new TypeError('terminated'));
      },
    }),
  );
}
