import { authOf } from './auth.js';
import { sleep } from './backoff.js';
import { type Feed, tell } from './feed.js';
import type { Subscribe } from './group-watch.js';
import { Http } from './http.js';
import { Jobs } from './jobs.js';
import type { EndedJob, StreamItem, WatchItem } from './records.js';
import type { JobRequest } from './requests.js';
import { type Globals, openSession, wakeUps } from './session-opening.js';
import type { Session } from './stream/session.js';
import type {
  BatchOptions,
  BatchResult,
  ConnectionState,
  Download,
  DownloadOptions,
  GroupProgress,
  InkwireOptions,
  SubscribeOptions,
  WaitOptions,
  WatchGroupOptions,
  WatchOptions,
} from './types.js';
import { subscribe, waitFor, watch } from './watch.js';
import type { Webhooks } from './webhooks.js';

export type { EventType, StreamEvent } from '../../src/protocol/event.js';
export { InkwireError } from './error.js';
export type { Feed } from './feed.js';
export type * from './types.js';
export type * from './webhooks.js';

/**
 * A client of an Inkwire server: submits jobs, follows them over whatever transport works, and fetches their results.
 * Calls reject with `InkwireError`, or with the reason of their `AbortSignal`.
 *
 * `download`, `runBatch`, `watchGroup` and `webhooks` are loaded when they are first called, so that a page which only watches
 * does not pay for them.
 *
 * All watches and subscriptions share one connection, which is opened by the first and closed after the last; in a
 * browser it is shared by the tabs of an origin, too.
 */
export class Inkwire extends Jobs {
  readonly #http: Http;
  readonly #session: Session;
  readonly #listeners = new Set<(state: ConnectionState) => void>();
  readonly #stopWaking: () => void;

  constructor(options: InkwireOptions = {}) {
    const globals: Globals = globalThis;
    const url = options.url ?? globals.location?.origin ?? 'http://127.0.0.1:8080';
    const auth = authOf(options);
    const fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
    const { owner } = options;
    const http = new Http({ url, auth, owner, fetch, random: Math.random, sleep });
    super(http);
    this.#http = http;
    this.#session = openSession(globals, options, { http, auth }, (state) => tell(this.#listeners, state));
    this.#stopWaking = wakeUps(globals, () => this.#session.wake());
  }

  /** How the shared connection is now. */
  get connection(): ConnectionState {
    return this.#session.state;
  }

  /** Returns what ends the listening. */
  onConnection(listener: (state: ConnectionState) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Follows one job to its end. */
  watch(jobId: string, options?: WatchOptions): Feed<WatchItem> {
    return watch(this.#session, jobId, options);
  }

  /**
   * Follows `jobs` (all of mine), `job:<id>`, `group:<name>`, `kind:<kind>`, `tag:<tag>`. The feed fails with `validation-failed`
   * for what is no topic.
   */
  subscribe(topics: readonly string[], options?: SubscribeOptions): Feed<StreamItem> {
    return subscribe(this.#session, topics, options);
  }

  /** The record of a job at its end, whatever the end. */
  waitFor(jobId: string, options?: WaitOptions): Promise<EndedJob> {
    return waitFor(this.#session, jobId, options);
  }

  /** Each change of a group, until no job of it is left to run unless it is `continuous`. */
  async *watchGroup(
    name: string,
    options: WatchGroupOptions = {},
  ): AsyncGenerator<GroupProgress, void, undefined> {
    const { watchGroup } = await import('./group-watch.js');
    const subscribe: Subscribe = (...call) => this.subscribe(...call);
    yield* watchGroup(name, options, { http: this.#http, jobs: this, subscribe });
  }

  /** A file of a completed job. Goes on after a broken connection, and checks the digest. */
  async download(jobId: string, options?: DownloadOptions): Promise<Download> {
    const { download } = await import('./download.js');
    return download(this.#http, jobId, options);
  }

  /** Submits documents, a bounded number at a time, and resolves when each has ended. */
  async runBatch(documents: readonly JobRequest[], options: BatchOptions = {}): Promise<BatchResult> {
    const { runBatch } = await import('./batch.js');
    return runBatch(documents, options, this);
  }

  /** The webhooks of the key's owner: endpoints, what was sent to them, tests and replays. */
  async webhooks(): Promise<Webhooks> {
    return new (await import('./webhooks.js')).Webhooks(this.#http);
  }

  /** Ends all feeds and the connection; calls that are under way end by themselves. Safe twice. */
  close(): void {
    this.#stopWaking();
    this.#session.close();
  }
}
