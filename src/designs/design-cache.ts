import type { ReadDesign } from '../render/design.js';

/** Designs that were read lately, by the digest of their text; the ones that were used last stay. */
export class DesignCache {
  readonly #designs = new Map<string, Promise<ReadDesign>>();
  readonly #sizes = new Map<string, number>();
  #size = 0;

  /**
   * @param most designs
   * @param maxSize of all of them together, as `ReadDesign.size` counts
   */
  constructor(
    private readonly most: number,
    private readonly maxSize: number,
  ) {}

  has(digest: string): boolean {
    return this.#designs.has(digest);
  }

  get digests(): readonly string[] {
    return [...this.#designs.keys()];
  }

  /** Many that ask for one design at a time have it read once. A reading that fails is not kept. */
  of(digest: string, read: () => Promise<ReadDesign>): Promise<ReadDesign> {
    const known = this.#designs.get(digest);
    if (known !== undefined) {
      this.#designs.delete(digest);
      this.#designs.set(digest, known);
      return known;
    }
    const reading = read();
    this.#designs.set(digest, reading);
    reading.then(
      ({ size }) => this.#keep(digest, reading, size),
      () => this.#designs.delete(digest),
    );
    return reading;
  }

  #keep(digest: string, reading: Promise<ReadDesign>, size: number): void {
    if (this.#designs.get(digest) !== reading) return;
    this.#sizes.set(digest, size);
    this.#size += size;
    for (const oldest of this.#designs.keys()) {
      if (oldest === digest || (this.#designs.size <= this.most && this.#size <= this.maxSize)) return;
      this.#designs.delete(oldest);
      this.#size -= this.#sizes.get(oldest) ?? 0;
      this.#sizes.delete(oldest);
    }
  }
}
