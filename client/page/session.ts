import { type Signal, signal } from '@preact/signals';
import { everyOwner } from '../../src/protocol/names.js';
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
  /** For what the client has no words for; it has the same rights. */
  readonly http: Http;
  readonly jobs: LiveJobs;
  /** The server asks for a key. */
  readonly keyed: boolean;
  /** Whose jobs these are; undefined where the server does not say. */
  readonly owner: string | undefined;
  /** These are another owner's than the key's, or every owner's. */
  readonly visiting: boolean;
  /** These are the jobs of every owner: each says whose it is, and is looked at in its owner's view. */
  readonly isEvery: boolean;
  /** The key's own. */
  readonly self: string | undefined;
  /** Whether the key may read what every owner has. */
  readonly isAdmin: boolean;
  /** Whether the key may submit, retry, cancel and delete. What it may not is not offered. */
  readonly mayWrite: boolean;
  /** Whether the key may have all jobs wait. */
  readonly mayOperate: boolean;
}

/** Why a key is asked for: none was given yet, it is none, it ended, or no cookie is kept. */
export type LockReason = 'new' | 'refused' | 'over' | 'no-cookie' | 'signed-out';

export type SessionState =
  | { readonly phase: 'opening' }
  | { readonly phase: 'locked'; readonly reason: LockReason }
  | { readonly phase: 'unreachable'; readonly reason: string }
  | OpenSession;

const again = 3_000;
const nothing: LiveJobs['received'] = { changes: 0, snapshots: 0 };
/** Milliseconds in which what was missed arrives, and for which is said how much it was. */
const settleMs = 1_000;
const caughtUpMs = 8_000;
const path = '/api/v1/session';

/**
 * The access of the page's user. A key is exchanged for a session, whose cookie no script can read, and is then
 * forgotten: it is in no storage and in no address. The tabs of a browser have one session.
 */
export class Session {
  readonly state: Signal<SessionState> = signal({ phase: 'opening' });
  readonly connection = signal<ConnectionState>({ status: 'idle', resumes: 0 });
  /** How often the connection came back: what could not be had before may be had now. */
  readonly returns = signal(0);
  /** Milliseconds since 1970 from which on what is shown is old; undefined while it is live. */
  readonly staleSince = signal<number | undefined>(undefined);
  /** For a moment after the connection has come back: changes that came meanwhile. `anew`: a snapshot came in their place. */
  readonly caughtUp = signal<number | 'anew' | undefined>(undefined);
  /** The server has another version of this page. */
  readonly outdated = signal(false);
  readonly #announcer: Announcer;
  /** Tells the other tabs that somebody has signed in or out. */
  readonly #tabs = new BroadcastChannel('inkwire-session');
  #stop: () => void = () => undefined;
  /** When the connection was lost. */
  #received = nothing;

  constructor(announcer: Announcer) {
    this.#announcer = announcer;
    this.#tabs.onmessage = () => void this.open();
  }

