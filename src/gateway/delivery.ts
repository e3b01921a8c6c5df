import type { Fact, Store } from '../engine/engine.js';
import { formatCursor } from '../protocol/cursor.js';
import type { ResetReason } from '../protocol/event.js';
import { isTerminal } from '../protocol/job-record.js';
import { controlBytes, snapshotBytes } from './control.js';
import { factFrame, pastFrame } from './frame.js';
import type { Hub } from './hub.js';
import { Past } from './past.js';
import { snapshotOf } from './snapshot.js';
import { startPointOf } from './start-point.js';
import type { StreamMeters } from './stream-meters.js';
import { type Subscriber, type Subscription, wantsFrom } from './subscriber.js';
import type { Turns } from './turns.js';

export interface DeliveryParts {
  readonly store: Store;
  readonly hub: Hub;
  readonly turns: Turns;
  readonly meters: StreamMeters;
}

/**
 * Everything that is sent from the past: the beginning of a subscription (snapshot, catch-up) and the way back of a reader
 * that fell behind. Each ends in one moment with the hub: no fact between the last one read and the first one live.
 */
export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #past: Past;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    this.#past = new Past(parts.store, parts.hub);
  }

  /** Brings a subscription from its start to live. Returns early when the connection or the subscription has ended. */
  async begin(subscriber: Subscriber, subscription: Subscription): Promise<void> {
    const { store, hub } = this.#parts;
    const { after } = subscription.wanted;
    const { trimmedTo } = after === undefined ? { trimmedTo: 0 } : await store.log();
    const start = startPointOf(after, { position: hub.position, trimmedTo });
    const seq = start.type === 'after' ? start.seq : hub.position.seq;
    this.#control(subscriber, { type: 'subscribed', id: subscription.id, cursor: this.#cursor(seq) });
    if (start.type === 'snapshot') {
      if (start.reset !== undefined) this.#reset(subscriber, subscription, start.reset, seq);
      if (start.reset !== undefined || subscription.wanted.snapshot)
        await this.#snapshot(subscriber, subscription);
    }
    await this.#catchUp(subscriber, subscription, seq);
  }

  /** Brings a connection that fell behind back to live. */
  async readOn(subscriber: Subscriber): Promise<void> {
    const { hub, turns, meters } = this.#parts;
    meters.slowReaders += 1;
    while (subscriber.isBehind) {
      await subscriber.room();
      await turns.next();
      if (!subscriber.isBehind) return;
      if (subscriber.hasOutput || subscriber.fullSince !== undefined) continue;
      const live = [...subscriber.subscriptions.values()].filter((subscription) => subscription.live);
      const wanted = live.map((subscription) => subscription.wanted);
      const page = await this.#past.read(subscriber.owner, subscriber.position, wanted);
      if (!subscriber.isBehind) return;
      if (page.trimmed) return this.#startOver(subscriber, live);
      const bytes: Buffer[] = [];
      for (const { fact, frame } of page.entries) {
        if (!subscriber.wants(fact, fact.type)) continue;
        subscriber.noteEnd(fact);
        subscriber.audit.facts += 1;
        bytes.push(frame.bytes(subscriber.sink.wire));
      }
      subscriber.position = Math.max(subscriber.position, page.reached);
      // In the same step as the comparison, so that nothing can happen in between.
      if (subscriber.position >= hub.position.seq) subscriber.caughtUp();
      this.#write(subscriber, bytes);
    }
  }

  /** What lies before the log's beginning cannot be told: each subscription is told so and begins anew. */
  async #startOver(subscriber: Subscriber, subscriptions: readonly Subscription[]): Promise<void> {
    const { hub } = this.#parts;
    const { seq } = hub.position;
    for (const subscription of subscriptions) hub.leave(subscriber, subscription);
    subscriber.position = seq;
    subscriber.audit = { from: seq, facts: 0 };
    subscriber.caughtUp();
    for (const subscription of subscriptions) {
      this.#reset(subscriber, subscription, 'trimmed', seq);
      await this.#snapshot(subscriber, subscription);
      await this.#catchUp(subscriber, subscription, seq);
    }
  }

  async #catchUp(subscriber: Subscriber, subscription: Subscription, from: number): Promise<void> {
    const { hub, turns, meters } = this.#parts;
    const { owner, sink } = subscriber;
    const here = (): boolean =>
      !subscriber.isClosed && subscriber.subscriptions.get(subscription.id) === subscription;
    let position = from;
    meters.catchUps += 1;
    while (here()) {
      if (subscriber.isOpen && position >= hub.position.seq) {
        // The same step: what happens from here on finds the subscription live.
        this.#push(subscriber, { type: 'live', id: subscription.id, cursor: this.#cursor(hub.position.seq) });
        subscriber.passed(hub.position.seq);
        hub.goLive(subscriber, subscription);
        return;
      }
      await subscriber.room();
      await turns.next();
      if (!here()) return;
      if (position >= hub.position.seq) continue;
      const page = await this.#past.read(owner, position, [subscription.wanted]);
      if (!here()) return;
      if (page.trimmed) {
        position = hub.position.seq;
        this.#reset(subscriber, subscription, 'trimmed', position);
        await this.#snapshot(subscriber, subscription);
        continue;
      }
      const bytes: Buffer[] = [];
      for (const { fact, frame } of page.entries) {
        if (!wantsFrom(subscription.wanted, fact, fact.type)) continue;
        subscriber.noteEnd(fact);
        bytes.push(
          sink.wire === 'sse' ? frame.bytes('sse') : pastFrame(hub.tail.epoch, fact, subscription.id),
        );
      }
      meters.sent[sink.wire].facts += bytes.length;
      position = Math.max(position, page.reached);
      this.#write(subscriber, bytes);
    }
  }

  async #snapshot(subscriber: Subscriber, subscription: Subscription): Promise<void> {
    const { store } = this.#parts;
    const { owner, sink } = subscriber;
    const { topics } = subscription.wanted;
    for await (const part of snapshotOf(store, owner, topics)) {
      await subscriber.room();
      if (subscriber.isClosed) return;
      this.#write(subscriber, [snapshotBytes(sink.wire, subscription.id, part.records, part)]);
      const [job] = part.jobs;
      const single = topics.length === 1 && topics[0]?.type === 'job' && job !== undefined;
      if (single && isTerminal(job.status)) await this.#tellEnd(subscriber, subscription, job.id);
    }
  }

  /** A job that had ended before the snapshot: its terminal fact goes along (P-21). */
  async #tellEnd(subscriber: Subscriber, subscription: Subscription, jobId: string): Promise<void> {
    const { store, hub } = this.#parts;
    const page = await store.facts({ owner: subscriber.owner, jobId, after: 0, limit: 1_000 });
    const fact = page.facts.findLast(
      ({ type }) => type === 'job.completed' || type === 'job.failed' || type === 'job.cancelled',
    );
    if (subscriber.endsWith === jobId) subscriber.end();
    const epoch = hub.tail.epoch;
    this.#write(
      subscriber,
      fact === undefined ? [Buffer.alloc(0)] : [pastBytes(subscriber, subscription, epoch, fact)],
    );
  }

  #reset(subscriber: Subscriber, { id }: Subscription, reason: ResetReason, seq: number): void {
    this.#parts.meters.reset(reason);
    this.#control(subscriber, { type: 'reset', id, reason, cursor: this.#cursor(seq) });
  }

  #cursor(seq: number): string {
    return formatCursor({ epoch: this.#parts.hub.tail.epoch, seq });
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
    const wasOpen = subscriber.isOpen;
    subscriber.send(joined, performance.now());
    if (wasOpen && subscriber.isBehind) void this.readOn(subscriber);
  }
}

function pastBytes(subscriber: Subscriber, subscription: Subscription, epoch: string, fact: Fact): Buffer {
  return subscriber.sink.wire === 'sse'
    ? factFrame(epoch, fact).bytes('sse')
    : pastFrame(epoch, fact, subscription.id);
}
