import type { Job } from '../../jobs/job.js';
import type { Part } from '../../jobs/parts.js';
import { mayExpire } from '../../jobs/transition.js';
import type { GroupRecord } from '../../protocol/fact.js';
import { type JobStatus, jobStatuses } from '../../protocol/job-record.js';
import type { Endpoint, EndpointPlace, NewDelivery } from '../endpoints.js';
import type { Fact, JobInput } from '../engine.js';
import type { LibraryName, LibraryVersion } from '../library.js';
import type { GroupPage } from '../listing.js';
import type { Life } from '../lives.js';
import type { OnceEntry, OncePlace } from '../once.js';
import type { Duty } from '../retention.js';
import type { ServiceSettings } from '../settings.js';

/**
 * The queue state of a pending job: it waits for its time, may be claimed, or is claimed ahead of a free thread. A
 * scheduled job becomes ready when the ledger says so, not by the clock alone.
 */
export const queueStates = ['scheduled', 'ready', 'claimed'] as const;
export type QueueState = (typeof queueStates)[number];

/** A job as tables keep it. */
export interface StoredJob {
  readonly job: Job;
  /** Undefined for a job that is not pending. */
  readonly queue: QueueState | undefined;
}

/** A job as the tables store it after a change at `now`. */
export function storedJob(job: Job, now: number): StoredJob {
  if (job.status !== 'pending') return { job, queue: undefined };
  if (job.lease !== undefined) return { job, queue: 'claimed' };
  return { job, queue: job.readyAt <= now ? 'ready' : 'scheduled' };
}

/**
 * The change that time makes to a job next. With `due` it is the one index that retention walks. Drivers store the
 * index of a stage in this list.
 */
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
  if (mayExpire(job)) return { stage: 'result', due: job.expiresAt ?? 0 };
  return { stage: 'record', due: job.completedAt ?? 0 };
}

/** The job that an idempotency key stands for. */
export interface IdempotencyEntry {
  readonly fingerprint: string;
  readonly jobId: string;
  /** Of the job's first fact. */
  readonly seq: number;
  readonly expiresAt: number;
}

/** Which counter of a group's record goes down and which up. */
export interface GroupChange {
  readonly from?: JobStatus;
  readonly to?: JobStatus;
  /** Where the group now stands in listings: the sequence of the fact. Left out, it stays where it is. */
  readonly place?: number;
}

/** Jobs, with the orders in which they are looked for. */
export interface JobTable {
  /** Reads what is remembered beside the table anew, after a commit was undone. */
  reload(): void;
  /** @param idempotencyKey the one that the job was submitted with, if any */
  add(stored: StoredJob, idempotencyKey: string | undefined): void;
  get(id: string): StoredJob | undefined;
  /** Throws when `before` is not the current revision. */
  set(before: Job, after: StoredJob): void;
  /** Returns the idempotency key that the job was submitted with. */
  remove(id: string): string | undefined;
  /** The ready job of an owner that is first by priority, then by age. */
  firstReady(owner: string): StoredJob | undefined;
  /** Makes jobs ready whose time has come, by (`readyAt`, id), at most `limit`. Returns their owners, one for each. */
  promoteDue(now: number, limit: number): readonly string[];
  /** Jobs of a stage that are due by then, by (due, id). */
  due(stage: Stage, by: number, limit: number): readonly StoredJob[];
}

/** The inputs of jobs. */
export interface InputTable {
  /** After its job was added. */
  add(jobId: string, input: JobInput): void;
  get(jobId: string): JobInput | undefined;
  /** Before its job is removed. */
  remove(jobId: string): void;
}

/** Artifacts of jobs that may have many, numbered for each job from 0 in the order in which they were made. */
export interface PartTable {
  /** @param from how many artifacts the job has; no name of a part may be there already */
  append(jobId: string, from: number, parts: readonly Part[]): void;
  /** The same for what is for the job's own use, and numbered by itself. */
  keep(jobId: string, from: number, parts: readonly Part[]): void;
  /** All that are not for the job's own use, in order. */
  shown(jobId: string): readonly Part[];
  /** All that is for the job's own use, in order. */
  kept(jobId: string): readonly Part[];
  /** Of both sorts: the part of this name. */
  byName(jobId: string, name: string): Part | undefined;
  /** Removes all of a job, of both sorts; returns their blobs, each once. */
  remove(jobId: string): readonly string[];
}

