import { stoodFor } from '../countdown.js';
import type { Follower } from '../follow/follower.js';
import type { CloseReason } from '../protocol/close-codes.js';
import { heartbeatBytes, quietBytes } from './frame.js';
import type { Hub } from './hub.js';
import type { StreamMeters, StreamState } from './stream-meters.js';
import type { Subscriber } from './subscriber.js';

export interface ConnectionLimits {
  readonly maxPerKey: number;
  readonly maxPerAddress: number;
  /** Bytes that may wait for all sockets together (P-44). */
  readonly maxWaitingBytes: number;
  readonly heartbeatMs: number;
  /** A socket that takes nothing for so long is closed (P-43). */
  readonly stuckMs: number;
  /** A connection lives for this to twice this long (P-56). */
  readonly lifeMs: number;
}

/** By whom, and from where, a connection is opened. */
export interface Origin {
  readonly owner: string;
  readonly keyId: string;
  readonly address: string;
}

interface Open {
  readonly leave: () => void;
  endsAt: number;
  readonly address: string;
}

/** The connections of one address. */
interface Address {
  total: number;
  readonly byOwner: Map<string, number>;
}

const livenessCheckMs = 500;
/** Delays of `bye` are drawn from 0.5 s to this. */
const spreadMs = 5_000;

/**
 * The open connections. Decides whether a caller may open one more, sends heartbeats, and ends connections whose time
 * is over.
 */
export class Connections {
  readonly #hub: Hub;
  readonly #follower: Follower;
  readonly #meters: StreamMeters;
  readonly #limits: ConnectionLimits;
  readonly #random: () => number;
  /** Whether the key of a connection may still be used. */
  readonly #keyHolds: (keyId: string) => boolean;
  readonly #open = new Map<Subscriber, Open>();
  readonly #perKey = new Map<string, number>();
  readonly #perAddress = new Map<string, Address>();
  readonly #timer: NodeJS.Timeout;
  /** `performance.now()` */
  #lookedAt = performance.now();

  constructor(parts: {
    readonly hub: Hub;
    readonly follower: Follower;
    readonly meters: StreamMeters;
    readonly limits: ConnectionLimits;
    readonly random: () => number;
    readonly keyHolds: (keyId: string) => boolean;
  }) {
    this.#hub = parts.hub;
    this.#follower = parts.follower;
    this.#meters = parts.meters;
    this.#limits = parts.limits;
    this.#random = parts.random;
    this.#keyHolds = parts.keyHolds;
    this.#timer = setInterval(() => this.#checkLiveness(), livenessCheckMs).unref();
  }

