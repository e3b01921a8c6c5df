import type { Fact } from '../engine/engine.js';
import type { Follower } from '../follow/follower.js';
import type { LiveProgress } from '../follow/running-jobs.js';
import { everyOwner } from '../protocol/names.js';
import type { QueueNotice } from '../protocol/queue.js';
import type { Shares } from '../shares/shares.js';
import { controlBytes } from './control.js';
import { Frame, heartbeatBytes, progressFrame } from './frame.js';
import { LogTail, type TailEntry, type TailLimits } from './log-tail.js';
import type { StreamMeters } from './stream-meters.js';
import { type Subscriber, type Subscription, wantsFrom } from './subscriber.js';
import { TopicIndex } from './topic-index.js';

export interface HubParts {
  /** Open, and not started yet: the tail begins where it stands. */
  readonly follower: Follower;
  readonly meters: StreamMeters;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly tail: TailLimits;
  /** Of all subscriptions, live or not. */
  readonly topics: Pick<Shares<Subscription>, 'leave'>;
  /** Called when retention removed facts before they were read: every connection has to begin anew. */
  readonly lost: () => void;
}

const progressTickMs = 20;

/**
 * Hands each fact and each progress value to the connections whose live subscriptions it concerns. All messages for one
 * socket in one turn of the event loop leave in one write, and connections that are due the same messages share their
 * bytes.
 */
export class Hub {
  readonly #parts: HubParts;
  readonly #follower: Follower;
  readonly tail: LogTail;
  /** The live subscriptions. */
  readonly #index = new TopicIndex<Subscription>();
  readonly #dirty = new Set<Subscriber>();
  readonly #withProgress = new Set<Subscriber>();
  readonly #unsubscribe: readonly (() => void)[];
  /** One frame for each value, shared by all subscribers that get it; a frame goes with its value. */
  readonly #progressFrames = new WeakMap<LiveProgress, Frame>();
  /** The same for those who follow every owner. */
  readonly #ownedProgressFrames = new WeakMap<LiveProgress, Frame>();
  /** The last word of it; undefined where nobody has paused it since the start. */
  #queue: { readonly frame: Frame; readonly paused: boolean } | undefined;
  readonly #told = new WeakMap<Subscriber, Frame>();
  #flushing = false;
  /** When the newest fact happened that this turn's output holds. */
  #newestAt: number | undefined;
  #ticking: NodeJS.Timeout | undefined;

