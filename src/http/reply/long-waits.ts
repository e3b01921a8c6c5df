import type { FastifyReply } from 'fastify';

/** Answers that are held back until a job changes (`Prefer: wait`) or a fact arrives (long-poll). */
export class LongWaits {
  readonly #waits = new Set<AbortController>();
  readonly #max: number;
  #ended = false;

  /**
   * @param max held at one time; past it `run` holds nothing: the routes answer `Prefer: wait` at once and refuse a
   *   long-poll
   */
  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#waits.size;
  }

  /**
   * Runs a wait that ends when the caller leaves or the server drains.
   * @returns undefined when it was not run, because `max` answers are held or the server drains
   */
  async run<T>(
    reply: FastifyReply,
    wait: (signal: AbortSignal) => Promise<T>,
  ): Promise<{ value: T } | undefined> {
    if (this.#ended || this.#waits.size >= this.#max) return undefined;
    const controller = new AbortController();
    const abort = () => controller.abort();
    this.#waits.add(controller);
    reply.raw.once('close', abort);
    if (reply.raw.destroyed) abort();
    try {
      return { value: await wait(controller.signal) };
    } finally {
      this.#waits.delete(controller);
      reply.raw.off('close', abort);
    }
  }

  /** Ends every wait; `run` holds none from then on. */
  end(): void {
    this.#ended = true;
    for (const controller of this.#waits) controller.abort();
  }
}
