import { isObject } from '../../../protocol/is-object.js';
import { type Carry, readCarry } from './carry.js';
import { qrDefect, symbologies } from './codes.js';
import { child, type Findings } from './findings.js';
import { readBlocks, readTable } from './html-blocks.js';
import type { HtmlImages } from './html-notes.js';
import { limits } from './limits.js';
import { type ListItem, readItems } from './lists.js';
import type { Align, Block, Grid, ImageSource, SvgDrawing } from './model.js';
import {
  type OperationMembers,
  type OperationName,
  operationFields,
  operationNames,
} from './operation-fields.js';
import type { Sides } from './paper.js';
import { type Scope, takeCells, takeTables } from './scope.js';
import { type Fields, readFields } from './shapes.js';
import { readSvg } from './svg.js';
import type { RowStyle } from './table-style.js';
import { readAlign, readPerColumn, readRows, readWidth, type Width } from './tables.js';

/** An operation after the check, as the back draws it. `at` is its JSON pointer. */
export type Operation = { readonly at: string } & (
  | ({ readonly type: 'add_text' } & OperationMembers<'add_text'>)
  | ({ readonly type: 'set_font' } & OperationMembers<'set_font'>)
  | ({ readonly type: 'add_page' } & OperationMembers<'add_page'>)
  | ({ readonly type: 'add_image'; readonly source: ImageSource } & Omit<
      OperationMembers<'add_image'>,
      'source'
    >)
  | TableOperation
  | {
      readonly type: 'add_html';
      readonly blocks: readonly Block[];
      readonly lang?: string;
      readonly notes?: readonly string[];
      readonly space_before?: number;
      readonly space_after?: number;
    }
  | ({ readonly type: 'add_list'; readonly items: readonly ListItem[] } & Omit<
      OperationMembers<'add_list'>,
      'items'
    >)
  | ({ readonly type: 'add_link' } & OperationMembers<'add_link'>)
  | ({ readonly type: 'add_toc' } & OperationMembers<'add_toc'>)
  | ({ readonly type: 'add_line' } & OperationMembers<'add_line'>)
  | ({ readonly type: 'add_rect' } & OperationMembers<'add_rect'>)
  | ({ readonly type: 'add_qr' } & OperationMembers<'add_qr'>)
  | ({ readonly type: 'add_barcode' } & OperationMembers<'add_barcode'>)
  | ({ readonly type: 'add_svg'; readonly svg: SvgDrawing } & Omit<OperationMembers<'add_svg'>, 'svg'>)
  | ({ readonly type: 'add_columns'; readonly columns: readonly Column[] } & Omit<
      OperationMembers<'add_columns'>,
      'columns'
    >)
  | ({ readonly type: 'add_block'; readonly operations: readonly Operation[] } & Omit<
      OperationMembers<'add_block'>,
      'operations'
    >)
  | ({ readonly type: 'add_spacer' } & OperationMembers<'add_spacer'>)
  | { readonly type: 'add_page_break' }
);

export interface TableOperation {
  readonly type: 'add_table';
  readonly grid: Grid;
  readonly widths?: readonly Width[];
  readonly align?: readonly Align[];
  readonly keep_rows?: boolean;
  readonly keep_with_next?: boolean;
  readonly zebra?: boolean;
  readonly borders?: 'grid' | 'lines' | 'none';
  readonly cell_padding?: number | Partial<Sides>;
  readonly line_color?: string;
  readonly line_width?: number;
  readonly header_style?: RowStyle;
  readonly row_style?: RowStyle;
  readonly carry?: Carry;
  readonly font_size?: number;
  readonly lang?: string;
  readonly space_before?: number;
  readonly space_after?: number;
  /** Warnings: what of its HTML is not drawn. */
  readonly notes?: readonly string[];
}

export interface Column {
  readonly width: Width;
  readonly operations: readonly Operation[];
}

type Finish<N extends OperationName> = (
  members: OperationMembers<N>,
  at: string,
  scope: Scope,
) => Operation | undefined;

const byName: ReadonlyMap<unknown, OperationName> = new Map(operationNames.map((name) => [name, name]));
const discriminators = new Set(['type', 'op']);
const known: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(operationFields).map(([name, fields]) => [
    name,
    new Set([...discriminators, ...Object.keys(fields)]),
  ]),
);

