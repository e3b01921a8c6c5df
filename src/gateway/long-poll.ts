import type { Store } from '../engine/engine.js';
import type { Follower } from '../follow/follower.js';
import { nextChange } from '../follow/next-change.js';
import type { LiveProgress } from '../follow/running-jobs.js';
import type { Change } from '../follow/watchers.js';
import { formatCursor } from '../protocol/cursor.js';
import { eventText, type ResetReason } from '../protocol/event.js';
import type { SubscriptionFilter } from '../protocol/messages.js';
import { everyOwner } from '../protocol/names.js';
import type { LogReader } from './log-reader.js';
import { snapshotOf } from './snapshot.js';
import type { SnapshotReads } from './snapshot-reads.js';
import { startPointOf } from './start-point.js';
import type { StreamMeters } from './stream-meters.js';
import { wantsFrom } from './subscriber.js';

export interface PollSnapshot {
  /**
   * Records with commas between them, in UTF-8: several callers may have the same parts, and to put a text of each
   * together for each of them would take longer than all else of an answer.
   */
  readonly jobs: readonly Uint8Array[];
  readonly truncated: boolean;
}

/** The answer of a poll; events and records are JSON texts, made once with their facts; records have commas between them. */
export interface PollAnswer {
  readonly events: readonly string[];
  readonly cursor: string;
  readonly more: boolean;
  readonly reset?: ResetReason;
  readonly snapshot?: PollSnapshot;
  /** Only where it was asked for. */
  readonly progress?: readonly string[];
}

export interface PollAsk {
  readonly waitMs: number;
  /**
   * Events of one answer, 1 to `maxPollEvents`: on a bad network a small answer gets through where a large one does
   * not.
   */
  readonly limit: number;
  /**
   * Set when the caller asks for progress, which may end the wait after so long. `SubscriptionFilter` has a default
   * pace also when the caller asks for none.
   */
  readonly progressMs?: number;
}

/** Progress values of one answer at the most. */
const maxPollProgress = 100;

/** Most events of one answer: as many as one page of the log has. */
export const maxPollEvents = 256;

export interface LongPollParts {
  readonly store: Store;
  readonly follower: Follower;
  readonly logReader: LogReader;
  readonly snapshotReads: SnapshotReads;
  readonly meters: StreamMeters;
}

/** Answers plain requests that wait for facts (P-36, P-37). */
export class LongPoll {
  readonly #parts: LongPollParts;
  readonly #closing = new AbortController();

  constructor(parts: LongPollParts) {
    this.#parts = parts;
  }

  /** @param signal fires when the caller has gone */
  async poll(
    owner: string,
    filter: SubscriptionFilter,
    ask: PollAsk,
    signal: AbortSignal,
  ): Promise<PollAnswer> {
    const { store, follower } = this.#parts;
    const began = { at: performance.now(), number: follower.running.number };
    const progress = this.#progressFor(owner, filter, ask.progressMs);
    const log = await store.log();
    const start = startPointOf(filter.after, log);
    await follower.reach(start.type === 'after' ? start.seq : log.last);
    if (start.type === 'snapshot') return this.#snapshot(owner, filter, start.reset, progress);
    const stop = AbortSignal.any([signal, this.#closing.signal]);
    const deadline = began.at + ask.waitMs;
    let seq = start.seq;
    for (;;) {
      const page = await this.#parts.logReader.read(owner, seq, [filter]);
      if (page.trimmed) return this.#snapshot(owner, filter, 'trimmed', progress);
      const matching = page.entries.filter(({ fact }) => wantsFrom(filter, fact, fact.type));
      const facts = matching.slice(0, ask.limit).map(({ fact }) => fact);
      const events = facts.map((fact) =>
        eventText(formatCursor(follower.positionAt(fact.seq)), fact.type, fact.at, fact.record),
      );
      const cut = facts.length < matching.length;
      seq = Math.max(seq, cut ? (facts.at(-1)?.seq ?? seq) : page.reached);
      const more = seq < follower.position.seq;
      const leftMs = deadline - performance.now();
      const values = progress();
      const isNew = values !== undefined && (values[0]?.number ?? 0) > began.number;
      const paceLeftMs = isNew
        ? began.at + (ask.progressMs ?? 0) - performance.now()
        : Number.POSITIVE_INFINITY;
      if (events.length > 0 || (!more && (leftMs <= 0 || paceLeftMs <= 0 || stop.aborted))) {
        this.#parts.meters.sent['long-poll'].facts += events.length;
        // Where facts are left for the next answer, progress would be ahead of them.
        const told = more && values !== undefined ? [] : values;
        return {
          events,
          cursor: formatCursor(follower.positionAt(seq)),
          more,
          ...this.#textsOf(told, owner),
        };
      }
      if (more) continue;
      const wakes = (change: Change): boolean =>
        change.type !== 'progress' ||
        (values !== undefined && !isNew && wantsFrom(filter, change.progress, 'job.progress'));
      // There was no `await` since the page was read: the watch begins before any later fact.
      await nextChange(follower, { owner }, wakes, stop).happened(Math.min(leftMs, paceLeftMs));
    }
  }

  /** Answers every request that waits. Safe twice. */
  close(): void {
    this.#closing.abort();
  }

  /**
   * Returns a function that gives the latest matching progress values, the newest first; undefined when the caller asks
   * for none.
   */
  #progressFor(owner: string, filter: SubscriptionFilter, progressMs: number | undefined) {
    const { running } = this.#parts.follower;
    return (): readonly LiveProgress[] | undefined => {
      if (progressMs === undefined || progressMs === 0) return undefined;
      const matching = running.of(owner).filter((live) => wantsFrom(filter, live, 'job.progress'));
      return matching.sort((a, b) => b.number - a.number).slice(0, maxPollProgress);
    };
  }

  #textsOf(values: readonly LiveProgress[] | undefined, owner: string): Pick<PollAnswer, 'progress'> {
    if (values === undefined) return {};
    this.#parts.meters.sent['long-poll'].progress += values.length;
    return { progress: values.map((live) => (owner === everyOwner ? live.ownedText() : live.text())) };
  }

  async #snapshot(
    owner: string,
    filter: SubscriptionFilter,
    reset: ResetReason | undefined,
    progress: () => readonly LiveProgress[] | undefined,
  ): Promise<PollAnswer> {
    const { snapshotReads, follower, meters } = this.#parts;
    const { seq } = follower.position;
    const cursor = formatCursor(follower.position);
    if (reset !== undefined) meters.reset(reset);
    const answer = { events: [], cursor, more: false, ...(reset === undefined ? {} : { reset }) };
    if (!filter.snapshot && reset === undefined) return { ...answer, ...this.#textsOf(progress(), owner) };
    const jobs: Uint8Array[] = [];
    let truncated = false;
    // Also for a caller who has left, or a server that drains: the answer is the snapshot, whole.
    const wish = { owner, topics: filter.topics, seq, isWanted: () => true };
    for await (const part of snapshotOf(snapshotReads, wish)) {
      if (part.bytes.length > 0) jobs.push(part.bytes);
      truncated = part.truncated;
    }
    return { ...answer, snapshot: { jobs, truncated }, ...this.#textsOf(progress(), owner) };
  }
}
