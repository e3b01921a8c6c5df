import type { ArtifactWriter } from '../../../kind.js';
import { CsvScanner } from './csv-scanner.js';
import { JsonRowScanner } from './json-scanner.js';
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

/**
 * Brings an input into the form in which rows are read by position. Where it is refused, what was written is of no use.
 * @param onRow hears of each row in order, and says whether it is one of those
 */
export function readInput(
  { path, format }: RowsInput,
  limits: RowLimits,
  into: { readonly rows: ArtifactWriter; readonly index: ArtifactWriter },
  onRow: (row: Row) => 'kept' | 'passed' = () => 'kept',
): RowsRead {
  const writer = new RowsFileWriter(into.rows, into.index);
  const Scanner = format === 'csv' ? CsvScanner : JsonRowScanner;
  const sink: RowSink = (row) => {
    if (onRow(row) === 'kept') writer.add(row);
  };
  const refusal = scanFile(path, new Scanner(limits, sink));
  writer.end();
  return refusal === undefined ? { ok: true, count: writer.count } : { ok: false, refusal };
}
