import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { jobIdShape } from '../../../protocol/names.js';
import { type Problem, problem } from '../../../protocol/problem.js';
import type { Bulk } from '../../../work/bulk.js';
import { type BulkAction, type BulkChoice, type BulkRecord, bulkActions } from '../../../work/bulk-shelf.js';
import { readJsonBody } from '../../../work/submit/json-body.js';
import { ownerOf } from '../../admission/admission.js';
import { json, type RouteDocs } from '../../docs/route-docs.js';
import { envelope, envelopeOf } from '../../docs/schemas.js';
import { traceNames } from '../../reply/caller-trace.js';
import { sendEnvelope } from '../../reply/envelope.js';
import { sendProblem } from '../../reply/problem-reply.js';
import { type FilterQuery, filterMembers, filterPatterns, readFilter } from '../job-list.js';

/** That can be named; more are chosen by a filter. */
const maxNamed = 1_000;

const bulkSchema = Type.Object({
  bulk_id: Type.String({ description: 'Of the action' }),
  action: Type.Unsafe<string>({ type: 'string', enum: [...bulkActions], description: 'What is done' }),
  state: Type.Unsafe<string>({
    type: 'string',
    enum: ['running', 'ended', 'stopped', 'failed'],
    description: 'Whether it is under way, or how it ended',
  }),
  done: Type.Integer({ minimum: 0, description: 'Jobs with which it was done' }),
  refused: Type.Integer({ minimum: 0, description: 'Jobs that are gone or in another state' }),
  chosen: Type.Unsafe<unknown>({
    anyOf: [Type.Record(Type.String(), Type.Unknown()), Type.Integer({ minimum: 1 })],
    description: 'The parameters of the filter, or how many jobs were named',
  }),
  refusals: Type.Array(
    Type.Object({
      job_id: Type.String({ description: 'The job' }),
      reason: Type.String({ description: 'Why it would not' }),
    }),
    { maxItems: 20, description: 'The first of these' },
  ),
  error: Type.Optional(Type.String({ description: 'Why it failed' })),
  created_at: Type.String({ format: 'date-time', description: 'When it began' }),
  ended_at: Type.Optional(Type.String({ format: 'date-time', description: 'When it ended' })),
});

const idParams = Type.Object({ id: Type.String({ description: '`bulk_id` of an action' }) });
const query = Type.Object(filterMembers, { patternProperties: filterPatterns });

const startDocs = (action: BulkAction): RouteDocs => ({
  id: `${action}Jobs`,
  tag: 'jobs',
  summary: `${action.charAt(0).toUpperCase()}${action.slice(1)} many jobs`,
  description:
    'All jobs that the filters let through, which are those of the listing, or those that the body names: at most 1,000. The server does it, also when the caller is gone, and tells how far it is under the `bulk_id`. It takes jobs that were there when it began. `cancel` skips jobs that have ended, `retry` and `delete` those that have not. An owner has one at a time. It goes on after a restart of the server, by the rights of the key that began it. Parameters that are not known are refused.',
  body: Type.Object({
    jobs: Type.Optional(
      Type.Array(Type.String(), { maxItems: maxNamed, description: 'Ids; in the place of filters' }),
    ),
  }),
  answers: { '202': { description: 'It has begun', content: { [json]: envelope(bulkSchema) } } },
  problems: ['client-rate-exceeded', 'shutting-down'],
});
const answers = { '200': { description: 'As it is now', content: { [json]: envelope(bulkSchema) } } };
const getDocs: RouteDocs = {
  id: 'getBulk',
  tag: 'jobs',
  summary: 'How far an action on many jobs is',
  description: 'Known to every node, with those that ended: the last 20 of an owner.',
  answers,
  problems: ['not-found'],
};
const listDocs: RouteDocs = {
  id: 'listBulk',
  tag: 'jobs',
  summary: 'Actions on many jobs, the newest first',
  answers: {
    '200': { description: 'At most 20', content: { [json]: envelopeOf({ bulk: Type.Array(bulkSchema) }) } },
  },
};
const stopDocs: RouteDocs = {
  id: 'stopBulk',
  tag: 'jobs',
  summary: 'Stop an action on many jobs',
  description: 'Nothing more is begun; what was done stays done.',
  answers,
  problems: ['not-found'],
};

