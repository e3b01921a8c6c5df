import type { EventType } from '../../src/protocol/event.js';
import type { GroupRecord } from '../../src/protocol/fact.js';
import type { ArtifactRecord, JobStatus } from '../../src/protocol/job-record.js';
import type { EndedJob, JobFact, JobRecord } from './records.js';

export type * from './records.js';
export type * from './requests.js';

/** A group with how far it is as a whole, 0 to 100. */
export type GroupProgress = GroupRecord & { readonly progress: number };

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface WatchGroupOptions extends CallOptions {
  /** Goes on when no job of the group is left to run: another one may come. */
  readonly continuous?: boolean | undefined;
}

export interface SubmitOptions extends CallOptions {
  /** One job per key, however often it is sent; made up when left out, so that a lost answer can be asked for again. */
  readonly idempotencyKey?: string | undefined;
  /**
   * Refuse a request with members that the server does not know (`validation-failed`, a pointer to each). Otherwise they
   * are ignored, and warnings of the job (`unknown_member`).
   */
  readonly strict?: boolean | undefined;
}

export interface ListOptions extends CallOptions {
  readonly status?: JobStatus | undefined;
  readonly kind?: string | undefined;
  readonly group?: string | undefined;
  readonly reference?: string | undefined;
  /** Several: jobs that have all of them. */
  readonly tag?: string | readonly string[] | undefined;
  /** Jobs that have all of these pairs. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /**
   * Words, each of which begins a word of the job's title, reference, file name, tags, metadata, group or kind, without
   * regard to case and accents; or an id, or its beginning.
   */
  readonly search?: string | undefined;
  /** ISO 8601, exclusive. */
  readonly created_after?: string | undefined;
  readonly created_before?: string | undefined;
  /** `next_cursor` of the page before. */
  readonly cursor?: string | undefined;
  /** 1 to 200, default 50. */
  readonly limit?: number | undefined;
}

export interface JobPage {
  /** Of a search few or none may be on a page that is not the last. */
  readonly jobs: readonly JobRecord[];
  /** Left out on the last page. */
  readonly next_cursor?: string;
}

export interface ArtifactsOptions extends CallOptions {
  /** Place of the first one, from 0: `produced.from` of a record, or `next_from` of the page before. */
  readonly from?: number | undefined;
  /** 1 to 1,000, default 100. */
  readonly limit?: number | undefined;
}

export interface ArtifactPage {
  readonly artifacts: readonly ArtifactRecord[];
  /** How many there are by now. */
  readonly artifact_count: number;
  /** Left out when this page has the last one there is by now. */
  readonly next_from?: number;
}

/** What `GET /api/v1/capabilities` tells; more than is named here. */
export interface Capabilities {
  /** `none`: the server needs no key (development mode). */
  readonly auth: 'none' | 'key';
  readonly capabilities: readonly { readonly name: string; readonly enabled: boolean }[];
  /** Bounds by name, in the unit that the name ends with. */
  readonly limits: Readonly<Record<string, number>>;
  /** Who asks, by its key. Left out by servers of an earlier version. */
  readonly caller?: {
    readonly owner: string;
    readonly key_id: string;
    /** `*` is every scope. */
    readonly scopes: readonly string[];
  };
  readonly [member: string]: unknown;
}

/** One job's past. */
export interface JobHistory {
  /** Its facts in order, as they went over the stream. */
  readonly events: readonly JobFact[];
  /** False when retention has removed the oldest facts. */
  readonly complete: boolean;
}

export interface WatchOptions extends CallOptions {
  /**
   * A cursor: only what happened after it (`events_cursor` of a submit). Left out: the job as it is now comes first.
   */
  readonly after?: string | undefined;
  /** Least time between two progress values, 0 to 60,000; 0 is none. Default 100. */
  readonly progressMs?: number | undefined;
}

export interface SubscribeOptions extends WatchOptions {
  /** Only these types of events. */
  readonly types?: readonly EventType[] | undefined;
  /** False: begin with what happens next. */
  readonly snapshot?: boolean | undefined;
}

export interface WaitOptions extends CallOptions {
  /** Milliseconds; past it the call rejects with `timed-out`, and the job goes on. */
  readonly timeout?: number | undefined;
}

export interface DownloadOptions extends CallOptions {
  /** Name of an artifact; left out: the result. */
  readonly artifact?: string | undefined;
  readonly onProgress?: ((progress: { readonly bytes: number; readonly total: number }) => void) | undefined;
}

