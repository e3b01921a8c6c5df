import { delay, maxTimerMs } from '../backoff.js';
import { closed, type InkwireError } from '../error.js';
import type { ConnectionState, TransportName } from '../types.js';
import { EventStreamConnection } from './event-stream.js';
import { PollingConnection } from './polling.js';
import type { Session } from './session.js';
import type { Subscription } from './subscription.js';
import type {
  ConnectionEnd,
  ConnectionHost,
  Environment,
  OpenConnection,
  TransportConnection,
} from './transport.js';
import { WebSocketConnection } from './web-socket.js';

interface Transport {
  readonly name: TransportName;
  readonly open: OpenConnection;
  /** Not to be used before. */
  notBefore: number;
  /** Times that it was put aside. */
  demotions: number;
  /** Connections in a row that broke right after they had begun. */
  quickCuts: number;
}

const openers: Readonly<Record<TransportName, OpenConnection>> = {
  websocket: (host, environment) => new WebSocketConnection(host, environment),
  sse: (host, environment) => new EventStreamConnection(host, environment),
  'long-poll': (host, environment) => new PollingConnection(host, environment, true),
  polling: (host, environment) => new PollingConnection(host, environment, false),
};

/** A connection that broke sooner says more of its transport than of the network. */
const quickMs = 5_000;
const maxQuickCuts = 3;
/** How long a transport that did not work is left alone, doubled each time. */
const asideMs = 60_000;
const maxAsideMs = 600_000;
/** How long an unused connection stays open. */
const lingerMs = 500;

/** A transport connection that was opened, and what became of it. */
interface Try {
  readonly transport: Transport;
  link: TransportConnection | undefined;
  /** Since when something came. */
  aliveAt: number | undefined;
  live: boolean;
}

/**
 * The one connection of a client. It goes down the chain of transports until one works, reconnects when that breaks,
 * and goes up again when a better one works, too. The subscriptions themselves know which facts they were given, so
 * that no fact is lost or repeated on the way, also while two transport connections are open.
 */
export class Connection implements Session {
  readonly #environment: Environment;
  readonly #transports: readonly Transport[];
  readonly #onState: (state: ConnectionState) => void;
  readonly #subscriptions = new Set<Subscription>();
  #state: ConnectionState = { status: 'idle', resumes: 0 };
  #current: Try | undefined;
  /** A better transport that is being tried while the current one serves. */
  #better: Try | undefined;
  /** Transports that did not open in this round; put aside when another one does. */
  #unopened: Transport[] = [];
  #failures = 0;
  /** A connection that served was lost, and none has taken its place yet. */
  #broken = false;
  #changed = false;
  #stopTimer: () => void = () => undefined;
  #stopUpgrade: () => void = () => undefined;
  #stopLinger: () => void = () => undefined;

  constructor(
    environment: Environment,
    names: readonly TransportName[],
    onState: (state: ConnectionState) => void,
  ) {
    this.#environment = environment;
    this.#onState = onState;
    this.#transports = names
      .filter((name) => name !== 'websocket' || environment.WebSocket !== undefined)
      .map((name) => ({ name, open: openers[name], notBefore: 0, demotions: 0, quickCuts: 0 }));
  }

  get state(): ConnectionState {
    return this.#state;
  }

  attach(subscription: Subscription): void {
    if (this.#state.status === 'closed') {
      subscription.fail(closed());
      return;
    }
    this.#subscriptions.add(subscription);
    this.#later();
  }