interface ById {
  Params: { id: string };
}

export function addBulkRoutes(app: FastifyInstance, bulk: Bulk): void {
  // A path of its own for each: beside `/bulk/:id` a parameter would be the same path to readers of the documentation.
  for (const action of bulkActions) {
    app.post<{ Querystring: FilterQuery }>(
      `/api/v1/bulk/${action}`,
      { config: { access: 'jobs:write', docs: startDocs(action) }, schema: { querystring: query } },
      async (request, reply) => {
        const choice = choiceOf(request);
        if ('slug' in choice) return sendProblem(request, reply, choice);
        const answer = await bulk.start({
          ...{ owner: ownerOf(request), keyId: request.caller?.keyId ?? '', action, choice },
          ...{ query: { ...request.query }, requestId: request.id, trace: traceNames(request.headers) },
        });
        if (!answer.ok) return sendProblem(request, reply, answer.problem);
        return send(request, reply.code(202), answer.bulk);
      },
    );
  }

  app.get('/api/v1/bulk', { config: { access: 'jobs:read', docs: listDocs } }, async (request, reply) => {
    const list = await bulk.list(ownerOf(request));
    reply.header('cache-control', 'no-store');
    return sendEnvelope(request, reply, JSON.stringify({ bulk: list }));
  });

  app.get<ById>(
    '/api/v1/bulk/:id',
    { config: { access: 'jobs:read', docs: getDocs }, schema: { params: idParams } },
    async (request, reply) => send(request, reply, await bulk.get(ownerOf(request), request.params.id)),
  );

  app.post<ById>(
    '/api/v1/bulk/:id/stop',
    { config: { access: 'jobs:write', docs: stopDocs }, schema: { params: idParams } },
    async (request, reply) => send(request, reply, await bulk.stop(ownerOf(request), request.params.id)),
  );
}

function send(request: FastifyRequest, reply: FastifyReply, record: BulkRecord | undefined): FastifyReply {
  if (record === undefined)
    return sendProblem(request, reply, problem('not-found', 'There is no such action on many jobs.'));
  reply.header('cache-control', 'no-store');
  return sendEnvelope(request, reply, JSON.stringify(record));
}

/** Whoever meant a few must not get all: nothing is guessed, and nothing ignored. */
function choiceOf(request: FastifyRequest<{ Querystring: FilterQuery }>): BulkChoice | Problem {
  const [unknown] = request.warnings ?? [];
  if (unknown !== undefined) return refusal(unknown.pointer ?? '', unknown.message);
  const body = request.body instanceof Uint8Array ? readJsonBody(request.body) : undefined;
  if (body?.ok === false) return body.problem;
  const { jobs, ...others } = body?.value ?? {};
  const [other] = Object.keys(others);
  if (other !== undefined) return refusal(`/${other}`, 'is not known; filters are parameters of the address');
  const isFiltered = Object.keys(request.query).length > 0;
  if (jobs === undefined) {
    if (!isFiltered) return refusal('', 'must say which jobs: by filters in the address, or by "jobs"');
    const filter = readFilter(request.query);
    return 'slug' in filter ? filter : { filter };
  }
  if (isFiltered) return refusal('/jobs', 'cannot be given beside filters');
  const isList = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every((id) => typeof id === 'string' && jobIdShape.test(id));
  if (!isList(jobs) || jobs.length === 0 || jobs.length > maxNamed)
    return refusal('/jobs', `must be 1 to ${maxNamed} ids of jobs`);
  return { jobs: [...new Set(jobs)] };
}

function refusal(pointer: string, message: string): Problem {
  const detail = `${pointer === '' ? 'The request' : pointer.slice(1)} ${message}`;
  return problem('validation-failed', detail, { errors: [{ pointer, message }] });
}
