import type { Fact } from '../engine/engine.js';
import type { LiveProgress } from '../follow/running-jobs.js';
import type { CloseReason } from '../protocol/close-codes.js';
import type { EventType } from '../protocol/event.js';
import { endsAttempt, endsJob } from '../protocol/fact.js';
import type { SubscriptionFilter } from '../protocol/messages.js';
import { matchesTopic, type Subject } from '../protocol/topic.js';
import type { Frame, Wire } from './frame.js';
import type { TailEntry } from './log-tail.js';

/** What a transport offers: it takes bytes, reports when they have gone, and ends. */
export interface Sink {
  readonly wire: Wire;
  /** Hands bytes to the socket. False when it is full: nothing more until `drained` was called. */
  write(bytes: Buffer): boolean;
  /** Bytes handed over and not yet taken by the socket. */
  readonly waitingBytes: number;
  /** Falls whenever the peer takes bytes, few as they may be; see `unsentBytes`. */
  readonly unsent: number;
  /** Called twice a second, to find a peer that is gone (P-40). `isFull`: what was written still waits for it. */
  checkLiveness?(now: number, isFull: boolean): void;
  /** Gives the peer so much longer for its answer. */
  postpone?(ms: number): void;
  /** Ends the connection; the client gets `retryMs` where it may reconnect. */
  close(reason: CloseReason, retryMs?: number): void;
}

export interface Subscription {
  readonly subscriber: Subscriber;
  readonly id: string;
  readonly filter: SubscriptionFilter;
  /** False while facts from the log are being sent: new facts are then part of that. */
  live: boolean;
  /** Until the subscription is live: every fact up to here was sent. Undefined while its snapshot is being sent. */
  reached: number | undefined;
}

export interface OutboxLimits {
  /** Bytes that may be gathered for one socket in one turn. Past it the subscriber falls back to the log (P-42). */
  readonly maxBytes: number;
}

export interface SubscriberParts {
  readonly owner: string;
  readonly keyId: string;
  readonly sink: Sink;
  /** Where the log is handed out. */
  readonly position: number;
  readonly outbox: OutboxLimits;
  /** `performance.now()` */
  readonly now: number;
  /** Called whenever the state becomes `behind`: the delivery then has to catch up from the log. */
  readonly behind: (subscriber: Subscriber) => void;
}

/**
 * - `open`: gets everything as it happens.
 * - `behind`: its socket is full, or more came in one turn than its outbox takes; `position` says where to read on.
 * - `closed`
 */
export type SubscriberState = 'open' | 'behind' | 'closed';

/** What a full socket has to take within the time after which it counts as stuck. */
const leastBytes = 8 * 1024;

/**
 * One connection of one owner, with its subscriptions. It holds a position in the log and a small outbox, never a queue
 * of facts: while its socket is full, it stores nothing but the latest progress of each job.
 */
export class Subscriber {
  readonly owner: string;
  readonly keyId: string;
  readonly sink: Sink;
  readonly subscriptions = new Map<string, Subscription>();
  readonly #limits: OutboxLimits;
  readonly #behind: (subscriber: Subscriber) => void;
  #outbox: Buffer[] = [];
  /** By job. Undefined while no progress waits, as for most connections most of the time. */
  #progress: Map<string, LiveProgress> | undefined;
  #outboxBytes = 0;
  #state: SubscriberState = 'open';
  #ended = false;
  #withheld = 0;
  #nextProgressAt = 0;
  #drained: (() => void)[] | undefined;
  /** The last fact that was handed to the socket or skipped; facts up to it are never sent again. */
  position: number;
  /** `performance.now()` of the last bytes, for heartbeats. */
  wroteAt: number;
  /** `performance.now()` since when a full socket has taken less than `leastBytes`; undefined while it has room. */
  fullSince: number | undefined;
  /** True while the delivery catches up for it from the log: two loops would send the same facts. */
  isCatchingUp = false;
  #unsent = 0;
  /** Bytes since `fullSince`. */
  #taken = 0;
  /** A job with whose end the connection ends, too. */
  endsWithJob: string | undefined;
  /** Facts sent live since `position` was `from`: compared with the log now and then. */
  audit = { from: 0, facts: 0 };

