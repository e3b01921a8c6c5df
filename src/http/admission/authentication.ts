import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { Keyring } from '../../access/keyring.js';
import { allows, type Caller, isLoopback } from '../../access/keys.js';
import type { Ticket, Tickets } from '../../access/tickets.js';
import { type KeyRefusal, type Problem, problem } from '../../protocol/problem.js';
import type { Topic } from '../../protocol/topic.js';
import type { DialectRegistry } from '../dialects/dialect-registry.js';
import { pathOf } from '../reply/problem-reply.js';
import type { Check, Route, WaitingCheck } from './admission.js';
import type { Origins } from './origins.js';

/** Parameters in which callers of other services send keys. */
const keyParameter = /[?&](api[_-]?key|key|access[_-]?token|auth[_-]?token|token|authorization|bearer)=/i;

type Identified =
  | { readonly ok: true; readonly caller: Caller; readonly topics?: readonly Topic[] }
  | { readonly ok: false; readonly problem: Problem };

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A stream, which browsers open with a ticket. */
    readonly acceptsTicket?: boolean;
    /** The handler knows other credentials: a request without a key has no caller. A wrong key is refused all the same. */
    readonly keyOptional?: boolean;
  }
  interface FastifyRequest {
    /** What the ticket is for; undefined: every topic of the owner. */
    ticketTopics: readonly Topic[] | undefined;
  }
}

export interface AuthenticationParts {
  readonly keyring: Keyring;
  readonly tickets: Tickets;
  readonly dialects: DialectRegistry;
  readonly origins: Origins;
  /** Counts a request whose key is wrong, so that keys cannot be guessed without end. */
  readonly onFailure: Check;
}

export function createAuthenticationCheck(parts: AuthenticationParts): WaitingCheck {
  return (request, reply, route) => {
    if (needsNoKey(request, route)) return undefined;
    const ticket = route.config.acceptsTicket === true ? ticketOf(request) : undefined;
    const concluded = (identified: Identified): ReturnType<Check> => {
      if (!identified.ok && route.config.keyOptional === true && identified.problem.keyRefusal === 'missing')
        return undefined;
      if (!identified.ok) return parts.onFailure(request, reply, route) ?? identified.problem;
      request.caller = identified.caller;
      request.ticketTopics = identified.topics;
      return undefined;
    };
    if (ticket === undefined) return concluded(identifyByKey(parts, request.raw));
    return identifyByTicket(parts, ticket).then(concluded);
  };
}

function needsNoKey(request: FastifyRequest, { config }: Route): boolean {
  // A route that does not exist is answered with 404 without a key; paths are no secret.
  if (config.access === 'public' || request.is404) return true;
  // What the route of a WebSocket says to a request that is no handshake is no secret either.
  return config.handshake === true && !request.ws;
}

function identifyByKey(
  { keyring, dialects, origins }: AuthenticationParts,
  raw: IncomingMessage,
): Identified {
  const { headers, url = '/' } = raw;
  if (keyring.open && !isLoopback(nameIn(headers.host))) {
    // A page of the web may make a browser call this machine by a name of its own.
    return unauthorized(
      'Without API keys only requests to localhost are served. Make a key with "inkwire keys create".',
    );
  }
  if (keyring.open && origins.isForeign(headers)) {
    const detail =
      'Without API keys only pages of this machine are served, and those of INKWIRE_CORS_ORIGINS. The request comes from a page of another site.';
    return { ok: false, problem: problem('capability-denied', detail) };
  }
  const credential = dialects.of(pathOf(url)).credential(headers);
  if (credential.token === undefined && keyParameter.test(url)) {
    const detail = `Keys are never accepted in an address, where logs would keep them. ${credential.detail}`;
    return unauthorized(detail, 'missing');
  }
  const known = keyring.authenticate(credential.token);
  if (known.ok) return known;
  const detail = credential.token === undefined ? credential.detail : details[known.reason];
  return unauthorized(detail, known.reason);
}

const details: Readonly<Record<KeyRefusal, string>> = {
  missing: 'The API key is not known.',
  malformed: 'The API key is not known.',
  unknown: 'The API key is not known.',
  disabled: 'The API key was disabled.',
  expired: 'The API key has expired.',
};

const ticketParameter = /[?&]ticket=([A-Za-z0-9_-]{1,128})(?=&|$)/;
const ticketProtocol = /(?:^|,)\s*ticket\.([A-Za-z0-9_-]{1,128})\s*(?=,|$)/;

/** The ticket in the address of a stream, or among the subprotocols of a handshake (P-45). */
function ticketOf({ raw, ws }: FastifyRequest): string | undefined {
  const inAddress = ticketParameter.exec(raw.url ?? '/')?.[1];
  if (inAddress !== undefined || !ws) return inAddress;
  return ticketProtocol.exec(raw.headers['sec-websocket-protocol'] ?? '')?.[1];
}

/** Uses the ticket up, also where the store fails and nobody can tell. */
async function identifyByTicket(
  { keyring, tickets }: AuthenticationParts,
  text: string,
): Promise<Identified> {
  let ticket: Ticket | undefined;
  try {
    ticket = await tickets.redeem(text);
  } catch {
    const detail = 'The ticket could not be looked up. Come back with a new one.';
    return { ok: false, problem: problem('storage-unavailable', detail, { retryAfter: 1 }) };
  }
  if (ticket === undefined || !keyring.holds(ticket.caller.keyId)) {
    return unauthorized('The ticket is unknown, used or too old. Get a new one with POST /api/v1/tickets.');
  }
  const { caller, topics } = ticket;
  return { ok: true, caller, ...(topics === undefined ? {} : { topics }) };
}

function unauthorized(detail: string, keyRefusal?: KeyRefusal): Identified {
  const extra = keyRefusal === undefined ? {} : { keyRefusal };
  return { ok: false, problem: problem('unauthorized', detail, extra) };
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

function nameIn(host: string | undefined): string {
  return (host ?? '').replace(/:\d*$/, '');
}
