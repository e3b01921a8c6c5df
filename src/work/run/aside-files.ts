import type { Blobs } from '../../engine/blobs.js';
import type { WorkLog } from '../work-log.js';

/** The files that one task writes aside. `discard` removes all of them that did not become blobs. */
export class AsideFiles {
  readonly #blobs: Blobs;
  readonly #log: WorkLog;
  /** Each with how many files beside it, `path.0` and so on, may have become blobs. */
  readonly #paths = new Map<string, number>();

  constructor(blobs: Blobs, log: WorkLog) {
    this.#blobs = blobs;
    this.#log = log;
  }

  /** A fresh path; files may also lie at `path.0`, `path.1`, ... */
  readonly path = (): string => {
    const path = this.#blobs.aside();
    this.#paths.set(path, 0);
    return path;
  };

  /** Says that so many of the files beside a path were complete: they may have gone, which ends no search. */
  expect(path: string, count: number): void {
    this.#paths.set(path, count);
  }

  /** Never rejects: a file that cannot be thrown away goes with a later clean-up and changes no outcome. */
  async discard(paths: readonly string[] = [...this.#paths.keys()]): Promise<void> {
    const ends = await Promise.allSettled(
      paths.map((path) => {
        const count = this.#paths.get(path);
        this.#paths.delete(path);
        return this.#blobs.discard(path, count);
      }),
    );
    for (const end of ends) {
      if (end.status === 'rejected')
        this.#log.error({ error: end.reason }, 'a file aside could not be removed');
    }
  }
}
