import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, type TSchema, Type } from 'typebox';
import type { Designs } from '../../../designs/designs.js';
import { isObject } from '../../../protocol/is-object.js';
import { type Problem, problem, wrongMember } from '../../../protocol/problem.js';
import { type DesignPlace, issueOfFault, type ReadDesign } from '../../../render/design.js';
import type { Kind } from '../../../render/kind.js';
import type { Answer, PlannedBody, SyncRender } from '../../../work/service.js';
import { readJsonBody } from '../../../work/submit/json-body.js';
import { ownerOf } from '../../admission/admission.js';
import type { RouteDocs } from '../../docs/route-docs.js';
import { contentDisposition, matchesNone } from '../../reply/file-reply.js';
import { vary, weightsOf } from '../../reply/preferences.js';
import { sendProblem } from '../../reply/problem-reply.js';
import { tellWarnings, warningsHeaderDocs } from '../../reply/warnings-header.js';
import { jobBodyOf } from '../job-body.js';
import { type RenderedFiles, renderWhileCallerWaits, sendRenderedFile } from '../sync-render.js';
import {
  designParams,
  designSchemaOf,
  previewMembers,
  versionNumber,
  versionParams,
} from './design-schemas.js';
import { noSuchDesign } from './designs.js';

const defaultWidth = 1000;
const thumbnailWidth = 200;
const query = Type.Object({
  page: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      description: 'Asks for a picture of this page, from 1; past the last page it is the last one',
    }),
  ),
  width: Type.Integer({
    minimum: 16,
    maximum: 1200,
    default: defaultWidth,
    description: 'Of the picture, pixels; a page that is taller than 4,096 at this width is made narrower',
  }),
});
type Query = Static<typeof query>;

export interface DesignPreviewOptions {
  readonly designs: Designs;
  readonly kinds: readonly Kind[];
  readonly syncRenderer: SyncRender;
  readonly timeoutMs: number;
}

/** A design and the values that fill it, ready to be drawn. */
interface Draft {
  readonly design: ReadDesign;
  readonly place: DesignPlace;
  readonly members: Readonly<Record<string, unknown>>;
}

