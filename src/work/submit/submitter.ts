import { createHash } from 'node:crypto';
import { random } from 'nanoid';
import type { Blobs } from '../../engine/blobs.js';
import {
  type JobInput,
  type Store,
  StoreFailed,
  type Submission,
  type SubmitOutcome,
} from '../../engine/engine.js';
import { type Job, waitMsOf } from '../../jobs/job.js';
import { JobIds } from '../../jobs/job-ids.js';
import type { JobWebhook } from '../../jobs/job-webhook.js';
import { isTerminal } from '../../protocol/job-record.js';
import { type Problem, problem } from '../../protocol/problem.js';
import type { JobReader } from '../reader.js';
import type {
  Accepted,
  Answer,
  KnownRequest,
  ParsedRequest,
  RetryRequest,
  SubmitRequest,
  Submitter,
} from '../service.js';
import { type CallerTrace, type OpenSpan, ofCaller, spanAttributes, type Tracing } from '../tracing.js';
import type { BodyReader } from './body-reader.js';
import { FreshBlobs } from './fresh-blobs.js';
import { copyInput, scopeOf } from './input-copy.js';
import { keepInput } from './kept-input.js';

export interface SubmitterParts {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly bodyReader: BodyReader;
  readonly reader: JobReader;
  readonly webhooks: JobWebhooks;
  readonly tracing?: Tracing | undefined;
  readonly limits: SubmitLimits;
  readonly clock: () => number;
  /** Seconds until a full queue of so many jobs is likely to have room, from what was measured. */
  readonly expectedWait: (pending: number) => number;
}

/** Keeps the webhooks of jobs. Each is durable before its job is. */
export interface JobWebhooks {
  createForJob(owner: string, jobId: string, webhook: JobWebhook): Promise<void>;
  /** As that of a former job. False where that one had none. */
  createAgain(owner: string, formerId: string, jobId: string): Promise<boolean>;
  remove(owner: string, jobId: string): Promise<boolean>;
}

export interface SubmitLimits {
  readonly maxPending: number;
  readonly maxPendingPerOwner: number;
  readonly runTimeoutMs: number;
  readonly waitTimeoutMs: number;
  readonly resultTtlMs: number;
  readonly maxAttempts: number;
}

const idempotencyMs = 24 * 3600 * 1000;

/** A key and what the body that came with it has to be. */
interface Once {
  readonly key: string | undefined;
  readonly fingerprint: string;
}

/** Accepts jobs: reads the body, keeps its inputs, then the job itself; answers when all of it is durable. */
export class JobSubmitter implements Submitter {
  readonly #parts: SubmitterParts;
  readonly #ids = new JobIds();
  #open = true;

  constructor(parts: SubmitterParts) {
    this.#parts = parts;
  }

  /** Refuses every submit from now on: the server shuts down. */
  stop(): void {
    this.#open = false;
  }

  async submit(request: SubmitRequest): Promise<Answer<Accepted>> {
    if (!this.#open) return refuse(shuttingDown());
    const needsFingerprint = request.idempotencyKey !== undefined;
    const read = await this.#parts.bodyReader.read({ ...request, needsFingerprint, needsOriginal: true });
    if (!read.ok) return read;
    const { parsedRequest } = read;
    return this.#traced(request.trace, this.#newJob(request, parsedRequest), (job) =>
      this.#withBlobs((blobs) => this.#accept(job, request, parsedRequest, blobs)),
    );
  }

