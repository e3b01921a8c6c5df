import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import type { Endpoint } from '../../../engine/endpoints.js';
import { problem } from '../../../protocol/problem.js';
import type { WebhookProfiles } from '../../../webhooks/profile.js';
import { noWebhook, type Webhooks } from '../../../webhooks/webhooks.js';
import { ownerOf } from '../../admission/admission.js';
import { isTime } from '../../iso-time.js';
import { sendEnvelope } from '../../reply/envelope.js';
import { sendProblem } from '../../reply/problem-reply.js';
import { readChange, readRange, readRotation } from './body.js';
import * as docs from './docs.js';
import { deliveryRecord, webhookRecord } from './records.js';

export interface WebhookRouteParts {
  readonly webhooks: Webhooks;
  readonly profiles: WebhookProfiles;
  /** The cursor of a place in the log. */
  readonly cursorOf: (seq: number) => string;
}

interface OneRoute {
  Params: { id: string };
}
interface DeliveryRoute {
  Params: { id: string; delivery: string };
}

const params = { params: docs.webhookParams };
const path = '/api/v1/webhooks';

/** Endpoints, their deliveries, and what can be done with both. */
export function addWebhookRoutes(app: FastifyInstance, parts: WebhookRouteParts): void {
  addEndpointRoutes(app, parts);
  addActionRoutes(app, parts);
  addDeliveryRoutes(app, parts);
}

function addEndpointRoutes(app: FastifyInstance, parts: WebhookRouteParts): void {
  const { webhooks } = parts;
  const send = sender(parts);

  app.post(
    path,
    { config: { access: 'jobs:write', docs: docs.create }, schema: {} },
    async (request, reply) => {
      const read = readChange(request, true);
      if (!read.ok) return sendProblem(request, reply, read.problem);
      const { url = '', ...change } = read.value;
      const made = await webhooks.create(ownerOf(request), { ...change, url });
      if (!made.ok) return sendProblem(request, reply, made.problem);
      const { endpoint, secret } = made.value;
      reply.code(201).header('location', `${path}/${endpoint.id}`);
      return send(request, reply, endpoint, { secret });
    },
  );

  app.get<{ Querystring: Static<typeof docs.listQuery> }>(
    path,
    { config: { access: 'jobs:read', docs: docs.list }, schema: { querystring: docs.listQuery } },
    async (request, reply) => {
      const { cursor, limit } = request.query;
      const found = await webhooks.list(ownerOf(request), cursor, limit + 1);
      const page = found.slice(0, limit);
      const next = found.length > limit ? { next_cursor: page.at(-1)?.id } : {};
      const records = page.map((endpoint) => webhookRecord(endpoint, parts.profiles, parts.cursorOf));
      reply.header('cache-control', 'no-store');
      return sendEnvelope(request, reply, JSON.stringify({ webhooks: records, ...next }));
    },
  );

  app.get<OneRoute>(
    `${path}/:id`,
    { config: { access: 'jobs:read', docs: docs.get }, schema: params },
    async (request, reply) => {
      const endpoint = await webhooks.get(ownerOf(request), request.params.id);
      if (endpoint === undefined) return sendProblem(request, reply, noWebhook());
      return send(request, reply, endpoint);
    },
  );

  app.patch<OneRoute>(
    `${path}/:id`,
    { config: { access: 'jobs:write', docs: docs.change }, schema: params },
    async (request, reply) => {
      const read = readChange(request, false);
      if (!read.ok) return sendProblem(request, reply, read.problem);
      const seen = seenBy(request);
      if (seen === 'wrong') {
        const detail = 'If-Match is no ETag of a webhook; read it and change it again.';
        return sendProblem(request, reply, problem('precondition-failed', detail));
      }
      const answer = await webhooks.change(ownerOf(request), request.params.id, read.value, seen);
      return answer.ok ? send(request, reply, answer.value) : sendProblem(request, reply, answer.problem);
    },
  );

  app.delete<OneRoute>(
    `${path}/:id`,
    { config: { access: 'jobs:write', docs: docs.remove }, schema: params },
    async (request, reply) => {
      const removed = await webhooks.remove(ownerOf(request), request.params.id);
      return removed ? reply.code(204).send() : sendProblem(request, reply, noWebhook());
    },
  );
}

