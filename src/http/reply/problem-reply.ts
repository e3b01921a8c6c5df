import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Problem, problemTypes } from '../../protocol/problem.js';
import { requestIdOf } from './request-id.js';

/** The slug follows; the one place that names it. */
export const problemBase = 'https://inkwire.dev/problems/';
export const problemMediaType = 'application/problem+json';

/** RFC 9457. `instance` is the path that was asked for. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance?: string;
  readonly request_id: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

export function problemDocument(problem: Problem, requestId: string, instance?: string): ProblemDocument {
  const { status, title } = problemTypes[problem.slug];
  return {
    type: `${problemBase}${problem.slug}`,
    title,
    status,
    detail: problem.detail,
    ...(instance === undefined ? {} : { instance }),
    request_id: requestId,
    ...(problem.errors === undefined ? {} : { errors: problem.errors }),
  };
}

/** Answers with a problem. Headers that were set before (request id, rate limits, CORS) stay. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  const document = problemDocument(problem, request.id, pathOf(request.raw.url));
  reply
    .code(document.status)
    .header('content-type', problemMediaType)
    .header('cache-control', 'no-store')
    .header('x-request-id', request.id);
  const retryAfter = problem.retryAfter ?? (document.status === 503 ? 1 : undefined);
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
  // What was meant for the answer that is not given now; as bytes, since Fastify adds a charset to JSON texts.
  reply.removeHeader('content-length').removeHeader('etag');
  return reply.send(Buffer.from(JSON.stringify(document)));
}

/** The path of a URL without its query, which may hold secrets; at most 1,024 characters. */
export function pathOf(url: string | undefined): string {
  // Requests may also name a whole address (RFC 9112, 3.2.2).
  const address = (url ?? '/').replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  const end = address.search(/[?#]/);
  return (end < 0 ? address : address.slice(0, end)).slice(0, 1024);
}

/** A whole HTTP/1.1 answer for a socket whose request could not even be read. The connection ends with it. */
export function rawProblem(problem: Problem | RawRefusal): string {
  const requestId = requestIdOf({});
  const document =
    'slug' in problem
      ? problemDocument(problem, requestId)
      : { type: 'about:blank', ...problem, request_id: requestId };
  const body = JSON.stringify(document);
  return [
    `HTTP/1.1 ${document.status} ${document.title}`,
    `Content-Type: ${problemMediaType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    ...('retryAfter' in problem && problem.retryAfter !== undefined
      ? [`Retry-After: ${problem.retryAfter}`]
      : []),
    `X-Request-Id: ${requestId}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}

/** A refusal of HTTP itself, which the catalogue has no entry for (`about:blank`, RFC 9457, 4.2.1). */
export interface RawRefusal {
  readonly status: 408 | 417;
  readonly title: 'Request Timeout' | 'Expectation Failed';
  readonly detail: string;
}