function takeCode(at: string, scope: Scope): boolean {
  scope.codes++;
  if (scope.codes <= limits.codes) return true;
  scope.findings.add(at, `is one code too many: a document may have ${limits.codes}`);
  return false;
}

/** The `img` elements of a fragment. */
function imagesOf(scope: Scope): HtmlImages {
  return (source, sized) => scope.inputs.inlineImage(source, sized);
}

const noted = (notes: readonly string[]) => (notes.length === 0 ? {} : { notes });

const addTable: Finish<'add_table'> = (members, at, scope) => {
  const { html, headers, rows, header_rows, widths, align, carry, ...rest } = members;
  const { findings } = scope;
  if (html !== undefined && (headers !== undefined || rows !== undefined)) {
    return findings.add(at, 'must have either "html" or "headers" and "rows", not both');
  }
  let grid: Grid | undefined;
  let notes: readonly string[] = [];
  if (html !== undefined) {
    const read = readTable(html, imagesOf(scope));
    if (!read.ok) return findings.add(child(at, 'html'), read.message);
    const repeated = Math.min(header_rows ?? read.value.headerRows, read.value.rows.length);
    grid = { ...read.value, headerRows: repeated };
    notes = read.notes;
  } else if (rows === undefined) return findings.add(at, 'must have "html" or "rows"');
  else grid = readRows({ headers, rows, headerRows: header_rows, ...rest }, at, findings);
  if (grid === undefined || !takeCells(grid, at, scope)) return undefined;
  const read = carry === undefined ? undefined : readCarried(carry, grid, html, at, scope);
  if (carry !== undefined && read === undefined) return undefined;
  const { columns } = grid;
  const readWidths =
    widths === undefined
      ? undefined
      : readPerColumn(widths, columns, child(at, 'widths'), findings, (one, index) =>
          readWidth(one, child(at, 'widths'), index, findings),
        );
  const readAligns =
    align === undefined ? undefined : readAlign(align, columns, child(at, 'align'), findings);
  if ((widths !== undefined && readWidths === undefined) || (align !== undefined && readAligns === undefined))
    return undefined;
  return {
    type: 'add_table',
    at,
    grid,
    ...rest,
    ...noted(notes),
    ...(readWidths === undefined ? {} : { widths: readWidths }),
    ...(readAligns === undefined ? {} : { align: readAligns }),
    ...(read === undefined ? {} : { carry: read }),
  };
};

function readCarried(
  carry: object,
  grid: Grid,
  html: string | undefined,
  at: string,
  scope: Scope,
): Carry | undefined {
  const pointer = child(at, 'carry');
  if (scope.columnDepth > 0)
    return scope.findings.add(pointer, 'cannot be where a table has no pages of its own, as in columns');
  if (html !== undefined) return scope.findings.add(pointer, 'needs "rows": it cannot stand beside "html"');
  const read = readCarry(carry, grid, pointer, scope.findings);
  const lines = read === undefined ? 0 : read.forward.length + (read.brought?.length ?? 0);
  scope.cells += lines * grid.columns;
  if (scope.cells <= limits.tableCells) return read;
  return scope.findings.add(pointer, `brings the tables of the document over ${limits.tableCells} cells`);
}

const addHtml: Finish<'add_html'> = ({ html, ...rest }, at, scope) => {
  const read = readBlocks(html, imagesOf(scope));
  if (!read.ok) return scope.findings.add(child(at, 'html'), read.message);
  if (!takeTables(read.value, at, scope)) return undefined;
  return { type: 'add_html', at, blocks: read.value, ...noted(read.notes), ...rest };
};

const addList: Finish<'add_list'> = ({ items, ...rest }, at, scope) => {
  const before = scope.findings.issues.length;
  const read = readItems(items, child(at, 'items'), scope, 1);
  if (read === undefined || scope.findings.issues.length > before) return undefined;
  return { type: 'add_list', at, items: read, ...rest };
};

