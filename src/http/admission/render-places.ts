import type { Problem } from '../../protocol/problem.js';
import type { Check } from './admission.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Work is done while the caller waits, for which there are so many places. */
    readonly takesRenderPlace?: boolean;
  }
}

/** The places that there are. */
export interface RenderPlaces {
  /** Undefined while the owner may have one. */
  refusalOf(owner: string): Problem | undefined;
}

/**
 * Refuses a request that would find no place before its body is read: who floods is refused again and again, and each
 * time that its body was read, everybody else would wait for it. The place itself is taken when the body is there.
 */
export function createRenderPlaceCheck(places: RenderPlaces): Check {
  return ({ caller }, _reply, { config }) =>
    config.takesRenderPlace === true && caller !== undefined ? places.refusalOf(caller.owner) : undefined;
}
