import type { Style } from './terminal.js';
import { pad, widthOf } from './text-width.js';

export interface Column {
  readonly title: string;
  /** The only column that gives way when the line is too long; without one the last does. */
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
  const flexible = columns.findIndex((column) => column.flexible);
  const at = flexible < 0 ? columns.length - 1 : flexible;
  const least = Math.min(8, widths[at] ?? 0);
  widths[at] = Math.max(least, (widths[at] ?? 0) - Math.max(0, total - options.width));
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
