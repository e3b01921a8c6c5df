import type { Bus, Fact, Hint, JobProgress, Store } from '../engine/engine.js';
import { positionAt } from '../engine/lives.js';
import type { Position } from '../protocol/cursor.js';
import { heartbeatBytes } from './frame.js';
import { LogTail, type TailEntry, type TailLimits } from './log-tail.js';
import { type LiveProgress, RunningJobs } from './running-jobs.js';
import type { StreamMeters } from './stream-meters.js';
import { type Subscriber, type Subscription, wantsFrom } from './subscriber.js';
import { TopicIndex } from './topic-index.js';

export interface HubParts {
  readonly store: Store;
  readonly bus: Bus;
  readonly meters: StreamMeters;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly tail: TailLimits;
  readonly onError: (error: unknown) => void;
  /** Facts went out of the log before the hub had read them: every connection has to begin anew. */
  readonly lost: () => void;
}

const pageFacts = 1_000;
const progressTickMs = 20;

/** Somebody who waits for an owner's facts, and for progress that is wanted. */
interface Waiter {
  readonly wake: () => void;
  readonly wants: (live: LiveProgress) => boolean;
}

/**
 * Follows the log and hands each fact to the connections whose live subscriptions it concerns. What is due to one socket
 * in one turn of the event loop leaves in one write, and readers that are due the same get the same bytes.
 */
export class Hub {
  readonly #parts: HubParts;
  readonly #tail: LogTail;
  readonly #running: RunningJobs;
  /** The live subscriptions. */
  readonly #index = new TopicIndex<Subscription>();
  readonly #dirty = new Set<Subscriber>();
  readonly #withProgress = new Set<Subscriber>();
  readonly #unsubscribe: readonly (() => void)[];
  /** By owner, see `growth`. */
  readonly #growth = new Map<string, Set<Waiter>>();
  #flushing = false;
  /** When the newest fact happened that this turn's output holds. */
  #newestAt: number | undefined;
  #ticking: NodeJS.Timeout | undefined;
  #position: number;
  #filling: Promise<void> | undefined;
  #target: number;

