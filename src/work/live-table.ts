import type { Bus, JobProgress } from '../engine/engine.js';
import { endsJob } from '../protocol/fact.js';

type Watcher = (end: boolean) => void;

export interface Live {
  readonly progress: JobProgress;
  /** How many values came before; part of a record's version. */
  readonly count: number;
}

/**
 * The latest progress of every running attempt, and who waits for a job to change. As large as what runs and what is
 * waited for: an entry goes with the attempt's end.
 */
export class LiveTable {
  readonly #live = new Map<string, Live>();
  readonly #watchers = new Map<string, Set<Watcher>>();
  readonly #unsubscribe: readonly (() => void)[];

  constructor(bus: Bus) {
    this.#unsubscribe = [
      bus.onProgress((progress) => {
        this.#live.set(progress.jobId, { progress, count: (this.#live.get(progress.jobId)?.count ?? 0) + 1 });
        this.#wake(progress.jobId, false);
      }),
      bus.onHint((hint) => {
        for (const fact of hint.facts) {
          if (fact.type !== 'job.started') this.#live.delete(fact.jobId);
          this.#wake(fact.jobId, endsJob(fact.type));
        }
      }),
    ];
  }

  get(jobId: string): Live | undefined {
    return this.#live.get(jobId);
  }

  /** Calls back at every change of a job from now on, told whether it is the end. Returns what ends that. */
  watch(jobId: string, listener: Watcher): () => void {
    const watchers = this.#watchers.get(jobId) ?? new Set();
    this.#watchers.set(jobId, watchers);
    watchers.add(listener);
    return () => {
      watchers.delete(listener);
      if (watchers.size === 0 && this.#watchers.get(jobId) === watchers) this.#watchers.delete(jobId);
    };
  }

  close(): void {
    for (const end of this.#unsubscribe) end();
  }

  #wake(jobId: string, end: boolean): void {
    for (const listener of this.#watchers.get(jobId) ?? []) listener(end);
  }
}
