import type { FairnessLimits } from '../jobs/fairness.js';
import type { Job } from '../jobs/job.js';
import type { Command, Refusal } from '../jobs/transition.js';
import type { Position } from '../protocol/cursor.js';
import type { FactType, GroupRecord } from '../protocol/fact.js';
import type { JobStatus } from '../protocol/job-record.js';

/**
 * The contracts of an engine: what keeps jobs, says what happened and holds their files.
 *
 * Glossary
 * - job: a piece of work that was accepted, with its whole state (`jobs/job.ts`).
 * - claim: a worker's hold on a job. A lease: it ends by itself when nobody extends it. (job id, claim number) is its
 *   identity. A worker claims ahead of a free thread; until it starts the job, that job is pending to everybody.
 * - attempt: one start of a job, by the worker that has claimed it.
 * - fact: one durable line of the event log; made by the same commit as the change that it tells.
 * - log: all facts in one order. `seq` grows; gaps mean nothing; numbers are compared within one epoch only.
 * - life: one start of an engine, as the log knows it: who wrote the facts from a place on. Begun by the commit of its
 *   first fact. Copies of one log go on in lives of their own (`engine/lives.ts`).
 * - hint: word that the log has grown. May be lost, late or doubled; whoever needs certainty reads the log.
 * - progress: the latest value of a running attempt. Never in the log.
 * - blob: a file by name: inputs and artifacts.
 *
 * What holds for every driver
 * - Each operation concerns one job (or says otherwise) and is atomic: all of it is there after a crash, or none.
 * - When a promise of a changing operation resolves, the change is durable, as far as `Capabilities.durable` says.
 * - Changes are conditional: `apply` runs the pure `transition` on the current state and writes only if that state is
 *   still the current one; a command of a stale claim is refused.
 * - Drivers validate nothing about owners but the filter that they are given; callers pass the owner of the request.
 * - Facts of one job are in `rev` order in the log; a reader at position p that reads up to q has seen every fact in
 *   (p, q], also when commits run side by side.
 * - No operation blocks the calling thread for longer than it takes to hand over its arguments.
 */
export interface Engine {
  readonly capabilities: Capabilities;
  readonly store: Store;
  readonly bus: Bus;
  readonly blobs: Blobs;
  readonly keys: Keys;
  /** Resolves when the engine cannot go on and the process should end; never otherwise. */
  readonly failure: Promise<StoreFailed>;
  /** Waits for what was handed over, then closes. Safe twice. */
  close(): Promise<void>;
}

/**
 * What calls of a store reject with. Nothing of the operation was written; only when the engine is gone (`failure`, or
 * code `thread-ended`) it is open whether the last operations were.
 */
