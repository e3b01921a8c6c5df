import {
  type Column,
  type Extent,
  extentOf,
  offsetsOf,
  type Row,
  type TableLook,
} from '../../layout/boxes.js';
import { numberOf } from './own-nodes.js';

/** The columns of a table, measured: points. */

/** A cell over several columns, from `x` on. */
interface Spanning {
  readonly x: number;
  readonly span: number;
  readonly minWidth: number;
  readonly maxWidth: number;
}

type OpenColumn = { -readonly [K in keyof Column]: Column[K] };

/** The columns of a table whose cells are looked at one after the other. */
export class MeasuredColumns {
  readonly #columns: OpenColumn[];
  readonly #spanning: Spanning[] = [];

  constructor(widths: readonly unknown[]) {
    this.#columns = widths.map((width) => ({
      width: width === 'auto' || width === '*' ? width : numberOf(width),
      minWidth: 0,
      maxWidth: 0,
    }));
  }

  row(cells: Row): void {
    for (let x = 0; x < cells.length; x++) {
      const cell = cells[x];
      if (cell === undefined) continue;
      const { box, span } = cell;
      if (span === 1) this.cell(x, extentOf(box));
      else if (this.#columns[x] !== undefined) this.#spanning.push({ x, span, ...extentOf(box) });
    }
  }

  /** One that is in its own column alone. */
  cell(x: number, { minWidth, maxWidth }: Extent): void {
    const column = this.#columns[x];
    if (column === undefined) return;
    if (minWidth > column.minWidth) column.minWidth = minWidth;
    if (maxWidth > column.maxWidth) column.maxWidth = maxWidth;
  }

  end(look: TableLook): readonly Column[] {
    const columns = this.#columns;
    if (this.#spanning.length === 0) return columns;
    const { offsets } = offsetsOf({ columns, look });
    // By column, as pdfmake goes through a table.
    for (const one of this.#spanning.sort((a, b) => a.x - b.x)) {
      widen('minWidth', one, columns, offsets);
      widen('maxWidth', one, columns, offsets);
    }
    return columns;
  }
}

function widen(
  side: 'minWidth' | 'maxWidth',
  { x, span, [side]: needed }: Spanning,
  columns: Record<'minWidth' | 'maxWidth', number>[],
  offsets: readonly number[],
): void {
  let width = 0;
  for (let i = 0; i < span; i++) width += (columns[x + i]?.[side] ?? 0) + (i > 0 ? (offsets[x + i] ?? 0) : 0);
  if (needed <= width) return;
  const share = (needed - width) / span;
  for (const column of columns.slice(x, x + span)) column[side] += share;
}
