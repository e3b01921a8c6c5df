import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { maxUnknownNames, unknownName } from '../../nearest.js';
import { isObject } from '../../protocol/is-object.js';
import type { JobWarning } from '../../protocol/job-record.js';
import { type Problem, problem } from '../../protocol/problem.js';
import { noteApplied, prefersStrict } from '../reply/preferences.js';
import { sendProblem } from '../reply/problem-reply.js';
import { tellWarnings } from '../reply/warnings-header.js';
import type { Check } from './admission.js';

/**
 * What of a request its route knows nothing of, so that nothing would be made of it: parameters of the address, and a
 * body where none is taken. The caller hears of it in `meta.warnings` and in `Inkwire-Warnings`, or is refused where it
 * prefers that. Members of a body are the concern of its reader.
 */

/** Of the routes of OpenAPI alone: the addresses of files and pages are often given parameters against caches. */
export const checkParameters: Check = (request, reply, route) => {
  if (request.is404 || route.config.docs === undefined) return undefined;
  const strict = prefersStrict(request.raw.headers.prefer);
  if (strict) noteApplied(reply, 'handling=strict');
  if (request.raw.url?.includes('?') !== true) return undefined;
  const schema: unknown = route.schema?.querystring;
  const known = isObject(schema) && isObject(schema.properties) ? Object.keys(schema.properties) : [];
  if (route.config.acceptsTicket === true) known.push('ticket');
  // Judged by admission (`createOwnerCheck`).
  if (route.config.access === 'jobs:read') known.push('owner');
  const patterns = isObject(schema) && isObject(schema.patternProperties) ? schema.patternProperties : {};
  const shapes = Object.keys(patterns).map((pattern) => new RegExp(pattern));
  const found = Object.keys(isObject(request.query) ? request.query : {})
    .filter((name) => !known.includes(name) && !shapes.some((shape) => shape.test(name)))
    .slice(0, maxUnknownNames);
  if (found.length === 0) return undefined;
  const unknown = found.map((name) => unknownName(name, known));
  if (strict) {
    const errors = unknown.map(({ pointer, hint }) => ({
      pointer,
      message: `is not a known parameter${hint}`,
    }));
    return refusalOf('The address has parameters that are not known.', errors);
  }
  warn(
    request,
    reply,
    unknown.map(({ quoted, hint, pointer }) => {
      const message = `The parameter ${quoted} is not known and was ignored${hint}`;
      return { code: 'unknown_parameter', message, pointer };
    }),
  );
  return undefined;
};

/** For `preHandler`, when the body has been read: one that has members at a route which takes none. */
export function tellUnusedBodies(app: FastifyInstance): void {
  app.decorateRequest('warnings', undefined);
  app.addHook('preHandler', (request, reply, done) => {
    const { docs } = request.routeOptions.config;
    const { body } = request;
    const isUnused = docs !== undefined && docs.body === undefined && docs.form === undefined;
    if (!isUnused || !(body instanceof Uint8Array) || isEmpty(body)) {
      done();
      return;
    }
    if (prefersStrict(request.raw.headers.prefer)) {
      sendProblem(
        request,
        reply,
        refusalOf('Nothing is made of a body here.', [{ pointer: '', message: 'must be empty' }]),
      );
      return;
    }
    const message = 'No body is taken here, and the one that was sent was ignored';
    warn(request, reply, [{ code: 'unknown_member', message, pointer: '' }]);
    done();
  });
}

/** Also an object without members, which many clients send with every POST. */
function isEmpty(body: Uint8Array): boolean {
  return body.length < 64 && /^\s*(\{\s*\})?\s*$/.test(Buffer.from(body).toString());
}

function warn(request: FastifyRequest, reply: FastifyReply, warnings: readonly JobWarning[]): void {
  request.warnings = [...(request.warnings ?? []), ...warnings];
  tellWarnings(request, reply);
}

function refusalOf(detail: string, errors: Problem['errors'] & object): Problem {
  return problem('validation-failed', detail, { errors });
}
