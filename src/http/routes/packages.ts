import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, type TSchema, Type } from 'typebox';
import type { Problem } from '../../protocol/problem.js';
import type { FormPart, SyncRender, TaskRequest } from '../../work/service.js';
import { ownerOf } from '../admission/admission.js';
import { json, type RouteDocs } from '../docs/route-docs.js';
import { envelopeOf } from '../docs/schemas.js';
import { sendEnvelope } from '../reply/envelope.js';
import { contentDisposition } from '../reply/file-reply.js';
import { prefers } from '../reply/preferences.js';
import { sendProblem } from '../reply/problem-reply.js';
import { tellWarnings, warningsHeaderDocs } from '../reply/warnings-header.js';
import { type FormReader, takeForms } from '../upload/form-reader.js';
import { jobBodyOf } from './job-body.js';
import { previewQuery } from './preview.js';
import { type RenderedFiles, readRenderedFile, sendRenderedFile, whileCallerWaits } from './sync-render.js';

export interface PackageRouteOptions {
  readonly syncRenderer: SyncRender;
  readonly forms: FormReader;
  /** Of `package.json`. */
  readonly packageSchema: TSchema;
  readonly timeoutMs: number;
}

const zip = 'application/zip';
const pdf = 'application/pdf';
const png = 'image/png';
const base64 = (description: string) => Type.String({ contentEncoding: 'base64', description });
const file = (description: string) =>
  Type.String({ contentMediaType: 'application/octet-stream', description });
const problems = ['render-failed', 'queue-full', 'request-timeout'] as const;

/** What was sent for a task, and what becomes of it when the task is over. */
type Given =
  | {
      readonly ok: true;
      readonly task: Pick<TaskRequest, 'request' | 'inputs'>;
      readonly discard: () => unknown;
    }
  | { readonly ok: false; readonly problem: Problem };

/** Packages of bulk fill: to make one, to look into one, and to see one row before ten thousand are filled. */
export function addPackageRoutes(
  app: FastifyInstance,
  { syncRenderer, forms, packageSchema, timeoutMs }: PackageRouteOptions,
): void {
  const config = (docs: RouteDocs) =>
    ({
      access: 'tools',
      startsWork: true,
      takesRenderPlace: true,
      maxFormBytes: forms.maxBytes,
      docs,
    }) as const;

  app.register(async (scope) => {
    await takeForms(scope);

    scope.post('/api/v1/packages', { config: config(buildDocs(packageSchema)) }, (request, reply) =>
      run(request, reply, { back: 'package_build' }, async ({ files, warnings }) => {
        const [made] = files;
        if (made === undefined) throw new Error('A package was made without a file');
        tellWarnings(request, reply, warnings);
        reply
          .code(201)
          .header('content-type', zip)
          .header('content-length', String(made.sizeBytes))
          .header('content-disposition', contentDisposition(made.name, zip));
        await sendRenderedFile(reply, made);
      }),
    );

    scope.post('/api/v1/packages/inspect', { config: config(inspectDocs(packageSchema)) }, (request, reply) =>
      run(request, reply, { back: 'package_inspect' }, async ({ files }) => {
        sendEnvelope(request, reply, (await readRenderedFile(files[0])).toString('utf8'));
      }),
    );

    scope.post<{ Querystring: Static<typeof previewQuery> }>(
      '/api/v1/packages/preview',
      { config: config(previewDocs()), schema: { querystring: previewQuery } },
      (request, reply) => {
        const { page, width } = request.query;
        const isPicture = prefers(request.raw.headers.accept, png, pdf);
        const what = { back: 'package_row', ...(isPicture ? { preview: { page, width } } : {}) };
        return run(request, reply, what, async ({ files, warnings }) => {
          const [made] = files;
          if (made === undefined) throw new Error('A row was filled without a file');
          tellWarnings(request, reply, warnings);
          reply
            .header('content-type', made.contentType)
            .header('content-length', String(made.sizeBytes))
            .header('content-disposition', contentDisposition(made.name, made.contentType));
          await sendRenderedFile(reply, made);
        });
      },
    );
  });

  app.get(
    '/api/v1/packages/schema',
    {
      config: {
        access: 'public',
        docs: {
          id: 'packageSchema',
          tag: 'packages',
          summary: 'JSON Schema of package.json',
          answers: { '200': { description: 'Draft 2020-12', content: { 'application/schema+json': null } } },
        },
      },
    },
    (_request, reply) => {
      const schema = { $schema: 'https://json-schema.org/draft/2020-12/schema', ...packageSchema };
      return reply
        .header('content-type', 'application/schema+json')
        .send(Buffer.from(JSON.stringify(schema)));
    },
  );

  async function run(
    request: FastifyRequest,
    reply: FastifyReply,
    what: Pick<TaskRequest, 'back' | 'preview'>,
    use: (made: RenderedFiles) => Promise<void>,
  ): Promise<FastifyReply> {
    const given = await sentBy(request);
    if (!given.ok) return sendProblem(request, reply, given.problem);
    const owner = ownerOf(request);
    const start = (signal: AbortSignal): ReturnType<SyncRender['task']> =>
      syncRenderer.task({ owner, ...what, ...given.task, signal }).finally(given.discard);
    const refused = await whileCallerWaits(request, reply, { timeoutMs, start }, use);
    return refused === undefined ? reply : sendProblem(request, reply, refused);
  }

  async function sentBy(request: FastifyRequest): Promise<Given> {
    if (!request.isMultipart()) {
      const body = jobBodyOf(request);
      if (!body.ok) return body;
      return { ok: true, task: { request: { body: 0 }, inputs: [body.body.json] }, discard: body.discard };
    }
    const form = await forms.read(request);
    if (!form.ok) return form;
    const { form: parts } = form.body;
    const names = parts.map(({ name }, input) => ({ name, input }));
    return {
      ok: true,
      task: { request: { parts: names }, inputs: parts.map(inputOf) },
      discard: form.discard,
    };
  }
}

