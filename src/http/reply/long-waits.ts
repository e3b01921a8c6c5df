import type { FastifyReply } from 'fastify';
import { type Problem, problem } from '../../protocol/problem.js';
import { Shares } from '../../shares/shares.js';
import { onLeave } from './leaving.js';

/**
 * - `ended`: what the wait gave, be it that it came to its end or was ended before.
 * - `refused`: nothing was waited for: the server drains, or all waits are taken by owners with fewer.
 * - `key-lost`: the key was disabled, or expired, meanwhile. What the wait gave must not be told.
 */
export type Held<T> =
  | { readonly type: 'ended'; readonly value: T }
  | { readonly type: 'refused' }
  | { readonly type: 'key-lost'; readonly problem: Problem };

interface Wait {
  readonly controller: AbortController;
  readonly keyId: string;
  keyLost: boolean;
}

const keyCheckMs = 500;

/**
 * Answers that are held back until a job changes (`Prefer: wait`) or a fact arrives (long-poll). Where as many are held
 * as may be, the newest of the owner with most is given at once, so that an owner with fewer can wait.
 */
export class LongWaits {
  readonly shares: Shares<Wait>;
  readonly #keyHolds: (keyId: string) => boolean;
  readonly #waits = new Set<Wait>();
  #keyCheck: NodeJS.Timeout | undefined;
  #ended = false;

  /**
   * @param max held at one time; what cannot be held is `refused`: the routes answer `Prefer: wait` at once and refuse
   *   a long-poll
   * @param keyHolds whether a key may still be used
   */
  constructor(max: number, keyHolds: (keyId: string) => boolean) {
    this.shares = new Shares({ total: max }, ({ controller }) => controller.abort());
    this.#keyHolds = keyHolds;
  }

  get count(): number {
    return this.#waits.size;
  }

  /** Runs a wait for the caller of a reply. Its signal fires when the caller leaves, the key is lost or the server drains. */
  async run<T>(reply: FastifyReply, wait: (signal: AbortSignal) => Promise<T>): Promise<Held<T>> {
    const { owner = '', keyId = '' } = reply.request.caller ?? {};
    const held: Wait = { controller: new AbortController(), keyId, keyLost: false };
    if (this.#ended || this.shares.take(owner, held) !== 'taken') return { type: 'refused' };
    this.#add(held);
    const stay = onLeave(reply, () => held.controller.abort());
    try {
      const value = await wait(held.controller.signal);
      return held.keyLost ? { type: 'key-lost', problem: keyLost() } : { type: 'ended', value };
    } finally {
      this.shares.leave(owner, held);
      this.#remove(held);
      stay();
    }
  }

  /** Ends every wait; `run` holds none from then on. */
  end(): void {
    this.#ended = true;
    for (const { controller } of this.#waits) controller.abort();
  }

  #add(wait: Wait): void {
    this.#waits.add(wait);
    this.#keyCheck ??= setInterval(() => this.#checkKeys(), keyCheckMs).unref();
  }

  #remove(wait: Wait): void {
    this.#waits.delete(wait);
    if (this.#waits.size > 0) return;
    clearInterval(this.#keyCheck);
    this.#keyCheck = undefined;
  }

  #checkKeys(): void {
    for (const wait of this.#waits) {
      if (this.#keyHolds(wait.keyId)) continue;
      wait.keyLost = true;
      wait.controller.abort();
    }
  }
}

function keyLost(): Problem {
  return problem('unauthorized', 'The key was disabled or has expired.', { keyRefusal: 'disabled' });
}
