import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import WebSocket from 'ws';
import { fromSse, type Message } from './fake-sink.js';
import { SseDecoder } from './sse-decoder.js';

/** A way to follow topics: the same questions over every transport, and answers in one form (that of the WebSocket). */
export interface StreamClient {
  readonly transport: 'ws' | 'sse' | 'long-poll';
  open(url: string, options: FollowOptions): Stream;
}

export interface FollowOptions {
  readonly topics: readonly string[];
  readonly token?: string;
  readonly ticket?: string;
  readonly after?: string;
  readonly snapshot?: boolean;
  readonly types?: readonly string[];
  readonly progressMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Ended {
  /** A close code of the WebSocket, an HTTP status where there was one but 200; undefined for a plain end. */
  readonly code?: number;
}

export interface Stream {
  /** The next message; rejects when the stream has ended and nothing is left, with why. */
  next(): Promise<Message>;
  /** The next message of a type; others before it are passed over. */
  until(type: string): Promise<Message>;
  /** So many facts, in order; everything else is passed over. */
  facts(count: number): Promise<readonly Event[]>;
  readonly ended: Promise<Ended>;
  close(): void;
}

/** A fact as a test looks at it. */
export interface Event {
  readonly id: string;
  readonly type: string;
  readonly job?: { readonly job_id: string; readonly rev: number; readonly status: string };
}

/** What has arrived and was not asked for yet. */
export class Arrivals implements Pick<Stream, 'next' | 'until' | 'facts'> {
  readonly #messages: Message[] = [];
  readonly ended: Promise<Ended>;
  #end: (ended: Ended) => void = () => undefined;
  #over: Ended | undefined;
  #wake: () => void = () => undefined;

  constructor() {
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  push(message: Message): void {
    this.#messages.push(message);
    this.#wake();
  }

  end(ended: Ended): void {
    if (this.#over !== undefined) return;
    this.#over = ended;
    this.#end(ended);
    this.#wake();
  }

  get isOver(): boolean {
    return this.#over !== undefined;
  }

  async next(): Promise<Message> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      if (this.#over !== undefined) throw new Error(`The stream has ended: ${JSON.stringify(this.#over)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async until(type: string): Promise<Message> {
    for (;;) {
      const message = await this.next();
      if (message.type === type) return message;
    }
  }

  async facts(count: number): Promise<readonly Event[]> {
    const facts: Event[] = [];
    while (facts.length < count) facts.push((await this.until('event')).event as Event);
    return facts;
  }
}

function authOf({ token, headers }: FollowOptions): Record<string, string> {
  return { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers };
}

function queryOf({ topics, ticket, after, snapshot, types, progressMs }: FollowOptions): string {
  const query = new URLSearchParams();
  for (const topic of topics) query.append('topic', topic);
  if (ticket !== undefined) query.set('ticket', ticket);
  if (after !== undefined) query.set('after', after);
  if (snapshot !== undefined) query.set('snapshot', String(snapshot));
  if (types !== undefined) query.set('types', types.join(','));
  if (progressMs !== undefined) query.set('progress_ms', String(progressMs));
  return query.toString();
}

class WsStream extends Arrivals implements Stream {
  readonly #socket: WebSocket;

  constructor(url: string, options: FollowOptions) {
    super();
    const query = options.ticket === undefined ? '' : `?ticket=${options.ticket}`;
    this.#socket = new WebSocket(`${url.replace(/^http/, 'ws')}/api/v1/stream${query}`, 'inkwire.v1', {
      headers: authOf(options),
      perMessageDeflate: false,
    });
    const { topics, after, snapshot, types, progressMs } = options;
    this.#socket.on('open', () =>
      this.#socket.send(
        JSON.stringify({
          type: 'subscribe',
          id: 's1',
          topics,
          after,
          snapshot,
          types,
          progress_ms: progressMs,
        }),
      ),
    );
    this.#socket.on('message', (data) => {
      const message: Message = JSON.parse(String(data));
      this.push(message);
      const { problem } = message as { problem?: { status: number } };
      if (message.type === 'error') this.end({ code: problem?.status ?? 0 });
    });
    this.#socket.on('unexpected-response', (_request, response) => {
      this.end({ code: response.statusCode ?? 0 });
      this.#socket.terminate();
    });
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', (code) => this.end({ code }));
  }

  close(): void {
    this.#socket.terminate();
  }
}

