import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { RouteIndex } from '../admission/route-index.js';
import type { DialectRegistry } from '../dialects/dialect-registry.js';
import { asyncApiOf } from '../docs/asyncapi.js';
import { docsPage, pageStyle } from '../docs/docs-page.js';
import { openApiOf } from '../docs/openapi.js';

/** Nothing is loaded, nothing runs; the one style is known by its digest. */
const styleDigest = createHash('sha256').update(pageStyle).digest('base64');
const policy = `default-src 'none'; style-src 'sha256-${styleDigest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
/** The page that can be tried runs its one script, asks this server, and shows the pictures that it gets. */
const tryingPolicy = `${policy}; script-src 'self'; connect-src 'self'; img-src 'self' data: blob:`;

/** Of a page that is a text and its style. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': policy,
  'cache-control': 'no-cache',
  'referrer-policy': 'no-referrer',
} as const;

/**
 * `/openapi.json`, `/asyncapi.json`, and the page made from it for people. Made once, when they are first asked for.
 */
export function addPageRoutes(
  app: FastifyInstance,
  index: RouteIndex,
  dialects: DialectRegistry,
  version: string,
): void {
  let document: string | undefined;
  let page: string | undefined;
  const open = { config: { access: 'public' } } as const;

  app.get('/openapi.json', open, (_request, reply) => {
    document ??= JSON.stringify(openApiOf(index.routes, dialects, version));
    return reply
      .header('content-type', 'application/json; charset=utf-8')
      .header('cache-control', 'no-cache')
      .send(document);
  });

  let stream: string | undefined;
  app.get('/asyncapi.json', open, (_request, reply) => {
    stream ??= JSON.stringify(asyncApiOf(version));
    return reply
      .header('content-type', 'application/json; charset=utf-8')
      .header('cache-control', 'no-cache')
      .send(stream);
  });

  app.get('/docs', open, (_request, reply) => {
    page ??= docsPage(openApiOf(index.routes, dialects, version));
    return reply.headers(pageHeaders).header('content-security-policy', tryingPolicy).send(page);
  });
}
