import {
  type Carry,
  type Column,
  columnWidths,
  fitted,
  offsetsOf,
  type TableBox,
  type TableLook,
} from './boxes.js';
import { highest } from './heights.js';

/** Columns of tables that get their places. Lengths are points. */

/**
 * The columns of a table that is `width` wide: what stands before the content of each, its width, where the line before
 * each begins and that behind the last, and the room of all.
 */
export function columnsOf(
  box: TableBox,
  width: number,
): {
  readonly offsets: readonly number[];
  readonly widths: readonly number[];
  readonly lines: readonly number[];
  readonly room: number;
} {
  const { offsets, total } = offsetsOf(box);
  const room = width - total;
  const widths = columnWidths(fitted(widened(box.columns, box.carry), room), room);
  return { offsets, room, widths, lines: linesOf(box.look, widths) };
}

/** Columns that are as wide as they need for the lines that are carried over, too. */
function widened(columns: readonly Column[], carry: Carry | undefined): readonly Column[] {
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

function linesOf(look: TableLook, widths: readonly number[]): number[] {
  const lines = [0];
  let left = 0;
  for (const [i, width] of widths.entries()) {
    const before = i === 0 ? (look.outer ?? look.left) : look.left;
    const behind = i === widths.length - 1 ? (look.outer ?? look.right) : look.right;
    left += before + behind + look.columnLine.width + width;
    lines.push(left);
  }
  return lines;
}

/** About the height of the header rows, rather too much: as if all columns had the same width. */
export function headerHeight(box: TableBox, room: number): number {
  const share = Math.max(1, room / box.columns.length);
  let sum = 0;
  for (let row = 0; row < box.headerRows; row++) {
    const cells = box.row(row);
    const height = highest(cells, share * cells.length, ({ box: content }, across) => {
      if (content.type !== 'text') return 0;
      const { width, ends, height: line } = content.text.extent;
      return (Math.ceil(width / across) + ends) * line;
    });
    sum += height + box.look.around;
  }
  return sum;
}
