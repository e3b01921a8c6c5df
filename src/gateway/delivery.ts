import type { Store } from '../engine/engine.js';
import type { Follower } from '../follow/follower.js';
import { formatCursor } from '../protocol/cursor.js';
import type { ResetReason } from '../protocol/event.js';
import { controlBytes, snapshotBytes } from './control.js';
import { catchUpFrame, factFrame, framesForOne, heartbeatBytes } from './frame.js';
import type { Hub } from './hub.js';
import { endedBy } from './job-end.js';
import type { LogPage, LogReader } from './log-reader.js';
import { snapshotOf } from './snapshot.js';
import type { SnapshotReads } from './snapshot-reads.js';
import { startPointOf } from './start-point.js';
import type { StepScheduler } from './step-scheduler.js';
import type { StreamMeters } from './stream-meters.js';
import { type Subscriber, type Subscription, wantsFrom } from './subscriber.js';

export interface DeliveryParts {
  readonly store: Store;
  readonly follower: Follower;
  readonly hub: Hub;
  readonly logReader: LogReader;
  readonly snapshotReads: SnapshotReads;
  readonly scheduler: StepScheduler;
  readonly meters: StreamMeters;
  /** Called when the facts for a connection could not be read: the client has to reconnect with its cursor. */
  readonly failed: (subscriber: Subscriber, error: unknown) => void;
}

/**
 * Sends everything that lies in the log already: the beginning of a subscription (snapshot, catch-up), and the facts
 * that a connection missed while it was behind. Each ends in one step with the follower, so that no fact falls between
 * the last one read and the first one live.
 */
export class Delivery {
  readonly #parts: DeliveryParts;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** Brings a subscription from its start to live, unless it or its connection ends before. */
  begin(subscriber: Subscriber, subscription: Subscription): void {
    this.#begin(subscriber, subscription).catch((error) => this.#parts.failed(subscriber, error));
  }

  /** Brings a connection that fell behind back to live. */
  catchUp(subscriber: Subscriber): void {
    if (subscriber.isCatchingUp) return;
    this.#catchUpConnection(subscriber)
      .then((trimmed) => (trimmed ? this.#startOver(subscriber) : undefined))
      .catch((error) => this.#parts.failed(subscriber, error));
  }

  async #begin(subscriber: Subscriber, subscription: Subscription): Promise<void> {
    const { store, follower } = this.#parts;
    const { after, snapshot } = subscription.filter;
    const log = await store.log();
    const start = startPointOf(after, log);
    // The cursor, or what a snapshot shows, may be of another node, or of a fact whose hint is still under way.
    await follower.reach(start.type === 'after' ? start.seq : log.last);
    if (!isHere(subscriber, subscription)) return;
    const seq = start.type === 'after' ? start.seq : follower.position.seq;
    this.#control(subscriber, { type: 'subscribed', id: subscription.id, cursor: this.#cursor(seq) });
    if (start.type === 'snapshot') {
      const wantsSnapshot = snapshot || start.reset !== undefined;
      if (start.reset !== undefined) this.#reset(subscriber, subscription, start.reset, seq);
      await this.#renew(subscriber, subscription, seq, wantsSnapshot);
    }
    await this.#catchUpSubscription(subscriber, subscription, seq);
  }

  /** @returns true when facts that the connection has not got are no longer in the log */
  async #catchUpConnection(subscriber: Subscriber): Promise<boolean> {
    const { scheduler, meters } = this.#parts;
    meters.slowReaders += 1;
    // Reset in the step in which the loop ends: a subscriber that falls behind right after it starts the loop anew.
    subscriber.isCatchingUp = true;
    try {
      while (subscriber.isBehind) {
        await subscriber.room();
        await scheduler.next();
        if (!subscriber.isBehind) return false;
        if (subscriber.hasOutput || subscriber.fullSince !== undefined) continue;
        const filters = liveOf(subscriber).map((subscription) => subscription.filter);
        const page = await this.#parts.logReader.read(subscriber.owner, subscriber.position, filters);
        if (!subscriber.isBehind) return false;
        if (page.trimmed) return true;
        this.#sendPage(subscriber, page);
      }
      return false;
    } finally {
      subscriber.isCatchingUp = false;
    }
  }

  #sendPage(subscriber: Subscriber, page: LogPage): void {
    const { follower, hub, meters } = this.#parts;
    const bytes: Buffer[] = [];
    for (const { fact, frame } of page.entries) {
      if (subscriber.wants(fact, fact.type)) {
        subscriber.audit.facts += 1;
        bytes.push(frame.bytes(subscriber.sink.wire));
      } else if (subscriber.endsAt(fact)) bytes.push(hub.endMark(subscriber, fact));
      subscriber.noteEnd(fact);
    }
    meters.sent[subscriber.sink.wire].facts += bytes.length;
    subscriber.position = Math.max(subscriber.position, page.reached);
    // In the same step as the comparison, so that nothing can happen in between.
    if (subscriber.position >= follower.position.seq) subscriber.caughtUp();
    this.#write(subscriber, bytes);
  }

