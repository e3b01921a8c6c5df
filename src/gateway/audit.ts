import { setImmediate } from 'node:timers/promises';
import type { Follower } from '../follow/follower.js';
import type { LogTail } from './log-tail.js';
import type { StreamMeters } from './stream-meters.js';
import type { Subscriber } from './subscriber.js';

export interface AuditParts {
  readonly follower: Follower;
  readonly tail: LogTail;
  readonly meters: StreamMeters;
  readonly subscribers: () => readonly Subscriber[];
  /** Repairs a connection that was not sent every fact that the log holds for it: the connection has to begin anew. */
  readonly repair: (subscriber: Subscriber) => void;
  readonly onError: (error: unknown) => void;
}

const everyMs = 10_000;
const sampled = 100;

/**
 * The backstop. It compares the log with the facts that hints have announced and, for some connections, the facts of
 * the log with those that the gateway sent. Every difference is a defect of the server: the audit repairs and counts
 * it, and the count has to stay 0.
 */
export class Audit {
  readonly #parts: AuditParts;
  readonly #timer: NodeJS.Timeout;
  #next = 0;

  constructor(parts: AuditParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.run().catch(parts.onError), everyMs).unref();
  }

  /** One round. Resolves with the number of facts that had to be repaired. */
  async run(): Promise<number> {
    const { follower, meters } = this.#parts;
    const missed = await follower.checkEnd();
    if (missed > 0) meters.repaired('hint', missed);
    const all = this.#parts.subscribers();
    let found = missed;
    for (let index = 0; index < Math.min(sampled, all.length); index += 1) {
      // One connection in a turn of the event loop: a busy log times a hundred connections would hold up all others.
      await setImmediate();
      const subscriber = all[(this.#next + index) % all.length];
      if (subscriber !== undefined) found += this.#compare(subscriber);
    }
    this.#next += sampled;
    return found;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** How many facts the connection was sent too few (or too many) since the last comparison. */
  #compare(subscriber: Subscriber): number {
    const { follower, tail, meters, repair } = this.#parts;
    if (!subscriber.isOpen || subscriber.hasOutput) return 0;
    const { from, facts } = subscriber.audit;
    const { seq } = follower.position;
    subscriber.audit = { from: seq, facts: 0 };
    const entries = tail.read(subscriber.owner, from, Number.POSITIVE_INFINITY);
    if (entries === undefined) return 0;
    const due = entries.filter(({ fact }) => subscriber.wants(fact, fact.type)).length;
    const wrong = Math.abs(due - facts);
    if (wrong === 0) return 0;
    meters.repaired('reader', wrong);
    repair(subscriber);
    return wrong;
  }
}
