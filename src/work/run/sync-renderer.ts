import { writeFile } from 'node:fs/promises';
import { countdownSignal } from '../../countdown.js';
import type { Blobs } from '../../engine/blobs.js';
import type { FetchGuard } from '../../fetch/fetch-guard.js';
import { type Problem, problem } from '../../protocol/problem.js';
import { type Kind, type PlanInput, UploadedFile } from '../../render/kind.js';
import type { Outcome } from '../../render/outcome.js';
import type { RenderPool } from '../../render/pool.js';
import { Shares } from '../../shares/shares.js';
import { storageAway } from '../passing-fault.js';
import type { ParsedRequest, PreviewPage, SyncRender, TaskRequest } from '../service.js';
import type { BodyReader } from '../submit/body-reader.js';
import { shuttingDown } from '../submit/submitter.js';
import { type CallerTrace, type OpenSpan, ofCaller, type SpanAttributes, type Tracing } from '../tracing.js';
import type { WorkLog } from '../work-log.js';
import { AsideFiles } from './aside-files.js';
import { taskInputs } from './inputs.js';

export interface SyncRendererParts {
  readonly blobs: Blobs;
  readonly pool: RenderPool;
  readonly guard: FetchGuard;
  readonly bodyReader: BodyReader;
  /** From the request to its answer, waiting for a thread included. */
  readonly timeoutMs: number;
  /** Requests that may wait for a thread; past it, 503 for the owner with most. */
  readonly maxWaiting: number;
  readonly expectedWait: (jobs: number) => number;
  readonly kinds: readonly Pick<Kind, 'name' | 'previewed' | 'attempts'>[];
  readonly tracing?: Tracing | undefined;
  readonly log: WorkLog;
}

type SyncRequest = Parameters<SyncRender['run']>[0];
interface Run {
  readonly owner: string;
  readonly kind: string;
  /** JSON text. */
  readonly request: string;
  readonly files: AsideFiles;
  readonly signal: AbortSignal;
  /** A thread has taken the request. */
  readonly onStart: () => void;
}

type Rendered = Pick<ParsedRequest, 'kind' | 'request' | 'inputs' | 'warnings'>;

type Ran = Awaited<ReturnType<SyncRender['run']>>;

/**
 * Renders while the caller waits, on the same pool, and keeps nothing. Owners take turns on the threads. When too many wait,
 * the newest request of the owner with most gives way to an owner with fewer, unless a thread has it already.
 */
export class SyncRenderer implements SyncRender {
  /** Requests from their beginning to their end. */
  readonly shares: Shares<AbortController>;
  readonly #parts: SyncRendererParts;
  #open = true;

  constructor(parts: SyncRendererParts) {
    this.#parts = parts;
    const total = parts.maxWaiting + parts.pool.state.threads;
    this.shares = new Shares({ total }, (place) => place.abort());
  }

  stop(): void {
    this.#open = false;
  }

  refusalOf(owner: string): Problem | undefined {
    return this.shares.refuses(owner) ? this.#full() : undefined;
  }

