import type { Box, CarriedLine, Carry, Column } from './boxes.js';
import type { CarriedRows } from './flow.js';
import type { Fragment } from './sheet.js';

/** Columns that are as wide as they need for the lines that are carried over, too. */
export function widened(columns: readonly Column[], carry: Carry | undefined): readonly Column[] {
  if (carry === undefined) return columns;
  return columns.map((column, x) => {
    let { minWidth, maxWidth } = column;
    for (const sample of carry.samples) {
      minWidth = Math.max(minWidth, sample[x]?.minWidth ?? 0);
      maxWidth = Math.max(maxWidth, sample[x]?.maxWidth ?? 0);
    }
    return { ...column, minWidth, maxWidth };
  });
}

/** Lays the lines out that a table carries over. Lengths are points. */
export class CarriedLines implements CarriedRows {
  below = 0;
  within = 0;
  above = 0;
  begun = false;
  /** Rows of the body that are above the block in work. */
  #above = 0;
  readonly #heights = new Map<string, number>();

  constructor(
    private readonly carry: Carry,
    private readonly widths: readonly number[],
    private readonly layOut: (box: Box) => Fragment,
  ) {}

  #height(which: CarriedLine, above: number): number {
    const key = this.carry.key(which, above);
    if (key === undefined) return 0;
    const known = this.#heights.get(key);
    if (known !== undefined) return known;
    const box = this.carry.highest(which, above, this.widths);
    const height = box === undefined ? 0 : this.layOut(box).height;
    this.#heights.set(key, height);
    return height;
  }

  /** To be told of each block before it is placed: its first row in the body, and the one behind it. */
  block(first: number, end: number, isLast: boolean): void {
    this.#above = first;
    this.within = this.#height('forward', first);
    this.above = this.#height('brought', first);
    this.below = isLast ? 0 : this.#height('forward', end);
  }

  #line(which: CarriedLine): Fragment | undefined {
    const box = this.carry.line(which, this.#above, this.widths);
    return box === undefined ? undefined : this.layOut(box);
  }

  forward(): Fragment | undefined {
    return this.#line('forward');
  }

  brought(): Fragment | undefined {
    return this.#line('brought');
  }
}
