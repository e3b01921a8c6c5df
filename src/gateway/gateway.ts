import type { Store } from '../engine/engine.js';
import type { Follower } from '../follow/follower.js';
import type { SubscriptionFilter } from '../protocol/messages.js';
import { everyOwner } from '../protocol/names.js';
import { type Problem, problem, wrongMember } from '../protocol/problem.js';
import type { QueueNotice } from '../protocol/queue.js';
import type { Topic } from '../protocol/topic.js';
import { Shares } from '../shares/shares.js';
import { Audit } from './audit.js';
import { type ConnectionLimits, Connections, type Origin } from './connections.js';
import { controlBytes } from './control.js';
import { Delivery } from './delivery.js';
import { Hub } from './hub.js';
import { hasFactsAfter, isOverAfter } from './job-end.js';
import { LogReader } from './log-reader.js';
import { LongPoll } from './long-poll.js';
import { SnapshotReads } from './snapshot-reads.js';
import { startPointOf } from './start-point.js';
import { StepScheduler } from './step-scheduler.js';
import type { StreamMeters } from './stream-meters.js';
import { type OutboxLimits, type Sink, Subscriber, type Subscription } from './subscriber.js';

export interface GatewayParts {
  readonly store: Store;
  /** Open, and not started yet. The gateway does not close it. */
  readonly follower: Follower;
  readonly meters: StreamMeters;
  readonly limits: GatewayLimits;
  readonly tail: { readonly maxFacts: number; readonly maxBytes: number };
  readonly clock: () => number;
  readonly random: () => number;
  readonly keyHolds: (keyId: string) => boolean;
  readonly onError: (error: unknown) => void;
}

export interface GatewayLimits extends ConnectionLimits {
  readonly outboxMaxBytes: number;
  /** Of one connection. */
  readonly maxSubscriptions: number;
  /** Of the subscriptions of all owners, and of one: each takes some 350 bytes at the worst (P-50). */
  readonly maxTopics: number;
  readonly maxTopicsPerOwner: number;
}

export interface StreamCaller extends Origin {
  /** Undefined: every topic of the owner; otherwise these alone, by a ticket. */
  readonly topics?: readonly Topic[];
}

const turnBudgetMs = 8;

/** The push side: connections, their subscriptions, and the log that they follow. */
export class Gateway {
  readonly connections: Connections;
  readonly longPoll: LongPoll;
  readonly audit: Audit;
  /** Topics of all subscriptions. Where there are too many, a connection of the owner with most ends. */
  readonly topics: Shares<Subscription>;
  /** Snapshots that wait to be read. */
  readonly snapshots: SnapshotReads['shares'];
  readonly #parts: GatewayParts;
  readonly #hub: Hub;
  readonly #delivery: Delivery;
  readonly #scheduler: StepScheduler;
  /** The same for all connections: there are many of them. */
  readonly #outbox: OutboxLimits;
  readonly #behind: (reader: Subscriber) => void;
  readonly #allowed = new WeakMap<Subscriber, readonly Topic[]>();

  constructor(parts: GatewayParts) {
    const { store, follower, meters, limits, random, keyHolds, onError } = parts;
    this.#parts = parts;
    const topicBounds = { total: limits.maxTopics, perOwner: limits.maxTopicsPerOwner };
    this.topics = new Shares(topicBounds, ({ subscriber }) => this.connections.end(subscriber, 'overloaded'));
    const hub = new Hub({ ...parts, topics: this.topics, lost: () => this.connections.endAll() });
    const logReader = new LogReader(store, follower, hub.tail);
    const failed = (subscriber: Subscriber, error: unknown): void => {
      onError(error);
      this.connections.end(subscriber, 'restart');
    };
    const scheduler = new StepScheduler(turnBudgetMs);
    const snapshotReads = new SnapshotReads(store, () => follower.position.seq);
    this.snapshots = snapshotReads.shares;
    const reading = { store, follower, logReader, snapshotReads, meters };
    const delivery = new Delivery({ ...reading, hub, failed, scheduler });
    this.#hub = hub;
    this.#delivery = delivery;
    this.#scheduler = scheduler;
    this.#outbox = { maxBytes: limits.outboxMaxBytes };
    this.#behind = (reader) => delivery.catchUp(reader);
    this.connections = new Connections({ hub, follower, meters, limits, random, keyHolds });
    this.longPoll = new LongPoll(reading);
    this.audit = new Audit({
      follower,
      tail: hub.tail,
      meters,
      subscribers: () => this.connections.subscribers,
      repair: (subscriber) => this.connections.end(subscriber, 'restart'),
      onError,
    });
  }

  /** Tells every connection whether jobs are started (P-49). */
  tellQueue(notice: QueueNotice): void {
    const hasSubscribed = ({ subscriptions }: Subscriber): boolean =>
      [...subscriptions.values()].some(({ live }) => live);
    this.#hub.tellQueue(notice, this.connections.subscribers.filter(hasSubscribed));
  }

