import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Tickets } from '../access/tickets.js';
import type { Gateway } from '../gateway/gateway.js';
import { WsTransport } from '../gateway/ws.js';
import { problem } from '../protocol/problem.js';
import type { BudgetMeters } from '../shares/budget-meters.js';
import type { LoopTurns } from '../shares/loop-turns.js';
import { ownerOf } from './admission/admission.js';
import type { Draining } from './admission/draining.js';
import { problemDocument } from './dialects/native/problem-document.js';
import type { LongWaits } from './reply/long-waits.js';
import { sendProblem } from './reply/problem-reply.js';
import { requestIdOf } from './reply/request-id.js';
import { addEventRoutes } from './routes/events.js';
import { addTicketRoute } from './routes/tickets.js';

export interface PushParts {
  readonly gateway: Gateway;
  readonly tickets: Tickets;
  readonly longWaits: LongWaits;
  readonly draining: Draining;
  readonly budgets: BudgetMeters;
  readonly turns: LoopTurns;
}

const pingMs = 25_000;
const pongMs = 20_000;

/** Mounts the push side on the HTTP server: event streams, long-poll, tickets and the WebSocket. */
export function mountPush(app: FastifyInstance, parts: PushParts): void {
  parts.budgets.add('topics', parts.gateway.topics);
  parts.budgets.add('snapshots', parts.gateway.snapshots);
  addEventRoutes(app, parts);
  addTicketRoute(app, parts);
  addWebSocketRoute(app, parts.gateway);
}

function addWebSocketRoute(app: FastifyInstance, gateway: Gateway): void {
  const transport = new WsTransport({
    gateway,
    pingMs,
    pongMs,
    describe: (refusal) => problemDocument(refusal, requestIdOf({})),
  });
  app.route({
    method: 'GET',
    url: '/api/v1/stream',
    config: {
      access: 'jobs:read',
      acceptsTicket: true,
      everyOwner: true,
      startsWork: true,
      handshake: true,
    },
    schema: {},
    preHandler: letGoOfAnswer,
    handler: askForUpgrade,
    wsHandler(ws, request) {
      // The plugin's listener holds the request and its answer for as long as the socket lives; the transport has its own.
      ws.removeAllListeners('error');
      const { caller, address, ticketTopics } = request;
      const topics = ticketTopics === undefined ? {} : { topics: ticketTopics };
      const streamCaller = { owner: ownerOf(request), keyId: caller?.keyId ?? '', address, ...topics };
      transport.open(ws, request.raw.socket, streamCaller);
    },
  });
}

/**
 * An admitted handshake is answered on the socket itself. Node would keep its answer, and with it the request, as long as
 * the socket lives: that is most of what an idle connection takes.
 */
function letGoOfAnswer(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  if (request.ws) reply.raw.detachSocket(request.raw.socket);
  done();
}

/** Answers a handshake whose upgrade a proxy has removed; the answer needs no key. */
function askForUpgrade(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const detail =
    'Open it as a WebSocket, with "Upgrade: websocket"; a proxy on the way must pass that on. GET /api/v1/events does without.';
  // To go on with the connection would need to know whether the other side asked for its end, as most proxies do.
  reply.header('upgrade', 'websocket').header('connection', 'Upgrade, close');
  return sendProblem(request, reply, problem('upgrade-required', detail));
}
