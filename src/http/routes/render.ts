import type { FastifyInstance } from 'fastify';
import type { TSchema } from 'typebox';
import type { SyncRender } from '../../work/service.js';
import type { RouteDocs } from '../docs/route-docs.js';
import { contentDisposition } from '../reply/file-reply.js';
import { sendProblem } from '../reply/problem-reply.js';
import { tellWarnings, warningsHeaderDocs } from '../reply/warnings-header.js';
import { renderWhileCallerWaits, sendRenderedFile } from './sync-render.js';

export interface RenderRouteOptions {
  readonly syncRenderer: SyncRender;
  readonly bodySchema: TSchema;
  readonly timeoutMs: number;
}

/** A document while the caller waits. Leaving stops the render. */
export function addRenderRoute(
  app: FastifyInstance,
  { syncRenderer, bodySchema, timeoutMs }: RenderRouteOptions,
): void {
  const docs: RouteDocs = {
    id: 'render',
    tag: 'render',
    summary: 'Render at once',
    description: `The same body as for a job; nothing is kept. Limited to ${timeoutMs / 1000} s.`,
    body: bodySchema,
    answers: {
      '200': {
        description: 'The document',
        content: { 'application/pdf': null },
        headers: { 'Content-Disposition': 'Name of the file', ...warningsHeaderDocs },
      },
    },
    problems: ['render-failed', 'queue-full', 'request-timeout'],
  };
  app.post(
    '/api/v1/render',
    { config: { access: 'render', startsWork: true, takesRenderPlace: true, docs } },
    async (request, reply) => {
      const refused = await renderWhileCallerWaits(
        syncRenderer,
        request,
        reply,
        { kind: 'document', onlyKind: false, timeoutMs },
        async ({ files, warnings }) => {
          const [file] = files;
          if (file === undefined) throw new Error('A render made no file');
          reply
            .header('content-type', file.contentType)
            .header('content-length', String(file.sizeBytes))
            .header('content-disposition', contentDisposition(file.name, file.contentType))
            .header('cache-control', 'no-store');
          tellWarnings(request, reply, warnings);
          await sendRenderedFile(reply, file);
        },
      );
      return refused === undefined ? reply : sendProblem(request, reply, refused);
    },
  );
}
