import { randomUUID } from 'node:crypto';
import { createTraceState, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode, parseTraceParent } from '@opentelemetry/core';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { OpenedTracing, OpenSpan, OpenTracing, SpanName, SpanStart } from './work/tracing.js';
import type { WorkLog } from './work/work-log.js';

/**
 * Traces of jobs, sent to a collector by OTLP over HTTP. The libraries read the standard variables themselves; this file is
 * loaded only where one of them names a collector.
 */

const closeMs = 1_000;

/** The exporter for `OTEL_EXPORTER_OTLP_PROTOCOL`, one of those that `tracingWish` lets through. */
export async function exporterFor(protocol: 'http/protobuf' | 'http/json'): Promise<SpanExporter> {
  if (protocol === 'http/json')
    return new (await import('@opentelemetry/exporter-trace-otlp-http')).OTLPTraceExporter();
  return new (await import('@opentelemetry/exporter-trace-otlp-proto')).OTLPTraceExporter();
}

export function openTracing(
  exporter: SpanExporter,
  { version, clock, log }: Parameters<OpenTracing>[0],
): OpenedTracing {
  const own = { 'service.name': 'inkwire', 'service.version': version, 'service.instance.id': randomUUID() };
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes(own).merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(told(exporter, log))],
  });
  const tracer = provider.getTracer('inkwire', version);
  let closing: Promise<void> | undefined;
  return {
    begin: (name, start) => begin(name, start),
    close() {
      closing ??= close();
      return closing;
    },
  };

  function begin(name: SpanName, { parent = '', state = '', agoMs = 0, attributes }: SpanStart): OpenSpan {
    const caller = parseTraceParent(parent);
    const more = { isRemote: true, ...(state === '' ? {} : { traceState: createTraceState(state) }) };
    const context =
      caller === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...caller, ...more });
    const calledAt = performance.now();
    const startTime = clock() - agoMs;
    const kind = name === 'accept' ? SpanKind.SERVER : SpanKind.INTERNAL;
    const span = tracer.startSpan(name, { kind, startTime, attributes }, context);
    const { traceId, spanId, traceFlags } = span.spanContext();
    return {
      traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
      end(more = {}, failure) {
        span.setAttributes(more);
        if (failure !== undefined) {
          span.setAttribute('error.type', failure);
          span.setStatus({ code: SpanStatusCode.ERROR });
        }
        span.end(startTime + agoMs + performance.now() - calledAt);
      },
    };
  }

  async function close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, closeMs);
    });
    // A collector that does not answer has been told of in the log.
    await Promise.race([provider.shutdown().catch(() => undefined), enough]);
    clearTimeout(timer);
  }
}

/** Says once that a collector does not take spans, and once that it does again. */
function told(exporter: SpanExporter, log: WorkLog): SpanExporter {
  let isAway = false;
  const hear = ({ code, error }: ExportResult): void => {
    const failed = code !== ExportResultCode.SUCCESS;
    if (failed && !isAway)
      log.warn({ err: error }, 'spans cannot be sent to the collector; they are dropped');
    if (!failed && isAway) log.info({}, 'the collector takes spans again');
    isAway = failed;
  };
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        hear(result);
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}