export class StoreFailed extends Error {
  override readonly name = 'StoreFailed';
  /** As the driver names it: `SQLITE_FULL`, `closed`, `overloaded`, `thread-ended`. For logs and metrics. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** How drivers differ. Nobody asks for a driver by its name. */
export interface Capabilities {
  /** Survives the end of the process and of the machine. */
  readonly durable: boolean;
  /** No other process works on this engine: at start every lease belongs to somebody who is gone. */
  readonly exclusive: boolean;
}

/** What a job is made from; kept beside the job and never part of a record or fact. */
export interface JobInput {
  /** The request as text, or the blob that holds it when it is large. What is in it is for who submits and who runs. */
  readonly request: { readonly inline: string } | { readonly blob: string };
  /** Names of binary inputs, in the order in which the request refers to them. */
  readonly blobs: readonly string[];
  /** Addresses that have to be fetched before an attempt. */
  readonly fetches: readonly string[];
}

export interface Submission {
  /** `pending`, `rev` 1, with an id that `jobId` made of `createdAt`: listings by time go by the id. */
  readonly job: Job;
  readonly input: JobInput;
  readonly idempotency?: {
    readonly key: string;
    /** Digest of the canonical body: the same key with another one is a conflict. */
    readonly fingerprint: string;
    /** The key is forgotten then, or when its job is deleted: the next submit with it makes a new job. */
    readonly expiresAt: number;
  };
  readonly limits: {
    /** Pending jobs of everybody, and of this owner. */
    readonly maxPending: number;
    readonly maxPendingPerOwner: number;
  };
}

export type SubmitOutcome =
  | { readonly type: 'created'; readonly job: Job; readonly position: Position }
  /** The key is known, with the same body: the job as it is now, and where its first fact sits. */
  | { readonly type: 'replayed'; readonly job: Job; readonly position: Position }
  | { readonly type: 'conflict' }
  /** Nothing was stored. */
  | { readonly type: 'full'; readonly scope: 'queue' | 'owner'; readonly pending: number };

export interface ClaimRequest {
  readonly worker: string;
  readonly limit: number;
  readonly now: number;
  readonly leaseUntil: number;
}

export interface Claimed {
  readonly job: Job;
  readonly input: JobInput;
}

export type ApplyOutcome =
  /** `removed` names blobs that nothing refers to any more. */
  | { readonly ok: true; readonly job: Job; readonly removed: readonly string[] }
  | { readonly ok: false; readonly refusal: Refusal | 'not-found' };

export interface ListFilter {
  readonly owner: string;
  readonly status?: JobStatus;
  readonly kind?: string;
  readonly group?: string;
  /** Milliseconds, exclusive. */
  readonly createdAfter?: number;
  readonly createdBefore?: number;
  /** Only jobs after this id in the listing (newest first). */
  readonly afterId?: string;
  readonly limit: number;
}

export interface GroupFilter {
  readonly owner: string;
  /** Only groups whose place in the log comes before this one; from `next` of the page before. */
  readonly before?: number;
  readonly limit: number;
}

export interface GroupPage {
  readonly groups: readonly GroupRecord[];
  /** Where the next page begins; undefined when there is none. */
  readonly next?: number;
}

export interface Fact {
  readonly seq: number;
  readonly at: number;
  readonly type: FactType;
  readonly owner: string;
  /** Empty for facts of a group, as is `kind`. */
  readonly jobId: string;
  readonly kind: string;
  readonly group?: string;
  /** 0 for facts of a group. */
  readonly rev: number;
  /** JSON text of the job's (or group's) record after the change: made once, sent to everybody. */
  readonly record: string;
}

export interface FactFilter {
  readonly owner: string;
  readonly after: number;
  readonly limit: number;
  readonly jobId?: string;
  readonly group?: string;
  readonly kind?: string;
}

export interface FactPage {
  readonly facts: readonly Fact[];
  /** Everything up to here was looked at: the next read starts after it, even when no fact matched. */
  readonly reached: number;
  /** True when facts after `after` may be gone: the reader needs a snapshot. */
  readonly trimmed: boolean;
}

export interface Life {
  readonly life: string;
  /** Sequence of its first fact; the life ends where the next one begins. */
  readonly first: number;
}

export interface LogState {
  readonly epoch: string;
  /** In the order of their first facts, as far back as the log goes. The last one is under way and may have none yet. */
  readonly lives: readonly Life[];
  /** Sequence of the last fact. */
  readonly last: number;
  /** Sequence of the last fact that retention took away; 0 if none. */
  readonly trimmedTo: number;
}

export interface SweepRequest {
  readonly now: number;
  /** At most so many changes in one call: retention works in small steps. */
  readonly limit: number;
  /** Records of terminal jobs go so long after their end, but not before their result. */
  readonly recordTtlMs: number;
  /** Facts older than this go, and the oldest when there are more than `logMaxFacts`. */
  readonly logTtlMs: number;
  readonly logMaxFacts: number;
}

export interface SweepOutcome {
  /** Waited too long. */
  readonly timedOut: number;
  /** Leases that ran out. */
  readonly lost: number;
  readonly expired: number;
  readonly deleted: number;
  readonly trimmed: number;
  readonly removed: readonly string[];
  /** Some may be left: call again soon. */
  readonly more: boolean;
}

export interface Depth {
  readonly pending: number;
  readonly running: number;
  /** Creation time of the oldest pending job. */
  readonly oldestPendingAt?: number;
}

export interface Store {
  /** Keeps a new job and its first fact; or finds the one that its idempotency key made. */
  submit(submission: Submission): Promise<SubmitOutcome>;
  /**
   * Claims up to `limit` jobs that are ready: fair by owner, then by priority, then by age. They stay pending, without a
   * fact, until their worker applies `start`.
   */
  claim(request: ClaimRequest): Promise<readonly Claimed[]>;
  /**
   * One command for one job, as of `now`.
   * @param owner when given, a job of somebody else is `not-found`
   */
  apply(id: string, command: Command, now: number, owner?: string): Promise<ApplyOutcome>;
  /** Extends the leases of a worker's claims, without a fact. Returns the ids that it no longer holds. */
  extend(
    worker: string,
    held: readonly { id: string; claim: number }[],
    leaseUntil: number,
  ): Promise<readonly string[]>;
  /** Gives up the leases of every worker but this one, as lost. For engines that are `exclusive`. Returns how many. */
  reclaimLeases(worker: string, now: number): Promise<number>;
  /** When the next job that is not ready yet will be; undefined when there is none. */
  nextReadyAt(): Promise<number | undefined>;
  get(owner: string, id: string): Promise<Job | undefined>;
  input(owner: string, id: string): Promise<JobInput | undefined>;
  /** Newest first. `more` tells whether there are others after the last one. */
  list(filter: ListFilter): Promise<{ readonly jobs: readonly Job[]; readonly more: boolean }>;
  group(owner: string, group: string): Promise<GroupRecord | undefined>;
  /**
   * Groups that have jobs, those first in which a job was created, started or ended last; what retention takes away moves
   * none. Costs what the page costs, however many jobs there are. A group that moves to the front while somebody pages
   * is passed over by them.
   */
  groups(filter: GroupFilter): Promise<GroupPage>;
  depth(): Promise<Depth>;
  /** Facts in order, at most `limit`, and fewer when a filter passes over many: go on from `reached`. */
  facts(filter: FactFilter): Promise<FactPage>;
  /** Facts of all owners in order, at most `limit`: for one that serves them all and keeps them apart itself. */
  everyFact(after: number, limit: number): Promise<FactPage>;
  log(): Promise<LogState>;
  sweep(request: SweepRequest): Promise<SweepOutcome>;
  /** Of these blob names, the ones that no job refers to. */
  unused(blobs: readonly string[]): Promise<readonly string[]>;
  /** Rejects when the store cannot take a change. For readiness. */
  ping(): Promise<void>;
}

/**
 * Word that the log has grown to `last`. Carries every fact after `after` up to `last` when the sender has them at hand, or
 * else none of them: a reader that has everything up to `after` may take them instead of reading. The follower (`follow/`)
 * alone listens; everybody else listens to it.
 */
export interface Hint {
  readonly epoch: string;
  readonly after: number;
  readonly last: number;
  readonly facts: readonly Fact[];
}

export interface JobProgress {
  readonly jobId: string;
  readonly owner: string;
  readonly kind: string;
  readonly group?: string;
  readonly attempt: number;
  readonly ratio: number;
  readonly phase: string;
  readonly pagesDone?: number;
  readonly pagesTotal?: number;
}

/** Lossy by contract. Listeners are called in the order of subscription and must not throw. */
export interface Bus {
  /** Returns what ends the subscription. */
  onHint(listener: (hint: Hint) => void): () => void;
  publishProgress(progress: JobProgress): void;
  onProgress(listener: (progress: JobProgress) => void): () => void;
}

/** A file that was written aside by a thread: complete, but not yet durable and under no name. */
export interface AsideFile {
  readonly path: string;
  readonly sha256: string;
}

/** A blob is immutable. Its name is chosen by the store of blobs and holds the digest of the bytes. */
export interface Blobs {
  /** A fresh path to write a file aside; `cleanUp` removes what is left there. */
  aside(): string;
  /**
   * Makes a file that was written aside durable under its name. Returns the name. Equal bytes in the same scope are
   * one blob: who removes one that was not committed asks `Store.unused` first.
   * @param scope keeps equal bytes of different jobs apart, so that each goes with its own job: up to 80 letters,
   *   digits, `_` and `-`. A job's id keeps the references of neighbours together in an index.
   */
  keep(file: AsideFile, scope: string): Promise<string>;
  /** Keeps bytes at hand: `aside`, write, `keep`. */
  put(bytes: Uint8Array, scope: string): Promise<string>;
  /** Keeps the bytes of a blob once more, in another scope; undefined when the blob is not there. */
  copy(name: string, scope: string): Promise<string | undefined>;
  /** A local path for a thread to read from. */
  path(name: string): Promise<string>;
  /** Bytes `start` to `end`, both inclusive, or all. Rejects when the blob is not there. */
  read(
    name: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<NodeJS.ReadableStream>;
  remove(names: readonly string[]): Promise<void>;
  /** Throws away what was written aside at a path: the file, and its parts `path.0`, `path.1`, ... */
  discard(path: string): Promise<void>;
  /**
   * Removes what was written before a time and belongs to nobody: blobs that no job refers to (asked in batches) and
   * files aside. May run beside other work. Returns how many files went.
   * @param before milliseconds since 1970; left out, the moment in which the blobs were opened
   */
  cleanUp(unused: (names: readonly string[]) => Promise<readonly string[]>, before?: number): Promise<number>;
  /** Rejects when nothing can be written. For readiness. */
  ping(): Promise<void>;
}

export interface Key {
  /** Public part, 8 characters. */
  readonly kid: string;
  readonly owner: string;
  readonly scopes: readonly string[];
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly disabledAt?: number;
  /** Lower-case hex SHA-256 of the whole key. */
  readonly hash: string;
}

export interface Keys {
  /** Adds or replaces by `kid`. */
  put(key: Key): Promise<void>;
  list(): Promise<readonly Key[]>;
  /** Called with all keys, once now and again within a second of every change, also one made by another process. */
  watch(listener: (keys: readonly Key[]) => void): Promise<() => void>;
}

/** How a driver is opened. */
export interface EngineOptions {
  readonly fairness: FairnessLimits;
  /** Called after every commit with how many changing operations shared it and how long it took, the disk included. */
  readonly onCommit?: (commit: Commit) => void;
}

export interface Commit {
  readonly operations: number;
  readonly ms: number;
}
