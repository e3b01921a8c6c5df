import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { type Sessions, sessionLifeMs } from '../../../access/sessions.js';
import { problem } from '../../../protocol/problem.js';
import { cookieText, isOwnPage, sessionTokenOf } from '../../admission/session-cookie.js';
import { json, type RouteDocs } from '../../docs/route-docs.js';
import { envelopeOf } from '../../docs/schemas.js';
import { sendEnvelope } from '../../reply/envelope.js';
import { originOf } from '../../reply/origin.js';
import { sendProblem } from '../../reply/problem-reply.js';

const startDocs: RouteDocs = {
  id: 'startSession',
  tag: 'server',
  summary: 'Sign in: a cookie in the place of the key',
  description:
    'For the live page. The key comes as a header, the answer sets a cookie (`HttpOnly`, `SameSite=Strict`, over TLS also `Secure`) for 12 hours. It is taken for every address under `/api/v1` from pages of this server alone, has the scopes that its key has at the moment, and ends with its key.',
  answers: {
    '201': {
      description: 'Signed in',
      content: { [json]: envelopeOf({ expires_at: Type.String() }) },
      headers: { 'Set-Cookie': 'The session' },
    },
  },
  problems: ['client-rate-exceeded', 'storage-unavailable'],
};

const endDocs: RouteDocs = {
  id: 'endSession',
  tag: 'server',
  summary: 'Sign out',
  description:
    'Ends the session of the cookie, for whoever has it. Nothing else is needed, and none need be there.',
  answers: { '204': { description: 'There is no session any more' } },
  problems: ['capability-denied', 'storage-unavailable'],
};

export function addSessionRoutes(app: FastifyInstance, sessions: Sessions): void {
  const { cookieName: name } = sessions;
  const foreign = problem('capability-denied', 'Only a page of this server may sign somebody in or out.');
  const fault = (request: FastifyRequest, reply: FastifyReply, error: unknown) => {
    request.log.error({ request_id: request.id, err: error }, 'a session could not be stored');
    return sendProblem(
      request,
      reply,
      problem('storage-unavailable', 'The session could not be stored; ask again.', { retryAfter: 1 }),
    );
  };
  const cookieOf = (request: FastifyRequest, token: string, maxAgeMs: number) =>
    cookieText({ name, token, maxAgeMs, secure: originOf(request).startsWith('https:') });

  app.post('/api/v1/session', { config: { access: 'any', docs: startDocs } }, async (request, reply) => {
    const { caller } = request;
    if (caller === undefined) throw new Error('the route is not public');
    // A session is no key: it makes no further one, and so ends when it says.
    if (request.bySession) return sendProblem(request, reply, problem('unauthorized', 'Send the API key.'));
    if (!isOwnPage(request.method, request.raw.headers)) return sendProblem(request, reply, foreign);
    try {
      const started = await sessions.start(caller);
      if (started === undefined) {
        const detail = 'The key has too many sessions; those of the last 12 hours are counted.';
        return sendProblem(request, reply, problem('client-rate-exceeded', detail, { retryAfter: 60 }));
      }
      reply.code(201).header('cache-control', 'no-store');
      reply.header('set-cookie', cookieOf(request, started.token, sessionLifeMs));
      const text = JSON.stringify({ expires_at: new Date(started.expiresAt).toISOString() });
      return sendEnvelope(request, reply, text);
    } catch (error) {
      return fault(request, reply, error);
    }
  });

  // Also of a session that is over: the browser is to forget it.
  app.delete('/api/v1/session', { config: { access: 'public', docs: endDocs } }, async (request, reply) => {
    const { headers } = request.raw;
    if (!isOwnPage(request.method, headers)) return sendProblem(request, reply, foreign);
    const token = sessionTokenOf(headers, name);
    try {
      if (token !== undefined) await sessions.end(token);
    } catch (error) {
      return fault(request, reply, error);
    }
    return reply
      .code(204)
      .header('cache-control', 'no-store')
      .header('set-cookie', cookieOf(request, '', 0))
      .send();
  });
}
