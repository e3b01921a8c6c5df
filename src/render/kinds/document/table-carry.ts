import type { CarriedLine } from '../../layout/carried.js';
import { type Carry, type CarryLine, keyAt, likeLine, lineAt, longestAmounts } from './carry.js';
import type { CarryNodes } from './page-items.js';
import type { Node } from './pdfmake.js';

/** Lines that are measured for the widths of columns. */
export const maxSamples = 100;

/** Draws a line that a table carries over. */
export interface CarryDrawing {
  /** As a table of one row. */
  line(line: CarryLine, widths: readonly (number | 'auto')[]): Node;
  /** The cells of that row alone. */
  cells(line: CarryLine): readonly (Node | string)[];
}

/** The lines that a table carries over, of which both layouts ask for those that they place. */
export class TableCarry implements CarryNodes {
  readonly #longest: ReturnType<typeof longestAmounts>;

  constructor(
    private readonly carry: Carry,
    /** Rows of the body. */
    private readonly rows: number,
    readonly drawing: CarryDrawing,
  ) {
    this.#longest = longestAmounts(carry);
  }

  at(which: CarriedLine, above: number): CarryLine | undefined {
    return lineAt(this.carry, which, above);
  }

  highestAt(which: CarriedLine, above: number): CarryLine | undefined {
    const key = this.carry[which]?.length === 1 ? this.key(which, above) : undefined;
    const longest = key === '+' || key === '-' ? this.#longest[key] : undefined;
    const shown = this.at(which, longest ?? above);
    return shown === undefined ? undefined : likeLine(shown);
  }

  line(which: CarriedLine, above: number, widths: readonly number[]): Node | undefined {
    const shown = this.at(which, above);
    return shown === undefined ? undefined : this.drawing.line(shown, widths);
  }

  key(which: CarriedLine, above: number): string | undefined {
    return keyAt(this.carry, which, above);
  }

  highest(which: CarriedLine, above: number, widths: readonly number[]): Node | undefined {
    const shown = this.highestAt(which, above);
    return shown === undefined ? undefined : this.drawing.line(shown, widths);
  }

  samples(): readonly Node[] {
    const found: Node[] = [];
    for (const which of ['forward', 'brought'] as const) {
      const known = new Set<string>();
      for (const above of this.#places(which)) {
        if (found.length >= maxSamples) break;
        const key = this.key(which, above);
        const shown = key === undefined || known.has(key) ? undefined : this.highestAt(which, above);
        if (key === undefined || shown === undefined) continue;
        known.add(key);
        const widths = shown.cells.map(() => 'auto' as const);
        found.push(this.drawing.line(shown, widths));
      }
    }
    return found;
  }

  /** Places whose lines are all that differ. */
  #places(which: CarriedLine): Iterable<number> {
    const { '+': more, '-': less } = this.#longest;
    if (this.carry[which]?.length !== 1) return Array(this.rows + 1).keys();
    return more === undefined && less === undefined ? [0] : [more, less].filter((at) => at !== undefined);
  }
}
