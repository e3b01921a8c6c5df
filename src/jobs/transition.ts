import type { FactType } from '../protocol/fact.js';
import {
  isTerminal,
  type JobWarning,
  maxListedArtifacts,
  maxToldPages,
  type RowTotals,
} from '../protocol/job-record.js';
import {
  type Artifact,
  artifactCountOf,
  type Job,
  type JobError,
  latestChangeOf,
  type Produced,
  waitAnew,
} from './job.js';
import { artifactsBetween, countOfAll, type Part, placed, plainOf, wholeBlobsOf } from './parts.js';
import { retryDelayMs } from './retry.js';

/**
 * Everything that can happen to a job after it was created.
 *
 *     pending --claim--> pending, claimed --start--> running --complete--> completed --expire--> (result gone)
 *        ^                      |                      |-------fail------> failed
 *        |--release, interrupt--|                      |------cancel-----> cancelled
 *        |--fail, interrupt, release-------------------|  (and from running to running: --produce-->)
 *     pending, claimed or not --cancel--> cancelled, --timeOut--> failed
 *     pending, claimed --fail--> failed, or pending again after a pause
 *     failed, cancelled with artifacts --expire--> (artifacts gone)
 *     completed, failed, cancelled --delete--> (record gone)
 *
 * A worker claims ahead, so that the next job is at hand when a thread gets free: until then the job is pending to
 * everybody, and that it was claimed or given back is no fact. Commands of a worker carry the number of its claim: one
 * that lost it changes nothing.
 */
export type Command =
  | { readonly type: 'claim'; readonly worker: string; readonly leaseUntil: number }
  /**
   * A thread takes the job. With `resume` the artifacts of earlier attempts stay, since the kind goes on from them;
   * without it they go.
   */
  | { readonly type: 'start'; readonly claim: number; readonly resume?: boolean }
  /** Artifacts that can be had before the job ends. */
  | { readonly type: 'produce'; readonly claim: number; readonly parts: readonly Part[] }
  | { readonly type: 'complete'; readonly claim: number; readonly result: AttemptResult }
  /** What another job has made is this one's, too: it ends without an attempt. */
  | { readonly type: 'adopt'; readonly result: AttemptResult }
  | (JobError & {
      readonly type: 'fail';
      readonly claim: number;
      readonly warnings?: readonly JobWarning[];
      readonly rows?: RowTotals;
      /** 0..1, the chance in the backoff. */
      readonly random: number;
    })
  /**
   * The lease ran out, or its worker is known to be gone. The cause is most likely a restart, but the job may have
   * killed the worker.
   */
  | { readonly type: 'interrupt'; readonly claim: number }
  /**
   * The worker gives the job back: unstarted because a job of higher priority goes first, or unfinished because the
   * server shuts down. Never a failure.
   */
  | {
      readonly type: 'release';
      readonly claim: number;
      /** The machine cannot do it just now: not sooner than so many milliseconds from now. */
      readonly delayMs?: number;
    }
  | { readonly type: 'cancel' }
  /** Waited past `waitDeadline`. */
  | { readonly type: 'timeOut' }
  | { readonly type: 'expire' }
  | { readonly type: 'delete' };

/** Interruptions after which a job is parked: a server is restarted now and then, but not ten times during one job. */
const maxInterruptions = 10;

export interface AttemptResult {
  /** The first one is the result. */
  readonly artifacts: readonly Artifact[];
  /** Parts that no `produce` has told of; they come before the artifacts. */
  readonly parts?: readonly Part[];
  readonly pages?: number;
  readonly rows?: RowTotals;
  readonly warnings?: readonly JobWarning[];
  /** From the start of the attempt until its thread was done. */
  readonly renderMs?: number;
}

export type Refusal =
  | 'terminal'
  | 'not-terminal'
  | 'not-running'
  | 'not-pending'
  | 'not-claimed'
  | 'stale-claim'
  | 'nothing-to-expire';

export interface Changed {
  readonly ok: true;
  readonly job: Job;
  /** Undefined, and the same `rev`, when only the claim changes. */
  readonly fact: FactType | undefined;
  readonly parts?: PartsChange;
}

