import type { Cell, Column, Row, TableLook } from '../../layout/boxes.js';
import type { Paragraph } from '../../layout/text.js';
import { MeasuredColumns } from './own-columns.js';
import { foreign } from './own-nodes.js';
import type { Style } from './own-style.js';

/**
 * Cells of a table whose boxes are kept from measuring to placing. Those of the rows behind them are made again, which
 * takes less time than the garbage collector with boxes that live so long.
 */
const maxKeptCells = 2_000;
/** Of those the latest that were asked for. */
const latestRows = 4;

interface CellMaker {
  /** A text alone; `isTold`: its font was told of it before. */
  text(text: string, style: Style, isTold: boolean): Paragraph;
  cell(node: unknown, ground: string | undefined): Cell | undefined;
}

function isTexts(cells: unknown): cells is readonly string[] {
  return Array.isArray(cells) && cells.every((cell) => typeof cell === 'string');
}

/** The rows of a table, which are made when they are asked for. */
export class OwnRows {
  readonly #kept: Row[] = [];
  readonly #latest: { readonly y: number; readonly cells: Row }[] = [];
  #isMeasured = false;

  constructor(
    private readonly body: readonly unknown[],
    /** Of texts, by column. */
    private readonly styles: readonly Style[],
    private readonly fillOf: (row: number) => string | undefined,
    private readonly maker: CellMaker,
  ) {}

  row(y: number): Row {
    const known = this.#kept[y];
    if (known !== undefined) return known;
    // A row is asked for with those beside it.
    const near = this.#latest[y % latestRows];
    if (near?.y === y) return near.cells;
    const cells = this.#made(y);
    if (y * cells.length < maxKeptCells) this.#kept[y] = cells;
    else this.#latest[y % latestRows] = { y, cells };
    return cells;
  }

  #made(y: number): Row {
    const cells = this.body[y];
    if (!Array.isArray(cells)) return foreign('no cells');
    const ground = this.fillOf(y);
    return cells.map((cell, x) =>
      typeof cell === 'string' ? this.#text(cell, x, ground) : this.maker.cell(cell, ground),
    );
  }

  #text(text: string, x: number, fill: string | undefined): Cell {
    return { box: { type: 'text', text: this.#paragraph(text, x) }, fill, span: 1 };
  }

  #paragraph(text: string, x: number): Paragraph {
    const style = this.styles[x] ?? foreign('a cell beside the columns');
    return this.maker.text(text, style, this.#isMeasured);
  }

  /** The columns, measured: of most rows nothing is made but that. */
  columns(widths: readonly unknown[], look: TableLook): readonly Column[] {
    const columns = new MeasuredColumns(widths);
    for (let y = 0; y < this.body.length; y++) {
      const cells = this.body[y];
      if (y * widths.length >= maxKeptCells && isTexts(cells))
        for (let x = 0; x < cells.length; x++) columns.cell(x, this.#paragraph(cells[x] ?? '', x));
      else columns.row(this.row(y));
    }
    this.#isMeasured = true;
    return columns.end(look);
  }
}