  detach(subscription: Subscription): void {
    if (this.#subscriptions.delete(subscription)) this.#later();
  }

  wake(): void {
    if (this.#state.status === 'waiting') this.#start();
    else this.#current?.link?.wake();
  }

  close(): void {
    if (this.#state.status === 'closed') return;
    this.#drop();
    this.#say({ status: 'closed' });
    this.#failAll(closed());
  }

  /** What changes in one turn goes out together. */
  #later(): void {
    if (this.#changed) return;
    this.#changed = true;
    queueMicrotask(() => {
      this.#changed = false;
      if (this.#state.status === 'closed') return;
      if (this.#subscriptions.size === 0) this.#linger();
      else if (this.#current === undefined && this.#state.status !== 'waiting') this.#start();
      else {
        // A new subscription has no cursor yet: it begins over one transport connection.
        if (!this.#mayOverlap()) this.#dropBetter();
        for (const each of [this.#current, this.#better]) each?.link?.sync();
      }
    });
  }

  /**
   * Two snapshots at a time would be mixed: only subscriptions that have a cursor may be served by two transport
   * connections.
   */
  #mayOverlap(): boolean {
    return [...this.#subscriptions].every(({ cursor }) => cursor !== undefined);
  }

  #dropBetter(): void {
    if (this.#better === undefined) return;
    this.#better.link?.close();
    this.#better = undefined;
    this.#planUpgrade();
  }

  #linger(): void {
    this.#stopLinger();
    this.#stopLinger = this.#environment.after(lingerMs, () => {
      if (this.#subscriptions.size > 0 || this.#state.status === 'closed') return;
      const failed = this.#state.status === 'failed';
      this.#drop();
      if (!failed) this.#say({ status: 'idle' });
    });
  }

  #drop(): void {
    this.#stopTimer();
    this.#stopUpgrade();
    this.#stopLinger();
    for (const each of [this.#current, this.#better]) each?.link?.close();
    this.#current = undefined;
    this.#better = undefined;
  }

  /** @param again the transport that serves: the others are tried beside it, not in its place */
  #start(again?: Transport): void {
    this.#drop();
    if (this.#subscriptions.size === 0) {
      this.#say({ status: 'idle' });
      return;
    }
    const transport = again ?? this.#next() ?? this.#transports.at(-1);
    if (transport === undefined) return;
    this.#say({ status: 'connecting', transport: transport.name });
    this.#current = this.#try(transport);
  }

  /** The best transport that is not put aside and has not failed in this round. */
  #next(): Transport | undefined {
    const now = this.#environment.now();
    return this.#transports.find(
      (transport) => transport.notBefore <= now && !this.#unopened.includes(transport),
    );
  }

  #try(transport: Transport): Try {
    const attempt: Try = { transport, link: undefined, aliveAt: undefined, live: false };
    let over = false;
    const host: ConnectionHost = {
      subscriptions: this.#subscriptions,
      alive: () => this.#alive(attempt),
      live: () => this.#live(attempt),
      latency: (ms) => {
        if (attempt === this.#current) this.#say({ ...this.#state, latencyMs: Math.round(ms) });
      },
      queue: ({ paused, since, reason }) => {
        const state = paused && since !== undefined ? { since, ...(reason && { reason }) } : undefined;
        if (attempt === this.#current) this.#say({ ...this.#state, paused: state });
      },
      ended: (end) => {
        over = true;
        // A transport connection may end while it is being made.
        queueMicrotask(() => this.#ended(attempt, end));
      },
    };
    const link = transport.open(host, this.#environment);
    if (!over) attempt.link = link;
    return attempt;
  }

  #alive(attempt: Try): void {
    if (attempt.aliveAt !== undefined) return;
    attempt.aliveAt = this.#environment.now();
    if (attempt !== this.#current) return;
    // This transport gets through: the others failed by themselves, not because of the server.
    for (const transport of this.#unopened.splice(0)) this.#putAside(transport);
  }

  #live(attempt: Try): void {
    if (attempt.live) return;
    attempt.live = true;
    if (attempt === this.#better) {
      this.#current?.link?.close();
      this.#current = attempt;
      this.#better = undefined;
    }
    if (attempt !== this.#current) return;
    // The better one may have come while the other was waited for.
    this.#stopTimer();
    this.#failures = 0;
    const resumes = this.#state.resumes + (this.#broken ? 1 : 0);
    this.#broken = false;
    const transport = attempt.transport.name;
    this.#say({ status: 'live', transport, resumes, latencyMs: this.#state.latencyMs });
    this.#planUpgrade();
  }

  #ended(attempt: Try, end: ConnectionEnd): void {
    if (attempt === this.#better) {
      this.#better = undefined;
      this.#putAside(attempt.transport);
      this.#planUpgrade();
      return;
    }
    if (attempt !== this.#current) return;
    this.#current = undefined;
    if (attempt.live && !('retryMs' in end && end.retryMs === 0)) this.#broken = true;
    switch (end.type) {
      case 'refused':
        this.#say({ status: 'failed', reason: end.error.message });
        this.#failAll(end.error);
        break;
      case 'unreachable':
        this.#wait(end);
        break;
      case 'blocked':
        if (attempt.aliveAt === undefined) this.#unopened.push(attempt.transport);
        else this.#putAside(attempt.transport);
        // All were tried, and none opened: the server or the network is down.
        if (this.#next() !== undefined) {
          this.#start();
          break;
        }
        this.#wait(end);
        break;
      case 'cut':
        this.#judge(attempt, end);
        if (end.retryMs === 0) this.#start(attempt.transport);
        else this.#wait(end);
        break;
    }
  }

  #failAll(error: InkwireError): void {
    for (const subscription of [...this.#subscriptions]) {
      this.#subscriptions.delete(subscription);
      subscription.fail(error);
    }
  }

  /** A transport whose connections break again and again right after they began is put aside. */
  #judge({ transport, aliveAt }: Try, { retryMs, stalled }: Extract<ConnectionEnd, { type: 'cut' }>): void {
    if (retryMs !== undefined) return;
    const lived = aliveAt === undefined ? 0 : this.#environment.now() - aliveAt;
    // Once, it may have been the network; twice in a row, a proxy holds bytes back.
    const weight = stalled === true ? 2 : lived < quickMs ? 1 : 0;
    transport.quickCuts = weight === 0 ? 0 : transport.quickCuts + weight;
    if (transport.quickCuts < maxQuickCuts) return;
    transport.quickCuts = 0;
    this.#putAside(transport);
  }

  #putAside(transport: Transport): void {
    const ms = Math.min(asideMs * 2 ** transport.demotions, maxAsideMs);
    transport.demotions += 1;
    transport.notBefore = this.#environment.now() + ms;
  }

  #wait({ retryMs, reason }: { readonly retryMs?: number | undefined; readonly reason: string }): void {
    // The next round begins with the best again.
    this.#unopened = [];
    // The client pauses between attempts, also when the server asks for no pause.
    const asked = Math.max(retryMs ?? 0, 0) || delay(this.#failures, this.#environment.random);
    const ms = Math.min(asked, maxTimerMs - 1);
    this.#failures += 1;
    this.#say({ status: 'waiting', reason, retryAt: Date.now() + ms });
    this.#stopTimer();
    this.#stopTimer = this.#environment.after(ms, () => this.#start());
  }

  /** When a better transport may be tried again, it is opened beside the current one. */
  #planUpgrade(): void {
    this.#stopUpgrade();
    const current = this.#current;
    if (current === undefined) return;
    const better = this.#transports.slice(0, this.#transports.indexOf(current.transport));
    if (better.length === 0) return;
    const now = this.#environment.now();
    const inMs = Math.max(1_000, Math.min(...better.map(({ notBefore }) => notBefore)) - now);
    this.#stopUpgrade = this.#environment.after(inMs, () => {
      const transport = better.find(({ notBefore }) => notBefore <= this.#environment.now());
      if (transport === undefined || !this.#mayOverlap() || this.#better !== undefined) this.#planUpgrade();
      else this.#better = this.#try(transport);
    });
  }

  #say(state: Omit<ConnectionState, 'resumes'> & { readonly resumes?: number }): void {
    this.#state = { resumes: this.#state.resumes, ...state };
    this.#onState(this.#state);
  }
}
