import type { FastifyReply } from 'fastify';
import type { Dialect } from '../dialects/dialect.js';
import type { DialectRegistry } from '../dialects/dialect-registry.js';
import { pathOf } from '../reply/problem-reply.js';
import type { Check } from './admission.js';
import type { Origins } from './origins.js';
import type { RouteIndex } from './route-index.js';

/** What admission itself sets, for every dialect. */
const ownAnswers = [
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'X-Request-Id',
];

/** What every dialect reads. */
const ownRequests = ['Accept', 'Content-Type', 'X-Request-Id'];

export interface CorsChecks {
  /** Marks the answer, whatever it will be: pages may read refusals, too. Never refuses. */
  readonly mark: Check;
  /** Answers every OPTIONS request, preflights among them. */
  readonly options: Check;
}

/**
 * Lets pages of allowed origins read answers. Callers of other origins are known by their key alone: the cookie of a session is for
 * pages of this server, so that no credentials are allowed; a request of another origin is served as any other and the browser keeps it from the page.
 */
export function createCorsChecks(
  origins: Origins,
  routes: RouteIndex,
  dialects: DialectRegistry,
): CorsChecks {
  const { every } = origins;
  const lists = new Map(dialects.all.map((dialect) => [dialect, listsOf(dialect)] as const));
  const listsAt = (url: string | undefined) => lists.get(dialects.of(pathOf(url)));
  const mark: Check = (request, reply) => {
    if (!origins.varies()) return undefined;
    const { headers, url } = request.raw;
    if (!every) reply.header('vary', 'Origin');
    if (origins.allows(headers.origin)) {
      reply.header('access-control-allow-origin', every ? '*' : headers.origin);
      reply.header('access-control-expose-headers', listsAt(url)?.answers);
    }
    return undefined;
  };
  const options: Check = (request, reply) => {
    const { headers, method, url } = request.raw;
    if (method !== 'OPTIONS') return undefined;
    const methods = routes.methodsOf(url ?? '/')?.join(', ');
    // A later check answers a path without routes.
    if (methods === undefined) return undefined;
    if (origins.allows(headers.origin) && headers['access-control-request-method'] !== undefined)
      preflight(reply, methods, listsAt(url)?.requests);
    reply.code(204).header('allow', methods).send();
    return 'answered';
  };
  return { mark, options };
}

function listsOf({ corsHeaders }: Dialect): { readonly requests: string; readonly answers: string } {
  const sorted = (names: readonly string[]) => [...new Set(names)].sort().join(', ');
  return {
    requests: sorted([...ownRequests, ...corsHeaders.requests]),
    answers: sorted([...ownAnswers, ...corsHeaders.answers]),
  };
}

function preflight(reply: FastifyReply, methods: string, requestHeaders: string | undefined): void {
  reply
    .header('access-control-allow-methods', methods)
    .header('access-control-allow-headers', requestHeaders)
    .header('access-control-max-age', '7200');
}
