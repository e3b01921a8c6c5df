import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { type Designs, type DesignVersion, etagOf, type Seen } from '../../../designs/designs.js';
import { type Problem, problem } from '../../../protocol/problem.js';
import { designIdShape, type Kind } from '../../../render/kind.js';
import type { Bodies } from '../../../work/service.js';
import { ownerOf } from '../../admission/admission.js';
import { json, type RouteDocs } from '../../docs/route-docs.js';
import { envelope, envelopeOf } from '../../docs/schemas.js';
import { sendEnvelope } from '../../reply/envelope.js';
import { matchesNone, matchesStrongly } from '../../reply/file-reply.js';
import { sendProblem } from '../../reply/problem-reply.js';
import { jobBodyOf } from '../job-body.js';
import { designShape, noSuchDesign } from './design-bodies.js';
import {
  designDataSchema,
  designParams,
  designSchemaOf,
  listedSchema,
  storedSchema,
  versionNumber,
  versionParams,
} from './design-schemas.js';

const listQuery = Type.Object({
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 64, description: '`next_cursor` of the page before' }),
  ),
  limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
});

type DesignRoute = { Params: Static<typeof designParams> };

const etag = { ETag: 'Of this version: for If-Match' };
const conditions = {
  'If-Match': 'ETag of the latest version that you have seen: another one is refused (412)',
  'If-None-Match': '`*`: only where there is no such design',
};

export interface DesignRouteOptions {
  readonly designs: Designs;
  readonly bodies: Bodies;
  readonly kinds: readonly Kind[];
}

/** Designs: stored as numbered versions, listed, read, retired. */
export function addDesignRoutes(app: FastifyInstance, { designs, bodies, kinds }: DesignRouteOptions): void {
  const docs = docsOf(kinds);

  app.put<DesignRoute>(
    '/api/v1/designs/:id',
    { config: { access: 'jobs:write', docs: docs.store }, schema: { params: designParams } },
    async (request, reply) => {
      const { id } = request.params;
      if (!designIdShape.test(id)) return sendProblem(request, reply, badId());
      const given = jobBodyOf(request);
      if (!given.ok) return sendProblem(request, reply, given.problem);
      const owner = ownerOf(request);
      const read = await bodies.readShape(designShape, { owner, body: given.body, asked: {} });
      given.discard();
      if (!read.ok) return sendProblem(request, reply, read.problem);
      const outcome = await designs.write(owner, id, read.design, seenOf(request));
      switch (outcome.type) {
        case 'conflict':
          return sendProblem(request, reply, changed());
        case 'full': {
          const detail = `You have ${outcome.entries} designs, retired ones included, and can have no more.`;
          return sendProblem(request, reply, problem('validation-failed', detail));
        }
        case 'stored':
        case 'same': {
          const { version } = outcome.version;
          reply.code(outcome.type === 'stored' ? 201 : 200);
          if (outcome.type === 'stored')
            reply.header('location', `/api/v1/designs/${id}/versions/${version}`);
          reply.header('etag', `"${etagOf(outcome.version)}"`);
          return sendEnvelope(request, reply, JSON.stringify({ id, version }));
        }
      }
    },
  );

  app.get<{ Querystring: Static<typeof listQuery> }>(
    '/api/v1/designs',
    { config: { access: 'jobs:read', docs: docs.list }, schema: { querystring: listQuery } },
    async (request, reply) => {
      const { cursor, limit } = request.query;
      const page = await designs.list(ownerOf(request), {
        limit,
        ...(cursor === undefined ? {} : { after: cursor }),
      });
      const listed = page.designs.map(({ id, label, version, createdAt, shipped }) => ({
        id,
        label,
        version,
        created_at: new Date(createdAt).toISOString(),
        shipped,
      }));
      const next = page.next === undefined ? {} : { next_cursor: page.next };
      reply.header('cache-control', 'no-store');
      return sendEnvelope(request, reply, JSON.stringify({ designs: listed, ...next }));
    },
  );

  app.get<DesignRoute>(
    '/api/v1/designs/:id',
    { config: { access: 'jobs:read', docs: docs.latest }, schema: { params: designParams } },
    async (request, reply) =>
      sendDesign(request, reply, await designs.get(ownerOf(request), request.params.id)),
  );

  app.get<{ Params: Static<typeof versionParams> }>(
    '/api/v1/designs/:id/versions/:version',
    { config: { access: 'jobs:read', docs: docs.version }, schema: { params: versionParams } },
    async (request, reply) => {
      const { id, version } = request.params;
      const number = versionNumber(version);
      const found = number === undefined ? undefined : await designs.get(ownerOf(request), id, number);
      return sendDesign(request, reply, found);
    },
  );

  app.delete<DesignRoute>(
    '/api/v1/designs/:id',
    { config: { access: 'jobs:write', docs: docs.retire }, schema: { params: designParams } },
    async (request, reply) => {
      const outcome = await designs.retire(ownerOf(request), request.params.id, seenOf(request));
      switch (outcome) {
        case 'retired':
          return reply.code(204).send();
        case 'conflict':
          return sendProblem(request, reply, changed());
        case 'not-found':
          return sendProblem(request, reply, noSuchDesign());
        case 'shipped':
          return sendProblem(request, reply, isShipped());
      }
    },
  );

  async function sendDesign(request: FastifyRequest, reply: FastifyReply, found: DesignVersion | undefined) {
    if (found === undefined) return sendProblem(request, reply, noSuchDesign());
    const { id, version, createdAt } = found;
    const tag = etagOf(found);
    reply.header('etag', `"${tag}"`).header('cache-control', 'no-store');
    if (matchesNone(request.raw.headers['if-none-match'], tag)) return reply.code(304).send();
    const facts = JSON.stringify({ id, version, created_at: new Date(createdAt).toISOString() });
    return sendEnvelope(request, reply, `${facts.slice(0, -1)},"design":${await designs.text(found)}}`);
  }
}

