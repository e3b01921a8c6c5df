import { STATUS_CODES } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Problem, problemTypes } from '../../protocol/problem.js';

/** A refusal of HTTP itself, which the catalogue has no entry for. */
export interface RawRefusal {
  readonly status: 408 | 417;
  readonly title: 'Request Timeout' | 'Expectation Failed';
  readonly detail: string;
}

export type Refusal = Problem | RawRefusal;

/** What the text of a refusal may depend on beside its reason. */
export interface RefusedRequest {
  /** The `X-Request-Id` of the answer. */
  readonly id: string;
  /** Without the query; undefined when the request could not be read. */
  readonly path: string | undefined;
}

/** A whole answer. */
export interface RefusalAnswer {
  readonly status: number;
  /** By their names in lower case; the media type of the body among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Puts a refusal into the form of a dialect. Pure. */
export type RefusalWriter = (refusal: Refusal, request: RefusedRequest) => RefusalAnswer;

declare module 'fastify' {
  interface FastifyInstance {
    /** Writes a refusal as the dialect of the path does. */
    readonly writeRefusal: RefusalWriter;
  }
}

/** The status and the title that the catalogue, or HTTP, has for a refusal. */
export function kindOf(refusal: Refusal): { readonly status: number; readonly title: string } {
  return 'slug' in refusal ? problemTypes[refusal.slug] : refusal;
}

/** The headers that every refusal has, whatever the dialect makes of its body. */
export function commonHeaders(refusal: Refusal, requestId: string): Readonly<Record<string, string>> {
  const given = 'slug' in refusal ? refusal.retryAfter : undefined;
  const retryAfter = given ?? (kindOf(refusal).status === 503 ? 1 : undefined);
  return {
    'cache-control': 'no-store',
    'x-request-id': requestId,
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
  };
}

/**
 * Answers with a problem, in the form of the request's dialect. Headers that were set before (rate limits, CORS) stay.
 */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  const refused = { id: request.id, path: pathOf(request.raw.url) };
  const { status, headers, body } = request.server.writeRefusal(problem, refused);
  // What was meant for the answer that is not given now.
  reply.removeHeader('content-length').removeHeader('etag');
  // As bytes, since Fastify adds a charset to JSON texts.
  return reply.code(status).headers(headers).send(Buffer.from(body));
}

/** The path of a URL without its query, which may hold secrets; at most 1,024 characters. */
export function pathOf(url: string | undefined): string {
  // Requests may also name a whole address (RFC 9112, 3.2.2).
  const address = (url ?? '/').replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  const end = address.search(/[?#]/);
  return (end < 0 ? address : address.slice(0, end)).slice(0, 1024);
}

/** An answer as HTTP/1.1 writes it, for a socket on which Node writes none. The connection ends with it. */
export function rawAnswer({ status, headers, body }: RefusalAnswer): string {
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
