import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { downloadNameOf } from '../../jobs/file-name.js';
import { type Artifact, artifactCountOf, type Job, resultOf } from '../../jobs/job.js';
import { artifactOf } from '../../jobs/record.js';
import { isTerminal } from '../../protocol/job-record.js';
import { type Problem, problem } from '../../protocol/problem.js';
import { FileMissing, type JobService } from '../../work/service.js';
import { ownerOf } from '../admission/admission.js';
import { json, type RouteDocs } from '../docs/route-docs.js';
import { artifactSchema, envelopeOf, jobParams } from '../docs/schemas.js';
import { sendEnvelope } from '../reply/envelope.js';
import { sendFile } from '../reply/file-reply.js';
import { sendProblem } from '../reply/problem-reply.js';
import { noSuchJob } from './jobs.js';

type Reader = JobService['reader'];

interface ResultRoute {
  Params: { id: string };
}

interface ArtifactRoute {
  Params: { id: string; name: string };
}

interface ListRoute {
  Params: { id: string };
  Querystring: Static<typeof listQuery>;
}

const listQuery = Type.Object({
  from: Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    default: 0,
    description: 'Place of the first one, counted from 0: `produced.from` of an event, or `next_from`',
  }),
  limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 100 }),
});

const listDocs: RouteDocs = {
  id: 'listArtifacts',
  tag: 'results',
  summary: 'Artifacts in the order in which they were made, also of a job that still runs',
  answers: {
    '200': {
      description: 'One page; without next_from it is the last for now',
      content: {
        [json]: envelopeOf({
          artifacts: Type.Array(artifactSchema),
          artifact_count: Type.Integer({ minimum: 0 }),
          next_from: Type.Optional(Type.Integer({ minimum: 1 })),
        }),
      },
    },
  },
  problems: ['not-found', 'result-expired', 'validation-failed'],
};

const artifactParams = Type.Object({
  ...jobParams.properties,
  name: Type.String({ description: 'Name of an artifact' }),
});

const fileHeaders = {
  ETag: 'Strong: the SHA-256 of the whole file, or of what decides its bytes where it is computed as it is read',
  'Repr-Digest': 'SHA-256 of the whole file (RFC 9530), where it is known',
  'Content-Disposition': 'Name of the file',
  'Accept-Ranges': 'bytes',
};

/** Of a route that answers with a file of a job. */
export function fileDocs(id: string, summary: string): RouteDocs {
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
      'result-missing',
      'precondition-failed',
      'range-not-satisfiable',
    ],
  };
}

/** The files of jobs: the result of one that is completed, and artifacts as soon as they are there. */
export function addResultRoutes(
  app: FastifyInstance,
  { service, clock }: { readonly service: JobService; readonly clock: () => number },
): void {
  const { reader } = service;
  const cacheControl = (expiresAt: number | undefined): string => lifetime(expiresAt, clock());

  app.route<ResultRoute>({
    method: ['GET', 'HEAD'],
    url: '/api/v1/jobs/:id/result',
    config: { access: 'jobs:read', docs: fileDocs('getResult', 'The result: the first artifact of a job') },
    schema: { params: jobParams },
    handler: (request, reply) =>
      sendFound(request, reply, {
        reader,
        cacheControl,
        find: async () =>
          findResult(await reader.job(ownerOf(request), request.params.id), resultOf, 'such artifact'),
      }),
  });

  app.route<ArtifactRoute>({
    method: ['GET', 'HEAD'],
    url: '/api/v1/jobs/:id/artifacts/:name',
    config: {
      access: 'jobs:read',
      docs: fileDocs('getArtifact', 'One artifact of a job, which may still be running'),
    },
    schema: { params: artifactParams },
    handler: (request, reply) =>
      sendFound(request, reply, {
        reader,
        cacheControl,
        find: () => findArtifact(reader, ownerOf(request), request.params.id, request.params.name),
      }),
  });

  app.get<ListRoute>(
    '/api/v1/jobs/:id/artifacts',
    {
      config: { access: 'jobs:read', docs: listDocs },
      schema: { params: jobParams, querystring: listQuery },
    },
    async (request, reply) => {
      const owner = ownerOf(request);
      const { id } = request.params;
      const { from, limit } = request.query;
      const page = await reader.artifacts(owner, id, { from, limit });
      const job = await reader.job(owner, id);
      if (page === undefined || job === undefined) return sendProblem(request, reply, noSuchJob());
      if (job.expired === true) return sendProblem(request, reply, expired());
      // Of the same moment as the page, or later.
      const count = artifactCountOf(job);
      const next = from + page.length;
      const more = page.length > 0 && next < count;
      const body = { artifacts: page.map((artifact) => artifactOf(id, artifact)), artifact_count: count };
      reply.header('cache-control', 'no-store');
      return sendEnvelope(request, reply, JSON.stringify(more ? { ...body, next_from: next } : body));
    },
  );
}

