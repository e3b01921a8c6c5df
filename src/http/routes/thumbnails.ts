import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import type { JobService } from '../../work/service.js';
import { ownerOf } from '../admission/admission.js';
import type { RouteDocs } from '../docs/route-docs.js';
import { jobParams } from '../docs/schemas.js';
import { matchesNone } from '../reply/file-reply.js';
import { onLeave } from '../reply/leaving.js';
import { sendProblem } from '../reply/problem-reply.js';
import { firstPdf } from './pdf-of-job.js';
import { findResult, lifetime } from './results.js';

const query = Type.Object({
  page: Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1, description: 'From 1' }),
  width: Type.Integer({
    minimum: 16,
    maximum: 1200,
    default: 240,
    description: 'Pixels; a page that is taller than 4,096 at this width is made narrower',
  }),
});

const docs: RouteDocs = {
  id: 'getThumbnail',
  tag: 'results',
  summary: 'A page of the result as a picture',
  description: 'Of the first PDF among the artifacts. Made when it is asked for, and worth caching.',
  headers: { 'If-None-Match': 'ETags at hand' },
  answers: {
    '200': {
      description: 'The page',
      content: { 'image/png': null },
      headers: { ETag: 'Of this page of the result at this width' },
    },
    '304': { description: 'The caller has it' },
  },
  problems: [
    'not-found',
    'job-not-completed',
    'result-expired',
    'validation-failed',
    'render-failed',
    'queue-full',
    'request-timeout',
  ],
};

interface ThumbnailRoute {
  Params: { id: string };
  Querystring: Static<typeof query>;
}

export function addThumbnailRoute(
  app: FastifyInstance,
  { service, clock }: { readonly service: JobService; readonly clock: () => number },
): void {
  app.get<ThumbnailRoute>(
    '/api/v1/jobs/:id/thumbnail',
    {
      config: { access: 'jobs:read', startsWork: true, docs },
      schema: { params: jobParams, querystring: query },
    },
    async (request, reply) => {
      const owner = ownerOf(request);
      const { id } = request.params;
      const { page, width } = request.query;
      const found = findResult(await service.reader.job(owner, id), firstPdf, 'PDF among its artifacts');
      if (!found.ok) return sendProblem(request, reply, found.problem);
      const { artifact } = found;
      const tag = `${artifact.sha256 ?? artifact.tag}-${page}-${width}`;
      const known = matchesNone(request.raw.headers['if-none-match'], tag);
      const gone = new AbortController();
      const stay = onLeave(reply, () => gone.abort());
      const answer = known
        ? undefined
        : await service.pages.show({
            owner,
            content: artifact,
            tag: artifact.sha256 ?? artifact.tag ?? '',
            view: { view: 'picture', page, width, format: 'png' },
            signal: gone.signal,
          });
      stay();
      if (answer?.ok === false) {
        // Deleted or expired since it was looked up: that is why.
        const now = findResult(await service.reader.job(owner, id), firstPdf, 'PDF among its artifacts');
        return sendProblem(request, reply, now.ok ? answer.problem : now.problem);
      }
      reply.header('etag', `"${tag}"`).header('cache-control', lifetime(found.expiresAt, clock()));
      if (answer === undefined) return reply.code(304).send();
      const [png = Buffer.alloc(0)] = answer.files;
      return reply.header('content-type', 'image/png').header('content-length', String(png.length)).send(png);
    },
  );
}
