import { connect, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import type { Fact } from '../engine.js';
import { type FannedCommit, type Fanout, type FanoutListener, markOf, ownerKey } from '../fanout.js';
import { againMs, optionsOf } from './nats-options.js';

export interface NatsFanoutOptions {
  /** `nats://user:password@host:port` or `tls://...`, several with commas between them. */
  readonly url: string;
  /** Of the epoch of the log: several services may share a server. */
  readonly service: string;
  readonly listener?: FanoutListener | undefined;
  readonly onConnected?: (isConnected: boolean) => void;
}

/**
 * The fan-out over core NATS: a commit is one message to everybody with the keys of its owners, and one for each owner
 * with the facts. A server delivers what one connection has published in its order, so that the facts of a commit are
 * there before the commit is told. Nothing is stored there, and nothing waits for it: while no server answers, what is
 * published is dropped.
 */
export class NatsFanout implements Fanout {
  readonly #service: string;
  readonly #listener: FanoutListener | undefined;
  readonly #selected = new Map<string, Subscription>();
  readonly #wanted = new Set<string>();
  readonly #opening: Promise<void>;
  #connection: NatsConnection | undefined;
  #isConnected = false;
  #isClosed = false;
  readonly #onConnected: (isConnected: boolean) => void;

  constructor({ url, service, listener, onConnected = () => undefined }: NatsFanoutOptions) {
    this.#service = `inkwire.${service}`;
    this.#listener = listener;
    this.#onConnected = onConnected;
    this.#opening = this.#open(url);
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  publish(facts: readonly Fact[]): void {
    const connection = this.#connection;
    const first = facts[0];
    const last = facts.at(-1);
    // The client would keep it for a server that is away.
    if (connection === undefined || !this.#isConnected || first === undefined || last === undefined) return;
    const byOwner = new Map<string, Fact[]>();
    for (const fact of facts) {
      const key = ownerKey(fact.owner);
      const own = byOwner.get(key) ?? [];
      own.push(fact);
      byOwner.set(key, own);
    }
    const commit: FannedCommit = { after: first.seq - 1, last: markOf(last), owners: [...byOwner.keys()] };
    for (const [owner, own] of byOwner)
      this.#send(connection, `facts.${owner}`, { last: last.seq, owner, facts: own });
    this.#send(connection, 'commits', commit);
  }

  select(owner: string): void {
    const key = ownerKey(owner);
    this.#wanted.add(key);
    if (this.#connection !== undefined) this.#subscribe(this.#connection, key);
  }

  drop(owner: string): void {
    const key = ownerKey(owner);
    this.#wanted.delete(key);
    this.#selected.get(key)?.unsubscribe();
    this.#selected.delete(key);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#connected(false);
    await this.#connection?.close();
    await this.#opening;
  }

  async #open(url: string): Promise<void> {
    while (!this.#isClosed) {
      try {
        const connection = await connect(optionsOf(url));
        this.#connection = connection;
        if (this.#isClosed) {
          await connection.close();
          return;
        }
        void this.#watch(connection);
        this.#listen(connection);
        this.#connected(true);
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, againMs));
      }
    }
  }

  /** Where a subscription is refused, nothing comes, and nobody should wait for it. */
  #listen(connection: NatsConnection): void {
    const listener = this.#listener;
    if (listener === undefined) return;
    connection.subscribe(`${this.#service}.commits`, {
      callback: (error, message) => {
        // Nodes of this service alone publish here.
        if (error === null) listener.onCommit(message.json());
        else this.#connected(false);
      },
    });
    for (const key of this.#wanted) this.#subscribe(connection, key);
  }

  #subscribe(connection: NatsConnection, key: string): void {
    const listener = this.#listener;
    if (listener === undefined || this.#selected.has(key)) return;
    const subscription = connection.subscribe(`${this.#service}.facts.${key}`, {
      callback: (error, message) => {
        if (error === null) listener.onFacts(message.json());
        else this.#connected(false);
      },
    });
    this.#selected.set(key, subscription);
  }

  /** The client connects again by itself, and subscribes again. */
  async #watch(connection: NatsConnection): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect') this.#connected(false);
      if (type === 'reconnect') this.#connected(!this.#isClosed);
    }
  }

  #connected(is: boolean): void {
    this.#isConnected = is;
    this.#onConnected(is);
  }

  #send(connection: NatsConnection, subject: string, message: object): void {
    try {
      connection.publish(`${this.#service}.${subject}`, JSON.stringify(message));
    } catch {
      // Too large for the server, or the connection ends just now: the others read it from the database.
    }
  }
}