/** The counts of groups, which are there for as long as they have jobs. */
export interface GroupTable {
  /** The counts after the change; forgets a group without jobs. */
  change(owner: string, group: string, change: GroupChange): GroupRecord;
}

export interface IdempotencyTable {
  get(owner: string, key: string): IdempotencyEntry | undefined;
  put(owner: string, key: string, entry: IdempotencyEntry): void;
  /** Forgets a key, if it stands for this job. */
  remove(owner: string, key: string, jobId: string): void;
  /** By (`expiresAt`, owner, key). Returns how many went. */
  removeExpired(by: number, limit: number): number;
}

/**
 * What holds which blobs, and the bytes of small ones. A holder is the id of a job, or a version of the library as
 * `holderOf` writes it.
 */
export interface BlobReferenceTable {
  add(blob: string, holder: string): void;
  /** The bytes of a small blob go with its last holder. */
  remove(blob: string, holder: string): void;
  has(blob: string): boolean;
  /** Keeps the bytes of a small blob that something holds; those that are there stay. */
  put(blob: string, bytes: Uint8Array): void;
}

/** Those of some blobs that nothing holds. */
export function unusedOf(
  references: Pick<BlobReferenceTable, 'has'>,
  blobs: readonly string[],
): readonly string[] {
  return blobs.filter((blob) => !references.has(blob));
}

/** Who works on this engine. */
export interface WorkerTable {
  put(worker: string, until: number): void;
  remove(worker: string): void;
  has(worker: string, now: number): boolean;
  /** Whether any other one is there. */
  hasOther(worker: string, now: number): boolean;
}

/** Which worker took a duty last. */
export interface DutyTable {
  holder(duty: Duty): string | undefined;
  give(duty: Duty, worker: string): void;
}

/** The settings of the service, once a worker has brought them. */
export interface SettingsTable {
  get(): ServiceSettings | undefined;
  put(settings: ServiceSettings): void;
}

/** An entry of the library. Its versions are the last ones up to `last`. */
export interface LibraryEntry extends LibraryName {
  /** The highest number that it has given. */
  readonly last: number;
  readonly retired?: {
    readonly at: number;
    /** Retention takes the entry away then. */
    readonly until: number;
  };
}

/** The library: entries, and versions apart from them. The rules of both are in `library.ts`. */
export interface LibraryTable {
  entry(name: LibraryName): LibraryEntry | undefined;
  /** Entries of an owner in a collection, retired ones included. */
  count(owner: string, collection: string): number;
  /** Adds an entry or replaces the one of this name. */
  setEntry(entry: LibraryEntry): void;
  removeEntry(name: LibraryName): void;
  /** Retired entries whose time is over by then: those over first come first, then by collection, owner and name. */
  due(by: number, limit: number): readonly LibraryEntry[];
  addVersion(version: LibraryVersion): void;
  version(name: LibraryName, version: number): LibraryVersion | undefined;
  /** Versions up to a number, the oldest first. */
  oldest(name: LibraryName, to: number, limit: number): readonly LibraryVersion[];
  removeVersion(name: LibraryName, version: number): void;
}

/** A value that waits to be taken once. */
export type OnceRow = Omit<OnceEntry, 'ttlMs' | 'limits'> & { readonly expiresAt: number };

export interface OnceTable {
  get(place: OncePlace): OnceRow | undefined;
  /** Throws when there is one under this key. */
  add(row: OnceRow): void;
  remove(place: OncePlace): void;
  /** How many values of an owner there are in a collection, and their length together. */
  usage(owner: string, collection: string): { readonly entries: number; readonly length: number };
  /** Those over first go first, then by collection and key. Returns how many went. */
  removeExpired(by: number, limit: number): number;
}

