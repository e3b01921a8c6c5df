import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller, Scope } from '../../access/keys.js';
import type { Problem } from '../../protocol/problem.js';
import type { LoopTurns } from '../../shares/loop-turns.js';
import { sendProblem } from '../reply/problem-reply.js';
import type { AddressOf } from './client-address.js';

/**
 * What happens to every request before its body is read. Each concern is a check in its own file; the server lists
 * them in the order that the contract fixes. All run in one hook, and in one turn unless a ticket has to be looked up: a
 * submit costs microseconds here.
 */

/** The callers that a route admits: every caller, callers with any key, or callers whose key has the scope. */
export type Access = 'public' | 'any' | Scope;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `any` where a route does not say. */
    readonly access?: Access;
    /** Starts work: refused while the server drains. */
    readonly startsWork?: boolean;
    /** Never counted against a rate limit. */
    readonly unlimited?: boolean;
  }
  interface FastifyRequest {
    /** Undefined on public routes. */
    caller: Caller | undefined;
    /** Address of the caller, by trusted proxies' headers, as limits count it. */
    address: string;
    /** `performance.now()` at the start. */
    startedAt: number;
  }
}

export type Route = FastifyRequest['routeOptions'];

/**
 * Undefined lets the request pass. A problem is sent as the answer. `answered` means that the check has replied.
 */
export type Check = (
  request: FastifyRequest,
  reply: FastifyReply,
  route: Route,
) => Problem | 'answered' | undefined;

/** A check that may have to wait; the next one runs after it. A promise that rejects is answered as any defect. */
export type WaitingCheck = (...request: Parameters<Check>) => ReturnType<Check> | Promise<ReturnType<Check>>;

export interface Admission {
  readonly addressOf: AddressOf;
  /** Until it is known whose request it is. */
  readonly identifying: readonly WaitingCheck[];
  /** When it is the owner's turn: who floods is refused in its own turns, too. */
  readonly inTurn: readonly WaitingCheck[];
  readonly turns: Pick<LoopTurns, 'run'>;
}

export function admit(app: FastifyInstance, { addressOf, identifying, inTurn, turns }: Admission): void {
  const checks = [...identifying, ...inTurn];
  app.decorateRequest('caller', undefined);
  app.decorateRequest('ticketTopics', undefined);
  app.decorateRequest('bySession', false);
  app.decorateRequest('address', '');
  app.decorateRequest('startedAt', 0);
  app.addHook('onRequest', (request, reply, done) => {
    const route = request.routeOptions;
    request.startedAt = performance.now();
    request.address = addressOf(request.raw);
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
    // Node reads no more requests on it.
    if (request.ws) reply.header('connection', 'close');
    const goOn = (from: number): void => {
      const isIdentified = from === identifying.length;
      if (!isIdentified || request.caller === undefined) check(from);
      else turns.run(request.caller.owner, () => check(from));
    };
    const check = (from: number): void => {
      const to = from < identifying.length ? identifying.length : checks.length;
      for (let at = from; at < to; at += 1) {
        const outcome = checks[at]?.(request, reply, route);
        if (outcome instanceof Promise) {
          outcome.then((late) => (passes(late) ? goOn(at + 1) : undefined)).catch(done);
          return;
        }
        if (!passes(outcome)) return;
      }
      if (to === checks.length) done();
      else goOn(to);
    };
    const passes = (outcome: ReturnType<Check>): boolean => {
      if (outcome !== undefined && outcome !== 'answered') sendProblem(request, reply, outcome);
      return outcome === undefined;
    };
    goOn(0);
  });
}

/** The owner of an authenticated request. */
export function ownerOf(request: FastifyRequest): string {
  if (request.caller === undefined) throw new Error('A route that needs an owner must not be public');
  return request.caller.owner;
}
