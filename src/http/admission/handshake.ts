import { problem } from '../../protocol/problem.js';
import type { Check } from './admission.js';
import { isOrigin, type Origins } from './origins.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Opened by the handshake of a WebSocket, which is admitted as any request is. One that is no handshake needs no
     * key: the route tells what is missing.
     */
    readonly handshake?: boolean;
  }
}

/**
 * What the handshake of a WebSocket is asked beyond other requests. A browser always sends its origin; a page of another
 * site must not speak with the visitor's access (P-28).
 */
export function createHandshakeCheck(origins: Origins): Check {
  return (request) => {
    if (!request.ws) return undefined;
    const { method, headers } = request.raw;
    if (method !== 'GET') return problem('malformed-request', 'A WebSocket is opened with GET');
    const { origin, host } = headers;
    if (origin === undefined || origins.allows(origin) || isOrigin(origin, host)) return undefined;
    return problem('capability-denied', 'Pages of this origin may not connect; see INKWIRE_CORS_ORIGINS');
  };
}
