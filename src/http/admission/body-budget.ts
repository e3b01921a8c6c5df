import { problem } from '../../protocol/problem.js';
import type { Check } from './admission.js';
import { formLimitOf } from './upload-places.js';

/** Smaller bodies are not worth counting. */
const smallBytes = 64 * 1024;

/**
 * Bodies stay in memory until they are whole, and slow callers may take their time: all bodies together count against
 * one budget. Past it, new large ones are refused with `queue-full`.
 * @param maxBodyBytes what a body of unknown length counts as
 */
export function createBodyBudget(maxBytes: number, maxBodyBytes: number): Check {
  let held = 0;
  return (request, reply, route) => {
    // Forms go to the disk.
    if (formLimitOf(request, route) !== undefined) return undefined;
    const { headers } = request.raw;
    const chunked = headers['transfer-encoding'] !== undefined;
    const bytes = chunked ? maxBodyBytes : Number(headers['content-length'] ?? 0);
    if (!(bytes > smallBytes)) return undefined;
    if (held + bytes > maxBytes) {
      const detail = 'Too many large bodies are on their way; send this one again in a moment';
      return problem('queue-full', detail, { retryAfter: 2 });
    }
    held += bytes;
    reply.raw.once('close', () => {
      held -= bytes;
    });
    return undefined;
  };
}