export type Found =
  | {
      readonly ok: true;
      readonly artifact: Artifact;
      readonly expiresAt: number | undefined;
      /** Under which it is downloaded. */
      readonly name: string;
    }
  | { readonly ok: false; readonly problem: Problem };

/**
 * One of the artifacts of a completed job whose result has not expired.
 * @param choose gives undefined where the job has none of the kind
 * @param what names it then
 */
export function findResult(
  job: Job | undefined,
  choose: (job: Job) => Artifact | undefined,
  what: string,
): Found {
  if (job === undefined) return { ok: false, problem: noSuchJob() };
  if (job.expired === true) return { ok: false, problem: expired() };
  const artifact = job.status === 'completed' ? choose(job) : undefined;
  if (artifact !== undefined) {
    return { ok: true, artifact, expiresAt: job.expiresAt, name: downloadNameOf(job, artifact) };
  }
  if (job.status !== 'completed') {
    const ended = isTerminal(job.status);
    const detail = ended ? `The job is ${job.status}: there will be no result.` : `The job is ${job.status}.`;
    return { ok: false, problem: problem('job-not-completed', detail, ended ? {} : { retryAfter: 2 }) };
  }
  return { ok: false, problem: problem('not-found', `The job has no ${what}.`) };
}

/** One artifact by its name, also of a job that still runs. */
export async function findArtifact(
  reader: Reader,
  owner: string,
  jobId: string,
  name: string,
): Promise<Found> {
  // The artifact first: one that is there after the job was read would be missed the other way round.
  const artifact = await reader.artifact(owner, jobId, name);
  const job = await reader.job(owner, jobId);
  if (artifact === undefined || job === undefined || job.expired === true)
    return findResult(job, () => undefined, 'such artifact');
  return { ok: true, artifact, expiresAt: job.expiresAt, name: downloadNameOf(job, artifact) };
}

interface FoundParts {
  readonly reader: Reader;
  readonly find: () => Promise<Found>;
  readonly cacheControl: (expiresAt: number | undefined) => string;
}

/** Answers with what was found. */
export async function sendFound(
  request: FastifyRequest,
  reply: FastifyReply,
  { reader, find, cacheControl }: FoundParts,
): Promise<FastifyReply> {
  const found = await find();
  if (!found.ok) return sendProblem(request, reply, found.problem);
  const { artifact, expiresAt, name } = found;
  try {
    return await sendFile(request, reply, {
      ...artifact,
      name,
      cacheControl: cacheControl(expiresAt),
      open: (range) => reader.read(artifact, range),
    });
  } catch (error) {
    // Deleted or expired between the two questions: say so, instead of failing.
    const later = await find();
    if (!later.ok) return sendProblem(request, reply, later.problem);
    if (!(error instanceof FileMissing)) throw error;
    request.log.error({ request_id: request.id, err: error }, 'the file of a result is missing');
    return sendProblem(request, reply, missing());
  }
}

export function expired(): Problem {
  return problem('result-expired', 'The result was not kept longer.');
}

/** The operator has lost it: a restore without the files, a disk that failed. */
function missing(): Problem {
  return problem('result-missing', 'The server has lost the file of the result; make it again with a retry.');
}

const daySeconds = 86_400;

/** A result never changes, but it goes: a cache must not keep it longer than the server. */
export function lifetime(expiresAt: number | undefined, now: number): string {
  const seconds = expiresAt === undefined ? daySeconds : Math.max(0, Math.floor((expiresAt - now) / 1000));
  return `private, max-age=${Math.min(seconds, 365 * daySeconds)}, immutable`;
}