/** Endpoints and their deliveries. The rules of both are in `endpoints.ts`. */
export interface EndpointTable {
  get(place: EndpointPlace): Endpoint | undefined;
  /** Of an owner, without those of jobs. */
  count(owner: string): number;
  /** Adds one or replaces the one of this id, under a new number, which it returns; its deliveries stay. */
  put(endpoint: Omit<Endpoint, 'change'>): number;
  /** Of one that is there; its number stays. */
  update(endpoint: Endpoint): void;
  /** With its deliveries. */
  remove(place: EndpointPlace): void;
  putDelivery(place: EndpointPlace, delivery: NewDelivery): void;
  /** Takes finished deliveries away until so many are left, the oldest first. */
  prune(place: EndpointPlace, keep: number): void;
  /** Endpoints and finished deliveries that are over. Returns how many went. */
  removeExpired(by: number, limit: number): number;
}

/** The event log. It gives the numbers. */
export interface LogTable {
  readonly epoch: string;
  readonly lives: readonly Life[];
  /** Sequence of the last fact, and of the last one that was trimmed. */
  readonly last: number;
  readonly trimmedTo: number;
  /** Reads the values again that are cached beside the table, after a commit was undone. */
  reload(): void;
  /** Gives the fact the next number. */
  append(fact: Omit<Fact, 'seq'>): Fact;
  /** The first fact of a job that is left. */
  oldestOf(owner: string, jobId: string): Fact | undefined;
  /** Of at most `limit` facts from the oldest on, how many are older than `before`. */
  countOlder(before: number, limit: number): number;
  /** Takes away facts up to this sequence. */
  trim(to: number): void;
  /** Replaces all stored lives. */
  setLives(lives: readonly Life[]): void;
}

/**
 * What an embedded engine stores, as a change sees it (`Views` for what only reads). Calls answer at once, and each reads
 * or writes one thing; the caller makes several of them one commit. A call throws when it fails; the caller then undoes
 * the whole commit.
 */
export interface Tables {
  readonly jobs: JobTable;
  readonly inputs: InputTable;
  readonly parts: PartTable;
  readonly groups: GroupTable;
  readonly idempotency: IdempotencyTable;
  readonly blobReferences: BlobReferenceTable;
  readonly workers: WorkerTable;
  readonly duties: DutyTable;
  readonly settings: SettingsTable;
  readonly library: LibraryTable;
  readonly once: OnceTable;
  readonly endpoints: EndpointTable;
  readonly log: LogTable;
}

/**
 * The workers of an engine that one process has to itself: those of an earlier process are gone, and those of this one
 * end with it. So none ends by the clock, which may be set, or stand still with the machine.
 */
export class OwnWorkers implements WorkerTable {
  readonly #workers = new Set<string>();

  put(worker: string): void {
    this.#workers.add(worker);
  }

  remove(worker: string): void {
    this.#workers.delete(worker);
  }

  has(worker: string): boolean {
    return this.#workers.has(worker);
  }

  hasOther(worker: string): boolean {
    return [...this.#workers].some((other) => other !== worker);
  }
}

/** The workers of an engine that several processes share: each is there until the end that it gave. */
export class SharedWorkers implements WorkerTable {
  readonly #ends = new Map<string, number>();

  put(worker: string, until: number): void {
    this.#ends.set(worker, until);
  }

  remove(worker: string): void {
    this.#ends.delete(worker);
  }

  has(worker: string, now: number): boolean {
    return (this.#ends.get(worker) ?? 0) > now;
  }

  hasOther(worker: string, now: number): boolean {
    return [...this.#ends.keys()].some((other) => other !== worker && this.has(other, now));
  }
}

/** Duties of workers that all end with this process. */
export class OwnDuties implements DutyTable {
  readonly #holders = new Map<Duty, string>();

  holder(duty: Duty): string | undefined {
    return this.#holders.get(duty);
  }

  give(duty: Duty, worker: string): void {
    this.#holders.set(duty, worker);
  }
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
