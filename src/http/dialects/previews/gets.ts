import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { isTerminal } from '../../../protocol/job-record.js';
import { problem } from '../../../protocol/problem.js';
import { FileMissing } from '../../../work/service.js';
import { ownerOf } from '../../admission/admission.js';
import { json, type RouteDocs } from '../../docs/route-docs.js';
import { sendFile } from '../../reply/file-reply.js';
import { sendProblem } from '../../reply/problem-reply.js';
import type { DialectParts } from '../dialect.js';
import { uuidIds } from '../job-ids.js';
import { statusOf } from './answers.js';
import { readDownloadName } from './names.js';
import { healthSchema, statusSchema, tag } from './shapes.js';

const jobParams = Type.Object({ jobId: Type.String() });
const fileParams = Type.Object({ filename: Type.String() });
type JobRoute = { Params: Static<typeof jobParams> };

/** Whether the server lives, what became of a job, and the files. */
export function addGets(app: FastifyInstance, { service, links, clock, version }: DialectParts): void {
  const { reader } = service;
  const healthDocs: RouteDocs = {
    id: 'previewHealth',
    tag,
    summary: 'Whether the server lives',
    answers: { '200': { description: 'It does', content: { [json]: healthSchema } } },
  };
  app.get('/health', { config: { access: 'public', docs: healthDocs } }, (_request, reply) => {
    reply.header('cache-control', 'no-store');
    return reply.send({
      status: 'healthy',
      timestamp: new Date(clock()).toISOString(),
      service: 'filelens',
      version,
    });
  });

  for (const [id, url] of [
    ['previewStatus', '/status/:jobId'],
    ['previewStatusToo', '/preview/status/:jobId'],
  ] as const) {
    const docs: RouteDocs = {
      id,
      tag,
      summary: 'What became of a job',
      answers: { '200': { description: 'The job', content: { [json]: statusSchema } } },
      problems: ['not-found'],
    };
    app.get<JobRoute>(url, { config: { access: 'jobs:read', docs }, schema: { params: jobParams } }, status);
  }

  async function status(request: FastifyRequest<JobRoute>, reply: FastifyReply) {
    const owner = ownerOf(request);
    const jobId = uuidIds.jobIdOf(request.params.jobId);
    const view = jobId === undefined ? undefined : await reader.view(owner, jobId);
    const told =
      view === undefined ? undefined : await statusOf({ reader, links }, owner, view.record, clock());
    if (told === undefined)
      return sendProblem(
        request,
        reply,
        problem('not-found', 'There is no such job, or its files are gone.'),
      );
    reply.header('cache-control', 'no-store');
    return reply.send(told);
  }

  app.route<{ Params: Static<typeof fileParams> }>({
    method: ['GET', 'HEAD'],
    url: '/download/:filename',
    config: {
      // The name is the secret: neither an `<img>` nor a link can send a key.
      access: 'public',
      secretPath: true,
      docs: {
        id: 'previewDownload',
        tag,
        summary: 'A picture of a page; no key is needed, its name is the secret',
        headers: {
          Range: 'One range of bytes',
          'If-Range': 'The ETag that the range belongs to',
          'If-None-Match': 'ETags at hand',
        },
        answers: {
          '200': {
            description: 'The picture',
            content: { 'image/jpeg': null, 'image/png': null, 'image/gif': null, 'image/webp': null },
            headers: { ETag: 'Of the picture' },
          },
          '206': { description: 'A part of it' },
          '304': { description: 'The caller has it' },
        },
        problems: ['not-found', 'range-not-satisfiable'],
      },
    },
    schema: { params: fileParams },
    handler: async (request, reply) => {
      const { filename } = request.params;
      const gone = problem('not-found', 'There is no such file, or it is gone.');
      const named = readDownloadName(links, filename);
      const job = named && (await reader.job(named.owner, named.jobId));
      if (named === undefined || job === undefined || !isTerminal(job.status))
        return sendProblem(request, reply, gone);
      const { expired = false, expiresAt = Number.POSITIVE_INFINITY } = job;
      const name = `page-${named.page}.${named.ending}`;
      const artifact =
        expired || expiresAt <= clock() ? undefined : await reader.artifact(named.owner, named.jobId, name);
      if (artifact === undefined) return sendProblem(request, reply, gone);
      reply.header('x-robots-tag', 'noindex');
      try {
        return await sendFile(request, reply, {
          ...artifact,
          name: filename,
          isDownload: true,
          cacheControl: `private, max-age=${Math.min(3600, Math.floor((expiresAt - clock()) / 1000))}`,
          open: (range) => reader.read(artifact, range),
        });
      } catch (error) {
        if (!(error instanceof FileMissing)) throw error;
        return sendProblem(request, reply, gone);
      }
    },
  });
}
