import type { FastifyReply } from 'fastify';

/** Adds a request field that the answer depends on; what is said already stays. */
export function vary(reply: FastifyReply, field: string): void {
  const current = reply.getHeader('vary');
  reply.header('vary', current === undefined ? field : `${String(current)}, ${field}`);
}
