import type { Store } from '../engine/engine.js';
import { formatCursor } from '../protocol/cursor.js';
import { eventText, type ResetReason } from '../protocol/event.js';
import type { Wanted } from '../protocol/messages.js';
import type { Hub } from './hub.js';
import { Past } from './past.js';
import { snapshotOf } from './snapshot.js';
import { startPointOf } from './start-point.js';
import type { StreamMeters } from './stream-meters.js';
import { wantsFrom } from './subscriber.js';

/** The answer of a poll; events and records are JSON texts, made once with their facts. */
export interface PollAnswer {
  readonly events: readonly string[];
  readonly cursor: string;
  readonly more: boolean;
  readonly reset?: ResetReason;
  readonly snapshot?: { readonly jobs: readonly string[]; readonly truncated: boolean };
}

export interface PollAsk {
  readonly waitMs: number;
  /** Events of one answer, 1 to `maxPollEvents`: on a bad network a small answer gets through where a large one does not. */
  readonly limit: number;
}

/** Events of one answer at the most: what one reading of the past brings. */
export const maxPollEvents = 256;

export interface LongPollParts {
  readonly store: Store;
  readonly hub: Hub;
  readonly meters: StreamMeters;
}

/** Waiting for facts with a plain request (P-36, P-37). */
export class LongPoll {
  readonly #parts: LongPollParts;
  readonly #past: Past;
  readonly #closing = new AbortController();

  constructor(parts: LongPollParts) {
    this.#parts = parts;
    this.#past = new Past(parts.store, parts.hub);
  }

  /** @param signal fires when the caller has gone */
  async poll(owner: string, wanted: Wanted, ask: PollAsk, signal: AbortSignal): Promise<PollAnswer> {
    const { store, hub } = this.#parts;
    const start = startPointOf(wanted.after, await store.log());
    if (start.type === 'snapshot') return this.#snapshot(owner, wanted, start.reset);
    await hub.reach(start.seq);
    const stop = AbortSignal.any([signal, this.#closing.signal]);
    const deadline = performance.now() + ask.waitMs;
    let seq = start.seq;
    for (;;) {
      const page = await this.#past.read(owner, seq, [wanted]);
      if (page.trimmed) return this.#snapshot(owner, wanted, 'trimmed');
      const { epoch } = hub.tail;
      const matching = page.entries.filter(({ fact }) => wantsFrom(wanted, fact, fact.type));
      const facts = matching.slice(0, ask.limit).map(({ fact }) => fact);
      const events = facts.map((fact) =>
        eventText(formatCursor({ epoch, seq: fact.seq }), fact.type, fact.at, fact.record),
      );
      const cut = facts.length < matching.length;
      seq = Math.max(seq, cut ? (facts.at(-1)?.seq ?? seq) : page.reached);
      const more = seq < hub.position.seq;
      const leftMs = deadline - performance.now();
      if (events.length > 0 || (!more && (leftMs <= 0 || stop.aborted))) {
        this.#parts.meters.sent['long-poll'].facts += events.length;
        return { events, cursor: formatCursor({ epoch, seq }), more };
      }
      if (!more) await hub.growth(owner, seq, leftMs, stop);
    }
  }

  /** Answers what waits. Safe twice. */
  close(): void {
    this.#closing.abort();
  }

  async #snapshot(owner: string, wanted: Wanted, reset: ResetReason | undefined): Promise<PollAnswer> {
    const { store, hub, meters } = this.#parts;
    const cursor = formatCursor(hub.position);
    if (reset !== undefined) meters.reset(reset);
    const answer = { events: [], cursor, more: false, ...(reset === undefined ? {} : { reset }) };
    if (!wanted.snapshot && reset === undefined) return answer;
    const jobs: string[] = [];
    let truncated = false;
    for await (const part of snapshotOf(store, owner, wanted.topics)) {
      jobs.push(...part.records);
      truncated = part.truncated;
    }
    return { ...answer, snapshot: { jobs, truncated } };
  }
}
