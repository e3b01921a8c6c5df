import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Problem, problem } from '../../protocol/problem.js';
import type { JsonBody } from '../../work/service.js';

/** Bodies stay bytes: the service reads the JSON, so that it can be stored and hashed as it came. */
export function keepJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const { headers } = request.raw;
    // Every charset is checked: a proxy that reads the second of two must not read another text.
    const type = headers['content-type'] ?? '';
    const charsets = type.includes(';') ? [...type.matchAll(/;\s*charset\s*=\s*"?([^\s";]+)/gi)] : [];
    if (!charsets.every(([, charset]) => /^utf-?8$/i.test(charset ?? ''))) {
      done(unsupported());
      return;
    }
    const encoding = headers['content-encoding']?.trim().toLowerCase();
    if (encoding !== undefined && encoding !== '' && encoding !== 'identity') {
      done(unsupported());
      return;
    }
    done(null, body);
  });
}

/** The error that Fastify itself throws, so that the answer is the same. */
function unsupported(): Error {
  return Object.assign(new Error('unsupported media type'), { code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE' });
}

export type JobBody =
  /** `discard` is called when the body has been used: it then counts no more for the memory of its owner. */
  | { readonly ok: true; readonly body: JsonBody; readonly discard: () => void }
  | { readonly ok: false; readonly problem: Problem };

export function jobBodyOf(request: FastifyRequest): JobBody {
  const { body } = request;
  if (body instanceof Uint8Array && body.length > 0) {
    const discard = (): void => {
      request.body = undefined;
      request.freeBody?.();
    };
    return { ok: true, body: { json: body }, discard };
  }
  return { ok: false, problem: problem('malformed-json', 'The body is empty; it must be a JSON object.') };
}

export type IdempotencyKey =
  | { readonly ok: true; readonly key: string | undefined }
  | { readonly ok: false; readonly problem: Problem };

export function idempotencyKeyOf(request: FastifyRequest): IdempotencyKey {
  const key = request.raw.headers['idempotency-key'];
  if (key === undefined) return { ok: true, key: undefined };
  if (typeof key === 'string' && /^[\x20-\x7e]{1,255}$/.test(key)) return { ok: true, key };
  const detail = 'Idempotency-Key must be 1 to 255 printable ASCII characters.';
  return { ok: false, problem: problem('malformed-request', detail) };
}
