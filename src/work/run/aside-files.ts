import type { Blobs, OpenBlob } from '../../engine/blobs.js';
import type { WorkLog } from '../work-log.js';

/** Each small blob is in memory for a moment, and each holds a descriptor. */
const openedAtOnce = 32;

/**
 * The files of one task: those that it writes aside, of which `discard` removes all that did not become blobs, and the
 * blobs that it reads.
 */
export class AsideFiles {
  readonly #blobs: Blobs;
  readonly #log: WorkLog;
  /** Each with how many files beside it, `path.0` and so on, may have become blobs. */
  readonly #paths = new Map<string, number>();
  readonly #opened: OpenBlob[] = [];

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

  /** Paths of blobs, in their order, until `discard`. */
  async open(blobs: readonly string[]): Promise<readonly string[]> {
    const paths: string[] = [];
    for (let at = 0; at < blobs.length; at += openedAtOnce) {
      const ends = await Promise.allSettled(
        blobs.slice(at, at + openedAtOnce).map((blob) => this.#blobs.open(blob)),
      );
      const opened = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
      this.#opened.push(...opened);
      const failed = ends.find((end) => end.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      paths.push(...opened.map(({ path }) => path));
    }
    return paths;
  }

  /** Says that nothing came to lie at a path, nor beside it: `discard` need not look. */
  forget(path: string): void {
    this.#paths.delete(path);
  }

  /** Says that so many of the files beside a path were complete: they may have gone, which ends no search. */
  expect(path: string, count: number): void {
    this.#paths.set(path, count);
  }

  /**
   * All files, or those of some paths. Never rejects: a file that cannot be thrown away goes with a later clean-up and
   * changes no outcome.
   */
  async discard(paths?: readonly string[]): Promise<void> {
    const released = paths === undefined ? this.#opened.splice(0) : [];
    const discarded = (paths ?? [...this.#paths.keys()]).map((path) => {
      const count = this.#paths.get(path);
      this.#paths.delete(path);
      return this.#blobs.discard(path, count);
    });
    const ends = await Promise.allSettled([...discarded, ...released.map((blob) => blob.release())]);
    for (const end of ends) {
      if (end.status === 'rejected')
        this.#log.error({ err: end.reason }, 'a file aside could not be removed');
    }
  }
}