  /** Adds a connection; undefined when its key or address has too many. */
  connect(sink: Sink, caller: StreamCaller): Subscriber | undefined {
    const leave = this.connections.takePlace(caller);
    if (leave === undefined) return undefined;
    // From the step in which it takes its place in the log.
    const unfollow = this.#parts.follower.follow(caller.owner);
    const subscriber = new Subscriber({
      ...caller,
      sink,
      position: this.#parts.follower.position.seq,
      outbox: this.#outbox,
      now: performance.now(),
      behind: this.#behind,
    });
    this.connections.add(subscriber, caller.address, () => {
      leave();
      unfollow();
    });
    if (caller.topics !== undefined) this.#allowed.set(subscriber, caller.topics);
    return subscriber;
  }

  /**
   * Adds a subscription and begins to send. Resolves with the refusal, or with undefined when the subscription has
   * begun. Rejects when the store fails; the id is then free again.
   */
  async subscribe(
    subscriber: Subscriber,
    id: string,
    filter: SubscriptionFilter,
  ): Promise<Problem | undefined> {
    const { maxSubscriptions, maxTopicsPerOwner } = this.#parts.limits;
    const { owner } = subscriber;
    if (subscriber.subscriptions.has(id)) return wrongMember('/id', 'is the id of another subscription');
    if (subscriber.subscriptions.size >= maxSubscriptions) {
      return problem('too-many-subscriptions', `One connection may have ${maxSubscriptions} subscriptions`);
    }
    const subscription: Subscription = { subscriber, id, filter, live: false, reached: undefined };
    // What is taken for a connection that has ended would never be given back.
    if (subscriber.isClosed) return undefined;
    if (this.topics.take(owner, subscription, filter.topics.length) !== 'taken') {
      const detail = `The subscriptions of one owner may have ${maxTopicsPerOwner} topics altogether; end some of them`;
      return problem('too-many-subscriptions', detail);
    }
    // Taken at once: two messages with one id must not both be accepted.
    subscriber.subscriptions.set(id, subscription);
    let accepted = false;
    try {
      // A thousand of them may come in one burst.
      await this.#scheduler.next();
      const refusal = await this.refusalOf(owner, filter, this.#allowed.get(subscriber));
      accepted = refusal === undefined;
      if (accepted) this.#delivery.begin(subscriber, subscription);
      return refusal;
    } finally {
      if (!accepted) this.topics.leave(owner, subscription);
      // The client may have given the subscription up meanwhile, and used its id for another one.
      if (!accepted && subscriber.subscriptions.get(id) === subscription) subscriber.subscriptions.delete(id);
    }
  }

  unsubscribe(subscriber: Subscriber, id: string): boolean {
    const subscription = subscriber.subscriptions.get(id);
    if (subscription === undefined) return false;
    this.#hub.leave(subscription);
    this.topics.leave(subscriber.owner, subscription);
    subscriber.subscriptions.delete(id);
    const message = { type: 'unsubscribed', id, withheld: subscriber.withheld } as const;
    subscriber.send(controlBytes(subscriber.sink.wire, message), performance.now());
    return true;
  }

  /**
   * Why an owner may not follow these topics (P-17, P-46).
   * @param after a cursor: a job that was deleted after it may be followed to its end
   */
  async refusalOf(
    owner: string,
    { topics, after }: Pick<SubscriptionFilter, 'topics' | 'after'>,
    allowed: readonly Topic[] | undefined,
  ): Promise<Problem | undefined> {
    for (const topic of topics) {
      if (allowed !== undefined && !allowed.some((pass) => covers(pass, topic))) {
        return problem('capability-denied', 'The ticket is for other topics');
      }
      if (topic.type === 'job' && owner === everyOwner)
        return problem('validation-failed', 'A job is followed under the name of its owner.');
      if (topic.type === 'job' && !(await this.#isKnown(owner, topic.id, after))) {
        return problem('not-found', `There is no job ${topic.id}`);
      }
    }
    return undefined;
  }

  /** Whether a job has ended and the cursor lies after its end: no fact will follow (P-33). */
  async isOver(owner: string, jobId: string, after: string | undefined): Promise<boolean> {
    const { store } = this.#parts;
    if (after === undefined) return false;
    const start = startPointOf(after, await store.log());
    return start.type === 'after' && isOverAfter(store, owner, jobId, start.seq);
  }

  async #isKnown(owner: string, jobId: string, after: string | undefined): Promise<boolean> {
    const { store } = this.#parts;
    if ((await store.get(owner, jobId)) !== undefined) return true;
    if (after === undefined) return false;
    const start = startPointOf(after, await store.log());
    return start.type === 'after' && hasFactsAfter(store, owner, jobId, start.seq);
  }

  /** Ends all connections; each client gets a time to reconnect. Safe twice. */
  async close(): Promise<void> {
    this.audit.close();
    this.longPoll.close();
    this.connections.close();
    this.#hub.close();
  }
}

function covers(pass: Topic, topic: Topic): boolean {
  if (pass.type === 'jobs') return true;
  return JSON.stringify(pass) === JSON.stringify(topic);
}
