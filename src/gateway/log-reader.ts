import type { Fact, FactFilter, Store } from '../engine/engine.js';
import type { Follower } from '../follow/follower.js';
import type { SubscriptionFilter } from '../protocol/messages.js';
import { everyOwner } from '../protocol/names.js';
import { type Frame, factFrame } from './frame.js';
import { type LogTail, ownedEntry } from './log-tail.js';

export interface LogPage {
  readonly entries: readonly { readonly fact: Fact; readonly frame: Frame }[];
  /** Every fact up to here was looked at. Never after the follower's position. */
  readonly reached: number;
  /** True when retention has removed facts that were asked for. */
  readonly trimmed: boolean;
}

const pageFacts = 256;
/**
 * Bytes of the records in one page: a page that is read may wait for a subscriber's socket. A page has at least one
 * fact.
 */
const pageBytes = 256 * 1024;

/** Reads the facts of an owner, or of `everyOwner`, after a place: from the tail in memory, or else from the store. */
export class LogReader {
  readonly #store: Store;
  readonly #follower: Follower;
  readonly #tail: LogTail;

  constructor(store: Store, follower: Follower, tail: LogTail) {
    this.#store = store;
    this.#follower = follower;
    this.#tail = tail;
  }

  /** @param filter narrows what the store has to look at, where it has an index for it; the caller still filters */
  async read(owner: string, after: number, filter: readonly SubscriptionFilter[]): Promise<LogPage> {
    const isWhole = this.#follower.isWhole(owner, after);
    const near = isWhole ? this.#tail.read(owner, after, pageFacts) : undefined;
    if (near !== undefined) {
      const full = near.length === pageFacts;
      // Read and position belong to the same moment: nothing was waited for in between.
      const reached = full ? (near.at(-1)?.fact.seq ?? after) : this.#follower.position.seq;
      return bounded({ entries: near, reached, trimmed: false });
    }
    const everybody = owner === everyOwner;
    const page = everybody
      ? await this.#store.everyFact(after, pageFacts)
      : await this.#store.facts({ owner, after, limit: pageFacts, ...narrowed(filter) });
    const { log, position } = this.#follower;
    const { seq } = position;
    // The store may be ahead of the follower, which will hand out the rest: no subscriber may get a fact from both.
    const facts = page.facts.filter((fact) => fact.seq <= seq);
    const entries = facts.map((fact) =>
      everybody ? ownedEntry(log, fact) : { fact, frame: factFrame(log, fact) },
    );
    return bounded({ entries, reached: Math.min(page.reached, seq), trimmed: page.trimmed });
  }
}

function bounded(page: LogPage): LogPage {
  let bytes = 0;
  const over = page.entries.findIndex(({ fact }) => {
    bytes += fact.record.length;
    return bytes > pageBytes;
  });
  if (over === -1) return page;
  const entries = page.entries.slice(0, Math.max(1, over));
  return { ...page, entries, reached: entries.at(-1)?.fact.seq ?? page.reached };
}

function narrowed(
  filter: readonly SubscriptionFilter[],
): Pick<FactFilter, 'jobId' | 'group' | 'kind' | 'tag'> {
  const topics = filter.flatMap(({ topics: own }) => own);
  const [topic] = topics;
  if (topics.length !== 1 || topic === undefined) return {};
  switch (topic.type) {
    case 'jobs':
      return {};
    case 'job':
      return { jobId: topic.id };
    case 'group':
      return { group: topic.name };
    case 'kind':
      return { kind: topic.kind };
    case 'tag':
      return { tag: topic.tag };
  }
}
