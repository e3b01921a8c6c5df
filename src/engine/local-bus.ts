import type { AttemptEnding } from './ending.js';
import type { Bus, Hint } from './engine.js';
import type { JobProgress } from './progress.js';

/** The bus of one process: a call of every listener, in the order of subscription. */
export class LocalBus implements Bus {
  readonly #hints = new Set<{ readonly listener: (hint: Hint) => void }>();
  readonly #progress = new Set<{ readonly listener: (progress: JobProgress) => void }>();
  readonly #endings = new Set<{ readonly listener: (ending: AttemptEnding) => void }>();

  onHint(listener: (hint: Hint) => void): () => void {
    const subscription = { listener };
    this.#hints.add(subscription);
    return () => this.#hints.delete(subscription);
  }

  /** For the store: after each commit. */
  publishHint(hint: Hint): void {
    for (const { listener } of this.#hints) listener(hint);
  }

  onEnding(listener: (ending: AttemptEnding) => void): () => void {
    const subscription = { listener };
    this.#endings.add(subscription);
    return () => this.#endings.delete(subscription);
  }

  /** For the store: before a commit. */
  publishEnding(ending: AttemptEnding): void {
    for (const { listener } of this.#endings) listener(ending);
  }

  onProgress(listener: (progress: JobProgress) => void): () => void {
    const subscription = { listener };
    this.#progress.add(subscription);
    return () => this.#progress.delete(subscription);
  }

  publishProgress(progress: JobProgress): void {
    for (const { listener } of this.#progress) listener(progress);
  }
}
