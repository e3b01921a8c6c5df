import type { Job } from '../../jobs/job.js';
import type { GroupRecord } from '../../protocol/fact.js';
import { type JobStatus, jobStatuses } from '../../protocol/job-record.js';
import type { Fact, FactFilter, GroupFilter, GroupPage, JobInput, Life, ListFilter } from '../engine.js';

/**
 * Where a pending job stands: it waits for its time, may be claimed, or is claimed ahead of a free thread. What waits
 * becomes ready when the ledger says so, not by the clock alone.
 */
export const queueStates = ['scheduled', 'ready', 'claimed'] as const;
export type QueueState = (typeof queueStates)[number];

/** A job as tables keep it. */
export interface StoredJob {
  readonly job: Job;
  /** Undefined for a job that is not pending. */
  readonly queue: QueueState | undefined;
}

/** A job as it is kept after a change at `now`. */
export function storedJob(job: Job, now: number): StoredJob {
  if (job.status !== 'pending') return { job, queue: undefined };
  if (job.lease !== undefined) return { job, queue: 'claimed' };
  return { job, queue: job.readyAt <= now ? 'ready' : 'scheduled' };
}

/** What time does to a job next; with `due`, the one index that retention walks. Drivers keep the place in this list. */
export const stages = ['waiting', 'running', 'result', 'record', 'claimed'] as const;
export type Stage = (typeof stages)[number];

export interface StageDue {
  readonly stage: Stage;
  /** Wait deadline, end of the lease (of a claimed job whichever comes first), end of the result, or end of the job. */
  readonly due: number;
}

export function stageDueOf(job: Job): StageDue {
  if (job.status === 'pending') {
    const { lease, waitDeadline } = job;
    if (lease === undefined) return { stage: 'waiting', due: waitDeadline };
    return { stage: 'claimed', due: Math.min(waitDeadline, lease.expiresAt) };
  }
  if (job.status === 'running') return { stage: 'running', due: job.lease?.expiresAt ?? 0 };
  if (job.status === 'completed' && job.expired !== true) {
    return { stage: 'result', due: job.expiresAt ?? 0 };
  }
  return { stage: 'record', due: job.completedAt ?? 0 };
}

/** What an idempotency key stands for. */
export interface IdempotencyEntry {
  readonly fingerprint: string;
  readonly jobId: string;
  /** Of the job's first fact. */
  readonly seq: number;
  readonly expiresAt: number;
}

/** Pending jobs of one owner, for the counts at open. */
export interface Waiting {
  readonly owner: string;
  readonly queue: QueueState;
  readonly count: number;
}

export interface JobPage {
  readonly jobs: readonly Job[];
  readonly more: boolean;
}

/** Which counter of a group's record goes down and which up. */
export interface GroupChange {
  readonly from?: JobStatus;
  readonly to?: JobStatus;
  /** Where the group now stands in listings: the sequence of the fact. Left out, it stays where it is. */
  readonly place?: number;
}

/**
 * What an embedded engine keeps, as the ledger sees it: calls answer at once, each reads or writes one thing, and
 * whoever calls makes several of them one commit. Throws when it cannot; then the whole commit is undone.
 */
export interface Tables {
  readonly epoch: string;
  readonly lives: readonly Life[];
  /** Sequence of the last fact, and of the last one that was trimmed. */
  readonly last: number;
  readonly trimmedTo: number;
  /** Reads again what is held beside the tables, after a commit was undone. */
  reload(): void;

  addJob(stored: StoredJob, input: JobInput, idempotencyKey: string | undefined): void;
  job(id: string): StoredJob | undefined;
  input(id: string): JobInput | undefined;
  /** Throws when `before` is not the current revision. */
  setJob(before: Job, after: StoredJob): void;
  /** Takes away job, input and idempotency key. */
  removeJob(job: Job): void;

  /** The ready job of an owner that is first by priority, then by age. */
  firstReady(owner: string): StoredJob | undefined;
  /** Makes jobs ready whose time has come; at most `limit`. Returns their owners, one for each. */
  promoteDue(now: number, limit: number): readonly string[];
  nextReadyAt(): number | undefined;
  /** Jobs of a stage that are due by then, the longest due first. */
  due(stage: Stage, by: number, limit: number): readonly StoredJob[];
  waiting(): readonly Waiting[];
  oldestPendingAt(): number | undefined;
  list(filter: ListFilter): JobPage;

  /** The counts after the change; forgets a group without jobs. */
  changeGroup(owner: string, group: string, change: GroupChange): GroupRecord;
  group(owner: string, group: string): GroupRecord | undefined;
  /** By place, the highest first. */
  groups(filter: GroupFilter): GroupPage;

  idempotencyEntry(owner: string, key: string): IdempotencyEntry | undefined;
  putIdempotency(owner: string, key: string, what: IdempotencyEntry): void;
  /** Returns how many went. */
  forgetIdempotency(expiredBy: number, limit: number): number;

  refer(blob: string, jobId: string): void;
  release(blob: string, jobId: string): void;
  referred(blob: string): boolean;

  /** Gives the fact the next number. */
  append(fact: Omit<Fact, 'seq'>): Fact;
  facts(filter: FactFilter): { readonly facts: readonly Fact[]; readonly reached: number };
  everyFact(after: number, limit: number): { readonly facts: readonly Fact[]; readonly reached: number };
  /** Of at most `limit` facts from the oldest on, how many are older than `before`. */
  olderFacts(before: number, limit: number): number;
  /** Takes away facts up to this sequence. */
  trim(to: number): void;
  /** In place of those before. */
  setLives(lives: readonly Life[]): void;
}

export function emptyGroup(group: string): GroupRecord {
  return { group, jobs: 0, pending: 0, running: 0, completed: 0, failed: 0, cancelled: 0 };
}

/** A page of what was found, which is one more than the limit where there is a next page. */
export function groupPageOf(
  found: readonly { readonly record: GroupRecord; readonly place: number }[],
  limit: number,
): GroupPage {
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const groups = page.map(({ record }) => record);
  return found.length > limit && last !== undefined ? { groups, next: last.place } : { groups };
}

export function changedGroup(record: GroupRecord, change: GroupChange): GroupRecord {
  const counts = { ...record };
  if (change.from !== undefined) counts[change.from] -= 1;
  if (change.to !== undefined) counts[change.to] += 1;
  return { ...counts, jobs: jobStatuses.reduce((sum, status) => sum + counts[status], 0) };
}
