import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { type JobStatus, jobStatuses } from '../../protocol/job-record.js';
import { describedLimits } from '../../protocol/names.js';
import { type Problem, problem } from '../../protocol/problem.js';
import { readSearch, type Search } from '../../protocol/search.js';
import type { JobService, ListRequest } from '../../work/service.js';
import { ownerOf } from '../admission/admission.js';
import { json, type RouteDocs } from '../docs/route-docs.js';
import { envelopeOf, jobSchema } from '../docs/schemas.js';
import { sendEnvelope } from '../reply/envelope.js';
import { sendProblem } from '../reply/problem-reply.js';

const time = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }));
const name = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 128, description }));

/** By which jobs are chosen, in a query; beside them `metadata.<name>`. */
export const filterMembers = {
  status: Type.Optional(Type.Unsafe<JobStatus>({ type: 'string', enum: [...jobStatuses] })),
  kind: name('Only jobs of this kind'),
  group: name('Only jobs of this group'),
  reference: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: describedLimits.reference,
      description: 'Only jobs with this reference',
    }),
  ),
  tag: Type.Optional(
    Type.Union([Type.String(), Type.Array(Type.String(), { maxItems: describedLimits.tags })], {
      description: 'Only jobs with this tag; given several times: with all of them',
    }),
  ),
  search: Type.Optional(
    Type.String({
      maxLength: describedLimits.search,
      description:
        'Only jobs where each of these words begins a word of title, reference, file name, tags, metadata, group or ' +
        'kind, without regard to case and accents; an id, or its beginning from `job_` on, is one, too',
    }),
  ),
  created_after: time('Exclusive'),
  created_before: time('Exclusive'),
};
export const filterPatterns = { '^metadata\\.': {} };

/** Admission has made it the caller's owner (`createOwnerCheck`). */
export const ownerMember = Type.Optional(
  Type.String({
    maxLength: 64,
    description:
      'What this owner has, or with `*` every owner: then each record has an `owner`. Needs the scope `admin`',
  }),
);

const listQuery = Type.Object(
  {
    ...filterMembers,
    owner: ownerMember,
    cursor: Type.Optional(
      Type.String({ minLength: 1, maxLength: 512, description: '`next_cursor` of the page before' }),
    ),
    limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
  },
  { patternProperties: filterPatterns },
);

const listDocs: RouteDocs = {
  id: 'listJobs',
  tag: 'jobs',
  summary: 'Jobs, newest first',
  description:
    'All filters that are given must match. `metadata.<name>=<text>`, for any name, takes only jobs with this pair. ' +
    'One answer looks at a bounded number of jobs: a page of a filter that few jobs match may be short, or empty, and ' +
    'have a `next_cursor` all the same.',
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

const filterQuery = Type.Object(filterMembers);

type Query = Static<typeof listQuery>;
export type FilterQuery = Static<typeof filterQuery>;

type Described = Pick<ListRequest, 'reference' | 'tags' | 'metadata' | 'search'>;

const metadataPrefix = 'metadata.';

/** The filters by what callers said of jobs. */
function readDescribed(query: FilterQuery): Described | Problem {
  const { reference, tag, search } = query;
  const tags = tag === undefined ? [] : [tag].flat();
  const metadata: [string, string][] = [];
  for (const [name, value] of Object.entries<unknown>(query)) {
    if (!name.startsWith(metadataPrefix)) continue;
    if (typeof value !== 'string') return wrong(name, 'must be given once');
    metadata.push([name.slice(metadataPrefix.length), value]);
  }
  if (metadata.length > describedLimits.metadata) {
    return wrong(metadataPrefix, `must be given at most ${describedLimits.metadata} times`);
  }
  const sought: Search = readSearch(search ?? '');
  const count = sought.words.length + sought.ids.length;
  if (count > describedLimits.searchWords) {
    return wrong('search', `must have at most ${describedLimits.searchWords} words`);
  }
  return {
    ...(reference === undefined ? {} : { reference }),
    ...(tags.length === 0 ? {} : { tags: [...new Set(tags)] }),
    ...(metadata.length === 0 ? {} : { metadata }),
    ...(count === 0 ? {} : { search: sought }),
  };
}

/** What a query chooses. */
export function readFilter(query: FilterQuery): Omit<ListRequest, 'owner' | 'limit' | 'cursor'> | Problem {
  const { status, kind, group, created_after, created_before } = query;
  const described = readDescribed(query);
  if ('slug' in described) return described;
  return {
    ...(status === undefined ? {} : { status }),
    ...(kind === undefined ? {} : { kind }),
    ...(group === undefined ? {} : { group }),
    ...described,
    ...(created_after === undefined ? {} : { createdAfter: Date.parse(created_after) }),
    ...(created_before === undefined ? {} : { createdBefore: Date.parse(created_before) }),
  };
}

function wrong(parameter: string, message: string): Problem {
  const errors = [{ pointer: `/${parameter}`, message }];
  return problem('validation-failed', `The parameter ${parameter} ${message}.`, { errors });
}

/** Many jobs at a time. */
export function addJobListRoute(app: FastifyInstance, { service }: { readonly service: JobService }): void {
  app.get<{ Querystring: Query }>(
    '/api/v1/jobs',
    {
      config: { access: 'jobs:read', docs: listDocs, everyOwner: true },
      schema: { querystring: listQuery },
    },
    async (request, reply) => {
      const { cursor, limit } = request.query;
      const filter = readFilter(request.query);
      if ('slug' in filter) return sendProblem(request, reply, filter);
      const answer = await service.reader.listed({
        ...filter,
        ...{ owner: ownerOf(request), limit },
        ...(cursor === undefined ? {} : { cursor }),
      });
      if (!answer.ok) return sendProblem(request, reply, answer.problem);
      const next = answer.next === undefined ? '' : `,"next_cursor":${JSON.stringify(answer.next)}`;
      reply.header('cache-control', 'no-store');
      return sendEnvelope(request, reply, ['{"jobs":[', answer.records, `]${next}}`]);
    },
  );
}