  constructor(parts: HubParts) {
    this.#parts = parts;
    const { follower } = parts;
    this.#follower = follower;
    this.tail = new LogTail(follower.log, follower.position.seq, parts.tail);
    this.#unsubscribe = [
      follower.onFact((fact) => this.#take(fact)),
      follower.onProgress((live) => this.#progressed(live)),
      follower.onLost((from) => {
        this.tail.restart(from.seq);
        parts.lost();
      }),
    ];
  }

  /** Makes a subscription live: it gets every fact from now on. The caller has sent it everything up to `position`. */
  goLive(subscription: Subscription): void {
    const { subscriber, filter } = subscription;
    this.#restartAudit(subscriber);
    subscription.live = true;
    for (const topic of filter.topics) this.#index.add(subscriber.owner, topic, subscription);
    if (this.#queue?.paused === true) void this.#notify(subscriber);
    if (filter.progressMs === 0) return;
    for (const live of this.#follower.running.of(subscriber.owner)) {
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
    for (const subscription of subscriber.subscriptions.values()) {
      this.leave(subscription);
      this.#parts.topics.leave(subscriber.owner, subscription);
    }
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

  /** Tells these connections, and those that become live while jobs wait (P-49). */
  tellQueue(notice: QueueNotice, subscribers: readonly Subscriber[]): void {
    const frame = new Frame({
      ws: () => controlBytes('ws', { type: 'queue', ...notice }),
      sse: () => controlBytes('sse', { type: 'queue', ...notice }),
    });
    this.#queue = { frame, paused: notice.paused };
    for (const subscriber of subscribers) void this.#notify(subscriber);
  }

  /** Once, when it has room. A connection that has heard of no pause need not hear of its end. */
  async #notify(subscriber: Subscriber): Promise<void> {
    await subscriber.room();
    const queue = this.#queue;
    const told = this.#told.get(subscriber);
    if (queue === undefined || subscriber.isClosed || queue.frame === told) return;
    if (!queue.paused && told === undefined) return;
    this.#told.set(subscriber, queue.frame);
    subscriber.push(queue.frame.bytes(subscriber.sink.wire));
    this.touch(subscriber);
  }

  close(): void {
    for (const end of this.#unsubscribe) end();
    clearInterval(this.#ticking);
  }

  /** Begins the counts for the audit anew: those so far were made for other topics. */
  #restartAudit(subscriber: Subscriber): void {
    subscriber.audit = {
      from: subscriber.isOpen ? this.#follower.position.seq : subscriber.position,
      facts: 0,
    };
  }

  #take(fact: Fact): void {
    const entry = this.tail.add(fact);
    this.#index.forEach(fact.owner, fact, ({ subscriber }) => this.#hand(subscriber, entry));
    this.#index.forEach(everyOwner, fact, ({ subscriber }) => this.#hand(subscriber, this.tail.owned(entry)));
  }

  #hand(subscriber: Subscriber, entry: TailEntry): void {
    if (subscriber.offer(entry)) {
      this.#parts.meters.sent[subscriber.sink.wire].facts += 1;
      this.#newestAt = entry.fact.at;
      this.touch(subscriber);
    } else if (subscriber.isOpen && subscriber.endsAt(entry.fact)) {
      // Its filter leaves out the terminal fact: it gets the cursor, so that the server answers a reconnect with 204.
      subscriber.end();
      subscriber.push(this.endMark(subscriber, entry.fact));
      this.touch(subscriber);
    }
  }

  /**
   * The bytes that take the place of a fact which ends a stream and which the filter leaves out: a heartbeat with its
   * cursor.
   */
  endMark(subscriber: Subscriber, { seq }: Fact): Buffer {
    return heartbeatBytes(subscriber.sink.wire, this.#parts.follower.positionAt(seq), subscriber.withheld);
  }

  #progressed(live: LiveProgress): void {
    const offer = ({ subscriber, filter }: Subscription): void => {
      if (filter.progressMs > 0 && wantsFrom(filter, live, 'job.progress'))
        this.#offerProgress(subscriber, live);
    };
    this.#index.forEach(live.owner, live, offer);
    this.#index.forEach(everyOwner, live, offer);
  }

  #offerProgress(subscriber: Subscriber, live: LiveProgress): void {
    subscriber.offerProgress(live);
    this.#withProgress.add(subscriber);
    this.#ticking ??= setInterval(() => this.#tick(), progressTickMs).unref();
  }

  /** Releases progress that is due. Visits only subscribers that hold progress; the timer stops when there is none. */
  #tick(): void {
    const now = performance.now();
    for (const subscriber of this.#withProgress) {
      const owned = subscriber.owner === everyOwner;
      const released = subscriber.releaseProgress(now, (live) => this.#frameOf(live, owned));
      if (released === undefined) continue;
      this.#withProgress.delete(subscriber);
      this.#parts.meters.sent[subscriber.sink.wire].progress += released;
      if (released > 0) this.touch(subscriber);
    }
    if (this.#withProgress.size > 0) return;
    clearInterval(this.#ticking);
    this.#ticking = undefined;
  }

  /** With the job's record as it is now: a fact that left the attempt running may have come since the value. */
  #frameOf(value: LiveProgress, owned: boolean): Frame {
    const live = this.#follower.running.live(value.jobId) ?? value;
    const frames = owned ? this.#ownedProgressFrames : this.#progressFrames;
    const made = frames.get(live) ?? progressFrame(() => (owned ? live.ownedText() : live.text()));
    frames.set(live, made);
    return made;
  }

  #flush(): void {
    const { meters, clock } = this.#parts;
    const { seq } = this.#follower.position;
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
      subscriber.passed(seq);
      subscriber.write(joined, now);
      meters.sent[subscriber.sink.wire].bytes += joined.length;
    }
    this.#dirty.clear();
    if (this.#newestAt !== undefined) meters.delivered(clock() - this.#newestAt);
    this.#newestAt = undefined;
  }
}

/** Subscribers of the same topics are due the very same buffers: one comparison of references each, and no copy. */
function sameParts(one: readonly Buffer[], other: readonly Buffer[]): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index += 1) if (one[index] !== other[index]) return false;
  return true;
}
