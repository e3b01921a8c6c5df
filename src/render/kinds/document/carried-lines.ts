import type { CarriedLine, CarryNodes, Fragment } from './page-items.js';
import type { CarriedRows } from './page-writer.js';
import type { Node } from './pdfmake.js';

/** Lays the lines out that a table carries over. */
export class CarriedLines implements CarriedRows {
  below = 0;
  within = 0;
  above = 0;
  begun = false;
  /** Rows of the body that are above the block in work. */
  #above = 0;
  readonly #heights = new Map<string, number>();

  constructor(
    private readonly nodes: CarryNodes,
    private readonly widths: readonly number[],
    private readonly layOut: (node: Node) => Fragment,
  ) {}

  #height(which: CarriedLine, above: number): number {
    const key = this.nodes.key(which, above);
    if (key === undefined) return 0;
    const known = this.#heights.get(key);
    if (known !== undefined) return known;
    const node = this.nodes.highest(which, above, this.widths);
    const height = node === undefined ? 0 : this.layOut(node).height;
    this.#heights.set(key, height);
    return height;
  }

  /** To be told of each block before it is committed: its first row in the body, and the one behind it. */
  block(first: number, end: number, isLast: boolean): void {
    this.#above = first;
    this.within = this.#height('forward', first);
    this.above = this.#height('brought', first);
    this.below = isLast ? 0 : this.#height('forward', end);
  }

  #line(which: CarriedLine): Fragment | undefined {
    const node = this.nodes.node(which, this.#above, this.widths);
    return node === undefined ? undefined : this.layOut(node);
  }

  forward(): Fragment | undefined {
    return this.#line('forward');
  }

  brought(): Fragment | undefined {
    return this.#line('brought');
  }
}
