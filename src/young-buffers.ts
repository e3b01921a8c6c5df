import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** So much of a body comes between two collections. */
const everyBytes = 4 * 1024 * 1024;

/**
 * Gives back what bodies that are passed on to the disk leave behind: each chunk is a buffer outside of V8's heap, with so little
 * in it that V8 does not come to a collection before 33 MiB of them. One of young objects alone takes some tenths of a millisecond.
 */
export class YoungBuffers {
  readonly #collect: () => void;
  #bytes = 0;

  constructor(collect: () => void) {
    this.#collect = collect;
  }

  /** So many bytes have come in buffers that nobody will hold for long. */
  readonly came = (bytes: number): void => {
    this.#bytes += bytes;
    if (this.#bytes < everyBytes) return;
    this.#bytes = 0;
    this.#collect();
  };
}

/** Of this thread. */
export function openYoungBuffers(): YoungBuffers {
  let collect: (() => void) | undefined;
  return new YoungBuffers(() => {
    collect ??= youngCollector();
    collect();
  });
}

/** Collects young objects. Nothing where this build of Node has no such function. */
export function youngCollector(): () => void {
  setFlagsFromString('--expose-gc');
  try {
    const gc: unknown = runInNewContext('globalThis.gc');
    return typeof gc === 'function' ? () => void gc({ type: 'minor' }) : () => undefined;
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}
