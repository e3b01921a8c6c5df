import { authOf } from '../../client/sdk/auth.js';
import { Http } from '../../client/sdk/http.js';
import type { InkwireOptions } from '../../client/sdk/types.js';

/** A request as it left. */
export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | FormData | undefined;
  readonly signal: AbortSignal | undefined;
}

/** What comes back: an answer, a broken connection, or what a function makes of the request. */
export type Reply = Response | Error | ((sent: Sent) => Response | Promise<Response>);

export interface Script {
  readonly http: Http;
  readonly sent: Sent[];
  /** Milliseconds of the waits, which take no time. */
  readonly slept: number[];
}

/** An `Http` whose server says these things one after the other. Chance is always one half. */
export function scripted(replies: readonly Reply[], options: InkwireOptions = { key: 'k1' }): Script {
  const sent: Sent[] = [];
  const slept: number[] = [];
  const http = new Http({
    url: options.url ?? 'http://server/',
    auth: authOf(options),
    random: () => 0.5,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      slept.push(ms);
    },
    async fetch(input, init = {}) {
      const request = {
        method: init.method ?? 'GET',
        url: String(input),
        headers: Object.fromEntries(new Headers(init.headers)),
        body: typeof init.body === 'string' || init.body instanceof FormData ? init.body : undefined,
        signal: init.signal ?? undefined,
      };
      const reply = replies[sent.length];
      sent.push(request);
      if (reply === undefined) throw new Error('The script is over');
      if (reply instanceof Error) throw reply;
      return typeof reply === 'function' ? reply(request) : reply;
    },
  });
  return { http, sent, slept };
}

export function data(value: unknown, status = 200): Response {
  return new Response(JSON.stringify({ data: value, meta: { api_version: 'v1' } }), { status });
}

export function refusal(
  slug: string,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const document = {
    type: `https://inkwire.dev/problems/${slug}`,
    title: slug,
    status,
    detail: `because of ${slug}`,
    request_id: 'req-1',
  };
  const type = { 'content-type': 'application/problem+json' };
  return new Response(JSON.stringify(document), { status, headers: { ...type, ...headers } });
}

export const broken = () => new TypeError('fetch failed');
