import type { Carry, CarryLine } from './carry.js';
import type { Align, Block, Cell, Grid, GridRow, RowLook } from './model.js';
import type { Sides } from './paper.js';
import type { Node } from './pdfmake.js';
import { type CarryDrawing, TableCarry } from './table-carry.js';
import type { RowStyle } from './table-style.js';
import { type FontState, points, type Typesetter } from './typesetting.js';

export interface TableLook {
  /** Points of whole columns, `auto`, or `*` for an equal share of what is left. */
  readonly widths?: readonly (number | 'auto' | '*')[];
  readonly align?: readonly Align[];
  /** Rows that fit on a page are not cut. */
  readonly keep_rows?: boolean;
  /** The last row is on the page of what follows. */
  readonly keep_with_next?: boolean;
  readonly zebra?: boolean;
  readonly borders?: 'grid' | 'lines' | 'none';
  /** mm */
  readonly cell_padding?: number | Partial<Sides>;
  readonly line_color?: string;
  /** mm */
  readonly line_width?: number;
  readonly header_style?: RowStyle;
  readonly row_style?: RowStyle;
  readonly carry?: Carry;
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

/** Lengths and colours of a table, points. */
interface Measures {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly line: number;
  readonly lineColor: string;
  readonly borders: 'grid' | 'lines' | 'none';
}

function measuresOf({
  cell_padding: asked,
  line_width,
  line_color,
  borders = 'grid',
}: Pick<TableLook, 'cell_padding' | 'line_width' | 'line_color' | 'borders'>): Measures {
  const all = typeof asked === 'number' ? points(asked) : undefined;
  const own: Partial<Sides> = typeof asked === 'object' ? asked : {};
  const side = (name: keyof Sides, usual: number) =>
    own[name] === undefined ? (all ?? usual) : points(own[name]);
  return {
    left: side('left', 5),
    right: side('right', 5),
    top: side('top', 3),
    bottom: side('bottom', 3),
    line: line_width === undefined ? 0.5 : points(line_width),
    lineColor: line_color ?? lineColor,
    borders,
  };
}

/** Members of pdfmake's layout that are the same for the table and the lines that it carries over. */
function cellLayout({ left, right, top, bottom, line, lineColor: color, borders }: Measures): Node {
  return {
    vLineWidth: () => (borders === 'grid' ? line : 0),
    hLineColor: () => color,
    vLineColor: () => color,
    paddingLeft: () => left,
    paddingRight: () => right,
    paddingTop: () => top,
    paddingBottom: () => bottom,
  };
}

/** The font of a row. */
function rowFont(look: RowLook, font: FontState): FontState {
  return {
    family: font.family,
    size: look.font_size ?? font.size,
    bold: look.bold ?? font.bold,
    italic: look.italic ?? font.italic,
    underline: look.underline ?? font.underline,
  };
}

/** A text alone looks as the table does, and as `align` of the table says of its column. */
export type CellNode = Node | string;

/** Sets the cells of rows. */
class CellSetter {
  constructor(
    private readonly font: FontState,
    private readonly look: Pick<TableLook, 'align' | 'language'>,
    private readonly setter: Typesetter,
    private readonly at: string,
    private readonly blockCell: (blocks: readonly Block[]) => Node,
  ) {}

  /** What a table says of the texts in its columns. */
  get columns(): { readonly align?: readonly Align[] } {
    const { align } = this.look;
    return align === undefined ? {} : { align };
  }

