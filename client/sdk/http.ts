import type { Auth, RequestHeaders } from './auth.js';
import { delay, type Sleep, unlessAborted } from './backoff.js';
import { errorOf, InkwireError } from './error.js';

const maxTries = 5;
const maxRetryAfterMs = 60_000;

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface HttpParts {
  /** Address of the server; empty for the page's own origin. */
  readonly url: string;
  readonly auth: Auth;
  /** Whose things are asked for, where they are not those of the key's owner. */
  readonly owner?: string | undefined;
  readonly fetch: typeof globalThis.fetch;
  /** As `Math.random`. */
  readonly random: () => number;
  readonly sleep: Sleep;
}

type Named = Readonly<Record<string, unknown>>;

export interface Call {
  /** By name, or as pairs where a name comes twice; what is undefined is left out. */
  readonly query?: Named | readonly (readonly [name: string, value: unknown])[];
  /** Sent as JSON, unless it is a `FormData`. */
  readonly body?: unknown;
  readonly headers?: RequestHeaders;
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether it does no harm to send it again when the answer was lost, 5 times in all. Left out: a GET and what has an
   * `idempotency-key`; anything else only where the server says that it did nothing. False: never.
   */
  readonly retry?: boolean;
}

/** Sends requests: adds the credentials, repeats what may be repeated, and turns refusals into errors. */
export class Http {
  readonly parts: HttpParts;

  constructor(parts: HttpParts) {
    this.parts = { ...parts, url: parts.url.replace(/\/+$/, '') };
  }

  /** @returns `data` of the envelope */
  json<T>(method: Method, path: string, call: Call = {}): Promise<T> {
    const headers = { accept: 'application/json', ...call.headers };
    return this.ask(method, path, { ...call, headers }, (response) => dataOf<T>(response));
  }

  /** @returns the answer, 2xx, as its headers have come */
  send(method: Method, path: string, call: Call = {}): Promise<Response> {
    return this.ask(method, path, call, (response) => response);
  }

  /**
   * Sends until an answer was taken in whole, or nothing is gained by sending again. Rejects with `InkwireError` or
   * the signal's reason.
   * @param take reads the answer; what it throws beside an `InkwireError` counts as a broken connection
   */
  async ask<T>(
    method: Method,
    path: string,
    call: Call,
    take: (response: Response) => T | Promise<T>,
  ): Promise<T> {
    const { url, auth, owner, fetch, random, sleep } = this.parts;
    const { signal, retry } = call;
    const harmless = retry ?? (method === 'GET' || call.headers?.['idempotency-key'] !== undefined);
    const address = url + path + queryOf(call.query, owner);
    const body = bodyOf(call);
    const type = typeof body === 'string' ? { 'content-type': 'application/json' } : {};
    let given = await unlessAborted(auth.headers(), signal);
    let renewed = false;
    let failures = 0;
    for (let attempt = 0; ; attempt += 1) {
      let error: InkwireError;
      try {
        signal?.throwIfAborted();
        const headers = { ...type, ...given, ...call.headers };
        checkForm(address, headers);
        const response = await fetch(address, { method, headers, body, signal: signal ?? null });
        if (response.ok) return await take(response);
        const problem: unknown = await response.json().catch(() => undefined);
        signal?.throwIfAborted();
        error = errorOf(response.status, problem, response.headers.get('retry-after'));
      } catch (cause) {
        signal?.throwIfAborted();
        if (cause instanceof InkwireError) throw cause;
        const message = `No answer came from ${url || 'the server'}.${ofPage(url)}`;
        error = new InkwireError('network-error', message, { cause });
      }
      if (error.status === 401 && !renewed) {
        const other = await unlessAborted(auth.headers(given), signal);
        renewed = true;
        if (other !== given) {
          given = other;
          continue;
        }
      }
      failures += 1;
      const again = harmless || (retry === undefined && isUntouched(error));
      if (!again || !mayPass(error) || failures >= maxTries) throw error;
      const { retryAfterMs } = error;
      // Where the server names a time, only the clients that got the same one are spread.
      const waitMs =
        retryAfterMs === undefined
          ? delay(attempt, random)
          : Math.min(retryAfterMs, maxRetryAfterMs) + delay(0, random);
      await sleep(waitMs, signal);
    }
  }
}

/** A browser does not tell a page that it may not read an answer from a server that is away. */
function ofPage(url: string): string {
  const globals: { readonly fetch: unknown; readonly location?: { readonly origin: string } } = globalThis;
  const origin = globals.location?.origin;
  return origin === undefined || url === '' || url.startsWith(origin)
    ? ''
    : ` Or its INKWIRE_CORS_ORIGINS do not name ${origin}.`;
}

/** Whether time alone may help: not for a refusal that another event has to lift. */
function mayPass({ retryable, status }: InkwireError): boolean {
  return retryable && (status === 0 || status === 429 || status >= 500);
}

/** Whether the server itself says that it has done nothing: a proxy does not know. */
function isUntouched({ slug, status }: InkwireError): boolean {
  return slug !== 'unexpected-answer' && (status === 429 || status === 503);
}

/** What `fetch` would refuse with the same error as a network that is down. */
function checkForm(address: string, headers: RequestHeaders): void {
  try {
    new Request(address, { headers });
  } catch (cause) {
    throw new InkwireError('malformed-request', String(cause), { cause });
  }
}

/** The type of a form names its boundary, which `fetch` makes up. */
function bodyOf({ body }: Call): string | FormData | null {
  if (body === undefined) return null;
  return body instanceof FormData ? body : JSON.stringify(body);
}

async function dataOf<T>(response: Response): Promise<T> {
  const text = await response.text();
  let data: T | undefined;
  try {
    data = (JSON.parse(text) as { readonly data?: T }).data;
  } catch {
    // Reported below, like JSON without `data`.
  }
  if (data !== undefined) return data;
  const { status } = response;
  throw new InkwireError('unexpected-answer', 'The answer is not one of this server.', { status });
}

export function queryOf(query: Call['query'] = [], owner?: string): string {
  const given = new URLSearchParams();
  const pairs: readonly (readonly [string, unknown])[] = isPairs(query) ? query : Object.entries(query);
  for (const [name, value] of [...pairs, ['owner', owner] as const])
    if (value !== undefined) given.append(name, String(value));
  const text = String(given);
  return text && `?${text}`;
}

function isPairs(query: Call['query']): query is readonly (readonly [string, unknown])[] {
  return Array.isArray(query);
}