  private constructor(parts: HubParts, tail: LogTail, position: number) {
    this.#parts = parts;
    this.#tail = tail;
    this.#position = position;
    this.#target = position;
    this.#running = new RunningJobs(parts.clock);
    this.#unsubscribe = [
      parts.bus.onHint((hint) => this.#hinted(hint)),
      parts.bus.onProgress((progress) => this.#progressed(progress)),
    ];
  }

  /** Reads the end of the log into memory, then follows it. */
  static async open(parts: HubParts): Promise<Hub> {
    const { epoch, lives, last, trimmedTo } = await parts.store.log();
    const from = Math.max(trimmedTo, last - parts.tail.maxFacts);
    const hub = new Hub(parts, new LogTail({ epoch, lives }, from, parts.tail), from);
    hub.#target = Math.max(hub.#target, last);
    await hub.#fill();
    return hub;
  }

  get tail(): LogTail {
    return this.#tail;
  }

  /** Up to here every fact has been handed out. */
  get position(): Position {
    return this.positionAt(this.#position);
  }

  /** A place in the log by its full name. All that happens while this process lives is of the life that it began. */
  positionAt(seq: number): Position {
    return positionAt(this.#tail.log, seq);
  }

  /** What runs, and how far. */
  get running(): RunningJobs {
    return this.#running;
  }

  /** From now on the subscription gets what happens. The caller has sent it everything up to `position`. */
  goLive(subscription: Subscription): void {
    const { subscriber, filter } = subscription;
    this.#restartAudit(subscriber);
    subscription.live = true;
    for (const topic of filter.topics) this.#index.add(subscriber.owner, topic, subscription);
    if (filter.progressMs === 0) return;
    for (const live of this.#running.of(subscriber.owner)) {
      if (subscriber.wantsProgress(live)) this.#offerProgress(subscriber, live);
    }
  }

  leave(subscription: Subscription): void {
    if (!subscription.live) return;
    const { subscriber, filter } = subscription;
    this.#restartAudit(subscriber);
    subscription.live = false;
    for (const topic of filter.topics) this.#index.remove(subscriber.owner, topic, subscription);
  }

  forget(subscriber: Subscriber): void {
    for (const subscription of subscriber.subscriptions.values()) this.leave(subscription);
    this.#dirty.delete(subscriber);
    this.#withProgress.delete(subscriber);
  }

  /** Sends what was pushed to a subscriber with this turn's other output. */
  touch(subscriber: Subscriber): void {
    this.#dirty.add(subscriber);
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => this.#flush());
  }

  /** Compares with the store; returns how many facts no hint had told of. For the audit: hints may be lost. */
  async checkEnd(): Promise<number> {
    const { last } = await this.#parts.store.log();
    const missed = Math.max(0, last - Math.max(this.#target, this.#position));
    // Also what a hint had told of, but a reading that failed did not bring.
    await this.reach(last);
    return missed;
  }

  /** Resolves when every fact up to a sequence, which the log holds, has been handed out. */
  async reach(seq: number): Promise<void> {
    this.#target = Math.max(this.#target, seq);
    if (this.#position < this.#target) await this.#fill();
  }

  /**
   * Resolves when an owner has facts after a sequence, after a time, or when the signal fires.
   * @param wants progress that ends it, too
   */
  async growth(
    owner: string,
    seq: number,
    timeoutMs: number,
    signal: AbortSignal,
    wants: (live: LiveProgress) => boolean = () => false,
  ): Promise<void> {
    if (this.#position > seq || signal.aborted) return;
    const waiting = this.#growth.get(owner) ?? new Set();
    this.#growth.set(owner, waiting);
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        waiting.delete(waiter);
        if (waiting.size === 0) this.#growth.delete(owner);
        resolve();
      };
      const waiter = { wake, wants };
      const timer = setTimeout(wake, timeoutMs);
      signal.addEventListener('abort', wake, { once: true });
      waiting.add(waiter);
    });
  }

  close(): void {
    for (const end of this.#unsubscribe) end();
    clearInterval(this.#ticking);
  }

  /** What was counted so far was counted for other topics. */
  #restartAudit(subscriber: Subscriber): void {
    subscriber.audit = { from: subscriber.isOpen ? this.#position : subscriber.position, facts: 0 };
  }

  #hinted(hint: Hint): void {
    if (hint.last <= this.#position) return;
    // A hint need not carry the facts that it tells of.
    const whole = hint.after <= this.#position && hint.facts.at(-1)?.seq === hint.last;
    if (this.#filling === undefined && whole) {
      for (const fact of hint.facts) if (fact.seq > this.#position) this.#take(fact);
      this.#advance(hint.last);
      return;
    }
    this.reach(hint.last).catch(this.#parts.onError);
  }

  /** Reads the log up to the target; hints that come meanwhile move the target. */
  #fill(): Promise<void> {
    this.#filling ??= this.#catchUp().finally(() => {
      this.#filling = undefined;
    });
    return this.#filling;
  }

  async #catchUp(): Promise<void> {
    while (this.#position < this.#target) {
      const page = await this.#parts.store.everyFact(this.#position, pageFacts);
      if (page.trimmed) this.#restart(page.facts[0]?.seq ?? page.reached + 1);
      for (const fact of page.facts) this.#take(fact);
      this.#advance(page.reached);
    }
  }

  /** The log now begins with `first`, and what came before it was not read. */
  #restart(first: number): void {
    this.#tail.restart(first - 1);
    this.#running.clear();
    this.#parts.lost();
  }

  #take(fact: Fact): void {
    const entry = this.#tail.add(fact);
    this.#running.fact(fact);
    this.#position = fact.seq;
    this.#index.forEach(fact.owner, fact, ({ subscriber }) => this.#hand(subscriber, entry));
    for (const { wake } of [...(this.#growth.get(fact.owner) ?? [])]) wake();
  }

  #hand(subscriber: Subscriber, entry: TailEntry): void {
    if (subscriber.offer(entry)) {
      this.#parts.meters.sent[subscriber.sink.wire].facts += 1;
      this.#newestAt = entry.fact.at;
      this.touch(subscriber);
    } else if (subscriber.isOpen && subscriber.endsAt(entry.fact)) {
      // Its types leave out the end itself: the cursor goes, so that coming back is answered with 204.
      subscriber.end();
      subscriber.push(this.endMark(subscriber, entry.fact));
      this.touch(subscriber);
    }
  }

  /** In place of a fact that ends a stream and is not wanted there. */
  endMark(subscriber: Subscriber, { seq }: Fact): Buffer {
    return heartbeatBytes(subscriber.sink.wire, this.positionAt(seq), subscriber.withheld);
  }

  #advance(to: number): void {
    this.#position = Math.max(this.#position, to);
    this.#target = Math.max(this.#target, this.#position);
  }

  #progressed(progress: JobProgress): void {
    const live = this.#running.progress(progress);
    if (live === undefined) return;
    this.#index.forEach(live.owner, live, ({ subscriber, filter }) => {
      if (filter.progressMs > 0 && wantsFrom(filter, live, 'job.progress'))
        this.#offerProgress(subscriber, live);
    });
    for (const { wake, wants } of [...(this.#growth.get(live.owner) ?? [])]) if (wants(live)) wake();
  }

  #offerProgress(subscriber: Subscriber, live: LiveProgress): void {
    subscriber.offerProgress(live);
    this.#withProgress.add(subscriber);
    this.#ticking ??= setInterval(() => this.#tick(), progressTickMs).unref();
  }

  /** Looks at those that hold progress only; stands still when nobody does. */
  #tick(): void {
    const now = performance.now();
    for (const subscriber of this.#withProgress) {
      const released = subscriber.releaseProgress(now);
      if (released === undefined) continue;
      this.#withProgress.delete(subscriber);
      this.#parts.meters.sent[subscriber.sink.wire].progress += released;
      if (released > 0) this.touch(subscriber);
    }
    if (this.#withProgress.size > 0) return;
    clearInterval(this.#ticking);
    this.#ticking = undefined;
  }

  #flush(): void {
    const { meters, clock } = this.#parts;
    this.#flushing = false;
    const now = performance.now();
    let parts: readonly Buffer[] = [];
    let joined: Buffer = Buffer.alloc(0);
    for (const subscriber of this.#dirty) {
      const due = subscriber.takeOutbox();
      if (due.length === 0) continue;
      if (!sameParts(due, parts)) {
        parts = due;
        joined = due.length === 1 ? (due[0] as Buffer) : Buffer.concat(due);
      }
      subscriber.passed(this.#position);
      subscriber.write(joined, now);
      meters.sent[subscriber.sink.wire].bytes += joined.length;
    }
    this.#dirty.clear();
    if (this.#newestAt !== undefined) meters.delivered(clock() - this.#newestAt);
    this.#newestAt = undefined;
  }
}

/** Readers of the same topics are due the very same buffers: one comparison of references each instead of a copy. */
function sameParts(one: readonly Buffer[], other: readonly Buffer[]): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index += 1) if (one[index] !== other[index]) return false;
  return true;
}
