import type { FairnessLimits } from '../jobs/fairness.js';
import type { Artifact, Job } from '../jobs/job.js';
import type { Part } from '../jobs/parts.js';
import type { Command, Refusal } from '../jobs/transition.js';
import type { Position } from '../protocol/cursor.js';
import type { FactType, GroupRecord } from '../protocol/fact.js';
import type { Blobs, SmallBlob } from './blobs.js';
import type { AttemptEnding } from './ending.js';
import type { Endpoints } from './endpoints.js';
import type { Keys } from './keys.js';
import type { Library } from './library.js';
import type { GroupFilter, GroupPage, JobPage, ListFilter, RecordPage } from './listing.js';
import type { LogState } from './lives.js';
import type { Once } from './once.js';
import type { JobProgress } from './progress.js';
import type { Duty, SweepOutcome, SweepRequest } from './retention.js';
import type { Agreement, ServiceSettings } from './settings.js';

/**
 * The contracts of an engine, which stores jobs, publishes facts and progress, and stores the files of jobs. The other
 * things that it stores have contracts of their own: `library.ts`, `once.ts`, `endpoints.ts`, `keys.ts`.
 *
 * Glossary
 * - job: accepted work with its whole state (`jobs/job.ts`).
 * - claim: a worker's lease on a job. It ends by itself unless the worker extends it. (job id, claim number) identifies
 *   it. A worker may claim a job before a thread is free; until the worker starts the job, its status is `pending`.
 * - worker: a process that claims jobs. It says once a second that it is there (`beat`); when it is not there any more
 *   its jobs go to others at once.
 * - attempt: one start of a job, by the worker that has claimed it.
 * - fact: one durable entry of the event log. The commit that changes a job also writes the fact of the change.
 * - log: all facts in one order. `seq` grows; gaps mean nothing; numbers are compared within one epoch only.
 * - life: one start of an engine, recorded in the log as the writer of every fact from its first one up to the next
 *   life. The commit of its first fact begins it. Copies of one log continue in different lives (`engine/lives.ts`).
 * - hint: a message that the log has grown. Hints may be lost, late or doubled; a reader that needs certainty reads the
 *   log.
 * - part: one of the artifacts of a job that may have many, or a run of them, which are alike and kept as one. The store
 *   keeps parts in their order, also those that were made while the job still runs (`produce`); readers see artifacts alone.
 * - progress: the latest value of a running attempt. Never in the log.
 * - blob: immutable bytes under a name: an input, an artifact, or a part of a version in the library.
 * - holder: a job or a version of the library that refers to a blob. A blob may have several, and goes with the last.
 *
 * What holds for every driver
 * - Each operation concerns one job (or its docstring says otherwise) and is atomic: after a crash all of it is there,
 *   or none.
 * - When the promise of a changing operation resolves, the change is durable to the degree that `Capabilities.durable`
 *   declares.
 * - Changes are conditional: `apply` runs the pure `transition` on the current state and writes only if that state is
 *   still the current one; it refuses a command of a stale claim.
 * - Drivers check nothing about owners; they apply the owner filter that they get. The caller passes the owner of the
 *   request.
 * - The store's clock decides. `now` says what the caller's clock shows as it calls, and other times of the call (ends of
 *   leases, of presence, of keys) go by the same clock. A store whose own clock shows another time moves all of them by
 *   the difference (`embedded/store-clock.ts`); times in its answers go by the store's clock. Within a job the times
 *   that people read never go back, also when the store's clock was set back.
 * - Facts of one job are in `rev` order in the log; a reader at position p that reads up to q has seen every fact in
 *   (p, q], also when commits run side by side.
 * - Operations that are under way side by side may be carried out in any order. What a reading gives has the effect of
 *   every operation that had resolved, and of every fact that was handed out, when it was asked for.
 * - No operation blocks the calling thread for longer than it takes to hand over its arguments.
 */
export interface Engine {
  readonly capabilities: Capabilities;
  readonly store: Store;
  readonly bus: Bus;
  readonly blobs: Blobs;
  readonly keys: Keys;
  readonly library: Library;
  readonly once: Once;
  readonly endpoints: Endpoints;
  /** Processes that answer callers just now, this one among them if it does, as far as is known. At least 1. */
  readonly gateways: () => number;
  /** Resolves when the engine cannot go on and the process should end; never otherwise. */
  readonly failure: Promise<StoreFailed>;
  /** Waits for the operations that were handed over, then closes. Safe twice. */
  close(): Promise<void>;
}

