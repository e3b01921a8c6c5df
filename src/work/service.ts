import type { Readable } from 'node:stream';
import type { ListFilter } from '../engine/listing.js';
import type { Artifact, Content, Job, JobDescription } from '../jobs/job.js';
import type { JobWebhook } from '../jobs/job-webhook.js';
import type { Position } from '../protocol/cursor.js';
import type { GroupRecord } from '../protocol/fact.js';
import type { JobRecord, JobWarning } from '../protocol/job-record.js';
import type { Problem } from '../protocol/problem.js';
import type { FoundDesign, ReadsDesigns } from '../render/design.js';
import type { DesignName, Kind, Plan, PlanInput, UploadedFile } from '../render/kind.js';
import type { PageView } from '../render/page-view.js';
import type { FinishedFile } from '../render/wire.js';
import type { ContentRange } from './contents.js';
import type { OriginalRequest } from './original-request.js';
import type { CallerTrace } from './tracing.js';

/** What the job engine offers to everything that speaks to callers: HTTP routes, dialects, the gateway. */

export type Answer<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly problem: Problem };

/** JSON as it came, in UTF-8. */
export interface JsonBody {
  readonly json: Uint8Array;
}

/**
 * The parts of a form, in order: each is a member of the request or an element of one, `request` is JSON with others.
 * The files lie aside. A submit takes those that it needs; once it has answered, its caller discards what is left.
 */
export interface FormBody {
  readonly form: readonly FormPart[];
}

export type FormPart =
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly file: UploadedFile };

/**
 * A request that its sender has read and checked already, since it is of another shape than a request of the kind: one of
 * a dialect, or one with things of the library. Its addresses are judged here like all others.
 */
export interface PlannedBody {
  readonly plan: Plan;
  readonly options: JobOptions;
  /**
   * What the caller asked for, in its own words: `Reader.input` tells it, and an idempotency key compares it. The
   * pointers of the inputs lead into it. The submit takes it apart.
   */
  readonly members: Readonly<Record<string, unknown>>;
  /** A completed job of the owner whose result this one has at once, where it is still there. */
  readonly resultOf?: string;
  /** Of all that was asked for, where this is one part of it: an idempotency key compares it instead of the members. */
  readonly fingerprint?: string;
}

/** A body that may become a job: read, checked, and as texts, whatever its shape was. */
export interface ParsedRequest {
  readonly kind: string;
  /** What the back of the kind gets, as JSON text. */
  readonly request: string;
  /** The body itself, when it was asked for. */
  readonly original?: OriginalRequest;
  readonly inputs: readonly PlanInput[];
  readonly options: JobOptions;
  /** Members of the body that nothing is made of. */
  readonly warnings: readonly JobWarning[];
  /** Digest of the canonical body, with files by their digests: equal bodies have equal ones, however they are written. */
  readonly fingerprint: string;
}

export type ParseAnswer = Answer<{ readonly parsedRequest: ParsedRequest }>;

/** Of a body that `Bodies` has read. */
export interface ParsedBody {
  readonly parsed: ParsedRequest;
}

/** Looks a design of the library up; undefined where the caller has none of this name. */
export type FindDesign = (name: DesignName) => Promise<FoundDesign | undefined>;

/**
 * Bodies of another shape than a kind's: those of a dialect. Large ones are read in another thread, which has this very
 * object by its name (`http/dialects/body-shapes.ts`): what goes in and what comes out is plain data.
 */
export interface BodyShape<Body extends JsonBody | FormBody, Asked, Told extends object> {
  readonly name: string;
  /** Never throws; its time and memory are bounded by the size of the body. Files in a form are of no class. */
  read(body: Body, asked: Asked, tools: ShapeTools): Promise<Answer<Told>>;
}

export interface ShapeTools {
  readonly kinds: readonly Kind[];
  readonly findDesign: FindDesign;
  /** Reads a design that stands in the body. */
  readonly readDesign: ReadsDesigns;
  /** Checks what a plan has in common with every other, and makes its texts; takes the members apart. */
  finish(kind: string, body: PlannedBody): ParseAnswer;
}

export interface Bodies {
  /** The caller must not use the bytes of the body afterwards: their memory may move to the thread. */
  readShape<Body extends JsonBody | FormBody, Asked, Told extends object>(
    shape: BodyShape<Body, Asked, Told>,
    request: { readonly owner: string; readonly body: Body; readonly asked: Asked },
  ): Promise<Answer<Told>>;
}

