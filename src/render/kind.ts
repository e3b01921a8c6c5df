import type { TSchema } from 'typebox';
import type {
  ErrorCode,
  ErrorDetails,
  IndexRange,
  JobWarning,
  PageRecord,
  RowTotals,
} from '../protocol/job-record.js';
import type { PictureCall, PictureOutcome } from './picture-call.js';
import type { ProgramCall, ProgramOutcome, ProgramRegistry } from './program-call.js';
import type { VirtualFile, VirtualRun } from './virtual-files.js';

/**
 * A job kind, in two halves that meet only through plain data:
 *
 * - the **front** (`Kind`) runs in the thread that answers HTTP. It checks a request and says what the job will need.
 *   It is pure, fast and loads no engine.
 * - the **back** (`KindRunner`, or `ChunkedRunner` where a job is many tasks) runs in render threads. It turns the
 *   request into artifacts, reports progress and knows neither the store nor the network.
 */

/** One defect of a request. `pointer` is a JSON pointer (RFC 6901) into the body as the caller sent it. */
export interface Issue {
  readonly pointer: string;
  readonly message: string;
}

/** A request that may run. */
export interface Plan {
  /**
   * What the back gets: the request, normalised, which survives `JSON.stringify`. In the place of what is an input
   * stands its index in `inputs`, or its address.
   */
  readonly request: unknown;
  /** What the back reads beside the request. Bytes and files come before addresses; no address comes twice. */
  readonly inputs: readonly PlanInput[];
}

/** `pointer` is the JSON pointer of the member that it stands for. */
export type PlanInput = BytesInput | FileInput | AddressInput | BlobInput;

/** A member that was base64. */
export interface BytesInput {
  readonly bytes: Uint8Array;
  readonly pointer: string;
  /** Other members that are the same bytes. */
  readonly repeats?: readonly string[];
}

/** A member that was uploaded. */
export interface FileInput {
  readonly file: UploadedFile;
  readonly pointer: string;
}

/** A member that is an address. The guard fetches it before the back runs, which finds it by its address. */
export interface AddressInput extends Address {
  readonly pointer: string;
}

/**
 * A member that stands for a blob which something else in the store holds: in plans of the server's own, since no kind
 * looks into the store. The job holds the blob, too, and does not come about when it is gone.
 */
export interface BlobInput {
  readonly blob: string;
  readonly pointer: string;
}

export interface Address {
  readonly url: string;
  /** Types that are taken, judged by the bytes: `image/png`, ..., or the media range of HTTP that stands for all. */
  readonly accept: readonly string[];
  /** Of the file. */
  readonly maxBytes: number;
}

/**
 * A file that the caller sent as a part of a form: the value of a member of the request, which no JSON can hold. It lies
 * aside, complete, until the job is stored. A kind that has no use for a file there refuses it.
 */
export class UploadedFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** As the caller's machine calls it, without a path; undefined where the part has none. */
  readonly fileName: string | undefined;
  /** As the caller says. */
  readonly contentType: string;
  /** The first 1,024 bytes, by which the front of a kind knows the format without reading the file. */
  readonly head: Uint8Array;

  constructor(file: Pick<UploadedFile, keyof UploadedFile>) {
    this.path = file.path;
    this.sizeBytes = file.sizeBytes;
    this.sha256 = file.sha256;
    this.fileName = file.fileName;
    this.contentType = file.contentType;
    this.head = file.head;
  }
}

/** Length of `UploadedFile.head`. */
export const headBytes = 1024;

export type Parsed =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** Ids of designs: URL-safe, and no step of a path. */
export const designIdShape = /^(?!\.{1,2}$)[A-Za-z0-9._~-]{1,64}$/;

/** A design of the library, as a request names it; the latest version where it names none. */
export interface DesignName {
  readonly id: string;
  readonly version?: number;
}

export interface Kind {
  /** `document`, `merge`, ...: the value of a job's `kind`. */
  readonly name: string;
  /**
   * Shape of the request's own members: for OpenAPI, and to read the text parts of a form, which are numbers, lists and
   * so on by this shape. The check itself is `parse`.
   */
  readonly schema: TSchema;
  /**
   * What a later attempt does with the artifacts that an earlier one has produced; left out, they are removed when it
   * starts. `resumed`: the back finds them in its context and goes on from them. `chunked`: the back is a
   * `ChunkedRunner`, and only the chunks that are missing are run.
   */
  readonly attempts?: 'resumed' | 'chunked';
  /** Drafts of it may be looked at: its back is a `KindRunner` whose result is a PDF. */
  readonly previewed?: true;
  /**
   * The stored design that a request names, when it names one. The plan is then made with that design (`ReadDesign.plan`),
   * in the place of `parse`.
   */
  readonly storedDesign?: (request: Readonly<Record<string, unknown>>) => DesignName | undefined;
  /** The external programs that its back calls. Kinds that name the same one mean the same. */
  readonly programs?: ProgramRegistry;
  /**
   * Checks a request of any shape; never throws. Members that it does not own (job options) are ignored, and every
   * `UploadedFile` that is no input of the plan is then refused.
   */
  parse(request: unknown): Parsed;
  /**
   * Counts what the chunks of a job come to, of which each is a row.
   * @param plan of `prepare`
   */
  tally?(plan: unknown): Tally;
}

