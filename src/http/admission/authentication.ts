import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { Keyring } from '../../access/keyring.js';
import { allows, type Caller, isAdmin, isLoopback, ownerShape } from '../../access/keys.js';
import type { Sessions } from '../../access/sessions.js';
import type { Ticket, Tickets } from '../../access/tickets.js';
import { everyOwner } from '../../protocol/names.js';
import { type KeyRefusal, type Problem, problem } from '../../protocol/problem.js';
import type { Topic } from '../../protocol/topic.js';
import type { DialectRegistry } from '../dialects/dialect-registry.js';
import { pathOf } from '../reply/problem-reply.js';
import type { Check, Route, WaitingCheck } from './admission.js';
import type { Origins } from './origins.js';
import type { OwnCalls } from './own-calls.js';
import { isOwnPage, sessionTokenOf } from './session-cookie.js';

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
    /** The route can tell what every owner has (`owner=*`). */
    readonly everyOwner?: boolean;
  }
  interface FastifyRequest {
    /** What the ticket is for; undefined: every topic of the owner. */
    ticketTopics: readonly Topic[] | undefined;
    /** A cookie named the caller, in the place of a key. */
    bySession: boolean;
  }
}

export interface AuthenticationParts {
  readonly keyring: Keyring;
  readonly tickets: Tickets;
  readonly dialects: DialectRegistry;
  readonly origins: Origins;
  readonly sessions: Sessions;
  readonly own: Pick<OwnCalls, 'callerOf'>;
  /** Counts a request whose key is wrong, so that keys cannot be guessed without end. */
  readonly onFailure: Check;
}

export function createAuthenticationCheck(parts: AuthenticationParts): WaitingCheck {
  return (request, reply, route) => {
    if (needsNoKey(request, route)) return undefined;
    const own = parts.own.callerOf(request.raw);
    if (own !== undefined) {
      request.caller = own;
      return undefined;
    }
    const ticket = route.config.acceptsTicket === true ? ticketOf(request) : undefined;
    const concluded = (identified: Identified): ReturnType<Check> => {
      if (!identified.ok && route.config.keyOptional === true && identified.problem.keyRefusal === 'missing')
        return undefined;
      if (!identified.ok) return parts.onFailure(request, reply, route) ?? identified.problem;
      request.caller = identified.caller;
      request.ticketTopics = identified.topics;
      return undefined;
    };
    if (ticket !== undefined) return identifyByTicket(parts, ticket).then(concluded);
    const session = sessionOf(parts, request.raw);
    if (session === undefined) return concluded(identifyByKey(parts, request.raw));
    request.bySession = true;
    return identifyBySession(parts, session, request.raw).then(concluded);
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

/** The token of a session, where nothing else says who asks. Only the server's own API takes one: others have no page here. */
function sessionOf(
  { keyring, dialects, sessions }: AuthenticationParts,
  { headers, url = '/' }: IncomingMessage,
): string | undefined {
  if (keyring.open || headers.authorization !== undefined) return undefined;
  return dialects.of(pathOf(url)) === dialects.all[0]
    ? sessionTokenOf(headers, sessions.cookieName)
    : undefined;
}

async function identifyBySession(
  { sessions }: AuthenticationParts,
  token: string,
  { method, headers }: IncomingMessage,
): Promise<Identified> {
  if (!isOwnPage(method, headers)) {
    const detail =
      'A session is for pages of this server; the request comes from another one. Send an API key.';
    return { ok: false, problem: problem('capability-denied', detail) };
  }
  try {
    const caller = await sessions.find(token);
    return caller === undefined
      ? unauthorized('The session is over. Sign in again with an API key.', 'missing')
      : { ok: true, caller };
  } catch {
    const detail = 'The session could not be looked up; ask again.';
    return { ok: false, problem: problem('storage-unavailable', detail, { retryAfter: 1 }) };
  }
}

function unauthorized(detail: string, keyRefusal?: KeyRefusal): Identified {
  const extra = keyRefusal === undefined ? {} : { keyRefusal };
  return { ok: false, problem: problem('unauthorized', detail, extra) };
}

const ownerParameter = /[?&]owner=([^&]*)/;

/**
 * After authentication: a caller with the scope `admin` reads what another owner has, by `?owner=NAME`, or what all have. Whatever changes
 * something is refused there, and is no request of the caller's own owner by mistake.
 */
export function createOwnerCheck(dialects: DialectRegistry): Check {
  return (request, _reply, route) => {
    const { caller, raw } = request;
    const url = raw.url ?? '/';
    const asked = url.includes('owner=')
      ? ownerParameter.exec(url)?.[1]?.replace(/^%2a$/i, everyOwner)
      : undefined;
    if (asked === undefined || caller === undefined || request.is404) return undefined;
    if (dialects.of(pathOf(url)) !== dialects.all[0] || asked === caller.owner) return undefined;
    if (asked === everyOwner && isAdmin(caller) && route.config.everyOwner !== true) {
      const errors = [{ pointer: '/owner', message: 'must be the name of one owner' }];
      const detail =
        'Of every owner there are lists, streams and the overview; all else needs the name of one.';
      return problem('validation-failed', detail, { errors });
    }
    if (!isAdmin(caller))
      return problem('capability-denied', 'Only a key with the scope admin reads what other owners have.');
    // Topics are of one owner: under another name, those of a ticket would be others that its maker has not handed out.
    if (request.ticketTopics !== undefined)
      return problem('capability-denied', 'The ticket is for topics of the owner whose key made it.');
    if (asked !== everyOwner && !ownerShape.test(asked)) {
      const errors = [{ pointer: '/owner', message: 'must be the name of an owner' }];
      return problem('validation-failed', 'The parameter owner must be the name of an owner.', { errors });
    }
    const isReading = raw.method === 'GET' || raw.method === 'HEAD';
    if (!isReading || route.config.access !== 'jobs:read')
      return problem('capability-denied', 'What other owners have can be read, and nothing else.');
    request.caller = { ...caller, owner: asked };
    return undefined;
  };
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