  async #accept(
    job: Job,
    request: SubmitRequest,
    parsedRequest: ParsedRequest,
    blobs: FreshBlobs,
  ): Promise<Answer<Accepted>> {
    const input = await keepInput(parsedRequest, scopeOf(job), blobs);
    const { fingerprint, inputs, options } = parsedRequest;
    const shared = inputs.flatMap((one) => ('blob' in one ? [one.blob] : []));
    const { webhook } = options;
    if (webhook !== undefined) await this.#parts.webhooks.createForJob(job.owner, job.id, webhook);
    const once = { key: request.idempotencyKey, fingerprint };
    const former = 'plan' in request.body ? request.body.resultOf : undefined;
    const accepted = await this.#commit(job, input, once, blobs, {
      ...(shared.length === 0 ? {} : { shared }),
      ...(former === undefined ? {} : { resultOf: former }),
    });
    return this.#withWebhook(job, webhook !== undefined, accepted);
  }

  async known({
    owner,
    kind,
    idempotencyKey: key,
    fingerprint,
  }: KnownRequest): Promise<Answer<{ readonly accepted: Accepted | undefined }>> {
    if (!this.#open) return refuse(shuttingDown());
    const options = { description: {}, priority: 0 };
    const job = this.#newJob({ owner, requestId: '' }, { kind, options, warnings: [] });
    const submission = this.#submission(job, { request: { inline: '' }, inputs: [] }, { key, fingerprint });
    // A queue without room makes nothing; what the key has made comes before.
    const outcome = await this.#store({ ...submission, limits: { maxPending: 0, maxPendingPerOwner: 0 } });
    if (outcome.type === 'created') throw new Error('A queue without room has taken a job');
    if (outcome.type === 'conflict') return refuse(otherBody());
    if (outcome.type !== 'replayed') return { ok: true, accepted: undefined };
    const view = this.#parts.reader.viewOf(outcome.job);
    return { ok: true, accepted: { created: false, position: outcome.position, ...view } };
  }

  async retry({ owner, id, idempotencyKey, requestId, trace }: RetryRequest): Promise<Answer<Accepted>> {
    const { reader } = this.#parts;
    if (!this.#open) return refuse(shuttingDown());
    const former = await reader.job(owner, id);
    if (former === undefined) return refuse(noSuchJob());
    if (!isTerminal(former.status)) {
      const detail = `The job is ${former.status}. Wait for its end or cancel it; then it can be tried again.`;
      return refuse(problem('job-not-ended', detail, { retryAfter: 2 }));
    }
    return this.#traced(trace, this.#again(former, requestId), (job) =>
      this.#withBlobs((blobs) => this.#acceptAgain(job, former, idempotencyKey, blobs)),
    );
  }

  async #acceptAgain(
    job: Job,
    former: Job,
    idempotencyKey: string | undefined,
    blobs: FreshBlobs,
  ): Promise<Answer<Accepted>> {
    const { store, reader } = this.#parts;
    const { owner, id } = former;
    const input = await store.input(owner, id);
    const copied = input === undefined ? undefined : await copyInput(input, scopeOf(job), blobs);
    if (copied === undefined) {
      await blobs.discard();
      // The job was deleted meanwhile; otherwise its files are missing for another reason, such as a restore without
      // them.
      if ((await reader.job(owner, id)) === undefined) return refuse(noSuchJob());
      return refuse(problem('input-gone', 'The input of the job is not kept any more; submit it anew.'));
    }
    const fingerprint = createHash('sha256').update(`retry\n${id}`).digest('hex');
    const hasWebhook = await this.#parts.webhooks.createAgain(owner, id, job.id);
    const accepted = await this.#commit(job, copied, { key: idempotencyKey, fingerprint }, blobs);
    return this.#withWebhook(job, hasWebhook, accepted);
  }

  /** What was kept for a job goes again where it could not be stored: a disk that is full must not get fuller by each try. */
  async #withBlobs(accept: (blobs: FreshBlobs) => Promise<Answer<Accepted>>): Promise<Answer<Accepted>> {
    const blobs = new FreshBlobs(this.#parts.blobs);
    try {
      return await accept(blobs);
    } catch (error) {
      await blobs.discard();
      throw error;
    }
  }

  /** Tells the span of a request that makes a job, and has the job keep its name. */
  async #traced(
    trace: CallerTrace | undefined,
    job: Job,
    accept: (job: Job) => Promise<Answer<Accepted>>,
  ): Promise<Answer<Accepted>> {
    const span = this.#parts.tracing?.begin('accept', ofCaller(trace, spanAttributes(job)));
    if (span === undefined) return accept(job);
    try {
      const { tracestate } = trace ?? {};
      const names = {
        trace: span.traceparent,
        ...(tracestate === undefined ? {} : { traceState: tracestate }),
      };
      return endedWith(span, await accept({ ...job, ...names }));
    } catch (error) {
      span.end({}, 'internal');
      throw error;
    }
  }

  /** A webhook whose job was not made goes; where that is not known, it goes by itself. */
  async #withWebhook(job: Job, hasWebhook: boolean, accepted: Answer<Accepted>): Promise<Answer<Accepted>> {
    const isMade = accepted.ok && accepted.created;
    if (hasWebhook && !isMade) await this.#parts.webhooks.remove(job.owner, job.id);
    return accepted;
  }

  /**
   * The one commit that makes a job. Its blobs are durable before it; they are removed when it makes no job, but for those
   * that something else has brought (`shared`).
   */
  async #commit(
    job: Job,
    input: JobInput,
    once: Once,
    fresh: FreshBlobs,
    others: Pick<Submission, 'shared' | 'resultOf'> = {},
  ): Promise<Answer<Accepted>> {
    const { store, blobs, reader } = this.#parts;
    const outcome = await this.#store({ ...this.#submission(job, input, once), ...others }, fresh);
    const { shared = [] } = others;
    const named = blobsOf(input).filter((blob) => !shared.includes(blob));
    // Not those that something else holds, too.
    if (outcome.type !== 'created' && named.length > 0) await blobs.remove(await store.unused(named));
    switch (outcome.type) {
      case 'created':
      case 'replayed':
        return {
          ok: true,
          created: outcome.type === 'created',
          position: outcome.position,
          ...reader.viewOf(outcome.job),
        };
      case 'conflict':
        return refuse(otherBody());
      case 'gone':
        return refuse(
          problem('input-gone', 'A stored thing that the job refers to was removed; choose another one'),
        );
      case 'full':
        return refuse(this.#full(outcome.scope, outcome.pending));
    }
  }

  /**
   * Once more where the answer is lost: the job is there, or is made now.
   * @param fresh left to the job, unless the store says that it has stored nothing
   */
  async #store(submission: Submission, fresh?: FreshBlobs): Promise<SubmitOutcome> {
    const { store } = this.#parts;
    try {
      const outcome = await store.submit(submission);
      fresh?.leave();
      return outcome;
    } catch (error) {
      if (error instanceof StoreFailed && !error.answerLost) throw error;
      fresh?.leave();
      if (!(error instanceof StoreFailed)) throw error;
      return store.submit({ ...submission, repeated: true });
    }
  }

  #newJob(
    request: Pick<SubmitRequest, 'owner' | 'requestId' | 'trace'>,
    { kind, options, warnings }: Pick<ParsedRequest, 'kind' | 'options' | 'warnings'>,
  ): Job {
    const { limits, clock } = this.#parts;
    const now = clock();
    return {
      id: this.#ids.next(now, random(6)),
      owner: request.owner,
      kind,
      ...options.description,
      ...(options.group === undefined ? {} : { group: options.group }),
      priority: options.priority,
      status: 'pending',
      rev: 1,
      attempt: 0,
      failures: 0,
      maxAttempts: options.maxAttempts ?? limits.maxAttempts,
      createdAt: now,
      ...acceptTime(request.trace),
      readyAt: now,
      waitDeadline: now + (options.waitTimeoutMs ?? limits.waitTimeoutMs),
      runTimeoutMs: Math.min(options.runTimeoutMs ?? limits.runTimeoutMs, limits.runTimeoutMs),
      resultTtlMs: options.resultTtlMs ?? limits.resultTtlMs,
      ...(warnings.length === 0 ? {} : { remarks: warnings }),
      requestId: request.requestId,
    };
  }

  /** A new job with the options of the former one, and nothing of its state. */
  #again(former: Job, requestId: string): Job {
    const { limits, clock } = this.#parts;
    const now = clock();
    const { owner, kind, group, priority, maxAttempts, runTimeoutMs, resultTtlMs } = former;
    const { title, reference, tags, metadata, fileName, remarks } = former;
    return {
      id: this.#ids.next(now, random(6)),
      owner,
      kind,
      ...(group === undefined ? {} : { group }),
      ...(title === undefined ? {} : { title }),
      ...(reference === undefined ? {} : { reference }),
      ...(tags === undefined ? {} : { tags }),
      ...(metadata === undefined ? {} : { metadata }),
      ...(fileName === undefined ? {} : { fileName }),
      ...(remarks === undefined ? {} : { remarks }),
      retryOf: former.id,
      priority,
      status: 'pending',
      rev: 1,
      attempt: 0,
      failures: 0,
      maxAttempts,
      createdAt: now,
      readyAt: now,
      waitDeadline: now + waitMsOf(former),
      runTimeoutMs: Math.min(runTimeoutMs, limits.runTimeoutMs),
      resultTtlMs,
      requestId,
    };
  }

  #submission(job: Job, input: JobInput, { key, fingerprint }: Once): Submission {
    const { maxPending, maxPendingPerOwner } = this.#parts.limits;
    const limits = { maxPending, maxPendingPerOwner };
    const now = this.#parts.clock();
    if (key === undefined) return { job, now, input, limits };
    return {
      job,
      now,
      input,
      limits,
      idempotency: { key, fingerprint, expiresAt: job.createdAt + idempotencyMs },
    };
  }

  #full(scope: 'queue' | 'owner', pending: number): Problem {
    const whose = scope === 'queue' ? 'The queue' : 'Your queue';
    const retryAfter = this.#parts.expectedWait(Math.ceil(pending / 10));
    return problem(
      'queue-full',
      `${whose} holds ${pending} jobs and takes no more; send this one again later`,
      {
        retryAfter,
      },
    );
  }
}

