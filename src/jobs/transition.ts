import type { FactType } from '../protocol/fact.js';
import { type ErrorCode, isTerminal, type JobWarning } from '../protocol/job-record.js';
import type { Artifact, Job } from './job.js';
import { retryDelayMs } from './retry.js';

/**
 * Everything that can happen to a job after it was created.
 *
 *     pending --claim--> pending, claimed --start--> running --complete--> completed --expire--> (result gone)
 *        ^                      |                      |-------fail------> failed
 *        |--release, interrupt--|                      |------cancel-----> cancelled
 *        |--fail, interrupt, release-------------------|
 *     pending, claimed or not --cancel--> cancelled, --timeOut--> failed
 *     pending, claimed --fail--> failed, or pending again after a pause
 *     completed, failed, cancelled --delete--> (record gone)
 *
 * A worker claims ahead, so that the next job is at hand when a thread gets free: until then the job is pending to
 * everybody, and that it was claimed or given back is no fact. Commands of a worker carry the number of its claim: one
 * that lost it changes nothing.
 */
export type Command =
  | { readonly type: 'claim'; readonly worker: string; readonly leaseUntil: number }
  /** A thread takes the job. */
  | { readonly type: 'start'; readonly claim: number }
  | { readonly type: 'complete'; readonly claim: number; readonly result: AttemptResult }
  | {
      readonly type: 'fail';
      readonly claim: number;
      readonly code: ErrorCode;
      readonly message: string;
      readonly warnings?: readonly JobWarning[];
      /** 0..1, the chance in the backoff. */
      readonly random: number;
    }
  /**
   * The lease ran out, or its worker is known to be gone. The cause is most likely a restart, but the job may have
   * killed the worker.
   */
  | { readonly type: 'interrupt'; readonly claim: number }
  /**
   * The worker gives the job back: unstarted because a job of higher priority goes first, or unfinished because the
   * server shuts down. Never a failure.
   */
  | { readonly type: 'release'; readonly claim: number }
  | { readonly type: 'cancel' }
  /** Waited past `waitDeadline`. */
  | { readonly type: 'timeOut' }
  | { readonly type: 'expire' }
  | { readonly type: 'delete' };

/** Interruptions after which a job is parked: a server is restarted now and then, but not ten times during one job. */
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
  | 'not-claimed'
  | 'stale-claim'
  | 'nothing-to-expire';

export type Transition =
  /** No fact (and the same `rev`) when only the claim changes. */
  | { readonly ok: true; readonly job: Job; readonly fact: FactType | undefined }
  | { readonly ok: false; readonly refusal: Refusal };

/** The number of the job's latest claim; 0 before the first. */
export function claimOf(job: Job): number {
  return job.claims ?? 0;
}

/** Whether a worker has taken a pending job ahead of a free thread. */
export function isClaimedAhead(job: Job): boolean {
  return job.status === 'pending' && job.lease !== undefined;
}

/** The job after a command and the fact that it makes, or why the command does not apply. */
export function transition(job: Job, command: Command, now: number): Transition {
  switch (command.type) {
    case 'claim':
      return claim(job, command, now);
    case 'start':
      return byHolder(job, command.claim) ?? start(job, now);
    case 'complete':
      return byHolder(job, command.claim) ?? complete(job, command.result, now);
    case 'fail':
      return byHolder(job, command.claim) ?? fail(attempted(job), command, now);
    case 'interrupt':
      return byHolder(job, command.claim) ?? giveUp(job) ?? interrupt(job, now);
    case 'release':
      return (
        byHolder(job, command.claim) ??
        giveUp(job) ??
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
  if (job.status !== 'pending' || job.lease !== undefined || job.readyAt > now) return refuse('not-pending');
  const lease = { worker: command.worker, expiresAt: command.leaseUntil };
  return unseen({ ...job, claims: claimOf(job) + 1, lease });
}

function start(job: Job, now: number): Transition {
  if (job.status !== 'pending') return refuse('not-pending');
  const { error: _previous, ...rest } = job;
  return next(rest, 'job.started', { status: 'running', attempt: job.attempt + 1, startedAt: now });
}

/** A claim that ends before a thread took the job leaves the job as it was. */
function giveUp(job: Job): Transition | undefined {
  return isClaimedAhead(job) ? unseen(withoutLease(job)) : undefined;
}

/** A job whose inputs could not be had was attempted, although no thread took it. */
function attempted(job: Job): Job {
  return isClaimedAhead(job) ? { ...job, attempt: job.attempt + 1 } : job;
}

function complete(job: Job, result: AttemptResult, now: number): Transition {
  if (job.status !== 'running') return refuse('not-running');
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

/** As far as the server can tell, the job did not fail; but a job that runs at every end of a server is parked. */
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

function unseen(job: Job): Transition {
  return { ok: true, fact: undefined, job };
}

function refuse(refusal: Refusal): Transition {
  return { ok: false, refusal };
}

/** Returns a refusal when the command carries another claim than the one that holds now. */
function byHolder(job: Job, claim: number): Transition | undefined {
  if (job.lease === undefined) return refuse('not-claimed');
  if (claimOf(job) !== claim) return refuse('stale-claim');
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
