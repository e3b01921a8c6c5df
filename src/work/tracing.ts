import type { Job } from '../jobs/job.js';
import type { WorkLog } from './work-log.js';

/**
 * What a trace is told of a job: the spans `accept` (a request, until its job is durable), `wait` (until a thread takes the
 * job), `render` (an attempt in its thread) and `commit` (until its end is durable). A job keeps the name of its `accept`
 * span, so that every later span is of the same trace, whichever process makes it.
 */

export type SpanName = 'accept' | 'wait' | 'render' | 'commit';

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanStart {
  /** A `traceparent` of W3C Trace Context; without one, or with one that is malformed, the span begins a trace. */
  readonly parent?: string | undefined;
  /** The `tracestate` that came with it: goes with every span of the trace. One that is malformed is left out. */
  readonly state?: string | undefined;
  /** How long ago it began; 0 unless it says so. */
  readonly agoMs?: number;
  readonly attributes: SpanAttributes;
}

export interface OpenSpan {
  /** Names this span as a parent of others. */
  readonly traceparent: string;
  /** Once. @param failure what went wrong, in a word */
  end(attributes?: SpanAttributes, failure?: string): void;
}

/** Never throws and never waits: spans that cannot be sent are dropped. */
export interface Tracing {
  begin(name: SpanName, start: SpanStart): OpenSpan;
}

export interface OpenedTracing extends Tracing {
  /** Sends what is left, but holds the end of the process up for a second at most. Safe twice. */
  close(): Promise<void>;
}

export type OpenTracing = (parts: {
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly log: WorkLog;
}) => OpenedTracing;

/** The trace that a request belongs to, as its caller has sent it. */
export interface TraceNames {
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
}

/** What a request says of the trace that it belongs to. */
export interface CallerTrace extends TraceNames {
  /** Of `performance.now()`, when the request came; left out where the span begins with the call. */
  readonly arrivedAt?: number;
}

/** The start of a span that is the server's first of a request. */
export function ofCaller(
  { traceparent, tracestate, arrivedAt }: CallerTrace = {},
  attributes: SpanAttributes = {},
): SpanStart {
  const agoMs = arrivedAt === undefined ? 0 : performance.now() - arrivedAt;
  return { parent: traceparent, state: tracestate, agoMs, attributes };
}

/** Of every span of a job. */
export function spanAttributes({ id, owner, kind, group, requestId }: Job): SpanAttributes {
  return {
    'inkwire.job.id': id,
    'inkwire.job.kind': kind,
    'inkwire.owner': owner,
    ...(group === undefined ? {} : { 'inkwire.group': group }),
    ...(requestId === undefined ? {} : { 'inkwire.request.id': requestId }),
  };
}
