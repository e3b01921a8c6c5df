import type { FastifyInstance } from 'fastify';
import type { JobService } from '../../work/service.js';
import { ownerOf } from '../admission/admission.js';
import { jobParams } from '../docs/schemas.js';
import { sendEnvelope } from '../reply/envelope.js';
import { sendProblem } from '../reply/problem-reply.js';
import { describe, noSuchJob } from './jobs.js';
import { cancelDocs, historyDocs } from './jobs-docs.js';

interface JobRoute {
  Params: { id: string };
}

/** Cancel a job, and read its history. */
export function addJobControlRoutes(
  app: FastifyInstance,
  { service }: { readonly service: JobService },
): void {
  // Not `startsWork`: a caller may cancel a job also while the server drains.
  app.post<JobRoute>(
    '/api/v1/jobs/:id/cancel',
    { config: { access: 'jobs:write', docs: cancelDocs }, schema: { params: jobParams } },
    async (request, reply) => {
      const view = await service.remover.cancel(ownerOf(request), request.params.id);
      if (view === undefined) return sendProblem(request, reply, noSuchJob());
      describe(reply, view);
      return sendEnvelope(request, reply, JSON.stringify(view.record));
    },
  );

  app.get<JobRoute>(
    '/api/v1/jobs/:id/history',
    { config: { access: 'jobs:read', docs: historyDocs }, schema: { params: jobParams } },
    async (request, reply) => {
      const history = await service.reader.history(ownerOf(request), request.params.id);
      if (history === undefined) return sendProblem(request, reply, noSuchJob());
      const { events, complete } = history;
      reply.header('cache-control', 'no-store');
      return sendEnvelope(request, reply, `{"events":[${events.join(',')}],"complete":${complete}}`);
    },
  );
}