  /**
   * A place among the connections of a key and of an address (P-50). Where the address has all of its own, the newest
   * connection gives way of the owner that has most of them, when that owner has more than this one would have.
   * @returns what gives it back, safe twice; undefined when there is none left
   */
  takePlace({ owner, keyId, address }: Origin): (() => void) | undefined {
    const { maxPerKey } = this.#limits;
    if ((this.#perKey.get(keyId) ?? 0) >= maxPerKey) return undefined;
    if (!this.#makeRoom(owner, address)) return undefined;
    change(this.#perKey, keyId, 1);
    this.#changeAddress(address, owner, 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      change(this.#perKey, keyId, -1);
      this.#changeAddress(address, owner, -1);
    };
  }

  /** @param leave gives back the place that the connection has taken */
  add(subscriber: Subscriber, address: string, leave: () => void): void {
    const endsAt = performance.now() + this.#limits.lifeMs * (1 + this.#random());
    this.#open.set(subscriber, { leave, endsAt, address });
  }

  /** Removes a connection that has ended, for whatever reason. Safe twice. */
  remove(subscriber: Subscriber): void {
    const open = this.#open.get(subscriber);
    if (open === undefined) return;
    this.#open.delete(subscriber);
    open.leave();
    this.#meters.withheldBefore += subscriber.withheld;
    this.#hub.forget(subscriber);
    subscriber.close();
  }

  /** Sends the client the time to reconnect, then ends the connection. */
  end(subscriber: Subscriber, reason: CloseReason): void {
    if (subscriber.isClosed) return;
    this.#meters.closed(reason);
    subscriber.sink.close(reason, this.retryMs());
    this.remove(subscriber);
  }

  /** A delay for one client, so that many clients do not reconnect at once (P-56). */
  retryMs(): number {
    return Math.round(500 + this.#random() * spreadMs);
  }

  get state(): StreamState {
    const connections = { ws: 0, sse: 0 };
    let [subscriptions, behind, waitingBytes, withheld] = [0, 0, 0, 0];
    for (const subscriber of this.#open.keys()) {
      connections[subscriber.sink.wire] += 1;
      subscriptions += subscriber.subscriptions.size;
      behind += subscriber.isBehind ? 1 : 0;
      waitingBytes += subscriber.sink.waitingBytes;
      withheld += subscriber.withheld;
    }
    return { connections, subscriptions, behind, waitingBytes, withheld };
  }

  get subscribers(): readonly Subscriber[] {
    return [...this.#open.keys()];
  }

  /** Ends every connection; the clients get reconnect times that are spread. Safe twice. */
  close(): void {
    clearInterval(this.#timer);
    this.endAll();
  }

  endAll(): void {
    for (const subscriber of this.subscribers) this.end(subscriber, 'restart');
  }

  #checkLiveness(): void {
    const now = performance.now();
    this.#makeUpFor(stoodFor(now - this.#lookedAt, livenessCheckMs));
    this.#lookedAt = now;
    let waiting = 0;
    for (const [subscriber, { endsAt }] of this.#open) {
      subscriber.checkLiveness(now);
      waiting += subscriber.sink.waitingBytes;
      const reason = this.#reasonToEnd(subscriber, endsAt, now);
      if (reason !== undefined) this.end(subscriber, reason);
      else if (now - subscriber.wroteAt >= this.#limits.heartbeatMs && subscriber.fullSince === undefined) {
        subscriber.send(this.#heartbeat(subscriber), now);
      }
    }
    if (waiting > this.#limits.maxWaitingBytes) this.#relieve(waiting);
  }

  /**
   * What clients have sent while this process stood has not been read yet, nor what they have taken been noticed: nobody
   * is closed for that time.
   */
  #makeUpFor(stoodMs: number): void {
    if (stoodMs === 0) return;
    for (const [subscriber, open] of this.#open) {
      open.endsAt += stoodMs;
      subscriber.postpone(stoodMs);
    }
  }

  #heartbeat(subscriber: Subscriber): Buffer {
    const seq = subscriber.cursorAt(this.#follower.position.seq);
    if (seq === undefined) return quietBytes;
    return heartbeatBytes(subscriber.sink.wire, this.#follower.positionAt(seq), subscriber.withheld);
  }

  #reasonToEnd(subscriber: Subscriber, endsAt: number, now: number): CloseReason | undefined {
    if (!this.#keyHolds(subscriber.keyId)) return 'unauthorized';
    if (subscriber.fullSince !== undefined && now - subscriber.fullSince > this.#limits.stuckMs)
      return 'stuck';
    return now > endsAt ? 'restart' : undefined;
  }

  /**
   * Ends connections until the rest of the waiting bytes fits: always the one with the most of the owner with the most, so
   * that many readers of one owner do not cost a slow one of another its connection.
   */
  #relieve(waiting: number): void {
    const owners = new Map<string, { bytes: number; readonly slowest: Subscriber[] }>();
    for (const subscriber of this.#open.keys()) {
      const { waitingBytes: bytes } = subscriber.sink;
      if (bytes === 0) continue;
      const own = owners.get(subscriber.owner) ?? { bytes: 0, slowest: [] };
      own.bytes += bytes;
      own.slowest.push(subscriber);
      owners.set(subscriber.owner, own);
    }
    for (const { slowest } of owners.values())
      slowest.sort((one, other) => one.sink.waitingBytes - other.sink.waitingBytes);
    let left = waiting;
    while (left > this.#limits.maxWaitingBytes) {
      const [largest] = [...owners.values()].sort((one, other) => other.bytes - one.bytes);
      const subscriber = largest?.slowest.pop();
      if (largest === undefined || subscriber === undefined) return;
      const { waitingBytes } = subscriber.sink;
      left -= waitingBytes;
      largest.bytes -= waitingBytes;
      this.end(subscriber, 'overloaded');
    }
  }

  /** False when the address has all of its connections, and none can give way to one of this owner. */
  #makeRoom(owner: string, address: string): boolean {
    const from = this.#perAddress.get(address);
    if (from === undefined || from.total < this.#limits.maxPerAddress) return this.#limits.maxPerAddress > 0;
    let largest: string | undefined;
    let most = (from.byOwner.get(owner) ?? 0) + 1;
    for (const [other, count] of from.byOwner) {
      if (count <= most) continue;
      largest = other;
      most = count;
    }
    if (largest === undefined) return false;
    let newest: Subscriber | undefined;
    for (const [subscriber, open] of this.#open)
      if (subscriber.owner === largest && open.address === address) newest = subscriber;
    // What that owner has there may be requests that wait.
    if (newest === undefined) return false;
    this.end(newest, 'overloaded');
    return true;
  }

  #changeAddress(address: string, owner: string, by: number): void {
    const from = this.#perAddress.get(address) ?? { total: 0, byOwner: new Map() };
    from.total += by;
    change(from.byOwner, owner, by);
    if (from.total > 0) this.#perAddress.set(address, from);
    else this.#perAddress.delete(address);
  }
}

function change(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count <= 0) counts.delete(key);
  else counts.set(key, count);
}
