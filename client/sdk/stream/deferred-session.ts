import { closed } from '../error.js';
import type { ConnectionState } from '../types.js';
import type { Line } from './session.js';
import type { Subscription } from './subscription.js';

/** A line that is still being loaded: what is attached meanwhile waits for it. */
export class LateLine implements Line {
  readonly #waiting = new Set<Subscription>();
  #line: Line | undefined;
  #closed = false;

  /** @param loading must not reject */
  constructor(loading: Promise<Line>) {
    void loading.then((line) => {
      this.#line = line;
      if (this.#closed) line.close();
      for (const subscription of this.#waiting) line.attach(subscription);
      this.#waiting.clear();
    });
  }

  get state(): ConnectionState {
    return this.#line?.state ?? { status: this.#closed ? 'closed' : 'idle', resumes: 0 };
  }

  attach(subscription: Subscription): void {
    if (this.#closed) subscription.fail(closed());
    else if (this.#line === undefined) this.#waiting.add(subscription);
    else this.#line.attach(subscription);
  }

  detach(subscription: Subscription): void {
    this.#waiting.delete(subscription);
    this.#line?.detach(subscription);
  }

  wake(): void {
    this.#line?.wake();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#line?.close();
    for (const subscription of [...this.#waiting]) subscription.fail(closed());
    this.#waiting.clear();
  }
}
