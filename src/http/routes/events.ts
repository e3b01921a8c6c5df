import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Gateway } from '../../gateway/gateway.js';
import { maxPollEvents, type PollAnswer } from '../../gateway/long-poll.js';
import { byeBytes, SseSink, sseHeaders, sseRetryMs, writeSseHead } from '../../gateway/sse-sink.js';
import { readFilter, type SubscriptionFilter } from '../../protocol/messages.js';
import { type Problem, problem } from '../../protocol/problem.js';
import { sseText } from '../../protocol/sse.js';
import type { LoopTurns } from '../../shares/loop-turns.js';
import { ownerOf } from '../admission/admission.js';
import type { Draining } from '../admission/draining.js';
import { json, type RouteDocs } from '../docs/route-docs.js';
import { envelopeOf, jobParams, jobSchema } from '../docs/schemas.js';
import { eventSchema, progressSchema } from '../docs/stream-schemas.js';
import { sendEnvelope } from '../reply/envelope.js';
import type { LongWaits } from '../reply/long-waits.js';
import { maxWaitSeconds, prefers } from '../reply/preferences.js';
import { sendProblem } from '../reply/problem-reply.js';

export interface EventRouteParts {
  readonly gateway: Gateway;
  readonly longWaits: LongWaits;
  readonly draining: Draining;
  readonly turns: LoopTurns;
}

const onePath = '/api/v1/jobs/:id/events';
const manyPath = '/api/v1/events';
const eventStream = 'text/event-stream';
const defaultWaitSeconds = 25;

/** Read by hand: a parameter may be given several times, and each defect has its own sentence. */
const text = (description: string) => Type.Optional(Type.Unsafe<unknown>({ type: 'string', description }));
const pace = {
  after: text('A cursor: only what happened after it'),
  types: text('Only these types of events, with commas between them'),
  progress_ms: text('Least time between two progress values of a job, in milliseconds; 0 for none'),
  snapshot: text('`false` leaves the snapshot out'),
};
const oneDocs: RouteDocs = {
  id: 'followJob',
  tag: 'events',
  summary: 'Everything that happens to a job, as Server-Sent Events',
  description: 'Begins with a snapshot, ends after the terminal event. See docs/PROTOCOL.md.',
  headers: { 'Last-Event-ID': 'A cursor; wins over `after`' },
  answers: {
    '200': { description: 'An event stream', content: { [eventStream]: null } },
    '204': { description: 'The job has ended and its end was seen: nothing will ever come again' },
  },
  problems: ['not-found', 'validation-failed'],
};
const manyDocs: RouteDocs = {
  id: 'followTopics',
  tag: 'events',
  summary: 'Everything that happens in some topics, as Server-Sent Events or by long-poll',
  description:
    'With `Accept: application/json` it answers once, as soon as something happened. See docs/PROTOCOL.md.',
  headers: { 'Last-Event-ID': 'A cursor; wins over `after`' },
  answers: {
    '200': {
      description: 'An event stream, or the events since `after`',
      content: {
        [eventStream]: null,
        [json]: envelopeOf({
          events: Type.Array(eventSchema),
          cursor: Type.String(),
          more: Type.Boolean(),
          reset: Type.Optional(Type.Object({ reason: Type.String() })),
          snapshot: Type.Optional(Type.Object({ jobs: Type.Array(jobSchema), truncated: Type.Boolean() })),
          progress: Type.Optional(
            Type.Array(progressSchema, { maxItems: 100, description: 'Only with `progress_ms`' }),
          ),
        }),
      },
    },
  },
  problems: ['not-found', 'validation-failed', 'capability-denied', 'too-many-connections'],
};