  constructor(parts: SubscriberParts) {
    const { owner, keyId, sink, position, outbox, now, behind } = parts;
    this.owner = owner;
    this.keyId = keyId;
    this.sink = sink;
    this.position = position;
    this.wroteAt = now;
    this.#limits = outbox;
    this.#behind = behind;
    this.audit.from = position;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get isBehind(): boolean {
    return this.#state === 'behind';
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  get hasOutput(): boolean {
    return this.#outbox.length > 0;
  }

  /** Progress values that were replaced by newer ones before they were sent. */
  get withheld(): number {
    return this.#withheld;
  }

  /** The shortest pace that a live subscription asks for; undefined when none wants progress. */
  get progressMs(): number | undefined {
    let shortest: number | undefined;
    for (const { live, filter } of this.subscriptions.values()) {
      if (live && filter.progressMs > 0)
        shortest = Math.min(shortest ?? filter.progressMs, filter.progressMs);
    }
    return shortest;
  }

  /** Whether a live subscription wants this. */
  wants(subject: Subject, type: EventType): boolean {
    for (const { live, filter } of this.subscriptions.values()) {
      if (live && wantsFrom(filter, subject, type)) return true;
    }
    return false;
  }

  /** Whether a live subscription wants the progress of this. */
  wantsProgress(subject: Subject): boolean {
    for (const { live, filter } of this.subscriptions.values()) {
      if (live && filter.progressMs > 0 && wantsFrom(filter, subject, 'job.progress')) return true;
    }
    return false;
  }

  /**
   * Up to where the client has every fact, for a heartbeat; undefined when no cursor can say that. The subscriptions of
   * a WebSocket that are not live yet have cursors of their own (P-14); an event stream has one for its only
   * subscription.
   * @param end the follower's position
   */
  cursorAt(end: number): number | undefined {
    if (this.sink.wire === 'sse') {
      const [only] = this.subscriptions.values();
      if (only?.live !== true) return only?.reached;
    }
    return this.isOpen ? end : this.position;
  }

  /** Offers a new fact, one of whose topics fits. True when it goes into the outbox. */
  offer(entry: TailEntry): boolean {
    const { fact } = entry;
    if (fact.seq <= this.position) return false;
    if (endsAttempt(fact.type)) this.#progress?.delete(fact.jobId);
    if (this.#state !== 'open' || !this.wants(fact, fact.type)) return false;
    const bytes = entry.frame.bytes(this.sink.wire);
    if (this.#outboxBytes + bytes.length > this.#limits.maxBytes && this.#outboxBytes > 0) {
      this.#fallBehind();
      return false;
    }
    this.position = fact.seq;
    this.audit.facts += 1;
    this.noteEnd(fact);
    this.push(bytes);
    return true;
  }

  /** Notes that every fact up to here was offered or does not concern this subscriber. */
  passed(position: number): void {
    if (this.#state === 'open' && position > this.position) this.position = position;
  }

  /** Adds bytes to this turn's output; the hub writes them at the end of the turn. */
  push(bytes: Buffer): void {
    this.#outbox.push(bytes);
    this.#outboxBytes += bytes.length;
  }

  offerProgress(live: LiveProgress): void {
    if (this.#state === 'closed') return;
    this.#progress ??= new Map();
    const before = this.#progress.get(live.jobId);
    // Several subscriptions may want the same value.
    if (before === live) return;
    if (before !== undefined) this.#withheld += 1;
    this.#progress.set(live.jobId, live);
  }

  /**
   * Puts the latest progress into the outbox when its time has come.
   * @returns how many values; undefined when they have to wait
   */
  releaseProgress(now: number, frameOf: (live: LiveProgress) => Frame): number | undefined {
    const pace = this.progressMs;
    // A subscription may have gone since the value was offered.
    const due = [...(this.#progress?.values() ?? [])].filter((live) => this.wantsProgress(live));
    if (due.length > 0 && (this.#state !== 'open' || now < this.#nextProgressAt)) return undefined;
    for (const live of due) this.push(frameOf(live).bytes(this.sink.wire));
    this.#progress = undefined;
    if (due.length > 0) this.#nextProgressAt = now + (pace ?? 0);
    return due.length;
  }

  /** Takes the gathered bytes; the caller joins them once for all subscribers that are due the same. */
  takeOutbox(): readonly Buffer[] {
    const taken = this.#outbox;
    // An emptied array would keep its room for 16 buffers, for every connection.
    this.#outbox = [];
    this.#outboxBytes = 0;
    return taken;
  }

  /** Writes at once. When the socket is full, the subscriber is behind. */
  write(bytes: Buffer, now: number): void {
    if (this.#state === 'closed') return;
    this.wroteAt = now;
    const room = this.sink.write(bytes);
    if (this.#ended) this.sink.close('normal');
    if (room) return;
    this.fullSince ??= now;
    this.#unsent = this.sink.unsent;
    this.#fallBehind();
  }

  /** Writes the gathered bytes and then these: the order is kept. */
  send(bytes: Buffer, now: number): void {
    const gathered = this.takeOutbox();
    this.write(gathered.length === 0 ? bytes : Buffer.concat([...gathered, bytes]), now);
  }

  /** Whether the stream of one job is over with this fact (P-33). */
  endsAt(fact: Fact): boolean {
    return this.endsWithJob === fact.jobId && endsJob(fact.type);
  }

  /** The stream of one job is over after its end (P-33). */
  noteEnd(fact: Fact): void {
    if (this.endsAt(fact)) this.#ended = true;
  }

  /** The next write is the last one. */
  end(): void {
    this.#ended = true;
  }

  /** Looks whether a full socket takes enough: slow is not stuck, but a byte now and then is (P-43). */
  checkLiveness(now: number): void {
    this.sink.checkLiveness?.(now, this.fullSince !== undefined);
    if (this.fullSince === undefined) return;
    const { unsent } = this.sink;
    this.#taken += Math.max(0, this.#unsent - unsent);
    this.#unsent = unsent;
    if (this.#taken < leastBytes) return;
    this.#taken = 0;
    this.fullSince = now;
  }

  /** Gives the client so much longer to take or to answer what it has to: the process stood. */
  postpone(ms: number): void {
    this.sink.postpone?.(ms);
    if (this.fullSince !== undefined) this.fullSince += ms;
  }

  /** The socket has taken everything. */
  drained(): void {
    this.fullSince = undefined;
    this.#taken = 0;
    const waiting = this.#drained ?? [];
    this.#drained = undefined;
    for (const wake of waiting) wake();
  }

  /** Resolves when the socket has room, or the connection has ended. */
  async room(): Promise<void> {
    while (this.fullSince !== undefined && this.#state !== 'closed') {
      await new Promise<void>((resolve) => {
        this.#drained ??= [];
        this.#drained.push(resolve);
      });
    }
  }

  #fallBehind(): void {
    if (this.#state !== 'open') return;
    this.#state = 'behind';
    this.#behind(this);
  }

  /** Notes that the delivery has read up to the end of the log. */
  caughtUp(): void {
    if (this.#state === 'behind') this.#state = 'open';
  }

  close(): void {
    this.#state = 'closed';
    this.#outbox = [];
    this.#progress = undefined;
    this.drained();
  }
}

export function wantsFrom(filter: SubscriptionFilter, subject: Subject, type: EventType): boolean {
  if (filter.types !== undefined && !filter.types.has(type)) return false;
  return filter.topics.some((topic) => matchesTopic(topic, subject));
}
