import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '../../access/keys.js';

/** Which pages may use this server, by the origin that their browser tells. */
export interface Origins {
  /** Every origin is listed. */
  readonly every: boolean;
  /** Whether answers depend on the origin. */
  varies(): boolean;
  /** Whether a page of this origin may read answers. False without an origin. */
  allows(origin: string | undefined): boolean;
  /**
   * Whether a browser sends the request for a page of another site which is not allowed: with no key needed, nothing but this
   * would keep such a page from using the server.
   */
  isForeign(headers: IncomingHttpHeaders): boolean;
}

/**
 * Those that are listed, and while the server needs no keys (development mode) every page that this machine serves: the
 * server of a bundler has another port.
 * @param listed as browsers write them (`https://example.org`); `*` for every origin
 */
export function createOrigins(listed: readonly string[], isOpen: () => boolean): Origins {
  const every = listed.includes('*');
  const known = new Set(listed);
  const allows = (origin: string | undefined): boolean =>
    origin !== undefined && (every || known.has(origin) || (isOpen() && isLoopbackOrigin(origin)));
  return {
    every,
    varies: () => known.size > 0 || isOpen(),
    allows,
    isForeign(headers) {
      const { origin, host } = headers;
      if (origin !== undefined) return !allows(origin) && !isOrigin(origin, host);
      // Links, pictures and forms without a body have no origin; new browsers say where they come from.
      return !every && headers['sec-fetch-site'] === 'cross-site';
    },
  };
}

/** Whether the origin is the server's own, as the request names the server. */
export function isOrigin(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

function isLoopbackOrigin(origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, hostname } = new URL(origin);
  return (protocol === 'http:' || protocol === 'https:') && isLoopback(hostname);
}
