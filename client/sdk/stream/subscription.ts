import { isLater } from '../../../src/protocol/cursor.js';
import type { ProgressEvent, ResetReason, StreamEvent } from '../../../src/protocol/event.js';
import type { JobRecord } from '../../../src/protocol/job-record.js';
import { topicsOf } from '../../../src/protocol/topic.js';

/** A part of a snapshot, as the transports bring it. */
export interface SnapshotPart {
  readonly jobs: readonly JobRecord[];
  readonly more: boolean;
  readonly truncated?: boolean;
}

/** A part as it is handed on, in the words of `SnapshotItem`. */
export interface SnapshotEvent extends Required<SnapshotPart> {
  readonly type: 'snapshot';
  readonly first: boolean;
}

/** What a subscription asks for now: the members of a `subscribe` (P-25). */
export interface Ask {
  readonly topics: readonly string[];
  /** Left out: a snapshot first, if `snapshot` says so. */
  readonly after?: string | undefined;
  readonly snapshot: boolean;
  readonly progress_ms: number;
  readonly types?: readonly string[] | undefined;
}

/**
 * What a transport brings for one subscription of the server, in the order in which it came. A `ServerSubscription` is
 * one of the client's subscriptions, or all of them merged where a transport can carry only one.
 */
export interface ServerSubscription {
  ask(): Ask;
  /** `subscribed`: what follows begins after this cursor, once a snapshot that was asked for has come whole. */
  begin(cursor: string): void;
  /** P-20: the state so far is void; a snapshot follows, and then the facts after this cursor. */
  reset(reason: ResetReason, cursor: string): void;
  snapshot(part: SnapshotPart): void;
  fact(event: StreamEvent): void;
  progress(event: ProgressEvent): void;
  /** Everything up to here was brought: the place to come back to. */
  reached(cursor: string): void;
}

/**
 * The receiver of the items that a subscription lets through. Cursors go along for a receiver that keeps a subscription
 * of its own (another tab).
 */
export interface Sink {
  reset(reason: ResetReason, cursor: string): void;
  snapshot(item: SnapshotEvent, cursor: string): void;
  fact(event: StreamEvent): void;
  progress(event: ProgressEvent): void;
  reached?(cursor: string): void;
  /** It ends with this. */
  fail(error: unknown): void;
}

/** Jobs whose progress is remembered: those that changed last. */
const maxPlaces = 1_000;

/**
 * One subscription of the client, over any number of connections and transports. It holds the cursor, and lets each
 * fact through once: what lies at or before the cursor was given already.
 */
export class Subscription implements ServerSubscription {
  readonly #sink: Sink;
  readonly #asked: Ask;
  /** Where to go on; undefined until a snapshot has come whole. */
  cursor: string | undefined;
  /** Whether a beginning without cursor needs a snapshot: the application wants one, or was sent a `reset`. */
  #needsSnapshot: boolean;
  /** The cursor that holds once the snapshot is whole. */
  #begun = '';
  #first = true;
  /** The progress of each job, as one number: two transport connections may bring it out of order (P-4, P-61). */
  readonly #places = new Map<string, number>();

  constructor(asked: Ask, sink: Sink) {
    this.#asked = asked;
    this.#sink = sink;
    this.cursor = asked.after;
    this.#needsSnapshot = asked.snapshot;
  }

  ask(): Ask {
    return { ...this.#asked, snapshot: this.#needsSnapshot, after: this.cursor };
  }

  begin(cursor: string): void {
    this.#begun = cursor;
    this.#first = true;
    if (this.#needsSnapshot || this.cursor !== undefined) return;
    this.cursor = cursor;
    this.#sink.reached?.(cursor);
  }

  reset(reason: ResetReason, cursor: string): void {
    this.#begun = cursor;
    this.#first = true;
    this.cursor = undefined;
    this.#needsSnapshot = true;
    this.#places.clear();
    this.#sink.reset(reason, cursor);
  }

  snapshot({ jobs, more, truncated = false }: SnapshotPart): void {
    const mine = jobs.filter((job) => this.#matchesJob(job));
    const first = this.#first;
    this.#first = false;
    for (const job of mine) this.#moves(job);
    if (!more) this.cursor = this.#begun;
    this.#sink.snapshot({ type: 'snapshot', jobs: mine, first, more, truncated }, this.#begun);
  }

  fact(event: StreamEvent): void {
    if (this.cursor !== undefined && isLater(event.id, this.cursor) === false) return;
    this.cursor = event.id;
    const { job, group } = event;
    const matches =
      job === undefined ? this.#matches('', '', group?.group, undefined) : this.#matchesJob(job);
    if (job !== undefined) this.#moves(job);
    if (matches && this.#wants(event.type)) this.#sink.fact(event);
  }

  progress(event: ProgressEvent): void {
    const { job } = event;
    if (this.#asked.progress_ms > 0 && this.#matchesJob(job) && this.#moves(job)) this.#sink.progress(event);
  }

  reached(cursor: string): void {
    if (this.cursor === undefined ? this.#needsSnapshot : isLater(cursor, this.cursor) === false) return;
    this.cursor = cursor;
    this.#sink.reached?.(cursor);
  }

  fail(error: unknown): void {
    this.#sink.fail(error);
  }

  #wants(type: StreamEvent['type']): boolean {
    return this.#asked.types?.includes(type) ?? true;
  }

  /** Notes where a job is now; false when it was further already. */
  #moves({ job_id: jobId, rev, progress = 0 }: JobRecord): boolean {
    const place = rev + progress / 1_000;
    if (place < (this.#places.get(jobId) ?? 0)) return false;
    this.#places.delete(jobId);
    this.#places.set(jobId, place);
    const [oldest] = this.#places.keys();
    if (this.#places.size > maxPlaces && oldest !== undefined) this.#places.delete(oldest);
    return true;
  }

  #matchesJob({ job_id: jobId, kind, group, tags }: JobRecord): boolean {
    return this.#matches(jobId, kind, group, tags);
  }

  #matches(
    jobId: string,
    kind: string,
    group: string | undefined,
    tags: readonly string[] | undefined,
  ): boolean {
    const subject = {
      jobId,
      kind,
      ...(group === undefined ? {} : { group }),
      ...(tags === undefined ? {} : { tags }),
    };
    return topicsOf(subject).some((topic) => this.#asked.topics.includes(topic));
  }
}

/** The messages of every transport for one subscription, beside facts and progress. */
export type PartMessage =
  | { readonly type: 'subscribed' | 'live' | 'heartbeat'; readonly cursor: string }
  | { readonly type: 'reset'; readonly reason: ResetReason; readonly cursor: string }
  | ({ readonly type: 'snapshot' } & SnapshotPart);

export function bring(part: ServerSubscription, message: PartMessage): void {
  switch (message.type) {
    case 'subscribed':
      part.begin(message.cursor);
      break;
    case 'reset':
      part.reset(message.reason, message.cursor);
      break;
    case 'snapshot':
      part.snapshot(message);
      break;
    case 'live':
    case 'heartbeat':
      part.reached(message.cursor);
      break;
  }
}
