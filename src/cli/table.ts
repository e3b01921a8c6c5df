import type { Style } from './terminal.js';
import { pad, widthOf } from './text-width.js';

export interface Column {
  readonly title: string;
  /** Gives way when the line is too long, the last such column first; without one the last column does. */
  readonly flexible?: boolean;
  readonly right?: boolean;
}

const gap = 2;

/** A table for a person, fitted to the width of the terminal. `paint` colours a cell that is padded already. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: {
    readonly width: number;
    readonly style: Style;
    paint?(text: string, column: number, row: number): string;
  },
): readonly string[] {
  const { style, paint = (text) => text } = options;
  const widths = columns.map(({ title }, at) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(row[at] ?? ''))),
  );
  const total = widths.reduce((sum, width) => sum + width, gap * (columns.length - 1));
  let over = Math.max(0, total - options.width);
  const flexible = columns.flatMap((column, at) => (column.flexible ? [at] : []));
  for (const at of flexible.length === 0 ? [columns.length - 1] : flexible.toReversed()) {
    const width = widths[at] ?? 0;
    const given = Math.min(over, Math.max(0, width - 8));
    widths[at] = width - given;
    over -= given;
  }
  const line = (cells: readonly string[], row: number): string =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        const right = columns[column]?.right === true && widthOf(cell) <= width;
        const text = right ? ' '.repeat(width - widthOf(cell)) + cell : pad(cell, width, style.mark);
        const last = column === cells.length - 1;
        return row < 0
          ? style.apply('dim', last ? text.trimEnd() : text)
          : paint(last ? text.trimEnd() : text, column, row);
      })
      .join(' '.repeat(gap));
  return [
    line(
      columns.map(({ title }) => title),
      -1,
    ),
    ...rows.map(line),
  ];
}