const addColumns: Finish<'add_columns'> = ({ columns, ...rest }, at, scope) => {
  const { findings } = scope;
  const pointer = child(at, 'columns');
  if (!Array.isArray(columns) || columns.length === 0)
    return findings.add(pointer, 'must be an array with at least one column');
  if (columns.length > limits.columns)
    return findings.add(pointer, `must have at most ${limits.columns} columns`);
  if (scope.columnDepth >= limits.columnDepth) {
    return findings.add(at, `must not nest deeper than ${limits.columnDepth} columns in columns`);
  }
  scope.columnDepth++;
  const before = findings.issues.length;
  const read: Column[] = [];
  for (const [i, column] of columns.entries()) {
    const where = child(pointer, i);
    if (!isObject(column)) {
      findings.add(where, 'must be an object with "operations"');
      continue;
    }
    const stranger = Object.keys(column).find((key) => key !== 'width' && key !== 'operations');
    if (stranger !== undefined) findings.add(child(where, stranger), 'is not a known member');
    const width = column.width === undefined ? '*' : readWidth(column.width, where, 'width', findings);
    const operations = readOperations(column.operations, child(where, 'operations'), scope);
    if (width !== undefined && operations !== undefined) read.push({ width, operations });
  }
  scope.columnDepth--;
  if (findings.issues.length > before) return undefined;
  return { type: 'add_columns', at, columns: read, ...rest };
};

const addBlock: Finish<'add_block'> = ({ operations, ...rest }, at, scope) => {
  if (scope.columnDepth >= limits.columnDepth)
    return scope.findings.add(at, `must not nest deeper than ${limits.columnDepth} columns and blocks`);
  scope.columnDepth++;
  const read = readOperations(operations, child(at, 'operations'), scope);
  scope.columnDepth--;
  return read === undefined ? undefined : { type: 'add_block', at, operations: read, ...rest };
};

const finishers: { readonly [N in OperationName]: Finish<N> } = {
  add_text: (members, at) => ({ type: 'add_text', at, ...members }),
  set_font: (members, at, { findings }) =>
    members.family === undefined && members.size === undefined && members.style === undefined
      ? findings.add(at, 'must have "family", "style" or "size"')
      : { type: 'set_font', at, ...members },
  add_page: (members, at) => ({ type: 'add_page', at, ...members }),
  add_image: ({ source, ...rest }, at, scope) => {
    const sized = rest.width !== undefined && rest.height !== undefined;
    const image = scope.inputs.image(source, sized, child(at, 'source'));
    if (typeof image === 'string') return scope.findings.add(child(at, 'source'), image);
    return { type: 'add_image', at, source: image, ...rest };
  },
  add_table: addTable,
  add_html: addHtml,
  add_list: addList,
  add_link: (members, at, { findings }) => {
    const area =
      members.width !== undefined &&
      members.height !== undefined &&
      members.x !== undefined &&
      members.y !== undefined;
    if (members.text === undefined && !area)
      return findings.add(at, 'must have "text", or an area of "x", "y", "width" and "height"');
    return { type: 'add_link', at, ...members };
  },
  add_toc: (members, at, scope) => {
    scope.tocs++;
    if (scope.tocs > 1)
      return scope.findings.add(at, 'is the second table of contents; a document may have one');
    return { type: 'add_toc', at, ...members };
  },
  add_line: (members, at, { findings }) => {
    const given = [members.x1, members.y1, members.x2, members.y2].filter(
      (value) => value !== undefined,
    ).length;
    if (given !== 0 && given !== 4)
      return findings.add(at, 'must have all of "x1", "y1", "x2", "y2", or none for a rule across the page');
    return { type: 'add_line', at, ...members };
  },
  add_rect: (members, at) => ({ type: 'add_rect', at, ...members }),
  add_qr: (members, at, scope) => {
    const defect = qrDefect(members.value, members.ecc ?? 'M');
    if (defect !== undefined) return scope.findings.add(child(at, 'value'), defect);
    return takeCode(at, scope) ? { type: 'add_qr', at, ...members } : undefined;
  },
  add_barcode: (members, at, scope) => {
    const defect = symbologies[members.symbology].defect(members.value);
    if (defect !== undefined) return scope.findings.add(child(at, 'value'), defect);
    return takeCode(at, scope) ? { type: 'add_barcode', at, ...members } : undefined;
  },
  add_svg: ({ svg, ...rest }, at, { findings }) => {
    const read = readSvg(svg, rest.width !== undefined && rest.height !== undefined);
    return read.ok
      ? { type: 'add_svg', at, svg: read.drawing, ...rest }
      : findings.add(child(at, 'svg'), read.message);
  },
  add_columns: addColumns,
  add_block: addBlock,
  add_spacer: (members, at) => ({ type: 'add_spacer', at, ...members }),
  add_page_break: (_, at) => ({ type: 'add_page_break', at }),
};