function addActionRoutes(app: FastifyInstance, parts: WebhookRouteParts): void {
  const { webhooks, cursorOf } = parts;
  const send = sender(parts);

  app.post<OneRoute>(
    `${path}/:id/rotate`,
    { config: { access: 'jobs:write', docs: docs.rotate }, schema: params },
    async (request, reply) => {
      const read = readRotation(request);
      if (!read.ok) return sendProblem(request, reply, read.problem);
      const { secret, overlapMs } = read.value;
      const answer = await webhooks.rotate(ownerOf(request), request.params.id, secret, overlapMs);
      if (!answer.ok) return sendProblem(request, reply, answer.problem);
      return send(request, reply, answer.value.endpoint, { secret: answer.value.secret });
    },
  );

  app.post<OneRoute>(
    `${path}/:id/test`,
    { config: { access: 'jobs:write', docs: docs.test }, schema: params },
    async (request, reply) => {
      const answer = await webhooks.test(ownerOf(request), request.params.id);
      if (!answer.ok) return sendProblem(request, reply, answer.problem);
      return sendEnvelope(request, reply, JSON.stringify(deliveryRecord(answer.value, true)));
    },
  );

  app.post<OneRoute>(
    `${path}/:id/replay`,
    { config: { access: 'jobs:write', docs: docs.replayRange }, schema: params },
    async (request, reply) => {
      const read = readRange(request, isTime);
      if (!read.ok) return sendProblem(request, reply, read.problem);
      const answer = await webhooks.replayRange(ownerOf(request), request.params.id, read.value);
      if (!answer.ok) return sendProblem(request, reply, answer.problem);
      return sendEnvelope(request, reply.code(202), JSON.stringify({ from: cursorOf(answer.value.from) }));
    },
  );
}

function addDeliveryRoutes(app: FastifyInstance, { webhooks }: WebhookRouteParts): void {
  app.get<OneRoute & { Querystring: Static<typeof docs.deliveriesQuery> }>(
    `${path}/:id/deliveries`,
    {
      config: { access: 'jobs:read', docs: docs.deliveries },
      schema: { ...params, querystring: docs.deliveriesQuery },
    },
    async (request, reply) => {
      const owner = ownerOf(request);
      const { id } = request.params;
      const { status, cursor, limit } = request.query;
      if ((await webhooks.get(owner, id)) === undefined) return sendProblem(request, reply, noWebhook());
      const found = await webhooks.deliveries(owner, id, {
        limit: limit + 1,
        ...(status === undefined ? {} : { waiting: status === 'waiting' }),
        ...(cursor === undefined ? {} : { before: cursor }),
      });
      const page = found.slice(0, limit);
      const next = found.length > limit ? { next_cursor: page.at(-1)?.n } : {};
      reply.header('cache-control', 'no-store');
      const deliveries = page.map((one) => deliveryRecord(one, false));
      return sendEnvelope(request, reply, JSON.stringify({ deliveries, ...next }));
    },
  );

  app.get<DeliveryRoute>(
    `${path}/:id/deliveries/:delivery`,
    { config: { access: 'jobs:read', docs: docs.deliveryDocs }, schema: { params: docs.deliveryParams } },
    async (request, reply) => {
      const { id, delivery } = request.params;
      const found = await webhooks.delivery(ownerOf(request), id, delivery);
      if (found === undefined) return sendProblem(request, reply, noWebhook());
      reply.header('cache-control', 'no-store');
      return sendEnvelope(request, reply, JSON.stringify(deliveryRecord(found, true)));
    },
  );

  app.post<DeliveryRoute>(
    `${path}/:id/deliveries/:delivery/replay`,
    { config: { access: 'jobs:write', docs: docs.replay }, schema: { params: docs.deliveryParams } },
    async (request, reply) => {
      const { id, delivery } = request.params;
      const answer = await webhooks.replay(ownerOf(request), id, delivery);
      if (!answer.ok) return sendProblem(request, reply, answer.problem);
      return sendEnvelope(request, reply.code(202), JSON.stringify(deliveryRecord(answer.value, false)));
    },
  );
}

/** Answers with an endpoint; its `ETag` is its change. */
function sender({ profiles, cursorOf }: WebhookRouteParts) {
  return (
    request: FastifyRequest,
    reply: FastifyReply,
    endpoint: Endpoint,
    more: object = {},
  ): FastifyReply => {
    reply.header('cache-control', 'no-store').header('etag', `"${endpoint.change}"`);
    const record = { ...webhookRecord(endpoint, profiles, cursorOf), ...more };
    return sendEnvelope(request, reply, JSON.stringify(record));
  };
}

/** The change that `If-Match` names. */
function seenBy(request: FastifyRequest): number | undefined | 'wrong' {
  const header = request.raw.headers['if-match'];
  if (header === undefined || header === '*') return undefined;
  const [, digits] = /^"(\d{1,15})"$/.exec(header) ?? [];
  return digits === undefined ? 'wrong' : Number(digits);
}
