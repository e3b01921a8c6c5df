import type {
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  FastifySchemaValidationError,
} from 'fastify';
import { type Problem, problem } from '../protocol/problem.js';
import { isPassingFault, storageAway } from '../work/passing-fault.js';
import { BodyRefused } from './admission/body-budget.js';
import { tooLarge } from './admission/message-size.js';
import { sendProblem } from './reply/problem-reply.js';

declare module 'fastify' {
  interface FastifyInstance {
    /** @returns whether the log tells of the error by itself, as of an outage of the storage */
    readonly noteFault: (error: unknown) => boolean;
  }
}

/** Turns everything that is thrown, by Fastify or by a defect, into a problem. */
export function handleErrors(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => answerError(error, request, reply));
}

export function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  if (isPassingFault(error)) {
    // Of an outage the log tells once.
    if (!request.server.noteFault(error))
      request.log.error({ request_id: request.id, err: error }, 'the store could not take a request');
    sendProblem(request, reply, storageAway());
    return;
  }
  const known = problemOf(error, request);
  if (known === undefined) {
    request.log.error({ request_id: request.id, err: error }, 'a request failed');
    sendProblem(request, reply, problem('internal-error', 'The failure was logged under the request id.'));
    return;
  }
  // Fastify ends the connection when a body was not read; without that, the answer reaches a caller that is still
  // sending.
  reply.removeHeader('connection');
  sendProblem(request, reply, known);
}

function problemOf(error: FastifyError, request: FastifyRequest): Problem | undefined {
  if (error instanceof BodyRefused) return error.problem;
  if (error.validation !== undefined) return validationProblem(error.validation, error.validationContext);
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return problem('payload-too-large', tooLarge(request.routeOptions.bodyLimit));
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return problem('unsupported-media-type', typesTaken(request));
    case 'FST_ERR_BAD_URL':
      return problem('malformed-request', 'The address is not valid: an escape in it cannot be read.');
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return problem('not-found', 'There is no such address.');
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return problem('malformed-request', 'The body is shorter than its Content-Length.');
    case 'ECONNRESET':
    case 'ERR_STREAM_PREMATURE_CLOSE':
      return problem('malformed-request', 'The request ended before its body.');
    default:
      if (!isRefusal(error)) return undefined;
      return problem('malformed-request', 'The request cannot be read.');
  }
}

function typesTaken({ routeOptions }: FastifyRequest): string {
  const form = routeOptions.config.maxFormBytes === undefined ? '' : ', or multipart/form-data';
  return `The body must be application/json in UTF-8${form}.`;
}

/** A defect of the request that Fastify or Node found. Errors of our own carry no status. */
function isRefusal(error: FastifyError): boolean {
  const { statusCode } = error;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500;
}

function validationProblem(
  found: readonly FastifySchemaValidationError[],
  part: string | undefined,
): Problem {
  const errors = found.slice(0, 50).map(({ instancePath, message }) => ({
    pointer: instancePath,
    message: message ?? 'is not valid',
  }));
  const place = part === 'params' ? 'path' : part === 'querystring' ? 'query' : (part ?? 'request');
  return problem('validation-failed', `The ${place} breaks its schema.`, { errors });
}
