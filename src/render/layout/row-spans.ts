import type { RowSpan, TableBox } from './boxes.js';
import type { Ending } from './context.js';

/** Cells over several rows of one table. */
export class RowSpans {
  /** Those in each row. */
  readonly #byRow = new Map<number, RowSpan[]>();
  /** Where the content of each has ended. */
  readonly #endings = new Map<RowSpan, Ending>();

  constructor({ rowSpans = [] }: TableBox) {
    for (const span of rowSpans)
      for (let row = span.y; row < span.y + span.rows; row++) {
        const known = this.#byRow.get(row);
        if (known === undefined) this.#byRow.set(row, [span]);
        else known.push(span);
      }
  }

  get isEmpty(): boolean {
    return this.#byRow.size === 0;
  }

  /** The one that begins in this row and column. */
  from(row: number, x: number): RowSpan | undefined {
    return this.#byRow.get(row)?.find((one) => one.y === row && one.x === x);
  }

  /** The one that begins above and is in this row and column, too. */
  over(row: number, x: number): RowSpan | undefined {
    return this.#byRow.get(row)?.find((one) => one.y < row && one.x <= x && x < one.x + one.span);
  }

  /** Whether the row and the next one are in a cell together. */
  joins(row: number): boolean {
    return this.#byRow.get(row)?.some(({ y, rows }) => row + 1 < y + rows) ?? false;
  }

  end(span: RowSpan, ending: Ending): void {
    this.#endings.set(span, ending);
  }

  /** Where the content of one has ended whose last row and column these are. */
  endingAt(row: number, x: number): Ending | undefined {
    const span = this.over(row, x);
    if (span === undefined || row !== span.y + span.rows - 1 || x !== span.x + span.span - 1)
      return undefined;
    return this.#endings.get(span);
  }
}
