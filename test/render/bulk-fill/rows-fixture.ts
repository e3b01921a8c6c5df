import type {
  Row,
  RowLimits,
  RowScanner,
  RowSink,
  RowsRefusal,
} from '../../../src/render/kinds/bulk-fill/rows/row.js';
import { defaultRowLimits } from '../../../src/render/kinds/bulk-fill/rows/row.js';

export interface Scanned {
  readonly rows: readonly Row[];
  readonly refusal: RowsRefusal | undefined;
}

type ScannerClass = new (limits: RowLimits, sink: RowSink) => RowScanner;

/** Scans an input that comes in pieces of so many bytes. */
export function scan(
  Scanner: ScannerClass,
  input: string | Uint8Array,
  { pieceBytes = 1 << 16, ...limits }: Partial<RowLimits> & { readonly pieceBytes?: number } = {},
): Scanned {
  const bytes = typeof input === 'string' ? Buffer.from(input) : input;
  const rows: Row[] = [];
  const scanner = new Scanner({ ...defaultRowLimits, ...limits }, (row) => rows.push(row));
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const refusal = scanner.push(bytes.subarray(at, at + pieceBytes));
    if (refusal !== undefined) return { rows, refusal };
  }
  return { rows, refusal: scanner.end() };
}

/** The columns of rows of which none has a fault. */
export function cellsOf({ rows }: Scanned): readonly (readonly (string | undefined)[])[] {
  return rows.map((row) => ('cells' in row ? row.cells : [row.fault]));
}
