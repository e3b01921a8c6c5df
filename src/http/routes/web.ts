import type { FastifyInstance } from 'fastify';
import { problem } from '../../protocol/problem.js';
import { landingPage } from '../docs/docs-page.js';
import { sendProblem } from '../reply/problem-reply.js';
import { type StaticFiles, sendStatic, svg } from '../reply/static-files.js';
import { pageHeaders } from './pages.js';

/** Asked again each time: the name stays when the bytes change. */
const revalidated = 'no-cache';
/** The name holds a digest of the bytes. */
const forGood = 'public, max-age=31536000, immutable';

/**
 * The live page runs its own scripts and nothing else. `connect-src 'self'` covers WebSockets to the same host. Results
 * are shown from blobs in a frame of the browser's own viewer.
 */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' blob: data:",
  "frame-src blob: 'self'",
  "object-src blob: 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** An image that is opened by itself runs nothing. Scripts go without: a worker would be held to it. */
const imagePolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/** The client for browsers, the parts that it loads when they are needed, and the viewer of pages. */
const clientFile = /^(client(-[a-z-]+)?|pages)\.js$/;

export interface WebOptions {
  /** What the build made; empty where only the server was compiled. */
  readonly files: StaticFiles;
  readonly version: string;
}

/** The live page with its assets, and the client for browsers: all of it public. */
export function addWebRoutes(app: FastifyInstance, { files, version }: WebOptions): void {
  const open = { config: { access: 'public' } } as const;

  app.get('/', open, (request, reply) => {
    const page = files.get('index.html');
    if (page === undefined) return reply.headers(pageHeaders).send(landingPage(version));
    reply.header('content-security-policy', pagePolicy).header('referrer-policy', 'no-referrer');
    return sendStatic(request, reply, page, revalidated);
  });

  app.get<{ Params: { name: string } }>('/assets/:name', open, (request, reply) => {
    const asset = files.get(`assets/${request.params.name}`);
    if (asset === undefined) {
      return sendProblem(request, reply, problem('not-found', 'There is no such file of the page.'));
    }
    if (asset.contentType === svg) reply.header('content-security-policy', imagePolicy);
    return sendStatic(request, reply, asset, forGood);
  });

  // What `/docs` shows and runs (pages.ts).
  for (const [name, file] of files) {
    if (name !== 'docs.js' && !name.startsWith('operations/')) continue;
    app.get(`/docs/${name}`, open, (request, reply) => sendStatic(request, reply, file, revalidated));
  }

  for (const [name, file] of files) {
    if (!clientFile.test(name)) continue;
    app.get(`/${name}`, open, (request, reply) => {
      // Public code: pages of every origin may load it. What it may do there is up to INKWIRE_CORS_ORIGINS.
      reply.header('access-control-allow-origin', '*').header('cross-origin-resource-policy', 'cross-origin');
      return sendStatic(request, reply, file, revalidated);
    });
  }
  if (!files.has('client.js')) {
    const detail = 'The client for browsers was not built. Run "npm run build" and start the server again.';
    app.get('/client.js', open, (request, reply) =>
      sendProblem(request, reply, problem('not-found', detail)),
    );
  }

  // Browsers ask for it by themselves.
  app.get('/favicon.ico', open, (request, reply) => {
    const icon = files.get('favicon.svg');
    if (icon === undefined) return reply.code(204).header('cache-control', 'public, max-age=86400').send();
    reply.header('content-security-policy', imagePolicy);
    return sendStatic(request, reply, icon, revalidated);
  });
}
