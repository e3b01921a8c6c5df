import type { FastifyRequest } from 'fastify';
import { problem } from '../../protocol/problem.js';
import { Shares } from '../../shares/shares.js';
import { onLeave } from '../reply/leaving.js';
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
 * take. An owner may have `maxUploadsPerOwner` of them; past that, new ones are refused with `queue-full` before their body is
 * asked for. Where all places are taken, the newest upload of the owner with most gives way to an owner with fewer.
 */
export class UploadPlaces {
  readonly shares: Shares<FastifyRequest>;
  readonly #onGiveWay = new WeakMap<FastifyRequest, () => void>();

  constructor({ maxUploads, maxUploadsPerOwner }: UploadBounds) {
    const bounds = { total: maxUploads, perOwner: maxUploadsPerOwner };
    this.shares = new Shares(bounds, (request) => this.#onGiveWay.get(request)?.());
  }

  /** Takes a place, which is free again at `leave`, and at the latest when the answer is over. */
  readonly check: Check = (request, reply, route) => {
    if (formLimitOf(request, route) === undefined) return undefined;
    const owner = ownerOfUpload(request);
    const taken = this.shares.take(owner, request);
    if (taken === 'taken') {
      onLeave(reply, () => this.leave(request));
      return undefined;
    }
    const whose = taken === 'share' ? `${this.shares.heldBy(owner)} of your` : `${this.shares.held}`;
    const detail = `${whose} uploads are under way; send this one again in a moment`;
    return problem('queue-full', detail, { retryAfter: 2 });
  };

  /** @param listener called when the place of a request is given to another owner: its upload has to end */
  onGiveWay(request: FastifyRequest, listener: () => void): void {
    this.#onGiveWay.set(request, listener);
  }

  /** The body is read, or will not be. Safe twice. */
  leave(request: FastifyRequest): void {
    this.#onGiveWay.delete(request);
    this.shares.leave(ownerOfUpload(request), request);
  }
}

function ownerOfUpload({ caller }: FastifyRequest): string {
  return caller?.owner ?? '';
}
