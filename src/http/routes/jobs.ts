import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import { formatCursor, type Position } from '../../protocol/cursor.js';
import { isTerminal } from '../../protocol/job-record.js';
import { type Problem, problem } from '../../protocol/problem.js';
import type { Accepted, Answer, JobService, JobView } from '../../work/service.js';
import { ownerOf } from '../admission/admission.js';
import { callerTraceOf } from '../reply/caller-trace.js';
import { sendEnvelope } from '../reply/envelope.js';
import { matchesNone } from '../reply/file-reply.js';
import type { LongWaits } from '../reply/long-waits.js';
import { noteApplied, prefersStrict, readWait, vary } from '../reply/preferences.js';
import { sendProblem } from '../reply/problem-reply.js';
import { type Waited, waitForChange, waitForEnd } from '../reply/wait.js';
import { type FormReader, takeForms } from '../upload/form-reader.js';
import { idempotencyKeyOf, jobBodyOf } from './job-body.js';
import { jobDocs } from './jobs-docs.js';

export interface JobRouteOptions {
  readonly service: JobService;
  readonly longWaits: LongWaits;
  readonly forms: FormReader;
  /** Of a submit, for OpenAPI. */
  readonly bodySchema: TSchema;
  readonly formSchema: TSchema;
}

interface JobRoute {
  Params: { id: string };
}

/** Seconds, as the contract names them. */
const pollAfter = '2';

