import { randomBytes } from 'node:crypto';
import type { Blobs, JobInput, Store, Submission } from '../engine/engine.js';
import { type Job, jobId } from '../jobs/job.js';
import { type Problem, problem } from '../protocol/problem.js';
import type { Intake } from './intake.js';
import type { IntakeDesk } from './intake-desk.js';
import type { JobReader } from './reader.js';
import type { Answer, SubmitRequest, Submitter } from './service.js';

export interface SubmitterParts {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly desk: IntakeDesk;
  readonly reader: JobReader;
  readonly limits: SubmitLimits;
  readonly clock: () => number;
  /** Seconds until a full queue of so many jobs is likely to have room, from what was measured. */
  readonly expectedWait: (pending: number) => number;
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
/** A request up to this size lies in the store beside its job; a larger one is a file. */
const inlineMaxLength = 64 * 1024;

type Submitted = Awaited<ReturnType<Submitter['submit']>>;

/** Accepts jobs: reads the body, keeps its inputs, then the job itself; answers when all of it is durable. */
export class JobSubmitter implements Submitter {
  readonly #parts: SubmitterParts;
  #open = true;

  constructor(parts: SubmitterParts) {
    this.#parts = parts;
  }

  /** From now on every submit is told to come back. */
  stop(): void {
    this.#open = false;
  }

  async submit(request: SubmitRequest): Promise<Submitted> {
    if (!this.#open) return refuse(shuttingDown());
    const needsFingerprint = request.idempotencyKey !== undefined;
    const read = await this.#parts.desk.read({ ...request, needsFingerprint });
    if (!read.ok) return read;
    const job = this.#newJob(request, read.intake);
    const input = await this.#keepInput(job, read.intake);
    const submission = this.#submission(request, read.intake, job, input);
    const outcome = await this.#parts.store.submit(submission);
    if (outcome.type !== 'created') await this.#parts.blobs.remove(blobsOf(input));
    switch (outcome.type) {
      case 'created':
      case 'replayed': {
        const { record, version } = this.#parts.reader.viewOf(outcome.job);
        return { ok: true, created: outcome.type === 'created', record, version, position: outcome.position };
      }
      case 'conflict':
        return refuse(
          problem(
            'idempotency-conflict',
            'This Idempotency-Key was used with another body; take a new key for a new job',
          ),
        );
      case 'full':
        return refuse(this.#full(outcome.scope, outcome.pending));
    }
  }

  #newJob(request: SubmitRequest, { kind, options }: Intake): Job {
    const { limits, clock } = this.#parts;
    const now = clock();
    return {
      id: jobId(now, randomBytes(6)),
      owner: request.owner,
      kind,
      ...(options.group === undefined ? {} : { group: options.group }),
      priority: options.priority,
      status: 'pending',
      rev: 1,
      attempt: 0,
      failures: 0,
      maxAttempts: options.maxAttempts ?? limits.maxAttempts,
      createdAt: now,
      readyAt: now,
      waitDeadline: now + (options.waitTimeoutMs ?? limits.waitTimeoutMs),
      runTimeoutMs: Math.min(options.runTimeoutMs ?? limits.runTimeoutMs, limits.runTimeoutMs),
      resultTtlMs: options.resultTtlMs ?? limits.resultTtlMs,
      requestId: request.requestId,
    };
  }

  async #keepInput(job: Job, intake: Intake): Promise<JobInput> {
    const { blobs } = this.#parts;
    const scope = job.id.slice('job_'.length);
    const large = intake.request.length > inlineMaxLength;
    const [request, names] = await Promise.all([
      large
        ? blobs.put(Buffer.from(intake.request), scope).then((blob) => ({ blob }))
        : { inline: intake.request },
      Promise.all(intake.blobs.map((bytes, index) => blobs.put(bytes, `${scope}-${index}`))),
    ]);
    return { request, blobs: names, fetches: intake.fetches };
  }

  #submission(request: SubmitRequest, intake: Intake, job: Job, input: JobInput): Submission {
    const { maxPending, maxPendingPerOwner } = this.#parts.limits;
    const limits = { maxPending, maxPendingPerOwner };
    if (request.idempotencyKey === undefined) return { job, input, limits };
    const expiresAt = job.createdAt + idempotencyMs;
    return {
      job,
      input,
      limits,
      idempotency: { key: request.idempotencyKey, fingerprint: intake.fingerprint, expiresAt },
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

function refuse(refusal: Problem): Answer<never> {
  return { ok: false, problem: refusal };
}

/** Every blob that an input holds. */
export function blobsOf(input: JobInput): readonly string[] {
  return 'blob' in input.request ? [input.request.blob, ...input.blobs] : input.blobs;
}