/**
 * The error that every call of a store rejects with. The store wrote nothing of the operation, unless `answerLost` says
 * that this is not known, as of the last operations of an engine that is gone (`failure`). An
 * engine that has a bad moment says `unavailable` for as long as it lasts, and does not end with `failure`.
 */
export class StoreFailed extends Error {
  override readonly name = 'StoreFailed';
  /** As the driver names it: `SQLITE_FULL`, `closed`, `overloaded`, `thread-ended`. For logs and metrics. */
  readonly code: string;
  /** Nothing was written, and the same call may succeed later: the disk is full, too many calls wait. */
  readonly unavailable: boolean;
  /** The call was carried out or not: its answer is lost. A repeat that says which call it repeats tells. */
  readonly answerLost: boolean;

  constructor(code: string, message: string, { unavailable = false, answerLost = false } = {}) {
    super(message);
    this.code = code;
    this.unavailable = unavailable;
    this.answerLost = answerLost;
  }
}

/** How drivers differ. Callers read these members and never ask for a driver by its name. */
export interface Capabilities {
  /** Survives the end of the process and of the machine. */
  readonly durable: boolean;
  /** No other process works on this engine: at start, every lease belongs to a worker that is gone. */
  readonly exclusive: boolean;
}

/** The input of a job; stored beside the job and never part of a record or fact. */
export interface JobInput {
  /**
   * The request as text, or the blob that holds it when it is large. The engine never reads it: the submitter writes
   * it, and the render thread reads it.
   */
  readonly request: { readonly inline: string } | { readonly blob: string };
  /** In the order in which the request refers to them. */
  readonly inputs: readonly StoredInput[];
}

/** A binary input: a blob, or an address that has to be fetched before an attempt. */
export type StoredInput =
  | { readonly blob: string }
  | {
      readonly url: string;
      /** Types that are taken, judged by the bytes. */
      readonly accept: readonly string[];
      /** Of the file. */
      readonly maxBytes: number;
      /** JSON pointer of the member that it stands for; jobs of earlier versions do not have it. */
      readonly pointer?: string;
    };

export interface Submission {
  /**
   * `pending`, `rev` 1, with an id that `jobId` made of `createdAt`: listings by time go by the id, which stays as it is
   * when the store moves the times of the job.
   */
  readonly job: Job;
  /** Left out, it is the job's `createdAt`. */
  readonly now?: number;
  /**
   * The answer to an earlier submit of this very job was lost. Where that one has made the job, also one that was
   * deleted since, nothing is stored and the answer is the same; known for as long as the job or its facts are there.
   */
  readonly repeated?: boolean;
  readonly input: JobInput;
  /** A completed job of this owner: this one has its artifacts at once, and holds them. Where they are gone it is pending. */
  readonly resultOf?: string;
  /** Those blobs of the input that another holder brought; the job comes about only if all are held still. */
  readonly shared?: readonly string[];
  readonly idempotency?: {
    readonly key: string;
    /** Digest of the canonical body: the same key with another one is a conflict. */
    readonly fingerprint: string;
    /** The key is forgotten then, or when its job is deleted: the next submit with it makes a new job. */
    readonly expiresAt: number;
  };
  readonly limits: {
    /** Pending jobs of all owners together, and of this owner. With 0 no job is made; one that the key has made is found. */
    readonly maxPending: number;
    readonly maxPendingPerOwner: number;
  };
}

export type SubmitOutcome =
  | { readonly type: 'created'; readonly job: Job; readonly position: Position }
  /** An earlier submit used this key with the same body: the job as it is now, and the position of its first fact. */
  | { readonly type: 'replayed'; readonly job: Job; readonly position: Position }
  | { readonly type: 'conflict' }
  /** Shared blobs that nothing holds any more: their files go, or are gone. Nothing was stored. */
  | { readonly type: 'gone'; readonly blobs: readonly string[] }
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
  /** What earlier attempts have produced: a kind that resumes does not make it again. */
  readonly parts: readonly Part[];
}

export interface ArtifactFilter {
  readonly owner: string;
  readonly jobId: string;
  /** Place of the first one, from 0. */
  readonly from: number;
  readonly limit: number;
}