export function shuttingDown(): Problem {
  return problem('shutting-down', 'The server is shutting down; send the request again in a moment', {
    retryAfter: 2,
  });
}

function acceptTime({ arrivedAt }: CallerTrace = {}): Pick<Job, 'acceptMs'> {
  return arrivedAt === undefined ? {} : { acceptMs: Math.round(performance.now() - arrivedAt) };
}

/** An idempotency key may have found the job of an earlier request, which is of the trace of that one. */
function endedWith(span: OpenSpan, answer: Answer<Accepted>): Answer<Accepted> {
  if (answer.ok) span.end({ 'inkwire.job.id': answer.record.job_id, 'inkwire.job.created': answer.created });
  else span.end({}, answer.problem.slug);
  return answer;
}

function refuse(refusal: Problem): Answer<never> {
  return { ok: false, problem: refusal };
}

function otherBody(): Problem {
  const detail = 'This Idempotency-Key was used with another body; take a new key for a new job';
  return problem('idempotency-conflict', detail);
}

function noSuchJob(): Problem {
  return problem('not-found', 'There is no such job.');
}

/** Every blob that an input holds. */
export function blobsOf({ request, inputs }: JobInput): readonly string[] {
  const all = inputs.flatMap((input) => ('blob' in input ? [input.blob] : []));
  return 'blob' in request ? [request.blob, ...all] : all;
}
