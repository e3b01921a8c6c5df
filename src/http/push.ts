import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Keyring } from '../access/keyring.js';
import { allows } from '../access/keys.js';
import type { Tickets } from '../access/tickets.js';
import type { Gateway } from '../gateway/gateway.js';
import { WsTransport } from '../gateway/ws.js';
import { type Problem, problem } from '../protocol/problem.js';
import {
  type Identified,
  type IdentifiedByTicket,
  identify,
  identifyByTicket,
  ticketIn,
} from './admission/authentication.js';
import type { Draining } from './admission/draining.js';
import { refuse as endWith } from './admission/sockets.js';
import type { LongWaits } from './reply/long-waits.js';
import { pathOf, problemDocument, rawProblem, sendProblem } from './reply/problem-reply.js';
import { requestIdOf } from './reply/request-id.js';
import { addEventRoutes } from './routes/events.js';
import { addTicketRoute } from './routes/tickets.js';
import type { UpgradeGate } from './server.js';

export interface PushParts {
  readonly gateway: Gateway;
  readonly keyring: Keyring;
  readonly tickets: Tickets;
  readonly longWaits: LongWaits;
  readonly draining: Draining;
  readonly gate: UpgradeGate;
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
  addPlainStream(app);
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
    // Asked for now: a socket that has gone while a ticket was looked up has no address.
    const address = parts.gate.addressOf(request);
    const conclude = (admitted: IdentifiedByTicket): void => {
      if (!admitted.ok) {
        endWith(socket, rawProblem(admitted.problem));
        return;
      }
      const { owner, keyId } = admitted.caller;
      const topics = admitted.topics === undefined ? {} : { topics: admitted.topics };
      transport.accept(request, socket, head, { owner, keyId, address, ...topics });
    };
    const admitted = admitUpgrade(request, address, parts);
    if (admitted instanceof Promise) void admitted.then(conclude);
    else conclude(admitted);
  });
}

/** Answers a handshake whose upgrade a proxy has removed; the answer needs no key. */
function addPlainStream(app: FastifyInstance): void {
  const detail =
    'Open it as a WebSocket, with "Upgrade: websocket"; a proxy on the way must pass that on. GET /api/v1/events does without.';
  app.get(streamPath, { config: { access: 'public' }, schema: {} }, (request, reply) => {
    // To go on with the connection would need to know whether the other side asked for its end, as most proxies do.
    reply.header('upgrade', 'websocket').header('connection', 'Upgrade, close');
    return sendProblem(request, reply, problem('upgrade-required', detail));
  });
}

/** The checks of admission for requests, for one that Node has taken out of its server. */
function admitUpgrade(
  request: IncomingMessage,
  address: string,
  parts: PushParts,
): IdentifiedByTicket | Promise<IdentifiedByTicket> {
  const { draining, corsOrigins, gate, keyring, tickets } = parts;
  const { headers } = request;
  const excess = gate.excess(request.socket);
  if (excess !== undefined) return refuse(excess);
  if (request.method !== 'GET') return refuse(problem('malformed-request', 'A WebSocket is opened with GET'));
  if (draining.started)
    return refuse(problem('shutting-down', 'The server is shutting down; come back in a moment'));
  if (!isKnownOrigin(headers.origin, headers.host, corsOrigins)) {
    return refuse(
      problem('capability-denied', 'Pages of this origin may not connect; see INKWIRE_CORS_ORIGINS'),
    );
  }
  const { url = '/' } = request;
  const ticket = ticketIn(url) ?? ticketProtocol.exec(headers['sec-websocket-protocol'] ?? '')?.[1];
  if (ticket === undefined) return limited(gate, address, identify(keyring, headers, url));
  return identifyByTicket(keyring, tickets, ticket).then((identified) => limited(gate, address, identified));
}

/** What follows once it is known who asks. */
function limited(gate: UpgradeGate, address: string, identified: IdentifiedByTicket): IdentifiedByTicket {
  const allowed = !identified.ok || allows(identified.caller, 'jobs:read');
  if (!allowed) return refuse(problem('capability-denied', 'The key needs the scope jobs:read.'));
  // A wrong key counts against its address, so that keys cannot be guessed without end.
  const keyId = identified.ok ? identified.caller.keyId : undefined;
  const tooMany = gate.rateRefusalOf(address, keyId);
  return tooMany === undefined ? identified : refuse(tooMany);
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

function refuse(refusal: Problem): Identified {
  return { ok: false, problem: refusal };
}
