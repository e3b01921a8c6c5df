import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { type JobStatus, jobStatuses } from '../../protocol/job-record.js';
import type { JobService } from '../../work/service.js';
import { ownerOf } from '../admission/admission.js';
import { json, type RouteDocs } from '../docs/route-docs.js';
import { envelopeOf, jobSchema } from '../docs/schemas.js';
import { sendEnvelope } from '../reply/envelope.js';
import { sendProblem } from '../reply/problem-reply.js';

const time = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }));
const name = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 128, description }));

const listQuery = Type.Object({
  status: Type.Optional(Type.Unsafe<JobStatus>({ type: 'string', enum: [...jobStatuses] })),
  kind: name('Only jobs of this kind'),
  group: name('Only jobs of this group'),
  created_after: time('Exclusive'),
  created_before: time('Exclusive'),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 512, description: '`next_cursor` of the page before' }),
  ),
  limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
});

const listDocs: RouteDocs = {
  id: 'listJobs',
  tag: 'jobs',
  summary: 'Jobs, newest first',
  answers: {
    '200': {
      description: 'One page; without next_cursor it is the last',
      content: {
        [json]: envelopeOf({ jobs: Type.Array(jobSchema), next_cursor: Type.Optional(Type.String()) }),
      },
    },
  },
  problems: ['validation-failed'],
};

/** Many jobs at a time. */
export function addJobListRoute(app: FastifyInstance, { service }: { readonly service: JobService }): void {
  app.get<{ Querystring: Static<typeof listQuery> }>(
    '/api/v1/jobs',
    { config: { access: 'jobs:read', docs: listDocs }, schema: { querystring: listQuery } },
    async (request, reply) => {
      const { status, kind, group, created_after, created_before, cursor, limit } = request.query;
      const answer = await service.reader.list({
        owner: ownerOf(request),
        limit,
        ...(status === undefined ? {} : { status }),
        ...(kind === undefined ? {} : { kind }),
        ...(group === undefined ? {} : { group }),
        ...(created_after === undefined ? {} : { createdAfter: Date.parse(created_after) }),
        ...(created_before === undefined ? {} : { createdBefore: Date.parse(created_before) }),
        ...(cursor === undefined ? {} : { cursor }),
      });
      if (!answer.ok) return sendProblem(request, reply, answer.problem);
      const page = { jobs: answer.jobs, ...(answer.next === undefined ? {} : { next_cursor: answer.next }) };
      reply.header('cache-control', 'no-store');
      return sendEnvelope(request, reply, JSON.stringify(page));
    },
  );
}
