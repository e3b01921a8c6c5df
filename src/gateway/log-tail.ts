import type { Fact } from '../engine/engine.js';
import type { LogName } from '../engine/lives.js';
import { ownedRecord } from '../protocol/event.js';
import { everyOwner } from '../protocol/names.js';
import { type Frame, factFrame } from './frame.js';

export interface TailEntry {
  readonly fact: Fact;
  readonly frame: Frame;
}

/** Nobody subscribes to most facts: their frames are never made. */
class LazyEntry implements TailEntry {
  readonly fact: Fact;
  readonly #log: LogName;
  #frame: Frame | undefined;

  constructor(log: LogName, fact: Fact) {
    this.fact = fact;
    this.#log = log;
  }

  get frame(): Frame {
    this.#frame ??= factFrame(this.#log, this.fact);
    return this.#frame;
  }
}

export interface TailLimits {
  readonly maxFacts: number;
  /** Of the facts' records; their frames add up to about twice as much when both wires are in use. */
  readonly maxBytes: number;
}

/**
 * The end of the log, in memory: a subscriber that was away for a moment reads from here. Past the bounds the oldest
 * facts are dropped; a subscriber that needs those reads the store.
 */
export class LogTail {
  readonly log: LogName;
  readonly #limits: TailLimits;
  /** A queue with a moving start: shifting a long array for each fact would cost its length. */
  #entries: TailEntry[] = [];
  #start = 0;
  readonly #byOwner = new Map<string, { entries: TailEntry[]; start: number }>();
  /** The same entries as readers of every owner get them: made where there is one, and gone with the entry. */
  readonly #owned = new WeakMap<TailEntry, TailEntry>();
  #bytes = 0;
  /** Facts after this one are here. */
  #from: number;

  constructor(log: LogName, from: number, limits: TailLimits) {
    this.log = log;
    this.#from = from;
    this.#limits = limits;
  }

  /** Sequence after which everything is in the tail. */
  get from(): number {
    return this.#from;
  }

  add(fact: Fact): TailEntry {
    const entry = new LazyEntry(this.log, fact);
    this.#entries.push(entry);
    this.#bytes += fact.record.length;
    const own = this.#byOwner.get(fact.owner) ?? { entries: [], start: 0 };
    own.entries.push(entry);
    this.#byOwner.set(fact.owner, own);
    while (this.#entries.length - this.#start > this.#limits.maxFacts || this.#bytes > this.#limits.maxBytes)
      this.#drop();
    return entry;
  }

  /**
   * Drops every fact, because facts up to a sequence were missed: those that come now do not follow on from the dropped
   * ones.
   */
  restart(from: number): void {
    this.#entries = [];
    this.#start = 0;
    this.#byOwner.clear();
    this.#bytes = 0;
    this.#from = from;
  }

  /** An entry as it is sent to whoever follows every owner. */
  owned(entry: TailEntry): TailEntry {
    const made = this.#owned.get(entry) ?? ownedEntry(this.log, entry.fact);
    this.#owned.set(entry, made);
    return made;
  }

  /** An owner's facts after a sequence, or those of `everyOwner`, at most `limit`; undefined when the tail may have dropped some of them. */
  read(owner: string, after: number, limit: number): readonly TailEntry[] | undefined {
    if (after < this.#from) return undefined;
    if (owner === everyOwner) {
      const start = firstAfter(this.#entries, this.#start, after);
      return this.#entries.slice(start, start + limit).map((entry) => this.owned(entry));
    }
    const own = this.#byOwner.get(owner);
    if (own === undefined) return [];
    const first = firstAfter(own.entries, own.start, after);
    return own.entries.slice(first, first + limit);
  }

  #drop(): void {
    const entry = this.#entries[this.#start];
    if (entry === undefined) return;
    this.#start += 1;
    this.#bytes -= entry.fact.record.length;
    this.#from = entry.fact.seq;
    if (this.#start > 1_024 && this.#start * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start);
      this.#start = 0;
    }
    const own = this.#byOwner.get(entry.fact.owner);
    if (own === undefined) return;
    own.start += 1;
    if (own.start === own.entries.length) this.#byOwner.delete(entry.fact.owner);
    else if (own.start > 1_024 && own.start * 2 > own.entries.length) {
      own.entries = own.entries.slice(own.start);
      own.start = 0;
    }
  }
}

/** A fact whose record names its owner. */
export function ownedEntry(log: LogName, told: Fact): TailEntry {
  const fact = { ...told, record: ownedRecord(told.owner, told.record) };
  return { fact, frame: factFrame(log, fact) };
}

/** Index of the first entry after a sequence, by halving. */
function firstAfter(entries: readonly TailEntry[], start: number, after: number): number {
  let low = start;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.fact.seq ?? Number.POSITIVE_INFINITY) <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
