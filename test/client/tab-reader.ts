import { authOf } from '../../client/sdk/auth.js';
import { Http } from '../../client/sdk/http.js';
import { Connection } from '../../client/sdk/stream/connection.js';
import { Subscription } from '../../client/sdk/stream/subscription.js';
import { TabSession } from '../../client/sdk/stream/tabs.js';
import type { Environment } from '../../client/sdk/stream/transport.js';
import type { ConnectionState } from '../../client/sdk/types.js';
import type { StreamEvent } from '../../src/protocol/event.js';
import { type TabStream, topicsFor } from './tab-stream.js';
import type { TabWorld } from './tab-world.js';

/** A tab that uses the SDK. */
export class Tab {
  readonly name: string;
  readonly session: TabSession;
  readonly readers: Reader[] = [];
  readonly states: ConnectionState[] = [];
  alive = true;
  readonly #world: TabWorld;
  readonly #stream: TabStream;

  constructor(world: TabWorld, stream: TabStream, name: string) {
    this.#world = world;
    this.#stream = stream;
    this.name = name;
    const after: Environment['after'] = (ms, act) => world.after(name, ms, act);
    const auth = authOf({});
    const fetch = () => Promise.reject(new Error('tabs of this world have only a WebSocket'));
    const sleep = () => Promise.resolve();
    const random = () => 0.5;
    const environment: Environment = {
      http: new Http({ url: 'http://server', auth, fetch, random, sleep }),
      auth,
      WebSocket: stream.socketClass(name),
      after,
      now: () => world.now,
      random,
    };
    this.session = new TabSession({
      name: 'inkwire',
      tab: name,
      locks: world.locks(name),
      channel: world.channel(name),
      connect: (tell) => new Connection(environment, ['websocket'], tell),
      after,
      onState: (state) => this.states.push(state),
    });
  }

  get leads(): boolean {
    return this.alive && this.session.state.shared !== true && this.session.state.status === 'live';
  }

  follow(topics: readonly string[], begin: Begin): Reader {
    const reader = new Reader(this.session, topics, begin);
    this.readers.push(reader);
    return reader;
  }

  /** Orderly: the page closes its client. */
  close(): void {
    this.alive = false;
    this.session.close();
  }

  /** Its process dies, or the page is left without a word. */
  crash(): void {
    this.alive = false;
    this.#world.remove(this.name, () => this.#stream.unplug(this.name));
  }
}

/** A subscription begins with a snapshot, after a cursor, or with what happens next. */
export type Begin = { readonly after: string } | 'snapshot' | 'next';

/** A subscription of the application and what it was given. */
export class Reader {
  readonly topics: readonly string[];
  /** In order, since the last whole snapshot. */
  facts: StreamEvent[] = [];
  readonly progress: number[] = [];
  resets = 0;
  error: unknown;
  /** Where `facts` begins. */
  from: number | undefined;
  readonly #session: TabSession;
  readonly #subscription: Subscription;
  /** What must never be. */
  readonly wrong: string[] = [];
  readonly #progress = new Map<string, number>();
  #last = -1;
  #paused = false;

  constructor(session: TabSession, topics: readonly string[], begin: Begin) {
    this.#session = session;
    this.topics = topics;
    if (typeof begin === 'object') this.from = seqOf(begin.after);
    this.#subscription = new Subscription(
      {
        topics,
        snapshot: begin === 'snapshot',
        progress_ms: 100,
        ...(typeof begin === 'object' ? begin : {}),
      },
      {
        reset: () => {
          this.resets += 1;
          this.#last = -1;
          this.from = undefined;
        },
        snapshot: ({ more }, cursor) => {
          if (more) return;
          if (seqOf(cursor) < this.#last) this.wrong.push(`a snapshot of before ${this.#last}`);
          this.facts = [];
          this.from = seqOf(cursor);
        },
        fact: (event) => {
          const seq = seqOf(event.id);
          if (this.from === undefined) this.wrong.push(`fact ${seq} before its snapshot`);
          if (seq <= this.#last) this.wrong.push(`fact ${seq} after ${this.#last}`);
          this.#last = seq;
          this.facts.push(event);
        },
        progress: ({ job: { progress = 0, job_id: jobId } }) => {
          const before = this.#progress.get(jobId) ?? 0;
          if (progress < before) this.wrong.push(`progress ${progress} after ${before}`);
          this.#progress.set(jobId, progress);
          this.progress.push(progress);
        },
        reached: (cursor) => {
          this.from ??= seqOf(cursor);
        },
        fail: (error) => {
          this.error = error;
          session.detach(this.#subscription);
        },
      },
    );
    session.attach(this.#subscription);
  }

  /** As a feed does whose reader is full. */
  pause(): void {
    if (this.error === undefined) this.#session.detach(this.#subscription);
    this.#paused = true;
  }

  resume(): void {
    if (this.#paused && this.error === undefined) this.#session.attach(this.#subscription);
    this.#paused = false;
  }

  /** What it must have been given by now. */
  due(log: readonly StreamEvent[]): StreamEvent[] {
    return log
      .slice(this.from ?? log.length)
      .filter((event) => topicsFor(event).some((topic) => this.topics.includes(topic)));
  }
}

function seqOf(cursor: string): number {
  return Number.parseInt(cursor.split('-')[1] ?? '', 36);
}