  /** With the session that the browser has; in development mode none is needed. @param key signs in with it first */
  async open(key?: string): Promise<void> {
    this.close();
    const left = new AbortController();
    const stop = () => left.abort();
    this.#stop = stop;
    let capabilities: Capabilities;
    try {
      if (key !== undefined) {
        const { signal } = left;
        await httpWith({ key }).send('POST', path, { retry: false, signal });
        this.#tabs.postMessage('signed in');
      }
      capabilities = await httpWith({}).json('GET', '/api/v1/capabilities', { signal: left.signal });
    } catch (error) {
      // Another key was given meanwhile.
      if (this.#stop !== stop) return;
      if (error instanceof InkwireError && (error.status === 401 || error.status === 403)) {
        const isSession = error.message.startsWith('The session');
        const reason = key === undefined ? (isSession ? 'over' : 'new') : isSession ? 'no-cookie' : 'refused';
        this.state.value = { phase: 'locked', reason };
        return;
      }
      this.state.value = { phase: 'unreachable', reason: reasonOf(error) };
      const timer = setTimeout(() => void this.open(), again);
      this.#stop = () => clearTimeout(timer);
      return;
    }
    if (this.#stop !== stop) return;
    this.#follow(capabilities);
  }

  #follow({ auth, caller }: Capabilities): void {
    // Loaded now, so that an upgrade of the server cannot take it away. A part that fails to load here is loaded again,
    // and its error shown, when it is needed.
    import('../sdk/download.js').catch(() => undefined);
    const isAdmin = caller?.scopes.includes('admin') === true;
    const mayOperate = caller?.scopes.includes('operate') === true;
    const asked = visited();
    const visiting = asked !== undefined && asked !== caller?.owner;
    const owner = asked ?? caller?.owner;
    const keyed = auth === 'key';
    const client = new Inkwire({
      ...(visiting ? { owner: asked } : {}),
      // Tabs share a connection only where they have the same rights to the same jobs.
      ...(keyed ? { share: `session ${caller?.key_id} ${owner}` } : {}),
    });
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
    const mayWrite =
      !visiting && (caller === undefined || caller.scopes.some((one) => one === '*' || one === 'jobs:write'));
    const http = httpWith({}, visiting ? asked : undefined);
    const whose = { owner, visiting, self: caller?.owner, isEvery: visiting && owner === everyOwner };
    this.state.value = { phase: 'open', client, http, jobs, keyed, ...whose, isAdmin, mayWrite, mayOperate };
  }

  /** Asks for the key again when that is what an error means: the key was disabled, or its time is over. */
  refuse(error: unknown): void {
    if (!(error instanceof InkwireError) || error.status !== 401) return;
    this.close();
    this.state.value = { phase: 'locked', reason: 'over' };
  }

  get #jobs(): LiveJobs | undefined {
    const state = this.state.value;
    return state.phase === 'open' ? state.jobs : undefined;
  }

  #connected(connection: ConnectionState): void {
    const before = this.connection.value;
    this.connection.value = connection;
    if (connection.status === 'live') this.#catchUp();
    else if (before.status === 'live') {
      this.staleSince.value = Date.now();
      this.#received = this.#jobs?.received ?? nothing;
      this.caughtUp.value = undefined;
    }
    if (connection.status === 'live' && connection.resumes > 0 && before.status !== 'live') {
      this.returns.value++;
      void this.compare();
    } else if (connection.status === 'waiting' && before.status === 'live') {
      this.#announcer.say('The connection is lost. Trying again.');
    }
  }

  /** Says what came once it has come: the log is read in one go, which takes a moment. */
  #catchUp(): void {
    if (this.staleSince.value === undefined) return;
    const before = this.#received;
    const jobs = this.#jobs;
    this.staleSince.value = undefined;
    setTimeout(() => {
      if (jobs === undefined || this.#jobs !== jobs) return;
      const { changes, snapshots } = jobs.received;
      this.caughtUp.value = snapshots > before.snapshots ? 'anew' : changes - before.changes;
      this.#announcer.say(`Connected again, ${changes - before.changes} changes.`);
      setTimeout(() => {
        this.caughtUp.value = undefined;
      }, caughtUpMs);
    }, settleMs);
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

  /** Has the jobs of every owner wait, or go on; whoever is looked at. */
  async turnQueue(turn: 'pause' | 'resume', reason = ''): Promise<void> {
    const body = reason === '' ? {} : { body: { reason } };
    await httpWith({}).json('POST', `/api/v1/queue/${turn}`, { ...body, retry: true });
  }

  /** Ends the session, in every tab. Rejects when the server does not hear of it: the session is there still. */
  async signOut(): Promise<void> {
    await httpWith({}).send('DELETE', path, { retry: true });
    this.close();
    this.state.value = { phase: 'locked', reason: 'signed-out' };
    this.#tabs.postMessage('signed out');
  }

  close(): void {
    this.staleSince.value = undefined;
    this.caughtUp.value = undefined;
    const stop = this.#stop;
    this.#stop = () => undefined;
    stop();
  }
}

/** Whose jobs the address asks for; undefined: those of the key's owner. It stands before the `#`, and so stays in every view. */
export function visited(): string | undefined {
  return new URLSearchParams(location.search).get('owner') ?? undefined;
}

function httpWith(access: { readonly key?: string }, owner?: string): Http {
  return new Http({
    url: location.origin,
    auth: authOf(access),
    owner,
    fetch: (...request) => fetch(...request),
    random: Math.random,
    sleep,
  });
}

/** An error as a sentence for people. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
