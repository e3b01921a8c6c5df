import { isObject } from '../../../protocol/is-object.js';
import { anyFontSize, color, link } from './fields.js';
import { child, type Findings } from './findings.js';
import { type LooseCell, placeCells } from './grid.js';
import { limits } from './limits.js';
import type { Align, Cell, Grid, RowLook, Run } from './model.js';
import { boolean, choice, number, optional, readFields, required, stringDefect, text } from './shapes.js';
import { type RowStyle, styleFields } from './table-style.js';

/** The `headers` and `rows` form of `add_table`, read cell by cell: half a million of them must stay cheap. */

const cellFields = {
  text: required(text({ max: limits.textChars })),
  bold: optional(boolean()),
  italic: optional(boolean()),
  underline: optional(boolean()),
  color: optional(color),
  background: optional(color),
  align: optional(choice(['left', 'center', 'right', 'justify'])),
  font_size: optional(anyFontSize),
  link: optional(link),
  colspan: optional(number({ min: 1, max: limits.tableColumns, integer: true })),
  rowspan: optional(number({ min: 1, max: limits.tableRows, integer: true })),
};
const cellMembers = new Set(Object.keys(cellFields));

const lookFields = { ...styleFields, keep_with_next: optional(boolean()) };
const rowMembers = new Set(['cells', ...Object.keys(lookFields)]);

function readCell(
  value: unknown,
  pointer: string,
  x: number,
  /** In a header: whether it is bold by itself. */
  header: HeaderLook | undefined,
  findings: Findings,
): LooseCell | undefined {
  const own = header?.bold === false ? {} : { bold: true };
  if (typeof value === 'string') {
    if (value.length > limits.textChars)
      return findings.add(child(pointer, x), `must have at most ${limits.textChars} characters`);
    const defect = stringDefect(value);
    if (defect !== undefined) return findings.add(child(pointer, x), defect);
    return header ? { runs: [{ text: value, ...own }], header: true } : value;
  }
  if (value === null) return header ? { runs: [], header: true } : '';
  if (typeof value === 'number') {
    // JSON may spell numbers that no double holds (1e400): better refused than printed as "Infinity".
    if (!Number.isFinite(value)) return findings.add(child(pointer, x), 'must be a number within range');
    return header ? { runs: [{ text: String(value), ...own }], header: true } : String(value);
  }
  if (!isObject(value)) return findings.add(child(pointer, x), 'must be a string, a number or a cell object');
  const at = child(pointer, x);
  const stranger = Object.keys(value).find((key) => !cellMembers.has(key));
  if (stranger !== undefined) return findings.add(child(at, stranger), 'is not a known member');
  const members = readFields(cellFields, value, at, findings);
  if (members === undefined) return undefined;
  const { text: content, background, colspan, rowspan, font_size: size, ...style } = members;
  const bold = style.bold ?? (header === undefined ? undefined : own.bold);
  // What a cell takes away can only be of its row: nothing else has it.
  const run: Run = {
    text: content,
    ...(bold === undefined ? {} : { bold }),
    ...(style.italic === undefined ? {} : { italic: style.italic }),
    ...(style.underline === undefined ? {} : { underline: style.underline }),
    ...(size === undefined ? {} : { size }),
    ...(style.color === undefined ? {} : { color: style.color }),
    ...(style.link === undefined ? {} : { link: style.link }),
  };
  const cell: Cell = {
    runs: content === '' ? [] : [run],
    ...(header ? { header: true } : {}),
    ...(style.align === undefined ? {} : { align: style.align }),
    ...(background === undefined ? {} : { background }),
    ...(colspan === undefined ? {} : { colspan }),
    ...(rowspan === undefined ? {} : { rowspan }),
  };
  return cell;
}

/** A text that is a cell as it stands. */
function isCellText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= limits.textChars && stringDefect(value) === undefined;
}

/** What the cells of a header have by themselves. */
type HeaderLook = Pick<RowStyle, 'bold'>;

/** A row before its cells have places. */
export interface LooseRow {
  readonly cells: readonly LooseCell[];
  readonly look?: RowLook;
}

/** An array of cells, or an object that has one as `cells`, and how it looks. */
export function readRow(
  value: unknown,
  pointer: string,
  header: HeaderLook | undefined,
  findings: Findings,
): LooseRow | undefined {
  if (Array.isArray(value)) {
    const cells = readCells(value, pointer, header, findings);
    return cells === undefined ? undefined : { cells };
  }
  if (!isObject(value)) return findings.add(pointer, 'must be an array of cells, or an object with "cells"');
  const stranger = Object.keys(value).find((key) => !rowMembers.has(key));
  if (stranger !== undefined) return findings.add(child(pointer, stranger), 'is not a member of a row');
  const look = readFields(lookFields, value, pointer, findings);
  if (!Array.isArray(value.cells)) return findings.add(child(pointer, 'cells'), 'must be an array of cells');
  const own = look?.bold === undefined || header === undefined ? header : { bold: look.bold };
  const cells = readCells(value.cells, child(pointer, 'cells'), own, findings);
  return cells === undefined || look === undefined ? undefined : { cells, look };
}

