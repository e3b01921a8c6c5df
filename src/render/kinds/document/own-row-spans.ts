import type { RowSpan } from '../../layout/boxes.js';
import { colorOf, foreign, isNode, numberOf } from './own-nodes.js';

/** The cells of a table that are over several rows. `fillOf` says the ground of a row. */
export function rowSpansOf(
  body: readonly unknown[],
  fillOf: (row: number) => string | undefined,
  headerRows: number,
): readonly RowSpan[] {
  const found: RowSpan[] = [];
  for (let y = 0; y < body.length; y++) {
    const row = body[y];
    if (!Array.isArray(row)) continue;
    for (let x = 0; x < row.length; x++) {
      const cell: unknown = row[x];
      if (!isNode(cell) || cell.rowSpan === undefined) continue;
      const { rowSpan, colSpan = 1, fillColor } = cell;
      const [rows, span] = [numberOf(rowSpan), numberOf(colSpan)];
      if (y < headerRows && y + rows > headerRows) foreign('a cell over header rows and others');
      const own = fillColor === undefined ? undefined : colorOf(fillColor);
      found.push({ x, y, span, rows, fill: (at) => own ?? fillOf(at) });
    }
  }
  return found;
}
