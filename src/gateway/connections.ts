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

export interface Wait {
  /** Fires when the key of the request may no longer be used (P-47). */
  readonly keyLost: AbortSignal;
  /** Gives the place back. Safe twice. */
  readonly leave: () => void;
}

interface Open {
  readonly leave: () => void;
  readonly endsAt: number;
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
  readonly #perAddress = new Map<string, number>();
  /** Requests that wait (long-poll), with the ids of their keys. */
  readonly #waits = new Map<AbortController, string>();
  readonly #timer: NodeJS.Timeout;

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
   * A place among the connections of a key and of an address (P-50).
   * @returns what gives it back, safe twice; undefined when there is none left
   */
  takePlace(keyId: string, address: string): (() => void) | undefined {
    const { maxPerKey, maxPerAddress } = this.#limits;
    if ((this.#perKey.get(keyId) ?? 0) >= maxPerKey) return undefined;
    if ((this.#perAddress.get(address) ?? 0) >= maxPerAddress) return undefined;
    change(this.#perKey, keyId, 1);
    change(this.#perAddress, address, 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      change(this.#perKey, keyId, -1);
      change(this.#perAddress, address, -1);
    };
  }

  /** A place for a request that waits; undefined when there is none left. */
  takeWait(keyId: string, address: string): Wait | undefined {
    const leave = this.takePlace(keyId, address);
    if (leave === undefined) return undefined;
    const wait = new AbortController();
    this.#waits.set(wait, keyId);
    return {
      keyLost: wait.signal,
      leave: () => {
        this.#waits.delete(wait);
        leave();
      },
    };
  }

  /** @param leave gives back the place that the connection has taken */
  add(subscriber: Subscriber, leave: () => void): void {
    const endsAt = performance.now() + this.#limits.lifeMs * (1 + this.#random());
    this.#open.set(subscriber, { leave, endsAt });
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
    for (const [wait, keyId] of this.#waits) if (!this.#keyHolds(keyId)) wait.abort();
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

  /** Ends the connections with the most waiting bytes until the rest fits. */
  #relieve(waiting: number): void {
    let left = waiting;
    const slowest = [...this.subscribers].sort(
      (one, other) => other.sink.waitingBytes - one.sink.waitingBytes,
    );
    for (const subscriber of slowest) {
      if (left <= this.#limits.maxWaitingBytes) return;
      left -= subscriber.sink.waitingBytes;
      this.end(subscriber, 'overloaded');
    }
  }
}

function change(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count <= 0) counts.delete(key);
  else counts.set(key, count);
}