/** SSE for one job and for many topics, and long-poll (P-30 to P-37). */
export function addEventRoutes(app: FastifyInstance, parts: EventRouteParts): void {
  const config = { access: 'jobs:read', acceptsTicket: true } as const;
  app.get<{ Params: { id: string } }>(
    onePath,
    {
      config: { ...config, docs: oneDocs },
      schema: { params: jobParams, querystring: Type.Object(pace) },
      validatorCompiler: () => () => true,
      onSend: sayComeBack(parts.gateway),
    },
    async (request, reply) => {
      const filter = wantedOf(request, [`job:${request.params.id}`]);
      if ('slug' in filter) {
        const known = filter.errors?.[0]?.pointer.startsWith('/topic') !== true;
        return sendProblem(request, reply, known ? filter : noJob(request.params.id));
      }
      if (await parts.gateway.isOver(ownerOf(request), request.params.id, filter.after))
        return reply.code(204).send();
      return follow(request, reply, parts, filter, request.params.id);
    },
  );
  const many = Type.Object({
    topic: text(
      '`jobs`, `job:<id>`, `group:<name>`, `kind:<kind>` or `tag:<tag>`; may be given several times',
    ),
    owner: text('As in the list of jobs'),
    ...pace,
    wait: text('Long-poll: seconds to wait for an event, 0 to 60'),
    limit: text('Long-poll: events of one answer, 1 to 256'),
  });
  app.get(
    manyPath,
    {
      config: { ...config, docs: manyDocs, everyOwner: true },
      schema: { querystring: many },
      validatorCompiler: () => () => true,
      onSend: sayComeBack(parts.gateway),
    },
    async (request, reply) => {
      const filter = wantedOf(request, listOf(queryOf(request).topic));
      if ('slug' in filter) return sendProblem(request, reply, filter);
      if (wantsStream(request)) return follow(request, reply, parts, filter);
      return poll(request, reply, parts, filter);
    },
  );
}

async function follow(
  request: FastifyRequest,
  reply: FastifyReply,
  { gateway, draining }: EventRouteParts,
  filter: SubscriptionFilter,
  jobId?: string,
): Promise<FastifyReply> {
  const owner = ownerOf(request);
  const refusal = await gateway.refusalOf(owner, filter, request.ticketTopics);
  if (refusal !== undefined) return sendProblem(request, reply, refusal);
  reply.hijack();
  const { raw } = reply;
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) raw.setHeader(name, value);
  writeSseHead(raw);
  // The head of the stream that GET would give: one of no length, which ends with its connection.
  if (request.method === 'HEAD') {
    raw.end();
    return reply;
  }
  raw.write(sseText({ retryMs: sseRetryMs }));
  raw.on('error', () => undefined);
  const caller = { owner, keyId: request.caller?.keyId ?? '', address: request.address };
  // Never an error status for what passes: it would end a browser's EventSource for good (P-34).
  const subscriber =
    draining.started || raw.destroyed ? undefined : gateway.connect(new SseSink(raw), caller);
  if (subscriber === undefined) {
    raw.end(byeBytes(gateway.connections.retryMs()));
    return reply;
  }
  subscriber.endsWithJob = jobId;
  raw.on('drain', () => subscriber.drained());
  raw.on('close', () => gateway.connections.remove(subscriber));
  const refused = await gateway.subscribe(subscriber, 'sse', filter).catch(() => true);
  // The job was deleted since it was looked up, or the store failed: the client finds out when it reconnects.
  if (refused) gateway.connections.end(subscriber, 'restart');
  return reply;
}

async function poll(
  request: FastifyRequest,
  reply: FastifyReply,
  { gateway, longWaits, draining, turns }: EventRouteParts,
  filter: SubscriptionFilter,
): Promise<FastifyReply> {
  const owner = ownerOf(request);
  const refusal = await gateway.refusalOf(owner, filter, request.ticketTopics);
  if (refusal !== undefined) return sendProblem(request, reply, refusal);
  const { wait = defaultWaitSeconds, limit = maxPollEvents } = queryOf(request);
  const seconds = integerOf(wait);
  if (typeof seconds !== 'number' || seconds > maxWaitSeconds) {
    return sendProblem(request, reply, invalid('/wait', `must be an integer from 0 to ${maxWaitSeconds}`));
  }
  const events = integerOf(limit);
  if (typeof events !== 'number' || events < 1 || events > maxPollEvents) {
    return sendProblem(request, reply, invalid('/limit', `must be an integer from 1 to ${maxPollEvents}`));
  }
  // Without the parameter there is a pace for streams alone (P-36).
  const paced = queryOf(request).progress_ms === undefined ? {} : { progressMs: filter.progressMs };
  const ask = { waitMs: seconds * 1000, limit: events, ...paced };
  const leave = gateway.connections.takePlace({
    owner,
    keyId: request.caller?.keyId ?? '',
    address: request.address,
  });
  if (leave === undefined) return sendProblem(request, reply, tooMany());
  const held = await longWaits
    .run(reply, (signal) => gateway.longPoll.poll(owner, filter, ask, signal))
    .finally(leave);
  if (held.type === 'key-lost') return sendProblem(request, reply, held.problem);
  if (held.type === 'refused' && !draining.started) return sendProblem(request, reply, tooMany());
  // A server that drains holds no request: it answers with the events that there are by now.
  const value =
    held.type === 'ended' ? held.value : await gateway.longPoll.poll(owner, filter, ask, AbortSignal.abort());
  return turns.make(owner, () => answerPoll(request, reply, value));
}