/** Takes what chunks say of themselves, in any order. Pure; its answers do not depend on that order. */
export interface Tally {
  /**
   * @param note what the chunk has resolved with; undefined for units that are lost
   * @returns why the job ends here, once that is known
   */
  add(units: IndexRange, note: unknown): Verdict | undefined;
  /** What the rows of one chunk alone came to; nothing is counted. */
  of(units: IndexRange, note: unknown): RowTotals;
  /** Of a job that has ended by a verdict: as of the row that brought it. */
  readonly rows: RowTotals;
}

export interface Verdict {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

/** How far a running attempt is. `ratio` is 0..1 and never falls; pages are counted once they are known. */
export interface Progress {
  readonly ratio: number;
  /** A word for a person: `fonts`, `layout`, `pages`, `storing`. */
  readonly phase: string;
  readonly pagesDone?: number;
  readonly pagesTotal?: number;
  readonly rows?: RowTotals;
}

/** Where a part of a request has come to lie on a page. Lengths are points, from the upper left corner of the page. */
export interface Area {
  /** From 1. */
  readonly page: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** JSON pointer of the part. */
  readonly pointer: string;
}

/** A file that was fetched for the job. */
export interface Fetched {
  readonly path: string;
  /** Type found in the bytes, not the one that the server claimed: `image/png`, `image/jpeg`, ... */
  readonly contentType: string;
}

/** A file being made. Bytes go to disk as they come, unless they are few; the digest is taken on the way. */
export interface ArtifactWriter {
  write(chunk: Uint8Array): void;
  /** Call once, after the last write. */
  end(): void;
}

/** What the record of a job, and the fact that tells of an artifact, say of it beside its name. */
export interface Shows {
  /** It is a picture of this page. */
  readonly page?: PageRecord;
  /** Pages of the document that the job is about, which are known with this artifact. */
  readonly pageCount?: number;
}

export interface RunContext {
  /** Absolute path of an input, by its index in `Plan.inputs`. */
  inputPath(index: number): string;
  /** An input that is an address, by its text. */
  fetched(url: string): Fetched;
  /** Names of the files of the job: those of earlier attempts (for `prepare`: the kept ones), and for `finish` all. */
  readonly parts: readonly string[];
  /** Absolute path of one of `parts`. */
  partPath(name: string): string;
  /** Cheap to call often: what reaches the pool is limited to one update per 50 ms or 1 %, and never falls. */
  progress(progress: Progress): void;
  /**
   * Starts an artifact; the first one is the job's result, others are found by name beside it.
   * `name` is a plain file name (`document.pdf`, `chunk-001.pdf`).
   */
  artifact(name: string, contentType: string, shows?: Shows): ArtifactWriter;
  /**
   * Starts a part: an artifact that is made durable, told of and served as soon as it is ended, while the task goes on.
   * Its name must be one that the job has not used, but for the parts of `prepare` and of chunks: those that an earlier try
   * has made already are dropped, since they are the same.
   */
  part(name: string, contentType: string, shows?: Shows): ArtifactWriter;
  /** Writes bytes to a file of the task's own, for what reads files alone. It goes when the task ends. */
  scratch(bytes: Uint8Array): string;
  warn(warning: JobWarning): void;
  /**
   * There when the work is a preview: told of every place of every part that has one. The server itself looks at the
   * result then, which has no passwords.
   */
  readonly area?: (area: Area) => void;
  /**
   * Runs an external program that the server knows by name, outside of this thread and of the server: a back of a kind
   * never starts one itself, since a thread that is ended leaves its children. Every end of the program is an outcome, of
   * the task's own making or not; the files of an outcome stay until the task ends, and no program outlives it.
   */
  program(call: ProgramCall): Promise<ProgramOutcome>;
  /**
   * Decodes a picture of a stranger, outside of this thread, which would have to wait for the end of such work when the task
   * is cancelled: no kind decodes one by itself. The files of an outcome stay until the task ends.
   */
  picture(call: PictureCall): Promise<PictureOutcome>;
  /** There where the task can be stopped between two steps. */
  readonly stops?: Stops;
  /** Says that the task has taken much memory outside of the heap: another thread takes this one's place when it has ended. */
  heavy(): void;
}

/**
 * For work that can be ended at many places without leaving anything half done in its thread: the thread then outlives a
 * cancel, which would have to clear its whole heap away.
 */
export interface Stops {
  /** Throws where the task is to stop, and has to get to the caller of `run` as it is. Costs some nanoseconds. */
  look(): void;
  /** Says that the task looks from now on, every few milliseconds as a rule and until `rest`, or that it is at its end. */
  watch(): void;
  /** Looks, and says that the task does not look from now on: a cancel ends its thread. */
  rest(): void;
}

export interface RunResult {
  /** Pages in the result, where it has pages. */
  readonly pages?: number;
}

export interface KindRunner {
  readonly name: string;
  /** Loads what every job of the kind needs. */
  warm?(): Promise<void>;
  /** Rejects with `RenderFailure` for what the caller has to fix, with any other error for a defect of the server. */
  run(request: unknown, context: RunContext): Promise<RunResult>;
}

/** What `prepare` found, as plain data. */
export interface Prepared {
  /** How many units of work (rows, pages) there are. */
  readonly units: number;
  /** Units of one chunk: as many as take some hundred milliseconds, since others wait for a chunk. */
  readonly unitsPerChunk: number;
  /** A unit that goes before all others, as a chunk of its own: somebody waits for it. */
  readonly first?: number;
  /** The units are pages of a document: progress counts them. */
  readonly unitsArePages?: true;
  /** `finish` reads no part: it gets their names alone, which costs nothing where there are thousands. */
  readonly finishReadsNames?: true;
  /** For the chunks and `finish`; copied to a thread for each of them, so that what is large belongs into a file. */
  readonly plan: unknown;
}

/** What every task of a job of many tasks has. */
export interface StepContext extends RunContext {
  /**
   * Starts a file that the job keeps for its own use, for as long as it has artifacts: no caller sees it, artifacts are
   * cut from it, later tasks and later attempts find it among `parts`.
   */
  kept(name: string, contentType: string): ArtifactWriter;
  /** Adds an artifact that is no file. The first one of a task comes before its files. */
  virtual(file: VirtualFile): void;
}

/** What a chunk and `finish` get of `prepare`. */
export interface ChunkContext extends StepContext {
  readonly plan: unknown;
  /** When the job was accepted, in milliseconds since 1970: the only time that may stand in a file. */
  readonly createdAt: number;
  /** Absolute path of an artifact that `prepare` made, or of a file that it keeps. */
  preparedPath(name: string): string;
  /** Adds artifacts that are no files: of a chunk alone. */
  virtualRun(run: VirtualRun): void;
}

/**
 * The back of a kind whose jobs are many tasks: `prepare`, then chunks in any thread and any order, then `finish`. All
 * three are functions of what they get, without chance or time: a chunk that is made twice has the same bytes. An
 * attempt prepares anew and runs the chunks of which no parts are there. A chunk that ends its thread is run once more,
 * then halved, so that in the end only the unit that does it is lost.
 */
export interface ChunkedRunner {
  readonly name: string;
  warm?(): Promise<void>;
  /** Does the work of a job for nobody, behind `warm`: a thread that has done it some times is quick. */
  practise?(): Promise<void>;
  /**
   * Its artifacts are the files for the other tasks of the attempt; they are no artifacts of the job, as its parts are. What
   * it keeps is there for a later attempt, too, which does not make it again.
   */
  prepare(request: unknown, context: StepContext): Promise<Prepared>;
  /**
   * Makes the artifacts of these units: they become parts of the job together, with the warnings and with what this resolves
   * with, for `Kind.tally`, when the chunk has ended. A chunk that has none is run again by a later attempt. A file that is
   * kept comes first.
   */
  chunk(units: IndexRange, context: ChunkContext): Promise<unknown>;
  /**
   * Makes the artifacts of the whole, of which the first is the result.
   * @param lost units that ended their thread every time, in order: no part has them
   */
  finish(lost: readonly IndexRange[], context: ChunkContext): Promise<RunResult>;
}

/** The back of a kind, loaded by a render thread when it is first needed. */
export interface KindBack {
  readonly name: string;
  /** Once a job of the kind has come, every thread loads it ahead while it is idle: the kinds of most jobs, and those that all threads work on. */
  readonly warm?: true;
  load(): Promise<KindRunner | ChunkedRunner>;
}

/** The kinds of a server, as each of its threads knows them. */
export interface KindSet {
  readonly fronts: readonly Kind[];
  /** Entry of a render thread, which has their backs. */
  readonly renderThread: URL;
  /** Entry of the thread that reads large bodies, which has their fronts. */
  readonly bodyThread: URL;
}

/** A failure that belongs to the request, not to the server: the job fails with it, and no other attempt follows. */
export class RenderFailure extends Error {
  constructor(
    message: string,
    readonly pointer?: string,
    readonly details?: ErrorDetails,
  ) {
    super(message);
    this.name = 'RenderFailure';
  }
}

/** A fault of the machine that passes: the attempt fails as `storage_failed`, and another one follows. */
export class PassingFault extends Error {
  /** @param fault its code, where the system has told one: the attempt does not count then */
  constructor(
    message: string,
    readonly fault?: string,
  ) {
    super(message);
    this.name = 'PassingFault';
  }
}