export type Transition = Changed | { readonly ok: false; readonly refusal: Refusal };

/** What happens to the artifacts that the store keeps as parts of the job. */
export type PartsChange =
  | {
      readonly type: 'append';
      /** How many artifacts the job has. */
      readonly from: number;
      readonly parts: readonly Part[];
      /** Those that are for the job's own use, which are counted by themselves. */
      readonly kept: { readonly from: number; readonly parts: readonly Part[] };
    }
  | { readonly type: 'remove' };

/** The number of the job's latest claim; 0 before the first. */
export function claimOf(job: Job): number {
  return job.claims ?? 0;
}

/** Whether a worker has taken a pending job ahead of a free thread. */
export function isClaimedAhead(job: Job): boolean {
  return job.status === 'pending' && job.lease !== undefined;
}

/**
 * The job after a command and the fact that it makes, or why the command does not apply. What people read, the time of
 * the fact included, never goes back within a job, whatever the clock does; when the job may run again goes by `now`,
 * so that a clock that was set back delays nothing.
 */
export function transition(job: Job, command: Command, now: number): Transition {
  const at = Math.max(now, latestChangeOf(job));
  const changed = changeOf(job, command, at, now);
  if (!changed.ok || changed.fact === undefined) return changed;
  const { changedAt: _former, ...after } = changed.job;
  return { ...changed, job: latestChangeOf(after) === at ? after : { ...after, changedAt: at } };
}

function changeOf(job: Job, command: Command, at: number, now: number): Transition {
  switch (command.type) {
    case 'claim':
      return claim(job, command, now);
    case 'start':
      return byHolder(job, command.claim) ?? start(job, command.resume === true, at);
    case 'produce':
      return byHolder(job, command.claim) ?? produce(job, command.parts);
    case 'complete':
      return byHolder(job, command.claim) ?? complete(job, command.result, at);
    case 'adopt':
      if (job.status !== 'pending' || job.lease !== undefined) return refuse('not-pending');
      return completed(job, command.result, at);
    case 'fail':
      return byHolder(job, command.claim) ?? fail(attempted(job), command, at, now);
    case 'interrupt':
      return byHolder(job, command.claim) ?? giveUp(job) ?? interrupt(job, at, now);
    case 'release':
      return (
        byHolder(job, command.claim) ??
        giveUp(job, command.delayMs === undefined ? {} : { readyAt: now + command.delayMs }) ??
        requeued(job, { readyAt: now + (command.delayMs ?? 0) })
      );
    case 'cancel':
      if (isTerminal(job.status)) return refuse('terminal');
      return end(job, 'job.cancelled', at, {
        status: 'cancelled',
        error: { code: 'cancelled', message: 'Cancelled' },
      });
    case 'timeOut':
      if (job.status !== 'pending') return refuse('not-pending');
      return end(job, 'job.failed', at, {
        status: 'failed',
        error: { code: 'expired', message: 'The job waited longer than its limit and was not started' },
      });
    case 'expire':
      if (!mayExpire(job)) return refuse('nothing-to-expire');
      return { ...next(withoutArtifacts(job), 'job.expired', { expired: true }), ...partsGone(job) };
    case 'delete':
      if (!isTerminal(job.status)) return refuse('not-terminal');
      return { ...next(job, 'job.deleted', {}), ...partsGone(job) };
  }
}

function claim(job: Job, command: { worker: string; leaseUntil: number }, now: number): Transition {
  if (job.status !== 'pending' || job.lease !== undefined || job.readyAt > now) return refuse('not-pending');
  const lease = { worker: command.worker, expiresAt: command.leaseUntil };
  return unseen({ ...job, claims: claimOf(job) + 1, lease });
}

function start(job: Job, resume: boolean, at: number): Transition {
  if (job.status !== 'pending') return refuse('not-pending');
  const { error: _previous, ...rest } = resume ? job : withoutParts(job);
  const change = { status: 'running', attempt: job.attempt + 1, startedAt: at } as const;
  return { ...next(rest, 'job.started', change), ...(resume ? {} : partsGone(job)) };
}