function answerPoll(request: FastifyRequest, reply: FastifyReply, value: PollAnswer): FastifyReply {
  const { cursor, more, reset, snapshot } = value;
  const members = [`"events":[${value.events.join(',')}]`, `"cursor":"${cursor}"`, `"more":${more}`];
  if (reset !== undefined) members.push(`"reset":{"reason":"${reset}"}`);
  if (value.progress !== undefined) members.push(`"progress":[${value.progress.join(',')}]`);
  reply.header('cache-control', 'no-store');
  const rest = members.join(',');
  if (snapshot === undefined) return sendEnvelope(request, reply, `{${rest}}`);
  const jobs = snapshot.jobs.flatMap((part, n) => (n === 0 ? [part] : [',', part]));
  const end = `],"truncated":${snapshot.truncated}}}`;
  return sendEnvelope(request, reply, [`{${rest},"snapshot":{"jobs":[`, ...jobs, end]);
}

/** For `onSend`: what passes must not reach a browser as an error, which would end its EventSource for good (P-34). */
function sayComeBack(gateway: Gateway) {
  return async (request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> => {
    const passes = reply.statusCode === 429 || reply.statusCode >= 500;
    if (!passes || !wantsStream(request)) return payload;
    reply.code(200).headers(sseHeaders).removeHeader('content-length');
    return byeBytes(gateway.connections.retryMs());
  };
}

function wantsStream(request: FastifyRequest): boolean {
  const { url, accept } = { url: request.routeOptions.url, accept: request.headers.accept };
  return url !== manyPath || !prefers(accept, json, eventStream);
}

function tooMany(): Problem {
  return problem('too-many-connections', 'Too many streams and long-polls are open; end some of them', {
    retryAfter: 1,
  });
}

function wantedOf(request: FastifyRequest, topics: readonly unknown[]): SubscriptionFilter | Problem {
  const { after, types, progress_ms: progress, snapshot } = queryOf(request);
  const cursor = request.headers['last-event-id'] ?? after;
  const read = readFilter({
    topics,
    ...(cursor === undefined ? {} : { after: cursor }),
    ...(types === undefined ? {} : { types: listOf(types).flatMap((list) => String(list).split(',')) }),
    ...(progress === undefined ? {} : { progress_ms: integerOf(progress) }),
    ...(snapshot === undefined
      ? {}
      : { snapshot: snapshot === 'true' ? true : snapshot === 'false' ? false : snapshot }),
  });
  // In an address a topic is a parameter that may come several times.
  return read.ok ? read.value : invalid(read.pointer.replace('/topics', '/topic'), read.message);
}

function queryOf(request: FastifyRequest): Readonly<Record<string, unknown>> {
  return request.query as Readonly<Record<string, unknown>>;
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function integerOf(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : value;
}

function invalid(pointer: string, message: string): Problem {
  const [, parameter] = pointer.split('/');
  const detail = `The parameter ${parameter} ${message}.`;
  return problem('validation-failed', detail, { errors: [{ pointer, message }] });
}

function noJob(id: string): Problem {
  return problem('not-found', `There is no job ${id.slice(0, 64)}`);
}
