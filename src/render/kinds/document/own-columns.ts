import { type Column, extentOf, offsetsOf, type Row, type TableLook } from '../../layout/boxes.js';
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

export function columnsOf(
  widths: readonly unknown[],
  rows: number,
  row: (y: number) => Row,
  look: TableLook,
): Column[] {
  const columns = widths.map(
    (width): OpenColumn => ({
      width: width === 'auto' || width === '*' ? width : numberOf(width),
      minWidth: 0,
      maxWidth: 0,
    }),
  );
  const spanning: Spanning[] = [];
  for (let y = 0; y < rows; y++) {
    const cells = row(y);
    for (let x = 0; x < cells.length; x++) {
      const cell = cells[x];
      const column = columns[x];
      if (cell === undefined || column === undefined) continue;
      const { minWidth, maxWidth } = extentOf(cell.box);
      if (cell.span > 1) spanning.push({ x, span: cell.span, minWidth, maxWidth });
      else {
        if (minWidth > column.minWidth) column.minWidth = minWidth;
        if (maxWidth > column.maxWidth) column.maxWidth = maxWidth;
      }
    }
  }
  if (spanning.length === 0) return columns;
  const { offsets } = offsetsOf({ columns, look });
  // By column, as pdfmake goes through a table.
  for (const one of spanning.sort((a, b) => a.x - b.x)) {
    widen('minWidth', one, columns, offsets);
    widen('maxWidth', one, columns, offsets);
  }
  return columns;
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
