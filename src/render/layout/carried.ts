/** Lines that a table carries over where a page ends. Lengths are points. */

export type CarriedLine = 'forward' | 'brought';

/** The lines of a table that tell how far its amounts have come, where so many rows of its body are above. */
export interface CarriedSource<Line> {
  line(which: CarriedLine, above: number, widths: readonly number[]): Line | undefined;
  /** Lines of one key are not higher than the one that is `highest`, nor wider. */
  key(which: CarriedLine, above: number): string | undefined;
  highest(which: CarriedLine, above: number, widths: readonly number[]): Line | undefined;
}

/** What a table says of its amounts where a page ends. */
export interface CarriedRows<Block> {
  /** Height of the line below the block that is placed next: 0 where the table ends with it. */
  readonly below: number;
  /** Height of the line where that block is cut. */
  readonly within: number;
  /** Height of the line above it. */
  readonly above: number;
  /** Whether something of the table is on a page. */
  begun: boolean;
  forward(): Block | undefined;
  brought(): Block | undefined;
}

/** Of lines by their keys. Those of places beside each other hardly ever differ. */
class Heights {
  readonly #known = new Map<string, number>();
  #key: string | undefined;
  #height: number | undefined;

  get(key: string): number | undefined {
    if (key !== this.#key) {
      this.#height = this.#known.get(key);
      this.#key = key;
    }
    return this.#height;
  }

  set(key: string, height: number): void {
    this.#known.set(key, height);
    this.#key = undefined;
  }
}

/** Lays the lines out that a table carries over, in either layout. */
export class CarriedLines<Line, Block extends { readonly height: number }> implements CarriedRows<Block> {
  below = 0;
  within = 0;
  above = 0;
  begun = false;
  /** Rows of the body that are above the block in work. */
  #above = 0;
  /** The row that `below` is above. */
  #end = -1;
  readonly #heights = { forward: new Heights(), brought: new Heights() };

  constructor(
    private readonly source: CarriedSource<Line>,
    private readonly widths: readonly number[],
    private readonly layOut: (line: Line) => Block,
  ) {}

  #height(which: CarriedLine, above: number): number {
    const key = this.source.key(which, above);
    if (key === undefined) return 0;
    const heights = this.#heights[which];
    const known = heights.get(key);
    if (known !== undefined) return known;
    const line = this.source.highest(which, above, this.widths);
    const height = line === undefined ? 0 : this.layOut(line).height;
    heights.set(key, height);
    return height;
  }

  /** To be told of each block before it is placed: its first row in the body, and the one behind it. */
  block(first: number, end: number, isLast: boolean): void {
    this.#above = first;
    // Blocks follow each other: what is below one is within the next.
    this.within = first === this.#end ? this.below : this.#height('forward', first);
    this.above = this.#height('brought', first);
    this.below = isLast ? 0 : this.#height('forward', end);
    this.#end = isLast ? -1 : end;
  }

  #line(which: CarriedLine): Block | undefined {
    const line = this.source.line(which, this.#above, this.widths);
    return line === undefined ? undefined : this.layOut(line);
  }

  forward(): Block | undefined {
    return this.#line('forward');
  }

  brought(): Block | undefined {
    return this.#line('brought');
  }
}
