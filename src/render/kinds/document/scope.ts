import type { Findings } from './findings.js';
import type { Inputs } from './images.js';
import { limits } from './limits.js';
import type { Block, Grid } from './model.js';

/** What one request has used up so far. */
export class Scope {
  operations = 0;
  cells = 0;
  codes = 0;
  listItems = 0;
  tocs = 0;
  columnDepth = 0;
  /** Within a header or footer, which stands on many pages. */
  isBand = false;
  constructor(
    readonly findings: Findings,
    readonly inputs: Inputs,
  ) {}
}

/** Counts the cells of a table; false after a finding. */
export function takeCells(grid: Grid, at: string, scope: Scope): boolean {
  scope.cells += grid.columns * grid.rows.length;
  if (scope.cells <= limits.tableCells) {
    return grid.rows.every((row) =>
      row.every(
        (cell) =>
          cell === null ||
          typeof cell === 'string' ||
          cell.blocks === undefined ||
          takeTables(cell.blocks, at, scope),
      ),
    );
  }
  scope.findings.add(at, `brings the tables of the document over ${limits.tableCells} cells`);
  return false;
}

/** Tables in tables count as well. */
export function takeTables(blocks: readonly Block[], at: string, scope: Scope): boolean {
  return blocks.every((block) => {
    if (block.type === 'table') return takeCells(block.grid, at, scope);
    if (block.type === 'list') return block.items.every((item) => takeTables(item.blocks, at, scope));
    return block.type !== 'quote' || takeTables(block.blocks, at, scope);
  });
}
