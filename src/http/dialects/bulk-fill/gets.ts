import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { isTerminal, type JobRecord } from '../../../protocol/job-record.js';
import { type Problem, problem } from '../../../protocol/problem.js';
import { FileMissing } from '../../../work/service.js';
import { ownerOf } from '../../admission/admission.js';
import { json } from '../../docs/route-docs.js';
import { sendFile } from '../../reply/file-reply.js';
import { originOf } from '../../reply/origin.js';
import { sendProblem } from '../../reply/problem-reply.js';
import type { DialectParts } from '../dialect.js';
import { uuidIds } from '../job-ids.js';
import { type Accounts, endOfPeriod, startOfPeriod } from './accounts.js';
import { deliveryEndOf, exportJobOf } from './export-job.js';
import { bulkKind } from './export-jobs.js';
import type { BulkFillSettings } from './settings.js';
import { downloadHeaders, exportJobSchema, tag, usageSchema } from './shapes.js';

const params = Type.Object({ jobId: Type.String({ description: 'job_id of an export job' }) });
type JobRoute = { Params: Static<typeof params> };
/** Seconds. */
const askAgain = 2;
const zipType = 'application/zip';

/** What became of a job, its archive, and what the owner has used. */
export function addGets(
  app: FastifyInstance,
  parts: DialectParts,
  accounts: Accounts,
  { rowsPerMonth }: BulkFillSettings,
): void {
  const { service, clock } = parts;
  const { reader } = service;

  app.get<JobRoute>(
    '/v1/bulkfill/export-jobs/:jobId',
    {
      config: {
        access: 'jobs:read',
        docs: {
          id: 'bulkFillJob',
          tag,
          summary: 'An export job as it is now',
          answers: { '200': { description: 'The job', content: { [json]: exportJobSchema } } },
          problems: ['not-found'],
        },
      },
      schema: { params },
    },
    async (request, reply) => {
      const record = await recordOf(request);
      if (record === undefined) return sendProblem(request, reply, noSuchJob());
      return tellJob(request, reply, parts, { record });
    },
  );

  app.route<JobRoute>({
    method: ['GET', 'HEAD'],
    url: '/v1/bulkfill/export-jobs/:jobId/download',
    config: {
      access: 'jobs:read',
      docs: {
        id: 'bulkFillDownload',
        tag,
        summary: 'The archive: a PDF for each row, and manifest.json',
        headers: downloadHeaders,
        answers: {
          '200': { description: 'All of it', content: { [zipType]: null }, headers: { ETag: 'Strong' } },
          '206': { description: 'One range of it', content: { [zipType]: null } },
          '304': { description: 'The caller has it' },
        },
        problems: [
          'not-found',
          'job-not-completed',
          'result-expired',
          'precondition-failed',
          'range-not-satisfiable',
        ],
      },
    },
    schema: { params },
    handler: download,
  });

  app.get(
    '/v1/bulkfill/usage',
    {
      config: {
        access: 'jobs:read',
        docs: {
          id: 'bulkFillUsage',
          tag,
          summary: 'Rows of this month',
          answers: {
            '200': {
              description: 'Requested rows of the jobs that were completed',
              content: { [json]: usageSchema },
            },
          },
        },
      },
    },
    async (request, reply) => {
      const { period, rows: used } = await accounts.of(ownerOf(request));
      const limit = rowsPerMonth === 0 ? null : rowsPerMonth;
      return send(reply, {
        period,
        period_start: new Date(startOfPeriod(period)).toISOString(),
        period_end: new Date(endOfPeriod(period)).toISOString(),
        rows: { used, limit, remaining: limit === null ? null : Math.max(0, limit - used) },
      });
    },
  );

  /** Jobs of other kinds are none of this API. */
  async function recordOf(request: FastifyRequest<JobRoute>): Promise<JobRecord | undefined> {
    const id = uuidIds.jobIdOf(request.params.jobId);
    const view = id === undefined ? undefined : await reader.view(ownerOf(request), id);
    return view?.record.kind === bulkKind ? view.record : undefined;
  }

  async function download(request: FastifyRequest<JobRoute>, reply: FastifyReply): Promise<FastifyReply> {
    const owner = ownerOf(request);
    const record = await recordOf(request);
    if (record === undefined) return sendProblem(request, reply, noSuchJob());
    const end = deliveryEndOf(record);
    if (end === undefined) return sendProblem(request, reply, notCompleted(record));
    const job = await reader.job(owner, record.job_id);
    const artifact = job?.expired === true ? undefined : (job?.result ?? job?.artifacts?.[0]);
    const now = clock();
    if (now >= end || artifact === undefined) return sendProblem(request, reply, expired());
    const seconds = Math.floor((end - now) / 1000);
    try {
      return await sendFile(request, reply, {
        ...artifact,
        name: `bulk-fill-${request.params.jobId.toLowerCase()}.zip`,
        contentType: zipType,
        cacheControl: `private, max-age=${seconds}, immutable`,
        open: (range) => reader.read(artifact, range),
      });
    } catch (error) {
      if (!(error instanceof FileMissing)) throw error;
      return sendProblem(request, reply, expired());
    }
  }
}

/** Sends a job as this API tells it. */
export async function tellJob(
  request: FastifyRequest,
  reply: FastifyReply,
  { service, clock }: Pick<DialectParts, 'service' | 'clock'>,
  { record, withoutResult = false }: { readonly record: JobRecord; readonly withoutResult?: boolean },
): Promise<FastifyReply> {
  const job = await service.reader.job(ownerOf(request), record.job_id);
  const told = exportJobOf(record, {
    jobId: uuidIds.of(record.job_id),
    requestId: job?.requestId ?? request.id,
    withoutResult,
    origin: originOf(request),
    now: clock(),
  });
  reply.header('location', `/v1/bulkfill/export-jobs/${told.job_id}`);
  if (!isTerminal(record.status)) reply.header('retry-after', String(askAgain));
  return send(reply, told);
}

/** As bytes, since Fastify adds a charset to JSON texts. */
function send(reply: FastifyReply, value: object): FastifyReply {
  reply.header('content-type', json).header('cache-control', 'no-store');
  return reply.send(Buffer.from(JSON.stringify(value)));
}

function noSuchJob(): Problem {
  return problem('not-found', 'There is no such export job.');
}

function notCompleted({ status }: JobRecord): Problem {
  const detail = isTerminal(status)
    ? 'The job has failed: there is no archive.'
    : 'The job is not completed yet; ask again later.';
  return problem('job-not-completed', detail, isTerminal(status) ? {} : { retryAfter: askAgain });
}

function expired(): Problem {
  return problem('result-expired', 'The archive was there for six hours, and is gone.');
}