/** Looks at a design, stored or not, with values in it. Nothing is kept; leaving stops the work. */
export function addDesignPreviewRoutes(
  app: FastifyInstance,
  { designs, kinds, syncRenderer, timeoutMs }: DesignPreviewOptions,
): void {
  const draftSchema = Type.Object({ design: designSchemaOf(kinds), ...previewMembers });
  const docs = (id: string, summary: string, body: TSchema): RouteDocs => ({
    id,
    tag: 'designs',
    summary,
    description: `The document as a PDF, or a page of it as a picture: where the parameter \`page\` is there, or \`image/png\` is what is accepted most. Nothing is kept. Who leaves stops the work, so that an editor may ask anew with every change. Limited to ${timeoutMs / 1000} s.`,
    headers: { Accept: '`application/pdf` or `image/png`' },
    body,
    answers: {
      '200': {
        description: 'The document, or a page of it',
        content: { 'application/pdf': null, 'image/png': null },
        headers: { ...warningsHeaderDocs },
      },
    },
    problems: ['render-failed', 'queue-full', 'request-timeout'],
  });

  app.post<{ Querystring: Query }>(
    '/api/v1/designs/preview',
    {
      config: {
        access: 'render',
        startsWork: true,
        takesRenderPlace: true,
        docs: docs('previewDraft', 'Look at a design that is not stored', draftSchema),
      },
      schema: { querystring: query },
    },
    (request, reply) => preview(request, reply, request.query, async (members) => draftOf(designs, members)),
  );

  app.post<{ Params: Static<typeof designParams>; Querystring: Query }>(
    '/api/v1/designs/:id/preview',
    {
      config: {
        access: 'render',
        startsWork: true,
        takesRenderPlace: true,
        docs: {
          ...docs('previewDesign', 'Look at a stored design', Type.Object(previewMembers)),
          problems: ['not-found', 'render-failed', 'queue-full', 'request-timeout'],
        },
      },
      schema: { params: designParams, querystring: query },
    },
    (request, reply) =>
      preview(request, reply, request.query, async (members) => {
        const found = await designs.find(ownerOf(request), { id: request.params.id });
        if (found === undefined) return { ok: false, problem: noSuchDesign() };
        const { design, digest, blob } = found;
        return { ok: true, draft: { design, members, place: { digest, source: { blob } } } };
      }),
  );

  app.get<{ Params: Static<typeof versionParams>; Querystring: { width: number } }>(
    '/api/v1/designs/:id/versions/:version/thumbnail',
    {
      config: {
        access: 'render',
        startsWork: true,
        docs: {
          id: 'designThumbnail',
          tag: 'designs',
          summary: 'A picture of the first page of a version',
          description:
            'With the first of its samples in it. A version never changes: the picture may be kept for as long as one likes.',
          answers: { '200': { description: 'The picture', content: { 'image/png': null } } },
          problems: ['not-found', 'render-failed', 'queue-full', 'request-timeout'],
        },
      },
      schema: {
        params: versionParams,
        querystring: Type.Object({
          width: Type.Integer({ minimum: 16, maximum: 1200, default: thumbnailWidth }),
        }),
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const version = versionNumber(request.params.version);
      const found = version === undefined ? undefined : await designs.find(ownerOf(request), { id, version });
      if (found === undefined) return sendProblem(request, reply, noSuchDesign());
      const { design, digest, blob } = found;
      const { width } = request.query;
      const tag = `${digest.slice(0, 16)}-${width}`;
      const keep = (): FastifyReply =>
        reply.header('etag', `"${tag}"`).header('cache-control', 'private, max-age=31536000, immutable');
      if (matchesNone(request.raw.headers['if-none-match'], tag)) return keep().code(304).send();
      const [sample] = Object.keys(design.samples);
      const members = sample === undefined ? {} : { sample };
      const planned = planOf({ design, place: { digest, source: { blob } }, members });
      if (!planned.ok) return sendProblem(request, reply, planned.problem);
      const refused = await renderWhileCallerWaits(
        syncRenderer,
        request,
        reply,
        { kind: 'report', onlyKind: true, body: planned.body, preview: { page: 1, width }, timeoutMs },
        (made) => sendFirst(request, reply, made, keep),
      );
      return refused === undefined ? reply : sendProblem(request, reply, refused);
    },
  );

  async function preview(
    request: FastifyRequest,
    reply: FastifyReply,
    { page, width }: Query,
    find: (members: Readonly<Record<string, unknown>>) => Promise<Answer<{ draft: Draft }>>,
  ): Promise<FastifyReply> {
    const given = jobBodyOf(request);
    if (!given.ok) return sendProblem(request, reply, given.problem);
    const body = readJsonBody(given.body.json);
    given.discard();
    if (!body.ok) return sendProblem(request, reply, body.problem);
    const found = await find(body.value);
    const planned = found.ok ? planOf(found.draft) : found;
    if (!planned.ok) return sendProblem(request, reply, planned.problem);
    vary(reply, 'Accept');
    const shown = page !== undefined || likesPictures(request) ? { preview: { page: page ?? 1, width } } : {};
    const refused = await renderWhileCallerWaits(
      syncRenderer,
      request,
      reply,
      { kind: 'report', onlyKind: true, body: planned.body, ...shown, timeoutMs },
      (made) => sendFirst(request, reply, made),
    );
    return refused === undefined ? reply : sendProblem(request, reply, refused);
  }
}

function draftOf(designs: Designs, members: Readonly<Record<string, unknown>>): Answer<{ draft: Draft }> {
  const reading = designs.read(members.design);
  if (!reading.ok) {
    const errors = reading.faults.map((fault) => issueOfFault(fault, '/design'));
    return { ok: false, problem: problem('validation-failed', 'The design has faults.', { errors }) };
  }
  const place = { digest: designs.draftDigest(members.design), source: { value: members.design } };
  return { ok: true, draft: { design: reading.design, members, place } };
}

function planOf({ design, place, members }: Draft): Answer<{ body: PlannedBody }> {
  const { sample, params } = members;
  if (sample !== undefined && (typeof sample !== 'string' || !Object.hasOwn(design.samples, sample)))
    return { ok: false, problem: wrongMember('/sample', 'must be the name of a sample of the design') };
  if (params !== undefined && !isObject(params))
    return { ok: false, problem: wrongMember('/params', 'must be an object of values') };
  const values = { ...(typeof sample === 'string' ? design.samples[sample] : {}), ...params };
  const parsed = design.plan(place, { ...members, params: values });
  if (!parsed.ok) return { ok: false, problem: refusal(parsed.issues) };
  const options = { description: {}, priority: 0 };
  return { ok: true, body: { plan: parsed.plan, options, members } };
}

function refusal(errors: Problem['errors'] & object): Problem {
  return problem('validation-failed', 'The values do not fit the design.', { errors });
}

function likesPictures({ raw: { headers } }: FastifyRequest): boolean {
  const weights = weightsOf(headers.accept);
  return (weights.get('image/png') ?? 0) > (weights.get('application/pdf') ?? 0);
}

async function sendFirst(
  request: FastifyRequest,
  reply: FastifyReply,
  { files: [file], warnings }: RenderedFiles,
  keep: () => unknown = () => reply.header('cache-control', 'no-store'),
): Promise<void> {
  if (file === undefined) throw new Error('A preview made no file');
  reply
    .header('content-type', file.contentType)
    .header('content-length', String(file.sizeBytes))
    .header('content-disposition', contentDisposition(file.name, file.contentType));
  keep();
  tellWarnings(request, reply, warnings);
  await sendRenderedFile(reply, file);
}
