import type { Blobs } from '../../engine/engine.js';
import type { WorkLog } from '../work-log.js';

/** The files that one task writes aside. `discard` removes all of them that did not become blobs. */
export class AsideFiles {
  readonly #blobs: Blobs;
  readonly #log: WorkLog;
  readonly #paths: string[] = [];

  constructor(blobs: Blobs, log: WorkLog) {
    this.#blobs = blobs;
    this.#log = log;
  }

  /** A fresh path; files may also lie at `path.0`, `path.1`, ... */
  readonly path = (): string => {
    const path = this.#blobs.aside();
    this.#paths.push(path);
    return path;
  };

  /** Never rejects: a file that cannot be thrown away goes with a later clean-up and changes no outcome. */
  async discard(): Promise<void> {
    const ends = await Promise.allSettled(this.#paths.splice(0).map((path) => this.#blobs.discard(path)));
    for (const end of ends) {
      if (end.status === 'rejected')
        this.#log.error({ error: end.reason }, 'a file aside could not be removed');
    }
  }
}
