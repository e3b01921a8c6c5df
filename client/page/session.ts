import { type Signal, signal } from '@preact/signals';
import { authOf } from '../sdk/auth.js';
import { sleep } from '../sdk/backoff.js';
import { InkwireError } from '../sdk/error.js';
import { Http } from '../sdk/http.js';
import { Inkwire } from '../sdk/inkwire.js';
import type { Capabilities, ConnectionState } from '../sdk/types.js';
import type { Announcer } from './announcer.js';
import { LiveJobs } from './live-jobs.js';

/** A client that may use the server, and what it follows. */
export interface OpenSession {
  readonly phase: 'open';
  readonly client: Inkwire;
  /** For what the client has no words for; it has the same key. */
  readonly http: Http;
  readonly jobs: LiveJobs;
  /** The server asked for a key. */
  readonly keyed: boolean;
  /** Whose jobs these are; undefined where the server does not say. */
  readonly owner: string | undefined;
  /** Whether the key may submit, retry, cancel and delete. What it may not is not offered. */
  readonly mayWrite: boolean;
}

export type SessionState =
  | { readonly phase: 'opening' }
  /** A key is needed. `refused`: the one that was given is none. */
  | { readonly phase: 'locked'; readonly refused: boolean }
  | { readonly phase: 'unreachable'; readonly reason: string }
  | OpenSession;

const again = 3_000;

/**
 * The access of the page's user. A key lives in what was made with it and nowhere else: not in a storage,
 * not in an address; it is gone with the page.
 */
export class Session {
  readonly state: Signal<SessionState> = signal({ phase: 'opening' });
  readonly connection = signal<ConnectionState>({ status: 'idle', resumes: 0 });
  /** How often the connection came back: what could not be had before may be had now. */
  readonly returns = signal(0);
  /** The server has another version of this page. */
  readonly outdated = signal(false);
  readonly #announcer: Announcer;
  #stop: () => void = () => undefined;

  constructor(announcer: Announcer) {
    this.#announcer = announcer;
  }

  /** Without a key: as a server in development mode wants it. */
  async open(key?: string): Promise<void> {
    this.close();
    const access = key === undefined ? {} : { key };
    const client = new Inkwire(access);
    const stop = () => client.close();
    this.#stop = stop;
    let caller: Capabilities['caller'];
    try {
      ({ caller } = await client.capabilities());
    } catch (error) {
      // Another key was given meanwhile.
      if (this.#stop !== stop) return;
      client.close();
      if (error instanceof InkwireError && (error.status === 401 || error.status === 403)) {
        this.state.value = { phase: 'locked', refused: key !== undefined };
        return;
      }
      this.state.value = { phase: 'unreachable', reason: reasonOf(error) };
      const timer = setTimeout(() => void this.open(key), again);
      this.#stop = () => clearTimeout(timer);
      return;
    }
    if (this.#stop !== stop) return;
    // Loaded now, so that an upgrade of the server cannot take it away. A part that fails to load here is loaded again,
    // and its error shown, when it is needed.
    import('../sdk/download.js').catch(() => undefined);
    const jobs = new LiveJobs(client, this.#announcer);
    const unlisten = client.onConnection((connection) => this.#connected(connection));
    this.connection.value = client.connection;
    // The key may be taken back while the page is open.
    const unwatch = jobs.failure.subscribe((error) => {
      if (error === undefined) return;
      this.refuse(error);
      void this.compare();
    });
    this.#stop = () => {
      unwatch();
      unlisten();
      jobs.close();
      client.close();
    };
    const http = new Http({
      url: location.origin,
      auth: authOf(access),
      fetch: (...request) => fetch(...request),
      random: Math.random,
      sleep,
    });
    const mayWrite = caller === undefined || caller.scopes.some((one) => one === '*' || one === 'jobs:write');
    const keyed = key !== undefined;
    this.state.value = { phase: 'open', client, http, jobs, keyed, owner: caller?.owner, mayWrite };
  }

  /** Asks for the key again when that is what an error means. */
  refuse(error: unknown): void {
    if (!(error instanceof InkwireError) || error.status !== 401) return;
    this.close();
    this.state.value = { phase: 'locked', refused: true };
  }

  #connected(connection: ConnectionState): void {
    const before = this.connection.value;
    this.connection.value = connection;
    if (connection.status === 'live' && connection.resumes > 0 && before.status !== 'live') {
      this.returns.value++;
      void this.compare();
      this.#announcer.say('Connected again.');
    } else if (connection.status === 'waiting' && before.status === 'live') {
      this.#announcer.say('The connection is lost. Trying again.');
    }
  }

  /** Looks whether the server still has this page: another one may speak otherwise, and its parts have other names. */
  async compare(): Promise<void> {
    const own = new URL(import.meta.url).pathname;
    // As Vite serves it from its source.
    if (!own.startsWith('/assets/')) return;
    try {
      const answer = await fetch('/', { cache: 'no-cache' });
      if (answer.ok && !(await answer.text()).includes(own)) this.outdated.value = true;
    } catch {
      // Not there just now: it is looked at again when the connection has come back.
      return;
    }
  }

  /** Forgets the key. */
  lock(): void {
    this.close();
    this.state.value = { phase: 'locked', refused: false };
  }

  close(): void {
    const stop = this.#stop;
    this.#stop = () => undefined;
    stop();
  }
}

/** An error as a sentence for people. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
