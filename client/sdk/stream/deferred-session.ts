import { closed } from '../error.js';
import type { ConnectionState } from '../types.js';
import type { Session } from './session.js';
import type { Subscription } from './subscription.js';

/** A session that is still being loaded: subscriptions that are attached meanwhile wait for it. */
export class DeferredSession implements Session {
  readonly #waiting = new Set<Subscription>();
  #session: Session | undefined;
  #closed = false;

  /** @param loading must not reject */
  constructor(loading: Promise<Session>) {
    void loading.then((session) => {
      this.#session = session;
      if (this.#closed) session.close();
      for (const subscription of this.#waiting) session.attach(subscription);
      this.#waiting.clear();
    });
  }

  get state(): ConnectionState {
    return this.#session?.state ?? { status: this.#closed ? 'closed' : 'idle', resumes: 0 };
  }

  attach(subscription: Subscription): void {
    if (this.#closed) subscription.fail(closed());
    else if (this.#session === undefined) this.#waiting.add(subscription);
    else this.#session.attach(subscription);
  }

  detach(subscription: Subscription): void {
    this.#waiting.delete(subscription);
    this.#session?.detach(subscription);
  }

  wake(): void {
    this.#session?.wake();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#session?.close();
    for (const subscription of [...this.#waiting]) subscription.fail(closed());
    this.#waiting.clear();
  }
}