/** The conditions of a change; undefined where there are none. */
function seenOf({ raw: { headers } }: FastifyRequest): Seen | undefined {
  const match = headers['if-match'];
  const none = headers['if-none-match'];
  if (match === undefined && none === undefined) return undefined;
  return (tag) => {
    if (match !== undefined && (tag === undefined || !matchesStrongly(match, tag))) return false;
    return none === undefined || tag === undefined || !matchesNone(none, tag);
  };
}

function badId(): Problem {
  const message = 'must be 1 to 64 of the characters A-Z a-z 0-9 . _ ~ -';
  return problem('validation-failed', `The id of a design ${message}.`, {
    errors: [{ pointer: '/id', message }],
  });
}

function changed(): Problem {
  return problem(
    'precondition-failed',
    'The latest version of the design is another one: read it, and decide.',
  );
}

function isShipped(): Problem {
  const detail = 'The design comes with the server. Store one of your own under its id to take its place.';
  return problem('capability-denied', detail);
}

function docsOf(kinds: readonly Kind[]) {
  const design = designSchemaOf(kinds);
  const one = (description: string): RouteDocs['answers'] => ({
    '200': { description, content: { [json]: envelope(designDataSchema(design)) }, headers: etag },
    '304': { description: 'The caller has it' },
  });
  const tag = 'designs';
  const headers = { 'If-None-Match': 'ETags at hand' };
  const store: RouteDocs = {
    id: 'storeDesign',
    tag,
    summary: 'Store a design: it becomes the next version',
    description:
      'A version never changes. A design with faults is refused with the place of each, and its column.',
    headers: conditions,
    body: design,
    answers: {
      '201': {
        description: 'A new version',
        content: { [json]: envelope(storedSchema) },
        headers: { ...etag, Location: 'Path of the version' },
      },
      '200': {
        description: 'It is equal to the latest version',
        content: { [json]: envelope(storedSchema) },
        headers: etag,
      },
    },
    problems: ['precondition-failed', 'storage-unavailable', 'queue-full'],
  };
  const list: RouteDocs = {
    id: 'listDesigns',
    tag,
    summary: 'Your designs and those that come with the server, by id',
    answers: {
      '200': {
        description: 'One page; without next_cursor it is the last',
        content: {
          [json]: envelopeOf({
            designs: Type.Array(listedSchema),
            next_cursor: Type.Optional(Type.String()),
          }),
        },
      },
    },
    problems: ['validation-failed'],
  };
  const latest: RouteDocs = {
    id: 'getDesign',
    tag,
    summary: 'The latest version of a design',
    headers,
    answers: one('The design'),
    problems: ['not-found'],
  };
  const version: RouteDocs = {
    id: 'getDesignVersion',
    tag,
    summary: 'A version of a design',
    headers,
    answers: one('The design'),
    problems: ['not-found'],
  };
  const retire: RouteDocs = {
    id: 'retireDesign',
    tag,
    summary: 'Take a design out of use',
    description: 'Jobs that were accepted keep their version. The next version under its id brings it back.',
    headers: { 'If-Match': conditions['If-Match'] },
    answers: { '204': { description: 'It is retired' } },
    problems: ['not-found', 'precondition-failed'],
  };
  return { store, list, latest, version, retire };
}