function inputOf(part: FormPart): TaskRequest['inputs'][number] {
  return 'file' in part ? part.file : Buffer.from(part.text);
}

/** Members of a package that a caller says. */
function sayable(packageSchema: TSchema): Readonly<Record<string, TSchema>> {
  const properties: Readonly<Record<string, TSchema>> = Reflect.get(packageSchema, 'properties');
  const names = ['fields', 'overlays', 'flatten', 'language'];
  return Object.fromEntries(names.flatMap((name) => (properties[name] ? [[name, properties[name]]] : [])));
}

function buildDocs(packageSchema: TSchema): RouteDocs {
  const said = Type.Partial(
    Type.Object({ ...sayable(packageSchema), title: Type.String({ maxLength: 1_000 }) }),
  );
  return {
    id: 'buildPackage',
    tag: 'packages',
    summary: 'Make a package: what of a row goes where on a PDF',
    description:
      'As a form, pictures are parts whose names begin with `images/`, and fonts those that begin with `fonts/`; `package` is the JSON of the other members. A font is TrueType or OpenType (`.ttf`, `.otf`) of at most 8 MiB, and its licence bits must permit embedding; a package has at most 16, of 12 MiB together.',
    body: Type.Object({
      pdf: base64('The PDF to fill'),
      ...said.properties,
      images: Type.Optional(Type.Record(Type.String(), base64('A picture, by its name behind `images/`'))),
      fonts: Type.Optional(Type.Record(Type.String(), base64('A font, by its name behind `fonts/`'))),
    }),
    form: Type.Object({ pdf: file('The PDF to fill'), package: said }),
    answers: {
      '201': { description: 'The package', content: { [zip]: null }, headers: warningsHeaderDocs },
    },
    problems,
  };
}

function inspectDocs(packageSchema: TSchema): RouteDocs {
  const answer = envelopeOf({
    version: Type.Integer(),
    source: Type.Object({
      sha256: Type.String(),
      page_count: Type.Integer(),
      title: Type.Optional(Type.String()),
    }),
    ...sayable(packageSchema),
    columns: Type.Array(Type.String(), { description: 'That values are taken from' }),
    files: Type.Array(Type.Object({ name: Type.String(), size_bytes: Type.Integer() })),
    fonts: Type.Array(
      Type.Object({
        name: Type.String({ description: 'Of the file' }),
        family: Type.String({ description: 'As the font calls itself' }),
        style: Type.Union(['normal', 'bold', 'italics', 'bolditalics'].map((style) => Type.Literal(style))),
        characters: Type.Integer({ description: 'How many it has glyphs for' }),
        size_bytes: Type.Integer(),
      }),
    ),
  });
  return {
    id: 'inspectPackage',
    tag: 'packages',
    summary: 'What a package holds',
    body: Type.Object({ package: base64('The package') }),
    form: Type.Object({ package: file('The package') }),
    answers: { '200': { description: 'Its content', content: { [json]: answer } } },
    problems,
  };
}

function previewDocs(): RouteDocs {
  const row = Type.Record(Type.String(), Type.Unknown(), { description: '`column_0`, `column_1`, ...' });
  return {
    id: 'previewPackage',
    tag: 'packages',
    summary: 'One row, filled',
    headers: { Accept: '`image/png` asks for a picture of one page instead of the PDF' },
    body: Type.Object({ pdf: base64('The PDF to fill'), package: base64('The package'), row }),
    form: Type.Object({ pdf: file('The PDF to fill'), package: file('The package'), row }),
    answers: {
      '200': {
        description: 'The PDF, or a picture of a page',
        content: { [pdf]: null, [png]: null },
        headers: warningsHeaderDocs,
      },
    },
    problems,
  };
}
