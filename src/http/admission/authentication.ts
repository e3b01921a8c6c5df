import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { Keyring } from '../../access/keyring.js';
import { allows, type Caller, isLoopback, type KeyRefusal } from '../../access/keys.js';
import type { Ticket, Tickets } from '../../access/tickets.js';
import { type Problem, problem } from '../../protocol/problem.js';
import type { Topic } from '../../protocol/topic.js';
import type { Check, Route, WaitingCheck } from './admission.js';

/** Parameters in which callers of other services send keys. */
const keyParameter = /[?&](api[_-]?key|key|access[_-]?token|auth[_-]?token|token|authorization|bearer)=/i;

type Identified =
  | { readonly ok: true; readonly caller: Caller }
  | { readonly ok: false; readonly problem: Problem };

/** Identifies the caller by the headers and the URL alone. */
function identify(keyring: Keyring, headers: IncomingHttpHeaders, url: string): Identified {
  if (keyring.open && !isLoopback(nameIn(headers.host))) {
    // A page of the web may make a browser call this machine by a name of its own.
    const detail =
      'Without API keys only requests to localhost are served. Make a key with "inkwire keys create".';
    return { ok: false, problem: problem('unauthorized', detail) };
  }
  const token = tokenIn(headers.authorization);
  if (token === undefined && keyParameter.test(url)) {
    const detail =
      'Keys are never accepted in an address, where logs would keep them. Send "Authorization: Bearer".';
    return { ok: false, problem: problem('unauthorized', detail) };
  }
  const known = keyring.authenticate(token);
  if (known.ok) return known;
  const reason = known.reason === 'missing' && headers.authorization !== undefined ? 'scheme' : known.reason;
  return { ok: false, problem: problem('unauthorized', details[reason]) };
}

const details: Readonly<Record<KeyRefusal | 'scheme', string>> = {
  missing: 'Send an API key as "Authorization: Bearer npk_live_...".',
  scheme: 'The Authorization header must be "Bearer" and one API key.',
  malformed: 'The API key is not known.',
  unknown: 'The API key is not known.',
  disabled: 'The API key was disabled.',
  expired: 'The API key has expired.',
};

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A stream, which browsers open with a ticket. */
    readonly acceptsTicket?: boolean;
  }
  interface FastifyRequest {
    /** What the ticket is for; undefined: every topic of the owner. */
    ticketTopics: readonly Topic[] | undefined;
  }
}

const ticketParameter = /[?&]ticket=([A-Za-z0-9_-]{1,128})(?=&|$)/;
const ticketProtocol = /(?:^|,)\s*ticket\.([A-Za-z0-9_-]{1,128})\s*(?=,|$)/;

/** Identifies the bearer of a ticket. Uses the ticket up, also where the store fails and nobody can tell. */
async function identifyByTicket(
  keyring: Keyring,
  tickets: Tickets,
  text: string,
): Promise<IdentifiedByTicket> {
  let ticket: Ticket | undefined;
  try {
    ticket = await tickets.redeem(text);
  } catch {
    const detail = 'The ticket could not be looked up. Come back with a new one.';
    return { ok: false, problem: problem('storage-unavailable', detail, { retryAfter: 1 }) };
  }
  if (ticket === undefined || !keyring.holds(ticket.caller.keyId)) {
    const detail = 'The ticket is unknown, used or too old. Get a new one with POST /api/v1/tickets.';
    return { ok: false, problem: problem('unauthorized', detail) };
  }
  const { caller, topics } = ticket;
  return { ok: true, caller, ...(topics === undefined ? {} : { topics }) };
}

type IdentifiedByTicket = Identified & { readonly topics?: readonly Topic[] };

/** The ticket in the address of a stream, or among the subprotocols of a handshake (P-45). */
function ticketOf({ raw, ws }: FastifyRequest): string | undefined {
  const inAddress = ticketParameter.exec(raw.url ?? '/')?.[1];
  if (inAddress !== undefined || !ws) return inAddress;
  return ticketProtocol.exec(raw.headers['sec-websocket-protocol'] ?? '')?.[1];
}

export function createAuthenticationCheck(
  keyring: Keyring,
  tickets: Tickets,
  onFailure: Check,
): WaitingCheck {
  return (request, reply, route) => {
    if (needsNoKey(request, route)) return undefined;
    const { headers, url } = request.raw;
    const ticket = route.config.acceptsTicket === true ? ticketOf(request) : undefined;
    const concluded = (identified: IdentifiedByTicket) => {
      if (identified.ok) {
        request.caller = identified.caller;
        request.ticketTopics = identified.topics;
        return undefined;
      }
      const tooMany = onFailure(request, reply, route);
      if (tooMany !== undefined || identified.problem.slug !== 'unauthorized')
        return tooMany ?? identified.problem;
      const error = tokenIn(headers.authorization) === undefined ? '' : ' error="invalid_token"';
      reply.header('www-authenticate', `Bearer${error}`);
      return identified.problem;
    };
    if (ticket === undefined) return concluded(identify(keyring, headers, url ?? '/'));
    return identifyByTicket(keyring, tickets, ticket).then(concluded);
  };
}

function needsNoKey(request: FastifyRequest, { config }: Route): boolean {
  // A route that does not exist is answered with 404 without a key; paths are no secret.
  if (config.access === 'public' || request.is404) return true;
  // What the route of a WebSocket says to a request that is no handshake is no secret either.
  return config.handshake === true && !request.ws;
}

/** After authentication: whether the key may do what the route does. */
export const checkPermission: Check = (request, _reply, route) => {
  const { access } = route.config;
  if (access === undefined || access === 'public' || access === 'any' || request.caller === undefined) {
    return undefined;
  }
  if (allows(request.caller, access)) return undefined;
  return problem('capability-denied', `The key needs the scope ${access}.`);
};

function tokenIn(authorization: string | undefined): string | undefined {
  return /^bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? '')?.[1];
}

function nameIn(host: string | undefined): string {
  return (host ?? '').replace(/:\d*$/, '');
}
