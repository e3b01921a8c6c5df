import { closed, InkwireError } from '../error.js';
import type { ConnectionState } from '../types.js';
import type { Session } from './session.js';
import { type Ask, type ServerSubscription, type Sink, Subscription } from './subscription.js';
import type { Environment } from './transport.js';

/** What is taken from the Web Locks API. */
export interface Locks {
  request(
    name: string,
    options: { readonly steal?: boolean; readonly signal?: AbortSignal },
    held: () => Promise<void>,
  ): Promise<void>;
}

/** What is taken from a BroadcastChannel. */
export interface Channel {
  postMessage(message: unknown): void;
  close(): void;
  onmessage: ((event: { readonly data: Message }) => void) | null;
}

/** A message to the leader: what one tab did. */
type Request =
  | { readonly type: 'attach'; readonly tab: string; readonly n: number; readonly ask: Ask }
  | { readonly type: 'detach'; readonly tab: string; readonly n: number }
  /** Asks the leader to announce itself. */
  | { readonly type: 'hello' }
  /** As `Session.wake`. */
  | { readonly type: 'wake' };

/** What the leader hands on to a subscription of another tab: a call of it. */
type Handed = {
  [Name in keyof ServerSubscription]: {
    readonly call: Name;
    readonly given: Parameters<ServerSubscription[Name]>;
  };
}[Exclude<keyof ServerSubscription, 'ask'>];

interface Failed {
  readonly call: 'fail';
  readonly given: readonly [slug: InkwireError['slug'], message: string, status: number];
}

export type Message =
  | Request
  | ({ readonly from: string; readonly to: string; readonly n: number } & (Handed | Failed))
  | { readonly type: 'lead'; readonly tab: string; readonly state: ConnectionState; readonly fresh: boolean };

export interface TabParts {
  /** The tabs with this name share one connection. */
  readonly name: string;
  /** Of this tab, unlike any other. */
  readonly tab: string;
  readonly locks: Locks;
  readonly channel: Channel;
  /** The connection, for the tab that leads. */
  readonly connect: (onState: (state: ConnectionState) => void) => Session;
  readonly after: Environment['after'];
  readonly onState: (state: ConnectionState) => void;
}

/** A leader that says nothing is asked, and replaced when it does not answer. */
const askMs = 10_000;
const answerMs = 5_000;

/**
 * One connection for all tabs. The tab that holds the lock leads: it has the connection, and hands on what arrives.
 * Every tab keeps the cursors of its own subscriptions, so that no fact is lost or repeated when the leader goes: the
 * next leader gets the lock and announces itself, and all tabs attach again from their cursors.
 */
