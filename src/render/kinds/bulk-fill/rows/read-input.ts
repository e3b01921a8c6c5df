import type { ArtifactWriter } from '../../../kind.js';
import { CsvScanner } from './csv-scanner.js';
import { type ColumnOf, JsonRowScanner } from './json-scanner.js';
import type { Row, RowLimits, RowSink, RowsRefusal } from './row.js';
import { RowsFileWriter, scanFile } from './rows-file.js';

/** Rows as a caller sent them. */
export interface RowsInput {
  readonly path: string;
  readonly format: 'csv' | 'json';
}

export type RowsRead =
  | { readonly ok: true; readonly count: number }
  | { readonly ok: false; readonly refusal: RowsRefusal };

export interface Reading {
  /** Hears of each row in order, and answers what is kept of it; undefined where it is none of those. */
  readonly onRow?: (row: Row) => Row | undefined;
  /** Of JSON. */
  readonly columnOf?: ColumnOf;
}

/**
 * The names of all members of rows of JSON, in the order in which they come, but for those past the limit of columns. What is
 * wrong with the rows is left to their reading.
 */
export function namesOf(path: string, limits: RowLimits): readonly string[] {
  const names = new Set<string>();
  const take: ColumnOf = (name) => {
    if (names.size < limits.maxColumns) names.add(name);
    return undefined;
  };
  scanFile(path, new JsonRowScanner(limits, () => undefined, take));
  return [...names];
}

/**
 * Brings an input into the form in which rows are read by position. Where it is refused, what was written is of no use.
 */
export function readInput(
  { path, format }: RowsInput,
  limits: RowLimits,
  into: { readonly rows: ArtifactWriter; readonly index: ArtifactWriter },
  { onRow = (row) => row, columnOf }: Reading = {},
): RowsRead {
  const writer = new RowsFileWriter(into.rows, into.index);
  const sink: RowSink = (row) => {
    const kept = onRow(row);
    if (kept !== undefined) writer.add(kept);
  };
  const scanner =
    format === 'csv' ? new CsvScanner(limits, sink) : new JsonRowScanner(limits, sink, columnOf);
  const refusal = scanFile(path, scanner);
  writer.end();
  return refusal === undefined ? { ok: true, count: writer.count } : { ok: false, refusal };
}
