import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { allows, isAdmin } from '../../../access/keys.js';
import { everyOwner } from '../../../protocol/names.js';
import type { OverviewAnswer } from '../../../protocol/overview.js';
import type { QueueAnswer } from '../../../protocol/queue.js';
import type { Hour } from '../../../work/activity.js';
import type { OverviewRecord, OverviewSource } from '../../../work/overview.js';
import { json, type RouteDocs } from '../../docs/route-docs.js';
import { envelopeOf } from '../../docs/schemas.js';
import { sendEnvelope } from '../../reply/envelope.js';
import { ownerMember } from '../job-list.js';
import { describePause, queueSchema } from './queue.js';

const count = (description: string) => Type.Integer({ minimum: 0, description });
const time = (description: string) => Type.String({ format: 'date-time', description });
const ended = {
  completed: count('Jobs that were completed'),
  failed: count('Jobs that failed'),
  cancelled: count('Jobs that were cancelled'),
  pages: count('Pages of completed jobs'),
};
const text = (description: string) => Type.Optional(Type.String({ description }));

const lane = Type.Object(
  {
    state: Type.Unsafe<string>({
      type: 'string',
      enum: ['starting', 'idle', 'busy'],
      description: 'What the thread does; `busy` alone: something that the caller may not see',
    }),
    owner: text('Whose work it is'),
    kind: text('Kind of the job or task'),
    job_id: text('Left out for what is no job: a page for a viewer, a preview, `/render`'),
    title: text('Of the job'),
    for_ms: Type.Optional(count('Milliseconds since the thread took it')),
    progress: Type.Optional(Type.Number({ description: 'Of the job, 0 to 100' })),
    pages_done: Type.Optional(count('Of the job')),
    pages_total: Type.Optional(count('Of the job')),
  },
  { description: 'One render thread of the node that answers' },
);

const failure = Type.Object({
  owner: Type.String({ description: 'Whose job it was' }),
  job_id: Type.String({ description: 'The job' }),
  kind: Type.String({ description: 'Its kind' }),
  title: text('Its title'),
  group: text('Its group'),
  error_code: text('Why, as a word'),
  error: text('Why, as a sentence'),
  at: time('When it failed'),
});

const docs: RouteDocs = {
  id: 'overview',
  tag: 'server',
  summary: 'The whole at a glance',
  description:
    'What each render thread does, what waits, and what ended in the last hour: of the owner of the key; with the scope `admin` of every owner, unless `owner` names one. The hour is counted in memory, and begins anew with the server (`since`).',
  answers: {
    '200': {
      description: 'As it is now',
      content: {
        [json]: envelopeOf({
          at: time('Of the answer'),
          since: time('From when on is counted what ended'),
          owner: text('Whose figures these are; left out: of every owner'),
          queue: queueSchema,
          threads: Type.Array(lane),
          waiting: Type.Object({
            by_owner: Type.Array(
              Type.Object({
                owner: Type.String({ description: 'Of the jobs' }),
                jobs: count('That wait, those that wait for another attempt included'),
              }),
              { description: 'Most first, at most 100' },
            ),
            jobs: Type.Optional(count('Of every owner; needs the scope `metrics` or `admin`')),
            running: Type.Optional(count('Jobs of every owner that run, on every node; as `jobs`')),
            oldest_seconds: Type.Optional(count('Age of the job of any owner that waits longest; as `jobs`')),
          }),
          pages_per_second: Type.Number({ description: 'Over the last minute' }),
          minute: Type.Object(ended, { description: 'Of the last minute' }),
          hour: Type.Object(ended, { description: 'Of the last hour' }),
          spans: Type.Array(Type.Object({ at: time('Its begin'), ...ended }), {
            description: 'The hour in twelve parts, the oldest first',
          }),
          causes: Type.Array(
            Type.Object({
              error_code: Type.String({ description: 'Why jobs failed' }),
              failed: count('How many of the last hour'),
            }),
            { description: 'Most first' },
          ),
          failures: Type.Array(failure, {
            description: 'Jobs that failed in the last hour, the newest first, at most 50',
          }),
          disk: Type.Optional(
            Type.Object(
              {
                free_bytes: count('That the server may still take'),
                total_bytes: count('All of it'),
              },
              { description: 'Of the data directory of this node; needs the scope `metrics` or `admin`' },
            ),
          ),
        }),
      },
    },
  },
};

const query = Type.Object({ owner: ownerMember });

export function addOverviewRoute(app: FastifyInstance, overview: OverviewSource): void {
  app.get<{ Querystring: Static<typeof query> }>(
    '/api/v1/overview',
    {
      config: { access: 'jobs:read', docs, everyOwner: true },
      schema: { querystring: query },
    },
    async (request, reply) => {
      const { caller } = request;
      if (caller === undefined) throw new Error('the route is not public');
      const server = isAdmin(caller) || allows(caller, 'metrics');
      const { owner = everyOwner } = request.query;
      const everybody = isAdmin(caller) && owner === everyOwner;
      const record = await overview.read({ owner: caller.owner, everybody, server });
      reply.header('cache-control', 'no-store');
      return sendEnvelope(
        request,
        reply,
        JSON.stringify(described(record, describePause(record.pause, caller))),
      );
    },
  );
}

function described(record: OverviewRecord, queue: QueueAnswer): OverviewAnswer {
  const { at, since, owner, lanes, waiting, depth, hour, failures, disk } = record;
  const oldest = depth?.oldestPendingAt;
  return {
    ...{ at: iso(at), since: iso(since) },
    ...(owner === undefined ? {} : { owner }),
    queue,
    threads: lanes,
    waiting: {
      by_owner: waiting.map((line) => ({ owner: line.owner, jobs: line.pending })),
      ...(depth === undefined ? {} : { jobs: depth.pending, running: depth.running }),
      ...(oldest === undefined ? {} : { oldest_seconds: Math.max(0, Math.round((at - oldest) / 1000)) }),
    },
    pages_per_second: pagesPerSecond(hour, at - since),
    ...{ minute: hour.minute, hour: hour.total },
    spans: hour.spans.map((span) => ({ ...span, at: iso(span.at) })),
    causes: hour.causes,
    failures,
    ...(disk === undefined ? {} : { disk: { free_bytes: disk.freeBytes, total_bytes: disk.totalBytes } }),
  };
}

/** Two digits behind the point. @param countedMs since the server counts */
function pagesPerSecond({ minute }: Hour, countedMs: number): number {
  const seconds = Math.min(60, Math.max(1, countedMs / 1000));
  return Math.round((minute.pages / seconds) * 100) / 100;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
