import type { FastifyRequest } from 'fastify';

/** `https://host`, as the caller calls this server; a proxy in front says what it was asked by. */
export function originOf({ raw: { headers }, host }: FastifyRequest): string {
  const protocol = String(headers['x-forwarded-proto'] ?? '')
    .split(',')[0]
    ?.trim();
  return `${protocol === 'https' ? 'https' : 'http'}://${host}`;
}
