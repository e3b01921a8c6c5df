import type { Progress } from './kind.js';

const shortestPauseMs = 50;
const smallestStep = 0.01;

/**
 * Lets through the progress that is worth sending: at most one update per 50 ms, each at least 1 % further or in
 * another phase or page. A ratio that falls back is lifted to the highest one so far, so that progress never goes down
 * within an attempt.
 */
export class ProgressGate {
  readonly #send: (progress: Progress) => void;
  readonly #clock: () => number;
  #sentAt = Number.NEGATIVE_INFINITY;
  #ratio = 0;
  #last: Progress | undefined;

  constructor(send: (progress: Progress) => void, clock: () => number) {
    this.#send = send;
    this.#clock = clock;
  }

  offer(progress: Progress): void {
    this.#ratio = Math.min(1, Math.max(this.#ratio, Number.isFinite(progress.ratio) ? progress.ratio : 0));
    const now = this.#clock();
    if (now - this.#sentAt < shortestPauseMs) return;
    const last = this.#last;
    const further = last === undefined || this.#ratio - last.ratio >= smallestStep;
    if (!further && last.phase === progress.phase && last.pagesDone === progress.pagesDone) return;
    this.#sentAt = now;
    this.#last = { ...progress, ratio: this.#ratio };
    this.#send(this.#last);
  }
}
