/** What was run outside of a thread (a program, a picture). */
export interface Run {
  /** Removes the files that it has left. Safe twice, never rejects. */
  discard(): Promise<void>;
}

/** Runs of the process that have not ended: each is stopped by its caller's signal, and all of them by `end`. */
export class LiveRuns<R extends Run> {
  readonly #live = new Map<AbortController, Promise<R>>();

  /** @param begin must never reject */
  run(signal: AbortSignal, begin: (signal: AbortSignal) => Promise<R>): Promise<R> {
    const stop = new AbortController();
    const onAbort = (): void => stop.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    const ran = begin(stop.signal).finally(() => {
      signal.removeEventListener('abort', onAbort);
      this.#live.delete(stop);
    });
    this.#live.set(stop, ran);
    return ran;
  }

  /** Stops all of them and removes their files. Resolves when nothing runs any more. */
  async end(): Promise<void> {
    const runs = [...this.#live];
    for (const [stop] of runs) stop.abort();
    for (const [, ran] of runs) await (await ran).discard();
  }
}

/** The runs of one task: what each has left stays until the task ends, which ends all of them. */
export class TaskRuns<R extends Run> {
  readonly #stop = new AbortController();
  readonly #runs: Promise<R>[] = [];
  #ended: Promise<void> | undefined;

  /** How many were begun. */
  get count(): number {
    return this.#runs.length;
  }

  /** @param begin must never reject */
  run(begin: (signal: AbortSignal) => Promise<R>): Promise<R> {
    const run = begin(this.#stop.signal);
    this.#runs.push(run);
    return run;
  }

  /** Ends what runs and removes all files. Resolves when nothing is left. Safe twice, never rejects. */
  end(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#runs.map(async (run) => (await run).discard()));
  }
}