function produce(job: Job, made: readonly Part[]): Transition {
  if (job.status !== 'running') return refuse('not-running');
  if (made.length === 0) return unseen(job);
  const { change, parts } = appended(job, made);
  // Nobody is told of what nobody can have.
  const counted = { ...change, ...rowsWith(job, made) };
  if (parts.parts.length === 0) return { ...unseen({ ...job, ...counted }), parts };
  const produced = { from: parts.from, to: change.artifactCount, ...pagesOf(made) };
  const pages = made.findLast(({ pageCount }) => pageCount !== undefined)?.pageCount;
  const known = pages === undefined ? {} : { pages };
  return { ...next(job, 'job.produced', { ...counted, produced, ...known }), parts };
}

/** The rows of the parts, with those of the chunks among these. */
function rowsWith({ rows: before }: Job, made: readonly Part[]): Pick<Job, 'rows'> {
  const added = made.flatMap(({ chunk }) => (chunk?.rows === undefined ? [] : [chunk.rows]));
  const [first] = added;
  if (first === undefined) return {};
  const none = { done: 0, success: 0, partial: 0, failed: 0 };
  let rows: RowTotals = { ...none, ...before, total: first.total };
  for (const { done, success, partial, failed } of added)
    rows = {
      total: rows.total,
      done: rows.done + done,
      success: rows.success + success,
      partial: rows.partial + partial,
      failed: rows.failed + failed,
    };
  return { rows };
}

function pagesOf(made: readonly Part[]): Pick<Produced, 'pages'> {
  const pages = made.flatMap(({ name, page }) => (page === undefined ? [] : [{ name, ...page }]));
  return pages.length === 0 ? {} : { pages: pages.slice(0, maxToldPages) };
}

function appended(job: Job, all: readonly Part[]) {
  const from = artifactCountOf(job);
  const { keptCount = 0 } = job;
  const shown = all.filter(({ kept }) => kept !== true);
  const kept = all.filter((part) => part.kept === true);
  const change = {
    artifacts: [
      ...(job.artifacts ?? []),
      ...artifactsBetween(placed(shown, from), from, maxListedArtifacts).map(withoutPlaceholder),
    ],
    artifactCount: from + countOfAll(shown),
    ...(kept.length === 0 ? {} : { keptCount: keptCount + kept.length }),
  };
  const parts = { type: 'append', from, parts: shown, kept: { from: keptCount, parts: kept } } as const;
  return { change, parts };
}

/** Every event carries the record: what it lists stays short. */
function withoutPlaceholder(artifact: Artifact): Artifact {
  if (artifact.page?.placeholder === undefined) return artifact;
  const { placeholder: _placeholder, ...page } = artifact.page;
  return { ...artifact, page };
}

function partsGone(job: Job): { readonly parts?: PartsChange } {
  return job.artifactCount === undefined ? {} : { parts: { type: 'remove' } };
}

/** Whether a job that has ended still has artifacts, or a result that may be of none. */
export function mayExpire(job: Job): boolean {
  return job.expired !== true && isTerminal(job.status) && job.expiresAt !== undefined;
}

/** A claim that ends before a thread took the job leaves the job as it was. */
function giveUp(job: Job, change: Partial<Job> = {}): Transition | undefined {
  return isClaimedAhead(job) ? unseen({ ...withoutLease(job), ...change }) : undefined;
}

/** A job whose inputs could not be had was attempted, although no thread took it. */
function attempted(job: Job): Job {
  return isClaimedAhead(job) ? { ...job, attempt: job.attempt + 1 } : job;
}

function complete(job: Job, result: AttemptResult, at: number): Transition {
  return job.status === 'running' ? completed(job, result, at) : refuse('not-running');
}

