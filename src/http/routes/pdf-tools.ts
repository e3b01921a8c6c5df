import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { JobWarning } from '../../protocol/job-record.js';
import type { Kind } from '../../render/kind.js';
import type { SyncRender } from '../../work/service.js';
import { json, type RouteDocs } from '../docs/route-docs.js';
import { envelopeOf, warningSchema } from '../docs/schemas.js';
import { inputSchema } from '../docs/submit-schema.js';
import { sendEnvelope } from '../reply/envelope.js';
import { contentDisposition } from '../reply/file-reply.js';
import { prefers } from '../reply/preferences.js';
import { sendProblem } from '../reply/problem-reply.js';
import { tellWarnings, warningsHeaderDocs } from '../reply/warnings-header.js';
import { readRenderedFile, renderWhileCallerWaits, sendRenderedFile } from './sync-render.js';

export interface PdfToolOptions {
  readonly syncRenderer: SyncRender;
  readonly kinds: readonly Kind[];
  readonly timeoutMs: number;
}

const pdf = 'application/pdf';
const base64 = Type.String({ contentEncoding: 'base64' });
const count = Type.Integer({ minimum: 0 });
const warnings = Type.Optional(Type.Array(warningSchema));

/** Reading, joining and cutting PDFs while the caller waits; each is a kind of job as well. */
export function addPdfToolRoutes(
  app: FastifyInstance,
  { syncRenderer, kinds, timeoutMs }: PdfToolOptions,
): void {
  const only = (kind: string) => ({ kind, onlyKind: true, timeoutMs });
  const config = (docs: RouteDocs) =>
    ({ config: { access: 'tools', startsWork: true, takesRenderPlace: true, docs } }) as const;

  app.post('/api/v1/extract-text', config(extractDocs(kinds)), async (request, reply) => {
    const refused = await renderWhileCallerWaits(
      syncRenderer,
      request,
      reply,
      only('extract_text'),
      async ({ files, warnings }) => {
        const text = (await readRenderedFile(files[0])).toString('utf8');
        tellWarnings(request, reply, warnings);
        sendEnvelope(request, reply, withWarnings(text, warnings));
      },
    );
    return refused === undefined ? reply : sendProblem(request, reply, refused);
  });

  app.post('/api/v1/merge', config(mergeDocs(kinds)), async (request, reply) => {
    const raw = prefers(request.raw.headers.accept, pdf, json);
    const refused = await renderWhileCallerWaits(
      syncRenderer,
      request,
      reply,
      only('merge'),
      async ({ files, pages, warnings }) => {
        const [file] = files;
        tellWarnings(request, reply, warnings);
        if (raw && file !== undefined) {
          reply
            .header('content-type', pdf)
            .header('content-length', String(file.sizeBytes))
            .header('content-disposition', contentDisposition(file.name, file.contentType));
          return sendRenderedFile(reply, file);
        }
        const bytes = await readRenderedFile(file);
        const size = bytes.length;
        const text = `{"pdf_data":"${bytes.toString('base64')}","page_count":${pages ?? 0},"size_bytes":${size}}`;
        sendEnvelope(request, reply, withWarnings(text, warnings));
      },
    );
    return refused === undefined ? reply : sendProblem(request, reply, refused);
  });

  app.post('/api/v1/split', config(splitDocs(kinds)), async (request, reply) => {
    const refused = await renderWhileCallerWaits(
      syncRenderer,
      request,
      reply,
      only('split'),
      async ({ files, warnings }) => {
        const index = readSplitIndex((await readRenderedFile(files[0])).toString('utf8'));
        const chunks: string[] = [];
        for (const name of index.chunks) {
          const bytes = await readRenderedFile(files.find((file) => file.name === name));
          chunks.push(bytes.toString('base64'));
        }
        tellWarnings(request, reply, warnings);
        const parts = { chunks, chunk_page_counts: index.chunk_page_counts };
        sendEnvelope(request, reply, withWarnings(JSON.stringify(parts), warnings));
      },
    );
    return refused === undefined ? reply : sendProblem(request, reply, refused);
  });
}

/** @param json an object, which is large: it is not read again for a member more */
function withWarnings(json: string, warnings: readonly JobWarning[]): string {
  return warnings.length === 0 ? json : `${json.slice(0, -1)},"warnings":${JSON.stringify(warnings)}}`;
}

interface SplitIndex {
  readonly chunks: readonly string[];
  readonly chunk_page_counts: readonly number[];
}

/** `split.json` of the kind, which our own thread wrote. */
function readSplitIndex(text: string): SplitIndex {
  return JSON.parse(text) as SplitIndex;
}

const problems = ['render-failed', 'queue-full', 'request-timeout'] as const;

function extractDocs(kinds: readonly Kind[]): RouteDocs {
  const schema = envelopeOf({ text: Type.String(), page_count: count, pages_processed: count, warnings });
  return {
    id: 'extractText',
    tag: 'pdf tools',
    summary: 'The text of a PDF',
    body: inputSchema(kinds, 'extract_text'),
    answers: { '200': { description: 'The text', content: { [json]: schema }, headers: warningsHeaderDocs } },
    problems,
  };
}

function mergeDocs(kinds: readonly Kind[]): RouteDocs {
  const schema = envelopeOf({ pdf_data: base64, page_count: count, size_bytes: count, warnings });
  return {
    id: 'merge',
    tag: 'pdf tools',
    summary: 'Join PDFs',
    headers: { Accept: '`application/pdf` asks for the bytes instead of base64' },
    body: inputSchema(kinds, 'merge'),
    answers: {
      '200': {
        description: 'One PDF',
        content: { [json]: schema, [pdf]: null },
        headers: warningsHeaderDocs,
      },
    },
    problems,
  };
}

function splitDocs(kinds: readonly Kind[]): RouteDocs {
  const schema = envelopeOf({ chunks: Type.Array(base64), chunk_page_counts: Type.Array(count), warnings });
  return {
    id: 'split',
    tag: 'pdf tools',
    summary: 'Cut a PDF',
    body: inputSchema(kinds, 'split'),
    answers: {
      '200': {
        description: 'The parts, in page order',
        content: { [json]: schema },
        headers: warningsHeaderDocs,
      },
    },
    problems,
  };
}
