import type { CompiledDesign } from './design.js';

/** Compiled designs by the digest of their text: the latest that were used, in bounds. */
export class CompiledDesigns {
  /** In the order of their last use. */
  readonly #designs = new Map<string, CompiledDesign>();
  #size = 0;

  /**
   * @param most designs at most
   * @param maxSize of all of them together, in values (`CompiledDesign.size`); the latest stays, however large it is
   */
  constructor(
    private readonly most: number,
    private readonly maxSize: number,
  ) {}

  get count(): number {
    return this.#designs.size;
  }

  /** @param compile is called where the design is not at hand */
  of(digest: string, compile: () => CompiledDesign): CompiledDesign {
    const known = this.#designs.get(digest);
    const design = known ?? compile();
    if (known === undefined) this.#size += design.size;
    else this.#designs.delete(digest);
    this.#designs.set(digest, design);
    for (const [oldest, { size }] of this.#designs) {
      if (oldest === digest || (this.#designs.size <= this.most && this.#size <= this.maxSize)) break;
      this.#designs.delete(oldest);
      this.#size -= size;
    }
    return design;
  }
}