export class TabSession implements Session {
  readonly #parts: TabParts;
  /** This tab's. */
  readonly #mine = new Map<Subscription, number>();
  readonly #byNumber = new Map<number, Subscription>();
  /** Those of the other tabs, by tab and number; in the leader alone. */
  readonly #others = new Map<string, Map<number, Subscription>>();
  readonly #closing = new AbortController();
  readonly #closed = new Promise<void>((resolve) => {
    this.#closing.signal.addEventListener('abort', () => resolve());
  });
  #connection: Session | undefined;
  #state: ConnectionState = { status: 'idle', resumes: 0 };
  #last = 0;
  /** The tab whose messages this tab accepts: a leader that was replaced without knowing it may still send some. */
  #leader: string | undefined;
  #heard = false;
  /** Whether this tab's own lock is held, so that a leader notices when the tab is gone. */
  #present = false;
  #stopAsking: () => void = () => undefined;

  constructor(parts: TabParts) {
    this.#parts = parts;
    parts.channel.onmessage = ({ data }) => this.#hear(data);
    // Held as long as this tab lives: the leader gets the lock when the tab is gone.
    void this.#hold(`${parts.name}/${parts.tab}`, {}, () => {
      this.#present = true;
      this.#attachAll();
    });
    this.#apply({});
    this.#tell({ type: 'hello' });
    this.#watch();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  attach(subscription: Subscription): void {
    if (this.#closing.signal.aborted) {
      subscription.fail(closed());
      return;
    }
    this.#last += 1;
    this.#mine.set(subscription, this.#last);
    this.#byNumber.set(this.#last, subscription);
    if (this.#connection !== undefined) this.#connection.attach(subscription);
    else this.#ask(subscription, this.#last);
  }

  detach(subscription: Subscription): void {
    const n = this.#mine.get(subscription);
    if (n === undefined) return;
    this.#mine.delete(subscription);
    this.#byNumber.delete(n);
    if (this.#connection !== undefined) this.#connection.detach(subscription);
    else this.#tell({ type: 'detach', tab: this.#parts.tab, n });
  }

  wake(): void {
    if (this.#connection !== undefined) this.#connection.wake();
    else this.#tell({ type: 'wake' });
  }

  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#stopAsking();
    this.#release();
    for (const subscription of [...this.#mine.keys()]) subscription.fail(closed());
    this.#parts.channel.close();
    this.#say({ status: 'closed', resumes: this.#state.resumes });
  }

  /** Waits for its turn to lead. */
  #apply(options: { readonly steal?: boolean }): void {
    void this.#hold(this.#parts.name, options, () => this.#lead()).then((lost) => {
      if (this.#closing.signal.aborted) return;
      if (lost) this.#stepDown();
      // There are no locks here after all (an opaque origin): this tab is on its own.
      else if (this.#connection === undefined) this.#lead();
    });
  }

  /**
   * Holds a lock until this tab is closed, or as long as `act` says. Resolves with whether it was taken away; false
   * when it could not be had.
   */
  async #hold(
    name: string,
    options: { readonly steal?: boolean },
    act: () => Promise<void> | void,
  ): Promise<boolean> {
    let held = false;
    const { signal } = this.#closing;
    try {
      // A request that steals may not be given up.
      await this.#parts.locks.request(name, options.steal === true ? options : { ...options, signal }, () => {
        held = true;
        return act() ?? this.#closed;
      });
    } catch {
      return held;
    }
    return false;
  }

  #lead(): void {
    if (this.#closing.signal.aborted || this.#connection !== undefined) return;
    this.#stopAsking();
    const { connect, tab } = this.#parts;
    const connection = connect((state) => {
      if (this.#connection !== connection) return;
      this.#say(state);
      this.#tell({ type: 'lead', tab, state, fresh: false });
    });
    this.#connection = connection;
    for (const subscription of this.#mine.keys()) connection.attach(subscription);
    this.#tell({ type: 'lead', tab, state: connection.state, fresh: true });
  }

  /** Another tab leads now. */
  #stepDown(): void {
    this.#release();
    this.#apply({});
    this.#tell({ type: 'hello' });
    this.#attachAll();
    this.#watch();
  }

  /** Gives the connection up; the subscriptions over it continue with the next leader. */
  #release(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    const others = [...this.#others.values()].flatMap((subscriptions) => [...subscriptions.values()]);
    for (const subscription of [...this.#mine.keys(), ...others]) connection?.detach(subscription);
    this.#others.clear();
    connection?.close();
  }

  #attachAll(): void {
    for (const [subscription, n] of this.#mine) this.#ask(subscription, n);
  }

  #ask(subscription: Subscription, n: number): void {
    if (!this.#present || this.#connection !== undefined) return;
    this.#tell({ type: 'attach', tab: this.#parts.tab, n, ask: subscription.ask() });
  }

  #tell(message: Message): void {
    if (!this.#closing.signal.aborted) this.#parts.channel.postMessage(message);
  }

  /** Makes sure that there is a leader. */
  #watch(): void {
    const { after } = this.#parts;
    this.#stopAsking = after(askMs, () => {
      this.#heard = false;
      this.#tell({ type: 'hello' });
      this.#stopAsking = after(answerMs, () => {
        if (!this.#heard) this.#apply({ steal: true });
        else this.#watch();
      });
    });
  }

  #hear(message: Message): void {
    const { tab } = this.#parts;
    if ('to' in message) {
      if (message.to === tab && message.from === this.#leader && this.#connection === undefined)
        this.#take(message);
      return;
    }
    switch (message.type) {
      case 'lead':
        if (message.fresh) this.#leader = message.tab;
        this.#leader ??= message.tab;
        if (message.tab !== this.#leader || this.#connection !== undefined) return;
        this.#heard = true;
        this.#say({ ...message.state, shared: true });
        if (message.fresh) this.#attachAll();
        break;
      case 'hello':
        if (this.#connection === undefined) return;
        this.#tell({ type: 'lead', tab, state: this.#connection.state, fresh: false });
        break;
      case 'wake':
        this.#connection?.wake();
        break;
      case 'attach':
        this.#serve(message);
        break;
      case 'detach':
        this.#drop(message.tab, message.n);
        break;
    }
  }

  #take(message: { readonly n: number } & (Handed | Failed)): void {
    this.#heard = true;
    const subscription = this.#byNumber.get(message.n);
    if (subscription === undefined) return;
    if (message.call === 'fail') {
      const [slug, text, status] = message.given;
      this.#mine.delete(subscription);
      this.#byNumber.delete(message.n);
      subscription.fail(new InkwireError(slug, text, { status }));
    } else
      (subscription[message.call] as (...given: unknown[]) => void).apply(subscription, [...message.given]);
  }

  /** A subscription of another tab. */
  #serve({ tab, n, ask }: Extract<Request, { type: 'attach' }>): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#drop(tab, n);
    const hand = (handed: Handed | Failed): void =>
      this.#tell({ from: this.#parts.tab, to: tab, n, ...handed });
    const sink: Sink = {
      reset: (...given) => hand({ call: 'reset', given }),
      snapshot(item, cursor) {
        if (item.first) hand({ call: 'begin', given: [cursor] });
        hand({ call: 'snapshot', given: [item] });
      },
      fact: (...given) => hand({ call: 'fact', given }),
      progress: (...given) => hand({ call: 'progress', given }),
      reached: (...given) => hand({ call: 'reached', given }),
      fail: (error) => {
        this.#drop(tab, n);
        const known =
          error instanceof InkwireError ? error : new InkwireError('network-error', String(error));
        hand({ call: 'fail', given: [known.slug, known.message, known.status] });
      },
    };
    const subscription = new Subscription(ask, sink);
    let subscriptions = this.#others.get(tab);
    if (subscriptions === undefined) {
      subscriptions = new Map();
      this.#others.set(tab, subscriptions);
      // Granted when that tab is gone, with everything that it followed.
      void this.#hold(`${this.#parts.name}/${tab}`, {}, async () => this.#forget(tab));
    }
    subscriptions.set(n, subscription);
    connection.attach(subscription);
  }

  #drop(tab: string, n: number): void {
    const subscription = this.#others.get(tab)?.get(n);
    if (subscription === undefined) return;
    this.#others.get(tab)?.delete(n);
    this.#connection?.detach(subscription);
  }

  #forget(tab: string): void {
    for (const n of [...(this.#others.get(tab)?.keys() ?? [])]) this.#drop(tab, n);
    this.#others.delete(tab);
  }

  #say(state: ConnectionState): void {
    this.#state = state;
    this.#parts.onState(state);
  }
}
