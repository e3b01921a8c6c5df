import { mayComeBack } from '../../../src/protocol/close-codes.js';
import type { ProgressEvent, StreamEvent } from '../../../src/protocol/event.js';
import type { QueueNotice } from '../../../src/protocol/queue.js';
import { errorOf, InkwireError } from '../error.js';
import { queryOf } from '../http.js';
import type { WebSocketLike } from '../types.js';
import { bring, type PartMessage, type Subscription } from './subscription.js';
import {
  BaseConnection,
  type ConnectionHost,
  type Environment,
  endOf,
  firstByteMs,
  pastMs,
  silenceMs,
  silenceOf,
  Watchdog,
  wakeMs,
} from './transport.js';

/** Server to client (P-25), as far as it is read. */
type Message =
  | (Exclude<PartMessage, { readonly type: 'heartbeat' }> & { readonly id: string })
  | { readonly type: 'event'; readonly id?: string; readonly event: StreamEvent }
  | { readonly type: 'progress'; readonly progress: ProgressEvent }
  | { readonly type: 'error'; readonly id?: string; readonly problem: { readonly status: number } }
  | { readonly type: 'heartbeat'; readonly cursor: string }
  | { readonly type: 'pong' }
  | ({ readonly type: 'queue' } & QueueNotice)
  | { readonly type: 'bye'; readonly reconnect: boolean; readonly retry_ms: number };

interface Followed {
  readonly part: Subscription;
  live: boolean;
}

const subprotocol = 'inkwire.v1';
/** Of the 1,000 that a socket may have (P-50). More are carried by an event stream, which joins them into one. */
const maxParts = 900;
/**
 * Of the 1,200 in 10 s that the server takes (P-50), so that `maxParts` begin at once; beyond it would end the socket,
 * and the next one, too.
 */
const maxMessages = 1_100;
const windowMs = 10_000;
const pingMs = 20_000;

/** Many subscriptions over one WebSocket, each with a cursor of its own (P-25, P-26). */
export class WebSocketConnection extends BaseConnection {
  readonly #watchdog: Watchdog;
  readonly #followed = new Map<string, Followed>();
  readonly #ids = new Map<Subscription, string>();
  #socket: WebSocketLike | undefined;
  #open = false;
  #retryMs: number | undefined;
  #waking = false;
  #lastId = 0;
  #sent = 0;
  #windowFrom = 0;
  #pingedAt: number | undefined;
  #stopPinging: () => void = () => undefined;