/** What a caller may ask of the job itself, beside the request of its kind. */
export interface JobOptions {
  readonly description: JobDescription;
  readonly group?: string;
  /** -10..10 */
  readonly priority: number;
  readonly resultTtlMs?: number;
  readonly runTimeoutMs?: number;
  readonly waitTimeoutMs?: number;
  readonly maxAttempts?: number;
  readonly webhook?: JobWebhook;
}

export interface SubmitRequest {
  readonly owner: string;
  readonly body: JsonBody | FormBody | PlannedBody | ParsedBody;
  /**
   * The kind when the body names none; a body that names another one is refused when `onlyKind` is set. A plan is one of
   * this kind.
   */
  readonly kind: string;
  readonly onlyKind?: boolean;
  /** Refuses a body with members that are not known; otherwise these are warnings of the job. Of no effect on a plan. */
  readonly strict?: boolean;
  readonly idempotencyKey?: string;
  readonly requestId: string;
  readonly trace?: CallerTrace;
}

export interface RetryRequest {
  readonly owner: string;
  /** The job that has ended. */
  readonly id: string;
  readonly idempotencyKey?: string;
  readonly requestId: string;
  readonly trace?: CallerTrace;
}

export interface KnownRequest {
  readonly owner: string;
  readonly kind: string;
  readonly idempotencyKey: string;
  /** As that of the `PlannedBody`. */
  readonly fingerprint: string;
}

/** `created` is false when the idempotency key had already made the job. */
export interface Accepted extends JobView {
  readonly created: boolean;
  /** Of the job's first fact. */
  readonly position: Position;
}

export interface Submitter {
  /** Accepts a job. When this resolves with `ok`, the job and its input are durable. */
  submit(request: SubmitRequest): Promise<Answer<Accepted>>;
  /**
   * What an earlier submit with this key and fingerprint has made, as it is now; undefined where there is none, and refused
   * where the key came with another fingerprint. So a request that is sent again is not judged anew, by what it names as
   * that is now. Makes nothing.
   */
  known(request: KnownRequest): Promise<Answer<{ readonly accepted: Accepted | undefined }>>;
  /** Accepts a new job from the input and the options of one that has ended, as durably; neither needs the other. */
  retry(request: RetryRequest): Promise<Answer<Accepted>>;
}

export interface JobView {
  readonly record: JobRecord;
  /** Changes whenever the record does (progress included): the ETag of a poll, without quotes. */
  readonly version: string;
}

/** What is listed is the store's; where a page begins is the cursor's. */
export interface ListRequest extends Omit<ListFilter, 'afterId'> {
  /** As `next` of the page before. */
  readonly cursor?: string;
  /** 1..200 */
  readonly limit: number;
}

export type GroupListRequest = Pick<ListRequest, 'owner' | 'cursor' | 'limit'>;

/** A file that a job names is not there any more: the operator has lost it. */
export class FileMissing extends Error {
  override readonly name = 'FileMissing';
}

export interface Reader {
  /** Undefined for an unknown id and for a job of another owner. */
  view(owner: string, id: string): Promise<JobView | undefined>;
  /**
   * Resolves with the view as soon as its version differs from `version`, after `waitMs`, or when the signal fires.
   * Without `version`, it waits for the job's end.
   */
  wait(owner: string, id: string, options: WaitOptions): Promise<JobView | undefined>;
  list(request: ListRequest): Promise<Answer<{ jobs: readonly JobRecord[]; next?: string }>>;
  /** The same, for whoever only hands the records on: as JSON in UTF-8, with commas between them. */
  listed(request: ListRequest): Promise<Answer<{ records: Uint8Array; next?: string }>>;
  group(owner: string, group: string): Promise<GroupRecord | undefined>;
  /**
   * Groups in the order of the last creation, start or end of one of their jobs, newest first. `cursor` is `next` of
   * the page before; `limit` 1..200.
   */
  groups(request: GroupListRequest): Promise<Answer<{ groups: readonly GroupRecord[]; next?: string }>>;
  /** The job, for serving its files. */
  job(owner: string, id: string): Promise<Job | undefined>;
  /** Artifacts in the order in which they were made, from the place `from` (0 is the first); undefined as for `view`. */
  artifacts(
    owner: string,
    id: string,
    page: { readonly from: number; readonly limit: number },
  ): Promise<readonly Artifact[] | undefined>;
  artifact(owner: string, id: string, name: string): Promise<Artifact | undefined>;
  /** The first PDF among the inputs of a job; undefined where there is none. Addresses are none. */
  pdfInput(owner: string, id: string): Promise<{ content: Content; tag: string } | undefined>;
  /**
   * The request as the caller submitted it, with its kind, as JSON text. Large binary members are left out: a text that
   * no kind accepts stands in their place. `input-gone` for a job of an earlier version.
   */
  input(owner: string, id: string): Promise<Answer<{ request: string; leftOut: readonly LeftOut[] }>>;
  /** The facts of a job, oldest first; undefined as for `view`. */
  history(owner: string, id: string): Promise<History | undefined>;
  /** Bytes of an artifact. Rejects with `FileMissing` when a blob of it is not there. */
  read(content: Content, range?: ContentRange): Promise<Readable>;
}

