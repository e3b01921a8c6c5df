import type { FastifyReply } from 'fastify';
import type { Check } from './admission.js';
import type { RouteIndex } from './route-index.js';

const exposed = [
  'Content-Disposition',
  'Content-Range',
  'ETag',
  'Location',
  'Preference-Applied',
  'RateLimit',
  'RateLimit-Policy',
  'Repr-Digest',
  'Retry-After',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'X-Request-Id',
].join(', ');

const allowedHeaders = [
  'Accept',
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'If-Match',
  'If-None-Match',
  'If-Range',
  'Last-Event-ID',
  'Prefer',
  'Range',
  'X-Request-Id',
].join(', ');

export interface CorsChecks {
  /** Marks the answer, whatever it will be: pages may read refusals, too. Never refuses. */
  readonly mark: Check;
  /** Answers every OPTIONS request, preflights among them. */
  readonly options: Check;
}

/**
 * Lets pages of the listed origins read answers. Callers are known by their key alone, never by a cookie, so that no
 * credentials are allowed; a request of another origin is served as any other and the browser keeps it from the page.
 * @param origins as browsers write them (`https://example.org`); `*` for every origin
 */
export function createCorsChecks(origins: readonly string[], routes: RouteIndex): CorsChecks {
  const every = origins.includes('*');
  const listed = new Set(origins);
  const allows = (origin: string | undefined) => origin !== undefined && (every || listed.has(origin));
  const mark: Check = (request, reply) => {
    if (origins.length === 0) return undefined;
    const { origin } = request.raw.headers;
    if (!every) reply.header('vary', 'Origin');
    if (allows(origin)) {
      reply.header('access-control-allow-origin', every ? '*' : origin);
      reply.header('access-control-expose-headers', exposed);
    }
    return undefined;
  };
  const options: Check = (request, reply) => {
    const { headers, method, url } = request.raw;
    if (method !== 'OPTIONS') return undefined;
    const methods = routes.methodsOf(url ?? '/')?.join(', ');
    // A later check answers a path without routes.
    if (methods === undefined) return undefined;
    if (allows(headers.origin) && headers['access-control-request-method'] !== undefined)
      preflight(reply, methods);
    reply.code(204).header('allow', methods).send();
    return 'answered';
  };
  return { mark, options };
}

function preflight(reply: FastifyReply, methods: string): void {
  reply
    .header('access-control-allow-methods', methods)
    .header('access-control-allow-headers', allowedHeaders)
    .header('access-control-max-age', '7200');
}