  constructor(host: ConnectionHost, environment: Environment) {
    super(host, environment);
    this.#watchdog = new Watchdog(environment.after, () =>
      this.end(silenceOf('WebSocket', this.#open && this.#allLive(), this.#waking)),
    );
    this.#watchdog.put(firstByteMs);
    this.#connect().catch((error: unknown) => this.end(endOf(error)));
  }

  sync(): void {
    if (!this.#open) return;
    if (this.host.subscriptions.size > maxParts) {
      this.end({ type: 'blocked', reason: 'WebSocket: too many subscriptions' });
      return;
    }
    for (const [subscription, id] of this.#ids) {
      if (this.host.subscriptions.has(subscription)) continue;
      this.#send({ type: 'unsubscribe', id });
      this.#forget(id);
    }
    for (const subscription of this.host.subscriptions) {
      if (!this.#ids.has(subscription)) this.#ids.set(subscription, this.#follow(subscription));
    }
  }

  wake(): void {
    if (!this.#open) return;
    this.#waking = true;
    this.#ping();
    this.#watchdog.put(wakeMs);
  }

  override close(): void {
    super.close();
    this.#watchdog.stop();
    this.#stopPinging();
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  async #connect(): Promise<void> {
    const { WebSocket, auth, http } = this.environment;
    if (WebSocket === undefined) throw new InkwireError('unexpected-answer', 'there is no WebSocket here');
    const ticket = await auth.ticketFor(http, this.gone);
    if (this.gone.aborted) return;
    const protocols = ticket === undefined ? [subprotocol] : [subprotocol, `ticket.${ticket}`];
    const { url, owner } = http.parts;
    const socket = new WebSocket(
      `${url.replace(/^http/, 'ws')}/api/v1/stream${queryOf([], owner)}`,
      protocols,
    );
    this.#socket = socket;
    socket.onopen = () => {
      this.#open = true;
      this.#ping();
      this.sync();
    };
    socket.onmessage = ({ data }: { readonly data: unknown }) => this.#hear(data);
    // `close` follows with the reason; but not from the WebSocket of Node 22 when a handshake was refused.
    socket.onerror = () => {
      if (!this.#open) this.#closed(1006, '');
    };
    socket.onclose = ({ code, reason }: { readonly code: number; readonly reason: string }) =>
      this.#closed(code, reason);
  }

  #follow(part: Subscription): string {
    this.#lastId += 1;
    const id = `s${this.#lastId}`;
    this.#followed.set(id, { part, live: false });
    this.#send({ type: 'subscribe', id, ...part.ask() });
    return id;
  }

  #forget(id: string): void {
    const followed = this.#followed.get(id);
    this.#followed.delete(id);
    if (followed !== undefined) this.#ids.delete(followed.part);
    this.#liveness();
  }

  #send(message: object): void {
    const now = this.environment.now();
    if (now - this.#windowFrom > windowMs) {
      this.#windowFrom = now;
      this.#sent = 0;
    }
    this.#sent += 1;
    if (this.#sent > maxMessages) this.end({ type: 'blocked', reason: 'WebSocket: too many messages' });
    this.#socket?.send(JSON.stringify(message));
  }

  #ping(): void {
    this.#stopPinging();
    this.#stopPinging = this.environment.after(pingMs, () => this.#ping());
    this.#pingedAt ??= this.environment.now();
    this.#send({ type: 'ping' });
  }

  #hear(data: unknown): void {
    let message: Message;
    try {
      message = JSON.parse(String(data));
    } catch {
      this.end({ type: 'blocked', reason: 'WebSocket: no JSON' });
      return;
    }
    this.#waking = false;
    this.host.alive();
    this.#take(message);
    if (!this.gone.aborted) this.#watchdog.put(this.#allLive() ? silenceMs : pastMs);
  }

  #take(message: Message): void {
    switch (message.type) {
      case 'subscribed':
      case 'reset':
      case 'snapshot':
      case 'live': {
        const followed = this.#followed.get(message.id);
        if (followed === undefined) break;
        bring(followed.part, message);
        if (message.type !== 'live') break;
        followed.live = true;
        this.#liveness();
        break;
      }
      case 'event': {
        const { id, event } = message;
        if (id !== undefined) this.#part(id)?.fact(event);
        else this.#eachLive((part) => part.fact(event));
        break;
      }
      case 'progress':
        this.#eachLive((part) => part.progress(message.progress));
        break;
      case 'heartbeat':
        this.#eachLive((part) => part.reached(message.cursor));
        break;
      case 'pong':
        if (this.#pingedAt !== undefined) this.host.latency(this.environment.now() - this.#pingedAt);
        this.#pingedAt = undefined;
        break;
      case 'queue':
        this.host.queue(message);
        break;
      case 'bye':
        this.#retryMs = message.retry_ms || undefined;
        break;
      case 'error':
        this.#refused(message);
        break;
    }
  }

  #part(id: string): Subscription | undefined {
    return this.#followed.get(id)?.part;
  }

  #eachLive(act: (part: Subscription) => void): void {
    for (const { part, live } of this.#followed.values()) if (live) act(part);
  }

  #allLive(): boolean {
    for (const { live } of this.#followed.values()) if (!live) return false;
    return true;
  }

  #liveness(): void {
    if (this.#open && this.#allLive()) this.host.live();
  }

  #refused({ id, problem }: Extract<Message, { type: 'error' }>): void {
    const error = errorOf(problem.status, problem, null);
    const part = id === undefined ? undefined : this.#part(id);
    if (id === undefined || part === undefined) return;
    if (error.retryable) {
      this.end({ type: 'cut', reason: error.message });
      return;
    }
    this.#forget(id);
    part.fail(error);
  }

  #closed(code: number, reason: string): void {
    const why = `WebSocket: closed with ${code} ${reason}`;
    if (!this.#open || !mayComeBack(code)) this.end({ type: 'blocked', reason: why });
    // With another key or ticket, after 4401: the next connection asks for one.
    else this.end({ type: 'cut', reason: why, retryMs: this.#retryMs });
  }
}
