import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isTerminal } from '../../../protocol/job-record.js';
import { problem } from '../../../protocol/problem.js';
import { ownerOf } from '../../admission/admission.js';
import { json, type RouteDocs } from '../../docs/route-docs.js';
import { callerTraceOf } from '../../reply/caller-trace.js';
import { originOf } from '../../reply/origin.js';
import { sendProblem } from '../../reply/problem-reply.js';
import { idempotencyKeyOf, jobBodyOf } from '../../routes/job-body.js';
import type { DialectParts } from '../dialect.js';
import { describeRequest, link, type ToldFile, toldFile, zipUrl } from './answers.js';
import { fileRequestShape } from './body.js';
import { sendOne, sendZip } from './downloads.js';
import { fileOfRecord, type RequestFile } from './files.js';
import { type AcceptedRequest, acceptRequest } from './requests.js';
import { acceptedSchema, idempotent, mappingHeaders, multipleSchema, singleSchema, tag } from './shapes.js';

const bodyLimit = 50 * 1024 * 1024;

interface Accepted {
  readonly owner: string;
  readonly origin: string;
  readonly request: AcceptedRequest;
  readonly files: readonly ToldFile[];
}

/** The four posts: one file or several, waited for or not. */
export function addPosts(
  app: FastifyInstance,
  { service, links, longWaits, clock }: DialectParts,
  syncTimeoutMs: number,
): void {
  const { reader } = service;
  const refusals: RouteDocs['problems'] = [
    'not-found',
    'malformed-request',
    'idempotency-conflict',
    'queue-full',
    'storage-unavailable',
  ];
  const route = (docs: RouteDocs) => ({
    bodyLimit,
    config: { access: 'jobs:write', startsWork: true, docs } as const,
  });
  const accepted = {
    '202': {
      description: 'The request, and its files in the order of the contents',
      content: { [json]: acceptedSchema },
      headers: { Link: mappingHeaders.Link },
    },
  };

  app.post(
    '/v1/file/sync/single',
    route({
      id: 'reportFlowSyncSingle',
      tag,
      summary: 'Make a file and wait for it',
      description: `At most ${syncTimeoutMs / 1000} s; after that the work goes on, and is downloaded from \`File-URL\`.`,
      headers: idempotent,
      body: singleSchema,
      answers: {
        '201': { description: 'The file', content: { 'application/pdf': null }, headers: mappingHeaders },
      },
      problems: [...refusals, 'render-failed', 'request-timeout'],
    }),
    (request, reply) => answerSync(request, reply, false),
  );

  app.post(
    '/v1/file/sync/multiple',
    route({
      id: 'reportFlowSyncMultiple',
      tag,
      summary: 'Make files and wait for all of them',
      description: `At most ${syncTimeoutMs / 1000} s; after that the work goes on, and is downloaded from \`File-URL\`. Files that failed are told in \`_errors.json\`.`,
      headers: idempotent,
      body: multipleSchema,
      answers: {
        '201': { description: 'A ZIP', content: { 'application/zip': null }, headers: mappingHeaders },
      },
      problems: [...refusals, 'render-failed', 'request-timeout'],
    }),
    (request, reply) => answerSync(request, reply, true),
  );

  app.post(
    '/v1/file/async/single',
    route({
      id: 'reportFlowAsyncSingle',
      tag,
      summary: 'Have a file made',
      headers: idempotent,
      body: singleSchema,
      answers: accepted,
      problems: refusals,
    }),
    (request, reply) => answerAsync(request, reply, false),
  );

  app.post(
    '/v1/file/async/multiple',
    route({
      id: 'reportFlowAsyncMultiple',
      tag,
      summary: 'Have files made',
      headers: idempotent,
      body: multipleSchema,
      answers: accepted,
      problems: refusals,
    }),
    (request, reply) => answerAsync(request, reply, true),
  );

  /** Undefined when it was refused, which is answered then. */
  async function accept(
    request: FastifyRequest,
    reply: FastifyReply,
    { isMultiple, isAwaited }: { readonly isMultiple: boolean; readonly isAwaited: boolean },
  ): Promise<Accepted | undefined> {
    const owner = ownerOf(request);
    const origin = originOf(request);
    const idempotency = idempotencyKeyOf(request);
    const given = idempotency.ok ? jobBodyOf(request) : idempotency;
    if (!idempotency.ok || !given.ok || !('body' in given)) {
      if (!given.ok) sendProblem(request, reply, given.problem);
      return undefined;
    }
    const { key } = idempotency;
    const asked = { isMultiple, isAwaited, origin, needsFingerprint: key !== undefined };
    const read = await service.bodies
      .readShape(fileRequestShape, { owner, body: given.body, asked })
      .finally(given.discard);
    const answer = read.ok
      ? await acceptRequest(
          { service, links },
          {
            owner,
            request: read.request,
            httpId: request.id,
            trace: callerTraceOf(request),
            ...(key === undefined ? {} : { idempotencyKey: key }),
          },
        )
      : read;
    if (!answer.ok) {
      sendProblem(request, reply, answer.problem);
      return undefined;
    }
    const files = answer.request.files.map((file) => toldFile(links, origin, answer.request.id, file));
    return { owner, origin, request: answer.request, files };
  }

  async function answerAsync(
    request: FastifyRequest,
    reply: FastifyReply,
    isMultiple: boolean,
  ): Promise<FastifyReply> {
    const found = await accept(request, reply, { isMultiple, isAwaited: false });
    if (found === undefined) return reply;
    const { owner, origin, files } = found;
    const requestId = found.request.id;
    link(reply, requestId);
    reply.header('cache-control', 'no-store');
    const shares = found.request.files.map(({ content }) => content);
    const url = zipUrl(links, clock, { owner, origin, requestId, files: shares });
    return reply.code(202).send({ requestId, url, fileId: files[0]?.fileId, files });
  }

  async function answerSync(
    request: FastifyRequest,
    reply: FastifyReply,
    isMultiple: boolean,
  ): Promise<FastifyReply> {
    const found = await accept(request, reply, { isMultiple, isAwaited: true });
    if (found === undefined) return reply;
    const ended = await longWaits.run(reply, (signal) => endOf(found, signal));
    if (ended.type === 'key-lost') return sendProblem(request, reply, ended.problem);
    describeRequest(reply, { ...found, isZip: isMultiple });
    if (ended.type === 'refused' || ended.value === undefined) {
      const detail = 'The work goes on: download it from the File-URL.';
      return sendProblem(request, reply, problem('request-timeout', detail, { retryAfter: 5 }));
    }
    const { owner } = found;
    // Of an answer that was given, not of a file that is there.
    reply.code(201);
    const [first] = ended.value;
    if (isMultiple) return sendZip(request, reply, reader, owner, ended.value);
    if (first === undefined) throw new Error('A request has a file');
    return sendOne(request, reply, reader, owner, first);
  }

  /** The files when all of them have ended; undefined when the time was over first. */
  async function endOf(
    { owner, request }: Accepted,
    signal: AbortSignal,
  ): Promise<readonly RequestFile[] | undefined> {
    const deadline = performance.now() + syncTimeoutMs;
    const files: RequestFile[] = [];
    for (const { jobId, accepted } of request.files) {
      const waitMs = Math.max(0, deadline - performance.now());
      const { record, version, position } = accepted;
      const asOf = { view: { record, version }, position };
      const view = await reader.wait(owner, jobId, { asOf, waitMs, signal });
      if (view === undefined || !isTerminal(view.record.status)) return undefined;
      const file = fileOfRecord(view.record);
      if (file !== undefined) files.push(file);
    }
    return files;
  }
}