/** Submit, try again, poll, look at the request, delete. */
export function addJobRoutes(
  app: FastifyInstance,
  { service, longWaits, forms, bodySchema, formSchema }: JobRouteOptions,
): void {
  const docs = jobDocs(bodySchema, formSchema);
  const waits = { reader: service.reader, longWaits };

  app.register(async (scope) => {
    await takeForms(scope);
    const config = {
      access: 'jobs:write',
      startsWork: true,
      maxFormBytes: forms.maxBytes,
      docs: docs.submit,
    } as const;
    scope.post('/api/v1/jobs', { config }, submit);
  });

  async function submit(request: FastifyRequest, reply: FastifyReply) {
    const owner = ownerOf(request);
    const idempotency = idempotencyKeyOf(request);
    if (!idempotency.ok) return sendProblem(request, reply, idempotency.problem);
    const given = request.isMultipart() ? await forms.read(request) : jobBodyOf(request);
    if (!given.ok) return sendProblem(request, reply, given.problem);
    const submitted = service.submitter.submit({
      owner,
      body: given.body,
      kind: 'document',
      strict: prefersStrict(request.raw.headers.prefer),
      requestId: request.id,
      trace: callerTraceOf(request),
      ...(idempotency.key === undefined ? {} : { idempotencyKey: idempotency.key }),
    });
    return accept(request, reply, await submitted.finally(given.discard));
  }

  app.post<JobRoute>(
    '/api/v1/jobs/:id/retry',
    { config: { access: 'jobs:write', startsWork: true, docs: docs.retry }, schema: { params: docs.params } },
    async (request, reply) => {
      const idempotency = idempotencyKeyOf(request);
      if (!idempotency.ok) return sendProblem(request, reply, idempotency.problem);
      const answer = await service.submitter.retry({
        owner: ownerOf(request),
        id: request.params.id,
        requestId: request.id,
        trace: callerTraceOf(request),
        ...(idempotency.key === undefined ? {} : { idempotencyKey: idempotency.key }),
      });
      return accept(request, reply, answer);
    },
  );

  async function accept(request: FastifyRequest, reply: FastifyReply, answer: Answer<Accepted>) {
    if (!answer.ok) return sendProblem(request, reply, answer.problem);
    const { record, version, created, position } = answer;
    request.jobId = record.job_id;
    const waited = await endOf(request, reply, ownerOf(request), { record, version }, position);
    if (!waited.ok) return sendProblem(request, reply, waited.problem);
    const view = waited.view ?? { record, version };
    reply.code(created ? 201 : 200).header('location', `/api/v1/jobs/${record.job_id}`);
    describe(reply, view);
    const text = JSON.stringify(view.record);
    return sendEnvelope(request, reply, `${text.slice(0, -1)},"events_cursor":"${formatCursor(position)}"}`);
  }

  app.get<JobRoute>(
    '/api/v1/jobs/:id',
    { config: { access: 'jobs:read', docs: docs.poll }, schema: { params: docs.params } },
    poll,
  );

  async function poll(request: FastifyRequest<JobRoute>, reply: FastifyReply) {
    const owner = ownerOf(request);
    const known = request.raw.headers['if-none-match'];
    const current = await service.reader.view(owner, request.params.id);
    if (current === undefined) return sendProblem(request, reply, noSuchJob());
    const unchanged = matchesNone(known, current.version);
    const waited =
      known === undefined
        ? await endOf(request, reply, owner, current)
        : unchanged
          ? await changeOf(request, reply, owner, current)
          : ({ ok: true, view: current } as const);
    if (!waited.ok) return sendProblem(request, reply, waited.problem);
    // A caller that waited for the end is told the last state of a job that was deleted meanwhile.
    const view = known === undefined ? (waited.view ?? current) : waited.view;
    if (view === undefined) return sendProblem(request, reply, noSuchJob());
    describe(reply, view);
    if (matchesNone(known, view.version)) return reply.code(304).send();
    return sendEnvelope(request, reply, JSON.stringify(view.record));
  }

  app.get<JobRoute>(
    '/api/v1/jobs/:id/request',
    { config: { access: 'jobs:read', docs: docs.request }, schema: { params: docs.params } },
    async (request, reply) => {
      const { id } = request.params;
      const answer = await service.reader.input(ownerOf(request), id);
      if (!answer.ok) return sendProblem(request, reply, answer.problem);
      const leftOut = answer.leftOut.map(({ pointer, sizeBytes }) => ({ pointer, size_bytes: sizeBytes }));
      const rest = JSON.stringify({ job_id: id, left_out: leftOut }).slice(1);
      reply.header('cache-control', 'no-store');
      return sendEnvelope(request, reply, `{"request":${answer.request},${rest}`);
    },
  );

  app.delete<JobRoute>(
    '/api/v1/jobs/:id',
    { config: { access: 'jobs:write', docs: docs.remove }, schema: { params: docs.params } },
    async (request, reply) => {
      const removed = await service.remover.remove(ownerOf(request), request.params.id);
      return removed ? reply.code(204).send() : sendProblem(request, reply, noSuchJob());
    },
  );

  /** The view when the job has ended, if the caller prefers to wait for that; else as it is. */
  async function endOf(
    request: FastifyRequest,
    reply: FastifyReply,
    owner: string,
    view: JobView,
    position?: Position,
  ): Promise<Answer<Waited>> {
    const waitMs = preferredMs(request);
    const since = position === undefined ? {} : { position };
    const waited = await waitForEnd(reply, waits, { owner, view, ...since, waitMs });
    if (waited.ok && waited.granted) noteWait(request, reply);
    return waited;
  }

  async function changeOf(
    request: FastifyRequest,
    reply: FastifyReply,
    owner: string,
    view: JobView,
  ): Promise<Answer<Waited>> {
    const waited = await waitForChange(reply, waits, { owner, view, waitMs: preferredMs(request) });
    if (waited.ok && waited.granted) noteWait(request, reply);
    return waited;
  }
}

function preferredMs(request: FastifyRequest): number {
  return (readWait(request.raw.headers.prefer) ?? 0) * 1000;
}

/** Says that a wait was granted. */
function noteWait(request: FastifyRequest, reply: FastifyReply): void {
  const seconds = readWait(request.raw.headers.prefer);
  if (seconds !== undefined) noteApplied(reply, `wait=${seconds}`);
}

/** The headers of a record. */
export function describe(reply: FastifyReply, view: JobView): void {
  // Weak: the bytes differ in `meta` from answer to answer.
  reply.header('etag', `W/"${view.version}"`).header('cache-control', 'no-store');
  vary(reply, 'Prefer');
  if (!isTerminal(view.record.status)) reply.header('retry-after', pollAfter);
}

export function noSuchJob(): Problem {
  return problem('not-found', 'There is no such job.');
}
