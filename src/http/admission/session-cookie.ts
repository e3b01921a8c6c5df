import type { IncomingHttpHeaders } from 'node:http';
import { isOrigin } from './origins.js';

/** What a browser sends by itself after a person has signed in, and what keeps pages of others from using it. */

/** The token in the cookie of this name. */
export function sessionTokenOf({ cookie }: IncomingHttpHeaders, name: string): string | undefined {
  if (cookie === undefined) return undefined;
  for (const pair of cookie.split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}

export interface SessionCookie {
  readonly name: string;
  /** Empty: the browser is to forget it. */
  readonly token: string;
  readonly maxAgeMs: number;
  /** The server is asked over TLS. */
  readonly secure: boolean;
}

/** As `Set-Cookie` wants it: no script reads it, and no other site makes a browser send it. */
export function cookieText({ name, token, maxAgeMs, secure }: SessionCookie): string {
  const seconds = Math.floor(maxAgeMs / 1000);
  return `${name}=${token}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
}

/**
 * Whether a request that has a cookie was made by a page of this server. `SameSite=Strict` keeps other sites away, and not
 * other ports and names of the same site: these are told by `Origin` and `Sec-Fetch-Site`. What changes something has to say one of
 * them, as every browser does that knows `SameSite`.
 */
export function isOwnPage(method: string | undefined, headers: IncomingHttpHeaders): boolean {
  const { origin, host, 'sec-fetch-site': site } = headers;
  if (origin !== undefined) return isOrigin(origin, host);
  const isReading = method === 'GET' || method === 'HEAD';
  if (site === undefined) return isReading;
  // `none`: a person has typed the address, or opened a bookmark.
  return site === 'same-origin' || (isReading && site === 'none');
}
