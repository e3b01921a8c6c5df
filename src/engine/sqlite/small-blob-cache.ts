import type { SmallBlob } from '../blobs.js';
import type { ApplyOutcome } from '../engine.js';

/**
 * The small blobs that were stored or read last, so that a result which is read as soon as it is made costs no call of the
 * store. A name tells its bytes, so nothing here can be out of date; what nothing holds any more is forgotten with the
 * answer that says so, and answers come in the order of their commits.
 */
export class SmallBlobCache {
  readonly #maxBytes: number;
  /** In the order of their last use. */
  readonly #blobs = new Map<string, Uint8Array>();
  #bytes = 0;

  /** @param maxBytes of all blobs together */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(name: string): Uint8Array | undefined {
    const bytes = this.#blobs.get(name);
    if (bytes !== undefined) this.put(name, bytes);
    return bytes;
  }

  put(name: string, bytes: Uint8Array): void {
    this.#remove(name);
    this.#blobs.set(name, bytes);
    this.#bytes += bytes.length;
    for (const [oldest] of this.#blobs) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#remove(oldest);
    }
  }

  /** A command was committed, with these bytes. */
  applied(outcome: ApplyOutcome, blobs: readonly SmallBlob[]): void {
    if (!outcome.ok) return;
    for (const { name, bytes } of blobs) this.put(name, bytes);
    this.removed(outcome.removed);
  }

  removed(names: readonly string[]): void {
    for (const name of names) this.#remove(name);
  }

  #remove(name: string): void {
    this.#bytes -= this.#blobs.get(name)?.length ?? 0;
    this.#blobs.delete(name);
  }
}
