import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Gateway } from '../gateway/gateway.js';
import type { Tickets } from '../gateway/tickets.js';
import { WsTransport } from '../gateway/ws.js';
import { type Problem, problem } from '../protocol/problem.js';
import { allows, type Caller } from '../work/keys.js';
import { type IdentifiedByTicket, identify, identifyByTicket, ticketIn } from './authentication.js';
import type { Draining } from './draining.js';
import type { Holds } from './holds.js';
import type { Keyring } from './keyring.js';
import { pathOf, problemDocument, rawProblem } from './problem-reply.js';
import { requestIdOf } from './request-id.js';
import { addEventRoutes } from './routes/events.js';
import { addTicketRoute } from './routes/tickets.js';

export interface PushParts {
  readonly gateway: Gateway;
  readonly keyring: Keyring;
  readonly tickets: Tickets<Caller>;
  readonly holds: Holds;
  readonly draining: Draining;
  readonly corsOrigins: readonly string[];
}

const streamPath = '/api/v1/stream';
const ticketProtocol = /(?:^|,)\s*ticket\.([A-Za-z0-9_-]{1,128})\s*(?=,|$)/;
const pingMs = 25_000;
const pongMs = 20_000;

/** Mounts the push side on the HTTP server: event streams, long-poll, tickets and the WebSocket's upgrade. */
export function mountPush(app: FastifyInstance, parts: PushParts): void {
  addEventRoutes(app, parts);
  addTicketRoute(app, parts);
  const transport = new WsTransport({
    gateway: parts.gateway,
    pingMs,
    pongMs,
    describe: (refusal) => problemDocument(refusal, requestIdOf({})),
  });
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (pathOf(request.url) !== streamPath || request.headers.upgrade?.toLowerCase() !== 'websocket') {
      serveWithoutUpgrade(app.server, request, socket, head);
      return;
    }
    socket.on('error', () => undefined);
    const admitted = admitUpgrade(request, parts);
    if (!admitted.ok) {
      socket.end(rawProblem(admitted.problem));
      return;
    }
    const { owner, keyId } = admitted.caller;
    const address = request.socket.remoteAddress ?? '';
    const topics = admitted.topics === undefined ? {} : { topics: admitted.topics };
    transport.accept(request, socket, head, { owner, keyId, address, ...topics });
  });
}

function admitUpgrade(request: IncomingMessage, parts: PushParts): IdentifiedByTicket {
  const { keyring, tickets, draining, corsOrigins } = parts;
  const { headers, url = '/' } = request;
  if (request.method !== 'GET') return refuse(problem('malformed-request', 'A WebSocket is opened with GET'));
  if (draining.started)
    return refuse(problem('shutting-down', 'The server is shutting down; come back in a moment'));
  if (!isKnownOrigin(headers.origin, headers.host, corsOrigins)) {
    return refuse(
      problem('capability-denied', 'Pages of this origin may not connect; see INKWIRE_CORS_ORIGINS'),
    );
  }
  const ticket = ticketIn(url) ?? ticketProtocol.exec(headers['sec-websocket-protocol'] ?? '')?.[1];
  const identified =
    ticket === undefined ? identify(keyring, headers, url) : identifyByTicket(keyring, tickets, ticket);
  if (identified.ok && !allows(identified.caller, 'jobs:read')) {
    return refuse(problem('capability-denied', 'The key needs the scope jobs:read.'));
  }
  return identified;
}

/**
 * An offer to speak something else (`h2c`, as Java's client and `curl --http2` make with every request) may be ignored
 * (RFC 9110, 7.8). Node has taken the connection out of its server by then: it goes back with the same request, less
 * the offer.
 */
function serveWithoutUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] ?? '';
    if (!offered.test(name)) lines.push(`${name}: ${request.rawHeaders[index + 1]}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}

const offered = /^(upgrade|http2-settings|connection)$/i;

/** A browser always sends its origin; a page of another site must not speak with the visitor's access (P-28). */
function isKnownOrigin(
  origin: string | undefined,
  host: string | undefined,
  known: readonly string[],
): boolean {
  if (origin === undefined || known.includes('*') || known.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

function refuse(refusal: Problem): IdentifiedByTicket {
  return { ok: false, problem: refusal };
}
