import { limits } from './limits.js';
import type { Cell, Grid, GridRow, Run } from './model.js';

/** A cell before it has a place: spans as the caller wrote them. */
export type LooseCell = Cell | string;

export type Placed =
  | { readonly ok: true; readonly grid: Grid }
  | { readonly ok: false; readonly message: string };

/**
 * Puts rows of cells into a rectangle, as HTML tables do it: a cell goes to the first free place of its row, spans
 * cover places to the right and below, short rows are filled up, a row span past the last row is cut. Overlapping
 * spans are cut rather than doubled, because the layout engine takes one cell per place.
 */
export function placeCells(
  rows: readonly (readonly LooseCell[])[],
  headerRows: number,
  caption?: readonly Run[],
): Placed {
  // The limit is one of rows below the header row.
  if (rows.length - Math.min(1, headerRows) > limits.tableRows)
    return { ok: false, message: `must have at most ${limits.tableRows} rows` };
  // Most tables have no spans: their cells stand where they are.
  const placed = rows.every(hasNoSpans) ? { ok: true as const, lines: rows } : placeSpans(rows);
  if (!placed.ok) return placed;
  const { lines } = placed;
  const columns = lines.reduce((most, line) => Math.max(most, line.length), 0);
  if (columns > limits.tableColumns) return tooManyColumns;
  if (columns === 0) return { ok: false, message: 'must have at least one cell' };
  const filled = lines.map((line) => filledUp(line, columns));
  return {
    ok: true,
    grid: {
      columns,
      headerRows: wholeSpans(filled, Math.min(headerRows, rows.length)),
      rows: filled,
      ...(caption === undefined || caption.length === 0 ? {} : { caption }),
    },
  };
}

const tooManyColumns = { ok: false, message: `must have at most ${limits.tableColumns} columns` } as const;

function hasNoSpans(row: readonly LooseCell[]): boolean {
  return row.every(
    (cell) => typeof cell === 'string' || (cell.colspan === undefined && cell.rowspan === undefined),
  );
}

/** A row with a cell in each column: "" where it has none, null where a span covers the place. */
function filledUp(line: Line, columns: number): GridRow {
  const isWhole = line.length === columns && !line.includes(undefined);
  if (isWhole) return line as GridRow;
  return Array.from({ length: columns }, (_, x) => (line[x] === undefined ? '' : (line[x] ?? null)));
}

/** A row whose cells have places. Undefined where there is none. */
type Line = readonly (LooseCell | null | undefined)[];

function placeSpans(
  rows: readonly (readonly LooseCell[])[],
): { readonly ok: true; readonly lines: readonly Line[] } | typeof tooManyColumns {
  const placed: (LooseCell | null | undefined)[][] = rows.map(() => []);
  for (const [y, row] of rows.entries()) {
    const line = placed[y] ?? [];
    let x = 0;
    for (const cell of row) {
      while (line[x] !== undefined) x++;
      const wanted = typeof cell === 'string' ? 1 : (cell.colspan ?? 1);
      if (x + wanted > limits.tableColumns) {
        return tooManyColumns;
      }
      let colspan = 1;
      while (colspan < wanted && line[x + colspan] === undefined) colspan++;
      const rowspan = Math.min(typeof cell === 'string' ? 1 : (cell.rowspan ?? 1), rows.length - y);
      line[x] =
        typeof cell === 'string' || (colspan === 1 && rowspan === 1)
          ? bare(cell)
          : { ...cell, colspan, rowspan };
      for (let dy = 0; dy < rowspan; dy++) {
        for (let dx = 0; dx < colspan; dx++) {
          const covered = placed[y + dy];
          if (covered !== undefined && (dx > 0 || dy > 0)) covered[x + dx] = null;
        }
      }
      x += colspan;
    }
  }
  return { ok: true, lines: placed };
}

function bare(cell: LooseCell): LooseCell {
  if (typeof cell === 'string' || (cell.colspan === undefined && cell.rowspan === undefined)) return cell;
  const { colspan: _colspan, rowspan: _rowspan, ...rest } = cell;
  return rest;
}

/** Header rows are repeated as one block, so a span that begins in them must also end in them. */
function wholeSpans(rows: readonly (readonly (LooseCell | null)[])[], headerRows: number): number {
  let count = headerRows;
  for (let y = 0; y < count; y++) {
    for (const cell of rows[y] ?? []) {
      if (cell !== null && typeof cell !== 'string') count = Math.max(count, y + (cell.rowspan ?? 1));
    }
  }
  return Math.min(count, rows.length);
}
