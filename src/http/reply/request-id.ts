import type { IncomingHttpHeaders } from 'node:http';
import { nanoid } from 'nanoid';

const shape = /^[A-Za-z0-9._:-]{1,128}$/;

/** The caller's `X-Request-Id` when it is well formed, else a new one. Safe in headers, JSON and logs as it is. */
export function requestIdOf(headers: IncomingHttpHeaders): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && shape.test(given) ? given : nanoid();
}