  run(request: SyncRequest): Promise<Ran> {
    return this.#inPlace(request.owner, async (place) => {
      const read = await this.#parts.bodyReader.read({ ...request, needsFingerprint: false });
      if (!read.ok) return read;
      const { warnings, kind } = read.parsedRequest;
      if (request.preview !== undefined && !this.#isShown(kind)) {
        return { ok: true, files: [], warnings, dispose: async () => undefined };
      }
      if (this.#kind(kind)?.attempts === 'chunked') return { ok: false, problem: jobOnly(kind) };
      return this.#render(read.parsedRequest, request, place);
    });
  }

  task({ back, inputs, ...request }: TaskRequest): Promise<Ran> {
    const parsedRequest = {
      kind: back,
      request: JSON.stringify(request.request),
      inputs: inputs.map((input): PlanInput => {
        const pointer = '';
        return input instanceof UploadedFile ? { file: input, pointer } : { bytes: input, pointer };
      }),
      warnings: [],
    };
    return this.#inPlace(request.owner, (place) => this.#render(parsedRequest, request, place));
  }

  async #inPlace(owner: string, work: (place: AbortController) => Promise<Ran>): Promise<Ran> {
    if (!this.#open) return { ok: false, problem: shuttingDown() };
    const place = new AbortController();
    if (this.shares.take(owner, place) !== 'taken') return { ok: false, problem: this.#full() };
    try {
      const ran = await work(place);
      // Nothing was made: a request gives way only while it waits.
      return place.signal.aborted && !ran.ok ? { ok: false, problem: this.#full() } : ran;
    } finally {
      this.shares.leave(owner, place);
    }
  }

  #kind(kind: string): SyncRendererParts['kinds'][number] | undefined {
    return this.#parts.kinds.find(({ name }) => name === kind);
  }

  #isShown(kind: string): boolean {
    return this.#kind(kind)?.previewed === true;
  }

  #full(): Problem {
    const { held } = this.shares;
    const detail = `${held} requests wait for a render thread; send this one again, or submit it as a job`;
    const retryAfter = this.#parts.expectedWait(held);
    return problem('queue-full', detail, { retryAfter });
  }

  async #render(
    parsedRequest: Rendered,
    { owner, preview, signal: gone, trace }: Pick<SyncRequest, 'owner' | 'preview' | 'signal' | 'trace'>,
    place: AbortController,
  ): Promise<Ran> {
    const { blobs, log, timeoutMs, tracing } = this.#parts;
    const deadline = countdownSignal(timeoutMs);
    const signal = AbortSignal.any([gone, deadline.signal, place.signal]);
    const spans = new CallSpans(trace === undefined ? undefined : tracing, trace, {
      'inkwire.owner': owner,
      'inkwire.job.kind': parsedRequest.kind,
    });
    const onStart = (): void => {
      this.shares.keep(owner, place);
      spans.started();
    };
    const files = new AsideFiles(blobs, log);
    try {
      const { kind, request } = parsedRequest;
      const what =
        preview === undefined
          ? { kind, request }
          : { kind: 'draft_preview', request: drafted(kind, request, preview) };
      const outcome = await this.#run(parsedRequest, { ...what, owner, files, signal, onStart });
      spans.rendered(outcome);
      if (outcome.type === 'done') {
        const pages = outcome.pages === undefined ? {} : { pages: outcome.pages };
        const { files: made } = outcome;
        const warnings = [...parsedRequest.warnings, ...outcome.warnings];
        return { ok: true, files: made, warnings, dispose: () => files.discard(), ...pages };
      }
      await files.discard();
      return { ok: false, problem: problemOf(outcome, deadline.signal.aborted, timeoutMs) };
    } catch (error) {
      await files.discard();
      throw error;
    } finally {
      deadline.clear();
    }
  }

  async #run(
    parsedRequest: Rendered,
    { owner, kind, request, files, signal, onStart }: Run,
  ): Promise<Outcome> {
    const { pool, guard, timeoutMs } = this.#parts;
    const laid = await Promise.allSettled(
      parsedRequest.inputs.map(async (input) => {
        if ('url' in input) return input;
        if ('file' in input) return { path: input.file.path };
        if ('blob' in input) return { path: (await files.open([input.blob]))[0] ?? '' };
        const path = files.path();
        await writeFile(path, input.bytes, { mode: 0o600 });
        return { path };
      }),
    );
    // One that is still being written would come to lie there behind the clean-up of the others.
    const failed = laid.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    const inputs = laid.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
    const sources = { request: { inline: request }, inputs };
    const answer = await taskInputs(sources, guard, files.path, signal);
    if (!answer.ok) return { type: 'failed', ...answer.failure, warnings: [] };
    return pool.run({
      ...answer.inputs,
      kind,
      owner,
      asidePrefix: files.path(),
      timeoutMs,
      memoryRetry: false,
      urgent: true,
      signal,
      onStart,
      onProgress: () => undefined,
    });
  }
}

/** The spans of a request without a job: until a thread takes it, and its time there. */
class CallSpans {
  readonly #tracing: Tracing | undefined;
  readonly #attributes: SpanAttributes;
  readonly #accept: OpenSpan | undefined;
  readonly #state: string | undefined;
  #render: OpenSpan | undefined;

  constructor(tracing: Tracing | undefined, caller: CallerTrace | undefined, attributes: SpanAttributes) {
    this.#tracing = tracing;
    this.#attributes = attributes;
    this.#state = caller?.tracestate;
    this.#accept = tracing?.begin('accept', ofCaller(caller, attributes));
  }

  started(): void {
    this.#accept?.end();
    const parent = this.#accept?.traceparent;
    const [state, attributes] = [this.#state, this.#attributes];
    this.#render = this.#tracing?.begin('render', { parent, state, attributes });
  }

  rendered(outcome: Outcome): void {
    const failure = outcome.type === 'failed' ? outcome.code : outcome.type;
    this.#render?.end({}, outcome.type === 'done' ? undefined : failure);
  }
}

function jobOnly(kind: string): Problem {
  const message = `is "${kind}", which is many tasks: submit it as a job`;
  return problem('validation-failed', 'The request cannot be rendered at once.', {
    errors: [{ pointer: '/kind', message }],
  });
}

/** What the preview of a request of a kind gets, which is JSON text as well. */
function drafted(kind: string, request: string, { page, width }: PreviewPage): string {
  const [first = ''] = request.split('\n', 1);
  return `{"kind":${JSON.stringify(kind)},"page":${page},"width":${width},"request":${first}}`;
}

function problemOf(outcome: Exclude<Outcome, { type: 'done' }>, late: boolean, timeoutMs: number): Problem {
  const timedOut = outcome.type === 'failed' && outcome.code === 'timed_out';
  if (late || timedOut) {
    const detail = `The document was not ready within ${timeoutMs / 1000} s; submit it as a job instead`;
    return problem('request-timeout', detail);
  }
  if (outcome.type === 'cancelled') return shuttingDown();
  if (outcome.fault !== undefined) return storageAway();
  if (outcome.code === 'invalid_input') {
    const errors =
      outcome.pointer === undefined
        ? {}
        : { errors: [{ pointer: outcome.pointer, message: outcome.message }] };
    return problem('validation-failed', outcome.message, errors);
  }
  return problem('render-failed', outcome.message);
}
