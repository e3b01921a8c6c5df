import type { QueueNotice } from '../../../src/protocol/queue.js';
import type { Auth } from '../auth.js';
import { InkwireError } from '../error.js';
import type { Http } from '../http.js';
import type { WebSocketLike } from '../types.js';
import type { Subscription } from './subscription.js';

/** What the streaming half takes from its environment. */
export interface Environment {
  readonly http: Http;
  readonly auth: Auth;
  readonly WebSocket: (new (url: string, protocols: string[]) => WebSocketLike) | undefined;
  /** Calls back once after `ms`; returns what prevents it. */
  readonly after: (ms: number, act: () => void) => () => void;
  /** Milliseconds, growing evenly. */
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
}

/** Why a transport connection ended. */
export type ConnectionEnd =
  /**
   * The connection broke or was ended: come back, at once or after what the server asked for. `stalled`: it stood, but
   * nothing came any more.
   */
  | {
      readonly type: 'cut';
      readonly retryMs?: number | undefined;
      readonly stalled?: boolean;
      readonly reason: string;
    }
  /** A proxy does not let this transport through, or holds its bytes back. */
  | { readonly type: 'blocked'; readonly reason: string }
  /** The server does not answer, or answers "not now". */
  | { readonly type: 'unreachable'; readonly retryMs?: number | undefined; readonly reason: string }
  /** Asking again is useless. */
  | { readonly type: 'refused'; readonly error: InkwireError };

/** What a transport connection gets from the client's connection, which it belongs to. */
export interface ConnectionHost {
  readonly subscriptions: ReadonlySet<Subscription>;
  /** Something came from the server: this transport works. */
  alive(): void;
  /** All subscriptions have the facts that were in the log: what comes from now on is new. */
  live(): void;
  latency(ms: number): void;
  /** Whether jobs are started (P-49). */
  queue(notice: QueueNotice): void;
  /** Once, and nothing after it. */
  ended(end: ConnectionEnd): void;
}

/** One connection of a transport. */
export interface TransportConnection {
  /** The subscriptions have changed. */
  sync(): void;
  /** The machine woke up or the network came back: find out whether the connection still stands. */
  wake(): void;
  /** Ends it without a call of the host. Safe twice. */
  close(): void;
}

/** The common part of the transport connections: each ends once, by itself or by `close`. */
export abstract class BaseConnection implements TransportConnection {
  protected readonly host: ConnectionHost;
  protected readonly environment: Environment;
  readonly #gone = new AbortController();

  constructor(host: ConnectionHost, environment: Environment) {
    this.host = host;
    this.environment = environment;
  }

  abstract sync(): void;
  abstract wake(): void;

  close(): void {
    this.#gone.abort();
  }

  /** Aborted by the end. */
  protected get gone(): AbortSignal {
    return this.#gone.signal;
  }

  protected end(end: ConnectionEnd): void {
    if (this.gone.aborted) return;
    this.close();
    this.host.ended(end);
  }
}

export type OpenConnection = (host: ConnectionHost, environment: Environment) => TransportConnection;

/**
 * Milliseconds from the begin of a connection to its first byte. The server sends one at once: what holds it back is a
 * proxy.
 */
export const firstByteMs = 4_000;
/** Milliseconds without a byte while facts from the log are being read. */
export const pastMs = 10_000;
/** Without a byte from a server that beats every 15 s (P-40). */
export const silenceMs = 40_000;
/** For a sign of life after the machine woke up. */
export const wakeMs = 5_000;

/** The end of a connection from which nothing came in time. */
export function silenceOf(name: string, live: boolean, waking: boolean): ConnectionEnd {
  const reason = `${name}: silence`;
  // A connection that stood may have died with the network; one that never got so far is held back by a proxy.
  return live ? { type: 'cut', reason, stalled: !waking } : { type: 'blocked', reason };
}

/** Calls `expire` when it was not put off in time. */
export class Watchdog {
  readonly #after: Environment['after'];
  readonly #expire: () => void;
  #stop: () => void = () => undefined;

  constructor(after: Environment['after'], expire: () => void) {
    this.#after = after;
    this.#expire = expire;
  }

  /** Begins to wait anew. */
  put(ms: number): void {
    this.#stop();
    this.#stop = this.#after(ms, this.#expire);
  }

  stop(): void {
    this.#stop();
  }
}

/** The end that an error of a request means. */
export function endOf(error: unknown): ConnectionEnd {
  const reason = error instanceof Error ? error.message : String(error);
  // Neither frames nor JSON: a proxy has changed what the server sent.
  if (error instanceof SyntaxError) return { type: 'blocked', reason };
  if (!(error instanceof InkwireError)) return { type: 'unreachable', reason };
  const { slug, retryAfterMs } = error;
  // Not this server's words: a proxy may refuse one transport and let the next one through.
  if (slug === 'unexpected-answer') return { type: 'blocked', reason };
  if (!error.retryable) return { type: 'refused', error };
  return { type: 'unreachable', reason, retryMs: retryAfterMs };
}
