import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, type TSchema, Type } from 'typebox';
import type { Designs } from '../../../designs/designs.js';
import type { Kind } from '../../../render/kind.js';
import type { Bodies, JsonBody, SyncRender } from '../../../work/service.js';
import { ownerOf } from '../../admission/admission.js';
import type { RouteDocs } from '../../docs/route-docs.js';
import { contentDisposition, matchesNone } from '../../reply/file-reply.js';
import { vary, weightsOf } from '../../reply/preferences.js';
import { sendProblem } from '../../reply/problem-reply.js';
import { tellWarnings, warningsHeaderDocs } from '../../reply/warnings-header.js';
import { jobBodyOf } from '../job-body.js';
import { type RenderedFiles, renderWhileCallerWaits, sendRenderedFile } from '../sync-render.js';
import { type AskedOfPreview, noSuchDesign, previewShape } from './design-bodies.js';
import {
  designParams,
  designSchemaOf,
  previewMembers,
  versionNumber,
  versionParams,
} from './design-schemas.js';

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
  readonly bodies: Bodies;
  readonly kinds: readonly Kind[];
  readonly syncRenderer: SyncRender;
  readonly timeoutMs: number;
}

/** Looks at a design, stored or not, with values in it. Nothing is kept; leaving stops the work. */
export function addDesignPreviewRoutes(
  app: FastifyInstance,
  { designs, bodies, kinds, syncRenderer, timeoutMs }: DesignPreviewOptions,
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
    (request, reply) => preview(request, reply, request.query, {}),
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
    (request, reply) => preview(request, reply, request.query, { stored: { id: request.params.id } }),
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
      const owner = ownerOf(request);
      const found = version === undefined ? undefined : await designs.get(owner, id, version);
      if (found === undefined) return sendProblem(request, reply, noSuchDesign());
      const { width } = request.query;
      const tag = `${found.digest.slice(0, 16)}-${width}`;
      const keep = (): FastifyReply =>
        reply.header('etag', `"${tag}"`).header('cache-control', 'private, max-age=31536000, immutable');
      if (matchesNone(request.raw.headers['if-none-match'], tag)) return keep().code(304).send();
      const asked: AskedOfPreview = { stored: { id, version: found.version }, sampled: true };
      const read = await bodies.readShape(previewShape, { owner, body: noMembers(), asked });
      if (!read.ok) return sendProblem(request, reply, read.problem);
      const { parsed } = read;
      const refused = await renderWhileCallerWaits(
        syncRenderer,
        request,
        reply,
        { kind: 'report', onlyKind: true, body: { parsed }, preview: { page: 1, width }, timeoutMs },
        (made) => sendFirst(request, reply, made, keep),
      );
      return refused === undefined ? reply : sendProblem(request, reply, refused);
    },
  );

  async function preview(
    request: FastifyRequest,
    reply: FastifyReply,
    { page, width }: Query,
    asked: AskedOfPreview,
  ): Promise<FastifyReply> {
    const given = jobBodyOf(request);
    if (!given.ok) return sendProblem(request, reply, given.problem);
    const owner = ownerOf(request);
    const read = await bodies.readShape(previewShape, { owner, body: given.body, asked });
    given.discard();
    if (!read.ok) return sendProblem(request, reply, read.problem);
    const { parsed } = read;
    vary(reply, 'Accept');
    const shown = page !== undefined || likesPictures(request) ? { preview: { page: page ?? 1, width } } : {};
    const refused = await renderWhileCallerWaits(
      syncRenderer,
      request,
      reply,
      { kind: 'report', onlyKind: true, body: { parsed }, ...shown, timeoutMs },
      (made) => sendFirst(request, reply, made),
    );
    return refused === undefined ? reply : sendProblem(request, reply, refused);
  }
}

const noMembers = (): JsonBody => ({ json: Buffer.from('{}') });

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