  /**
   * The connection missed facts that are no longer in the log: each live subscription gets a `reset` and begins anew.
   */
  async #startOver(subscriber: Subscriber): Promise<void> {
    const { follower, hub } = this.#parts;
    const { seq } = follower.position;
    const subscriptions = liveOf(subscriber);
    for (const subscription of subscriptions) {
      hub.leave(subscription);
      subscription.reached = undefined;
    }
    subscriber.position = seq;
    subscriber.audit = { from: seq, facts: 0 };
    subscriber.caughtUp();
    for (const subscription of subscriptions) {
      if (!isHere(subscriber, subscription)) continue;
      this.#reset(subscriber, subscription, 'trimmed', seq);
      await this.#renew(subscriber, subscription, seq, true);
      await this.#catchUpSubscription(subscriber, subscription, seq);
    }
  }

  async #catchUpSubscription(
    subscriber: Subscriber,
    subscription: Subscription,
    from: number,
  ): Promise<void> {
    const { follower, hub, scheduler, meters } = this.#parts;
    const { owner, sink } = subscriber;
    let position = from;
    meters.catchUps += 1;
    while (isHere(subscriber, subscription)) {
      subscription.reached = position;
      if (subscriber.isOpen && position >= follower.position.seq) {
        // The same step: what happens from here on finds the subscription live.
        this.#push(subscriber, {
          type: 'live',
          id: subscription.id,
          cursor: this.#cursor(follower.position.seq),
        });
        subscriber.passed(follower.position.seq);
        hub.goLive(subscription);
        return;
      }
      await subscriber.room();
      await scheduler.next();
      if (!isHere(subscriber, subscription)) return;
      if (position >= follower.position.seq) continue;
      const page = await this.#parts.logReader.read(owner, position, [subscription.filter]);
      if (!isHere(subscriber, subscription)) return;
      if (page.trimmed) {
        position = follower.position.seq;
        this.#reset(subscriber, subscription, 'trimmed', position);
        await this.#renew(subscriber, subscription, position, true);
        continue;
      }
      const bytes: Buffer[] = [];
      let wanted: Buffer[] = [];
      const gather = (): void => {
        if (sink.wire === 'sse') bytes.push(...wanted);
        else if (wanted.length > 0) bytes.push(framesForOne(wanted, subscription.id));
        meters.sent[sink.wire].facts += wanted.length;
        wanted = [];
      };
      for (const { fact, frame } of page.entries) {
        if (wantsFrom(subscription.filter, fact, fact.type)) wanted.push(frame.bytes(sink.wire));
        else if (subscriber.endsAt(fact)) {
          gather();
          bytes.push(hub.endMark(subscriber, fact));
        }
        subscriber.noteEnd(fact);
      }
      gather();
      position = Math.max(position, page.reached);
      subscription.reached = position;
      this.#write(subscriber, bytes);
    }
  }

  /**
   * Sends the state as of `seq`, or later. Facts after `seq` follow it, also those whose effect it holds.
   * @param snapshot whether the records are wanted; the end of a job that has ended is sent in any case
   */
  async #renew(
    subscriber: Subscriber,
    subscription: Subscription,
    seq: number,
    snapshot: boolean,
  ): Promise<void> {
    const { owner, sink } = subscriber;
    const { topics } = subscription.filter;
    subscription.reached = undefined;
    if (snapshot) {
      const isWanted = (): boolean => isHere(subscriber, subscription);
      for await (const part of snapshotOf(this.#parts.snapshotReads, { owner, topics, seq, isWanted })) {
        await subscriber.room();
        if (!isHere(subscriber, subscription)) return;
        this.#write(subscriber, [snapshotBytes(sink.wire, subscription.id, part.text(), part)]);
      }
    }
    const [topic] = topics;
    if (topics.length === 1 && topic?.type === 'job')
      await this.#tellEnd(subscriber, subscription, topic.id, seq);
  }

  /** Sends the terminal fact of a job that had ended before: no other fact will follow (P-21). */
  async #tellEnd(
    subscriber: Subscriber,
    subscription: Subscription,
    jobId: string,
    seq: number,
  ): Promise<void> {
    const { store, follower } = this.#parts;
    const end = await endedBy(store, subscriber.owner, jobId, seq);
    if (end === undefined || !isHere(subscriber, subscription)) return;
    const { log } = follower;
    const { wire } = subscriber.sink;
    const isLast = subscriber.endsWithJob === jobId;
    if (isLast) subscriber.end();
    if (end.fact !== undefined && wantsFrom(subscription.filter, end.fact, end.fact.type)) {
      const { fact } = end;
      this.#write(subscriber, [
        wire === 'sse' ? factFrame(log, fact).bytes(wire) : catchUpFrame(log, fact, subscription.id),
      ]);
    } else if (isLast) {
      // With the cursor, so that the server answers a reconnect with 204.
      this.#write(subscriber, [heartbeatBytes(wire, follower.positionAt(seq), subscriber.withheld)]);
    }
  }

  #reset(subscriber: Subscriber, { id }: Subscription, reason: ResetReason, seq: number): void {
    this.#parts.meters.reset(reason);
    this.#control(subscriber, { type: 'reset', id, reason, cursor: this.#cursor(seq) });
  }

  #cursor(seq: number): string {
    return formatCursor(this.#parts.follower.positionAt(seq));
  }

  #control(subscriber: Subscriber, message: Parameters<typeof controlBytes>[1]): void {
    this.#write(subscriber, [controlBytes(subscriber.sink.wire, message)]);
  }

  #push(subscriber: Subscriber, message: Parameters<typeof controlBytes>[1]): void {
    subscriber.push(controlBytes(subscriber.sink.wire, message));
    this.#parts.hub.touch(subscriber);
  }

  #write(subscriber: Subscriber, bytes: readonly Buffer[]): void {
    if (bytes.length === 0) return;
    const [first] = bytes;
    const joined = bytes.length === 1 && first !== undefined ? first : Buffer.concat(bytes);
    this.#parts.meters.sent[subscriber.sink.wire].bytes += joined.length;
    subscriber.send(joined, performance.now());
  }
}

/**
 * Whether the connection is open and its subscription is still this one: not given up, nor its id used by another one.
 */
function isHere(subscriber: Subscriber, subscription: Subscription): boolean {
  return !subscriber.isClosed && subscriber.subscriptions.get(subscription.id) === subscription;
}

function liveOf(subscriber: Subscriber): readonly Subscription[] {
  return [...subscriber.subscriptions.values()].filter(({ live }) => live);
}
