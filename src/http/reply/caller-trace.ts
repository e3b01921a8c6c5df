import type { FastifyRequest } from 'fastify';
import type { CallerTrace, TraceNames } from '../../work/tracing.js';

/** As long as W3C Trace Context wants it passed on; a longer one would be cut in the middle of what it says. */
const stateMaxLength = 512;

/** The trace that a request belongs to, by W3C Trace Context, and since when it is under way. */
export function callerTraceOf({ headers, startedAt }: FastifyRequest): CallerTrace {
  return { arrivedAt: startedAt, ...traceNames(headers) };
}

/** The same without the time, for work that the request begins and that goes on when it is answered. */
export function traceNames({ traceparent, tracestate }: FastifyRequest['headers']): TraceNames {
  return {
    ...(typeof traceparent === 'string' ? { traceparent } : {}),
    ...(typeof tracestate === 'string' && tracestate.length <= stateMaxLength ? { tracestate } : {}),
  };
}
