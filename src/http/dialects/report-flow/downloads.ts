import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isTerminal, type JobRecord } from '../../../protocol/job-record.js';
import { type Problem, problem } from '../../../protocol/problem.js';
import { FileMissing, type Reader } from '../../../work/service.js';
import { contentDisposition, matchesNone, sendFile } from '../../reply/file-reply.js';
import { sendProblem } from '../../reply/problem-reply.js';
import { type ZipEntry, zipLength, zipStream } from '../../reply/zip.js';
import type { RequestFile } from './files.js';

/** Sends files of requests, alone and together. */

const retryAfter = 2;
const zipType = 'application/zip';
export const errorsName = '_errors.json';

/** Why a file that has ended cannot be had. */
export function failureOf({ status, error }: JobRecord): string {
  if (status === 'cancelled') return 'The file was cancelled.';
  return error ?? 'The file could not be made.';
}

function notReady(what: string): Problem {
  return problem('job-not-completed', `The ${what} is not ready yet; ask again later.`, { retryAfter });
}

function noLongerKept(): Problem {
  return problem('result-expired', 'The file was not kept longer.');
}

export async function sendOne(
  request: FastifyRequest,
  reply: FastifyReply,
  reader: Reader,
  owner: string,
  { jobId, fileId, fileName, record }: RequestFile,
): Promise<FastifyReply> {
  if (!isTerminal(record.status)) return sendProblem(request, reply, notReady('file'));
  if (record.status !== 'completed')
    return sendProblem(request, reply, problem('render-failed', failureOf(record)));
  const job = await reader.job(owner, jobId);
  const artifact = job?.expired === true ? undefined : (job?.result ?? job?.artifacts?.[0]);
  if (artifact === undefined) return sendProblem(request, reply, noLongerKept());
  reply.header('file-id', fileId);
  try {
    return await sendFile(request, reply, {
      ...artifact,
      name: fileName,
      cacheControl: 'private, no-cache',
      open: (range) => reader.read(artifact, range),
    });
  } catch (error) {
    reply.removeHeader('file-id');
    if (!(error instanceof FileMissing)) throw error;
    return sendProblem(request, reply, noLongerKept());
  }
}

/** All files of a request that were made, with the reasons of those that were not. */
export async function sendZip(
  request: FastifyRequest,
  reply: FastifyReply,
  reader: Reader,
  owner: string,
  files: readonly RequestFile[],
): Promise<FastifyReply> {
  if (files.some(({ record }) => !isTerminal(record.status)))
    return sendProblem(request, reply, notReady('request'));
  const made = files.filter(({ record }) => record.status === 'completed');
  const failed = files.filter(({ record }) => record.status !== 'completed');
  const [first] = failed;
  if (made.length === 0 && first !== undefined)
    return sendProblem(request, reply, problem('render-failed', failureOf(first.record)));
  const entries: ZipEntry[] = [];
  const digest = createHash('sha256');
  for (const { jobId, fileName, record } of made) {
    const job = await reader.job(owner, jobId);
    const artifact = job?.expired === true ? undefined : (job?.result ?? job?.artifacts?.[0]);
    if (artifact === undefined) return sendProblem(request, reply, noLongerKept());
    const { sizeBytes, sha256, tag } = artifact;
    digest.update(`${fileName}\n${sha256 ?? tag}\n`);
    entries.push({
      name: fileName,
      sizeBytes,
      modifiedAt: new Date(record.completed_at ?? record.created_at),
      open: () => reader.read(artifact),
    });
  }
  if (failed.length > 0) {
    const errors = failed.map(({ fileId, fileName, record }) => ({
      fileId,
      fileName,
      message: failureOf(record),
    }));
    const bytes = Buffer.from(JSON.stringify(errors));
    digest.update(bytes);
    entries.push({
      name: errorsName,
      sizeBytes: bytes.length,
      modifiedAt: new Date(first?.record.completed_at ?? 0),
      open: async () => Readable.from([bytes], { objectMode: false }),
    });
  }
  const etag = digest.digest('hex').slice(0, 32);
  reply.header('etag', `"${etag}"`).header('cache-control', 'private, no-cache');
  if (matchesNone(request.raw.headers['if-none-match'], etag)) return reply.code(304).send();
  reply
    .header('content-type', zipType)
    .header('content-length', String(zipLength(entries)))
    .header('content-disposition', contentDisposition('files.zip', zipType));
  return request.raw.method === 'HEAD' ? reply.send() : reply.send(zipStream(entries));
}