export interface Download {
  /** As `Content-Disposition` names it. */
  readonly name: string;
  readonly contentType: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex SHA-256 of the whole file, where the server knows it: not of one that it computes as it is read. */
  readonly sha256?: string | undefined;
  /**
   * Goes on by itself after a broken connection; errors with `digest-mismatch` in place of its end when bytes are
   * wrong.
   */
  readonly stream: ReadableStream<Uint8Array>;
  /** All of it. Take this or `stream`. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
}

export interface BatchOptions extends CallOptions {
  /**
   * Name of the batch: its idempotency keys are made of it, and it is the group of documents that name none. Run the
   * same batch under the same name again, and only what is missing is rendered. Made up when left out.
   */
  readonly name?: string | undefined;
  /** Documents between their submit and their end, at one time. Default 16. */
  readonly concurrency?: number | undefined;
  readonly onProgress?: ((progress: BatchProgress) => void) | undefined;
  /** Called with each document as it ends, in the order in which they end. */
  readonly onDocument?: ((outcome: BatchOutcome) => void | Promise<void>) | undefined;
}

export interface BatchProgress {
  readonly total: number;
  readonly submitted: number;
  readonly completed: number;
  /** Refused, failed or cancelled. */
  readonly failed: number;
  /** 0 to 100, running documents with their share. */
  readonly progress: number;
}

export interface BatchOutcome {
  /** Of the document in the input. */
  readonly index: number;
  readonly idempotencyKey: string;
  /** The job at its end; left out when it was never accepted. */
  readonly job?: EndedJob;
  /** Why it was not accepted, or why `onDocument` failed. */
  readonly error?: unknown;
}

export interface BatchResult {
  readonly name: string;
  /** By index. */
  readonly outcomes: readonly BatchOutcome[];
  readonly completed: number;
  readonly failed: number;
}

export type TransportName = 'websocket' | 'sse' | 'long-poll' | 'polling';

/** How the shared connection is. */
export interface ConnectionState {
  /** `idle`: nothing is followed. `waiting`: for the next attempt. */
  readonly status: 'idle' | 'connecting' | 'live' | 'waiting' | 'failed' | 'closed';
  readonly transport?: TransportName;
  /** Round trip in milliseconds, last measured. */
  readonly latencyMs?: number | undefined;
  /** How often it was taken up again since the client was made. */
  readonly resumes: number;
  /** When the next attempt begins, in milliseconds since 1970; in `waiting`. */
  readonly retryAt?: number;
  /** Why the last attempt ended. */
  readonly reason?: string;
  /** An operator has jobs wait: they are taken, and none is started. Since when, ISO 8601. */
  readonly paused?: { readonly since: string; readonly reason?: string } | undefined;
  /** The connection is in another tab, which hands on what comes. */
  readonly shared?: boolean;
}

/** What is taken from a WebSocket class: the browser's, Node's own, or that of `ws`. */
export interface WebSocketLike {
  send(text: string): void;
  close(code?: number): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
}

export interface InkwireOptions {
  /**
   * Looks at what this owner has, or with `*` at lists, groups and streams of every owner, whose records then have an
   * `owner`: for a key with the scope `admin`, which changes nothing there.
   */
  readonly owner?: string | undefined;
  /** Address of the server, `http://127.0.0.1:8080`; left out in a page: the page's own origin. */
  readonly url?: string | undefined;
  /** API key, or what gives one: asked again after a 401. Left out where the server runs in development mode. */
  readonly key?: string | (() => string | Promise<string>) | undefined;
  /**
   * In place of a key: gives a fresh ticket (`POST /api/v1/tickets`, made by your back end) for each connection. It can
   * only watch.
   */
  readonly ticket?: (() => string | Promise<string>) | undefined;
  /** Which transports may be used, best first. Default: all. */
  readonly transports?: readonly TransportName[] | undefined;
  /**
   * Whether tabs of one origin share one connection. Default: with a `key` text or none, where the browser can. A name
   * lets clients with `ticket` or a key function share, too: those with the same name must have the same rights.
   */
  readonly share?: boolean | string | undefined;
  readonly fetch?: typeof globalThis.fetch | undefined;
  readonly WebSocket?: (new (url: string, protocols: string[]) => WebSocketLike) | undefined;
}
