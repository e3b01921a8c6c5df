import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { allows, type Caller, isAdmin } from '../../../access/keys.js';
import { wrongMember } from '../../../protocol/problem.js';
import type { QueueAnswer } from '../../../protocol/queue.js';
import { noticeOf, type Pause, type QueuePause } from '../../../work/queue-pause.js';
import { readJsonBody } from '../../../work/submit/json-body.js';
import { ownerOf } from '../../admission/admission.js';
import { json, type RouteDocs } from '../../docs/route-docs.js';
import { envelope } from '../../docs/schemas.js';
import { sendEnvelope } from '../../reply/envelope.js';
import { sendProblem } from '../../reply/problem-reply.js';

const reasonMaxLength = 200;

export const queueSchema = Type.Object(
  {
    paused: Type.Boolean({ description: 'Jobs are taken and wait; none is started' }),
    since: Type.Optional(Type.String({ format: 'date-time', description: 'When it began' })),
    by: Type.Optional(
      Type.String({ description: 'Owner of the key that asked; with the scope `operate` or `admin`' }),
    ),
    reason: Type.Optional(Type.String({ description: 'What the operator has said of it' })),
  },
  { description: 'Whether jobs are started' },
);

const answers = { '200': { description: 'As it is now', content: { [json]: envelope(queueSchema) } } };
const getDocs: RouteDocs = {
  id: 'getQueue',
  tag: 'server',
  summary: 'Whether jobs are started',
  answers,
};
const pauseDocs: RouteDocs = {
  id: 'pauseQueue',
  tag: 'server',
  summary: 'Start no job from now on',
  description:
    'For every owner and on every node: the one that answers at once, others within a second or two. Jobs are taken as ever and wait; what runs goes on to its end; what is rendered without a job is rendered. `wait_timeout` of the jobs goes on. It holds until it is taken back, also when the server is started again. Asked for again it keeps its begin, and takes another reason.',
  body: Type.Object({
    reason: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: reasonMaxLength,
        description: 'For people: everybody who asks is told it',
      }),
    ),
  }),
  answers,
  problems: ['storage-unavailable'],
};
const resumeDocs: RouteDocs = {
  id: 'resumeQueue',
  tag: 'server',
  summary: 'Start jobs again',
  description: 'Also where it is not paused.',
  answers,
  problems: ['storage-unavailable'],
};

/** An operator has all jobs wait: while something is mended, or before the machine is taken down. */
export function addQueueRoutes(app: FastifyInstance, queue: QueuePause): void {
  const { log } = app;
  const answer = (request: FastifyRequest): string =>
    JSON.stringify(describePause(queue.current, request.caller));

  app.get('/api/v1/queue', { config: { access: 'any', docs: getDocs } }, (request, reply) => {
    reply.header('cache-control', 'no-store');
    return sendEnvelope(request, reply, answer(request));
  });

  app.post(
    '/api/v1/queue/pause',
    { config: { access: 'operate', docs: pauseDocs } },
    async (request, reply) => {
      const body = request.body instanceof Uint8Array ? readJsonBody(request.body) : undefined;
      if (body?.ok === false) return sendProblem(request, reply, body.problem);
      const reason: unknown = body?.value.reason;
      if (reason !== undefined && !isReason(reason)) {
        const message = `must be a text of 1 to ${reasonMaxLength} characters in one line`;
        return sendProblem(request, reply, wrongMember('/reason', message));
      }
      const owner = ownerOf(request);
      await queue.pause({ by: owner, ...(reason === undefined ? {} : { reason }) });
      log.warn({ request_id: request.id, owner, reason }, 'the queue is paused: no job is started');
      return sendEnvelope(request, reply, answer(request));
    },
  );

  app.post(
    '/api/v1/queue/resume',
    { config: { access: 'operate', docs: resumeDocs } },
    async (request, reply) => {
      await queue.resume();
      log.warn({ request_id: request.id, owner: ownerOf(request) }, 'the queue goes on: jobs are started');
      return sendEnvelope(request, reply, answer(request));
    },
  );
}

/** What a caller is told of it. */
export function describePause(pause: Pause | undefined, caller: Caller | undefined): QueueAnswer {
  const mayKnow = caller !== undefined && (isAdmin(caller) || allows(caller, 'operate'));
  return { ...noticeOf(pause), ...(pause !== undefined && mayKnow ? { by: pause.by } : {}) };
}

function isReason(value: unknown): value is string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
  return typeof value === 'string' && value.length <= reasonMaxLength && /^[^\x00-\x1f\x7f]+$/.test(value);
}
