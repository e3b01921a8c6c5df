import type { FastifyReply } from 'fastify';
import { problem } from '../../protocol/problem.js';
import type { Check } from './admission.js';
import { formLimitOf } from './upload-places.js';

const maxUrlLength = 8192;

/** Past this many times the limit, an announced body is not taken in to be thrown away: the connection is closed. */
const lingerFactor = 4;

/**
 * Judges a message by what it announces. A body without `Content-Length` is counted while it comes in, after the
 * caller is known.
 */
export const checkMessageSize: Check = (request, reply, route) => {
  const { headers, rawHeaders, url, httpVersion } = request.raw;
  const twice = repeatedIn(rawHeaders);
  if (twice === 'host' || (headers.host === undefined && httpVersion !== '1.0')) {
    return problem('malformed-request', 'HTTP/1.1 needs exactly one Host header.');
  }
  if (twice !== undefined)
    return problem('malformed-request', `The header field ${twice} may be there once.`, {
      repeatedField: twice,
    });
  if (url !== undefined && url.length > maxUrlLength) {
    return problem('uri-too-long', `An address may have ${maxUrlLength} characters.`);
  }
  const length = headers['content-length'];
  const limit = formLimitOf(request, route) ?? route.bodyLimit;
  if (length === undefined || Number(length) <= limit) return undefined;
  if (Number(length) > limit * lingerFactor) reply.header('connection', 'close');
  return problem('payload-too-large', tooLarge(limit));
};

/**
 * Fields that are no lists and that a request is judged by, by their length. Node itself takes the first of several, or
 * joins them: a proxy in front may have taken another one (RFC 9110, 5.3; RFC 9112, 3.2).
 */
const singletons: ReadonlyMap<number, string> = new Map(
  ['host', 'origin', 'x-api-key', 'content-type', 'authorization', 'idempotency-key'].map((name) => [
    name.length,
    name,
  ]),
);

/** The first of these that is there more than once. */
function repeatedIn(rawHeaders: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    const singleton = name === undefined ? undefined : singletons.get(name.length);
    if (singleton === undefined || name?.toLowerCase() !== singleton) continue;
    if (seen.has(singleton)) return singleton;
    seen.add(singleton);
  }
  return undefined;
}

export function tooLarge(limit: number): string {
  return `The body may have ${limit} bytes.`;
}

/** Sends `100 Continue` to a caller that waits for it (`Expect: 100-continue`), now that the server wants the body. */
export const checkExpectation: Check = (request, reply) => {
  if (request.raw.headers.expect !== undefined && !request.is404) continueBody(reply);
  return undefined;
};

function continueBody(reply: FastifyReply): void {
  reply.raw.writeContinue();
}