function readCells(
  value: readonly unknown[],
  pointer: string,
  header: HeaderLook | undefined,
  findings: Findings,
): readonly LooseCell[] | undefined {
  if (value.length > limits.tableColumns)
    return findings.add(pointer, `must have at most ${limits.tableColumns} cells`);
  // Most rows are texts, which are taken as they are.
  if (header === undefined && value.every(isCellText)) return value;
  const row: LooseCell[] = [];
  let good = true;
  for (let x = 0; x < value.length && !findings.full; x++) {
    const cell = readCell(value[x], pointer, x, header, findings);
    if (cell === undefined) good = false;
    else row.push(cell);
  }
  return good && !findings.full ? row : undefined;
}

export interface AskedRows {
  readonly headers: unknown;
  readonly rows: unknown;
  readonly headerRows: number | undefined;
  readonly header_style?: RowStyle;
}

/** The grid of `headers` and `rows`; `pointer` is the operation's. */
export function readRows(
  { headers, rows, headerRows, header_style: style = {} }: AskedRows,
  pointer: string,
  findings: Findings,
): Grid | undefined {
  const loose: (readonly LooseCell[])[] = [];
  const looks: (RowLook | null)[] = [];
  const take = ({ cells, look }: LooseRow) => {
    // Most tables have none: what a plan does not need is not stored.
    if (look !== undefined) {
      while (looks.length < loose.length) looks.push(null);
      looks.push(look);
    }
    loose.push(cells);
  };
  if (headers !== undefined) {
    const cells = Array.isArray(headers)
      ? readCells(headers, child(pointer, 'headers'), style, findings)
      : undefined;
    if (!Array.isArray(headers)) findings.add(child(pointer, 'headers'), 'must be an array of cells');
    if (cells === undefined) return undefined;
    take({ cells });
  }
  const at = child(pointer, 'rows');
  if (!Array.isArray(rows)) return findings.add(at, 'must be an array of rows');
  if (rows.length > limits.tableRows) return findings.add(at, `must have at most ${limits.tableRows} rows`);
  const repeated = headers === undefined ? 0 : 1;
  let good = true;
  for (let y = 0; y < rows.length && !findings.full; y++) {
    const isHeader = headers === undefined && y < (headerRows ?? 0);
    const row = readRow(rows[y], child(at, y), isHeader ? style : undefined, findings);
    if (row === undefined) good = false;
    else take(row);
  }
  if (!good || findings.full) return undefined;
  const placed = placeCells(loose, Math.max(repeated, headerRows ?? 0));
  if (!placed.ok) return findings.add(at, placed.message);
  return looks.length === 0 ? placed.grid : { ...placed.grid, looks };
}

export type Width = number | 'auto' | '*' | `${number}%`;

/** A column width: millimetres, `auto`, `*` (an equal share of what is left) or a percentage. */
export function readWidth(
  value: unknown,
  parent: string,
  key: string | number,
  findings: Findings,
): Width | undefined {
  if (value === 'auto' || value === '*') return value;
  if (typeof value === 'number' && value > 0 && value <= limits.lengthMm) return value;
  if (typeof value === 'string') {
    const percent = /^(\d{1,3}(?:\.\d{1,3})?)%$/.exec(value);
    const share = Number(percent?.[1]);
    if (percent && share > 0 && share <= 100) return `${share}%`;
  }
  return findings.add(
    child(parent, key),
    'must be a number of mm > 0, "auto", "*" or a percentage such as "25%"',
  );
}

/** A value per column: exactly as many as the table has columns, or one for all where a single value is allowed. */
export function readPerColumn<T>(
  value: unknown,
  columns: number,
  pointer: string,
  findings: Findings,
  read: (value: unknown, index: number) => T | undefined,
): T[] | undefined {
  if (!Array.isArray(value)) return findings.add(pointer, 'must be an array');
  if (value.length !== columns) {
    return findings.add(
      pointer,
      `must have one value per column (${columns}), not ${Math.min(value.length, 1_000_000)}`,
    );
  }
  const all: T[] = [];
  for (let x = 0; x < value.length; x++) {
    const one = read(value[x], x);
    if (one === undefined) return undefined;
    all.push(one);
  }
  return all;
}

const alignShape = choice(['left', 'center', 'right', 'justify']);
export function readAlign(
  value: unknown,
  columns: number,
  pointer: string,
  findings: Findings,
): Align[] | undefined {
  return readPerColumn(value, columns, pointer, findings, (one, index) =>
    alignShape.read(one, pointer, index, findings),
  );
}