export type ApplyOutcome =
  /** `removed` names blobs that nothing holds any more. A caller that needs the job as it is now asks for it. */
  | { readonly ok: true; readonly removed: readonly string[] }
  | { readonly ok: false; readonly refusal: Refusal | 'not-found' };

export interface Fact {
  readonly seq: number;
  readonly at: number;
  readonly type: FactType;
  readonly owner: string;
  /** Empty for facts of a group, as is `kind`. */
  readonly jobId: string;
  readonly kind: string;
  readonly group?: string;
  readonly tags?: readonly string[];
  /** 0 for facts of a group. */
  readonly rev: number;
  /** JSON text of the job's (or group's) record after the change: made once, sent to every subscriber. */
  readonly record: string;
}

export interface FactFilter {
  readonly owner: string;
  readonly after: number;
  readonly limit: number;
  readonly jobId?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly tag?: string;
}

export interface FactPage {
  readonly facts: readonly Fact[];
  /** The store has looked at every fact up to here: the next read starts after it, even when no fact matched. */
  readonly reached: number;
  /** True when facts after `after` may be gone: the reader needs a snapshot. */
  readonly trimmed: boolean;
}

export interface Depth {
  readonly pending: number;
  readonly running: number;
  /** Creation time of the oldest pending job. */
  readonly oldestPendingAt?: number;
}

export interface OwnerDepth {
  readonly owner: string;
  readonly pending: number;
}

export interface ApplyOptions {
  /** A job of another owner is `not-found`. */
  readonly owner?: string | undefined;
  /**
   * Names this command among all that are made of the job. The last one that has a name is known (by that name, or by
   * its claim where the claim can have but one such command): its repeat, after the answer was lost, changes nothing and
   * is `ok`. It names no blobs in `removed`; a clean-up finds those of the first time.
   */
  readonly operation?: string;
  /**
   * The small blobs among the artifacts of the command: their bytes are stored in its commit. Of a command that is
   * refused, and of artifacts that are left out, nothing is stored.
   */
  readonly blobs?: readonly SmallBlob[];
  /**
   * Nobody waits for this commit: a driver may keep the command back for so long, so that it shares the commit of what
   * comes meanwhile. The order of calls stays.
   */
  readonly mayWaitMs?: number;
}