const pageOnly: ReadonlySet<OperationName> = new Set(['add_page', 'add_page_break', 'add_toc']);

function nameOf(record: Record<string, unknown>, at: string, findings: Findings): OperationName | undefined {
  const { type, op } = record;
  const key = type === undefined ? 'op' : 'type';
  const name = type ?? op;
  if (name === undefined) return findings.add(child(at, 'type'), 'is required');
  if (type !== undefined && op !== undefined && type !== op)
    return findings.add(child(at, 'op'), '"type" and "op" must not differ');
  return (
    byName.get(name) ??
    findings.add(child(at, key), `is not a known operation; known are ${operationNames.join(', ')}`)
  );
}

function finish<N extends OperationName>(
  name: N,
  record: Record<string, unknown>,
  at: string,
  scope: Scope,
): Operation | undefined {
  const fields: Fields = operationFields[name];
  const members = readFields(fields, record, at, scope.findings);
  // The fields and the finisher are looked up under one name; the compiler cannot follow that.
  return members === undefined ? undefined : finishers[name](members as OperationMembers<N>, at, scope);
}

function readOperation(value: unknown, at: string, scope: Scope): Operation | undefined {
  const { findings } = scope;
  if (!isObject(value)) return findings.add(at, 'must be an object');
  const name = nameOf(value, at, findings);
  if (name === undefined) return undefined;
  const members = known.get(name);
  let good = true;
  for (const key of Object.keys(value)) {
    if (members?.has(key)) continue;
    findings.add(child(at, key), `is not a member of ${name}`);
    good = false;
  }
  if (scope.columnDepth > 0 && pageOnly.has(name))
    return findings.add(at, `${name} cannot stand inside columns or blocks`);
  if (scope.isBand && (name === 'add_html' || value.html !== undefined || value.heading !== undefined))
    return findings.add(at, 'a header or footer can have neither HTML nor headings: it stands on many pages');
  if (value.y !== undefined && value.y !== null) {
    for (const key of ['space_before', 'space_after', 'keep_with_next', 'keep_together']) {
      if (value[key] === undefined || value[key] === null || value[key] === false) continue;
      findings.add(child(at, key), 'must not be given beside "y": what has a place does not flow');
      good = false;
    }
  }
  const operation = finish(name, value, at, scope);
  return good ? operation : undefined;
}

/** The operations of the document or of a column; undefined after any finding. */
export function readOperations(
  value: unknown,
  pointer: string,
  scope: Scope,
): readonly Operation[] | undefined {
  const { findings } = scope;
  if (value === undefined || value === null) return findings.add(pointer, 'is required');
  if (!Array.isArray(value)) return findings.add(pointer, 'must be an array');
  if (value.length === 0) return findings.add(pointer, 'must have at least one operation');
  if (value.length > limits.operations)
    return findings.add(pointer, `must have at most ${limits.operations} operations`);
  const operations: Operation[] = [];
  for (let i = 0; i < value.length && !findings.full; i++) {
    scope.operations++;
    if (scope.operations > limits.operations)
      return findings.add(pointer, `brings the document over ${limits.operations} operations`);
    const operation = readOperation(value[i], child(pointer, i), scope);
    if (operation !== undefined) operations.push(operation);
  }
  return operations.length === value.length ? operations : undefined;
}

/** The operations of a header or footer; there may be none. */
export function readBandOperations(
  value: unknown,
  pointer: string,
  scope: Scope,
): readonly Operation[] | undefined {
  if (Array.isArray(value) && value.length === 0) return [];
  scope.isBand = true;
  scope.columnDepth++;
  const operations = readOperations(value, pointer, scope);
  scope.columnDepth--;
  scope.isBand = false;
  return operations;
}
