import { InkwireError } from '../error.js';
import type { MergedSubscription } from './merged-subscription.js';
import { eventsPath, isRefusal, queryOf, ticketQuery, unite } from './poll.js';
import { type SseMessage, sseReader } from './sse-reader.js';
import { bring, type ServerSubscription, type Subscription } from './subscription.js';
import {
  BaseConnection,
  type ConnectionHost,
  type Environment,
  endOf,
  firstByteMs,
  pastMs,
  silenceOf,
  Watchdog,
} from './transport.js';

/**
 * Without a byte on a stream that beats every 15 s (P-40). Less than elsewhere: a proxy that fills a buffer before it
 * passes anything on is found out by the end of a busy time only, when the last events stay with it.
 */
const beatMs = 20_000;

/** All subscriptions over one event stream (P-30 to P-35), read with `fetch`, so that a key can go with it. */
export class EventStreamConnection extends BaseConnection {
  readonly #watchdog: Watchdog;
  #carried: Set<Subscription>;
  #live = false;
  #heardAt: number;

  constructor(host: ConnectionHost, environment: Environment) {
    super(host, environment);
    this.#carried = new Set(host.subscriptions);
    this.#heardAt = environment.now();
    this.#watchdog = new Watchdog(environment.after, () =>
      this.end(silenceOf('event stream', this.#live, false)),
    );
    this.#read().then(
      () => this.#cut('event stream: ended'),
      (error: unknown) => this.#failed(error),
    );
  }

  sync(): void {
    const { subscriptions } = this.host;
    // A reader that left, or is full, gets nothing more; when it comes back it is a new one.
    for (const one of this.#carried) if (!subscriptions.has(one)) this.#carried.delete(one);
    const isNew = [...subscriptions].some((one) => !this.#carried.has(one));
    // Not begun anew before it got somewhere: a way that is blocked would never be found out.
    if ((this.#live && isNew) || this.#carried.size === 0) this.#cut('change', 0);
  }

  wake(): void {
    if (this.environment.now() - this.#heardAt > beatMs) this.#cut('wake-up', 0);
  }

  override close(): void {
    this.#watchdog.stop();
    super.close();
  }

  async #read(): Promise<void> {
    const { http } = this.environment;
    const signal = this.gone;
    const part = await this.#carry();
    this.#watchdog.put(firstByteMs);
    const response = await http.send('GET', eventsPath, {
      query: [...queryOf(part.ask()), ...(await ticketQuery(this.environment, signal))],
      headers: { accept: 'text/event-stream' },
      signal,
      retry: false,
    });
    if (response.body === null || !/^text\/event-stream/.test(response.headers.get('content-type') ?? '')) {
      throw new InkwireError('unexpected-answer', 'the answer is no event stream', {
        status: response.status,
      });
    }
    // `retry` is for a browser's EventSource: all would come back at one moment. To us a goodbye says when.
    const read = sseReader({ message: (message) => this.#take(part, message), retry: () => undefined });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    // A stream that is not read to its end keeps its connection: the end of this transport connection has to cancel it.
    signal.addEventListener('abort', () => void reader.cancel().catch(() => undefined));
    for (;;) {
      const { done, value } = await reader.read().catch(() => ({ done: true, value: '' }));
      if (done || signal.aborted) return;
      this.#heardAt = this.environment.now();
      read(value);
      if (!signal.aborted) this.#watchdog.put(this.#live ? beatMs : pastMs);
    }
  }

  /** A single subscription is carried as it is, with its own snapshot; several share a merged one. */
  async #carry(): Promise<ServerSubscription> {
    const [first] = this.#carried;
    if (first !== undefined && this.#carried.size === 1) return first;
    const union = await this.#unite(false);
    this.#carried = union.members;
    return union;
  }

  #unite(each: boolean): Promise<MergedSubscription> {
    const onReset = () => this.#cut('reset', 0);
    const signal = this.gone;
    return unite(this.environment, this.host.subscriptions, { each, limit: 256, signal, onReset });
  }

  #take(part: ServerSubscription, { event, data }: SseMessage): void {
    if (this.gone.aborted) return;
    const body = JSON.parse(data);
    // A server that has no room says so in a stream; that one got through says nothing of the other transports then.
    if (event !== 'bye') this.host.alive();
    switch (event) {
      case 'subscribed':
      case 'reset':
      case 'snapshot':
      case 'live':
      case 'heartbeat':
        bring(part, { ...body, type: event });
        if (event !== 'live') break;
        this.#live = true;
        this.host.live();
        this.sync();
        break;
      case 'bye':
        this.#cut('bye', body.retry_ms || undefined);
        break;
      case 'queue':
        this.host.queue(body);
        break;
      case 'job.progress':
        part.progress(body);
        break;
      default:
        // Anything else is a fact, or something that a later version says (P-60).
        if (/^(job|group)\./.test(event)) part.fact(body);
    }
  }

  async #failed(error: unknown): Promise<void> {
    if (this.gone.aborted) return;
    if (!isRefusal(error)) {
      this.end(endOf(error));
      return;
    }
    // What was refused may concern one of them alone: asked for each by itself, that one ends and the others go on.
    try {
      await this.#unite(true);
      // Not at once: together they may be refused where each alone is not.
      this.#cut('refusal');
    } catch (other) {
      this.end(endOf(other));
    }
  }

  #cut(reason: string, retryMs?: number): void {
    this.end({ type: 'cut', reason, retryMs });
  }
}
