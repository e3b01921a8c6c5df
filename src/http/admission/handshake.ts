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

/** Those that the library speaks; the earlier one differs by a header field only. */
const versions: ReadonlySet<string> = new Set(['13', '8']);
const keyShape = /^[+/0-9A-Za-z]{22}==$/;
/** With the space around it. Cutting that off first would take time by the square of a run of spaces within a field. */
const tokenShape = /^[ \t]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*$/;

function areTokens(list: string): boolean {
  const names = list.split(',').map((entry) => tokenShape.exec(entry)?.[1]);
  return !names.includes(undefined) && new Set(names).size === names.length;
}

/**
 * What the handshake of a WebSocket is asked beyond other requests. A browser always sends its origin; a page of another
 * site must not speak with the visitor's access (P-28).
 */
export function createHandshakeCheck(origins: Origins): Check {
  return (request, reply) => {
    if (!request.ws) return undefined;
    const { method, headers } = request.raw;
    if (method !== 'GET') {
      reply.header('allow', 'GET');
      return problem('method-not-allowed', 'A WebSocket is opened with GET');
    }
    // The library would refuse these, without a problem.
    if (!versions.has(headers['sec-websocket-version'] ?? '')) {
      reply.header('sec-websocket-version', '13').header('upgrade', 'websocket');
      return problem('upgrade-required', 'The version of the WebSocket has to be 13 (RFC 6455)');
    }
    if (!keyShape.test(headers['sec-websocket-key'] ?? '')) {
      return problem('malformed-request', 'Sec-WebSocket-Key has to be 16 bytes in base64, once (RFC 6455)');
    }
    const protocols = headers['sec-websocket-protocol'];
    if (protocols !== undefined && !areTokens(protocols)) {
      return problem('malformed-request', 'Sec-WebSocket-Protocol has to be a list of different names');
    }
    const { origin, host } = headers;
    if (origin === undefined || origins.allows(origin) || isOrigin(origin, host)) return undefined;
    return problem('capability-denied', 'Pages of this origin may not connect; see INKWIRE_CORS_ORIGINS');
  };
}
