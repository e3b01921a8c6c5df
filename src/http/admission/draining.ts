import { problem } from '../../protocol/problem.js';
import type { Check } from './admission.js';

/** Whether the server is about to end. Goes one way only. */
export class Draining {
  #startedAt: number | undefined;

  get started(): boolean {
    return this.#startedAt !== undefined;
  }

  /** `performance.now()`; now, while it has not started. */
  get startedAt(): number {
    return this.#startedAt ?? performance.now();
  }

  /** Safe twice. */
  start(): void {
    this.#startedAt ??= performance.now();
  }
}

/** Refuses new work while the server drains; jobs and results can still be read. */
export function createDrainCheck(draining: Draining): Check {
  return (_request, reply, route) => {
    if (!draining.started) return undefined;
    reply.header('connection', 'close');
    if (route.config.startsWork !== true) return undefined;
    return problem('shutting-down', 'The server is shutting down. Try again in a moment.', { retryAfter: 5 });
  };
}
