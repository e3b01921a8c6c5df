import type { FastifyRequest } from 'fastify';
import { problem } from '../../protocol/problem.js';
import type { Check, Route } from './admission.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The largest body of `multipart/form-data` that the route takes, on disk; left out, the route takes none. */
    readonly maxFormBytes?: number;
  }
}

/** Whatever may reach the parser of forms: what only looks like one is refused by Fastify before it is read. */
const formType = /^\s*multipart\/form-data\b/i;

/** The bound of the body of a form on its way to a route that takes forms; undefined for every other request. */
export function formLimitOf({ raw }: Pick<FastifyRequest, 'raw'>, route: Route): number | undefined {
  return formType.test(raw.headers['content-type'] ?? '') ? route.config.maxFormBytes : undefined;
}

export interface UploadBounds {
  /** Uploads under way at one time, of everybody and of one owner. */
  readonly maxUploads: number;
  readonly maxUploadsPerOwner: number;
}

/**
 * Counts the uploads that are under way. Each may keep a file open and the disk busy for as long as the request may
 * take; past a bound new ones are refused with `queue-full` before their body is asked for.
 */
export class UploadPlaces {
  readonly #bounds: UploadBounds;
  readonly #taken = new Map<FastifyRequest, string>();
  readonly #byOwner = new Map<string, number>();

  constructor(bounds: UploadBounds) {
    this.#bounds = bounds;
  }

  /** Takes a place, which is free again at `leave`, and at the latest when the answer is over. */
  readonly check: Check = (request, reply, route) => {
    if (formLimitOf(request, route) === undefined) return undefined;
    const { maxUploads, maxUploadsPerOwner } = this.#bounds;
    const owner = request.caller?.owner ?? '';
    const own = this.#byOwner.get(owner) ?? 0;
    if (own >= maxUploadsPerOwner || this.#taken.size >= maxUploads) {
      const whose = own >= maxUploadsPerOwner ? `${own} of your` : `${this.#taken.size}`;
      const detail = `${whose} uploads are under way; send this one again in a moment`;
      return problem('queue-full', detail, { retryAfter: 2 });
    }
    this.#taken.set(request, owner);
    this.#byOwner.set(owner, own + 1);
    reply.raw.once('close', () => this.leave(request));
    return undefined;
  };

  /** The body is read, or will not be. Safe twice. */
  leave(request: FastifyRequest): void {
    const owner = this.#taken.get(request);
    if (owner === undefined) return;
    this.#taken.delete(request);
    const left = (this.#byOwner.get(owner) ?? 1) - 1;
    if (left === 0) this.#byOwner.delete(owner);
    else this.#byOwner.set(owner, left);
  }
}
