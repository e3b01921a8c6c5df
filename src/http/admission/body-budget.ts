import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Problem, problem } from '../../protocol/problem.js';
import { type ShareBounds, Shares } from '../../shares/shares.js';
import { formLimitOf } from './upload-places.js';

/** Smaller bodies come in one piece: they are not worth counting. */
const smallBytes = 16 * 1024;

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Called when the body has been used and nobody holds it any more; at the latest, it counts until the answer is over.
     * Safe twice.
     */
    freeBody: (() => void) | undefined;
  }
}

/** The body of one request. */
interface Body {
  /** Ends its reading with a refusal. */
  readonly refuse: () => void;
}

/** Ends the reading of a body for which there is no room any more; the error handler answers with the problem. */
export class BodyRefused extends Error {
  override readonly name = 'BodyRefused';
  readonly problem: Problem = problem(
    'queue-full',
    'Too many large bodies are on their way, and most of them are yours; send this one again in a moment',
    { retryAfter: 2 },
  );
}

/**
 * Bodies stay in memory until they are used, and slow callers may take their time. Counted is what has arrived, not
 * what was announced. An owner may have `perOwner` bytes of it. Where all of it is taken, the largest body gives way that
 * the owner with most is still sending: it is refused with `queue-full`.
 */
export function watchBodies(app: FastifyInstance, bounds: ShareBounds): Shares<Body> {
  const shares = new Shares<Body>(bounds, (body) => body.refuse());
  app.decorateRequest('freeBody', undefined);
  app.addHook('preParsing', (request, reply, payload, done) => {
    // Forms go to the disk.
    if (isLarge(request) && formLimitOf(request, request.routeOptions) === undefined) {
      reply.raw.once('close', countBody(shares, request, payload));
    }
    done(null, payload);
  });
  return shares;
}

/** Whether a body has more than a few bytes, or may have. */
function isLarge({ raw: { headers } }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > smallBytes;
}

/** Begins before the parser of the body does, so that it hears of each chunk first. Returns what ends the count. */
function countBody(shares: Shares<Body>, request: FastifyRequest, payload: NodeJS.EventEmitter): () => void {
  const owner = request.caller?.owner ?? '';
  const free = (): void => {
    payload.off('data', count).off('end', keep);
    shares.leave(owner, body);
  };
  const body: Body = {
    refuse() {
      free();
      // The parser stops, what was read is let go, and what comes yet is dropped. Without a parser that has been so before.
      if (payload.listenerCount('error') > 0) payload.emit('error', new BodyRefused());
    },
  };
  const count = (chunk: Uint8Array): void => {
    if (shares.take(owner, body, chunk.length) !== 'taken') body.refuse();
  };
  const keep = (): void => shares.keep(owner, body);
  payload.on('data', count).once('end', keep);
  request.freeBody = free;
  return free;
}
