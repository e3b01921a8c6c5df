import type { CarriedLine } from '../../layout/carried.js';
import { type Carry, type CarryLine, keyAt, likeLine, lineAt } from './carry.js';
import type { CarryNodes } from './page-items.js';
import type { Node } from './pdfmake.js';

/** Lines that are measured for the widths of columns. */
export const maxSamples = 100;

/** The lines that a table carries over, of which both layouts ask for those that they place. */
export class TableCarry implements CarryNodes {
  constructor(
    private readonly carry: Carry,
    /** Rows of the body. */
    private readonly rows: number,
    /** A line as a table of one row. */
    private readonly draw: (line: CarryLine, widths: readonly (number | 'auto')[]) => Node,
  ) {}

  line(which: CarriedLine, above: number, widths: readonly number[]): Node | undefined {
    const shown = lineAt(this.carry, which, above);
    return shown === undefined ? undefined : this.draw(shown, widths);
  }

  key(which: CarriedLine, above: number): string | number | undefined {
    return keyAt(this.carry, which, above);
  }

  highest(which: CarriedLine, above: number, widths: readonly number[]): Node | undefined {
    const shown = lineAt(this.carry, which, above);
    return shown === undefined ? undefined : this.draw(likeLine(shown), widths);
  }

  samples(): readonly Node[] {
    const found: Node[] = [];
    for (const which of ['forward', 'brought'] as const) {
      const known = new Set<string | number>();
      for (let above = 0; above <= this.rows && found.length < maxSamples; above++) {
        const key = this.key(which, above);
        const shown = key === undefined || known.has(key) ? undefined : lineAt(this.carry, which, above);
        if (key === undefined || shown === undefined) continue;
        const like = likeLine(shown);
        known.add(key);
        found.push(
          this.draw(
            like,
            like.cells.map(() => 'auto' as const),
          ),
        );
      }
    }
    return found;
  }
}