export interface LeftOut {
  /** JSON pointer into the request. */
  readonly pointer: string;
  readonly sizeBytes: number;
}

export interface History {
  /** Events as the stream sends them, JSON texts (P-2). */
  readonly events: readonly string[];
  /** False when retention has removed the first facts, or when there are more than fit into one answer. */
  readonly complete: boolean;
}

export interface WaitOptions {
  /** Ends the wait as soon as the job has another version; without it only the end of the job does. */
  readonly version?: string;
  /** The job as it was at a position of the log, from the answer to a submit: perhaps nothing has happened since. */
  readonly asOf?: { readonly view: JobView; readonly position: Position };
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

export interface Remover {
  /**
   * Pending and running jobs are cancelled (a running thread is stopped), ended ones are deleted with their result.
   * False when there is no such job of this owner.
   */
  remove(owner: string, id: string): Promise<boolean>;
  /**
   * Cancels a job that has not ended; an ended job stays as it is. Returns the job afterwards; undefined as for `view`.
   */
  cancel(owner: string, id: string): Promise<JobView | undefined>;
}

/** Which page a preview shows, from 1 (past the last one: the last), and how wide in pixels. */
export interface PreviewPage {
  readonly page: number;
  readonly width: number;
}

/** Renders without a job: at once, on the same pool, stored nowhere. */
export interface SyncRender {
  /**
   * @param signal fires when the caller has gone: the thread is stopped
   * @param preview the files are then a picture of a page and a `PreviewFacts`; none, where the kind has no previews and
   * the request was only checked
   * The files are there until `dispose` is called, which the caller must do.
   */
  run(
    request: Omit<SubmitRequest, 'idempotencyKey' | 'body'> & {
      readonly body: JsonBody | PlannedBody | ParsedBody;
      readonly preview?: PreviewPage;
      readonly signal: AbortSignal;
    },
  ): Promise<
    Answer<{
      files: readonly FinishedFile[];
      pages?: number;
      warnings: readonly JobWarning[];
      dispose: () => Promise<void>;
    }>
  >;
  /** What `run` would refuse this owner now for want of a place. */
  refusalOf(owner: string): Problem | undefined;
  /** Runs such work as `run` runs a request. */
  task(request: TaskRequest): ReturnType<SyncRender['run']>;
}

/** Work of the server's own on what a caller gave, by a back that has no front. */
export interface TaskRequest {
  readonly owner: string;
  /** Its name. */
  readonly back: string;
  /** What it gets, which survives `JSON.stringify`. */
  readonly request: unknown;
  /** In the order in which it names them. */
  readonly inputs: readonly (Uint8Array | UploadedFile)[];
  /** Shows a page of its result, a PDF, in the place of the result. */
  readonly preview?: PreviewPage;
  /** Fires when the caller has gone. */
  readonly signal: AbortSignal;
}

export interface PageRequest {
  readonly owner: string;
  /** Of a PDF. */
  readonly content: Content;
  /** As strong as its digest. */
  readonly tag: string;
  readonly view: PageView;
  /** Fires when the caller has gone. */
  readonly signal: AbortSignal;
}

export interface Pages {
  /** What a view is made of, in the order that `PageView` says; `not-found` past the last page. */
  show(request: PageRequest): Promise<Answer<{ files: readonly Buffer[] }>>;
}

/** Whether new work can be taken, and what the pool and the store look like. */
export interface Readiness {
  /** Empty when everything can take work; otherwise the name of each failing check with its reason. */
  check(): Promise<{ readonly ready: boolean; readonly checks: Readonly<Record<string, string>> }>;
}

/** All parts together, as the HTTP routes receive them. */
export interface JobService {
  readonly bodies: Bodies;
  readonly submitter: Submitter;
  readonly reader: Reader;
  readonly remover: Remover;
  readonly syncRenderer: SyncRender;
  readonly pages: Pages;
  readonly readiness: Readiness;
}
