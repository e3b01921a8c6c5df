import type { Align, Block, Cell, Grid } from './model.js';
import type { Node } from './pdfmake.js';
import type { FontState, Typesetter } from './typesetting.js';

export interface TableLook {
  /** Points of whole columns, `auto`, or `*` for an equal share of what is left. */
  readonly widths?: readonly (number | 'auto' | '*')[];
  readonly align?: readonly Align[];
  /** Rows that fit on a page are not cut. */
  readonly keep_rows?: boolean;
  readonly zebra?: boolean;
  readonly borders?: 'grid' | 'lines' | 'none';
  readonly language?: string | undefined;
}

const lineColor = '#b8bec6';
const headerFill = '#eef1f4';
const zebraFill = '#f7f8fa';
/** Rows that decide which column gets the width that is left over. */
const sampleRows = 200;

function textLength(cell: Cell | string): number {
  if (typeof cell === 'string') return cell.length;
  const own = cell.runs.reduce((sum, run) => sum + run.text.length, 0);
  return (cell.blocks ?? []).reduce((sum, block) => sum + blockLength(block), own);
}

function blockLength(block: Block): number {
  switch (block.type) {
    case 'list':
      return block.items.reduce((most, item) => Math.max(most, sumOf(item.blocks)), 0);
    case 'quote':
      return sumOf(block.blocks);
    case 'table':
      return block.grid.rows
        .slice(0, 20)
        .flat()
        .reduce<number>((sum, cell) => sum + (cell === null ? 0 : textLength(cell)), 0);
    case 'image':
    case 'rule':
      return 0;
    default:
      return block.runs.reduce((sum, run) => sum + run.text.length, 0);
  }
}

const sumOf = (blocks: readonly Block[]) => blocks.reduce((sum, block) => sum + blockLength(block), 0);

/** The width of each column: as wide as needed, and what is left goes to the one with the most text. */
function automaticWidths(grid: Grid): ('auto' | '*')[] {
  const lengths = Array.from({ length: grid.columns }, () => 0);
  for (const row of grid.rows.slice(0, sampleRows)) {
    for (const [x, cell] of row.entries()) {
      if (cell === null || (typeof cell !== 'string' && (cell.colspan ?? 1) > 1)) continue;
      lengths[x] = (lengths[x] ?? 0) + textLength(cell);
    }
  }
  const widest = lengths.indexOf(Math.max(...lengths));
  return lengths.map((_, x) => (x === widest ? '*' : 'auto'));
}

function borderWidths(borders: 'grid' | 'lines' | 'none', grid: Grid): Node {
  if (borders === 'none') return { hLineWidth: () => 0, vLineWidth: () => 0 };
  const vertical = borders === 'grid' ? 0.5 : 0;
  return {
    hLineWidth: (line: number) => (borders === 'lines' && line === grid.headerRows && line > 0 ? 1 : 0.5),
    vLineWidth: () => vertical,
  };
}

/** A table as a pdfmake node. Header rows repeat on every page; a row may break over pages, so no text is lost. */
export function tableNode(
  grid: Grid,
  look: TableLook,
  font: FontState,
  setter: Typesetter,
  at: string,
  /** Draws the cells that hold more than text. */
  blockCell: (blocks: readonly Block[]) => Node,
): Node {
  const { align = [], zebra = false, borders = 'grid', keep_rows: keepRows = false, language } = look;
  const cellNode = (cell: Cell | string | null, x: number, header: boolean): Node => {
    if (cell === null) return { _span: true, _minWidth: 0, _maxWidth: 0, text: '' };
    const alignment = align[x];
    const aligned = alignment === undefined ? {} : { alignment };
    if (typeof cell === 'string') return setter.within(cell, font, aligned, language, at);
    const extra: Node = {
      ...aligned,
      ...(cell.align === undefined ? {} : { alignment: cell.align }),
      ...(cell.background === undefined ? {} : { fillColor: cell.background }),
      ...(cell.header === true && !header && cell.background === undefined ? { fillColor: headerFill } : {}),
      ...(cell.colspan === undefined || cell.colspan < 2 ? {} : { colSpan: cell.colspan }),
      ...(cell.rowspan === undefined || cell.rowspan < 2 ? {} : { rowSpan: cell.rowspan }),
    };
    if (cell.blocks !== undefined) return { ...blockCell(cell.blocks), ...extra };
    return setter.runs(cell.runs, font, extra, language, at);
  };
  const body = grid.rows.map((row, y) => row.map((cell, x) => cellNode(cell, x, y < grid.headerRows)));
  const widths = look.widths ?? automaticWidths(grid);
  const table: Node = {
    ...setter.style(font),
    table: { headerRows: grid.headerRows, widths: contentWidths(widths, borders), body, keepRows },
    layout: {
      ...borderWidths(borders, grid),
      hLineColor: () => lineColor,
      vLineColor: () => lineColor,
      paddingLeft: () => padding,
      paddingRight: () => padding,
      paddingTop: () => 3,
      paddingBottom: () => 3,
      fillColor: (y: number) => {
        if (y < grid.headerRows) return headerFill;
        return zebra && (y - grid.headerRows) % 2 === 1 ? zebraFill : null;
      },
    },
    margin: [0, 2, 0, 8],
  };
  if (grid.caption === undefined) return table;
  const caption = setter.runs(
    grid.caption,
    { ...font, italic: true },
    { alignment: 'center', margin: [0, 2, 0, 3] },
    language,
    at,
  );
  return { stack: [caption, table] };
}

const padding = 5;

/** The caller's widths are of whole columns; pdfmake's are of their content. */
function contentWidths(widths: readonly (number | string)[], borders: string): (number | string)[] {
  const around = 2 * padding + (borders === 'grid' ? 0.5 : 0);
  return widths.map((width) => (typeof width === 'number' ? Math.max(1, width - around) : width));
}
