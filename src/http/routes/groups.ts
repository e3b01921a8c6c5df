import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import type { GroupRecord } from '../../protocol/fact.js';
import { problem } from '../../protocol/problem.js';
import { everyPage } from '../../work/every-page.js';
import type { JobService } from '../../work/service.js';
import { ownerOf } from '../admission/admission.js';
import { json, type RouteDocs } from '../docs/route-docs.js';
import { envelope, envelopeOf, groupSchema } from '../docs/schemas.js';
import { sendEnvelope } from '../reply/envelope.js';
import { sendProblem } from '../reply/problem-reply.js';
import { ownerMember } from './job-list.js';

const groupParams = Type.Object({ group: Type.String({ description: 'Name of a group' }) });
const listQuery = Type.Object({
  // As in the list of jobs.
  owner: ownerMember,
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 512, description: '`next_cursor` of the page before' }),
  ),
  limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
});

const oneDocs: RouteDocs = {
  id: 'getGroup',
  tag: 'jobs',
  summary: 'How far a group of jobs is',
  answers: { '200': { description: 'Counts and progress', content: { [json]: envelope(groupSchema) } } },
  problems: ['not-found'],
};

const listDocs: RouteDocs = {
  id: 'listGroups',
  tag: 'jobs',
  summary: 'Groups, those first in which something happened last',
  description:
    'A group is listed as long as it has jobs. One that moves to the front while you read on is on the first page.',
  answers: {
    '200': {
      description: 'One page; without next_cursor it is the last',
      content: {
        [json]: envelopeOf({ groups: Type.Array(groupSchema), next_cursor: Type.Optional(Type.String()) }),
      },
    },
  },
  problems: ['validation-failed'],
};

export function addGroupRoutes(app: FastifyInstance, { service }: { readonly service: JobService }): void {
  app.get<{ Params: Static<typeof groupParams> }>(
    '/api/v1/groups/:group',
    { config: { access: 'jobs:read', docs: oneDocs }, schema: { params: groupParams } },
    async (request, reply) => {
      const owner = ownerOf(request);
      const group = await service.reader.group(owner, request.params.group);
      if (group === undefined)
        return sendProblem(request, reply, problem('not-found', 'There is no such group.'));
      const [described] = await withProgress(service, owner, [group]);
      reply.header('cache-control', 'no-store');
      return sendEnvelope(request, reply, JSON.stringify(described));
    },
  );

  app.get<{ Querystring: Static<typeof listQuery> }>(
    '/api/v1/groups',
    {
      config: { access: 'jobs:read', docs: listDocs, everyOwner: true },
      schema: { querystring: listQuery },
    },
    async (request, reply) => {
      const owner = ownerOf(request);
      const answer = await service.reader.groups({ ...request.query, owner });
      if (!answer.ok) return sendProblem(request, reply, answer.problem);
      const page = {
        groups: await withProgress(service, owner, answer.groups),
        ...(answer.next === undefined ? {} : { next_cursor: answer.next }),
      };
      reply.header('cache-control', 'no-store');
      return sendEnvelope(request, reply, JSON.stringify(page));
    },
  );
}

async function withProgress(service: JobService, owner: string, groups: readonly GroupRecord[]) {
  const begun = groups.some(({ running }) => running > 0)
    ? await progressOfRunning(service, owner)
    : new Map<string, number>();
  return groups.map((group) => ({
    ...group,
    progress: progressOf(group, begun.get(nameOf(group.owner, group.group)) ?? 0),
  }));
}

/** 0 to 100, and 100 only when nothing is left to do. */
function progressOf(group: GroupRecord, begun: number): number {
  const ended = group.completed + group.failed + group.cancelled;
  const share = group.jobs === 0 ? 0 : (ended * 100 + begun) / group.jobs;
  return ended === group.jobs ? 100 : Math.max(0, Math.min(99, Math.floor(share)));
}

/**
 * The progress of running jobs added up by group: 100 for each that is nearly done. It reads all running jobs of the
 * owner, which are never more than threads; those of one group would have to be searched among all jobs that it ever
 * had.
 */
async function progressOfRunning(service: JobService, owner: string): Promise<ReadonlyMap<string, number>> {
  const sums = new Map<string, number>();
  for await (const jobs of everyPage(service.reader, { owner, status: 'running' }))
    for (const { owner: whose, group, progress = 0 } of jobs) {
      if (group === undefined) continue;
      const name = nameOf(whose, group);
      sums.set(name, (sums.get(name) ?? 0) + progress);
    }
  return sums;
}

/** Owners may have groups of one name. No name of an owner or a group has a line end. */
function nameOf(owner: string | undefined, group: string): string {
  return owner === undefined ? group : `${owner}\n${group}`;
}
