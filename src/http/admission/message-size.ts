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
  const hosts = hostsIn(rawHeaders);
  if (hosts > 1 || (hosts === 0 && httpVersion !== '1.0')) {
    return problem('malformed-request', 'HTTP/1.1 needs exactly one Host header.');
  }
  if (url !== undefined && url.length > maxUrlLength) {
    return problem('uri-too-long', `An address may have ${maxUrlLength} characters.`);
  }
  const length = headers['content-length'];
  const limit = formLimitOf(request, route) ?? route.bodyLimit;
  if (length === undefined || Number(length) <= limit) return undefined;
  if (Number(length) > limit * lingerFactor) reply.header('connection', 'close');
  return problem('payload-too-large', tooLarge(limit));
};

/** Node itself takes the first of several: a proxy in front may have taken another one (RFC 9112, 3.2). */
function hostsIn(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts;
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