class SseStream extends Arrivals implements Stream {
  readonly #request: ClientRequest;

  constructor(url: string, options: FollowOptions) {
    super();
    const decoder = new SseDecoder();
    this.#request = request(`${url}/api/v1/events?${queryOf(options)}`, {
      headers: { accept: 'text/event-stream', ...authOf(options) },
      agent: false,
    });
    this.#request.on('response', (response: IncomingMessage) => {
      if (response.statusCode !== 200) this.end({ code: response.statusCode ?? 0 });
      response.on('data', (bytes: Buffer) => {
        if (response.statusCode !== 200) return;
        for (const event of decoder.push(bytes)) {
          const message = fromSse(event);
          if (message !== undefined) this.push(message);
        }
      });
      response.on('close', () => this.end({}));
      response.on('error', () => undefined);
    });
    this.#request.on('error', () => this.end({}));
    this.#request.end();
  }

  close(): void {
    this.#request.destroy();
  }
}

class PollStream extends Arrivals implements Stream {
  readonly #url: string;
  readonly #options: FollowOptions;
  readonly #stop = new AbortController();

  constructor(url: string, options: FollowOptions) {
    super();
    this.#url = url;
    this.#options = options;
    void this.#run(options.after).catch(() => this.end({}));
  }

  close(): void {
    this.#stop.abort();
  }

  async #run(start: string | undefined): Promise<void> {
    let after = start;
    for (let first = true; !this.isOver; first = false) {
      const query = queryOf({ ...this.#options, ...(after === undefined ? {} : { after }) });
      const answer = await this.#ask(`${this.#url}/api/v1/events?${query}&wait=20`);
      if (answer.status !== 200) return this.end({ code: answer.status });
      const { data } = JSON.parse(answer.body) as {
        data: { events: object[]; cursor: string; reset?: object; snapshot?: object };
      };
      if (first) this.push({ type: 'subscribed', cursor: data.cursor });
      if (data.reset !== undefined) this.push({ type: 'reset', cursor: data.cursor, ...data.reset });
      if (data.snapshot !== undefined) this.push({ type: 'snapshot', more: false, ...data.snapshot });
      for (const event of data.events) this.push({ type: 'event', event });
      if (first) this.push({ type: 'live', cursor: data.cursor });
      after = data.cursor;
    }
  }

  /** Each poll on a connection of its own. Rejects when that ends before the answer is whole. */
  #ask(address: string): Promise<{ readonly status: number; readonly body: string }> {
    return new Promise((resolve, reject) => {
      const headers = { accept: 'application/json', ...authOf(this.#options) };
      const asked = request(address, { headers, agent: false, signal: this.#stop.signal }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('close', () => {
          if (!response.complete) reject(new Error('cut'));
          else resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
        });
        response.on('error', () => undefined);
      });
      asked.on('error', reject);
      asked.end();
    });
  }
}

export const streamClients: readonly StreamClient[] = [
  { transport: 'ws', open: (url, options) => new WsStream(url, options) },
  { transport: 'sse', open: (url, options) => new SseStream(url, options) },
  { transport: 'long-poll', open: (url, options) => new PollStream(url, options) },
];

export function clientOf(transport: StreamClient['transport']): StreamClient {
  const client = streamClients.find((candidate) => candidate.transport === transport);
  if (client === undefined) throw new Error(`There is no client for ${transport}`);
  return client;
}
