import { InkwireError } from '../error.js';
import { isRefusal, type Polled, poll, unite } from './poll.js';
import { BaseConnection, type ConnectionHost, type Environment, endOf } from './transport.js';

/** Seconds: as the server holds a request by itself (P-36). */
const longWait = 25;
const mostEvents = 256;
/** Between two polls that the server does not hold. */
const pollMs = 1_500;
/** An answer without news that comes sooner was not held. */
const leastHeldMs = 500;
/** Requests that fail one after the other until the server counts as unreachable. */
const maxFailures = 6;
/**
 * All subscriptions by plain requests, which always work: held by the server where the network allows it, smaller and
 * shorter where answers are cut off on the way (P-36).
 */
export class PollingConnection extends BaseConnection {
  #request = new AbortController();
  #wait: number;
  #limit = mostEvents;
  #failures = 0;
  /** The server refused something: the next round asks for each subscription by itself. */
  #each = false;
  /** There are subscriptions that no answer was for yet: the next request is not held. */
  #changed = true;
  /** Whether the server may hold the request that is under way. */
  #held = false;

  /** @param mayWait false: the server is not asked to hold a request */
  constructor(host: ConnectionHost, environment: Environment, mayWait: boolean) {
    super(host, environment);
    this.#wait = mayWait ? longWait : 0;
    this.#run().catch((error: unknown) => this.end(endOf(error)));
  }

  /** Gives up only a held request: if changes came faster than answers, no request would ever be answered. */
  sync(): void {
    this.#changed = true;
    if (this.#held) this.#request.abort();
  }

  wake(): void {
    this.#request.abort();
  }

  override close(): void {
    super.close();
    this.#request.abort();
  }

  async #run(): Promise<void> {
    while (!this.gone.aborted) {
      this.#request = new AbortController();
      const { signal } = this.#request;
      this.#held = !this.#changed;
      if (this.host.subscriptions.size === 0) {
        this.#held = true;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        continue;
      }
      try {
        const askedAt = this.environment.now();
        const { more, news } = await this.#ask(signal);
        this.#failures = 0;
        this.#limit = Math.min(mostEvents, this.#limit * 2);
        // An answer may have ended the last subscription; it has come this way all the same.
        this.host.alive();
        if (more || signal.aborted) continue;
        this.host.live();
        // A server that is about to end holds nothing any more: it must not be asked all the time.
        const wasHeld = news || !this.#held || this.environment.now() - askedAt > leastHeldMs;
        if (this.#changed || (this.#wait > 0 && wasHeld)) continue;
        this.#held = true;
        await this.#pause(pollMs, signal);
      } catch (error) {
        if (!signal.aborted) await this.#failed(error, signal);
      }
    }
  }

  async #ask(signal: AbortSignal): Promise<Polled> {
    const limit = this.#limit;
    const wait = this.#changed ? 0 : this.#wait;
    this.#changed = false;
    const options = { each: this.#each, limit, signal, onReset: () => undefined };
    const part = await unite(this.environment, this.host.subscriptions, options);
    this.#each = false;
    if (part.members.size === 0) return { more: false, news: true, reset: false };
    const askedAt = this.environment.now();
    const polled = await poll(this.environment, part, { wait, limit }, signal);
    if (wait === 0) this.host.latency(this.environment.now() - askedAt);
    return polled;
  }

  async #failed(error: unknown, signal: AbortSignal): Promise<void> {
    this.#failures += 1;
    const again = this.#failures <= maxFailures;
    if (again && isRefusal(error) && !this.#each) {
      this.#each = true;
      return;
    }
    const network = error instanceof InkwireError && error.slug === 'network-error';
    // A proxy that waited too long for the server.
    const held = error instanceof InkwireError && error.status === 504;
    const wasHeld = this.#held;
    this.#changed = true;
    if (!(network || held) || !again) {
      this.end(endOf(error));
      return;
    }
    // A request that was not held says nothing about holding: the server was unreachable.
    if (wasHeld && this.#wait > 0) {
      this.#wait = Math.floor(this.#wait / 3);
      if (this.#wait === 0) {
        this.end({ type: 'blocked', reason: error.message });
        return;
      }
    }
    this.#limit = Math.max(1, Math.floor(this.#limit / 4));
    await this.#pause(100 * this.#failures, signal);
  }

  /** Ends early when the subscriptions change. */
  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.environment.after(ms * (0.8 + this.environment.random() * 0.4), resolve);
      signal.addEventListener('abort', () => {
        stop();
        resolve();
      });
    });
  }
}
