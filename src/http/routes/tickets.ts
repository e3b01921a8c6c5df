import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Tickets } from '../../access/tickets.js';
import type { Gateway } from '../../gateway/gateway.js';
import { streamLimits } from '../../protocol/messages.js';
import { problem } from '../../protocol/problem.js';
import { parseTopic, type Topic, topicForms } from '../../protocol/topic.js';
import { readJsonBody } from '../../work/submit/json-body.js';
import { ownerOf } from '../admission/admission.js';
import { json, type RouteDocs } from '../docs/route-docs.js';
import { envelopeOf } from '../docs/schemas.js';
import { sendEnvelope } from '../reply/envelope.js';
import { sendProblem } from '../reply/problem-reply.js';

const docs: RouteDocs = {
  id: 'createTicket',
  tag: 'events',
  summary: 'A pass for one stream, for browsers',
  description: 'Works once, within 60 seconds, as `?ticket=` of a stream.',
  body: Type.Object({ topics: Type.Optional(Type.Array(Type.String(), { maxItems: streamLimits.topics })) }),
  answers: {
    '201': {
      description: 'The ticket',
      content: { [json]: envelopeOf({ ticket: Type.String(), expires_at: Type.String() }) },
    },
  },
  problems: ['malformed-json', 'validation-failed', 'not-found', 'storage-unavailable'],
};

const noStore = problem('storage-unavailable', 'The ticket could not be stored; ask again.', {
  retryAfter: 1,
});

export function addTicketRoute(
  app: FastifyInstance,
  { gateway, tickets }: { readonly gateway: Gateway; readonly tickets: Tickets },
): void {
  app.post(
    '/api/v1/tickets',
    { config: { access: 'jobs:read', docs }, schema: {} },
    async (request, reply) => {
      const body = request.body instanceof Uint8Array ? readJsonBody(request.body) : undefined;
      if (body?.ok === false) return sendProblem(request, reply, body.problem);
      // A caller that wrote `topic` does not want a ticket for all topics.
      if (Object.keys(body?.value ?? {}).some((name) => name !== 'topics')) {
        const errors = [{ pointer: '', message: 'must have no member but topics' }];
        const detail = 'A ticket takes nothing but "topics"; without it, it is for all topics.';
        return sendProblem(request, reply, problem('validation-failed', detail, { errors }));
      }
      const topics = readTopics(body?.value.topics);
      if (topics === false) {
        const message = `must be 1 to ${streamLimits.topics} topics: ${topicForms}`;
        const errors = [{ pointer: '/topics', message }];
        return sendProblem(request, reply, problem('validation-failed', `topics ${message}`, { errors }));
      }
      const refusal = await gateway.refusalOf(ownerOf(request), { topics: topics ?? [] }, undefined);
      if (refusal !== undefined) return sendProblem(request, reply, refusal);
      if (request.caller === undefined) throw new Error('the route is not public');
      const issued = await tickets.issue(request.caller, topics).catch((error: unknown) => {
        request.log.error({ request_id: request.id, err: error }, 'a ticket could not be stored');
        return { ok: false, problem: noStore } as const;
      });
      if (!issued.ok) return sendProblem(request, reply, issued.problem);
      const { ticket, expiresAt } = issued;
      reply.code(201).header('cache-control', 'no-store');
      return sendEnvelope(
        request,
        reply,
        JSON.stringify({ ticket, expires_at: new Date(expiresAt).toISOString() }),
      );
    },
  );
}

function readTopics(value: unknown): readonly Topic[] | undefined | false {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length === 0 || value.length > streamLimits.topics) return false;
  const topics: Topic[] = [];
  for (const text of value) {
    const topic = typeof text === 'string' ? parseTopic(text) : undefined;
    if (topic === undefined) return false;
    topics.push(topic);
  }
  return topics;
}
