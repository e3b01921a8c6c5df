import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, type TSchema, Type } from 'typebox';
import type { Problem } from '../../protocol/problem.js';
import type { SyncRender } from '../../work/service.js';
import { json, type RouteDocs } from '../docs/route-docs.js';
import { envelope, warningSchema } from '../docs/schemas.js';
import { sendEnvelope } from '../reply/envelope.js';
import { sendProblem } from '../reply/problem-reply.js';
import { type RenderedFiles, readRenderedFile, renderWhileCallerWaits } from './sync-render.js';

/** Which page of a draft is shown. */
export const previewQuery = Type.Object({
  page: Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    default: 1,
    description: 'From 1; past the last page it is the last one',
  }),
  width: Type.Integer({
    minimum: 16,
    maximum: 1200,
    default: 1000,
    description: 'Pixels; a page that is taller than 4,096 at this width is made narrower',
  }),
});

const length = (description: string) => Type.Number({ description });

/** A page of a draft and where everything on it comes from. */
export const previewSchema = Type.Object(
  {
    page: Type.Optional(Type.Integer({ minimum: 1, description: 'The one that is shown' })),
    pages: Type.Optional(Type.Integer({ minimum: 1 })),
    width: Type.Optional(length('Of the page, millimetres')),
    height: Type.Optional(length('Of the page, millimetres')),
    image: Type.Optional(
      Type.String({ contentEncoding: 'base64', contentMediaType: 'image/png', description: 'The page' }),
    ),
    areas: Type.Optional(
      Type.Array(
        Type.Object({
          x: length('From the left edge of the page, millimetres'),
          y: length('From its upper edge'),
          width: length('Millimetres'),
          height: length('Millimetres'),
          pointer: Type.String({ format: 'json-pointer', description: 'The operation that lies there' }),
        }),
        { maxItems: 2_000, description: 'In the order in which they were placed: the last one is on top' },
      ),
    ),
    warnings: Type.Optional(Type.Array(warningSchema)),
  },
  { $id: 'Preview' },
);

export interface PreviewRouteOptions {
  readonly syncRenderer: SyncRender;
  readonly bodySchema: TSchema;
  readonly timeoutMs: number;
}

/** A look at a request before it is submitted. Leaving stops the work. */
export function addPreviewRoute(
  app: FastifyInstance,
  { syncRenderer, bodySchema, timeoutMs }: PreviewRouteOptions,
): void {
  const docs: RouteDocs = {
    id: 'preview',
    tag: 'render',
    summary: 'Check a request and look at a page of it',
    description: `The same body as for a job, checked as for a job; nothing is kept. One page comes back as a picture, with the place of each operation on it. A request of a kind that has no pages of its own is only checked: the answer has no picture. Passwords of the document are left out. Who leaves stops the work, so that an editor may ask anew with every change. Limited to ${timeoutMs / 1000} s.`,
    body: bodySchema,
    answers: { '200': { description: 'The page', content: { [json]: envelope(previewSchema) } } },
    problems: ['render-failed', 'queue-full', 'request-timeout'],
  };
  app.post<{ Querystring: Static<typeof previewQuery> }>(
    '/api/v1/preview',
    {
      config: { access: 'render', startsWork: true, takesRenderPlace: true, docs },
      schema: { querystring: previewQuery },
    },
    async (request, reply) => {
      const { page, width } = request.query;
      const refused = await renderWhileCallerWaits(
        syncRenderer,
        request,
        reply,
        { kind: 'document', onlyKind: false, preview: { page, width }, timeoutMs },
        (made) => sendPreview(request, reply, made),
      );
      return answered(request, reply, refused);
    },
  );
}

function answered(request: FastifyRequest, reply: FastifyReply, refused: Problem | undefined): FastifyReply {
  return refused === undefined ? reply : sendProblem(request, reply, refused);
}

/** Sends the files of a preview as the whole answer. */
export async function sendPreview(
  request: FastifyRequest,
  reply: FastifyReply,
  { files, warnings }: RenderedFiles,
): Promise<void> {
  const [picture, facts] = files;
  const told = warnings.length === 0 ? {} : { warnings };
  reply.header('cache-control', 'no-store');
  if (picture === undefined || facts === undefined) {
    sendEnvelope(request, reply, JSON.stringify(told));
    return;
  }
  const image = (await readRenderedFile(picture)).toString('base64');
  const rest = JSON.stringify({ ...told, image }).slice(1);
  sendEnvelope(request, reply, `${(await readRenderedFile(facts)).toString().slice(0, -1)},${rest}`);
}
