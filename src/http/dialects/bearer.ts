import type { Credential } from './dialect.js';

/** The key of `Authorization: Bearer` (RFC 6750), for dialects that use it. */
export function bearerOf(authorization: string | undefined): Credential {
  if (authorization === undefined)
    return { detail: 'Send an API key as "Authorization: Bearer npk_live_...".' };
  const token = /^bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1];
  return token === undefined
    ? { detail: 'The Authorization header must be "Bearer" and one API key.' }
    : { token };
}
