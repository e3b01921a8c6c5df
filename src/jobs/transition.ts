import type { FactType } from '../protocol/fact.js';
import { type ErrorCode, isTerminal, type JobWarning } from '../protocol/job-record.js';
import type { Artifact, Job } from './job.js';
import { retryDelayMs } from './retry.js';

/**
 * Everything that can happen to a job after it was created.
 *
 *     pending --claim--> running --complete--> completed --expire--> (result gone)
 *        ^                  |------fail------> failed
 *        |--fail, interrupt------|------cancel----> cancelled
 *        |--release---------|
 *     pending --cancel--> cancelled, --timeOut--> failed
 *     completed, failed, cancelled --delete--> (record gone)
 *
 * Commands of a running attempt carry its number: a worker that lost its claim changes nothing.
 */
export type Command =
  | { readonly type: 'claim'; readonly worker: string; readonly leaseUntil: number }
  | { readonly type: 'complete'; readonly attempt: number; readonly result: AttemptResult }
  | {
      readonly type: 'fail';
      readonly attempt: number;
      readonly code: ErrorCode;
      readonly message: string;
      readonly warnings?: readonly JobWarning[];
      /** 0..1, the chance in the backoff. */
      readonly random: number;
    }
  /** The lease ran out or its holder is known to be gone: most likely a restart, but the job may be what killed it. */
  | { readonly type: 'interrupt'; readonly attempt: number }
  /** Handed back unfinished, by a server that shuts down. Does not count as a failure. */
  | { readonly type: 'release'; readonly attempt: number }
  | { readonly type: 'cancel' }
  /** Waited past `waitDeadline`. */
  | { readonly type: 'timeOut' }
  | { readonly type: 'expire' }
  | { readonly type: 'delete' };

/** Losses after which a job is parked: a server is restarted now and then, but not ten times during one job. */
const maxInterruptions = 10;

export interface AttemptResult {
  readonly artifacts: readonly Artifact[];
  readonly pages?: number;
  readonly warnings?: readonly JobWarning[];
}

export type Refusal =
  | 'terminal'
  | 'not-terminal'
  | 'not-running'
  | 'not-pending'
  | 'stale-attempt'
  | 'nothing-to-expire';

export type Transition =
  | { readonly ok: true; readonly job: Job; readonly fact: FactType }
  | { readonly ok: false; readonly refusal: Refusal };

/** The job after a command and the fact that it makes, or why the command does not apply. */
export function transition(job: Job, command: Command, now: number): Transition {
  switch (command.type) {
    case 'claim':
      return claim(job, command, now);
    case 'complete':
      return ofAttempt(job, command.attempt) ?? complete(job, command.result, now);
    case 'fail':
      return ofAttempt(job, command.attempt) ?? fail(job, command, now);
    case 'interrupt':
      return ofAttempt(job, command.attempt) ?? interrupt(job, now);
    case 'release':
      return (
        ofAttempt(job, command.attempt) ??
        next(withoutLease(job), 'job.requeued', { status: 'pending', readyAt: now })
      );
    case 'cancel':
      if (isTerminal(job.status)) return refuse('terminal');
      return end(job, 'job.cancelled', now, {
        status: 'cancelled',
        error: { code: 'cancelled', message: 'Cancelled' },
      });
    case 'timeOut':
      if (job.status !== 'pending') return refuse('not-pending');
      return end(job, 'job.failed', now, {
        status: 'failed',
        error: { code: 'expired', message: 'The job waited longer than its limit and was not started' },
      });
    case 'expire':
      if (job.status !== 'completed' || job.expired === true) return refuse('nothing-to-expire');
      return next(withoutArtifacts(job), 'job.expired', { expired: true });
    case 'delete':
      if (!isTerminal(job.status)) return refuse('not-terminal');
      return next(job, 'job.deleted', {});
  }
}

function claim(job: Job, command: { worker: string; leaseUntil: number }, now: number): Transition {
  if (job.status !== 'pending' || job.readyAt > now) return refuse('not-pending');
  const { error: _previous, ...rest } = job;
  return next(rest, 'job.started', {
    status: 'running',
    attempt: job.attempt + 1,
    startedAt: now,
    lease: { worker: command.worker, expiresAt: command.leaseUntil },
  });
}

function complete(job: Job, result: AttemptResult, now: number): Transition {
  return end(job, 'job.completed', now, {
    status: 'completed',
    artifacts: result.artifacts,
    expiresAt: now + job.resultTtlMs,
    ...(result.pages === undefined ? {} : { pages: result.pages }),
    ...(result.warnings === undefined || result.warnings.length === 0 ? {} : { warnings: result.warnings }),
  });
}

function fail(
  job: Job,
  failure: { code: ErrorCode; message: string; random: number; warnings?: readonly JobWarning[] },
  now: number,
): Transition {
  const error = { code: failure.code, message: failure.message };
  const delayMs = retryDelayMs(job, failure.code, failure.random);
  if (delayMs === undefined) {
    const warnings = failure.warnings?.length ? { warnings: failure.warnings } : {};
    return end(job, 'job.failed', now, { status: 'failed', failures: job.failures + 1, error, ...warnings });
  }
  return next(withoutLease(job), 'job.requeued', {
    status: 'pending',
    failures: job.failures + 1,
    error,
    readyAt: now + delayMs,
    ...(failure.code === 'out_of_memory' ? { memoryRetry: true } : {}),
  });
}

/** No failure of the job's, as far as one can tell; but a job that is there at every end of a server is parked. */
function interrupt(job: Job, now: number): Transition {
  const interruptions = (job.interruptions ?? 0) + 1;
  const error = { code: 'crashed', message: 'The server that ran the job disappeared' } as const;
  if (interruptions >= maxInterruptions)
    return end(job, 'job.failed', now, { status: 'failed', interruptions, error });
  return next(withoutLease(job), 'job.requeued', { status: 'pending', interruptions, error, readyAt: now });
}

function end(job: Job, fact: FactType, now: number, change: Partial<Job>): Transition {
  return next(withoutLease(job), fact, { completedAt: now, ...change });
}

function next(job: Job, fact: FactType, change: Partial<Job>): Transition {
  return { ok: true, fact, job: { ...job, ...change, rev: job.rev + 1 } };
}

function refuse(refusal: Refusal): Transition {
  return { ok: false, refusal };
}

/** A refusal when the command's attempt is not the one that runs. */
function ofAttempt(job: Job, attempt: number): Transition | undefined {
  if (job.status !== 'running') return refuse('not-running');
  if (job.attempt !== attempt) return refuse('stale-attempt');
  return undefined;
}

function withoutLease(job: Job): Job {
  const { lease: _lease, ...rest } = job;
  return rest;
}

function withoutArtifacts(job: Job): Job {
  const { artifacts: _artifacts, ...rest } = job;
  return rest;
}