export interface Store {
  /** Stores a new job and its first fact, or finds the job that the idempotency key made before. */
  submit(submission: Submission): Promise<SubmitOutcome>;
  /**
   * Claims up to `limit` jobs that are ready: fair by owner, then by priority, then by age. They stay pending, without
   * a fact, until their worker applies `start`.
   */
  claim(request: ClaimRequest): Promise<readonly Claimed[]>;
  /**
   * Applies one command to one job, as of `now`. Of the artifacts of a `produce` those are left out whose name the job
   * has already: a part that is made twice is kept once.
   */
  apply(id: string, command: Command, now: number, options?: ApplyOptions): Promise<ApplyOutcome>;
  /** Extends the leases of a worker's claims, without a fact. Returns the ids that it no longer holds. */
  extend(
    worker: string,
    held: readonly { id: string; claim: number }[],
    leaseUntil: number,
    now: number,
  ): Promise<readonly string[]>;
  /**
   * Says that a worker is there, until `until` unless it says so again; a worker that does not beat is there until the
   * lease of its last claim or extension ends. A driver of one process may take a worker to be there for as long as the
   * engine is open.
   */
  beat(worker: string, until: number, now: number): Promise<void>;
  /**
   * The settings that hold for the service. A worker that is there alone brings its own, which are stored; others take
   * what is stored, and say so where theirs are different. Limits of fairness hold for every claim from then on.
   */
  agree(agreement: Agreement): Promise<ServiceSettings>;
  /** Says that a worker is gone. */
  leave(worker: string): Promise<void>;
  /**
   * Ends the claims of workers that are not there and interrupts the jobs that they were running, without waiting for
   * their leases. Returns how many jobs were running; a job that was only claimed ahead stays pending and is not
   * counted.
   */
  reclaimAbsent(now: number): Promise<number>;
  /**
   * Whether a worker may do what only one worker shall do. It may when nobody else holds the duty who is there, and then
   * holds it until it is not there any more. An economy, no wall: one that was slow to find out may do it beside
   * its follower.
   */
  hold(duty: Duty, worker: string, now: number): Promise<boolean>;
  /** When the next job that is not ready yet will be, by the store's clock; undefined when there is none. */
  nextReadyAt(): Promise<number | undefined>;
  get(owner: string, id: string): Promise<Job | undefined>;
  input(owner: string, id: string): Promise<JobInput | undefined>;
  /** Artifacts of a job in the order in which they were made; undefined where there is no such job. */
  artifacts(filter: ArtifactFilter): Promise<readonly Artifact[] | undefined>;
  artifact(owner: string, id: string, name: string): Promise<Artifact | undefined>;
  /**
   * Newest first. `more` tells whether there may be others after the page. What a call costs is bounded, whatever the
   * filter: one that few jobs match may take several calls (`JobPage.next`); so does one of every owner.
   */
  list(filter: ListFilter): Promise<JobPage>;
  /** The same as records: for many jobs, which then cost the caller next to nothing. */
  records(filter: ListFilter): Promise<RecordPage>;
  group(owner: string, group: string): Promise<GroupRecord | undefined>;
  /**
   * Groups that have jobs, in the order of the last creation, start or end of one of their jobs, newest first;
   * retention moves no group. The cost depends on the page, not on the number of jobs. A caller that pages misses a
   * group that moves to the front meanwhile.
   */
  groups(filter: GroupFilter): Promise<GroupPage>;
  depth(): Promise<Depth>;
  /** Pending jobs by owner, those of nobody left out, in the order of the owners' UTF-8 bytes. */
  waiting(): Promise<readonly OwnerDepth[]>;
  /**
   * Facts in order, at most `limit`. A page may be shorter when the filter skips many facts: the reader goes on from
   * `reached`.
   */
  facts(filter: FactFilter): Promise<FactPage>;
  /** Facts of all owners in order, at most `limit`: for the follower, which separates the owners itself. */
  everyFact(after: number, limit: number): Promise<FactPage>;
  log(): Promise<LogState>;
  /** One step of retention, also of what waits in `Once`, of endpoints, and of retired entries of the library. */
  sweep(request: SweepRequest): Promise<SweepOutcome>;
  /** Of these blob names, the ones that nothing holds: no job and no version of the library. */
  unused(blobs: readonly string[]): Promise<readonly string[]>;
  /** Rejects when the store cannot take a change. For readiness. */
  ping(): Promise<void>;
}

/**
 * A message that the log has grown to `last`. It carries either every fact after `after` up to `last`, or none when the
 * sender does not have them at hand. A reader that has everything up to `after` may take the facts from the hint
 * instead of reading the log. Only the follower (`follow/`) listens to hints; every other part listens to the follower.
 */
export interface Hint {
  readonly epoch: string;
  readonly after: number;
  readonly last: number;
  readonly facts: readonly Fact[];
  /** The facts are all those of the owners that are selected (`Bus.selection`), and there may be none. */
  readonly isSelected?: true;
}

/** Lossy by contract. Listeners are called in the order of subscription and must not throw. */
export interface Bus {
  /** Returns what ends the subscription. */
  onHint(listener: (hint: Hint) => void): () => void;
  publishProgress(progress: JobProgress): void;
  onProgress(listener: (progress: JobProgress) => void): () => void;
  /** Of attempts that a commit under way ends; left out where a commit is as quick as its word. */
  onEnding?(listener: (ending: AttemptEnding) => void): () => void;
  /** Where hints and progress may be those of selected owners alone. Left out, they are those of all. */
  readonly selection?: OwnerSelection | undefined;
}

/** Each call holds for the hints that come after it. `everyOwner` stands for all. */
export interface OwnerSelection {
  select(owner: string): void;
  drop(owner: string): void;
}

/** How a driver is opened. */
export interface EngineOptions {
  /** Until the settings of the service are known (`Store.agree`). */
  readonly fairness: FairnessLimits;
  /** The store's clock. Left out: the callers' clock is the store's, whatever they say. */
  readonly clock?: () => number;
  /** Called after every commit with how many changing operations shared it and how long it took, the disk included. */
  readonly onCommit?: (commit: Commit) => void;
}

export interface Commit {
  readonly operations: number;
  readonly ms: number;
}