function completed(job: Job, result: AttemptResult, at: number): Changed {
  const change = {
    status: 'completed',
    expiresAt: at + job.resultTtlMs,
    ...(result.pages === undefined ? {} : { pages: result.pages }),
    ...(result.rows === undefined ? {} : { rows: result.rows }),
    ...(result.renderMs === undefined ? {} : { renderMs: result.renderMs }),
    ...(result.warnings === undefined || result.warnings.length === 0 ? {} : { warnings: result.warnings }),
  } as const;
  const { artifacts } = result;
  const all: readonly Part[] = result.parts === undefined ? artifacts : [...result.parts, ...artifacts];
  const isFirst = artifacts[0] === (job.artifacts ?? all)[0];
  const first = artifacts[0] === undefined || isFirst ? {} : { result: artifacts[0] };
  const few = all.length > maxListedArtifacts ? undefined : plainOf(all);
  if (job.artifactCount === undefined && few !== undefined)
    return end(job, 'job.completed', at, { ...change, ...first, artifacts: few });
  const { change: added, parts } = appended(job, all);
  return { ...end(job, 'job.completed', at, { ...change, ...added, ...first }), parts };
}

function fail(
  job: Job,
  failure: Omit<Extract<Command, { type: 'fail' }>, 'type' | 'claim'>,
  at: number,
  now: number,
): Transition {
  const { code, message, pointer, details, rows } = failure;
  const error = {
    code,
    message,
    ...(pointer === undefined ? {} : { pointer }),
    ...(details === undefined ? {} : { details }),
  };
  const delayMs = retryDelayMs(job, failure.code, failure.random);
  if (delayMs === undefined) {
    const warnings = failure.warnings?.length ? { warnings: failure.warnings } : {};
    const counts = rows === undefined ? {} : { rows };
    const change = { status: 'failed', failures: job.failures + 1, error, ...warnings, ...counts } as const;
    return end(job, 'job.failed', at, change);
  }
  return requeued(job, {
    failures: job.failures + 1,
    error,
    readyAt: now + delayMs,
    ...(failure.code === 'out_of_memory' ? { memoryRetry: true } : {}),
  });
}

/** As far as the server can tell, the job did not fail; but a job that runs at every end of a server is parked. */
function interrupt(job: Job, at: number, now: number): Transition {
  const interruptions = (job.interruptions ?? 0) + 1;
  const error = { code: 'crashed', message: 'The server that ran the job disappeared' } as const;
  if (interruptions >= maxInterruptions)
    return end(job, 'job.failed', at, { status: 'failed', interruptions, error });
  return requeued(job, { interruptions, error, readyAt: now });
}

function requeued(job: Job, change: Partial<Job> & Pick<Job, 'readyAt'>): Changed {
  return next(withoutAttempt(job), 'job.requeued', { status: 'pending', ...waitAnew(job, change) });
}

function end(job: Job, fact: FactType, at: number, change: Partial<Job>): Changed {
  const expiry = artifactCountOf(job) + (job.keptCount ?? 0) > 0 ? { expiresAt: at + job.resultTtlMs } : {};
  return next(withoutAttempt(job), fact, { completedAt: at, ...expiry, ...change });
}

function next(job: Job, fact: FactType, change: Partial<Job>): Changed {
  return { ok: true, fact, job: { ...job, ...change, rev: job.rev + 1 } };
}

function unseen(job: Job): Changed {
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

/** Without what belongs to the running attempt alone. */
function withoutAttempt(job: Job): Job {
  const { lease: _lease, produced: _produced, ...rest } = job;
  return rest;
}

function withoutArtifacts(job: Job): Job {
  const { artifacts: _artifacts, artifactCount: _count, keptCount: _kept, ...rest } = job;
  const { produced: _produced, result: _result, ...bare } = rest;
  return bare;
}

function withoutParts(job: Job): Job {
  const { rows: _rows, ...rest } = withoutArtifacts(job);
  return rest;
}

/** The blobs that a command would have brought to the job; not those which others before it have, and it cuts from. */
export function blobsOf(command: Command): readonly string[] {
  if (command.type === 'produce') return wholeBlobsOf(command.parts);
  if (command.type !== 'complete') return [];
  const { parts = [], artifacts } = command.result;
  return wholeBlobsOf([...parts, ...artifacts]);
}
