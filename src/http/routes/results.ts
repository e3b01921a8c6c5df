import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Artifact, Job } from '../../jobs/job.js';
import { type Problem, problem } from '../../protocol/problem.js';
import type { JobService } from '../../work/service.js';
import { ownerOf } from '../admission/admission.js';
import { json, type RouteDocs } from '../docs/route-docs.js';
import { jobParams } from '../docs/schemas.js';
import { sendFile } from '../reply/file-reply.js';
import { sendProblem } from '../reply/problem-reply.js';
import { noSuchJob } from './jobs.js';

interface ResultRoute {
  Params: { id: string; name?: string };
}

const artifactParams = Type.Object({
  ...jobParams.properties,
  name: Type.String({ description: 'Name of an artifact' }),
});

const fileHeaders = {
  ETag: 'Strong: the SHA-256 of the whole file',
  'Repr-Digest': 'SHA-256 of the whole file (RFC 9530)',
  'Content-Disposition': 'Name of the file',
  'Accept-Ranges': 'bytes',
};

function docs(id: string, summary: string): RouteDocs {
  const content = { 'application/pdf': null, [json]: null, 'application/octet-stream': null };
  return {
    id,
    tag: 'results',
    summary,
    headers: {
      Range: 'One range of bytes; several are answered with the whole file',
      'If-Range': 'The ETag that the range belongs to',
      'If-None-Match': 'ETags at hand',
    },
    answers: {
      '200': { description: 'The whole file', content, headers: fileHeaders },
      '206': {
        description: 'One range of it',
        content,
        headers: { ...fileHeaders, 'Content-Range': 'Which bytes' },
      },
      '304': { description: 'The caller has it' },
    },
    problems: [
      'not-found',
      'job-not-completed',
      'result-expired',
      'precondition-failed',
      'range-not-satisfiable',
    ],
  };
}

/** Files of completed jobs. */
export function addResultRoutes(
  app: FastifyInstance,
  { service, clock }: { readonly service: JobService; readonly clock: () => number },
): void {
  app.route<ResultRoute>({
    method: ['GET', 'HEAD'],
    url: '/api/v1/jobs/:id/result',
    config: { access: 'jobs:read', docs: docs('getResult', 'The result: the first artifact of a job') },
    schema: { params: jobParams },
    handler: serve,
  });
  app.route<ResultRoute>({
    method: ['GET', 'HEAD'],
    url: '/api/v1/jobs/:id/artifacts/:name',
    config: { access: 'jobs:read', docs: docs('getArtifact', 'One artifact of a job') },
    schema: { params: artifactParams },
    handler: serve,
  });

  async function serve(request: FastifyRequest<ResultRoute>, reply: FastifyReply) {
    const owner = ownerOf(request);
    const { id, name } = request.params;
    const wanted = (artifact: Artifact) => name === undefined || artifact.name === name;
    const found = findArtifact(await service.reader.job(owner, id), wanted, 'such artifact');
    if (!found.ok) return sendProblem(request, reply, found.problem);
    const { artifact, expiresAt } = found;
    try {
      return await sendFile(request, reply, {
        ...artifact,
        cacheControl: lifetime(expiresAt, clock()),
        open: (range) => service.reader.read(artifact.blob, range),
      });
    } catch (error) {
      // Deleted or expired between the two questions: say so, instead of failing.
      const now = findArtifact(await service.reader.job(owner, id), wanted, 'such artifact');
      if (now.ok) throw error;
      return sendProblem(request, reply, now.problem);
    }
  }
}

type Found =
  | { readonly ok: true; readonly artifact: Artifact; readonly expiresAt: number | undefined }
  | { readonly ok: false; readonly problem: Problem };

/**
 * The first artifact that is wanted, of a completed job whose result has not expired.
 * @param what names it where there is none
 */
export function findArtifact(
  job: Job | undefined,
  wanted: (artifact: Artifact) => boolean,
  what: string,
): Found {
  if (job === undefined) return { ok: false, problem: noSuchJob() };
  if (job.status !== 'completed') {
    const ended = job.status === 'failed' || job.status === 'cancelled';
    const detail = ended ? `The job is ${job.status}: there will be no result.` : `The job is ${job.status}.`;
    return { ok: false, problem: problem('job-not-completed', detail, ended ? {} : { retryAfter: 2 }) };
  }
  if (job.expired === true)
    return { ok: false, problem: problem('result-expired', 'The result was not kept longer.') };
  const artifact = job.artifacts?.find(wanted);
  if (artifact === undefined) {
    return { ok: false, problem: problem('not-found', `The job has no ${what}.`) };
  }
  return { ok: true, artifact, expiresAt: job.expiresAt };
}

const daySeconds = 86_400;

/** A result never changes, but it goes: a cache must not keep it longer than the server. */
export function lifetime(expiresAt: number | undefined, now: number): string {
  const seconds = expiresAt === undefined ? daySeconds : Math.max(0, Math.floor((expiresAt - now) / 1000));
  return `private, max-age=${Math.min(seconds, 365 * daySeconds)}, immutable`;
}
