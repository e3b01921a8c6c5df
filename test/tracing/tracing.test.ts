import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Inkwire } from '../../client/sdk/node.js';
import { tracingWish } from '../../src/tracing-settings.js';
import { aMoment } from '../helpers/long-documents.js';
import { type RunningServer, startServer } from '../helpers/server.js';
import { startTraceCollector, type ToldSpan, type TraceCollector } from '../helpers/trace-collector.js';

const key = 'ann-token-0123456789';
const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
const page = { operations: [{ type: 'add_text', text: 'A page' }] };
const caller = { trace: '0af7651916cd43dd8448eb211c80319c', span: 'b7ad6b7169203331' };
const traceparent = `00-${caller.trace}-${caller.span}-01`;

describe('traces of jobs', () => {
  let collector: TraceCollector;
  let dataDir: string;
  let server: RunningServer;
  const start = (more: Readonly<Record<string, string>> = {}): Promise<RunningServer> =>
    startServer({
      dataDir,
      env: {
        INKWIRE_KEYS: `ann=${key}`,
        INKWIRE_WORKERS: '1',
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_BSP_SCHEDULE_DELAY: '50',
        ...more,
      },
    });
  beforeAll(async () => {
    collector = await startTraceCollector();
    dataDir = await mkdtemp(join(tmpdir(), 'inkwire-traces-'));
    server = await start();
  });
  afterAll(async () => {
    await server.stop();
    await collector.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  const submit = async (body: object, more: Readonly<Record<string, string>> = {}): Promise<string> => {
    const answer = await fetch(`${server.url}/api/v1/jobs`, {
      method: 'POST',
      headers: { ...headers, ...more },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(201);
    return idIn(answer);
  };
  const idIn = async (answer: Response): Promise<string> =>
    ((await answer.json()) as { readonly data: { readonly job_id: string } }).data.job_id;
  const order = ['accept', 'wait', 'render', 'commit'];
  const spansOf = (id: string): readonly ToldSpan[] =>
    collector.spans
      .filter(({ attributes }) => attributes['inkwire.job.id'] === id)
      .sort((one, other) => order.indexOf(one.name) - order.indexOf(other.name) || one.endMs - other.endMs);
  const told = async (id: string, names: readonly string[]): Promise<readonly ToldSpan[]> => {
    await expect.poll(() => spansOf(id).map(({ name }) => name), { interval: 20 }).toEqual(names);
    return spansOf(id);
  };

  it('tells one trace of a job, below the span of its caller: accept, wait, render, commit', async () => {
    const id = await submit({ ...page, title: 'Not told' }, { traceparent, 'x-request-id': 'r-4711' });
    const spans = await told(id, ['accept', 'wait', 'render', 'commit']);
    const [accept, wait, render, commit] = spans;
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([caller.trace]));
    expect(accept?.parentSpanId).toBe(caller.span);
    for (const span of [wait, render, commit]) expect(span?.parentSpanId).toBe(accept?.spanId);
    for (const { startMs, endMs } of spans) expect(endMs).toBeGreaterThanOrEqual(startMs);
    expect(accept?.attributes).toEqual({
      'inkwire.job.id': id,
      'inkwire.job.kind': 'document',
      'inkwire.job.created': true,
      'inkwire.owner': 'ann',
      'inkwire.request.id': 'r-4711',
    });
    expect(render?.attributes).toMatchObject({ 'inkwire.attempt': 1, 'inkwire.end': 'complete' });
    expect(accept?.resource).toMatchObject({ 'service.name': 'inkwire', 'service.version': '0.1.0' });
    expect(JSON.stringify(spans)).not.toContain('Not told');
    expect(server.log()).toContain(`"trace_id":"${caller.trace}"`);
  });

  it('begins a trace for a caller that has none, or one that cannot be read', async () => {
    const ids = [await submit(page), await submit(page, { traceparent: '00-0-0-01' })];
    const traces = new Set<string>();
    for (const id of ids) {
      const spans = await told(id, ['accept', 'wait', 'render', 'commit']);
      expect(spans[0]?.parentSpanId).toBeUndefined();
      expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
      traces.add(spans[0]?.traceId ?? '');
    }
    expect(traces.size).toBe(2);
  });

  it('tells nothing where the caller has chosen not to', async () => {
    const client = new Inkwire({ url: server.url, key });
    const silent = await submit(page, { traceparent: `${traceparent.slice(0, -2)}00` });
    await client.waitFor(silent);
    const after = await submit(page);
    await told(after, ['accept', 'wait', 'render', 'commit']);
    expect(spansOf(silent)).toEqual([]);
  });

  it('tells a failure, and of a retry that its own request is its parent', async () => {
    const id = await submit(
      { kind: 'extract_text', pdf_data: btoa('%PDF-1.7 and nothing') },
      { traceparent },
    );
    const spans = await told(id, ['accept', 'wait', 'render', 'commit']);
    expect(spans[2]).toMatchObject({ failed: true, attributes: { 'error.type': 'invalid_input' } });
    const other = '00-11111111111111111111111111111111-2222222222222222-01';
    const retried = await fetch(`${server.url}/api/v1/jobs/${id}/retry`, {
      method: 'POST',
      headers: { authorization: headers.authorization, traceparent: other },
    });
    const job_id = await idIn(retried);
    const again = await told(job_id, ['accept', 'wait', 'render', 'commit']);
    expect(again[0]).toMatchObject({ traceId: '1'.repeat(32), parentSpanId: '2'.repeat(16) });
  });

  it('hands `tracestate` on to every span, and none that is too long to be whole', async () => {
    const tracestate = 'congo=t61rcWkgMzE,rojo=00f067aa0ba902b7';
    const id = await submit(page, { traceparent, tracestate });
    const spans = await told(id, order);
    expect(spans.map(({ traceState }) => traceState)).toEqual([
      tracestate,
      tracestate,
      tracestate,
      tracestate,
    ]);
    const long = await submit(page, { traceparent, tracestate: `a=${'b'.repeat(600)}` });
    for (const { traceId, traceState } of await told(long, order))
      expect([traceId, traceState || undefined]).toEqual([caller.trace, undefined]);
  });

  it('tells of each retry of an action on many jobs that the action’s request is its parent', async () => {
    const broken = { kind: 'extract_text', pdf_data: btoa('%PDF-1.7 and nothing'), group: 'many' };
    const ids = [await submit(broken), await submit(broken), await submit(broken)];
    for (const id of ids) await told(id, order);
    const other = { trace: '3'.repeat(32), span: '4'.repeat(16) };
    const answer = await fetch(`${server.url}/api/v1/bulk/retry?group=many`, {
      method: 'POST',
      headers: {
        authorization: headers.authorization,
        traceparent: `00-${other.trace}-${other.span}-01`,
        tracestate: 'rojo=1',
      },
    });
    expect(answer.status).toBe(202);
    const accepted = (): readonly ToldSpan[] =>
      collector.spans.filter(({ name, traceId }) => name === 'accept' && traceId === other.trace);
    await expect.poll(() => accepted().length, { interval: 20 }).toBe(ids.length);
    for (const span of accepted())
      expect(span).toMatchObject({ parentSpanId: other.span, traceState: 'rojo=1' });
  });

  it('tells of a render without a job, too', async () => {
    const trace = '0123456789abcdef0123456789abcdef';
    const answer = await fetch(`${server.url}/api/v1/render`, {
      method: 'POST',
      headers: { ...headers, traceparent: `00-${trace}-${caller.span}-01` },
      body: JSON.stringify(page),
    });
    expect(answer.status).toBe(200);
    const spans = (): readonly ToldSpan[] => collector.spans.filter(({ traceId }) => traceId === trace);
    await expect.poll(() => spans().map(({ name }) => name), { interval: 20 }).toEqual(['accept', 'render']);
    const [accept, render] = spans();
    expect(accept?.parentSpanId).toBe(caller.span);
    expect(render?.parentSpanId).toBe(accept?.spanId);
  });

  it('goes on with the trace of a job that another process has accepted', async () => {
    const id = await submit(aMoment, { traceparent });
    await told(id, ['accept', 'wait']);
    await server.kill();
    server = await start();
    const spans = await told(id, ['accept', 'wait', 'wait', 'render', 'commit']);
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([caller.trace]));
    const [accept, ...others] = spans;
    expect(new Set(others.map(({ parentSpanId }) => parentSpanId))).toEqual(new Set([accept?.spanId]));
    expect(others.map(({ attributes }) => attributes['inkwire.attempt'])).toEqual([1, 2, 2, 2]);
    expect(accept?.resource['service.instance.id']).not.toBe(others.at(-1)?.resource['service.instance.id']);
  });

  it('says once that a collector takes nothing, makes documents all the same, and ends in time', async () => {
    const client = new Inkwire({ url: server.url, key });
    collector.away = true;
    try {
      for (let count = 0; count < 3; count += 1) await client.waitFor(await submit(page));
      await expect.poll(() => server.log(), { interval: 20 }).toContain('spans cannot be sent');
      await client.waitFor(await submit(page));
    } finally {
      collector.away = false;
    }
    const id = await submit(page);
    await told(id, ['accept', 'wait', 'render', 'commit']);
    await expect.poll(() => server.log(), { interval: 20 }).toContain('the collector takes spans again');
    expect(server.log().split('spans cannot be sent').length - 1).toBe(1);
    // Nobody listens there: the answer to its last spans never comes.
    await server.stop();
    server = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
    await new Inkwire({ url: server.url, key }).waitFor(await submit(page));
    expect(await server.stop()).toBe(0);
    server = await start();
  });

  it('speaks protobuf unless the variable says otherwise, and nothing where none names a collector', async () => {
    await server.stop();
    const before = collector.requests.length;
    server = await start({ OTEL_EXPORTER_OTLP_PROTOCOL: '', OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=ann' });
    await submit(page);
    await expect
      .poll(() => collector.requests.at(-1)?.['content-type'], { interval: 20 })
      .toBe('application/x-protobuf');
    expect(collector.requests.at(-1)?.['x-tenant']).toBe('ann');
    expect(await server.stop()).toBe(0);
    const after = collector.requests.length;
    expect(after).toBeGreaterThan(before);
    server = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: '' });
    await new Inkwire({ url: server.url, key }).waitFor(await submit(page, { traceparent }));
    await server.stop();
    server = await start({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' });
    expect(server.log()).toContain('Traces are off: spans are sent by http/protobuf or http/json');
    expect(collector.requests.length).toBe(after);
  });
});

describe('the standard variables', () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
  it.each([
    [{}, 'off'],
    [{ OTEL_SERVICE_NAME: 'pdfs' }, 'off'],
    [endpoint, 'on'],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector/v1/traces' }, 'on'],
    [{ ...endpoint, OTEL_TRACES_EXPORTER: 'none' }, 'off'],
    [{ ...endpoint, OTEL_TRACES_EXPORTER: 'otlp' }, 'on'],
    [{ ...endpoint, OTEL_SDK_DISABLED: 'true' }, 'off'],
    [{ ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'refused'],
    [
      { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json' },
      'on',
    ],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317' }, 'refused'],
  ])('%o: %s', (variables, type) => {
    expect(tracingWish(variables).type).toBe(type);
  });
});
