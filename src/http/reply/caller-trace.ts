import type { FastifyRequest } from 'fastify';
import type { CallerTrace } from '../../work/tracing.js';

/** The trace that a request belongs to, by W3C Trace Context, and since when it is under way. */
export function callerTraceOf({ headers, startedAt }: FastifyRequest): CallerTrace {
  const { traceparent } = headers;
  return { arrivedAt: startedAt, ...(typeof traceparent === 'string' ? { traceparent } : {}) };
}
