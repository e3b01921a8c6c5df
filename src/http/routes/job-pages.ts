import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import {
  nameOfView,
  type PageView,
  pictureFormats,
  spritePages,
  stepOf,
  widthSteps,
} from '../../render/page-view.js';
import type { JobService } from '../../work/service.js';
import { ownerOf } from '../admission/admission.js';
import { json, type RouteDocs } from '../docs/route-docs.js';
import { jobParams } from '../docs/schemas.js';
import { matchesNone } from '../reply/file-reply.js';
import { onLeave } from '../reply/leaving.js';
import { sendProblem } from '../reply/problem-reply.js';
import { type PdfOfJob, pdfOfJob } from './pdf-of-job.js';
import { lifetime } from './results.js';

const artifact = Type.Optional(
  Type.String({
    description:
      'Name of the PDF among the artifacts. Without it the result or the first PDF, else the PDF that was sent in',
  }),
);
const last = widthSteps[widthSteps.length - 1] ?? 0;
const page = Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'From 1' });
const whichQuery = Type.Object({ artifact });
const pictureQuery = Type.Object({
  artifact,
  width: Type.Integer({
    minimum: 1,
    maximum: 10_000,
    default: 960,
    description: `Pixels; the next of ${widthSteps.join(', ')}, and less where the page would be too high`,
  }),
});
const spriteQuery = Type.Object({
  artifact,
  from: Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    default: 1,
    description: 'The first page on the sheet',
  }),
});
const pictureParams = Type.Object({
  ...jobParams.properties,
  picture: Type.String({
    pattern: `^[1-9][0-9]{0,6}\\.(${pictureFormats.join('|')}|jpeg)$`,
    description: `Number of the page, from 1, and the format: \`7.png\`; ${pictureFormats.join(', ')}`,
  }),
});
const textParams = Type.Object({ ...jobParams.properties, page });

interface PageRoute {
  Params: { id: string };
  Querystring: Static<typeof whichQuery>;
}

const problems = [
  'not-found',
  'result-expired',
  'validation-failed',
  'render-failed',
  'queue-full',
  'request-timeout',
] as const;

function docsOf(id: string, summary: string, types: readonly string[], description?: string): RouteDocs {
  return {
    id,
    tag: 'pages',
    summary,
    ...(description === undefined ? {} : { description }),
    headers: { 'If-None-Match': 'ETags at hand' },
    answers: {
      '200': {
        description: 'As it was drawn; worth caching',
        content: Object.fromEntries(types.map((type) => [type, null])),
        headers: { ETag: 'Of the bytes of the PDF and of what is asked for' },
      },
      '304': { description: 'The caller has it' },
    },
    problems,
  };
}

const pdfs =
  'Of any PDF that the job has made, also while it runs, or that was sent in with it. Drawn when it is asked for, by the render threads.';

export interface JobPageOptions {
  readonly service: JobService;
  readonly clock: () => number;
}

/** The pages of the PDFs of jobs: pictures, sizes, text, small pictures on sheets. */
export function addJobPageRoutes(app: FastifyInstance, { service, clock }: JobPageOptions): void {
  const config = (docs: RouteDocs) => ({ access: 'jobs:read', startsWork: true, docs }) as const;

  app.get<PageRoute>(
    '/api/v1/jobs/:id/pages.json',
    {
      config: config(
        docsOf('getPageSizes', 'How many pages a PDF of a job has, and the size of each', [json], pdfs),
      ),
      schema: { params: jobParams, querystring: whichQuery },
    },
    (request, reply) => show(request, reply, { view: 'sizes' }, { file: 0, type: json }),
  );

  app.get<{ Params: Static<typeof pictureParams>; Querystring: Static<typeof pictureQuery> }>(
    '/api/v1/jobs/:id/pages/:picture',
    {
      config: config(docsOf('getPage', 'A page of a PDF of a job as a picture', Object.values(types), pdfs)),
      schema: { params: pictureParams, querystring: pictureQuery },
    },
    (request, reply) => {
      const [number = '', name = ''] = request.params.picture.split('.');
      const format = pictureFormats.find((one) => one === name) ?? 'jpg';
      const width = stepOf(Math.min(request.query.width, last));
      const view = { view: 'picture', page: Number(number), width, format } as const;
      return show(request, reply, view, { file: 0, type: types[format] });
    },
  );

  app.get<{ Params: Static<typeof textParams>; Querystring: Static<typeof whichQuery> }>(
    '/api/v1/jobs/:id/pages/:page/text.json',
    {
      config: config(
        docsOf(
          'getPageText',
          'The words of a page, and where they stand',
          [json],
          '`lines` of words in the order in which they are read; `box` is left, top, width and height as parts of the page, 0 to 1.',
        ),
      ),
      schema: { params: textParams, querystring: whichQuery },
    },
    (request, reply) =>
      show(request, reply, { view: 'text', page: request.params.page }, { file: 0, type: json }),
  );

  for (const [file, type] of ['image/webp', json].entries()) {
    const isMap = type === json;
    const docs = isMap
      ? docsOf('getSpriteMap', 'Where the small pictures of pages lie on their sheet', [json])
      : docsOf('getSprite', `Small pictures of ${spritePages} pages on one sheet`, [type]);
    app.get<{ Params: { id: string }; Querystring: Static<typeof spriteQuery> }>(
      `/api/v1/jobs/:id/pages/sprite.${isMap ? 'json' : 'webp'}`,
      { config: config(docs), schema: { params: jobParams, querystring: spriteQuery } },
      (request, reply) => show(request, reply, { view: 'sprite', from: request.query.from }, { file, type }),
    );
  }

  async function show(
    request: FastifyRequest<PageRoute>,
    reply: FastifyReply,
    view: PageView,
    { file, type }: { readonly file: number; readonly type: string },
  ): Promise<FastifyReply> {
    const owner = ownerOf(request);
    const { id } = request.params;
    const find = (): Promise<PdfOfJob> =>
      pdfOfJob(service.reader, { owner, id, name: request.query.artifact });
    const found = await find();
    if (!found.ok) return sendProblem(request, reply, found.problem);
    const { content, isFinal, expiresAt } = found;
    const tag = `${found.tag}-${nameOfView(view)}${file === 0 ? '' : `-${file}`}`;
    // Which PDF is meant may change as long as the job runs; the answer to it does not.
    const cache = isFinal ? lifetime(expiresAt, clock()) : 'private, no-cache';
    if (matchesNone(request.raw.headers['if-none-match'], tag)) {
      return reply.header('etag', `"${tag}"`).header('cache-control', cache).code(304).send();
    }
    const gone = new AbortController();
    const stay = onLeave(reply, () => gone.abort());
    const answer = await service.pages.show({ owner, content, tag: found.tag, view, signal: gone.signal });
    stay();
    if (!answer.ok) {
      // Deleted or expired since it was looked up: that is why.
      const now = await find();
      return sendProblem(request, reply, now.ok ? answer.problem : now.problem);
    }
    const bytes = answer.files[file] ?? Buffer.alloc(0);
    return reply
      .header('etag', `"${tag}"`)
      .header('cache-control', cache)
      .header('content-type', type)
      .header('content-length', String(bytes.length))
      .send(bytes);
  }
}

const types = { png: 'image/png', jpg: 'image/jpeg', webp: 'image/webp' } as const;
