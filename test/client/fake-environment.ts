import { authOf } from '../../client/sdk/auth.js';
import { Http } from '../../client/sdk/http.js';
import type { Environment } from '../../client/sdk/stream/transport.js';
import type { WebSocketLike } from '../../client/sdk/types.js';

/** Timers that go off when the test says so. */
export class FakeTimers {
  #now = 0;
  #last = 0;
  readonly #timers = new Map<number, { readonly at: number; readonly act: () => void }>();

  readonly now = (): number => this.#now;

  /** In how many milliseconds each timer goes off that is set. */
  get set(): readonly number[] {
    return [...this.#timers.values()].map(({ at }) => at - this.#now);
  }

  readonly after = (ms: number, act: () => void): (() => void) => {
    this.#last += 1;
    const id = this.#last;
    this.#timers.set(id, { at: this.#now + ms, act });
    return () => void this.#timers.delete(id);
  };

  /** Lets time pass, timer by timer; what follows from each happens before the next. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (due === undefined) break;
      const [id, { at, act }] = due;
      this.#timers.delete(id);
      this.#now = at;
      act();
    }
    this.#now = end;
    await settle();
  }
}

/** Everything that is ready to go on has gone on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** The server's end of a WebSocket. */
export class FakeSocket implements WebSocketLike {
  onopen: (() => void) | null = null;
  onmessage: ((event: { readonly data: string }) => void) | null = null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly sent: Readonly<Record<string, unknown>>[] = [];
  readonly protocols: readonly string[];
  closed = false;

  constructor(protocols: readonly string[]) {
    this.protocols = protocols;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.closed = true;
  }

  open(): void {
    this.onopen?.();
  }

  say(...messages: readonly object[]): void {
    for (const message of messages) this.onmessage?.({ data: JSON.stringify(message) });
  }

  drop(code = 1006, reason = ''): void {
    this.onclose?.({ code, reason });
  }

  /** The subscriptions that were asked for, without what was ended. */
  get subscribed(): readonly Readonly<Record<string, unknown>>[] {
    const ended = new Set(this.sent.filter(({ type }) => type === 'unsubscribe').map(({ id }) => id));
    return this.sent.filter(({ type, id }) => type === 'subscribe' && !ended.has(id));
  }
}

/** What a request is answered with; nothing: it waits until its signal fires. */
export type Answer = (request: {
  readonly url: URL;
  readonly headers: Headers;
}) => Response | Error | undefined;

export interface Network {
  readonly timers: FakeTimers;
  readonly sockets: FakeSocket[];
  readonly requests: URL[];
  /** Changed by the test. */
  answer: Answer;
  readonly environment: Environment;
}

/** A network of which the test decides everything. Chance is always one half. */
export function network(options: { readonly webSocket?: boolean; readonly key?: string } = {}): Network {
  const timers = new FakeTimers();
  const sockets: FakeSocket[] = [];
  const requests: URL[] = [];
  const auth = authOf(options.key === undefined ? {} : { key: options.key });
  const fetch = (input: string | URL | Request, init?: RequestInit): Promise<Response> =>
    new Promise((resolve, reject) => {
      const url = new URL(String(input));
      requests.push(url);
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
      const answer = made.answer({ url, headers: new Headers(init?.headers) });
      if (answer instanceof Error) reject(answer);
      else if (answer !== undefined) resolve(answer);
    });
  const random = () => 0.5;
  const sleep = (ms: number) => new Promise<void>((resolve) => void timers.after(ms, resolve));
  const http = new Http({ url: 'http://server.test', auth, fetch, random, sleep });
  const WebSocket = class extends FakeSocket {
    constructor(_url: string, protocols: string[]) {
      super(protocols);
      sockets.push(this);
    }
  };
  const made: Network = {
    timers,
    sockets,
    requests,
    answer: () => new TypeError('nobody answers'),
    environment: {
      http,
      auth,
      WebSocket: options.webSocket === false ? undefined : WebSocket,
      after: timers.after,
      now: timers.now,
      random,
    },
  };
  return made;
}

/** An event stream that the test writes. */
export function eventStream(): {
  readonly response: Response;
  write(text: string): void;
  end(): void;
  readonly cancelled: boolean;
} {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    cancel() {
      cancelled = true;
    },
  });
  return {
    response: new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } }),
    write: (text) => controller?.enqueue(new TextEncoder().encode(text)),
    end: () => controller?.close(),
    get cancelled() {
      return cancelled;
    },
  };
}
