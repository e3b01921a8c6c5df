import type { Sleep } from '../../../client/sdk/backoff.js';
import { InkwireError } from '../../../client/sdk/error.js';

/** Milliseconds. */
const limits = {
  /** Without any answer: then the batch is given up, to be run again. */
  patience: 10 * 60_000,
  pause: 1_000,
  maxPause: 10_000,
} as const;

export interface PersistenceParts {
  readonly now: () => number;
  readonly random: () => number;
  readonly sleep: Sleep;
  readonly signal: AbortSignal;
  /** Called with the trouble when it begins, and with undefined when something has worked again. */
  readonly tell: (trouble: InkwireError | undefined) => void;
}

/** Tries again while the server is away or full. A queue that is full has no limit: it is asked again for ever. */
export class Persistence {
  readonly #parts: PersistenceParts;
  #troubledSince: number | undefined;

  constructor(parts: PersistenceParts) {
    this.#parts = parts;
  }

  async run<T>(act: () => Promise<T>): Promise<T> {
    const { now, random, sleep, signal } = this.#parts;
    for (let tries = 0; ; tries += 1) {
      try {
        const value = await act();
        if (this.#troubledSince !== undefined) this.#parts.tell(undefined);
        this.#troubledSince = undefined;
        return value;
      } catch (error) {
        if (!(error instanceof InkwireError) || !mayPass(error)) throw error;
        if (this.#troubledSince === undefined) this.#parts.tell(error);
        this.#troubledSince ??= now();
        const full = error.status === 429 || error.slug === 'queue-full';
        if (!full && now() - this.#troubledSince > limits.patience) throw error;
        const pause = Math.min(limits.maxPause, limits.pause * 2 ** Math.min(tries, 10));
        await sleep((error.retryAfterMs ?? 0) + pause * (0.5 + random() / 2), signal);
      }
    }
  }
}

function mayPass({ slug, status, retryable }: InkwireError): boolean {
  return slug === 'network-error' || (retryable && (status === 429 || status >= 500));
}