  row(cells: GridRow, look: RowLook | undefined, header: boolean): readonly CellNode[] {
    const font = look === undefined ? this.font : rowFont(look, this.font);
    const style = look === undefined ? undefined : this.#style(look, font);
    // Most rows, of which nothing is copied.
    if (style === undefined && cells.every((cell) => this.#isPlain(cell, font))) return cells as string[];
    return cells.map((cell, x) => this.#cell(cell, x, font, style, header));
  }

  /** Whether a cell is drawn as it stands. */
  #isPlain(cell: Cell | string | null, font: FontState): cell is string {
    return typeof cell === 'string' && this.setter.isWhole(cell, font);
  }

  /** What plain text in the row has that the table has not. */
  #style(look: RowLook, font: FontState): Node {
    const { font: _family, ...style } = this.setter.style(font);
    return {
      ...style,
      ...(look.color === undefined ? {} : { color: look.color }),
      ...(look.background === undefined ? {} : { fillColor: look.background }),
      ...(look.align === undefined ? {} : { alignment: look.align }),
    };
  }

  #cell(
    cell: Cell | string | null,
    x: number,
    font: FontState,
    style: Node | undefined,
    header: boolean,
  ): CellNode {
    const { setter, at } = this;
    const { align = [], language } = this.look;
    if (cell === null) return { _span: true, _minWidth: 0, _maxWidth: 0, text: '' };
    if (style === undefined && this.#isPlain(cell, font)) return cell;
    const alignment = align[x];
    const aligned = alignment === undefined ? style : { alignment, ...style };
    if (typeof cell === 'string') return setter.within(cell, font, aligned, language, at);
    const { color, fillColor, alignment: own } = aligned ?? {};
    const extra: Node = {
      ...(own === undefined ? {} : { alignment: own }),
      ...(fillColor === undefined ? {} : { fillColor }),
      ...(color === undefined || cell.runs.some((run) => run.color !== undefined) ? {} : { color }),
      ...(cell.align === undefined ? {} : { alignment: cell.align }),
      ...(cell.background === undefined ? {} : { fillColor: cell.background }),
      ...(cell.header === true && !header && cell.background === undefined ? { fillColor: headerFill } : {}),
      ...(cell.colspan === undefined || cell.colspan < 2 ? {} : { colSpan: cell.colspan }),
      ...(cell.rowspan === undefined || cell.rowspan < 2 ? {} : { rowSpan: cell.rowspan }),
    };
    if (cell.blocks !== undefined) return { ...this.blockCell(cell.blocks), ...extra };
    return setter.runs(cell.runs, font, extra, language, at);
  }
}

/** The looks of rows: those of the table, and over them their own. */
function looksOf(grid: Grid, { header_style, row_style }: TableLook): (y: number) => RowLook | undefined {
  return (y) => {
    const common = y < grid.headerRows ? header_style : row_style;
    const own = grid.looks?.[y] ?? undefined;
    return own === undefined || common === undefined ? (own ?? common) : { ...common, ...own };
  };
}

/** The thickness of the line above each row, and of that below the last one. */
function lineWidths(
  grid: Grid,
  { line, borders }: Measures,
  lookOf: (y: number) => RowLook | undefined,
): (line: number) => number {
  const usual = (at: number) => {
    if (borders === 'none') return 0;
    return borders === 'lines' && at === grid.headerRows && at > 0 ? 2 * line : line;
  };
  return (at) => {
    const above = at < grid.rows.length ? lookOf(at)?.line_above : undefined;
    const asked = above ?? (at > 0 ? lookOf(at - 1)?.line_below : undefined);
    return asked === undefined ? usual(at) : points(asked);
  };
}

function isLooked(look: RowLook): boolean {
  return Object.values(look).some((value) => value !== undefined);
}

/** Lines that a table carries over, in columns of the widths that the table has got. */
function carryDrawing(
  cells: CellSetter,
  measures: Measures,
  setter: Typesetter,
  font: FontState,
  rowStyle: TableLook['row_style'],
): CarryDrawing {
  const { line, borders } = measures;
  const row = (shown: CarryLine) => {
    const look = { ...rowStyle, ...shown.look };
    // A look of nothing would be set over that of the table again, in each cell.
    return cells.row(shown.cells, isLooked(look) ? look : undefined, false);
  };
  return {
    cells: row,
    line(shown, widths) {
      const look = { ...rowStyle, ...shown.look };
      const below = look.line_below === undefined ? (borders === 'none' ? 0 : line) : points(look.line_below);
      const above = shown.look?.line_above === undefined ? 0 : points(shown.look.line_above);
      return {
        ...setter.style(font),
        table: { widths, body: [row(shown)], ...cells.columns },
        layout: {
          ...cellLayout(measures),
          hLineWidth: (at: number) => (at === 0 ? above : below),
        },
      };
    },
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
  const { zebra = false, keep_rows: keepRows = false, language, carry } = look;
  const measures = measuresOf(look);
  const lookOf = looksOf(grid, look);
  const cells = new CellSetter(font, look, setter, at, blockCell);
  const body = grid.rows.map((row, y) => cells.row(row, lookOf(y), y < grid.headerRows));
  const widths = look.widths ?? automaticWidths(grid);
  const keptRows = grid.looks?.flatMap((own, y) => (own?.keep_with_next === true ? [y] : [])) ?? [];
  const table: Node = {
    ...setter.style(font),
    table: {
      headerRows: grid.headerRows,
      widths: contentWidths(widths, aroundCell(look)),
      body,
      ...cells.columns,
      keepRows: keepRows || carry !== undefined,
      keptRows,
      around: measures.top + measures.bottom + 2 * measures.line,
      ...(carry === undefined
        ? {}
        : {
            carry: new TableCarry(
              carry,
              body.length - grid.headerRows,
              carryDrawing(cells, measures, setter, font, look.row_style),
            ),
          }),
    },
    layout: {
      ...cellLayout(measures),
      hLineWidth: lineWidths(grid, measures, lookOf),
      fillColor: (y: number) => {
        if (y < grid.headerRows) return headerFill;
        return zebra && (y - grid.headerRows) % 2 === 1 ? zebraFill : null;
      },
    },
    ...(look.keep_with_next === true ? { keepNext: true } : {}),
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

/** Of a column, what is around the content of its cells, points. */
export function aroundCell(look: Pick<TableLook, 'cell_padding' | 'line_width' | 'borders'>): number {
  const { left, right, line, borders } = measuresOf(look);
  return left + right + (borders === 'grid' ? line : 0);
}

/** The caller's widths are of whole columns; pdfmake's are of their content. */
function contentWidths(widths: readonly (number | string)[], around: number): (number | string)[] {
  return widths.map((width) => (typeof width === 'number' ? Math.max(1, width - around) : width));
}
