import type { TableBox } from './boxes.js';
import type { RowSpans } from './row-spans.js';

/** Groups of more rows fit no page; they are cut where the page ends. */
const maxGroupRows = 200;

/** Rows that are put together aside, so that they stay on one page. */
export class RowGroups {
  readonly #kept: ReadonlySet<number>;
  readonly #keepRows: boolean;
  readonly #rows: number;
  /** The latest that was asked for. */
  #group = { begin: 0, end: -1 };

  /** `lastIsKept`: something has to stay with the last row. */
  constructor(
    { keepRows, keptRows, rows }: TableBox,
    private readonly spans: RowSpans,
    lastIsKept: boolean,
  ) {
    this.#kept = new Set(lastIsKept ? [...keptRows, rows - 1] : keptRows);
    this.#keepRows = keepRows;
    this.#rows = rows;
  }

  /** Whether a row stays with the next one: a cell that is over both does not keep rows that nobody keeps. */
  #isJoined(row: number): boolean {
    return this.#kept.has(row) || this.spans.joins(row);
  }

  /** Rows from `begin` to `end` that follow each other and stay with the next one. */
  #of(row: number): { readonly begin: number; readonly end: number } {
    if (row >= this.#group.begin && row <= this.#group.end) return this.#group;
    let [begin, end] = [row, row];
    while (this.#isJoined(begin - 1)) begin--;
    while (this.#isJoined(end) && end + 1 < this.#rows) end++;
    if (begin < end && !this.#keepRows && !this.#hasKept(begin, end)) [begin, end] = [row, row];
    this.#group = { begin, end };
    return this.#group;
  }

  #hasKept(begin: number, end: number): boolean {
    for (let row = begin; row <= end; row++) if (this.#kept.has(row)) return true;
    return false;
  }

  /** How many rows from `first` on are one block; 0 where the page may cut them. `lastIsKept`: the last row is one, too. */
  kept(first: number, lastIsKept = false): number {
    if (first >= this.#rows) return 0;
    const { begin, end } = this.#of(first);
    const size = end - first + 1;
    const isKept = this.#keepRows || size > 1 || (lastIsKept && end === this.#rows - 1);
    // What is left of a group that is cut is none.
    return isKept && end - begin < maxGroupRows ? size : 0;
  }
}
